#!/bin/bash
# Differences of every class, planted with random keys in every kind that has it: verify names exactly
# those (planted.py), and an audit explains exactly what Kestra's own life produces.
#
#   REQUEUE_TEST_SEED=N   the same plants again
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

seed=${REQUEUE_TEST_SEED:-$SRANDOM}
echo "# seed $seed"
new_db kestra-0.20
psql -X -q "$store" -v n=4 -f tests/data/clone-flows.sql > "$work/clone" 2>&1
new_prefix
# Compacted topics would refuse records without a key.
for topic in flow flow_last template trigger execution; do
    plant create "$prefix$topic" 16 cleanup.policy=delete retention.ms=-1
done
# Executions vanish and come below: locks are none of this test.
run_requeue rebuild --executions all --unlock none
assert_result "the topics are rebuilt" 0 '^PASS \(grade A\)$'

export REQUEUE_BIN=$program REQUEUE_TEST_TOOLS=$tools
python3 tests/integration/planted.py "$store" "$prefix" "$seed" 10 "$work" > "$work/planted" ||
    not_ok "the model of the topics comes to its end" "seed $seed"
cat "$work/planted"
failed=$((failed + $(grep -c '^not ok' "$work/planted")))

# ---- transactions --------------------------------------------------------------------------------

new_prefix
run_requeue rebuild --kinds template
template=$(sql -c "select key from templates where not deleted order by key limit 1")
record="put ${prefix}template 0 x$(printf '%s' "$template" | od -An -tx1 | tr -d ' \n') x7b7d"
printf 'begin\n%s\n' "$record" | plant write "${prefix}open" > "$work/offset"
run_requeue verify --kinds template
assert_result "an open transaction leaves it UNPROVEN" 3 '^open transactions: 1 partitions end at' '^UNPROVEN \(grade A\)$'
# The same transactional id again ends what it had left open.
printf 'begin\n%s\nabort\n' "$record" | plant write "${prefix}open" > "$work/offset" 2> "$work/plant"
run_requeue verify --kinds template
assert_result "records of an aborted transaction are never seen" 0 '^PASS \(grade A\)$'

finish
