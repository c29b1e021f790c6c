#!/bin/bash
# Executions that no option sends, because an executor would stop at them: those without their flow
# revision, and documents that lack what it cannot do without. Each is told.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/recover_lib.sh
. "$(dirname "$0")/recover_lib.sh"

# ---- without its flow revision, by no option -----------------------------------------------------

missing_revision() { # SAMPLE
    local flow revision ids
    new_db "$1"
    IFS='|' read -r flow revision < <(sql -c "select value ->> 'flowId', value ->> 'flowRevision' from executions where $pending
        group by 1, 2 order by count(*) desc, 1 limit 1")
    sql -c "delete from flows where value ->> 'id' = '$flow' and value ->> 'revision' = '$revision'"
    # An ended one of it, too.
    sql -c "insert into executions (key, value) select 'ended-' || key, value || jsonb_build_object('id', 'ended-' || key) ||
            jsonb_build_object('state', (value -> 'state') || '{\"current\": \"SUCCESS\"}')
            from executions where $pending and value ->> 'flowId' = '$flow' and value ->> 'flowRevision' = '$revision' limit 1"
    read -ra ids <<< "$(sql -c "select key from executions where $pending and value ->> 'flowId' = '$flow' and value ->> 'flowRevision' = '$revision'" | paste -sd ' ')"
    holds "$1: revision $revision of $flow is gone, and some are pending" test "${#ids[@]}" -gt 0
    never_sent "$1: without its flow revision no execution is sent" "${ids[@]/#/flow-revision-missing:}"
    # The last options were --executions all.
    is "$1: nor one that has ended" "$(ids_sent | grep -c '^ended-')" 0
    run_requeue verify --executions all --recover all --max-age 0 --kinds flow,execution
    assert_result "$1: verify misses none of them" 0 '^PASS \(grade A\)$'
}

# ---- documents that would end an executor --------------------------------------------------------

poison() { # SAMPLE
    local id
    new_db "$1"
    id=$(sql -c "select key from executions where $pending and value #>> '{state,current}' = 'CREATED' order by key limit 1")
    # plant_execution NAME SQL: that one, made worse; v is its document.
    plant_execution() {
        sql -c "insert into executions (key, value) select '$1', $2 from
                (select value || '{\"id\": \"$1\"}' as v from executions where key = '$id') e"
    }
    local run='"id": "r", "taskId": "t", "flowId": "f", "namespace": "n", "executionId": "e"'
    plant_execution no-revision "v - 'flowRevision'"
    plant_execution run-without-state "v || '{\"taskRunList\": [{$run}]}'"
    plant_execution run-without-current "v || '{\"taskRunList\": [{$run, \"state\": {}}]}'"
    plant_execution run-of-unknown-state "v || '{\"taskRunList\": [{$run, \"state\": {\"current\": \"SLEEPING\"}}]}'"
    never_sent "$1: poison" execution-invalid:{no-revision,run-without-state,run-without-current} state-unsupported:run-of-unknown-state
}

for sample in kestra-0.6 kestra-0.20; do
    missing_revision "$sample"
    poison "$sample"
done

finish
