#!/bin/bash
# One real Kestra 0.6, at one moment: the topics rebuilt from its Elasticsearch are those that it had in
# its own Kafka (partition, key and canonical value of the last record of each key), but for the
# differences that are named here.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

store=$REQUEUE_TEST_SEARCH
# shellcheck disable=SC2119
load_search

# Deleting a template tells Kafka nothing: its last record there is the living one (data-model 3.6).
# A deleted execution is not sent: Kestra has nothing to do with it any more.
# (sourceCode and labelsMap, which only the indices have, are cut off; then there is no difference.)
cat > "$work/named" <<END
template lab.core_tpldel only in Kestra's Kafka
execution $(search_ask GET '/kestra_executions/_search?q=deleted:true&_source=false' | sed 's/.*"_id":"\([^"]*\)".*/\1/') only in Kestra's Kafka
END

new_prefix
run_requeue rebuild --executions all
assert_result "rebuild passes" 0 '^PASS '
read_topics "$work/topics"
is "every kind has records" "$(wc -l < "$work/topics/flow") $(wc -l < "$work/topics/flow-last") $(wc -l < "$work/topics/template") $(wc -l < "$work/topics/trigger") $(wc -l < "$work/topics/execution")" '48 39 2 5 145'
holds "the rebuilt topics are what Kestra had, but for the named differences" \
    python3 tests/integration/search_expect.py kafka "$work/topics" "$work/named"

finish
