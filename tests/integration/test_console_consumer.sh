#!/bin/bash
# What Kafka's own Java consumer reads in the rebuilt topics is what the database holds: key,
# partition and value, byte for byte, worked out by expect.py without the program.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

kinds=(flow-last flow template trigger execution)

# consume TOPIC RECORDS FILE
consume() {
    if [ "$2" -eq 0 ]; then
        : > "$3"
        return
    fi
    scripts/kafka-tool ConsoleConsumer --topic "$1" --from-beginning --max-messages "$2" --timeout-ms 20000 \
        --property print.partition=true --property print.key=true \
        --property key.separator=$'\x1f#\x1f' --property line.separator=$'\x1f#\n' > "$3" 2> "$3.err"
}

# Two at a time.
consume_all() { # folder; stdin: KIND RECORDS
    local kind records
    while read -r kind records; do
        consume "$prefix${kind//-/_}" "$records" "$1/$kind" &
        while [ "$(jobs -rp | wc -l)" -ge 2 ]; do wait -n; done
    done
    wait
}

# Kafka's own count of what is in the topics, so that nothing behind the expected records is missed.
records_by_topic() {
    scripts/kafka-tool GetOffsetShell --topic "$(printf '%s' "$prefix" | sed 's/[.]/[.]/g').*" |
        awk -F: '{ n[$1] += $3 } END { for (t in n) if (n[t] > 0) print t, n[t] }' | sort
}

# read_with_java NAME BAND EXECUTIONS UNLOCK
read_with_java() {
    local dir kind records
    dir=$(mktemp -d "$work/XXXXXX")
    python3 tests/integration/expect.py counts "$store" "$2" "$3" > "$dir/counts"
    while read -r kind records; do
        [ "$records" -eq 0 ] || echo "$prefix${kind//-/_} $records"
    done < "$dir/counts" | sort > "$dir/expected"
    records_by_topic > "$dir/ends"
    consume_all "$dir" < "$dir/counts"
    holds "$1: Kafka counts as many records as the database gives" diff "$dir/expected" "$dir/ends"
    holds "$1: Kafka's own consumer reads what the database gives, byte for byte" \
        python3 tests/integration/expect.py compare "$store" "$2" "$3" "$4" 16 "$dir"
    for kind in "${kinds[@]}"; do
        [ ! -e "$dir/$kind.err" ] || grep -v '^Processed a total' "$dir/$kind.err" | sed "s/^/#   $kind: /"
    done
}

# rebuild_and_read NAME BAND EXECUTIONS UNLOCK EXIT-STATUS: from $store.
rebuild_and_read() {
    new_prefix
    run_requeue rebuild --executions "$3" --unlock "$4"
    assert_result "$1: rebuild passes" "$5" '^PASS .*\(grade A\)$'
    [ "$status" -ne "$5" ] || read_with_java "$1" "$2" "$3" "$4"
}

new_db kestra-0.6
rebuild_and_read "0.6 with all executions" A all none 0
new_db kestra-up-0.6-0.16
rebuild_and_read "0.16 upgraded from 0.6, pending executions, triggers released" F pending all 0
new_db kestra-0.20
rebuild_and_read "0.20 with all executions, dead locks released" I all dead 0
psql -X -q "$store" -f tests/data/hostile.sql || exit 1
rebuild_and_read "the hostile database" I all all 3

finish
