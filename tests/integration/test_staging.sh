#!/bin/bash
# A staging copy on real servers: from databases of real Kestras, with more than 10,000 secrets planted in
# each, and none of them in any topic, report, log or temporary file afterwards.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

rules=$work/rules.yml
cat > "$rules" <<'RULES'
flows: disabled
namespaces:
  - { from: io.kestra.cap, to: stg.cap }
mask:
  - { kind: flow, path: /description, do: text, text: "a flow of production" }
  - { kind: flow, path: /variables, do: pseudonym }
  - { kind: flow, path: /variables/deep, do: drop }
  - { kind: execution, path: /inputs/country, do: keep }
RULES
echo "0123456789abcdef0123456789abcdef" > "$work/seed"
echo "fedcba9876543210fedcba9876543210" > "$work/other-seed"

stage() { # requeue COMMAND with the rules
    local command=$1
    shift
    run_requeue "$command" --staging "$rules" --executions all --report "$work/out/$command.json" "$@"
}

# No secret in what is below the folders.
no_secret() { # SENTENCE FOLDER...
    local name=$1
    shift
    if grep -rqaF -f "$work/secrets" "$@"; then
        not_ok "$name" "$(grep -raF -m 3 -f "$work/secrets" "$@" | cut -c 1-600)"
    else
        ok "$name"
    fi
}

copy() { # sample, executions more, secrets at least
    new_db "$1"
    [ "$2" = 0 ] || sql -v "n=$2" -f tests/data/clone-executions.sql > /dev/null
    sql -f tests/data/plant-secrets.sql > /dev/null
    sql -c 'select secret from secrets' > "$work/secrets"
    holds "$1: $3 secrets are planted" test "$(sort -u "$work/secrets" | wc -l)" -ge "$3"
    rm -rf "$work/out" && mkdir "$work/out"
    new_prefix
    stage plan --staging-seed-file "$work/seed"
    assert_result "$1: plan shows the rules" 2 'mask flow /description: text' 'rename namespace io.kestra.cap: stg.cap'
    cp "$said" "$work/out/plan.said"
    stage rebuild --staging-seed-file "$work/seed"
    assert_result "$1: a staging copy is made and proven" 0 '^PASS \(grade A\)$' 'neutral: true flow /triggers/\*/disabled'
    cp "$said" "$work/out/rebuild.said"
    holds "$1: the report and its lines are what the schemas say" python3 tests/integration/check_report.py schema \
        "$work/out/rebuild.json" "$work/out/rebuild.staging.jsonl" "$work/out/rebuild.skipped.jsonl"
    stage verify --staging-seed-file "$work/seed"
    assert_result "$1: verify with the same rules and seed passes" 0 '^PASS \(grade A\)$'
    cp "$said" "$work/out/verify.said"
    run_requeue verify --like "$work/out/rebuild.json" --staging-seed-file "$work/seed"
    assert_result "$1: verify --like takes rules and executions from the report" 0 '^PASS \(grade A\)$'
    stage verify --staging-seed-file "$work/other-seed"
    assert_result "$1: with another seed every masked document differs" 2 '^FAIL: '
    cp "$said" "$work/out/other.said"
    read_topics "$work/out/topics"
    python3 tests/integration/staged.py decode "$work/out/topics"
    no_secret "$1: none of the secrets is in topics, reports, lines or what was said" "$work/out"
    holds "$1: nothing runs by itself, every name is renamed" python3 tests/integration/staged.py neutral "$work/out/topics" stg.cap
}

# Topics that were not masked must not be told by a verify that masks either.
unmasked() {
    new_prefix
    run_requeue rebuild --executions all
    read_topics "$work/plain-topics"
    python3 tests/integration/staged.py decode "$work/plain-topics"
    holds "a topic that was not masked holds secrets" grep -rqaF -f "$work/secrets" "$work/plain-topics"
    rm -rf "$work/out" && mkdir "$work/out"
    stage verify --staging-seed-file "$work/seed"
    assert_result "topics that were not masked are seen" 2 '^FAIL: '
    cp "$said" "$work/out/said"
    no_secret "and no value of theirs is told" "$work/out"
}

# The runbook's commands, as they stand there.
runbook() {
    new_db kestra-0.20
    PRODUCTION=$store
    db=${db}_copy
    databases+=("$db")
    psql -X -q "$REQUEUE_TEST_POSTGRES/postgres" -c "create database \"$db\""
    STAGING=$REQUEUE_TEST_POSTGRES/$db
    new_prefix
    export PRODUCTION STAGING
    follow_runbook "PostgreSQL" 1 2 4 5 6
}

copy kestra-up-0.6-0.16 0 5000
copy kestra-0.20 0 5000
copy kestra-0.6 100 10000
unmasked
runbook

finish
