#!/bin/bash
# Kafka and PostgreSQL as they are in production: TLS with certificates that are checked, logins, and
# rights of which one at a time is missing. Each failure has one line that says what is missing where,
# and the next step; no password is ever told.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/integration/secure_lib.sh
. "$(dirname "$0")/secure_lib.sh"

export REQUEUE_KAFKA_LIB=$REQUEUE_TEST_KAFKA_LIB
node=$work/broker database=$work/database
# shellcheck disable=SC2317 # the trap calls it
stop_nodes() {
    scripts/kafka-node kill "$node" 2> /dev/null
    databases=()
    scripts/postgres-node kill "$database" 2> /dev/null
    cleanup
}
trap stop_nodes EXIT
free_port() { bash -c '. scripts/servers.sh; free_port'; }

unset "${!KESTRA_@}" "${!PG@}"
export HOME=$work
make_certificates
certificate client requeue keyUsage=digitalSignature ca
openssl pkcs12 -export -in "$tls/client.pem" -inkey "$tls/client.key" -certfile "$tls/ca.pem" -passout pass:p12pass -out "$tls/client.p12"
openssl pkcs12 -export -nokeys -in "$tls/ca.pem" -passout pass:p12pass -out "$tls/ca.p12"
new_secret KAFKA_PASSWORD
new_secret PG_PASSWORD
secret=$KAFKA_PASSWORD

# ---- servers -------------------------------------------------------------------------------------

# Who may do what; each of the others lacks what its name says.
lacking=(Create Write Read Describe DescribeConfigs Delete AlterConfigs)
plain_port=$(free_port) scram_port=$((plain_port + 1)) tls_port=$(free_port)
jaas=org.apache.kafka.common.security
users=$(printf 'user_%s="'"$KAFKA_PASSWORD"'" ' all "${lacking[@]}" half groups rebuilder verifier nobody)
REQUEUE_KAFKA_PROPERTIES="
listeners=PLAINTEXT://127.0.0.1:@PORT@,CONTROLLER://127.0.0.1:$((tls_port + 1)),LOGIN://127.0.0.1:$plain_port,SCRAM://127.0.0.1:$scram_port,CERT://127.0.0.1:$tls_port
advertised.listeners=PLAINTEXT://127.0.0.1:@PORT@,LOGIN://localhost:$plain_port,SCRAM://localhost:$scram_port,CERT://localhost:$tls_port
controller.quorum.voters=1@127.0.0.1:$((tls_port + 1))
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_SSL,SCRAM:SASL_SSL,CERT:SSL
ssl.keystore.type=PEM
ssl.keystore.location=$tls/server-both.pem
ssl.truststore.type=PEM
ssl.truststore.location=$tls/ca.pem
listener.name.cert.ssl.client.auth=required
listener.name.login.sasl.enabled.mechanisms=PLAIN
listener.name.login.plain.sasl.jaas.config=$jaas.plain.PlainLoginModule required $users;
listener.name.scram.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.scram.scram-sha-512.sasl.jaas.config=$jaas.scram.ScramLoginModule required;
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS" scripts/kafka-node start "$node" || exit 1
REQUEUE_TEST_KAFKA=127.0.0.1:$(cat "$node/port")
export REQUEUE_TEST_KAFKA
# As root, the database runs as user postgres.
if [ "$(id -u)" -eq 0 ]; then chmod 0711 "$work" "$tls" && chown postgres "$tls/server.key"; fi
plaintext_store=$REQUEUE_TEST_POSTGRES
REQUEUE_POSTGRES_SETTINGS="ssl = on
ssl_cert_file = '$tls/server.pem'
ssl_key_file = '$tls/server.key'" scripts/postgres-node start "$database" || exit 1
REQUEUE_TEST_POSTGRES=postgres://postgres@127.0.0.1:$(cat "$database/port")
new_db kestra-0.20
# shellcheck disable=SC2153 # new_secret sets it
sql -c "alter role requeue_pw password '$PG_PASSWORD'"
new_prefix
scripts/kafka-tool ConfigCommand --alter --add-config "SCRAM-SHA-512=[iterations=4096,password=$KAFKA_PASSWORD]" \
    --entity-type users --entity-name all > /dev/null &
{
    for user in all CN=requeue "${lacking[@]}" half rebuilder; do echo "allow $user Describe cluster kafka-cluster"; done
    for user in all CN=requeue "${lacking[@]}"; do
        [ "$user" = Create ] || echo "allow $user Create topic $prefix*"
        for right in Write Read Describe DescribeConfigs Delete AlterConfigs; do
            # Who may read or write may describe, unless it is forbidden.
            if [ "$user" = "$right" ]; then echo "deny $user $right topic $prefix*"; else echo "allow $user $right topic $prefix*"; fi
        done
    done
    # What the runbook says that rebuild and verify need, and nothing else.
    for user in rebuilder half groups; do
        for right in Create Write Read DescribeConfigs; do echo "allow $user $right topic $prefix*"; done
    done
    for right in Read DescribeConfigs; do echo "allow verifier $right topic $prefix*"; done
    echo "deny half Write topic ${prefix}flow"
} > "$work/rules"
holds "access rules are made" "$tools/rules" < "$work/rules"
wait

