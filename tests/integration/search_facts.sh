#!/bin/bash
# Evidence for verdicts out of a search store: newest times, children of parents, executions that ended
# beside the pending ones, look-ups over several indices, links and times out of log lines. What is
# expected is computed from the sample's files.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

store=$REQUEUE_TEST_SEARCH
indices="it${run_id}_"
export no_proxy=127.0.0.1

# shellcheck disable=SC2317 # it is the trap's
leave() {
    local index
    for index in $(curl -q -sS "$store/_cat/indices/$indices*?h=index&expand_wildcards=all"); do
        curl -q -sS -X DELETE "$store/$index" > "$work/leave"
    done
    cleanup
}
trap leave EXIT

put() { # INDEX ID JSON
    curl -q -sS -f -X PUT -H 'Content-Type: application/json' --data-binary "$3" "$store/$1/_doc/$2?refresh=true" > "$work/put" ||
        not_ok "a document could be planted" "$1/$2"
}

facts() { "$tools/facts" "$store" A --prefix "$indices" "$@" 2> "$work/stderr" || cat "$work/stderr"; }

# expected WHAT [ID...]: the same from the files.
expected() {
    python3 - "$@" <<'EOP'
import gzip, json, re, sys
what, ids = sys.argv[1], sys.argv[2:]
hits = [json.loads(line) for name in ('kestra-es-0.6', 'kestra-es-0.6-logs')
        for line in gzip.open(f'tests/data/{name}.ndjson.gz', 'rt')]
executions = {h['_id']: h['_source'] for h in hits if h['_index'] == 'kestra_executions'}
triggers = [h['_source'] for h in hits if h['_index'] == 'kestra_triggers']
logs = [h['_source'] for h in hits if h['_index'] == 'kestra_logs']

def ms(date):
    return re.sub(r'(\.\d{1,9})?Z$', lambda m: (m[1] or '.').ljust(4, '0')[:4] + 'Z', date)

def dates(e):
    for state in [e['state']] + [run['state'] for run in e.get('taskRunList') or []]:
        yield from (ms(h['date']) for h in state['histories'])

def parent(e):
    return ((e.get('trigger') or {}).get('variables') or {}).get('executionId')

live = {i: e for i, e in executions.items() if not e['deleted']}
if what == 'newest':
    print('execution', max(d for e in live.values() for d in dates(e)))
    print('trigger', max(ms(t['date']) for t in triggers))
    print('log', max(ms(l['timestamp']) for l in logs))
elif what == 'parents':  # whose children the type calls
    print(*sorted({parent(e) for e in live.values() if parent(e) and e['trigger']['type'] == ids[0]}))
elif what == 'children':
    print(*sorted(i for i, e in live.items() if parent(e) in ids[1:] and ids[0] in ('any', e['trigger']['type'])), sep='\n')
elif what == 'links':
    for l in logs:
        m = re.match("Create new execution for flow .* with id '(.*?)' from", l['message'])
        if m and l['executionId'] in ids:
            print(m[1], l['executionId'], l['taskRunId'])
elif what == 'times':  # the middle of all lines
    print(sorted(ms(l['timestamp']) for l in logs)[len(logs) // 2])
elif what == 'log-newest':
    for i in ids:
        times = [ms(l['timestamp']) for l in logs if l['executionId'] == i and l.get('taskRunId')]
        if times:
            print(i, max(times))
elif what == 'names':
    names = {(l['executionId'], l['namespace'], l['flowId']) for l in logs
             if l.get('taskRunId') and l.get('executionId') and ms(l['timestamp']) >= ids[0]}
    print(*sorted(' '.join(name) for name in names), sep='\n')
elif what == 'ended':
    print(*sorted(i for i, e in live.items() if e['state']['current'] == 'SUCCESS')[:int(ids[0])])
elif what == 'all':
    print(*sorted(executions))
EOP
}

subflow=io.kestra.core.tasks.flows.Flow
flow_trigger=io.kestra.core.models.triggers.types.Flow
read -ra of_subflow <<< "$(expected parents $subflow)"
read -ra of_trigger <<< "$(expected parents $flow_trigger)"
read -ra ended <<< "$(expected ended 3)"
read -ra all <<< "$(expected all)"
is "the sample has parents of both types" "$((${#of_subflow[@]} > 1 && ${#of_trigger[@]} > 10))" 1

for how in '' --daily; do
    scripts/load-search-sample --prefix "$indices" --shards 2 --logs $how > "$work/load"
    said=${how:-one index}
    is "$said: the newest times are those of the documents" "$(facts newest)" "$(expected newest)"
    is "$said: children of a type" \
        "$(facts --type $subflow children "${of_subflow[@]}" "${of_trigger[@]}" | sort)" \
        "$(expected children $subflow "${of_subflow[@]}" "${of_trigger[@]}")"
    is "$said: children of any type" "$(facts children "${of_subflow[@]}" "${of_trigger[@]}" | sort)" \
        "$(expected children any "${of_subflow[@]}" "${of_trigger[@]}")"
    is "$said: an inner class is its outer class's" "$(facts --type io.kestra.core.models.triggers.types children "${of_trigger[@]}")" ''
    is "$said: children that began too early are none" \
        "$(facts --type $flow_trigger --since 2099-01-01T00:00:00.000Z children "${of_trigger[@]}")" ''
    is "$said: look-ups find what ended and what is deleted" "$(facts ids "${all[@]}" | grep -v selected | sort | paste -sd' ')" "${all[*]}"
    facts also > "$work/pending"
    facts also "${ended[@]}" "${ended[0]}" nobody > "$work/also"
    is "$said: what ended comes beside the pending ones, once" \
        "$(sort "$work/pending" "$work/also" | uniq -u | grep -v selected | paste -sd' ')" "${ended[*]}"
    is "$said: and is counted" "$(($(sed -n 's/^selected //p' "$work/also") - $(sed -n 's/^selected //p' "$work/pending")))" 3
    is "$said: links are those of the log lines" "$(facts links "${of_subflow[@]}" "${ended[@]}" | sort)" \
        "$(expected links "${of_subflow[@]}" "${ended[@]}" | sort)"
    is "$said: the newest lines that name a task run" "$(facts log-newest "${all[@]}" | sort)" "$(expected log-newest "${all[@]}" | sort)"
    since=$(expected times)
    is "$said: executions that lines name" "$(facts --since "$since" log-names | LC_ALL=C sort)" "$(expected names "$since" | LC_ALL=C sort)"
    is "$said: names of old lines do not come" "$(facts --since 2099-01-01T00:00:00.000Z log-names)" ''
    is "$said: ids of another case are other ids" "$(facts links "${of_subflow[@],,}")$(facts children "${of_subflow[@],,}")" ''
done
is "there are log lines of most executions" "$(($(facts log-newest "${all[@]}" | wc -l) > 100))" 1

# Two copies of one child in two days; the later one is deleted.
day=${indices}executions-2023-02
inner=$subflow\$Inner
child='"id":"twice","namespace":"lab.core","flowId":"f","flowRevision":1,"trigger":{"id":"t","type":"'$inner'","variables":{"executionId":"'${of_subflow[0]}'"}},"state":{"startDate":"2026-11-22T14:00:00Z","current":"SUCCESS"'
put "$day-15" twice "{$child,\"histories\":[{\"state\":\"CREATED\",\"date\":\"2026-11-22T14:00:00Z\"}]},\"deleted\":false}"
is "the child of an inner class is found" "$(facts --type $subflow children "${of_subflow[0]}" | grep -c twice)" 1
put "$day-16" twice "{$child,\"histories\":[{\"state\":\"CREATED\",\"date\":\"2026-11-22T14:00:00Z\"},{\"state\":\"RUNNING\",\"date\":\"2026-11-22T14:00:01Z\"}]},\"deleted\":false}"
is "a child in two indices is one child" "$(facts --type $subflow children "${of_subflow[0]}" | grep -c twice)" 1
is "and one look-up" "$(facts ids twice | grep -c twice)" 1
put "$day-16" twice "{$child,\"histories\":[{\"state\":\"CREATED\",\"date\":\"2026-11-22T14:00:00Z\"},{\"state\":\"RUNNING\",\"date\":\"2026-11-22T14:00:01Z\"}]},\"deleted\":true}"
is "a child whose later copy is deleted is none" "$(facts --type $subflow children "${of_subflow[0]}" | grep -c twice)" 0

# Newer than all else: a task run of a deleted execution, and one of a live one.
newer='"namespace":"lab.core","flowId":"f","flowRevision":1,"state":{"current":"RUNNING","startDate":"2026-11-22T14:00:00Z","histories":[]},"taskRunList":[{"id":"r","state":{"histories":[{"state":"CREATED","date":"2031-01-01T00:00:00.0015Z"}]}}]'
put "$day-16" newer "{\"id\":\"newer\",$newer,\"deleted\":true}"
is "what is deleted is not newest" "$(facts newest)" "$(expected newest)"
put "$day-16" newer "{\"id\":\"newer\",$newer,\"deleted\":false}"
is "task runs count" "$(facts newest | head -1)" 'execution 2031-01-01T00:00:00.001Z'

# The words of a later Kestra, and more lines than a page.
python3 - "$store" "${indices}logs" <<'EOP'
import json, sys, urllib.request
url, index = sys.argv[1:]
lines = []
for i in range(2500):
    lines += [json.dumps({'index': {}}), json.dumps({
        'executionId': 'Many', 'taskRunId': f'r{i}', 'timestamp': '2026-11-22T14:00:00Z',
        'message': f'Created new execution [[link execution="c{i}" flowId="f" namespace="n"]]'})]
lines += [json.dumps({'index': {}}), json.dumps({'executionId': 'Many', 'timestamp': '2031-11-22T14:00:00Z', 'message': 'no task run'})]
urllib.request.urlopen(urllib.request.Request(f'{url}/{index}/_bulk?refresh=true', '\n'.join(lines + ['']).encode(),
                                              {'Content-Type': 'application/x-ndjson'})).read()
EOP
is "links of many pages come all" "$(facts links Many | sort -u | wc -l)" 2500
is "an execution is named once however many lines it has" "$(facts --since 2026-11-22T13:59:00.000Z log-names | grep -c '^Many ')" 1
is "a link of a later Kestra" "$(facts links Many | grep '^c7 ')" 'c7 Many r7'
is "a line without a task run is no evidence" "$(facts log-newest Many)" 'Many 2026-11-22T14:00:00.000Z'
# What the newest lines name and the store has not; older lines are of no use.
put "${indices}logs" lost '{"executionId":"Vanished1","taskRunId":"r","namespace":"lab.core","flowId":"seq","timestamp":"2031-01-01T00:00:01Z","message":"x"}'
put "${indices}logs" long-lost '{"executionId":"Vanished2","taskRunId":"r","namespace":"lab.core","flowId":"seq","timestamp":"2030-01-01T00:00:01Z","message":"x"}'
judge() { run_bare executions --store "$store" --index-prefix "$indices" --no-progress "$@"; }
judge --format json
is "without --with-logs nothing is lost" "$(grep -c execution-lost "$stdout")" 0
judge --format json --with-logs --code execution-lost
is "an execution that only a log line names is told as lost" \
    "$(python3 -c 'import json, sys
for e in map(json.loads, sys.stdin): print(e["id"], e["namespace"], e["flow"], e["verdict"], *e["codes"], *e["rows"], e["emitted"])' < "$stdout")" \
    'Vanished1 lab.core seq blocked execution-lost D02 False'
judge --with-logs
assert_result "and counted apart" 0 '^execution-lost +1 +blocked' '^1 lost: logs or links name it'

is "no context is left open" "$(curl -q -sS "$store/_nodes/stats/indices/search" | grep -o '"open_contexts":[1-9]')" ''

curl -q -sS -X DELETE "$store/${indices}logs" > "$work/api"
is "without logs they are not known" "$(facts newest | tail -1)" 'log -'
is "and no links can be told" "$(facts links a | grep -c "there is no index ${indices}logs (name it with --index log=NAME, or do without --with-logs)")" 1
is "nor times" "$(facts log-newest a | grep -c "there is no index ${indices}logs")" 1
put "${indices}bare" 1 '{"executionId":"a","taskRunId":"r","message":"x"}'
is "an index that is not Kestra's is said" "$(facts --index "log=${indices}bare" links a | grep -c 'does not map executionId and taskRunId as keywords')" 1
finish
