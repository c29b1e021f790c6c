# shellcheck shell=bash disable=SC2034,SC2154 # of lib.sh, and for the tests
# What the tests of recovered executions share; sourced after lib.sh. Files of theirs: $work/rows and
# $work/triggers, the store's documents as recovered.py wants them.

grade=A

# shellcheck disable=SC2317 # called by holds
recovered() { python3 tests/integration/recovered.py "$@"; }

# shellcheck disable=SC2317 # called by holds
check_report() { python3 tests/integration/check_report.py "$@"; }

pending="not coalesce((value ->> 'deleted')::boolean, false) and value #>> '{state,current}' not in
    ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')"

# store_rows TABLE: of the database $store.
store_rows() { psql -X -q -A -t -F $'\t' "$store" -c "select key, value from $1"; }

read_all() {
    read_topics "$work/topics"
    plant read "${prefix}executor_workertaskexecution" > "$work/topics/subflow-link" 2> "$work/topics/link.err" || : > "$work/topics/subflow-link"
}

# The ids in the executions' topic, sorted.
ids_sent() {
    plant read -k "${prefix}execution" | cut -f 3 | python3 -c 'import sys
for line in sys.stdin: print(bytes.fromhex(line.strip()[1:]).decode())' | sort
}

# rebuilds SENTENCE LEVEL OPTION...: into new topics, which hold what the report says.
rebuilds() {
    local name=$1 level=$2
    shift 2
    new_prefix
    run_requeue rebuild --recover "$level" --report "$work/r.json" "$@"
    assert_result "$name: rebuild passes" 0 "^PASS \\(grade $grade\\)$"
    read_all
    holds "$name: the topics hold what the report tells of pending executions" recovered topics "$work/r.json" "$work/rows" "$work/topics" "$level"
    holds "$name: locks are kept and released as the report tells, dead ones alone" recovered locks "$work/r.json" "$work/triggers" "$work/topics"
    holds "$name: the report and its lines are what the schemas say" check_report schema "$work/r.json" "$work"/r.*.jsonl
    is "$name: the report and what lies beside it are for their owner alone" "$(stat -c %a "$work"/r.* | sort -u)" 600
}

consume() { # TOPIC RECORDS: with timestamps
    scripts/kafka-tool ConsoleConsumer --topic "$1" --from-beginning --max-messages "$2" --timeout-ms 20000 \
        --property print.timestamp=true --property print.key=true 2> "$work/consume"
}

links_are_older() { # SENTENCE
    holds "$1: some are linked to their subflows" test -s "$work/topics/subflow-link"
    consume "${prefix}executor_workertaskexecution" "$(wc -l < "$work/topics/subflow-link")" > "$work/links"
    consume "${prefix}execution" "$(wc -l < "$work/topics/execution")" > "$work/executions"
    holds "$1: each link is older than every execution" recovered order "$work/links" "$work/executions"
}

# never_sent SENTENCE CODE:ID...: by whatever options.
never_sent() {
    local name=$1 options
    shift
    for options in '--recover safe' '--recover all --lost-tasks fail' '--executions pending' '--executions all' \
        '--executions all --recover all'; do
        new_prefix
        # shellcheck disable=SC2086 # words
        run_requeue rebuild $options --max-age 0 --kinds flow,execution --report "$work/n.json"
        read_all
        holds "$name: not by $options, and told why" recovered never "$work/n.json" "$work/topics" "$@"
    done
}
