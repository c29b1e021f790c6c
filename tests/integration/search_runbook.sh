#!/bin/bash
# The way from a snapshot to proven topics, typed as README and runbook have it, at a search server behind TLS and
# a password; the indices are lost in between.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/secure_lib.sh
. "$(dirname "$0")/secure_lib.sh"
# shellcheck source=tests/integration/typed_lib.sh
. "$(dirname "$0")/typed_lib.sh"

# The repository has the name that the text has, on a server that other tests use too.
# shellcheck disable=SC2317 # it is the trap's
leave() {
    search_ask DELETE /_snapshot/backup > "$work/leave" 2>&1
    cleanup
}
trap leave EXIT

make_certificates
new_secret ES_PASSWORD
free_port() { bash -c '. scripts/servers.sh; free_port'; }
one=$(free_port) two=$(free_port)
search_front kestra "$ES_PASSWORD" "$one" "$two"
fresh_topics() {
    new_prefix
    export REQUEUE_TOPIC_PREFIX=$prefix REQUEUE_CONSUMER_PREFIX=$prefix
}

# The demo has words for two of the servers.
typed_make
is_ours() { [[ $1 == 'make demo STORE='* ]]; }
in_place=('STORE=elastic ' 'STORE=opensearch ')
[ "$flavour" = os2 ] || in_place=()
fresh_topics
[ "$flavour" = es7 ] || type_commands README.md "checkout=$root"
is_ours() { :; }

# shellcheck disable=SC2119
load_search

# How many documents Kestra's indices hold.
documents() { search_ask GET '/kestra_*/_count' | jq .count; }
lost=
# shellcheck disable=SC2317 # type_commands calls it
before() {
    [[ $1 == *restore-elasticsearch* ]] || return 0
    for index in $(search_ask GET '/_cat/indices/kestra_*?h=index'); do search_do DELETE "/$index"; done
    lost=$(documents)
}

in_place=('https://es-1.example:9200,es-2.example:9200' "https://localhost:$one,localhost:$two"
    'https://es-1.example:9200' "https://localhost:$one" 'PASSWORD=...' "PASSWORD='$ES_PASSWORD'" '/etc/ssl/our-ca.pem' "$tls/ca.pem"
    'kafka-1:9092,kafka-2:9092' "$kafka" '/mnt/snapshots' "$REQUEUE_TEST_SEARCH_DIR/repo/backup-$run_id")
export REQUEUE_KAFKA=$kafka no_proxy=localhost HOME=$work/night
fresh_topics
type_commands README.md "search=$work/night"
unset REQUEUE_STORE REQUEUE_STORE_USER REQUEUE_STORE_PASSWORD REQUEUE_KAFKA
loaded=$(documents)
type_commands docs/runbook.md "search=$work/night"

is "the documents were there, were lost, and are back" "$((loaded > 200)) $lost $(documents)" "1 0 $loaded"
is "the rebuild is proven" "$(json_at "$work/night/rebuild.json" verdict | sed 's/ (grade [BC])$//')" PASS
no_contexts "all of these"

finish
