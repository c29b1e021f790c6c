#!/bin/bash
# Pending executions into the topics, and back into life: exactly those are sent that the report says, as
# it says, with what they need beside them; the others are told with what a person can do.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/integration/recover_lib.sh
. "$(dirname "$0")/recover_lib.sh"

# the_line SAMPLE
the_line() {
    local n
    new_db "$1"
    store_rows executions > "$work/rows"
    store_rows triggers > "$work/triggers"
    rebuilds "$1: --recover none" none
    rebuilds "$1: --recover safe" safe
    rebuilds "$1: --recover all" all
    links_are_older "$1"

    run_requeue verify --recover all
    assert_result "$1: verify with the same options" 0 '^PASS \(grade A\)$'
    run_requeue verify
    assert_result "$1: verify without them finds what was rewritten, and what would not have been sent" 2 '^  extra execution ' '^FAIL: '
    run_requeue verify --executions pending --unlock none
    assert_result "$1: verify of the documents as they were" 2 '^  changed execution ' '/state/current: store "[A-Z]+", topic "RESTARTED"' '^FAIL: '
    run_bare verify --store "$store" --kafka "$kafka" --like "$work/r.json"
    assert_result "$1: verify --like takes the options of the report" 0 '^PASS \(grade A\)$'

    rebuilds "$1: --lost-tasks fail" all --lost-tasks fail
    run_bare verify --store "$store" --kafka "$kafka" --like "$work/r.json"
    assert_result "$1: verify --like knows that lost tasks failed" 0 '^PASS \(grade A\)$'
    run_requeue verify --recover all
    assert_result "$1: lost tasks that failed are not those that run again" 2 '^  changed execution ' '^FAIL: '

    new_prefix
    run_requeue rebuild --fail-on blocked --report "$work/r.json"
    n=$(json_at "$work/r.json" executions.by_verdict.blocked)
    assert_result "$1: --fail-on blocked" 8 "^PASS, but $n pending executions stay blocked"
    is "$1: --fail-on blocked: the topics are proven all the same" "$(json_at "$work/r.json" proven)" true
    run_requeue verify
    assert_result "$1: --fail-on blocked: they are as without it" 0 '^PASS \(grade A\)$'

    new_prefix
    run_requeue rebuild --executions pending --report "$work/r.json"
    assert_result "$1: --executions pending" 0 '^PASS \(grade A\)$'
    is "$1: --executions pending sends all that are" "$(ids_sent)" "$(sql -c "select key from executions where $pending" | sort)"
}

# ---- killed, and taken up again ------------------------------------------------------------------

killed() {
    local at records
    new_db kestra-0.6
    psql -X -q "$store" -v n=3000 -f tests/data/clone-executions.sql > "$work/clone" 2>&1
    store_rows executions > "$work/rows"
    store_rows triggers > "$work/triggers"
    for at in executor_workertaskexecution execution; do
        new_prefix
        "$program" rebuild --store "$store" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" --recover all \
            --max-age 0 --no-progress -X batch.num.messages=20 > "$work/killed" 2>&1 < /dev/null &
        rebuild=$!
        printf 'wait %s%s\n' "$prefix" "$at" | plant write 2> "$work/plant"
        kill -KILL "$rebuild" 2> /dev/null
        wait "$rebuild" 2> /dev/null
        records=$(plant read -k "${prefix}execution" | wc -l)
        run_requeue rebuild --recover all --max-age 0 --resume --report "$work/r.json"
        assert_result "killed with records in $at, resumed" 0 '^PASS \(grade A\)$'
        echo "# $records executions were there"
        read_all
        holds "killed with records in $at: the topics hold what the report tells" recovered topics "$work/r.json" "$work/rows" "$work/topics" all
        run_requeue verify --recover all --max-age 0
        assert_result "killed with records in $at: verify" 0 '^PASS \(grade A\)$'
    done
    run_bare verify --store "$store" --kafka "$kafka" --like "$work/r.json"
    assert_result "verify --like takes --max-age" 0 '^PASS \(grade A\)$'
    run_requeue verify --recover all
    assert_result "without --max-age 0 most of them were not expected" 2 '^  extra (subflow-link|execution) ' '^FAIL: '
    run_requeue rebuild --recover safe --max-age 0 --resume
    assert_result "a resume with another --recover is refused, with the line that makes the topic anew" 5 \
        'hint: requeue rebuild --kinds execution --executions resumable --recover safe --max-age 0 --recreate --confirm ' '^REFUSED'
}

for sample in kestra-0.6 kestra-0.20; do
    the_line "$sample"
done
killed

finish
