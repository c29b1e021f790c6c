#!/bin/bash
# The mutation test (mutations.py): verify names exactly what was planted in random, compacted topics.
#
#   REQUEUE_TEST_SEED=N     these seeds again, from N on
#   REQUEUE_TEST_SEEDS=N    so many of them; 20 unless said, 200 in `make soak`
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

seed=${REQUEUE_TEST_SEED:-$SRANDOM}
echo "# seed $seed"
export REQUEUE_BIN=$program REQUEUE_TEST_TOOLS=$tools
python3 tests/integration/mutations.py "$seed" "${REQUEUE_TEST_SEEDS:-20}" "$work" > "$said" ||
    not_ok "the mutations come to their end" "seed $seed"
cat "$said"
failed=$((failed + $(grep -c '^not ok' "$said")))

finish
