#!/bin/bash
# The configuration file of a Kestra on Kafka and Elasticsearch is all that a plan needs.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

unset "${!KESTRA_@}"
# shellcheck disable=SC2119
load_search
new_prefix
# Kestra's file as it was, with the test's servers and names.
sed -e "s|127\.0\.0\.1:39092|$kafka|" -e "s|http://127\.0\.0\.1:39200|[\"$REQUEUE_TEST_SEARCH\"]|" \
    -e "s|^    defaults:\$|&\\n      topic-prefix: $prefix\\n      consumer-prefix: $prefix|" tests/data/application-0.6.yml > "$work/application.yml"

run_bare check -c "$work/application.yml"
assert_result "check finds store and Kafka by the file" 0 '^store  *(Elasticsearch|OpenSearch) [0-9.]+' '^layout  band A, ' '^CHECK: good$'
run_bare -c "$work/application.yml" plan
assert_result "plan works with nothing but the file" 2 '^PLAN: [0-9]+ records to send, [0-9]+ topics to make'
assert_line "${prefix}execution +16 x " "topics have the partitions of the file"
assert_line "^    /opt/kestra/kestra/kafka-streams/${prefix}executor_main\$" "the state directories are where the file has them"
assert_line "save a copy, then delete\\), by $work/application.yml:[0-9]+:\$" "and it is told who says so"
run_bare config -c "$work/application.yml"
assert_result "config tells the server and its origin" 0 "^store +$REQUEUE_TEST_SEARCH +$work/application.yml:[0-9]+$"
no_contexts "check and plan"

finish
