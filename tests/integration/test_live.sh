#!/bin/bash
# An audit beside somebody who changes store and topics all the time (live_writer.py): no false alarm, and
# what was planted among it is still found.
#
#   REQUEUE_TEST_SEED=N   the same life again
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/integration/plant_lib.sh
. "$(dirname "$0")/plant_lib.sh"

seed=${REQUEUE_TEST_SEED:-$SRANDOM}
echo "# seed $seed"
topics_of_all
export REQUEUE_TEST_TOOLS=$tools
python3 tests/integration/live_writer.py "$store" "$prefix" "$seed" "$work/ready" > "$work/writer" 2>&1 &
writer=$!
for ((i = 0; i < 300; i++)); do [ ! -e "$work/ready" ] || break; sleep 0.1; done

run_requeue verify --audit
assert_result "beside a Kestra that runs, an audit of one look finds what is none" 2 '^FAIL: [0-9]+ differences \(grade A\)$'
run_requeue verify --audit --live --settle 1s --report "$work/live.json"
assert_result "a live audit raises no false alarm" 0 '^PASS \(grade D\)$' '^live: [1-9][0-9]* keys differed at first'
is "all that differed at first agrees later, or both sides move on" \
    "$(json_at "$work/live.json" live.stayed) $(($(json_at "$work/live.json" live.differed) > 0))" '0 1'
is "what never stands still is listed as that" "$(python3 - "$work/live.differences.jsonl" <<'END'
import json, sys
print({line['explained'] for line in map(json.loads, open(sys.argv[1])) if line['kind'] == 'template' and line['class'] == 'changed'})
END
)" "{'still-changing'}"
holds "its report is what the schema says" python3 tests/integration/check_report.py schema "$work/live.json" "$work/live.differences.jsonl"

# ---- planted, among the keys that the writer leaves alone -----------------------------------------

hex() { printf '%s' "$1" | od -An -tx1 -v | tr -d ' \n'; }
last_key() { sql -c "select key from $1 where $2 order by key collate \"C\" desc limit 1 offset $3"; }
record_of() { plant read "$prefix$1" | awk -v k="x$(hex "$2")" '$3 == k { l = $0 } END { print l }'; }
changed=$(last_key templates 'not deleted' 0)
gone=$(last_key templates 'not deleted' 1)
absent=$(last_key triggers true 0)
stale=$(last_key executions 'not deleted' 0)
read -r partition _ _ _ <<< "$(record_of template "$changed")"
read -r gone_partition _ _ _ <<< "$(record_of template "$gone")"
read -r stale_partition _ _ value <<< "$(record_of execution "$stale")"
old=$(printf '%s' "${value#x}" | python3 -c '
import json, sys
value = json.loads(bytes.fromhex(sys.stdin.read()))
value["state"]["histories"].pop()
value["state"]["current"] = "CREATED"
print(json.dumps(value).encode().hex())')
plant write > "$work/offsets" <<END
put ${prefix}template $partition x$(hex "$changed") x$(hex '{"planted":true}')
put ${prefix}template $gone_partition x$(hex "$gone") -
put ${prefix}execution $stale_partition x$(hex "$stale") x$old
put ${prefix}template 3 - x7b7d
END
sql -c "insert into triggers (key, value) select key || '-planted', jsonb_set(value, '{triggerId}', to_jsonb((value ->> 'triggerId') || '-planted')) from triggers where key = '$absent'"
run_requeue verify --audit --live --settle 1s --report "$work/planted.json"
assert_result "planted differences are found beside the writer" 2 '^FAIL: 5 differences \(grade D\)$'
is "exactly those, with the ages that are known" "$(python3 - "$work/planted.differences.jsonl" <<'END'
import json, sys
for line in sorted((json.loads(line) for line in open(sys.argv[1])), key=lambda d: (d['kind'], d['class'], d['key'] or '')):
    if not line['explained']:
        ages = line['ages']
        print(line['kind'], line['class'], line['key'], ages['store_s'] is not None, ages['topic_s'] is not None and 0 <= ages['topic_s'] < 300)
END
)" "execution stale $stale True True
template changed $changed False True
template missing $gone False True
template undecodable None False False
trigger missing $absent-planted True False"
holds "its report is what the schema says" python3 tests/integration/check_report.py schema "$work/planted.json" "$work/planted.differences.jsonl"

kill -TERM "$writer"
wait "$writer"
is "the writer lived to the end" "$?$(cat "$work/writer")" 0
run_requeue verify --audit --live --settle 1s
assert_result "when it has gone, one reading more is enough" 2 '^live: 4 keys differed at first and were read again after 1.0 s, 1 times; 0 agree now, 4 stay, 0 '
run_requeue verify --live
assert_result "--live is for audits" 1 'belongs to --audit'

finish
