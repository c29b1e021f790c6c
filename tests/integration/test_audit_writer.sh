#!/bin/bash
# Somebody else writes to the topics while they are rebuilt: that is seen, whatever is written, whenever
# and wherever, and never reported as PASS.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

new_db kestra-0.20
psql -X -q "$store" -v n=20000 -f tests/data/clone-executions.sql > "$work/clone" 2>&1
new_prefix
run_requeue rebuild --executions all
assert_result "without another writer the rebuild passes" 0 '^PASS \(grade A\)$'
read -r flow_last_record < <(plant read "${prefix}flow_last" | head -n 1 | cut -f 1,3,4 | tr '\t' ' ')
read -r execution_record < <(plant read "${prefix}execution" | head -n 1 | cut -f 1,3,4 | tr '\t' ' ')

# disturbed SENTENCE "TOPIC [N]" OPTION...; stdin: what the other one writes as soon as that topic has N records.
disturbed() {
    local name=$1 when=$2
    shift 2
    { echo "wait $prefix$when"; cat; } | plant write ${transaction:+"$transaction"} > "$work/offsets" 2> "$work/plant" &
    local writer=$!
    run_requeue rebuild --executions all --report "$work/report.json" "$@"
    if wait "$writer"; then
        assert_result "$name" 2 '^FAIL: another writer added [0-9]+ records \(grade A\)$' '^another writer: [0-9]+ records'
        assert_no_line '^PASS' "$name: there is no PASS"
        is "$name: the report counts them and is not proven" \
            "$(json_at "$work/report.json" proven) $(($(json_at "$work/report.json" other_writer) > 0))" 'false 1'
    else
        not_ok "$name" "the other writer failed: $(cat "$work/plant")" "$(what_it_said)"
    fi
}

new_prefix
disturbed "records of other executions between ours are another writer" execution <<END
put ${prefix}execution 3 x61 x7b7d
put ${prefix}execution 4 x62 x7b7d
END

new_prefix
disturbed "the same record as ours once more is another writer" execution <<< "put ${prefix}execution $execution_record"

new_prefix
disturbed "a tombstone is another writer" execution <<< "put ${prefix}execution 3 x61 -"

new_prefix
transaction=${prefix}other
disturbed "an aborted transaction is another writer" execution <<END
begin
put ${prefix}execution 3 x61 x7b7d
abort
END
transaction=''

# The flows were sent and acknowledged long ago, and are not proven yet.
new_prefix
disturbed "a strange flow behind a kind that is already sent is another writer" execution <<< "put ${prefix}flow_last 3 x61 x7b7d"
new_prefix
disturbed "a flow's own record behind a kind that is already sent is another writer" execution <<< "put ${prefix}flow_last $flow_last_record"

disturbed "another writer beside --append is seen" "execution $(($(plant read -k "${prefix}execution" | wc -l) + 1))" \
    --append <<< "put ${prefix}trigger 3 x61 x7b7d"

# The executions are not sent yet.
new_prefix
disturbed "a writer ahead of a kind is another writer" flow_last <<< "put ${prefix}execution $execution_record"

# Two who rebuild at once: each is the other's other writer.
new_prefix
run_requeue rebuild --kinds trigger
"$program" rebuild --store "$store" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" \
    --executions all --append > "$work/other" 2>&1 &
run_requeue rebuild --executions all --append
wait $! || other=$?
is "of two rebuilds at once none passes" "$status ${other:-0}" '2 2'

finish