# ---- Kestra's file -------------------------------------------------------------------------------

cat > "$work/application.yml" << END
datasources:
  postgres:
    url: jdbc:postgresql://\${PG_HOST:localhost}:$(cat "$database/port")/$db?sslmode=verify-full&sslrootcert=$tls/\${PG_CA:ca}.pem
    username: requeue_pw
    password: \${PG_PASSWORD}
kestra:
  queue: {type: kafka}
  repository: {type: postgres}
  kafka:
    client:
      properties:
        bootstrap.servers: \${KAFKA_HOST:localhost}:\${KAFKA_PORT:$plain_port}
        security.protocol: \${KAFKA_PROTOCOL:SASL_SSL}
        sasl.mechanism: \${MECHANISM:PLAIN}
        sasl.jaas.config: $jaas.\${MODULE:plain.Plain}LoginModule required username="\${KAFKA_USER:all}" password="\${KAFKA_PASSWORD}";
        ssl.truststore.type: PEM
        ssl.truststore.location: $tls/\${KAFKA_CA:ca}.pem
    defaults: {topic-prefix: $prefix, consumer-prefix: $prefix}
END
file=(-c "$work/application.yml")
# as USER COMMAND...: with that Kafka user
as() { KAFKA_USER=$1 "${@:2}"; }

# ---- TLS and logins: PostgreSQL ------------------------------------------------------------------

run_secret check "${file[@]}"
assert_result "certificates and logins are right: check" 0 '^store +PostgreSQL .* at localhost:' '^CHECK: '
PG_CA=stranger denied "PostgreSQL: another authority" 6 'PostgreSQL localhost:[0-9]+/.*, connecting: .*certificate verify failed' 'sslmode and the certificates' check "${file[@]}"
PG_CA=nowhere denied "PostgreSQL: the authority's file is missing" 6 'connecting: root certificate file ".*/nowhere.pem" does not exist' 'sslmode and the certificates' check "${file[@]}"
PG_HOST=127.0.0.1 denied "PostgreSQL: another name" 6 'server certificate for "localhost".* does not match host name "127.0.0.1"' 'sslmode and the certificates' check "${file[@]}"
PG_PASSWORD=wrong denied "PostgreSQL: a wrong password" 6 'password authentication failed for user "requeue_pw"' 'password.* \(the store is named in .*/application\.yml:3\)$' check "${file[@]}"
denied "PostgreSQL: no TLS where it is wanted" 6 'server does not support SSL, but SSL was required' 'sslmode' \
    check "${file[@]}" --store "$plaintext_store/postgres?sslmode=verify-full&sslrootcert=$tls/ca.pem"
PGPASSWORD=$PG_PASSWORD PGSSLMODE=verify-full PGSSLROOTCERT=$tls/ca.pem run_secret check "${file[@]}" --store "postgres://requeue_pw@localhost:$(cat "$database/port")/$db"
assert_result "PostgreSQL: all by libpq's variables" 0 '^CHECK: '
printf 'localhost:*:*:requeue_pw:%s\n' "${PG_PASSWORD//:/\\:}" > "$work/pgpass"
chmod 0600 "$work/pgpass"
PGPASSFILE=$work/pgpass PGSSLROOTCERT=$tls/ca.pem run_secret check "${file[@]}" --store "postgres://requeue_pw@localhost:$(cat "$database/port")/$db?sslmode=verify-full"
assert_result "PostgreSQL: the password in a file" 0 '^CHECK: '

# ---- TLS and logins: Kafka -----------------------------------------------------------------------

