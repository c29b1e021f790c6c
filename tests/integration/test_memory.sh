#!/bin/bash
# More keys than --memory holds: verify, rebuild's proof and --resume stay within it by the system's own count
# and find exactly what differs; a kill leaves no file and no verdict; a full disk and too little memory are told.
#
# shellcheck disable=SC2317 # functions called by others: holds ... spills
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

keys=150000
memory=128 # MiB, the least there is
kinds=(--kinds trigger --unlock none)
tmp=$work/tmp
mkdir "$tmp"
export TMPDIR=$tmp

# As run_requeue; sets $peak, the most memory that the program had, in MiB.
run_measured() {
    local command=$1
    shift
    command_line="requeue $command $*"
    status=0
    python3 -c '
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as f:
    print(-(-resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024), file=f)
sys.exit(status)' "$work/peak" "$program" "$command" --store "$store" --kafka "$kafka" --topic-prefix "$prefix" \
        --consumer-prefix "$prefix" "${kinds[@]}" "$@" > "$stdout" 2> "$stderr" < /dev/null || status=$?
    cat "$stdout" "$stderr" > "$said"
    peak=$(cat "$work/peak")
}

within() { # SENTENCE
    if [ "$peak" -le "$memory" ]; then ok "$1"; else not_ok "$1" "peak of $peak MiB, --memory ${memory}M"; fi
}

no_files() { # SENTENCE
    is "$1" "$(find "$tmp" -mindepth 1 | wc -l)" 0
}

new_db kestra-0.20
new_prefix
sql -c "select format('drop index %I;', indexname) from pg_indexes where tablename = 'triggers' and indexdef not like '%UNIQUE%'" | sql
sql -c "truncate triggers" -c "insert into triggers (key, value)
    select 'io.kestra.many_flow-' || i || '_t', jsonb_build_object('namespace', 'io.kestra.many', 'flowId', 'flow-' || i,
           'triggerId', 't', 'date', '2024-01-01T00:00:00Z') from generate_series(1, $keys) i" \
    -c "analyze triggers"

# ---- what fits nowhere is refused ----------------------------------------------------------------

run_requeue verify "${kinds[@]}" --memory 64M
assert_told "less than the least memory is refused" 1 'option --memory: 64M is less than 128M' 'requeue help verify'
run_requeue verify "${kinds[@]}" --tmp "$work/nowhere"
assert_told "a folder that is not there is told before anything else" 1 "$work/nowhere" '--tmp'

# ---- rebuild, and its proof ----------------------------------------------------------------------

run_measured rebuild --memory ${memory}M --report "$work/rebuild.json"
assert_result "a rebuild proves more keys than fit" 0 '^PASS' 'keys took .* MB of disk'
within "the rebuild stays within its memory"
no_files "the rebuild leaves no file"

# ---- verify --------------------------------------------------------------------------------------

run_measured verify --memory ${memory}M --report "$work/equal.json"
assert_result "more keys than fit are equal" 0 '^PASS'
within "verify stays within its memory"
is "the disk was used, and is told" "$(("$(json_at "$work/equal.json" results.trigger.topic.disk_bytes)" > 0))" 1
is "all keys were compared" "$(json_at "$work/equal.json" results.trigger.topic.keys)" $keys

# Many differ: changed, missing and extra ones.
sql -c "update triggers set value = value || '{\"date\": \"2024-02-02T00:00:00Z\"}' where key ~ '[147]00_t$'" \
    -c "create table gone as select key, value from triggers where key ~ '[258]00_t$'" \
    -c "delete from triggers where key in (select key from gone)" \
    -c "insert into triggers (key, value) select replace(key, 'flow-', 'other-'), replace(value::text, 'flow-', 'other-')::jsonb from gone"
sql -c "select 'changed ' || key from triggers where key ~ 'flow-.*[147]00_t$'
    union all select 'extra ' || key from gone union all select 'missing ' || replace(key, 'flow-', 'other-') from gone" |
    LC_ALL=C sort > "$work/planted"
run_measured verify --memory ${memory}M --report "$work/different.json"
assert_exit 2 "what differs is found"
within "verify of what differs stays within its memory"
python3 -c "
import json, sys
for line in open(sys.argv[1]):
    d = json.loads(line)
    print('changed' if d['class'] == 'stale' else d['class'], d['key'])" "$work/different.differences.jsonl" | LC_ALL=C sort > "$work/found"
holds "exactly what was planted is found" cmp "$work/planted" "$work/found"
is "a lot of it" "$(($(wc -l < "$work/found") > 1000))" 1

# ---- a kill --------------------------------------------------------------------------------------

spills() {
    local i
    for ((i = 0; i < 2000; i++)); do
        # A file without a name.
        find "/proc/$running/fd" -lname "$tmp/*(deleted)" 2>/dev/null | grep -q . && return 0
        kill -0 "$running" 2>/dev/null || return 1
        sleep 0.01
    done
    return 1
}
"$program" verify --store "$store" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" "${kinds[@]}" \
    --memory ${memory}M --report "$work/killed.json" > "$stdout" 2> "$stderr" < /dev/null &
running=$!
holds "a verify is killed while it has runs on disk" spills
no_files "its runs have no name"
kill -KILL "$running"
wait "$running" 2>/dev/null
no_files "kill -9 leaves no file behind"
is "and no verdict" "$(cat "$stdout" "$work/killed.json")" ""

# ---- a full disk ---------------------------------------------------------------------------------

# No file may grow beyond 1 MB: as a disk that is full then.
status=0
(trap '' XFSZ && ulimit -f 1024 && exec "$program" verify --store "$store" --kafka "$kafka" --topic-prefix "$prefix" \
    --consumer-prefix "$prefix" "${kinds[@]}" --memory ${memory}M) > "$stdout" 2> "$stderr" < /dev/null || status=$?
cat "$stdout" "$stderr" > "$said"
assert_result "a full disk is an error with the folder and what would be enough" 1 \
    "cannot write a file in folder $tmp: File too large" 'about [0-9.]+ M are enough'
assert_no_line '^PASS' "and no proof"

# ---- a live audit --------------------------------------------------------------------------------

sql -c "update triggers set value = value || '{\"date\": \"2024-03-03T00:00:00Z\"}'"
run_measured verify --audit --live --settle 1s --memory ${memory}M
assert_result "more differing keys than fit are refused, with what is enough" 1 'keys that differ do not fit' 'at least [0-9]+M so far; or verify without --live'
within "a live audit that is refused has stayed within its memory"

# ---- resume --------------------------------------------------------------------------------------

new_prefix
run_measured rebuild --resume --memory ${memory}M
assert_result "more missing keys than fit are refused, with what is enough" 1 'keys to be sent do not fit' 'at least [0-9]+M'
memory=256
run_measured rebuild --resume --memory ${memory}M
assert_result "with more memory all missing keys are sent" 0 '^PASS'
within "resume stays within its memory"
finish
