#!/bin/bash
# Snapshot of Kestra's indices, their loss, restore: the same documents again, byte for byte, and from
# them the topics, proven; and what both tools refuse. On the server of $REQUEUE_TEST_SEARCH, of any flavour:
#
#   scripts/with-search os2 bash tests/integration/search_seed.sh
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

search=$REQUEUE_TEST_SEARCH
indices="it${run_id}_"
repository=seed-$run_id
export no_proxy=127.0.0.1
unset REQUEUE_STORE REQUEUE_STORE_USER REQUEUE_STORE_PASSWORD
# A home without a .netrc, unless a test makes one.
export HOME=$work/home
mkdir "$HOME"

api() { # METHOD PATH [BODY]
    curl -q -sS -f -X "$1" ${3:+-H 'Content-Type: application/json' --data-binary "$3"} "$search$2"
}

drop() {
    local index
    for index in $(api GET "/_cat/indices/$indices*?h=index&expand_wildcards=all"); do
        api DELETE "/$index" > "$work/api"
    done
}

# shellcheck disable=SC2317 # it is the trap's
leave() {
    drop 2> "$work/leave"
    api DELETE "/_snapshot/$repository" > "$work/leave" 2>&1
    cleanup
}
trap leave EXIT

# tool NAME ARGUMENT...: a seed tool with the test's server and indices.
tool() {
    local name=$1
    shift
    command_line="$name $*"
    status=0
    "scripts/$name" --url "$search" --indices "$indices*" "$@" > "$stdout" 2> "$stderr" < /dev/null || status=$?
    cat "$stdout" "$stderr" > "$said"
}

# What the indices hold: index, id and the very text of _source, sorted.
contents() {
    python3 - "$search" "$indices" <<'EOP'
import json, sys, urllib.request
url, prefix = sys.argv[1:]
urllib.request.urlopen(urllib.request.Request(f'{url}/{prefix}*/_refresh', method='POST')).read()
text = urllib.request.urlopen(f'{url}/{prefix}*/_search?size=10000').read()
lines, at, decoder = [], 0, json.JSONDecoder()
text = text.decode()
while (at := text.find('{"_index":"' + prefix, at)) >= 0:
    hit, end = decoder.raw_decode(text, at)
    start = text.index('"_source":', at) + len('"_source":')
    _, source_end = decoder.raw_decode(text, start)
    lines.append(f'{hit["_index"][len(prefix):]} {hit["_id"]} {text[start:source_end]}')
    at = end
print(*sorted(lines), sep='\n')
EOP
}

holds "the sample is loaded, executions as daily indices" scripts/load-search-sample --prefix "$indices" --daily --shards 2
contents > "$work/loaded"
is "all documents of the sample are there" "$(wc -l < "$work/loaded")" "$(gzip -dc tests/data/kestra-es-0.6.ndjson.gz | wc -l)"
gzip -dc tests/data/kestra-es-0.6.ndjson.gz |
    sed 's/^{"_index":"kestra_[^"]*","_id":"\([^"]*\)".*"_seq_no":[0-9]*,"_source":\(.*\)}$/\1 \2/' | sort > "$work/in_file"
cut -d' ' -f2- "$work/loaded" | sort > "$work/in_store"
holds "each _source in the store is the file's, byte for byte" cmp "$work/in_file" "$work/in_store"

# ---- what is refused before anything happens -----------------------------------------------------------

tool snapshot-elasticsearch --repository "$repository" --snapshot one
assert_result "a repository that does not exist is an error of usage" 1 "there is no repository $repository; there are: " '--location'
tool snapshot-elasticsearch --repository "$repository" --snapshot one --location /elsewhere
assert_result "a place outside path.repo is told with what to do" 6 'cannot be registered: HTTP' 'path.repo'
location=$REQUEUE_TEST_SEARCH_DIR/repo/$repository
tool snapshot-elasticsearch --repository "$repository" --location "$location" --snapshot One
assert_result "a name that the server would not take" 1 "a snapshot's name is"
tool snapshot-elasticsearch --repository "$repository" --location "$location" --snapshot one --indices "${indices}nothing*"
assert_result "nothing to take a snapshot of" 1 "no index matches"
api POST "/${indices}logs/_close" > "$work/api"
tool snapshot-elasticsearch --repository "$repository" --snapshot one
assert_result "a closed index is not left out silently" 5 "closed indices cannot be counted: ${indices}logs\$"
api POST "/${indices}logs/_open" > "$work/api"
api GET "/_cluster/health/${indices}logs?wait_for_status=yellow&timeout=30s" > "$work/api"

# ---- snapshot, loss, restore -----------------------------------------------------------------------------

tool snapshot-elasticsearch --repository "$repository" --snapshot one
assert_result "a snapshot is taken, with counts" 0 "^${indices}flows_revisions +48\$" "snapshot $repository/one is complete"
tool snapshot-elasticsearch --repository "$repository" --snapshot one
assert_result "a snapshot is never overwritten" 5 'there is a snapshot one already'
tool snapshot-elasticsearch --repository "$repository" --location "$location-2" --snapshot two
assert_result "a repository of that name at another place is not replaced" 5 "repository $repository exists, and is another one"
tool restore-elasticsearch --repository "no-$repository" --snapshot one
assert_result "an unknown repository: those that are there are named" 1 "there is no repository no-$repository; there are: .*$repository"
tool restore-elasticsearch --repository "$repository" --snapshot none
assert_result "an unknown snapshot: those that are there are named" 1 "there is no snapshot none in $repository; there are: one\$"

