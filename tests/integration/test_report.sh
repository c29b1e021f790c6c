#!/bin/bash
# Every report that the program writes is what its JSON Schema says, can be read by its owner alone,
# and agrees with the screen.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2317 # called by holds
check_report() { python3 tests/integration/check_report.py "$@"; }

# reported NAME EXIT-STATUS COMMAND ARGUMENT...: run with --report; report, lines, modes, screen.
reported() {
    local name=$1 expected=$2 base=$work/report
    shift 2
    rm -f "$base".*
    run_requeue "$@" --report "$base.json"
    assert_exit "$expected" "$name: ends with $expected"
    holds "$name: the report and its lines are what the schemas say" \
        check_report schema "$base.json" "$base".*.jsonl
    is "$name: the files are for their owner alone" "$(stat -c %a "$base".* | sort -u | paste -sd ' ')" 600
    is "$name: the report has the exit status" "$(json_at "$base.json" exit_status)" "$expected"
    is "$name: as many lines as the report counts" "$(wc -l < "$base.differences.jsonl") $(wc -l < "$base.skipped.jsonl")" \
        "$(($(json_at "$base.json" differences) + $(json_at "$base.json" explained))) $(json_at "$base.json" skipped)"
    if grep -q '^kind  *read' "$stdout"; then
        holds "$name: the numbers of the table are those of the report" check_report table "$base.json" "$stdout"
    fi
}

# sealed NAME: the seal of the last report can be checked by hand, as the runbook says, and by another
# tool; and it is not that of a statement with one number changed.
sealed() {
    local name=$1 json=$work/report.json seal
    seal=$(json_at "$json" seal)
    is "$name: jq and sha256sum find the seal" "$(jq -cSj .proof "$json" | sha256sum | cut -d ' ' -f 1)" "$seal"
    is "$name: so does Python" "$(python3 - "$json" <<'END'
import hashlib, json, sys
proof = json.load(open(sys.argv[1]))['proof']
print(hashlib.sha256(json.dumps(proof, sort_keys=True, separators=(',', ':'), ensure_ascii=False).encode()).hexdigest())
END
    )" "$seal"
    is "$name: the options have the digest that is stated" \
        "$(jq -cj .options "$json" | sha256sum | cut -d ' ' -f 1)" "$(json_at "$json" proof.configuration)"
    is "$name: another number would have another seal" \
        "$(jq -cSj '.proof | .skipped += 1' "$json" | sha256sum | grep -c "$seal")" 0
}

# The sums of each kind's partitions; of one side.
sums() { jq -cS "[.proof.kinds[] | [.partitions[].$1]]" "$work/report.json"; }

# The same report on stdout, and nothing else.
printed() { # name, exit status, command...
    local name=$1 expected=$2
    shift 2
    run_requeue "$@" --format json
    assert_exit "$expected" "$name --format json: ends with $expected"
    cp "$stdout" "$work/printed.json"
    holds "$name --format json: stdout is a report as the schema says" check_report schema "$work/printed.json"
}

umask 022
new_db kestra-0.20
new_prefix

printed check 0 check
printed topics 0 topics
printed plan 2 plan
reported "plan" 2 plan --executions all
run_requeue plan -o "$work/plan.json"
holds "plan -o: the plan is a report as the schema says" check_report schema "$work/plan.json"
is "plan -o: the plan is for its owner alone" "$(stat -c %a "$work/plan.json")" 600

reported "rebuild" 0 rebuild --executions all
is "rebuild: the report says proven" "$(json_at "$work/report.json" proven)" true
sealed rebuild
is "rebuild: it says that it made each topic" "$(jq -c '[.proof.kinds[].made] | unique' "$work/report.json")" '[true]'
reported "verify" 0 verify --executions all
sealed verify
is "verify: it names the snapshot" "$(jq -r '.proof.snapshot | test("^[0-9A-F]+-[0-9A-F]+-[0-9]+$")' "$work/report.json")" true
first=$(sums topic)
is "verify: the sums of both sides are equal" "$first" "$(sums store)"
is "verify: they count every key" "$(jq '[.proof.kinds[].partitions[].topic.keys] | add' "$work/report.json")" \
    "$(jq '[.results[].topic.keys] | add' "$work/report.json")"
