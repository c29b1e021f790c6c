#!/bin/bash
# Differences of every class, planted with random keys in every kind that has it: verify names exactly
# those (planted.py), and an audit explains exactly what Kestra's own life produces.
#
#   REQUEUE_TEST_SEED=N   the same plants again
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck source=tests/integration/plant_lib.sh
. "$(dirname "$0")/plant_lib.sh"

plants planted.py 10

# ---- transactions --------------------------------------------------------------------------------

new_prefix
run_requeue rebuild --kinds template
template=$(sql -c "select key from templates where not deleted order by key limit 1")
record="put ${prefix}template 0 x$(printf '%s' "$template" | od -An -tx1 | tr -d ' \n') x7b7d"
printf 'begin\n%s\n' "$record" | plant write "${prefix}open" > "$work/offset"
run_requeue verify --kinds template
high=$(plant read -u "${prefix}template" | awk '$1 == 0 { n = $2 + 1 } END { print n }')
assert_result "an open transaction leaves it UNPROVEN, and is told with its place, both offsets and how to find its owner" 3 \
    "^open transaction: ${prefix}template\[0\] was read up to its last stable offset $((high - 1)); its high watermark is $high\$" \
    "kafka-transactions.sh --bootstrap-server $kafka describe-producers --topic ${prefix}template --partition 0 " '^UNPROVEN \(grade A\)$'
read -r -a tool <<< "$(sed -n 's/^.*kafka-transactions.sh \(--bootstrap-server .* --partition [0-9]*\) .*/\1/p' "$stdout")"
producer=$(scripts/kafka-tool org.apache.kafka.tools.TransactionsCommand "${tool[@]}" | awk 'NR > 1 && $6 != "None" { print $1 }')
is "that command of Kafka's finds the owner" \
    "$(scripts/kafka-tool org.apache.kafka.tools.TransactionsCommand list | awk -v p="$producer" '$3 == p { print $1 }')" "${prefix}open"
# The same transactional id again ends what it had left open.
printf 'begin\n%s\nabort\n' "$record" | plant write "${prefix}open" > "$work/offset" 2> "$work/plant"
run_requeue verify --kinds template
assert_result "records of an aborted transaction are never seen" 0 '^PASS \(grade A\)$'

finish
