# shellcheck shell=bash
# What the shell tests share; sourced first. They run the program as a person would, on real servers
# that $REQUEUE_TEST_POSTGRES, $REQUEUE_TEST_KAFKA and $REQUEUE_TEST_SEARCH name (scripts/with-postgres,
# scripts/with-kafka, scripts/with-search):
#
#   scripts/with-postgres scripts/with-kafka bash tests/integration/test_line.sh
#   scripts/with-search es7 scripts/with-kafka bash tests/integration/search_line.sh
#
# A test_*.sh needs PostgreSQL, a search_*.sh a search server, and both when it calls new_db. Both need
# Kafka and the program.
#
# Each test makes databases and topic prefixes of its own, so that one server serves all. Every check
# prints `ok - SENTENCE` or `not ok - SENTENCE`, the latter followed by what the program said. The
# exit status is 1 when a check failed. A test ends with `finish`.
set -uo pipefail
export LC_ALL=C.UTF-8

root=${REQUEUE_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
cd "$root" || exit 1
program=${REQUEUE_BIN:-$root/build/requeue}
tools=${REQUEUE_TEST_TOOLS:-$(dirname "$program")/release/tests/tools}
kafka=${REQUEUE_TEST_KAFKA:-}
[ -n "${REQUEUE_LAYOUTS:-}" ] || export REQUEUE_LAYOUTS=$root/schemas/layouts

need() { # variable, script that sets it
    [ -z "${!1:-}" ] || return 0
    echo "${0##*/}: run me under scripts/$2: $1 is not set" >&2
    exit 1
}
need REQUEUE_TEST_KAFKA with-kafka
case ${0##*/} in
search_*) need REQUEUE_TEST_SEARCH with-search ;;
*) need REQUEUE_TEST_POSTGRES with-postgres ;;
esac
if [ ! -x "$program" ] || [ ! -x "$tools/plant" ]; then
    echo "${0##*/}: $program or $tools/plant is missing: run make all tools" >&2
    exit 1
fi

test_name=$(basename "$0" .sh)
work=$(mktemp -d "${TMPDIR:-/tmp}/requeue-$test_name.XXXXXX") || exit 1
# Names that no other run on the same servers has.
run_id=$(printf '%08x' "$SRANDOM")
failed=0
reached_end=
databases=()
n_names=0

