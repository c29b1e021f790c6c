#!/bin/bash
# Every command of README and runbook, typed from top to bottom at real servers. The words behind ```sh say who types
# a block (typed_lib.sh); here it is those at PostgreSQL, and those in the checkout.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/typed_lib.sh
. "$(dirname "$0")/typed_lib.sh"

new_db kestra-0.6
copy=${db}_copy
databases+=("$copy")
pg_dump --format=custom --file="$work/night/kestra.dump" "$store" || exit 1
new_prefix
export REQUEUE_STORE=$store REQUEUE_KAFKA=$kafka REQUEUE_TOPIC_PREFIX=$prefix REQUEUE_CONSUMER_PREFIX=$prefix
server=${REQUEUE_TEST_POSTGRES##*@}
export PGHOST=${server%:*} PGPORT=${server#*:} PGUSER=postgres
sed -e "s|KAFKA|$kafka|" -e "s|DATABASE|${store#postgres://*@}|" > "$work/night/application.yml" <<'YML'
datasources:
  postgres:
    url: jdbc:postgresql://DATABASE
    username: postgres
kestra:
  repository: {type: postgres}
  kafka: {client: {properties: {bootstrap.servers: "KAFKA"}}}
YML
typed_make

in_place=('postgres://kestra@db.example:5432/kestra' "$store" 'kafka-1:9092,kafka-2:9092' "$kafka"
    'createdb kestra' "createdb $copy" '--dbname=kestra' "--dbname=$copy" 'postgres:///kestra' "postgres:///$copy"
    'sudo make install' "make install DESTDIR=$work/root" 'build/requeue' "$program"
    'CLUSTER-ID' "$("$program" check --format json | jq -r .cluster)")

# `make test` cannot be a part of itself; the search server of the demo is another test's.
is_ours() { [[ $1 != 'make test'* && $1 != 'make demo STORE='* ]]; }
is "what no test can type is what the builds run" "$(sed -n 's/^exec \(make test\).*/\1/p' .ci/*)" 'make test'

# What is rebuilt finds no topics: neither those of the demo, nor those of the README.
fresh_topics() {
    new_prefix
    export REQUEUE_TOPIC_PREFIX=$prefix REQUEUE_CONSUMER_PREFIX=$prefix
}
before() { [[ $1 != 'export REQUEUE_STORE='* ]] || fresh_topics; }

type_commands README.md "checkout=$root" "-=$work/night"
fresh_topics
in_place+=('prefix green-' "prefix ${prefix}green-")
type_commands docs/runbook.md "-=$work/night"

# What the text says to call in passing is called too: it may be refused, or find differences, but it is a command.
cp tests/data/kestra-es-0.6.ndjson.gz "$work/night/kestra.ndjson.gz"
cp "$work/night/rebuild.json" "$work/night/NAME.json"
echo 'flows: disabled' > "$work/night/rules.yml"
sql -c "select value from flows limit 1" > "$work/night/document.json"
export REQUEUE_SETTLE=100ms
# shellcheck disable=SC2016 # the marks are the text's
grep -ohE '`requeue [^`]*`' README.md docs/runbook.md | tr -d '`' | sort -u > "$work/in-passing"
cd "$work/night" || exit 1
while read -r line; do
    result=0
    eval "$line" > "$said" 2>&1 < /dev/null || result=$?
    if [[ $result =~ ^[02358]$ ]]; then ok "in passing: $line"; else not_ok "in passing: $line" "exit status $result" "$(tail -n 20 "$said")"; fi
done < "$work/in-passing"
cd "$root" || exit 1

# No block escapes: a block of commands is typed here or by the tests that typed_lib.sh names.
is "every block of commands has a word of who types it" \
    "$(grep -hE '^```.' README.md docs/runbook.md | grep -vxE '```sh( (checkout|search|staging))?')" ''
is "the blocks of a staging copy stand in their part" "$(grep -c '^```sh staging' README.md docs/runbook.md)" $'README.md:0\ndocs/runbook.md:6'
finish