is "verify: it speaks of everything" "$(json_at "$work/report.json" proof.scope)" 'every key of the compared kinds, in store and topics'
printed verify 0 verify --executions all
reported "refused rebuild" 5 rebuild --executions all
printed rebuild 5 rebuild

# Differences of all classes in one report.
sql -c "delete from executions where key = (select min(key) from executions)" \
    -c "update triggers set value = value || '{\"disabled\": true, \"date\": \"2027-01-01T00:00:00.000Z\"}'" \
    -c "update flows set value = value || '{\"description\": \"é \\\"\\u0001\"}' where key = (select min(key) from flows)" \
    -c "insert into templates (key, value) select 'io.kestra.cap_new', value || '{\"id\": \"new\"}' from templates where not deleted"
key=$(sql -c "select encode(convert_to(key, 'UTF8'), 'hex') from executions order by key desc limit 1")
for partition in 1 2; do printf 'put %sexecution %s x%s x5b5d\n' "$prefix" "$partition" "$key"; done | plant write > "$work/offset"
reported "verify with differences" 2 verify --executions all
sealed "verify with differences"
is "verify with differences: the sums of the sides are not equal" "$(($([ "$(sums topic)" = "$(sums store)" ]; echo $?)))" 1
is "verify with differences: nor is the topics' sum what it was" "$(($([ "$(sums topic)" = "$first" ]; echo $?)))" 1
reported "audit" 2 verify --audit
reported "audit of what began lately" 2 verify --audit --since 2024-12-01T00:00:00Z
assert_line '^selected: executions since 2024-12-01T00:00:00.000Z; what is proven is this part of the topics, nothing is said of other keys$' \
    "a partial verify says what it proves"
sealed "audit of what began lately"
printed "verify with differences" 2 verify --executions all

# Skips.
psql -X -q "$store" -f tests/data/hostile.sql || exit 1
sql -o /dev/null -c "select hostile.flow('{\"namespace\": \"../..\", \"id\": \"../escaped\", \"revision\": 1}')" \
    -c "select hostile.flow('{\"namespace\": \"../..\", \"id\": \"../escaped\", \"revision\": \"2\"}')" \
    -c "select hostile.execution('{\"id\": \"../escaped\", \"namespace\": \"../..\", \"flowId\": \"../escaped\"}')"
new_prefix
reported "rebuild with skips" 3 rebuild --executions all
reported "verify with skips" 3 verify --executions all
reported "plan with skips" 2 plan --executions all --recreate --confirm "$(json_at "$work/report.json" cluster)"
is "what a path in a document names is no file" "$(grep -c escaped "$work/report.skipped.jsonl") $(find "$work/.." -maxdepth 2 -name '*escaped*' 2>/dev/null)" '1 '
new_prefix
reported "rebuild without proof" 3 rebuild --no-verify --namespace h --tenant acme --executions pending --unlock all \
    --since 2024-01-01T00:00:00Z --until 2025-01-01T00:00:00+01:00
printed "rebuild without executions" 3 rebuild --append

# Failures: the report is there all the same.
good=$store
store=$REQUEUE_TEST_POSTGRES/no_such_database
reported "no such database" 6 rebuild
is "a report without a store has no layout" "$(json_at "$work/report.json" layout)" null
is "a report of a failure says what failed" "$(grep -c no_such_database <<< "$(json_at "$work/report.json" error.message)")" 1
store=$good
new_prefix
reported "topics that do not exist" 7 verify
store=$REQUEUE_TEST_POSTGRES/postgres
reported "a database that is not Kestra's" 6 plan
store=$good

# A folder that is not there is told before anything is touched.
run_requeue rebuild --report "$work/no-such-folder/report.json"
assert_result "a report that cannot be written is told at the start" 1 'no-such-folder/report.json'
is "nothing was created for it" "$(topic_names)" ''

finish
