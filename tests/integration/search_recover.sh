#!/bin/bash
# Pending executions of a search store into the topics, and back into life: as test_recover.sh, with the
# documents of a database put into the indices, and with what only a search store bears.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/recover_lib.sh
. "$(dirname "$0")/recover_lib.sh"

new_db kestra-0.6
# shellcheck disable=SC2119
load_search
store_rows executions > "$work/rows"
store_rows triggers > "$work/triggers"
holds "the database's documents are put into the indices" python3 tests/integration/search_expect.py export "$store"
database=$store
store=$REQUEUE_TEST_SEARCH
grade=C
[ "$flavour" != es8 ] || grade=B

# Killed runs, of other tests too, leave theirs open for some minutes.
left=$(open_contexts)
no_more_contexts() { holds "$1: no more scrolls and points in time are open than before" test "$(open_contexts)" -le "$left"; }

rebuilds "--recover none" none
rebuilds "--recover safe" safe
rebuilds "--recover all" all
links_are_older "--recover all"
no_more_contexts "rebuild --recover all"
run_requeue verify --recover all
assert_result "verify with the same options" 0 "^PASS \\(grade $grade\\)$"
run_requeue verify
assert_result "verify without them finds what would not have been sent" 2 '^  extra execution ' '^FAIL: '
run_requeue verify --executions pending --unlock none
assert_result "verify of the documents as they were" 2 '^  changed execution ' '/state/current: store "[A-Z]+", topic "RESTARTED"' '^FAIL: '
run_bare verify --store "$store" --kafka "$kafka" --like "$work/r.json"
assert_result "verify --like takes the options of the report" 0 "^PASS \\(grade $grade\\)$"
no_more_contexts "verify"
rebuilds "--lost-tasks fail" all --lost-tasks fail

# The database says the same of them, but that a search store is never known to be up to the second, and
# does not know when a delay was to end.
verdicts() {
    sort "$1" | sed 's/,"recovered".*//; s/"store":"[^"]*"//; s/,"task-may-rerun"//; s/"its delay was to end at [^"]*"/""/'
}
of_search=$(verdicts "$work/r.executions.jsonl")
store=$database
run_bare executions --store "$store" --recover all --lost-tasks fail --layout A --report "$work/d.json"
is "the database gives the same verdicts" "$(verdicts "$work/d.executions.jsonl")" "$of_search"
store=$REQUEUE_TEST_SEARCH

new_prefix
run_requeue rebuild --fail-on blocked --report "$work/r.json"
assert_result "--fail-on blocked" 8 "^PASS, but $(json_at "$work/r.json" executions.by_verdict.blocked) pending executions stay blocked"

# ---- killed, and taken up again ------------------------------------------------------------------

new_prefix
"$program" rebuild --store "$store" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" --recover all \
    --no-progress > "$work/killed" 2>&1 < /dev/null &
rebuild=$!
printf 'wait %sexecutor_workertaskexecution\n' "$prefix" | plant write 2> "$work/plant"
kill -KILL "$rebuild" 2> /dev/null
wait "$rebuild" 2> /dev/null
left=$(open_contexts)
run_requeue rebuild --recover all --resume --report "$work/r.json"
assert_result "killed, resumed" 0 "^PASS \\(grade $grade\\)$"
read_all
holds "killed, resumed: the topics hold what the report tells" recovered topics "$work/r.json" "$work/rows" "$work/topics" all

# ---- without its flow revision, and what would end an executor -----------------------------------

IFS='|' read -r namespace flow revision < <(psql -X -q -A -t "$database" -c "select value ->> 'namespace', value ->> 'flowId', value ->> 'flowRevision'
    from executions where $pending group by 1, 2, 3 order by count(*) desc, 2 limit 1")
read -ra ids <<< "$(psql -X -q -A -t "$database" -c "select key from executions
    where $pending and value ->> 'flowId' = '$flow' and value ->> 'flowRevision' = '$revision'" | paste -sd ' ')"
search_do DELETE "/kestra_flows_revisions/_doc/${namespace}_${flow}_$revision?refresh=true"
holds "revision $revision of $flow is gone, and some are pending" test "${#ids[@]}" -gt 0
never_sent "without its flow revision no execution is sent" "${ids[@]/#/flow-revision-missing:}"

# bad NAME MEMBERS: an execution of a flow that is there, made worse.
other=$(psql -X -q -A -t "$database" -c "select value ->> 'id' from flows where value ->> 'revision' = '1' and value ->> 'id' <> '$flow'
    and not deleted order by key limit 1")
bad() {
    search_do PUT "/kestra_executions/_doc/$1?refresh=true" "{\"id\":\"$1\",\"namespace\":\"$namespace\",\"flowId\":\"$other\",\"deleted\":false,$2}"
}
state='"state":{"current":"CREATED","startDate":"2026-11-22T14:34:00Z","histories":[{"state":"CREATED","date":"2026-11-22T14:34:00Z"}]}'
run="\"id\":\"r\",\"taskId\":\"t\",\"flowId\":\"$other\",\"namespace\":\"$namespace\",\"executionId\":\"e\""
bad no-revision "$state"
bad no-state '"flowRevision":1'
bad state-without-current '"flowRevision":1,"state":{"startDate":"2026-11-22T14:34:00Z"}'
bad run-without-state "\"flowRevision\":1,$state,\"taskRunList\":[{$run}]"
bad run-without-current "\"flowRevision\":1,$state,\"taskRunList\":[{$run,\"state\":{}}]"
bad unknown-state "\"flowRevision\":1,${state/CREATED/SLEEPING}"
bad run-of-unknown-state "\"flowRevision\":1,$state,\"taskRunList\":[{$run,\"state\":{\"current\":\"SLEEPING\"}}]"
bad good "\"flowRevision\":1,$state"
never_sent "poison" execution-invalid:{no-revision,no-state,state-without-current,run-without-state,run-without-current} \
    state-unsupported:{unknown-state,run-of-unknown-state}
is "what is like them but sound is sent" "$(ids_sent | grep -cx good)" 1
no_more_contexts "after all of that"

finish
