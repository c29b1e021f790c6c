#!/bin/bash
# A staging copy from a search server: secrets in its documents, and the runbook's way from a snapshot.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2119
load_search
store=$REQUEUE_TEST_SEARCH
echo "0123456789abcdef0123456789abcdef" > "$work/seed"
printf '%s\n' 'flows: disabled' 'namespaces: [{ from: lab, to: stg }]' 'mask: [{ kind: flow, path: /description, do: drop }, { kind: execution, path: /inputs/country, do: keep }]' > "$work/rules.yml"
python3 tests/integration/staged.py plant "$store" > "$work/secrets"
holds "secrets are planted" test "$(wc -l < "$work/secrets")" -gt 500
mkdir "$work/out"
new_prefix
run_requeue rebuild --staging "$work/rules.yml" --staging-seed-file "$work/seed" --executions all --report "$work/out/rebuild.json"
assert_result "a staging copy is made and proven" 0 '^PASS \(grade [BC]\)$' 'rename namespace lab: stg'
cp "$said" "$work/out/rebuild.said"
run_requeue verify --like "$work/out/rebuild.json" --staging-seed-file "$work/seed"
assert_result "verify --like passes" 0 '^PASS \(grade [BC]\)$'
read_topics "$work/out/topics"
python3 tests/integration/staged.py decode "$work/out/topics"
if grep -rqaF -f "$work/secrets" "$work/out"; then not_ok "no secret is in topics or reports"; else ok "no secret is in topics or reports"; fi
holds "nothing runs by itself, every name is renamed" python3 tests/integration/staged.py neutral "$work/out/topics" stg

# shellcheck disable=SC2119
load_search
new_prefix
export PRODUCTION=$store STAGING=$store LOCATION=$REQUEUE_TEST_SEARCH_DIR/repo/staging-$run_id SNAPSHOT=staging-$run_id
follow_runbook "Elasticsearch" 1 3 4 5 6

finish
