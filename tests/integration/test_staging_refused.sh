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
assert_told "a file of rules that is missing" 1 'option --staging.*none.yml' 'Refresh staging'
echo 'mask: [{ kind: execution, path: /flowId, do: drop }]' > "$bad"
run_requeue plan --staging "$bad"
assert_told "a rule that breaks a mandatory member" 1 'bad.yml:1: .*would break /flowId' 'renamed with'
echo 'mask: [{ kind: flow, path: /namespace, do: pseudonym }]' > "$bad"
run_requeue plan --staging "$bad"
assert_told "a rule that breaks a key" 1 'bad.yml:1: .*would break /namespace' 'renamed with'
echo 'masks: []' > "$bad"
run_requeue plan --staging "$bad"
assert_told "a rule that nobody knows" 1 'bad.yml:1: the rule "masks" is not known; nearest: mask '
printf '%s\n' 'mask:' '  - { kind: flow, path: /descripton, do: drop }' '  - { kind: flow, path: /tasks/**/formatt, do: drop }' > "$bad"
run_requeue plan --staging "$bad"
assert_result "paths that match nothing are told with the nearest" 2 \
    'warning: .*bad.yml:2: mask flow /descripton: drop matched nothing; the nearest that does: /description$' \
    'warning: .*bad.yml:3: mask flow /tasks/\*\*/formatt: drop matched nothing; the nearest that does: /tasks/\*\*/format$'
# One document, before and after.
echo "namespaces: [{ from: prod, to: stg }]
mask: [{ kind: flow, path: /tasks/**/password, do: text, text: X }]" > "$bad"
flow='{"id":"f","namespace":"prod.a","revision":2,"tasks":[{"id":"t","type":"x.Y","password":"'$secret'","script":"call\nprod.main"}],"deleted":false}'
mask() { # requeue mask with the document as its input
    command_line="requeue mask $*" status=0
    "$program" mask "$@" > "$stdout" 2> "$stderr" <<< "$document" || status=$?
    cat "$stdout" "$stderr" > "$said"
}
document=$flow
mask "$bad"
assert_result "mask shows a document before and after, its key, what was left and which rules ran" 0 '^before: .*sw0rdfish' \
    '^key:    stg.a_f_2$' '^after:  .*"namespace":"stg.a".*"password":"X"' '^left:   /tasks/0/script \(text\)$' \
    '1  mask flow /tasks/\*\*/password: text$' '1  rename namespace prod: stg$'
is "after it the secret is gone" "$(grep '^after:' "$stdout" | grep -c "$secret")" 0
mask "$bad" --format json
is "mask as JSON says the same" "$(json_at "$stdout" after.tasks.0.password) $(json_at "$stdout" key) $(json_at "$stdout" staging.left)" "X stg.a_f_2 1"
document='{"id":'
mask "$bad"
assert_told "mask of what is no JSON" 1 'the document on stdin' 'one JSON object'
document='{"a":1}'
mask "$bad"
assert_told "mask of what is no document of Kestra's" 1 '--kind'
document=$flow
mask "$bad" --staging-seed-file "$work/none"
assert_told "mask with a seed file that is missing" 1 'staging-seed-file.*none'
# Two flows and two triggers that would become one.
sql -c "insert into flows (key, value, source_code) select replace(key, 'io.kestra.cap', 'stg.cap'), jsonb_set(value, '{namespace}', '\"stg.cap\"'), source_code
    from flows" -c "insert into triggers (key, value) select replace(key, 'io.kestra.cap', 'stg.cap'), jsonb_set(value, '{namespace}', '\"stg.cap\"')
    from triggers" > /dev/null
run_requeue rebuild --staging "$rules" --kinds flow
assert_told "flows that would become one" 5 'different flows have one key.*nothing was sent' 'names that the store does not have'
sql -c "insert into templates (key, value) select replace(key, 'io.kestra.cap', 'stg.cap'), jsonb_set(value, '{namespace}', '\"stg.cap\"')
    from templates" > /dev/null
run_requeue rebuild --staging "$rules" --kinds template
assert_told "templates that would become one" 5 'two documents of the kind template have the key.*nothing was sent' 'names that'
run_requeue rebuild --staging "$rules" --kinds trigger
assert_told "triggers that would become one" 5 'two documents of the kind trigger have the key.*nothing was sent' 'names that'
is "nothing of all that made a topic" "$(topic_names)" ""
# The topics of production: in the layout's prefix, or in that of Kestra's own file.
printf 'kestra:\n  kafka:\n    defaults:\n      topic-prefix: %s\n' "$prefix" > "$work/application.yml"
run_requeue rebuild --kinds flow --report "$work/cluster.json"
run_requeue rebuild -c "$work/application.yml" --neutral --kinds flow --recreate --confirm "$(json_at "$work/cluster.json" cluster)"
assert_result "production's prefix is refused, even with --recreate" 5 'named as production'
# Its topics of triggers do not exist yet, or are empty: they are production's all the same.
run_requeue rebuild -c "$work/application.yml" --neutral --kinds trigger
assert_result "so it is when only another topic of production's holds records" 5 'topic .*flow.* named as production'
is "no trigger was sent there" "$(plant read "${prefix}trigger" 2> /dev/null | wc -l)" 0
# A prefix of its own for topics, production's for groups.
production=$prefix
scripts/kafka-tool ConsumerGroupCommand --group "${production}executor_main" --topic "${production}flow" --reset-offsets --to-earliest \
    --execute > "$work/group" 2>&1 || cat "$work/group"
printf 'kestra:\n  kafka:\n    defaults:\n      consumer-prefix: %s\n' "$production" > "$work/groups.yml"
run_bare rebuild --store "$store" --kafka "$kafka" -c "$work/groups.yml" --topic-prefix "${production}stg-" --neutral
assert_result "production's consumer groups are refused" 5 \
    "^refused: staging: consumer group ${production}executor_main is there and named as production's; give staging a --consumer-prefix of its own$"
new_prefix
run_requeue rebuild -c "$work/application.yml" --neutral
assert_result "another prefix is not; --neutral alone needs no seed" 0 '^PASS \(grade A\)$' 'a seed of this run only' \
    '--executions all sends those that have ended$'
is "and no execution is sent" "$(plant read "${prefix}execution" 2> /dev/null | wc -l)" 0

finish
