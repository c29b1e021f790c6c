#!/bin/bash
# Differences of every class, planted with random keys in every kind that has it: repair sends what it
# may, names the rest, and a second one sends nothing (repairing.py).
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
run_requeue rebuild --executions all --unlock none
assert_result "the topics are rebuilt" 0 '^PASS \(grade A\)$'

export REQUEUE_BIN=$program REQUEUE_TEST_TOOLS=$tools
python3 tests/integration/repairing.py "$store" "$prefix" "$seed" 4 "$work" > "$work/repaired" ||
    not_ok "the model of the topics comes to its end" "seed $seed"
cat "$work/repaired"
failed=$((failed + $(grep -c '^not ok' "$work/repaired")))

finish
