# shellcheck shell=bash disable=SC2154 # of lib.sh
# What the tests share that plant differences; sourced after lib.sh.

# topics_of_all: a database, and its topics, rebuilt; nothing is compacted: compacted topics would refuse
# records without a key.
topics_of_all() {
    local topic

    new_db kestra-0.20
    psql -X -q "$store" -v n=4 -f tests/data/clone-flows.sql > "$work/clone" 2>&1
    new_prefix
    for topic in flow flow_last template trigger execution; do
        plant create "$prefix$topic" 16 cleanup.policy=delete retention.ms=-1
    done
    # Executions vanish and come: locks are none of theirs.
    run_requeue rebuild --executions all --unlock none
    assert_result "the topics are rebuilt" 0 '^PASS \(grade A\)$'
}

# plants MODEL.py ROUNDS: topics rebuilt from a database, and a model that plants differences in them with
# random keys (REQUEUE_TEST_SEED=N: the same again) and prints its own checks.
plants() {
    local seed=${REQUEUE_TEST_SEED:-$SRANDOM} said=$work/said

    echo "# seed $seed"
    topics_of_all
    export REQUEUE_BIN=$program REQUEUE_TEST_TOOLS=$tools
    python3 "tests/integration/$1" "$store" "$prefix" "$seed" "$2" "$work" > "$said" ||
        not_ok "the model of the topics comes to its end" "seed $seed"
    cat "$said"
    failed=$((failed + $(grep -c '^not ok' "$said")))
}
