#!/bin/bash
# Daily indices behind an alias, where one execution can have two copies: yesterday's RUNNING copy of an
# execution that ended today must not start it again.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

store=$REQUEUE_TEST_SEARCH
load_search --daily
yesterday=kestra_executions-2023-02-15 today=kestra_executions-2023-02-16

# copy INDEX ID STATE HOUR: an execution that was CREATED at one and came into STATE at HOUR.
copy() {
    search_do PUT "/$1/_doc/$2?refresh=true" "{\"id\":\"$2\",\"namespace\":\"lab.core\",\"flowId\":\"hook\",\"flowRevision\":1,
        \"state\":{\"current\":\"$3\",\"startDate\":\"2023-02-15T01:00:00Z\",\"histories\":[
        {\"state\":\"CREATED\",\"date\":\"2023-02-15T01:00:00Z\"},{\"state\":\"$3\",\"date\":\"$4Z\"}]},\"deleted\":false}"
}

# All of them are relics beside the sample: --max-age 0.
early=2023-02-15T23:59:59.999999998 late=2023-02-16T00:00:00.000000001
copy "$yesterday" ended RUNNING "$early"
copy "$today" ended SUCCESS "$late"
copy "$yesterday" restarted SUCCESS "$early"
copy "$today" restarted RUNNING "$late"
copy "$yesterday" pending RUNNING "$early"
copy "$today" pending PAUSED "$late"
# The index is not what counts: an indexer that was late wrote the older copy into the newer index.
copy "$today" late RUNNING "$early"
copy "$yesterday" late SUCCESS "$late"
# In one index only: nothing else is there to be taken.
copy "$yesterday" alone RUNNING "$early"

# "ID STATE" of the planted ones in the topic.
planted() {
    plant read "${prefix}execution" | python3 -c '
import json, sys
for line in sys.stdin:
    value = json.loads(bytes.fromhex(line.split()[3][1:]))
    if value["id"] in ("ended", "restarted", "pending", "late", "alone"):
        print(value["id"], value["state"]["current"])' | sort | paste -sd ' '
}

# OpenSearch's point in time is sorted, and copies have one _id.
ways=(auto scroll)
[ "$REQUEUE_TEST_SEARCH_FLAVOUR" != os2 ] || ways+=(pit)
for way in "${ways[@]}"; do
    new_prefix
    run_requeue rebuild --executions pending --max-age 0 --read "$way"
    assert_result "--read $way: rebuild --executions pending passes" 0 '^PASS '
    is "--read $way: what ended today is not started again, what is pending comes once, as it is today" \
        "$(planted)" 'alone RUNNING pending PAUSED restarted RUNNING'
    is "--read $way: beside them what is pending in the sample" "$(plant read -k "${prefix}execution" | wc -l)" 4
    run_requeue verify --executions pending --max-age 0 --read "$way"
    assert_result "--read $way: verify --executions pending passes" 0 '^PASS '
    new_prefix
    run_requeue rebuild --executions all --max-age 0 --read "$way"
    assert_result "--read $way: rebuild --executions all passes" 0 '^PASS '
    is "--read $way: of two copies the later one" \
        "$(planted)" 'alone RUNNING ended SUCCESS late SUCCESS pending PAUSED restarted RUNNING'
    is "--read $way: each execution comes once" "$(plant read -k "${prefix}execution" | wc -l)" 150
    run_requeue verify --executions all --max-age 0 --read "$way"
    assert_result "--read $way: verify --executions all passes" 0 '^PASS '
    no_contexts "--read $way"
done

finish
