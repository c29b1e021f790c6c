#!/bin/bash
# The same entities give the same topics, wherever they are stored: in PostgreSQL, in a search server,
# in a dump of its indices.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# into FOLDER SENTENCE: rebuild from $store into new topics and read them.
into() {
    new_prefix
    run_requeue rebuild --executions all --layout A
    assert_result "$2: rebuild passes" 0 '^PASS '
    read_topics "$work/$1"
}

same() { # SENTENCE FOLDER
    holds "$1" python3 tests/integration/search_expect.py same "$work/postgres" "$work/$2"
}

new_db kestra-0.6
into postgres "from PostgreSQL"
# shellcheck disable=SC2119
load_search
holds "the database's documents are put into the indices" python3 tests/integration/search_expect.py export "$store"
store=$REQUEUE_TEST_SEARCH
into search "from the search server"
same "PostgreSQL and the search server give the same topics" search
holds "the indices are dumped" python3 tests/integration/search_expect.py dump "$work/dump.ndjson" "$work/packed.ndjson.gz"
store=file:$work/dump.ndjson
into dump "from a dump"
same "a dump gives the same topics" dump
store=file:$work/packed.ndjson.gz
into packed "from a compressed dump"
same "a compressed dump gives the same topics" packed

finish
