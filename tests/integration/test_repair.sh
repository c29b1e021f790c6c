#!/bin/bash
# Differences of every class, planted with random keys in every kind that has it: repair sends what it
# may, names the rest, and a second one sends nothing (repairing.py).
#
#   REQUEUE_TEST_SEED=N   the same plants again
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/integration/plant_lib.sh
. "$(dirname "$0")/plant_lib.sh"

plants repairing.py 4

finish
