#!/bin/bash
# A staging copy from a search server: secrets in its documents, and the runbook's way from a snapshot.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/staging_lib.sh
. "$(dirname "$0")/staging_lib.sh"

# shellcheck disable=SC2119
load_search
store=$REQUEUE_TEST_SEARCH
cat > "$rules" <<'RULES'
flows: disabled
namespaces: [{ from: lab, to: stg }]
mask:
  - { kind: flow, path: /description, do: drop }
  - { kind: flow, path: /tasks/**/body, do: pseudonym }
  - { kind: execution, path: /inputs/country, do: keep }
RULES
python3 tests/integration/staged.py plant "$store" > "$work/secrets"
holds "secrets are planted" test "$(wc -l < "$work/secrets")" -gt 500
new_out
new_prefix
stage rebuild --staging-seed-file "$work/seed" --report-html "$work/out/page.html" --verbose
assert_result "a staging copy is made and proven" 0 '^PASS \(grade [BC]\)$' 'rename namespace lab: stg'
cp "$said" "$work/out/rebuild.said"
run_requeue verify --like "$work/out/rebuild.json" --staging-seed-file "$work/seed"
assert_result "verify --like passes" 0 '^PASS \(grade [BC]\)$'
cp "$said" "$work/out/verify.said"
decoded "$work/out/topics"
no_secret "no secret is in topics, reports or what was said" "$work/out"
holds "where production's namespace is left is what is listed" \
    python3 tests/integration/staged.py names "$work/out/topics" lab "$work/out/rebuild.staging.jsonl"
holds "nothing runs by itself, every name is renamed" python3 tests/integration/staged.py neutral "$work/out/topics" stg

# shellcheck disable=SC2119
load_search
new_prefix
export PRODUCTION=$store STAGING=$store LOCATION=$REQUEUE_TEST_SEARCH_DIR/repo/staging-$run_id SNAPSHOT=staging-$run_id
follow_runbook "Elasticsearch" 1 3 4 5 6

finish
