#!/bin/bash
# What a staging copy refuses, each with one line.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

bad=$work/bad.yml
rules=$work/rules.yml
echo "namespaces: [{ from: io.kestra.cap, to: stg.cap }]" > "$rules"
new_db kestra-0.20
new_prefix
run_requeue verify --neutral
assert_told "verify needs the seed" 1 'verify needs the seed of the rebuild' 'cannot be verified'
run_requeue rebuild --neutral --resume
assert_told "--resume needs the seed" 1 'resume needs the seed' 'cannot be resumed'
run_requeue rebuild --neutral --staging-seed-file "$work/none"
assert_told "a seed file that is missing" 1 'staging-seed-file.*none'
run_requeue rebuild --neutral --executions pending
assert_told "executions that would go on" 1 'would go on' '--executions all'
run_requeue rebuild --staging "$work/none.yml"
assert_told "a file of rules that is missing" 1 'option --staging.*none.yml'
echo 'mask: [{ kind: execution, path: /flowId, do: drop }]' > "$bad"
run_requeue plan --staging "$bad"
assert_told "a rule that breaks a mandatory member" 1 'bad.yml:1: .*would break /flowId' 'renamed with'
# Two flows and two triggers that would become one.
sql -c "insert into flows (key, value, source_code) select replace(key, 'io.kestra.cap', 'stg.cap'), jsonb_set(value, '{namespace}', '\"stg.cap\"'), source_code
    from flows" -c "insert into triggers (key, value) select replace(key, 'io.kestra.cap', 'stg.cap'), jsonb_set(value, '{namespace}', '\"stg.cap\"')
    from triggers" > /dev/null
run_requeue rebuild --staging "$rules" --kinds flow
assert_told "flows that would become one" 5 'different flows have one key.*nothing was sent' 'names that the store does not have'
run_requeue rebuild --staging "$rules" --kinds trigger
assert_told "triggers that would become one" 5 'two documents of the kind trigger have the key.*nothing was sent' 'names that'
is "nothing of all that made a topic" "$(topic_names | grep -c flow)" 0
# The topics of production: in the layout's prefix, or in that of Kestra's own file.
printf 'kestra:\n  kafka:\n    defaults:\n      topic-prefix: %s\n' "$prefix" > "$work/application.yml"
run_requeue rebuild --kinds flow --report "$work/cluster.json"
run_requeue rebuild -c "$work/application.yml" --neutral --kinds flow --recreate --confirm "$(json_at "$work/cluster.json" cluster)"
assert_result "production's prefix is refused, even with --recreate" 5 'named as production'
new_prefix
run_requeue rebuild -c "$work/application.yml" --neutral
assert_result "another prefix is not; --neutral alone needs no seed" 0 '^PASS \(grade A\)$' 'a seed of this run only'
is "and no execution is sent" "$(plant read "${prefix}execution" 2> /dev/null | wc -l)" 0

finish
