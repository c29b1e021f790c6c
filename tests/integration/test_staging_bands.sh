#!/bin/bash
# A staging copy of each database of a real Kestra, read as each band of versions would: with more than 5,000 secrets
# planted in each, and hosts and persons, and none of them in a topic.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/staging_lib.sh
. "$(dirname "$0")/staging_lib.sh"

# Quicker to create, and read.
printf 'kestra:\n  kafka:\n    defaults:\n      topic:\n        partitions: 1\n' > "$work/one.yml"
declare -A reads

for sample in kestra-0.6 kestra-up-0.6-0.16 kestra-0.20; do
    new_db "$sample"
    plant_secrets
    for band in A B1 B2 B3 B4 B5 B6 C D E F G H1 H2 I J; do
        new_out
        new_prefix
        stage rebuild -c "$work/one.yml" --layout "$band" --staging-seed-file "$work/seed"
        # Columns or tables that the band has, and this Kestra does not have yet, or any more.
        if [ "$status" -eq 6 ] && grep -q 'half migrated' "$stderr"; then continue; fi
        reads[$band]=yes
        assert_result "$sample as $band: a staging copy is made and proven" 0 '^PASS \(grade A\)$'
        cp "$said" "$work/out/said"
        decoded "$work/out/topics"
        no_secret "$sample as $band: none of the secrets is there" "$work/out"
        holds "$sample as $band: nothing runs by itself, every name is renamed" \
            python3 tests/integration/staged.py neutral "$work/out/topics" stg.cap
        holds "$sample as $band: where production's namespace is left is what is listed" \
            python3 tests/integration/staged.py names "$work/out/topics" io.kestra.cap "$work/out/rebuild.staging.jsonl"
    done
done
is "every band was read" "${#reads[@]}" 16

finish
