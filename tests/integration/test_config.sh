#!/bin/bash
# Kestra's own configuration file is all that is needed: plan and rebuild with nothing but -c, options
# and REQUEUE_* variables win over it, config tells where each value is from, and no secret is told.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

server=${REQUEUE_TEST_POSTGRES#*@} # HOST:PORT
user=${REQUEUE_TEST_POSTGRES#*://}
user=${user%%[:@]*}
unset "${!KESTRA_@}"
export HOME=$work/home
mkdir -p "$HOME/.kestra"

new_db kestra-0.20
new_prefix
export KDB=$db

# Kestra's file as it was, with the test's server, and a second one for Kafka.
sed -e "s|127\.0\.0\.1:49432|$server|" -e "s|username: postgres|username: $user|" -e "s|password: x|password: \${KDB_PASSWORD:$secret}|" \
    tests/data/application-0.20.yml > "$work/application.yml"
cat > "$work/kafka.yml" << END
kestra:
  queue: {type: kafka}
  kafka:
    client:
      properties:
        bootstrap.servers: $kafka
        key.serializer: org.apache.kafka.common.serialization.StringSerializer
    defaults:
      topicPrefix: $prefix
      consumer-prefix: $prefix
      topic: {partitions: 3, replication-factor: 1}
    topics:
      execution: {name: "\${kestra.kafka.defaults.topic-prefix}runs", properties: {segment.bytes: "20971520"}}
      trigger: {partitions: 2}
END
both=(-c "$work/application.yml" -c "$work/kafka.yml")

quiet_secret() { assert_no_line "$secret" "$1: no password is told"; }

# ---- nothing but the files -----------------------------------------------------------------------

run_bare check "${both[@]}"
assert_result "check finds store and Kafka by the file" 0 "^store  *PostgreSQL .* at $server/$db" '^layout  band I' '^CHECK: good$'
assert_line 'left out: key.serializer' "what only Java's client needs is left out and told"
run_bare plan "${both[@]}" --executions all -o "$work/plan.json"
assert_result "plan works with nothing but the file" 2 '^PLAN: [0-9]+ records to send, [0-9]+ topics to make'
is "a name of the file is not assumed, the others are marked" \
    "$(grep -c '(assumed name)$' "$said") $(grep -c "${prefix}runs .*assumed" "$said") $(grep -c '^the marked names are assumed' "$said")" '4 0 1'
quiet_secret plan
run_bare rebuild "${both[@]}" --executions all --report "$work/report.json"
assert_result "rebuild passes" 0 '^PASS \(grade A\)$'
run_bare verify "${both[@]}" --executions all
assert_result "verify passes" 0 '^PASS '
holds "the report has no password" bash -c "! grep -q $secret $work/*.json*"
run_bare topics "${both[@]}"
assert_line "^  ${prefix}runs +3 x 1 " "a topic has the name and the partitions of the file"
assert_line "^  ${prefix}trigger +2 x 1 " "a topic has its own number of partitions"
assert_line "^TOPICS: good" "the topics are as the file wants them"

# ---- what wins -----------------------------------------------------------------------------------

first=$prefix
new_prefix
run_bare plan "${both[@]}" --topic-prefix "$prefix" --kinds flow
assert_result "an option wins" 2 "${prefix}flow"
assert_no_line "${first}flow " "and the file's prefix is not used"
REQUEUE_TOPIC_PREFIX=$prefix run_bare plan "${both[@]}" --kinds flow
assert_result "a variable wins" 2 "${prefix}flow"
KESTRA_KAFKA_DEFAULTS_TOPIC_PREFIX=$prefix run_bare plan "${both[@]}" --kinds flow
assert_result "Kestra's own variable wins over its file" 2 "${prefix}flow"
run_bare plan "${both[@]}" --store "postgres://$user@127.0.0.1:1/x"
assert_result "a given store wins" 6 'PostgreSQL 127\.0\.0\.1:1/x, connecting: Connection refused'
KESTRA_CONFIGURATION=$(cat "$work/application.yml") run_bare plan -c "$work/kafka.yml" --kinds flow --topic-prefix "$prefix"
assert_result "KESTRA_CONFIGURATION is a file, too" 2 "^store +PostgreSQL .* at $server/$db"
cat "$work/application.yml" > "$HOME/.kestra/config.yml"
run_bare executions
assert_result "the file in the home is used and told" 0 "$HOME/.kestra/config.yml is used" 'does not run on Kafka|pending'
run_bare plan --kafka "$kafka"
assert_told "it is not used when something is said" 1 '--store is missing' 'for example'
rm "$HOME/.kestra/config.yml"

# ---- config --------------------------------------------------------------------------------------

REQUEUE_JOBS=3 run_bare config "${both[@]}" --kinds flow
assert_result "config needs no server and tells all" 0 \
    "^store +postgres://$user:\*\*\*@$server/$db +$work/application.yml:3$" \
    "^kafka +$kafka +$work/kafka.yml:6$" \
    '^jobs +3 +variable REQUEUE_JOBS$' '^kinds +flow +option$' '^unlock +dead +built-in$' \
    "^topic execution: name +${first}runs +$work/kafka.yml:13$"
quiet_secret config
run_bare config "${both[@]}" --format json -X "ssl.key.password=$secret"
holds "config --format json is JSON" python3 -c '
import json, sys
d = json.load(open(sys.argv[1]))
s = {x["name"]: x for x in d["settings"]}
assert d["schema_version"] == 1 and len(d["files"]) == 2
assert s["kafka"]["origin"] == "file" and s["kafka"]["where"].endswith("kafka.yml:6")
assert s["unlock"] == {"name": "unlock", "value": "dead", "origin": "built-in", "where": None}
' "$stdout"
quiet_secret "config as JSON"

# ---- what is wrong -------------------------------------------------------------------------------

fails() { # SENTENCE ERROR HINT YAML
    printf '%s\n' "$4" > "$work/bad.yml"
    run_bare plan "${both[@]}" -c "$work/bad.yml"
    assert_told "$1" 1 "$2" "$3"
}
unset KDB
run_bare plan "${both[@]}"
assert_told "a variable is missing" 1 'application.yml:3: \$\{KDB\} has no value and no default' 'set the variable KDB'
export KDB=$db
fails "a Java trust store" 'bad.yml:1: .*ssl.truststore.location: librdkafka reads no trust store of type JKS' 'keytool -list -rfc -keystore /ca.jks' \
    "kestra.kafka.client.properties: {security.protocol: SSL, ssl.truststore.location: /ca.jks, ssl.truststore.password: $secret}"
fails "a login that is not JAAS" 'bad.yml:1: .*sasl.jaas.config: ' 'CLASS required' \
    "kestra.kafka.client.properties: {security.protocol: SASL_SSL, sasl.mechanism: PLAIN, sasl.jaas.config: $secret}"
fails "a repository that is none" 'bad.yml:1: kestra.repository.type is mysql' 'with --store' 'kestra.repository.type: mysql'
echo 'kestra: {repository: {type: postgres}}' > "$work/half.yml"
run_bare plan -c "$work/half.yml"
assert_told "a store without its place" 1 'half\.yml: .*datasources.postgres.url is not set' 'one more -c, or the store with --store'
echo 'kestra: {repository: {type: elasticsearch}}' > "$work/half.yml"
run_bare plan -c "$work/half.yml"
assert_told "a search store without its place" 1 'half\.yml: .*http-hosts is not set' 'one more -c, or the store with --store'
fails "no YAML" "bad.yml:[0-9]+: " '' "kestra: '$secret"
run_bare plan -c "$work/nowhere.yml"
assert_told "no such file" 1 'nowhere.yml' 'application.yml; is it there'
run_bare plan --confgi x
assert_told "an unknown option has a suggestion" 1 'unknown option --confgi' 'did you mean --config'

finish
