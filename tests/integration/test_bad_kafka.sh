#!/bin/bash
# What is wrong with Kafka: no broker, no rights, topics of another shape, a cluster that is not whole,
# brokers that die in the middle. Each has one clear line with what to do next and the exit status of its
# kind; what is half done is seen by plan, and --resume makes it whole.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

export REQUEUE_KAFKA_LIB=$REQUEUE_TEST_KAFKA_LIB
export PGOPTIONS='-c client_min_messages=error'
nodes=()

# shellcheck disable=SC2317 # the trap calls it
stop_nodes() {
    local node
    for node in "${nodes[@]}"; do scripts/kafka-node kill "$node" 2> /dev/null; done
    cleanup
}
trap stop_nodes EXIT

# new_node NAME [PROPERTIES]: a broker of this test. Sets $node (its folder) and $kafka.
new_node() {
    node=$work/$1
    nodes+=("$node")
    REQUEUE_KAFKA_PROPERTIES=${2:-} scripts/kafka-node start "$node" || exit 1
    use "$node"
}

# use NODE: what the program and Kafka's tools talk to from now on.
use() {
    node=$1
    kafka=127.0.0.1:$(cat "$node/port")
    export REQUEUE_TEST_KAFKA=$kafka
}

fails() { # SENTENCE STATUS ERROR HINT COMMAND ARGUMENT...
    local name=$1 expected=$2 error=$3 hint=$4
    shift 4
    run_requeue "$@"
    assert_told "$name" "$expected" "$error" "$hint"
}

nothing_made() { is "$1" "$(topics_on_disk "$node")" ''; }

kinds=(execution flow flow_last template trigger)

# make_topics PARTITIONS CONFIG...: all of this prefix
make_topics() {
    local kind
    for kind in "${kinds[@]}"; do plant create "$prefix$kind" "$1" cleanup.policy=compact "${@:2}" || exit 1; done
}

# layout NAME LINE...: band I with other lines, as a file
layout() {
    { printf 'name: %s\nreleases: "0.20.x"\nextends: I\n' "$1"; printf '%s\n' "${@:2}"; } > "$work/$1.yml"
}

cluster_id() { "$program" topics --store "$store" --kafka "$kafka" | sed -n 's/.*cluster \([^,]*\),.*/\1/p'; }

new_db kestra-0.20
sample=$db
new_prefix
default=$kafka
default_node=$REQUEUE_TEST_KAFKA_DIR
node=$default_node

# ---- no broker -----------------------------------------------------------------------------------

# in_time SENTENCE SECONDS
in_time() { if [ $((SECONDS - began)) -lt "$2" ]; then ok "$1"; else not_ok "$1" "$((SECONDS - began)) s"; fi; }

