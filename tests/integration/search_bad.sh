#!/bin/bash
# What is wrong with a search server and what it holds: each has one clear line with what to do next, the
# exit status of its kind, makes nothing in Kafka, and leaves no scroll or point in time open.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

url=$REQUEUE_TEST_SEARCH
place=${url#http://}

# fails SENTENCE STATUS ERROR HINT COMMAND ARGUMENT...: run it, and it fails in these words.
fails() {
    local name=$1 expected=$2 error=$3 hint=$4
    shift 4
    run_requeue "$@"
    assert_told "$name" "$expected" "$error" "$hint"
}

nothing_made() { is "$1: no topic is made" "$(topics_on_disk "$REQUEUE_TEST_KAFKA_DIR")" ''; }

# shellcheck disable=SC2119
load_search
new_prefix

# ---- the server cannot be had --------------------------------------------------------------------

store=http://kestra:$secret@127.0.0.1:1
fails "no server" 6 '127\.0\.0\.1:1.*(refused|connect)' 'running|port' rebuild
store=http://kestra:$secret@no-such-host.invalid:9200
fails "no such host" 6 'no-such-host\.invalid' 'host|name' rebuild
store=http://kestra:$secret@$kafka
fails "Kafka's port" 6 "$kafka.*closed the connection without an answer" 'port' rebuild
store=https://kestra:$secret@$place
fails "https where it speaks http" 6 "$place" 'http://' rebuild
# Something that speaks HTTP and is no search server.
mkdir "$work/www"
python3 -u -m http.server --bind 127.0.0.1 --directory "$work/www" 0 > "$work/www.log" 2>&1 &
for ((i = 0; i < 200; i++)); do
    port=$(sed -n 's/.* port \([0-9]*\) .*/\1/p' "$work/www.log")
    [ -z "$port" ] || break
    sleep 0.05
done
store=http://kestra:$secret@127.0.0.1:$port
fails "a web server" 6 "127\\.0\\.0\\.1:$port.*(neither Elasticsearch nor OpenSearch|as no search server does)" 'port' rebuild
store=$url/path/prefix
fails "a path that nobody serves" 6 "$place" 'path prefix' rebuild

written='write it as https://USER:PASSWORD@HOST:PORT, with special characters of user and password percent-encoded '
# no_url URL ERROR HINT
no_url() {
    store=$1
    fails "no URL: ${store/$secret/...}" 1 "$2" "$3" rebuild
}
no_url "https:/$place" 'the store is not named by a URL$' 'stores are .*http\(s\)://host:9200 .*, and file:PATH'
no_url 'http://' 'cannot be used: a host name is empty or none$' "$written"
no_url "http://u:$secret@h:99999" 'cannot be used: a port is no number from 1 to 65535$' "$written"
no_url "http://u:$secret@h:x" 'cannot be used: a port is no number from 1 to 65535$' "$written"
no_url 'http://h:9200?pretty' 'cannot be used: a \? or # does not belong into it$' "$written"

# ---- not the indices of a Kestra -----------------------------------------------------------------

store=$url
fails "wrong index prefix" 6 'there is no index kestra2_flows' 'indices there are: .*kestra_flows' rebuild --layout A --index-prefix kestra2_
fails "wrong index prefix, and no layout named" 1 'does not say of which Kestra' '--index-prefix' rebuild --index-prefix kestra2_
fails "a wrong index of a kind" 6 'there is no index nix' 'indices there are: .*kestra_triggers' rebuild --index trigger=nix
fails "a name that no index can have" 6 'there is no index A b' 'indices there are: ' rebuild --index 'trigger=A b'
nothing_made "not the indices of a Kestra"
no_contexts "not the indices of a Kestra"

# ---- an index that cannot be read ----------------------------------------------------------------

# Without --unlock none executions would be wanted for the locks of triggers.
# concerns_its_kind STATE INDEX KIND HINT: what wants the kind ends, what does not goes on.
concerns_its_kind() {
    local state=$1 index=$2 kind=$3 hint=$4 how others=flow,template,execution
    [ "$kind" = trigger ] || others=flow,template,trigger
    new_prefix
    fails "a $state index of a kind that is selected: plan" 6 "index $index is $state" "$hint" plan --layout A --executions all --kinds "$kind"
    fails "a $state index of a kind that is selected: rebuild" 6 "index $index is $state" "$hint" rebuild --layout A --executions all
    nothing_made "a $state $index"
    for how in auto scroll; do
        new_prefix
        run_requeue rebuild --layout A --executions all --unlock none --kinds "$others" --read "$how" --report "$work/report.json"
        assert_result "a $state index of a kind that is not selected, --read $how: rebuild passes" 0 '^PASS '
        is "a $state index is told in the report" "$(kind=$kind python3 -c '
import json, os, sys
place = next(p for p in json.load(sys.stdin)["store"]["indices"] if p["kind"] == os.environ["kind"])
print(place["health"], *place["found"])' < "$work/report.json")" "$state $index"
    done
    run_requeue verify --layout A --executions all --unlock none --kinds "$others"
    assert_result "a $state index of a kind that is not selected: verify passes" 0 '^PASS '
    new_prefix
    run_requeue plan --layout A --executions all --unlock none --kinds "$others"
    assert_result "a $state index of a kind that is not selected: plan names it" 2 "$index: cannot be read: index $index is $state\$" '^PLAN: '
    no_contexts "a $state $index"
}

search_do POST /kestra_triggers/_close
concerns_its_kind closed kestra_triggers trigger 'POST /kestra_triggers/_open'
new_prefix
run_requeue plan --kinds flow
assert_result "a closed index and no layout named: the band is guessed without it, which is said" 2 \
    '^requeue: warning: index kestra_triggers is closed: .*--layout' '^PLAN: '
search_do POST /kestra_triggers/_open
search_do POST /kestra_executions/_close
concerns_its_kind closed kestra_executions execution 'POST /kestra_executions/_open'
new_prefix
run_requeue rebuild --layout A --executions none --unlock none --report "$work/report.json"
assert_result "executions that are neither selected nor to be counted: rebuild passes, and says so" 0 \
    '^execution: not selected and not counted' '^PASS '
is "executions that could not be counted: null in the report" "$(json_at "$work/report.json" executions_in_store)" null
search_do POST /kestra_executions/_open
# No node is allowed to hold it.
search_do DELETE /kestra_triggers
search_do PUT '/kestra_triggers?wait_for_active_shards=0&timeout=1s' \
    '{"settings": {"index.number_of_replicas": 0, "index.routing.allocation.require._name": "nobody"}}'
concerns_its_kind red kestra_triggers trigger '_cluster/allocation/explain'
new_prefix
run_requeue plan --kinds flow
assert_result "a red index and no layout named: the band is guessed without it, which is said" 2 \
    '^requeue: warning: index kestra_triggers is red: .*--layout' '^PLAN: '
# shellcheck disable=SC2119
load_search
new_prefix

# ---- documents that are none ---------------------------------------------------------------------

search_do PUT '/kestra_templates/_doc/lab.core_bare?refresh=true' '{"namespace": "lab.core", "deleted": false}'
search_do PUT '/kestra_templates/_doc/lab.core_other?refresh=true' \
    '{"namespace": "lab.core", "id": "named", "tasks": [{"id": "t", "type": "x.Y"}], "deleted": false}'
run_requeue rebuild --report "$work/report.json"
assert_result "documents that are none: rebuild goes on, and says so" 3 'lab\.core_bare' 'lab\.core_other' '^PASS .*2 '
is "documents that are none are counted" "$(json_at "$work/report.json" results.template.skipped)" 2
run_requeue verify
assert_result "documents that are none: verify lists them as well" 3 'lab\.core_bare' 'lab\.core_other'
no_contexts "documents that are none"
# shellcheck disable=SC2119
load_search

# ---- the server has no room for readers ----------------------------------------------------------

load_search --clone 12000 --light --shards 2
search_do PUT /_cluster/settings '{"transient": {"search.max_open_scroll_context": 1}}'
new_prefix
run_requeue rebuild --executions all --read scroll --jobs 2 --no-progress
assert_result "too many scrolls" 6 '^requeue: error: .*too many scroll contexts' '^requeue: hint: .*max_open_scroll_context.*--jobs 1'
search_do PUT /_cluster/settings '{"transient": {"search.max_open_scroll_context": null}}'
no_contexts "too many scrolls"

# ---- nothing -------------------------------------------------------------------------------------

# shellcheck disable=SC2119
load_search
for index in flows flows_revisions templates triggers executions; do
    search_do DELETE "/kestra_$index"
    search_do PUT "/kestra_$index" '{"mappings": {"dynamic": false, "properties": {"namespace": {"type": "keyword"},
        "deleted": {"type": "boolean"}, "state": {"properties": {"current": {"type": "keyword"}}}}}}'
done
new_prefix
run_requeue plan --layout A
assert_result "Kestra's indices, but nothing in them" 2 '^warning: the store holds no document' '^PLAN: 0 records'
for index in flows flows_revisions templates triggers executions logs; do
    search_do DELETE "/kestra_$index"
done
fails "an empty server" 6 'there is no index kestra_' 'indices there are: none' rebuild --layout A
search_do PUT '/shop_orders/_doc/1?refresh=true' '{"sum": 3}'
fails "another application's indices" 6 'there is no index kestra_' 'indices there are: shop_orders' rebuild --layout A
search_do DELETE /shop_orders
nothing_made "nothing"
no_contexts "nothing"

finish