KAFKA_CA=stranger denied "Kafka: another authority" 7 "kafka localhost:$plain_port: TLS handshake failed: .*certificate" 'ssl\.ca\.location' check "${file[@]}"
KAFKA_CA=nowhere denied "Kafka: the authority's file is missing" 1 'ssl\.ca\.location' 'is the file there' check "${file[@]}"
KAFKA_HOST=127.0.0.1 denied "Kafka: another name" 7 "kafka 127\.0\.0\.1:$plain_port: TLS handshake failed: .*certificate" 'certificate' check "${file[@]}"
printf 'kestra.kafka.client.properties.ssl.endpoint.identification.algorithm: ""\n' > "$work/any-name.yml"
KAFKA_HOST=127.0.0.1 run_secret check "${file[@]}" -c "$work/any-name.yml"
assert_result "Kafka: names are not checked when Kestra does not" 0 '^CHECK: '
KAFKA_PROTOCOL=SASL_PLAINTEXT denied "Kafka: no TLS where it is wanted" 7 "kafka localhost:$plain_port: " 'security\.protocol' check "${file[@]}"
KAFKA_PASSWORD=wrong denied "Kafka: a wrong password" 7 "kafka localhost:$plain_port: login refused: " 'sasl\.password' check "${file[@]}"
MECHANISM=SCRAM-SHA-512 MODULE=scram.Scram denied "Kafka: another mechanism" 7 'PLAIN|SCRAM' 'sasl\.mechanism' check "${file[@]}"
scram() { KAFKA_PORT=$scram_port MECHANISM=SCRAM-SHA-512 MODULE=scram.Scram "$@"; }
scram run_secret check "${file[@]}"
assert_result "Kafka: SCRAM" 0 '^CHECK: '
KAFKA_PASSWORD=wrong scram denied "Kafka: a wrong password of SCRAM" 7 "kafka localhost:$scram_port: login refused: " 'sasl\.password' check "${file[@]}"
KAFKA_PORT=$tls_port KAFKA_PROTOCOL=SSL denied "Kafka: no client certificate" 7 "kafka localhost:$tls_port: " 'ssl\.keystore\.location|ssl\.certificate\.location' check "${file[@]}"
stores() { # NAME YAML: properties of the Java client
    { echo 'kestra.kafka.client.properties:'; printf '  %s\n' "security.protocol: SSL" "bootstrap.servers: localhost:$tls_port" "${@:2}"; } > "$work/$1.yml"
}
export P12_PASSWORD=p12pass
secrets+=(p12pass)
stores pkcs12 'ssl.keystore.type: PKCS12' "ssl.keystore.location: $tls/client.p12" "ssl.keystore.password: \${P12_PASSWORD}"
stores pem 'ssl.keystore.type: PEM' "ssl.keystore.location: $tls/client-both.pem"
stores jks "ssl.keystore.location: $tls/client.jks" "ssl.keystore.password: \${P12_PASSWORD}"
stores trust 'ssl.truststore.type: PKCS12' "ssl.truststore.location: $tls/ca.p12" "ssl.truststore.password: \${P12_PASSWORD}"
for kind in pkcs12 pem; do
    run_secret check "${file[@]}" -c "$work/$kind.yml"
    assert_result "Kafka: a client certificate in a key store of type $kind" 0 '^CHECK: '
done
P12_PASSWORD=wrong denied "Kafka: a wrong password of the key store" 1 'ssl\.keystore\.location' 'password.*ssl\.keystore\.password' check "${file[@]}" -c "$work/pkcs12.yml"
denied "Kafka: a JKS key store" 1 'ssl\.keystore\.location: .*type JKS' 'keytool -importkeystore' check "${file[@]}" -c "$work/jks.yml"
denied "Kafka: a PKCS12 trust store" 1 'ssl\.truststore\.location: .*type PKCS12' 'openssl pkcs12 -in .* -nokeys' check "${file[@]}" -c "$work/trust.yml"
# The line that the hint gives works, with the store's password where it asks for it.
sed -n 's/^requeue: hint: \(openssl pkcs12 .* -out ca.pem\) makes.*/\1/p' "$said" > "$work/convert"
holds "Kafka: the line that converts it works" bash -c "cd '$work' && \$(cat convert) -passin env:P12_PASSWORD && openssl x509 -in ca.pem -noout"

# ---- one right is missing ------------------------------------------------------------------------