began=$SECONDS
kafka=127.0.0.1:1
fails "no Kafka" 7 'kafka 127\.0\.0\.1:1: cannot connect: Connection refused' 'check --kafka' rebuild
in_time "no Kafka: told in less than 10 s" 10
began=$SECONDS
kafka=no-such-host.invalid:9092
fails "no such host" 7 'kafka no-such-host\.invalid:9092: cannot resolve the name' 'check --kafka' rebuild
in_time "no such host: told in less than 10 s" 10
kafka=${REQUEUE_TEST_POSTGRES##*@}
fails "PostgreSQL's port" 7 "kafka $kafka: .*" 'check ' rebuild
right=$store store=postgres://kestra:$secret@127.0.0.1:1/kestra kafka=127.0.0.1:1
run_requeue check
is "check tells both ends that are wrong" "$(grep -c '^requeue: error: \(PostgreSQL\|kafka\) 127.0.0.1:1' "$stderr") $status" '2 6'
store=$right kafka=$default

# ---- properties ----------------------------------------------------------------------------------

fails "-X without a value" 1 '-X: a property is written name=value' 'for example -X' rebuild -X linger.ms
fails "-X of no property" 1 '-X linger\.m: No such configuration property' 'CONFIGURATION\.md' rebuild -X linger.m=1
fails "-X with a wrong value" 1 '-X socket\.timeout\.ms: Invalid value' 'CONFIGURATION\.md' rebuild -X socket.timeout.ms=soon
fails "-X of what the proof rests on" 1 '-X acks: requeue sets this property itself' 'leave it out' rebuild -X acks=1
fails "-X with a secret" 1 '-X sasl\.pasword: ' 'CONFIGURATION\.md' rebuild -X "sasl.pasword=$secret"
fails "-X with a file that is not there" 1 'ssl\.ca\.location' 'file' rebuild -X security.protocol=ssl -X ssl.ca.location="$work/none"
fails "a login without a mechanism" 1 'sasl' 'sasl\.mechanism' rebuild -X security.protocol=sasl_plaintext
fails "TLS where there is none" 7 "kafka $kafka: TLS handshake failed" 'security\.protocol' rebuild -X security.protocol=ssl
fails "a login where there is none" 7 "kafka $kafka: login refused: the listener knows no logins\$" 'security\.protocol: this listener wants none' rebuild -X security.protocol=sasl_plaintext \
    -X sasl.mechanism=PLAIN -X sasl.username=kestra -X "sasl.password=$secret"
run_requeue plan -X debug=all
is "what librdkafka logs is not shown" "$(cat "$stderr")" ''
nothing_made "none of these made a topic"

# ---- topics that are there -----------------------------------------------------------------------

id=$(cluster_id)
run_requeue rebuild
run_requeue rebuild
assert_result "topics with data: refused in one line" 5 \
    "^refused: topics ${prefix}execution \(up to [0-9]+ records\), ${prefix}flow \(up to 55 records\), .* are not empty; .*--resume.*--append.*--recreate --confirm $id\)$" '^REFUSED: nothing was sent$'
is "topics with data: it is one line" "$(grep -c '^refused' "$said")" 1
run_requeue rebuild --recreate
assert_result "--recreate alone: refused with the cluster's id" 5 "^refused: --recreate deletes topics of cluster $id: say so with --confirm $id$"
run_requeue rebuild --recreate --confirm KKKKKKKKKKKKKKKKKKKKKK
assert_result "--confirm of another cluster: refused" 5 "^refused: --confirm KKK.* is not this cluster's id"
layout three 'replication: 3'
run_requeue rebuild --layout "$work/three.yml"
assert_result "another replication: refused with both numbers" 5 "^refused: topic ${prefix}flow has replication 1 where 3 is wanted; .*--recreate"
new_db "$sample"
sql -c "update triggers set value = jsonb_set(value, '{date}', '\"2020-01-01T00:00:00Z\"')"
fails "--recreate that cannot create: nothing is deleted" 7 'replication 3 but the cluster has 1 broker' 'other brokers.*--layout' \
    rebuild --layout "$work/three.yml" --recreate --confirm "$id" --executions all
store=$right
run_requeue verify
assert_result "all of these changed nothing" 0 '^PASS \(grade A\)$'

new_prefix
fails "replication above the number of brokers" 7 'replication 3 but the cluster has 1 broker' 'other brokers.*--layout' \
    rebuild --layout "$work/three.yml"
assert_line '^FAILED: nothing was changed$' "replication above the number of brokers: nothing was changed"
nothing_made "replication above the number of brokers: nothing is made"
fails "verify of topics that are not there" 7 "topic ${prefix}flow_last does not exist" 'requeue rebuild makes it' verify

make_topics 8
run_requeue rebuild --executions none
assert_result "another number of partitions: refused with both numbers" 5 \
    "^refused: topic ${prefix}flow has 8 partitions where 16 are wanted; recreate it" \
    "^refused: topic ${prefix}execution has 8 partitions where 16 are wanted; it is left empty, so --recreate does not touch it"

new_prefix
make_topics 16 retention.ms=1000 cleanup.policy=delete max.message.bytes=2000
run_requeue plan
assert_result "other configs: plan names each" 2 'cleanup\.policy is delete, the layout wants compact \(--alter sets it\)'
run_requeue check
assert_result "other configs: check counts them" 2 'cleanup\.policy is delete' '^CHECK: 5 topics differ'
run_requeue rebuild --executions all --report "$work/full.json"
assert_result "records too large for the topic are listed, the rest passes" 3 \
    "^warning: topic ${prefix}flow: cleanup\.policy is delete, the layout wants compact; --alter sets it" \
    "skipped execution .*too large for topic ${prefix}execution; raise max\.message\.bytes" '^PASS with 5 skipped \(grade A\)$'
is "records too large for the topic: all are in the list" "$(grep -c too-large "$work/full.skipped.jsonl")" 5
run_requeue rebuild --executions all --resume
assert_result "records too large for the topic: again with --resume" 3 '^PASS with 5 skipped'
run_requeue rebuild --executions all --append --alter --kinds template
assert_result "--alter sets what differs" 0 '^PASS'
run_requeue check
assert_result "--alter set what differs" 0 '^CHECK: good$'

# ---- Kestra is running ---------------------------------------------------------------------------

new_prefix
"$tools/plant" create "${prefix}any" 1 || exit 1
scripts/kafka-tool ConsoleConsumer --topic "${prefix}any" --group "${prefix}executor_main" > /dev/null 2>&1 &
consumer=$!
for ((i = 0; i < 200; i++)); do
    run_requeue plan
    [ "$status" -eq 5 ] && break
    sleep 0.1
done
assert_result "a consumer group with members: refused" 5 \
    "^refused: Kestra is running: consumer group ${prefix}executor_main \(1 member\); stop every server .*--kestra-running$"
run_requeue rebuild
assert_result "a consumer group with members: nothing is sent" 5 '^REFUSED: nothing was sent$'
is "a consumer group with members: nothing is made" "$(topics_on_disk "$node")" "${prefix}any"
run_requeue check
assert_result "a consumer group with members: check tells" 0 'executor_main has 1 member: Kestra is running'
run_requeue plan --kestra-running
assert_result "a consumer group with members, insisted" 2 '^PLAN: '
kill "$consumer"

# ---- rights --------------------------------------------------------------------------------------

new_node rights 'authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
allow.everyone.if.no.acl.found=true'
acl() { scripts/kafka-tool AclCommand "$@" > /dev/null; }
forbid() { acl --add --deny-principal 'User:*' --operation "$@"; }
permit() { acl --remove --force --deny-principal 'User:*' --operation "$@"; }

new_prefix
acl --add --allow-principal 'User:*' --operation All --cluster --topic '*'
forbid Create --cluster --topic '*'
fails "no right to create topics" 7 "create topic ${prefix}execution: no right to create topics" 'grant Create' rebuild
nothing_made "no right to create topics: nothing is made"
fails "no right to create topics: check tells" 7 'no right to create topics' 'grant Create' check
permit Create --cluster --topic '*'
forbid Write --topic "${prefix}flow"
fails "no right to write" 7 "topic ${prefix}flow \[[0-9]+\], key .*: no right to write" 'grant Write' rebuild
assert_line '^FAILED: not proven; continue with --resume$' "no right to write: the next step is told"
run_requeue plan
assert_result "no right to write: plan shows what is there" 5 "^refused: topic ${prefix}flow_last \(up to 46 records\) is not empty"
permit Write --topic "${prefix}flow"
run_requeue rebuild --resume
assert_result "no right to write, then granted: --resume makes it whole" 0 '^PASS \(grade A\)$'
forbid Read --topic "${prefix}flow"
fails "no right to read" 7 "read ${prefix}flow: no right to read the topic" 'grant Read' verify
permit Read --topic "${prefix}flow"
forbid Describe --topic "${prefix}flow"
began=$SECONDS
fails "no right to see a topic" 7 "create topic ${prefix}flow: it exists, but is not shown" 'grant Describe' plan --resume
in_time "no right to see a topic: told in less than 10 s" 10
permit Describe --topic "${prefix}flow"
forbid Create --cluster --topic '*'
fails "--recreate without the right to create" 7 'no right to create topics' 'grant Create' rebuild --recreate --confirm "$(cluster_id)"
run_requeue verify
assert_result "--recreate without the right to create: nothing is deleted" 0 '^PASS \(grade A\)$'
scripts/kafka-node kill "$node"

# ---- a login -------------------------------------------------------------------------------------

# The same node with one more listener, which asks for a password.
login_port=$(bash -c '. scripts/servers.sh; free_port')
sed -i '/^authorizer\|^allow\.everyone/d' "$node/server.properties"
cat >> "$node/server.properties" << EOF
listeners=PLAINTEXT://$kafka,CONTROLLER://127.0.0.1:$(($(cat "$node/port") + 1)),LOGIN://127.0.0.1:$login_port
advertised.listeners=PLAINTEXT://$kafka,LOGIN://127.0.0.1:$login_port
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,LOGIN:SASL_PLAINTEXT
listener.name.login.sasl.enabled.mechanisms=PLAIN
listener.name.login.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_kestra="$secret";
EOF
scripts/kafka-node start "$node" || exit 1
kafka=127.0.0.1:$login_port
login=(-X security.protocol=sasl_plaintext -X sasl.mechanism=PLAIN -X sasl.username=kestra)
run_requeue verify "${login[@]}" -X "sasl.password=$secret"
assert_result "the right password" 0 '^PASS \(grade A\)$'
assert_no_line "$secret" "the right password: not told"
began=$SECONDS
fails "the wrong password" 7 "kafka $kafka: login refused: " 'sasl\.password' verify "${login[@]}" -X "sasl.password=${secret}x"
fails "no login where one is wanted" 7 "kafka $kafka: " 'security\.protocol' verify
in_time "logins that fail are told in less than 10 s" 10
use "$node"

# ---- a cluster that is not whole -----------------------------------------------------------------

# second_node: one more broker for the cluster of $node, its folder is $node-2.
second_node() {
    local port
    port=$(bash -c '. scripts/servers.sh; free_port')
    mkdir "$node-2"
    nodes+=("$node-2")
    cp "$node/log4j.properties" "$node-2"
    {
        cat "$node/server.properties"
        printf '%s\n' process.roles=broker node.id=2 "log.dirs=$node-2/data" \
            {,advertised.}"listeners=PLAINTEXT://127.0.0.1:$port"
    } > "$node-2/server.properties"
    env -u REQUEUE_TEST_KAFKA scripts/kafka-tool kafka.tools.StorageTool format -c "$node-2/server.properties" \
        -t "$(sed -n 's/^cluster.id=//p' "$node/data/meta.properties")" > "$node-2/format.log" 2>&1 || exit 1
    echo "$port" > "$node-2/port"
    scripts/kafka-node start "$node-2" || exit 1
}

# A rebuild that is stopped while it sends executions; $rebuild is its process.
begin_rebuild() { # SENTENCE ARGUMENT...
    command_line="requeue rebuild (and $1)"
    "$program" rebuild --store "$store" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" \
        --executions all --no-progress -X batch.num.messages=20 -X queue.buffering.max.kbytes=4000 "${@:2}" \
        > "$stdout" 2> "$stderr" < /dev/null &
    rebuild=$!
    pause_at "${prefix}execution" 200000 "$rebuild" "$node" || not_ok "$1: the rebuild was too quick to be stopped"
}

end_rebuild() {
    status=0
    wait "$rebuild" || status=$?
    # That a broker is away and back is told too, as it happens.
    sed '/^requeue: \(warning: kafka .*; trying again until it is back\|kafka .* is back\)$/d' "$stderr" > "$stderr.rest"
    cat "$stdout" "$stderr" > "$said"
    cp "$stderr.rest" "$stderr"
}

new_db "$sample"
psql -X -q -v n=15000 -f tests/data/clone-executions.sql "$store" > /dev/null
new_node cluster 'min.insync.replicas=2'
second_node
layout two 'replication: 2'

new_prefix
begin_rebuild "one of two brokers dies" --layout "$work/two.yml" -X message.timeout.ms=15000
scripts/kafka-node kill "$node-2"
kill -CONT "$rebuild"
end_rebuild
assert_told "too few replicas in sync while sending" 7 'not acknowledged within 15 s: min\.insync\.replicas is 2, but 1 replica is in sync' '--resume'
fails "too few replicas in sync" 7 "topic ${prefix}execution cannot be written to: min\.insync\.replicas is 2, but .* 1 of 2" 'brokers are back' \
    rebuild --layout "$work/two.yml" --executions all --resume
scripts/kafka-node start "$node-2" || exit 1
# Until the replicas are in sync again.
for ((i = 0; i < 100; i++)); do
    run_requeue plan --layout "$work/two.yml" --executions all --resume
    [ "$status" -eq 2 ] && break
    sleep 0.2
done
run_requeue rebuild --layout "$work/two.yml" --executions all --resume
assert_result "too few replicas in sync, then all: --resume makes it whole" 0 '^PASS \(grade A\)$'

new_prefix
run_requeue rebuild --kinds flow
assert_result "topics without replicas on two brokers" 0 '^PASS'
scripts/kafka-node kill "$node-2"
sleep 3 # the controller misses it after two seconds; asked before, plan would wait for it
for ((i = 0; i < 100; i++)); do
    run_requeue plan --kinds flow --append
    [ "$status" -eq 7 ] && break
    sleep 0.2
done
fails "partitions without a leader" 7 "topic ${prefix}[a-z_]+ has a partition without a leader" 'brokers are back' rebuild --kinds flow --append
scripts/kafka-node kill "$node"

# ---- a broker that dies --------------------------------------------------------------------------

new_node alone
new_prefix
begin_rebuild "the broker dies and comes back"
scripts/kafka-node kill "$node"
kill -CONT "$rebuild"
scripts/kafka-node start "$node" || exit 1
end_rebuild
assert_result "the broker dies and comes back: the rebuild survives" 0 '^PASS \(grade A\)$'
is "the broker dies and comes back: no error" "$(cat "$stderr")" ''

new_prefix
began=$SECONDS
begin_rebuild "the broker dies" -X message.timeout.ms=5000
scripts/kafka-node kill "$node"
kill -CONT "$rebuild"
end_rebuild
assert_told "the broker dies" 7 "topic ${prefix}execution \[[0-9]+\], key .*: not acknowledged within 5 s: .*Connection refused .*records failed" '--resume'
assert_line '^requeue: warning: kafka .*Connection refused; trying again until it is back$' "the broker dies: told while it is waited for"
assert_line '^FAILED: not proven; continue with --resume$' "the broker dies: the next step is told"
scripts/kafka-node start "$node" || exit 1
run_requeue plan --executions all
assert_result "the broker dies: plan shows what is there" 5 "^refused: topics ${prefix}execution \(up to [0-9]+ records\)"
run_requeue rebuild --executions all --resume
assert_result "the broker dies: --resume makes it whole" 0 '^PASS \(grade A\)$'

kill -STOP "$(cat "$node/pid")"
began=$SECONDS
fails "a broker that says nothing" 7 "kafka $kafka: .*not answer" 'check ' rebuild --executions all --resume
in_time "a broker that says nothing: told in less than 10 s" 11
kill -CONT "$(cat "$node/pid")"

finish