cleanup() {
    local db
    # shellcheck disable=SC2046 # process ids
    kill $(jobs -p) 2>/dev/null
    for db in "${databases[@]}"; do
        psql -X -q "$REQUEUE_TEST_POSTGRES/postgres" -c "drop database if exists \"$db\" with (force)" 2>/dev/null
    done
    rm -rf "$work"
    [ -n "$reached_end" ] || exit 1
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

finish() {
    judge_messages
    reached_end=yes
    exit $((failed > 0))
}

# ---- checks --------------------------------------------------------------------------------------

ok() { echo "ok - $1"; }

# A sentence, then lines of what is known about it.
not_ok() {
    echo "not ok - $1"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" | sed 's/^/#   /'
    failed=$((failed + 1))
}

# is SENTENCE ACTUAL EXPECTED
is() {
    if [ "$2" = "$3" ]; then ok "$1"; else not_ok "$1" "is:       $2" "expected: $3"; fi
}

# holds SENTENCE COMMAND...: its output is shown only when it fails.
holds() {
    local name=$1 said
    shift
    if said=$("$@" 2>&1); then ok "$name"; else not_ok "$name" "$* failed:" "$(head -c 6000 <<< "$said")"; fi
}

# ---- the program ---------------------------------------------------------------------------------

store='' prefix=''
status=0 stdout=$work/stdout stderr=$work/stderr said=$work/said command_line=''

# run_requeue COMMAND ARGUMENT...: with the test's store, Kafka and prefixes. Sets $status; the files
# $stdout and $stderr have what was said, $said both.
run_requeue() {
    local command=$1
    shift
    set -- "$command" --store "$store" --kafka "$kafka" ${prefix:+--topic-prefix "$prefix" --consumer-prefix "$prefix"} "$@"
    run_bare "$@"
}

run_bare() {
    command_line="requeue $*"
    status=0
    "$program" "$@" > "$stdout" 2> "$stderr" < /dev/null || status=$?
    cat "$stdout" "$stderr" > "$said"
    keep_messages
}

# What the last run asked of a person, one line a message with its hint. What differs from run to run
# is left out. `finish` judges these, and adds them to the file $REQUEUE_MESSAGES (make messages).
messages=$work/messages
keep_messages() {
    LC_ALL=C grep -ahE '^(requeue: (error|hint|warning)|refused|warning): ' "$said" |
        LC_ALL=C sed -E "s|$work|DIR|g; s/it-$run_id-[0-9]+-/PREFIX-/g; s/$run_id/RUN/g; s/(--confirm|cluster) [A-Za-z0-9_-]{22}/\1 CLUSTER-ID/g; s/127\.0\.0\.1:[0-9]{4,5}/HOST:PORT/g; s/[0-9]{5,}/N/g; s/\t/ /g" |
        LC_ALL=C awk -v status="$status" '
            /^requeue: hint: / { printf "\t%s", $0; next }
            { printf "%sexit %s\t%s", n++ ? "\n" : "", status, $0 }
            END { if (n) print "" }' >> "$messages"
}

# A failure without a hint says the next step itself: it names the option, or the line of the file, that is
# to be mended, or goes on behind a semicolon. Only of the disk behind stdout is nothing to be said.
no_next_step() {
    LC_ALL=C sort -u "$messages" | LC_ALL=C grep -aE $'^exit [1567]\t(requeue: error|refused): ' |
        LC_ALL=C grep -avE $'\trequeue: hint: .|--[a-z]|:[0-9]+: |; |to standard output: '
}

judge_messages() {
    local bad
    [ -s "$messages" ] || return 0
    bad=$(no_next_step)
    if [ -z "$bad" ]; then ok "every message says the next step"; else not_ok "every message says the next step" "$bad"; fi
    [ -z "${REQUEUE_MESSAGES:-}" ] || sort -u "$messages" >> "$REQUEUE_MESSAGES"
}

what_it_said() { printf '%s\nexit status %s\n%s\n' "$command_line" "$status" "$(tail -n 60 "$said" | cut -c 1-400)"; }

# assert_exit STATUS SENTENCE
assert_exit() {
    if [ "$status" -eq "$1" ]; then ok "$2"; else not_ok "$2" "exit status $status, expected $1" "$(what_it_said)"; fi
}

# assert_line REGEX SENTENCE: in what was said, by grep -E.
assert_line() {
    if grep -qE -- "$1" "$said"; then ok "$2"; else not_ok "$2" "no line has: $1" "$(what_it_said)"; fi
}

assert_no_line() {
    if grep -qE -- "$1" "$said"; then not_ok "$2" "a line has: $1" "$(what_it_said)"; else ok "$2"; fi
}

# assert_result SENTENCE STATUS REGEX...: exit status and lines of the last run in one check.
assert_result() {
    local name=$1 expected=$2 regex missing=()
    shift 2
    for regex in "$@"; do
        grep -qE -- "$regex" "$said" || missing+=("no line has: $regex")
    done
    if [ "$status" -eq "$expected" ] && [ ${#missing[@]} -eq 0 ]; then
        ok "$name"
    else
        not_ok "$name" "expected exit status $expected" "${missing[@]}" "$(what_it_said)"
    fi
}

# assert_told SENTENCE STATUS ERROR [HINT]: the last run ended with that status, and stderr is one line
# of error that matches and, unless HINT is left out, one line of a hint that matches; that something is
# tried again may be told before. $secret is nowhere.
secret=sw0rdfish
assert_told() {
    local name=$1 expected=$2 error=$3 hint=${4:-} wrong=() grep=(env LC_ALL=C grep -a)
    keep_messages
    [ "$status" -eq "$expected" ] || wrong+=("expected exit status $expected")
    [ "$("${grep[@]}" -c '^requeue: error: ' "$stderr")" -eq 1 ] || wrong+=("not one line of error")
    [ "$("${grep[@]}" -c '^requeue: hint: ' "$stderr")" -eq $((${#hint} > 0)) ] || wrong+=("too many or no hints")
    "${grep[@]}" -qE -- "^requeue: error: .*($error)" "$stderr" || wrong+=("no error has: $error")
    [ -z "$hint" ] || "${grep[@]}" -qE -- "^requeue: hint: .*($hint)" "$stderr" || wrong+=("no hint has: $hint")
    ! "${grep[@]}" -vq -e '^requeue: \(error\|hint\): ' -e '^requeue: warning: .*trying again' "$stderr" || wrong+=("more than an error and a hint")
    ! "${grep[@]}" -qF -- "$secret" "$said" || wrong+=("it tells the secret")
    if [ ${#wrong[@]} -eq 0 ]; then ok "$name"; else not_ok "$name" "${wrong[@]}" "$(what_it_said)"; fi
}

# ---- databases and topics ------------------------------------------------------------------------

# new_db SAMPLE | DATABASE: a database of this test from a sample of tests/data, or as a copy of
# another of this test's. Sets $store (URL) and $db (name).
new_db() {
    need REQUEUE_TEST_POSTGRES with-postgres
    n_names=$((n_names + 1))
    db=it_${run_id}_$n_names
    databases+=("$db")
    store=$REQUEUE_TEST_POSTGRES/$db
    if [ -e "tests/data/$1.tar.gz" ]; then
        scripts/load-sample "$1" "$db" > /dev/null || exit 1
    else
        psql -X -q "$REQUEUE_TEST_POSTGRES/postgres" -c "create database \"$db\" template \"$1\"" || exit 1
    fi
}

# sql [PSQL-ARGUMENT...]: in the database of $store; rows as bare text.
export PGOPTIONS='-c client_min_messages=warning'
sql() { psql -X -q -A -t -v ON_ERROR_STOP=1 "$store" "$@"; }

# A prefix for topics and groups that nobody else has; sets $prefix.
new_prefix() {
    n_names=$((n_names + 1))
    prefix=it-$run_id-$n_names-
}

# The names of all topics with this test's prefix, sorted.
topic_names() { scripts/kafka-tool TopicCommand --list | grep -F -- "$prefix" | sort; }

# The same from the folder of a broker, at once; deleted ones are gone from it.
topics_on_disk() { # folder of the node
    find "$1/data" -maxdepth 1 -type d -name "$prefix*" |
        sed -n 's|.*/\(.*\)-[0-9]*$|\1|p' | sort -u
}

# pause_at TOPIC BYTES PROCESS [folder of the node]: stop the process when its topic has so many bytes.
pause_at() {
    local i bytes
    for ((i = 0; i < 3000; i++)); do
        bytes=$(cat "${4:-$REQUEUE_TEST_KAFKA_DIR}/data/$1"-*/*.log 2>/dev/null | wc -c)
        if [ "$bytes" -ge "$2" ]; then
            kill -STOP "$3"
            return
        fi
        kill -0 "$3" 2>/dev/null || return 1
        sleep 0.01
    done
    return 1
}

plant() { "$tools/plant" "$@"; }

# read_topics FOLDER: what the topics of $prefix hold, one file a kind, as plant prints it.
read_topics() {
    local kind readers=()
    mkdir -p "$1"
    for kind in flow-last flow template trigger execution; do
        { plant read "$prefix${kind//-/_}" > "$1/$kind" 2> "$1/$kind.err" || : > "$1/$kind"; } &
        readers+=($!)
    done
    wait "${readers[@]}"
}

# ---- search servers ------------------------------------------------------------------------------

# shellcheck disable=SC2034 # for the tests
flavour=${REQUEUE_TEST_SEARCH_FLAVOUR:-es8}

# search_ask METHOD PATH [BODY]: of the search server; its answer.
search_ask() {
    curl -q -sS --noproxy '*' --max-time 60 -X "$1" "$REQUEUE_TEST_SEARCH$2" \
        ${3:+-H 'Content-Type: application/json' --data-binary "$3"}
}

# search_do METHOD PATH [BODY]: it has to succeed.
search_do() {
    local answer
    answer=$(search_ask "$@") || { echo "$1 $2: no answer"; exit 1; }
    case $answer in *'"error":'* | *'"errors":true'*) echo "$1 $2: $answer"; exit 1 ;; esac
}

# How many scrolls and points in time are open there, once for each shard.
open_contexts() {
    search_ask GET /_nodes/stats/indices/search | python3 -c '
import json, sys
print(sum(n["indices"]["search"]["open_contexts"] for n in json.load(sys.stdin)["nodes"].values()))'
}

# They are given back at the end; the server may need a moment.
no_contexts() { # SENTENCE
    local i n
    for ((i = 0; i < 40; i++)); do
        n=$(open_contexts)
        [ "$n" != 0 ] || break
        sleep 0.05
    done
    is "$1: no scroll or point in time is open" "$n" 0
}

# shellcheck disable=SC2120 # arguments are for some
load_search() { scripts/load-search-sample "$@" > /dev/null || exit 1; }

# report NAME.json 'results.flow.sent': one value of a report, or of any JSON file.
json_at() {
    python3 - "$@" <<'EOP'
import json, sys
value = json.load(open(sys.argv[1]))
for name in sys.argv[2].split('.'):
    value = value[int(name) if isinstance(value, list) else name]
print(value if isinstance(value, str) else json.dumps(value))
EOP
}

# follow_runbook SENTENCE BLOCK...: run these blocks of the runbook's part "Refresh staging", in the order
# of the page; $PRODUCTION and $STAGING are the stores, the prefix is $prefix.
follow_runbook() {
    local name=$1 block status=0
    shift
    mkdir -p "$work/book"
    ln -sfn "$root/scripts" "$work/book/scripts"
    ln -sf "$program" "$work/book/requeue"
    {
        echo "set -e; export PATH=$work/book:\$PATH REQUEUE_KAFKA=$kafka"
        for block; do
            awk -v n="$block" '/^## /{ part = /^## Refresh staging/ } part && /^```sh/{ i++; on = 1; next }
                /^```/{ on = 0 } part && on && i == n' docs/runbook.md
        done
    } | sed "s/^export PREFIX=.*/export PREFIX=$prefix/; s/^requeue plan.*/& || [ \$? -eq 2 ]/" > "$work/book/commands"
    (cd "$work/book" && bash commands) > "$said" 2>&1 || status=$?
    command_line="the runbook: $name"
    assert_result "the runbook's way to a staging copy, $name" 0 '^PASS \(grade [ABC]\)$'
    is "the runbook's way, $name: rebuild and verify pass" "$(grep -c '^PASS ' "$said")" 2
}