lacks() { # USER SENTENCE ERROR HINT-RIGHT RESOURCE COMMAND...
    local user=$1 name=$2 error=$3 right=$4 resource=$5
    shift 5
    as "$user" denied "$name" 7 "$error" "grant $right on topic $resource: kafka-acls\.sh --bootstrap-server localhost:$plain_port --add --allow-principal User:NAME --operation $right --topic $resource\$" "$@"
}
topic="$prefix(execution|flow|flow_last|template|trigger|[a-z_]+)"
lacks Create "no Create: plan" "create topic $topic: no right to create topics" Create "$topic" plan "${file[@]}"
lacks Create "no Create: check" "create topic $topic: no right to create topics" Create "$topic" check "${file[@]}"
lacks verifier "a verifier's rights are not enough to rebuild" 'no right to create topics' Create "$topic" rebuild "${file[@]}"
lacks Write "no Write: rebuild" 'no right to write to any topic' Write "${prefix}flow_last" rebuild "${file[@]}"
lacks half "no Write on one topic: rebuild" "topic ${prefix}flow \[[0-9]+\], key .*: no right to write to the topic" Write "${prefix}flow" rebuild "${file[@]}" --resume
as rebuilder run_secret rebuild "${file[@]}" --resume --executions all --recover safe --report "$told/report.json" -v
assert_result "the rights that the runbook names are enough to rebuild" 0 '^PASS \(grade A\)$'
as verifier run_secret verify "${file[@]}" --like "$told/report.json" --report "$told/report-verify.json"
assert_result "the rights that the runbook names are enough to verify" 0 '^PASS \(grade A\)$'
scram run_secret verify "${file[@]}" --like "$told/report.json"
assert_result "verify over SCRAM" 0 '^PASS \(grade A\)$'
as all run_secret plan "${file[@]}" --resume -o "$told/report-plan.json"
assert_no_line 'for want of a right' "who may describe the cluster is not warned of hidden groups"
lacks Read "no Read: verify" "read ${prefix}flow_last: no right to read the topic" Read "${prefix}flow_last" verify "${file[@]}"
lacks Describe "no Describe: verify" "topic ${prefix}flow_last exists, but is not shown to us" Describe "${prefix}flow_last" verify "${file[@]}"
lacks Describe "no Describe: plan" "create topic $topic: it exists, but is not shown to us" Describe "$topic" plan "${file[@]}" --resume
lacks nobody "no right at all: verify" "topic ${prefix}flow_last does not exist, or there is no right to see it" Describe "${prefix}flow_last" verify "${file[@]}"
lacks DescribeConfigs "no DescribeConfigs: plan" "topic $topic: no right to describe its configuration" DescribeConfigs "$topic" plan "${file[@]}" --resume
id=$(json_at "$told/report.json" cluster)
lacks Delete "no Delete: rebuild --recreate" "delete topic $topic: no right to delete the topic" Delete "$topic" rebuild "${file[@]}" --recreate --confirm "$id"
printf 'kestra.kafka.topics.flow.properties.segment.bytes: "20971520"\n' > "$work/drift.yml"
lacks AlterConfigs "no AlterConfigs: rebuild --alter" "topic ${prefix}flow: no right to alter its configuration" AlterConfigs "${prefix}flow" \
    rebuild "${file[@]}" -c "$work/drift.yml" --resume --alter
as groups run_secret plan "${file[@]}" --resume
assert_line '^warning: no consumer group of Kestra is shown to us.* --operation Describe --cluster' "no Describe on the cluster: plan warns that a Kestra may be overlooked"
as rebuilder run_secret verify "${file[@]}" --like "$told/report.json"
assert_result "none of these changed anything" 0 '^PASS \(grade A\)$'

# ---- secrets -------------------------------------------------------------------------------------

run_secret config "${file[@]}" --format json
assert_result "config hides the passwords of logins" 0 '"sasl.password=\*\*\*"' "postgres://requeue_pw:\*\*\*@localhost"
run_secret config "${file[@]}" -c "$work/pkcs12.yml"
assert_result "config hides the password of a key store" 0 'ssl.keystore.password=\*\*\* '
none_told "no password is in any output, report or command line"
only_ours "reports and what lies beside them are for their owner alone"
holds "reports are there" test -s "$told/report.json" -a -s "$told/report.executions.jsonl" -a -s "$told/report-plan.json"

finish
