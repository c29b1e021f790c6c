#!/bin/bash
# What a repair refuses and what it leaves alone: bad files, reports of other topics and stores, a Kestra
# that runs, tombstones for what the store has, executions that an audit names.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# ---- what it refuses -----------------------------------------------------------------------------

# A report that names a missing template, and its topics.
damage() {
    new_prefix
    run_requeue rebuild --kinds template
    template=$(sql -c "select key from templates where not (value ? 'deleted' and value -> 'deleted' = 'true') order by key limit 1")
    partition=$(plant read "${prefix}template" | awk -v key="x$(hex "$template")" '$3 == key { print $1 }')
    printf 'put %stemplate %s x%s -\n' "$prefix" "$partition" "$(hex "$template")" | plant write > "$work/offset"
    run_requeue verify --kinds template --report "$work/v.json"
    assert_exit 2 "a template is missing"
}
hex() { printf '%s' "$1" | od -An -v -tx1 | tr -d ' \n'; }
records() { plant read -k "${prefix}template" | wc -l; }
lines=$work/v.differences.jsonl

new_db kestra-0.20
damage
before=$(records)

run_requeue repair
assert_told "no report" 1 '--from is missing' 'verify.differences.jsonl'
run_requeue repair --from "$work/none.differences.jsonl"
assert_told "a report that is not there" 1 'option --from: .*none.differences.jsonl' 'requeue verify --report'
run_requeue repair --from "$work/v.json"
assert_told "the report itself instead of its lines" 1 "v.json:1: " 'requeue verify --report'
{ cat "$lines" && echo '{"kind":"flow"}'; } > "$work/bad.differences.jsonl"
run_requeue repair --execute --kinds template --from "$work/bad.differences.jsonl"
assert_told "a bad line" 1 'bad.differences.jsonl:2: has no class' 'requeue verify --report'
run_requeue repair --from "$lines" --report "$work/v.json"
assert_told "a report that would write over what is read" 1 'would write over' 'another name'
is "that report was left alone" "$(wc -l < "$lines")" 1
run_requeue repair --execute --from "$lines" --topic-prefix "${prefix}other-"
assert_told "another topic prefix than the report's" 5 'is of another topic prefix' 'requeue verify --report'
cp "$lines" "$work/alone.differences.jsonl"
run_requeue repair --execute --from "$work/alone.differences.jsonl" --kinds template --topic-prefix "${prefix}other-"
assert_result "the same without the report beside the lines" 5 "tells of topic ${prefix}template, but the template topic is ${prefix}other-template"
good=$store
new_db kestra-0.20
run_requeue repair --execute --from "$lines"
assert_result "another store than the report's" 5 'is of another store' '^REFUSED: nothing was sent$'
store=$good
is "of all these none has sent anything" "$(records)" "$before"

sql -c "update service_instance set value = jsonb_set(jsonb_set(value, '{state}', to_jsonb('RUNNING'::text)), '{updatedAt}',
    to_jsonb(to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))) where value ->> 'type' = 'EXECUTOR'"
run_requeue repair --execute --from "$lines"
assert_result "Kestra is running" 5 '^refused: Kestra is running: heartbeats' '^REFUSED: nothing was sent$'
run_requeue repair --from "$lines"
assert_result "Kestra is running: a dry run shows what it would do all the same" 5 '^refused: Kestra is running' '^template +missing +1 +1 '
is "while Kestra was running nothing was sent" "$(records)" "$before"

run_requeue repair --from "$lines" --kestra-running --kinds flow --like "$work/v.json"
assert_result "insisted, dry" 2 '^REPAIR: 1 records to send, 0 right already, 0 may not be repaired \(grade A\); nothing was changed$'
run_requeue repair --from "$work/alone.differences.jsonl" --kestra-running --kinds flow
assert_result "a kind that is not handled stays, and is told" 2 '^template: 1 stay: of a kind that this run does not handle; see --kinds'
run_requeue repair --execute --from "$lines" --kestra-running --report "$work/r.json"
assert_result "insisted, executed" 0 '^PASS: 1 repaired, 0 right already \(grade A\)$'
holds "its report and lines are what the schemas say" \
    python3 tests/integration/check_report.py schema "$work/r.json" "$work/r.differences.jsonl"
is "one record was sent" "$(records)" "$((before + 1))"
run_requeue repair --execute --from "$work/r.differences.jsonl" --kestra-running
assert_result "the report of a repair can be repaired: nothing is left" 0 '^PASS: 0 repaired, 0 right already'
run_requeue repair --execute --from "$lines" --kestra-running
assert_result "a second repair has nothing to do" 0 '^PASS: 0 repaired, 1 right already'
is "a second repair sends nothing" "$(records)" "$((before + 1))"

# ---- tombstones, and documents that nobody can read ----------------------------------------------

new_db kestra-0.20
new_prefix
run_requeue rebuild --kinds trigger
trigger=$(sql -c 'select min(key) from triggers')
sql -c "update triggers set key = 'another' where key = '$trigger'"
run_requeue verify --kinds trigger --report "$work/t.json"
assert_result "a trigger whose document is skipped is extra" 2 '^  extra trigger '
run_requeue repair --execute --allow-tombstones --from "$work/t.differences.jsonl"
assert_result "what the store has, though it is skipped, gets no tombstone" 2 '^trigger: 1 stay: not expected, but the store may have them' '^FAIL: 1 of 1 named differences stay, 0 were sent'
sql -c "delete from triggers where key = 'another'"
run_requeue repair --execute --from "$work/t.differences.jsonl"
assert_result "without --allow-tombstones no tombstone" 2 '--allow-tombstones deletes them'
run_requeue repair --execute --allow-tombstones --from "$work/t.differences.jsonl"
assert_result "a trigger that is gone from the store is deleted" 0 '^PASS: 1 repaired, 0 right already'
run_requeue verify --kinds trigger
assert_result "verify sees no trigger too many" 0 '^PASS \(grade A\)$'

# ---- an audit ------------------------------------------------------------------------------------

new_prefix
run_requeue rebuild --executions pending --unlock none
run_requeue verify --audit --report "$work/a.json"
assert_result "ended executions are missing for an audit" 2 '^  missing execution '
run_requeue repair --execute --from "$work/a.differences.jsonl"
assert_result "a repair of an audit starts no execution" 2 '^execution: [0-9]+ stay: named by an audit' ', 0 were sent'

finish
