#!/bin/bash
# The whole line from a search server, as a person would go along it: check, plan, rebuild, verify,
# every selection, both ways to read, a rebuild that was killed, and one that is told to stop.
# Whatever ends, no scroll and no point in time stays open there.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

store=$REQUEUE_TEST_SEARCH
grade=C
[ "$flavour" != es8 ] || grade=B
# shellcheck disable=SC2119
load_search

# holds_selection SENTENCE SELECTION: the topics of $prefix are what it takes of the sample.
holds_selection() {
    read_topics "$work/topics"
    holds "$1" python3 tests/integration/search_expect.py keys "$work/topics" "$2"
}

# rebuilds SENTENCE SELECTION ARGUMENT...: into new topics.
rebuilds() {
    local name=$1 selection=$2
    shift 2
    new_prefix
    run_requeue rebuild "$@"
    assert_result "$name: rebuild passes" 0 "^PASS \\(grade $grade\\)$"
    holds_selection "$name: the topics hold what the documents give" "$selection"
}

# ---- the line ------------------------------------------------------------------------------------

new_prefix
run_requeue check
assert_result "check knows the server and the band" 0 '^store  *(Elasticsearch|OpenSearch) [0-9.]+' '^layout  band A, ' '^CHECK: good$'
run_requeue plan --executions all
assert_result "plan has something to do" 2 "^PLAN: [0-9]+ records to send, [0-9]+ topics to make \\(grade $grade\\); nothing was changed$"
is "check and plan create no topic" "$(topic_names)" ''
no_contexts "check and plan"
for executions in none pending all; do
    rebuilds "--executions $executions" "{\"executions\": \"$executions\"}" --executions "$executions"
    no_contexts "rebuild --executions $executions"
    run_requeue verify --executions "$executions" --report "$work/verify.json"
    assert_result "--executions $executions: verify finds the fresh topics equal" 0 "^PASS \\(grade $grade\\)$"
    is "--executions $executions: verify counts no difference" "$(json_at "$work/verify.json" differences)" 0
    no_contexts "verify --executions $executions"
done

# ---- selections ----------------------------------------------------------------------------------

rebuilds "--namespace with little in it" '{"executions": "all", "namespace": "lab.gone"}' --executions all --namespace lab.gone
rebuilds "--namespace above" '{"executions": "all", "namespace": "lab"}' --executions all --namespace lab
rebuilds "no --namespace that only begins so" '{"executions": "all", "namespace": "lab.go"}' --executions all --namespace lab.go
rebuilds "no tenant is all, in the band without tenants" '{"executions": "all"}' --executions all --tenant ''
rebuilds "--tenant" '{"executions": "all", "tenant": "x"}' --executions all --tenant x
since=2026-11-22T14:27:51.735484610Z until=2026-11-22T14:27:53.428403625Z
rebuilds "--since, of an execution's own start" "{\"executions\": \"all\", \"since\": \"$since\"}" --executions all --since "$since"
rebuilds "--until, of an execution's own start" "{\"executions\": \"all\", \"until\": \"$until\"}" --executions all --until "$until"
rebuilds "--kinds" '{"kinds": ["trigger", "flow", "flow-last"]}' --kinds trigger,flow
rebuilds "--unlock all" '{"unlock": "all"}' --unlock all
search_ask GET '/kestra_executions/_search?size=9&q=deleted:false&_source=false' |
    python3 -c 'import json, sys; [print(h["_id"]) for h in json.load(sys.stdin)["hits"]["hits"]]' > "$work/ids"
new_prefix
run_requeue rebuild --kinds execution --executions all --ids "$work/ids" --states success,running --report "$work/ids.json"
is "--ids and --states select executions" "$status $(json_at "$work/ids.json" results.execution.topic.keys)" \
    "0 $(search_ask POST /kestra_executions/_count "{\"query\": {\"bool\": {\"filter\": [{\"ids\": {\"values\": [$(sed 's/.*/"&"/' "$work/ids" | paste -sd ,)]}},
        {\"terms\": {\"state.current\": [\"SUCCESS\", \"RUNNING\"]}}]}}}" | python3 -c 'import json, sys; print(json.load(sys.stdin)["count"])')"
run_requeue verify --like "$work/ids.json"
assert_result "a verify of states and ids passes" 0 '^selected: .* 9 execution ids' '^PASS '
no_contexts "selections"

# ---- ways to read --------------------------------------------------------------------------------

grade=C
rebuilds "--read scroll" '{"executions": "all"}' --executions all --read scroll
no_contexts "--read scroll"
if [ "$flavour" = es7 ]; then
    run_requeue plan --read pit
    assert_told "--read pit, where there are none" 1 'has no point in time to read from' '--read scroll'
else
    grade=B
    rebuilds "--read pit" '{"executions": "all"}' --executions all --read pit
    no_contexts "--read pit"
fi
grade=C
[ "$flavour" != es8 ] || grade=B

# ---- told to stop --------------------------------------------------------------------------------

load_search --clone 5000 --light
new_prefix

# A rebuild that is stopped while it reads and sends executions; $rebuild is its process.
begin_rebuild() { # SENTENCE
    new_prefix
    command_line="requeue rebuild (and $1)"
    "$program" rebuild --store "$store" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" \
        --executions all --no-progress -X batch.num.messages=20 -X queue.buffering.max.kbytes=1000 > "$stdout" 2> "$stderr" &
    rebuild=$!
    pause_at "${prefix}execution" 200000 "$rebuild" || not_ok "$1: the rebuild was too quick to be stopped"
}

end_rebuild() {
    status=0
    kill -CONT "$rebuild"
    wait "$rebuild" 2> /dev/null || status=$?
    cat "$stdout" "$stderr" > "$said"
}

for signal in INT TERM; do
    begin_rebuild "SIG$signal"
    kill "-$signal" "$rebuild"
    end_rebuild
    assert_result "SIG$signal in the midst of reading" 4 '^INTERRUPTED: continue with --resume$'
    no_contexts "SIG$signal in the midst of reading"
done

begin_rebuild "SIGKILL"
kill -KILL "$rebuild"
end_rebuild
run_requeue plan --executions all
assert_result "after kill -9 plan shows what is there" 5 "^refused: topics .*${prefix}execution \\(up to [0-9]+ records\\)" '--resume'
left=$(open_contexts)
run_requeue rebuild --executions all --resume
assert_result "after kill -9 --resume makes it whole" 0 "^PASS \\(grade $grade\\)$"
holds "--resume leaves no more scrolls and points in time than there were" test "$(open_contexts)" -le "$left"
live=$(search_ask GET '/kestra_executions/_count?q=deleted:false' | python3 -c 'import json, sys; print(json.load(sys.stdin)["count"])')
plant read -k "${prefix}execution" > "$work/keys"
is "every execution is there once" "$(cut -f 3 "$work/keys" | sort -u | wc -l) $(wc -l < "$work/keys")" "$live $live"
run_requeue verify --executions all
assert_result "after that verify passes" 0 "^PASS \\(grade $grade\\)$"

finish
