#!/bin/bash
# A staging copy on real servers: from databases of real Kestras, with more than 10,000 secrets planted in
# each, and hosts and persons, and none of them in any topic, report, log or temporary file afterwards.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/staging_lib.sh
. "$(dirname "$0")/staging_lib.sh"

copy() { # sample, executions more, secrets at least
    new_db "$1"
    [ "$2" = 0 ] || sql -v "n=$2" -f tests/data/clone-executions.sql > /dev/null
    plant_secrets
    holds "$1: $3 secrets are planted" test "$(sort -u "$work/secrets" | wc -l)" -ge "$3"
    new_out
    new_prefix
    stage plan --staging-seed-file "$work/seed"
    assert_result "$1: plan shows the rules" 2 'mask flow /description: text' 'rename namespace io.kestra.cap: stg.cap'
    cp "$said" "$work/out/plan.said"
    stage rebuild --staging-seed-file "$work/seed" --verbose --log-format json --report-html "$work/out/page.html" --metrics-textfile "$work/out/metrics.prom"
    assert_result "$1: a staging copy is made and proven" 0 '^PASS \(grade A\)$' 'neutral: true flow /triggers/\*/disabled'
    cp "$said" "$work/out/rebuild.said"
    holds "$1: the report and its lines are what the schemas say" python3 tests/integration/check_report.py schema \
        "$work/out/rebuild.json" "$work/out/rebuild.staging.jsonl" "$work/out/rebuild.skipped.jsonl"
    stage verify --staging-seed-file "$work/seed"
    assert_result "$1: verify with the same rules and seed passes" 0 '^PASS \(grade A\)$'
    cp "$said" "$work/out/verify.said"
    run_requeue verify --like "$work/out/rebuild.json" --staging-seed-file "$work/seed"
    assert_result "$1: verify --like takes rules and executions from the report" 0 '^PASS \(grade A\)$'
    stage verify --staging-seed-file "$work/other-seed"
    assert_result "$1: with another seed every masked document differs" 2 '^FAIL: '
    cp "$said" "$work/out/other.said"
    decoded "$work/out/topics"
    no_secret "$1: none of the secrets is in topics, reports, pages, metrics, lines or what was logged" "$work/out"
    holds "$1: nothing runs by itself, every name is renamed" python3 tests/integration/staged.py neutral "$work/out/topics" stg.cap
    holds "$1: where production's namespace is left is what is listed" \
        python3 tests/integration/staged.py names "$work/out/topics" io.kestra.cap "$work/out/rebuild.staging.jsonl"
}

# Of the database at hand.
equal_and_other() {
    new_prefix
    REQUEUE_STAGING_SEED=$(< "$work/seed") stage rebuild
    assert_result "the seed may be in a variable" 0 '^PASS '
    decoded "$work/again"
    holds "two runs with one seed send the same" diff -r "$work/out/topics" "$work/again"
    new_prefix
    stage rebuild --staging-seed-file "$work/other-seed"
    decoded "$work/others"
    holds "with another seed no pseudonym is the same" python3 tests/integration/staged.py others "$work/out/topics" "$work/others"
}

# Topics that were not masked must not be told by a verify that masks either.
unmasked() {
    new_prefix
    run_requeue rebuild --executions all
    decoded "$work/plain-topics"
    holds "a topic that was not masked holds secrets" grep -rqaF -f "$work/secrets" "$work/plain-topics"
    new_out
    stage verify --staging-seed-file "$work/seed"
    assert_result "topics that were not masked are seen" 2 '^FAIL: '
    cp "$said" "$work/out/said"
    no_secret "and no value of theirs is told" "$work/out"
}

# Files of --tmp have no name: they are read through the process that has them open.
watch_tmp() { # COMMAND: leaves what its files held in $work/seen
    local pid fd
    rm -rf "$work/tmp" "$work/seen" && mkdir "$work/tmp" "$work/seen"
    "$program" "$1" --store "$store" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" --staging "$rules" \
        --staging-seed-file "$work/seed" --executions all --memory 128M --tmp "$work/tmp" > "$said" 2>&1 < /dev/null &
    pid=$!
    while kill -0 "$pid" 2> /dev/null; do
        for fd in "/proc/$pid/fd"/*; do
            case $(readlink "$fd") in
            "$work/tmp/"*) cat "$fd" > "$work/seen/now" 2> /dev/null && [ -s "$work/seen/now" ] && mv "$work/seen/now" "$work/seen/${fd##*/}" ;;
            esac
        done
        sleep 0.05
    done
    wait "$pid"
    status=$?
    rm -f "$work/seen/now"
    assert_result "$1 of more keys than fit into the memory" 0 '^PASS '
    holds "its temporary files were seen" test "$(cat "$work/seen"/* | wc -c)" -gt 1000000
    no_secret "$1: no temporary file holds a secret" "$work/seen"
}

spilled() {
    new_db kestra-0.20
    sql -c "insert into executions (key, value) select 'TMP' || i, (value - 'taskRunList') || jsonb_build_object('id', 'TMP' || i,
            'inputs', jsonb_build_object('country', 'FR', 'a', 'PLANTED-' || i))
        from (select value from executions where value #>> '{state,current}' = 'SUCCESS' order by key limit 1) one, generate_series(1, 200000) i"
    echo PLANTED- > "$work/secrets"
    new_prefix
    watch_tmp rebuild
    watch_tmp verify
}

# Ended executions of which something would run in staging.
open_ends() { # sample, ids that get there
    new_db "$1"
    sql -f tests/data/plant-open-ends.sql > /dev/null || exit 1
    new_prefix
    run_requeue rebuild --neutral --executions all
    assert_result "$1: executions that have ended and would go on are left out" 0 '^PASS ' '^execution: [0-9]+ left out: neutral$'
    decoded "$work/open-topics"
    is "$1: only those get there that have come to their end" \
        "$(cut -f 1 "$work/open-topics/execution" | grep -E 'OPEN|DONE' | tr '\n' ' ')" "$2"
}

# The runbook's commands, as they stand there.
runbook() {
    new_db kestra-0.20
    PRODUCTION=$store
    db=${db}_copy
    databases+=("$db")
    psql -X -q "$REQUEUE_TEST_POSTGRES/postgres" -c "create database \"$db\""
    STAGING=$REQUEUE_TEST_POSTGRES/$db
    new_prefix
    export PRODUCTION STAGING
    follow_runbook "PostgreSQL" 1 2 4 5 6
}

copy kestra-up-0.6-0.16 0 5000
copy kestra-0.20 0 5000
equal_and_other
copy kestra-0.6 100 10000
unmasked
spilled
open_ends kestra-0.6 "LISTENER-DONE TASK-DONE "
open_ends kestra-0.20 "LISTENER-DONE TASK-DONE TASK-OPEN TASKS-OPEN "
runbook

finish
