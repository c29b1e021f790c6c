#!/bin/bash
# A rebuild is killed at random instants, and resumed: the topics are proven complete, and no execution
# is in them twice. And what --resume does when the store or the topics changed meanwhile.
#
#   REQUEUE_TEST_SEED=N   the same instants again (as far as a clock allows)
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

seed=${REQUEUE_TEST_SEED:-$SRANDOM}
RANDOM=$((seed % 32768))
echo "# seed $seed"

# The clones lie days apart, most of them farther than executions are taken for granted.
all=(--executions all --max-age 0)

# Start a rebuild in the background; sets $rebuild.
start_rebuild() {
    "$program" rebuild --store "$store" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" \
        "${all[@]}" "$@" > "$work/killed" 2>&1 < /dev/null &
    rebuild=$!
}

kill_rebuild() {
    kill -KILL "$rebuild" 2>/dev/null
    wait "$rebuild" 2>/dev/null
}

# How many records of the executions' topic have a key that another one has, too.
repeated() { plant read -k "${prefix}execution" | cut -f 3 | sort | uniq -d | wc -l; }

new_db kestra-0.20
small=$db
new_db "$small"
psql -X -q "$store" -v n=20000 -f tests/data/clone-executions.sql > "$work/clone" 2>&1
executions=$(sql -c 'select count(*) from executions where not deleted')

# ---- kills at random instants --------------------------------------------------------------------

new_prefix
t0=$(date +%s%3N)
run_requeue rebuild "${all[@]}"
assert_result "an undisturbed rebuild passes" 0 '^PASS \(grade A\)$'
whole=$(($(date +%s%3N) - t0))
echo "# undisturbed: $whole ms"
kills=0 landed=0
for round in 1 2 3 4 5 6; do
    new_prefix
    mode=''
    for ((n = 1 + RANDOM % 2; n > 0; n--)); do
        # Not much of the time is spent before the topics are there, so most kills meet records.
        ms=$((whole * (5 + RANDOM % 95) / 100))
        # shellcheck disable=SC2086 # empty the first time
        start_rebuild $mode
        sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
        ! kill -0 "$rebuild" 2>/dev/null || landed=$((landed + 1))
        kill_rebuild
        kills=$((kills + 1))
        echo "# round $round: killed after $ms ms${mode:+ of a resumed rebuild}"
        mode=--resume
    done
    run_requeue rebuild "${all[@]}" --resume --report "$work/resume.json"
    assert_result "round $round: the resumed rebuild passes" 0 '^PASS \(grade A\)$'
    is "round $round: every execution is in the topic exactly once" \
        "$(plant read -k "${prefix}execution" | wc -l) records, $(repeated) repeated" "$executions records, 0 repeated"
done
while [ "$kills" -lt 8 ]; do
    ms=$((whole * (30 + RANDOM % 60) / 100))
    start_rebuild --resume
    sleep "$(printf '%d.%03d' $((ms / 1000)) $((ms % 1000)))"
    kill_rebuild
    kills=$((kills + 1))
done
is "the kills of finished rebuilds have changed nothing" "$(repeated)" 0
echo "# $kills kills, $landed of them met a running rebuild"

run_requeue rebuild "${all[@]}" --resume --report "$work/resume.json"
assert_result "resuming a finished rebuild passes" 0 '^PASS \(grade A\)$'
is "resuming a finished rebuild sends nothing" \
    "$(for k in flow-last flow template trigger execution; do json_at "$work/resume.json" "results.$k.sent"; done | paste -sd ' ')" \
    '0 0 0 0 0'

# ---- the store moves on between kill and resume --------------------------------------------------

# Kill when the first executions are there.
interrupt() {
    new_prefix
    start_rebuild
    printf 'wait %sexecution\n' "$prefix" | plant write 2> "$work/plant"
    kill_rebuild
}

interrupt
sql -c "update flows set value = value || '{\"description\": \"edited since\"}' where key = (select min(key) from flows)" \
    -c "update triggers set value = value || '{\"disabled\": true}' where key = (select min(key) from triggers)"
run_requeue rebuild "${all[@]}" --resume --report "$work/resume.json"
assert_result "flows and triggers that changed since the kill are sent again" 0 '^PASS \(grade A\)$'
is "only what had changed was sent of flows and triggers" \
    "$(json_at "$work/resume.json" results.flow.sent) $(json_at "$work/resume.json" results.trigger.sent)" '1 1'
is "after a resume that sent changed flows no execution is repeated" "$(repeated)" 0

interrupt
landed=$(plant read -k "${prefix}execution" | python3 -c 'print(bytes.fromhex(input().split()[2][1:]).decode())')
sql -c "update executions set value = value || '{\"variables\": {\"since\": 1}}' where key = '$landed'"
run_requeue rebuild "${all[@]}" --resume --report "$work/resume.json"
assert_result "an execution that changed since the kill refuses the resume, with the line that recreates its topic" 5 \
    '1 executions in topic .*execution are changed, extra or repeated' \
    'requeue rebuild --kinds execution --executions all --max-age 0 --recreate --confirm ' '^REFUSED'
is "the changed execution is named" \
    "$(python3 -c 'import json, sys; print(*[(d["class"], d["key"]) for d in map(json.loads, open(sys.argv[1]))])' \
        "$work/resume.differences.jsonl")" "('changed', '$landed')"
hint=$(sed -n 's/^requeue: hint: requeue //p' "$stderr")
# shellcheck disable=SC2086 # words of a command line
run_requeue $hint
assert_result "the line that the refusal gave recreates the topic" 0 '^PASS \(grade A\)$'
run_requeue rebuild "${all[@]}" --resume
assert_result "then the resume passes" 0 '^PASS \(grade A\)$'
is "after all of that no execution is repeated" "$(repeated)" 0

# ---- topics that a rebuild did not make ----------------------------------------------------------

new_db "$small"
new_prefix
run_requeue rebuild "${all[@]}"
assert_exit 0 "a small rebuild passes"
sql -c "update templates set value = value || '{\"deleted\": true}'"
run_requeue rebuild "${all[@]}" --resume
assert_result "a record that nobody expects any more is listed, not deleted" 2 '^  extra template ' '^FAIL: 1 differences'
sql -c "delete from executions where key = (select max(key) from executions)"
run_requeue rebuild "${all[@]}" --resume
assert_result "an execution too many refuses the resume" 5 '^  extra execution ' 'rebuild --kinds execution .* --recreate'
run_requeue rebuild --executions pending --resume
assert_result "ended executions are too many for --executions pending" 5 '40 executions|39 executions'

new_db "$small"
new_prefix
run_requeue rebuild "${all[@]}"
read -r partition key value < <(plant read "${prefix}execution" | head -n 1 | cut -f 1,3,4)
printf 'put %sexecution %s %s %s\n' "$prefix" "$partition" "$key" "$value" | plant write > "$work/offset"
run_requeue rebuild "${all[@]}" --resume
assert_result "an execution that is there twice refuses the resume" 5 '^  duplicated execution '

new_prefix
run_requeue rebuild "${all[@]}" --resume
assert_result "a resume without any topic is a rebuild" 0 '^PASS \(grade A\)$'

finish
