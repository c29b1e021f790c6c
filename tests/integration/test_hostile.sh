#!/bin/bash
# A database that is as unkind as its columns allow (tests/data/hostile.sql): exactly what cannot be
# sent is skipped, with its reason; all the rest is sent and proven.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# TABLE KEY REASON of every row that has to be skipped, as the database says.
expected_skips() {
    sql -c "select json_build_array(place, key, reason)::text from hostile.expected
            where reason not in ('flow-out', 'deleted', 'verdict')" | sort
}

# The same of NAME.skipped.jsonl.
told_skips() {
    python3 -c '
import json, sys
for line in open(sys.argv[1]):
    skip = json.loads(line)
    print(json.dumps([skip["table"], skip["id"], skip["reason"]], ensure_ascii=False))
' "$1" | sort
}

count_left_out() { sql -c "select count(*) from hostile.expected where place = '$1' and reason = '$2'"; }

hostile_db() {
    new_db kestra-0.20
    new_prefix
    psql -X -q "$store" -f tests/data/hostile.sql || exit 1
}

check_skips() { # NAME REPORT
    expected_skips > "$work/expected"
    told_skips "${2%.json}.skipped.jsonl" > "$work/told"
    holds "$1 names exactly the rows that cannot be sent, each with its reason" diff "$work/expected" "$work/told"
}

hostile_db
skips=$(expected_skips | wc -l)

run_requeue plan --executions all --report "$work/plan.json"
assert_result "the plan of a hostile database is made" 2 '^PLAN: '
check_skips "the plan" "$work/plan.json"

run_requeue rebuild --executions all --report "$work/rebuild.json"
assert_result "the rebuild of a hostile database passes with the skipped" 3 "^PASS with $skips skipped \(grade A\)$"
check_skips "the rebuild" "$work/rebuild.json"
is "the rebuild is proven in spite of what was skipped" "$(json_at "$work/rebuild.json" proven)" true
is "a flow whose highest revision is broken stays out whole" \
    "$(json_at "$work/rebuild.json" results.flow.left_out_by_reason)" "{\"flow-out\": $(count_left_out flows flow-out)}"
is "deleted executions and those that no executor bears are left out, not skipped" \
    "$(json_at "$work/rebuild.json" results.execution.left_out_by_reason)" \
    "{\"deleted\": $(count_left_out executions deleted), \"verdict\": $(count_left_out executions verdict)}"

run_requeue verify --executions all --report "$work/verify.json"
assert_result "verify finds no difference in the rebuilt topics" 3 "^PASS with $skips skipped \(grade A\)$"
check_skips "verify" "$work/verify.json"

new_prefix
run_requeue rebuild --executions all --jobs 8 --unlock all
assert_result "eight readers skip the same rows" 3 "^PASS with $skips skipped \(grade A\)$"

# ---- empty tables --------------------------------------------------------------------------------

sql -c 'truncate flows, templates, triggers, executions'
new_prefix
run_requeue plan --executions all
assert_result "the plan for empty tables makes topics and sends nothing" 2 '^PLAN: 0 records to send, 5 topics to make'
run_requeue rebuild --executions all
assert_result "empty tables give empty topics, proven" 0 '^PASS \(grade A\)$'
run_requeue plan --executions all
assert_result "when the topics are there, a plan for empty tables has nothing to do" 0 '^PLAN: 0 records to send, 0 topics'
run_requeue verify --executions all
assert_result "verify of empty tables and empty topics passes" 0 '^PASS \(grade A\)$'

# ---- nesting -------------------------------------------------------------------------------------

sql -o /dev/null -c "select hostile.flow('{\"namespace\": \"h\", \"id\": \"f\", \"revision\": 1}')" \
    -c "select hostile.execution(jsonb_build_object('id', 'early', 'inputs', hostile.nested(300)))" \
    -c "select hostile.execution(jsonb_build_object('id', 'late', 'a-name-that-sorts-last', hostile.nested(300)))"
new_prefix
run_requeue rebuild --executions all
rebuilt=$status
run_requeue verify --executions all
is "rebuild and verify say the same of documents nested too deep" "$status" "$rebuilt"

# ---- revisions that are no numbers ---------------------------------------------------------------

sql -o /dev/null -c "truncate executions" -c "select hostile.flow('{\"namespace\": \"h\", \"id\": \"x\", \"revision\": 1}')" \
    -c "select hostile.flow('{\"namespace\": \"h\", \"id\": \"x\", \"revision\": \"2\"}')"
new_prefix
run_requeue rebuild --report "$work/text.json"
assert_result "a revision that is a text is skipped" 3 'h_x_2: missing-field'
is "the flow whose highest revision is a text stays out whole" "$(json_at "$work/text.json" results.flow-last.records)" 0
run_requeue rebuild --resume
assert_result "what is skipped has a next step" 3 'mend or delete it in the store, then run this again with --resume$'
sql -o /dev/null -c "update flows set value = jsonb_set(value, '{revision}', '2') where key = 'h_x_2'"
run_requeue rebuild --resume
assert_result "that step, taken, sends it" 0 '^PASS \(grade A\)$'

# ---- what was to go back and cannot be sent -------------------------------------------------------

sql -o /dev/null -c "truncate flows, templates, triggers, executions, hostile.expected" \
    -c "select hostile.flow('{\"namespace\": \"h\", \"id\": \"f\", \"revision\": 1}')" \
    -c "select hostile.execution('{\"id\": \"named-so\", \"state\": {\"current\": \"CREATED\", \"duration\": 0.1, \"startDate\": \"2024-12-10T08:00:00.000Z\",
        \"histories\": [{\"date\": \"2024-12-10T08:00:00.000Z\", \"state\": \"CREATED\"}]}}', 'key-mismatch', stored => 'stored-so')" \
    -c "select hostile.trigger('{\"namespace\": \"h\", \"flowId\": \"f\", \"triggerId\": \"t\", \"executionId\": \"named-so\"}')"
new_prefix
run_requeue rebuild --report "$work/lock.json"
assert_result "an execution that is no record is skipped and blocked" 3 '^PASS with 1 skipped' 'stored-so: key-mismatch' \
    'unlocked h_f_t: its execution is not in the store \(named-so\)'
is "nobody would release its trigger: that is unlocked" "$(json_at "$work/lock.json" executions.locks.unlocked)" 1
run_requeue verify --unlock none
assert_result "--unlock none expects the lock in the topic, where it is not" 2 '^FAIL: 1 differences'
run_requeue plan --unlock none --append --report "$work/kept.json"
assert_result "the plan tells that the lock is dead and kept" 2 'locked, kept h_f_t: ' 'trigger: 1 locked for ever, and kept so by --unlock none'
is "the report counts it" "$(json_at "$work/kept.json" executions.locks.kept)" 1

finish