tool restore-elasticsearch --repository "$repository" --snapshot one
assert_result "open indices in the way are named and left alone" 5 \
    "exist and are open: ${indices}executions-2023-02-15, ${indices}executions-2023-02-16, ${indices}flows, " '--close.*--delete'
contents > "$work/after"
holds "nothing has changed" cmp "$work/loaded" "$work/after"

drop
tool restore-elasticsearch --repository "$repository" --snapshot one
assert_result "all lost: restored, and counted equal" 0 "^${indices}flows_revisions +48 +48\$" 'every count is that of the snapshot; next: requeue check'
contents > "$work/after"
holds "the documents are the same, byte for byte" cmp "$work/loaded" "$work/after"
is "the alias is back" "$(api GET "/_cat/aliases/${indices}executions?h=index" | sort | tr -d ' ' | paste -sd' ')" \
    "${indices}executions-2023-02-15 ${indices}executions-2023-02-16"

store=$search
new_prefix
run_requeue rebuild --executions all --index-prefix "$indices"
assert_result "the topics are rebuilt from what was restored" 0 '^PASS \(grade [BC]\)$'
run_requeue verify --executions all --index-prefix "$indices"
assert_result "verify says so too" 0 '^PASS \(grade [BC]\)$' '^execution +145 '

api POST "/${indices}flows/_doc/extra?refresh=true" '{"id":"extra"}' > "$work/api"
tool restore-elasticsearch --repository "$repository" --snapshot one --close
assert_result "--close replaces what is in the way" 0 'every count is that of the snapshot'
api POST "/${indices}flows/_doc/extra?refresh=true" '{"id":"extra"}' > "$work/api"
tool restore-elasticsearch --repository "$repository" --snapshot one --indices "${indices}flows" --delete
assert_result "--delete as well, and only what --indices says" 0 "^${indices}flows +39 +39\$" 'every count'
contents > "$work/after"
holds "the documents are the same again" cmp "$work/loaded" "$work/after"

# ---- counts that differ, counts that are not there -------------------------------------------------------

drop
ask_for="{\"indices\": \"$indices*\", \"include_global_state\": false"
scripts/load-search-sample --prefix "$indices" > "$work/api"
api PUT "/_snapshot/$repository/bare?wait_for_completion=true" "$ask_for}" > "$work/api"
api PUT "/_snapshot/$repository/wrong?wait_for_completion=true" \
    "$ask_for, \"metadata\": {\"requeue\": {\"counts\": {\"${indices}flows\": 40}}}}" > "$work/api"
api PUT "/_snapshot/$repository/sum?wait_for_completion=true" \
    "$ask_for, \"metadata\": {\"requeue\": {\"indices\": 6, \"documents\": 241}}}" > "$work/api"
tool restore-elasticsearch --repository "$repository" --snapshot bare --delete
assert_result "a snapshot without counts: said" 0 'the snapshot has no counts' "^${indices}flows +39 +not recorded\$"
tool restore-elasticsearch --repository "$repository" --snapshot wrong --delete
assert_result "a count that differs is a failure" 2 'the counts differ' "^${indices}flows +39 +40\$"
tool restore-elasticsearch --repository "$repository" --snapshot sum --delete
assert_result "too many indices to name each: the sum is compared" 0 '^together +241 +241$' 'every count'

# ---- who asks ---------------------------------------------------------------------------------------------

# The commands of all processes while the tool waits for an answer that does not come.
python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1], flush=True)
c = s.accept()[0]; print(c.recv(9999).decode(), flush=True); time.sleep(60)' > "$work/silent" &
silent=$!
for _ in {1..100}; do [ ! -s "$work/silent" ] || break; sleep 0.1; done
REQUEUE_STORE_USER=reader REQUEUE_STORE_PASSWORD=$secret scripts/restore-elasticsearch \
    --url "http://127.0.0.1:$(head -n 1 "$work/silent")" --repository r --snapshot s > "$said" 2>&1 &
waiting=$!
for _ in {1..100}; do ! grep -q '^Authorization' "$work/silent" || break; sleep 0.1; done
is "user and password are sent" "$(sed -n 's/^Authorization: Basic \([^ \r]*\).*/\1/p' "$work/silent" | base64 -d)" "reader:$secret"
# First read, then searched: grep's own command line has the secret.
cat /proc/[0-9]*/cmdline 2> "$work/gone" | tr '\0' '\n' > "$work/commands"
holds "curl is among the commands that are running" grep -qx curl "$work/commands"
is "user and password are on no command line" "$(grep -cF "$secret" "$work/commands")" 0
kill "$silent" "$waiting" 2> "$work/gone"
wait "$silent" "$waiting" 2> "$work/gone"

status=0
scripts/snapshot-elasticsearch --url http://127.0.0.1:1 --repository r --snapshot s > "$said" 2>&1 || status=$?
assert_result "a server that is not there" 6 'http://127.0.0.1:1: ' 'is it running'
status=0
scripts/snapshot-elasticsearch --repository r --snapshot s > "$said" 2>&1 || status=$?
assert_result "no server said" 1 'no store' 'REQUEUE_STORE'

finish
