#!/bin/bash
# What is wrong with the command line, the files and the database: each has one clear line with what to
# do next, the exit status of its kind, tells no secret, and makes nothing in Kafka.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

server=${REQUEUE_TEST_POSTGRES#*@} # HOST:PORT
export PGOPTIONS='-c client_min_messages=error'

# fails SENTENCE STATUS ERROR HINT COMMAND ARGUMENT...: run it, and it fails in these words.
fails() {
    local name=$1 expected=$2 error=$3 hint=$4
    shift 4
    run_requeue "$@"
    assert_told "$name" "$expected" "$error" "$hint"
}

# misused SENTENCE ERROR HINT COMMAND ARGUMENT...
misused() {
    local name=$1 error=$2 hint=$3
    shift 3
    fails "$name" 1 "$error" "$hint" "$@"
}

nothing_made() { is "$1" "$(topics_on_disk "$REQUEUE_TEST_KAFKA_DIR")" ''; }

new_db kestra-0.20
sample=$db
kestra=$store
new_prefix

# ---- the database cannot be had ------------------------------------------------------------------

store=postgres://kestra:$secret@127.0.0.1:1/kestra
fails "no server" 6 '127\.0\.0\.1:1/kestra, connecting: .*Connection refused' 'is the server running' rebuild
store=postgres://kestra:$secret@no-such-host.invalid/kestra
fails "no such host" 6 'no-such-host\.invalid' 'host in the URL or in PGHOST' rebuild
store="postgres://kestra:$secret@$kafka/kestra?connect_timeout=1"
fails "a server that says nothing" 6 'no answer within 1 seconds' 'host, port and network' rebuild
store=postgres://requeue_pw:$secret@$server/$sample
fails "wrong password" 6 'password authentication failed for user "requeue_pw"' 'PGPASSWORD' rebuild
store=postgres://requeue_pw@$server/$sample
fails "no password" 6 'a password is needed' 'PGPASSWORD' rebuild
store=postgres://postgres:$secret@$server/no_such_database
fails "no such database" 6 'database "no_such_database" does not exist' 'right database' rebuild
store=postgres://nobody_knows:$secret@$server/$sample
fails "no such role" 6 'role "nobody_knows" does not exist' 'PGUSER' rebuild
store=postgres://requeue_none:$secret@$server/$sample
fails "a role without rights" 6 'permission denied' 'GRANT SELECT' rebuild
store=postgres://postgres:$secret@$server/postgres
fails "another program's database" 6 'the database "postgres" is not Kestra.s' 'in the URL, and its schema' rebuild
store=postgres://postgres:$secret@$server/$sample
fails "another schema" 6 'not Kestra.s: no table nix\.flows' 'schema "public" .* --schema public' rebuild --schema nix

for store in "mysql://u:$secret@h/d" "jdbc:postgresql://u:$secret@h/d" "u:$secret@h/d" "ftp://u:$secret@h/d"; do
    misused "a store of another kind: ${store%%u:*}" 'store' 'postgresql://user@host:5432/kestra' rebuild
done
store=postgres://u:p@$secret@h/d
misused "an @ in the password" 'cannot be understood: it has an @ too many' '%40' rebuild
store="postgres://u@h/d?pasword=$secret"
misused "an unknown parameter in the URL" 'cannot be understood: invalid URI query parameter' 'PGPASSWORD' rebuild

# ---- it is not as Kestra leaves it ---------------------------------------------------------------

new_db "$sample"
sql -c "update flyway_schema_history set success = false where version = '1.25'"
fails "a migration has failed" 6 'half migrated: migration 1\.25 .* failed' 'finish its migrations' rebuild
new_db "$sample"
sql -c 'drop table templates cascade' -c 'alter table triggers drop column namespace cascade'
fails "half migrated: tables are missing" 6 'missing are table templates, column triggers\.namespace' 'finish its migrations, or .* --layout' rebuild
new_db "$sample"
sql -c "insert into flyway_schema_history select 99, '2.0.1', 'x', 'SQL', 'x', 0, 'x', now(), 1, true"
misused "unknown band" 'no layout fits .* 2\.0\.1 is the newest' '--layout: A B1 .* J; or give a layout file' rebuild
run_requeue plan --layout I
assert_result "unknown band, named: goes on" 2 'band I .*, given by --layout' '^PLAN: '
new_db "$sample"
sql -c 'delete from flyway_schema_history'
run_requeue plan
assert_result "no migration history: the band is guessed, and that is said" 2 'band I .*guessed from tables' '^PLAN: '
sql -c 'drop table service_instance, templates, triggers, sla_monitor cascade' -c 'alter table flows drop column namespace cascade'
run_requeue plan
assert_told "neither history nor tables of any band" "$status" 'half migrated|does not say of which Kestra' '--layout'
new_db "$sample"
sql -c 'drop schema public cascade' -c 'create schema public'
fails "empty database" 6 'not Kestra.s: no table flows, no table executions' 'in the URL' rebuild
new_db "$sample"
sql -c 'truncate flows, templates, triggers, executions'
run_requeue plan
assert_result "Kestra's tables, but nothing in them" 2 '^warning: the store holds no document' '^PLAN: 0 records'
store=$kestra
run_requeue plan --namespace io.kestra.nowhere
assert_result "a selection of nothing" 2 '^warning: nothing is selected' '^PLAN: 0 records'

# ---- the command line ----------------------------------------------------------------------------

store=postgres://postgres:$secret@$server/$sample
misused "unknown option" 'unknown option --frobnicate' 'requeue help rebuild' rebuild --frobnicate
misused "unknown option, nearly known" 'unknown option --resumee' 'did you mean --resume' rebuild --resumee
misused "unknown letter" 'unknown option -Z' 'requeue help plan' plan -Z
misused "an option of another command" 'option --audit belongs to another command' 'requeue help rebuild' rebuild --audit
misused "a forgotten argument" 'option --tenant: its argument ID is missing' 'requeue help rebuild' rebuild --tenant --resume
misused "a stray URL" "unexpected argument 'postgres://\.\.\.'" 'requeue help' rebuild "postgres://u:$secret@h/d"
misused "--recreate and --append" 'exclude each other' '' rebuild --recreate --append
misused "--recreate and --no-recreate" 'exclude each other' '' rebuild --recreate --no-recreate
misused "--confirm alone" '--confirm belongs to --recreate' '' rebuild --confirm x
misused "--audit and --unlock all" '--audit means --unlock none' '' verify --audit --unlock all
misused "--since after --until" 'is not before --until' '' rebuild --since 2024-01-02T00:00:00Z --until 2024-01-01T00:00:00Z
misused "a time that is none" "'yesterday' is not a time" '' rebuild --since yesterday
misused "an unknown kind" "unknown kind 'flows'" 'kinds are' rebuild --kinds flows
misused "no kind left" 'no kind is left' '--executions' rebuild --kinds execution --executions none
misused "a table that Kestra does not have" 'has no table "flws"' 'name a kind or a table' rebuild --table flws=x
misused "a text that is not UTF-8" 'not valid UTF-8' '--tenant, --namespace' rebuild --tenant $'\xff'
misused "a prefix that Kafka does not allow" 'topic name a/bexecution' '--topic-prefix' plan --topic-prefix a/b
run_bare "postgres://u:$secret@h/d"
assert_told "a URL where the command should be" 1 "'postgres://\.\.\.' is not a command" 'lists the commands'
run_bare rebuild --kafka "$kafka"
assert_told "no store" 1 '--store is missing' 'for example --store.*or -c application\.yml'
run_bare paln
assert_told "a misspelt command" 1 "'paln' is not a command" 'did you mean plan'
run_bare mask "$work/no-rules.yml"
assert_told "no file of rules" 1 'requeue mask: cannot open .*no-rules\.yml' 'Refresh staging'
for kafka_list in '' ',' 'a b:9092' 127.0.0.1:99999 http://127.0.0.1:9092 "u:$secret@h:9092"; do
    run_bare rebuild --store "$store" --kafka="$kafka_list"
    assert_told "no brokers: '${kafka_list/$secret/...}'" 1 '--kafka' '--kafka'
done
REQUEUE_JOBS=many run_bare rebuild --store "$store" --kafka "$kafka"
assert_told "a wrong variable" 1 "REQUEUE_JOBS: 'many' is not" 'requeue help'

# ---- layouts -------------------------------------------------------------------------------------

misused "no such band" 'no band "Z"' 'bands are A B1 .*ends in \.yml' rebuild --layout Z
misused "no such layout file" 'cannot open .*none\.yml: No such file' 'name of a band' rebuild --layout "$work/none.yml"
misused "a layout that is a folder" 'Is a directory' 'name of a band' rebuild --layout "$work/"
head -c 4096 /dev/urandom > "$work/garbage.yml"
misused "a layout of garbage" 'garbage\.yml:1: ' '' rebuild --layout "$work/garbage.yml"
printf 'name: X\nreleases: "1\0"\n' > "$work/nul.yml"
misused "a layout with a NUL" 'nul\.yml:[12]: ' '' rebuild --layout "$work/nul.yml"
printf 'name: X\nextends: I\nkinds: [\n' > "$work/syntax.yml"
misused "a layout with a syntax error" 'syntax\.yml:[34]: ' '' rebuild --layout "$work/syntax.yml"
printf 'name: X\nreleases: "1"\nextends: I\npartition: 3\n' > "$work/member.yml"
misused "a layout with an unknown member" 'member\.yml:4: the key "partition" is not known; nearest: partitions' '' rebuild --layout "$work/member.yml"
printf 'name: X\nreleases: "1"\nextends: circle.yml\n' > "$work/circle.yml"
misused "a layout that extends what is not there" 'circle\.yml:3: extends: ' 'name of a band' rebuild --layout "$work/circle.yml"
: > "$work/empty.yml"
misused "an empty layout" 'empty\.yml:1: ' '' rebuild --layout "$work/empty.yml"
mkdir "$work/layouts"
REQUEUE_LAYOUTS=$work/layouts misused "a folder without layouts" 'has no layouts' 'REQUEUE_LAYOUTS' rebuild
REQUEUE_LAYOUTS=$work/none misused "no folder of layouts" 'no folder' 'unset it' rebuild

# ---- files ---------------------------------------------------------------------------------------

misused "a report that cannot be written" 'option --report: cannot create .*: No such file' 'folder' rebuild --report "$work/none/r.json"
assert_line '^FAILED: nothing was changed$' "a report that cannot be written: nothing was changed"
misused "a plan that cannot be written" 'option --output: cannot create .*: No such file' 'folder' plan -o "$work/none/p.json"
misused "no such plan" 'option --plan: cannot open' 'requeue plan -o' rebuild --plan "$work/none.json"
echo '{' > "$work/damaged.json"
misused "a damaged plan" 'plan .*damaged\.json: JSON' 'requeue plan -o .* a new one' rebuild --plan "$work/damaged.json"
echo '{}' > "$work/other.json"
misused "a plan that is none" 'is no plan' 'requeue plan -o' rebuild --plan "$work/other.json"
misused "no such report" 'cannot open .*none\.json' '--report FILE' verify --like "$work/none.json"
misused "a report that is none" 'other\.json is no report' '--report FILE' verify --like "$work/other.json"
misused "a report over what is read" '--like and --report name the same file' '' verify --like "$work/other.json" --report "$work/other.json"
is "a report over what is read: it is still there" "$(cat "$work/other.json")" '{}'
run_requeue plan -o "$work/plan.json"
fails "a plan of other options" 5 'the topics or the options are not those of plan' 'requeue plan -o' rebuild --plan "$work/plan.json" --unlock all
new_db "$sample"
fails "a plan of another database" 5 'the store is not that of plan' 'requeue plan -o' rebuild --plan "$work/plan.json"
store=postgres://postgres:$secret@$server/$sample
"$program" plan --store "$store" --kafka "$kafka" --topic-prefix "$prefix" > /dev/full 2> "$stderr"
status=$?
cp "$stderr" "$said"
assert_told "stdout is full" 1 'cannot write the result to standard output: No space left' ''
nothing_made "none of these made a topic"

new_prefix
mkdir "$work/full"
ln -s /dev/full "$work/full/r.json"
run_requeue rebuild --executions none --unlock none --report "$work/full/r.json"
assert_told "the disk is full for the report" 1 'cannot write .*full/r\.json: No space left.*the verdict stands' 'make room'
assert_line '^PASS \(grade A\)$' "the disk is full for the report: the verdict is told"
run_requeue plan --executions none --unlock none --resume -o "$work/full/r.json"
assert_told "the disk is full for the plan" 1 'cannot write .*full/r\.json: No space left' 'make room'
# 115 differences are 40 KB, so that it fails in the middle.
if [ "$(id -u)" -eq 0 ] && mkdir "$work/small" && mount -t tmpfs -o size=16k tmpfs "$work/small" 2>/dev/null; then
    run_requeue verify --executions all --unlock none --report "$work/small/r.json"
    umount "$work/small"
    assert_told "the disk becomes full" 1 'cannot write .*small/r\..*: No space left.*the verdict stands' 'make room'
    assert_line '^FAIL: 115 differences' "the disk becomes full: all differences are counted"
else
    ok "the disk becomes full # SKIP needs root, to mount a small file system"
fi
run_requeue verify --executions none --unlock none
assert_result "the disk was full: the topics are right" 0 '^PASS \(grade A\)$'

# ---- Kestra is running ---------------------------------------------------------------------------

# heartbeat AGE STATE: the last one of the executor.
heartbeat() {
    sql -c "update service_instance set value = jsonb_set(jsonb_set(value, '{state}', to_jsonb('$2'::text)), '{updatedAt}',
        to_jsonb(to_char((now() - '$1'::interval) at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')))
        where value ->> 'type' = 'EXECUTOR'"
}

new_db "$sample"
new_prefix
heartbeat '5 seconds' RUNNING
run_requeue rebuild
assert_result "a fresh heartbeat: refused" 5 '^refused: Kestra is running: heartbeats of EXECUTOR \(RUNNING, [0-9]+ s ago\); stop every server .*--kestra-running$' '^REFUSED: nothing was sent$'
nothing_made "a fresh heartbeat: nothing is made"
run_requeue plan
assert_result "a fresh heartbeat: plan says that it would be refused" 5 '^refused: Kestra is running' '^REFUSED: .*nothing was changed'
run_requeue check
assert_result "a fresh heartbeat: check tells" 0 'server EXECUTOR in state RUNNING, .*: Kestra is running'
run_requeue plan --kestra-running
assert_result "a fresh heartbeat, insisted" 2 '^PLAN: '
heartbeat '3 minutes' RUNNING
run_requeue plan
assert_result "a heartbeat of three minutes ago is of the past" 2 'server EXECUTOR in state RUNNING, last heartbeat 3m( [0-9]+s)? ago \(stopped\)' '^PLAN: '
heartbeat '1 second' TERMINATED_GRACEFULLY
run_requeue plan
assert_result "a fresh heartbeat of a clean stop" 2 '^PLAN: '
PGAPPNAME='PostgreSQL JDBC Driver' psql -X -q "$store" -c 'select pg_sleep(60)' > /dev/null 2>&1 &
client=$!
for ((i = 0; i < 100; i++)); do
    [ "$(sql -c "select count(*) from pg_stat_activity where application_name = 'PostgreSQL JDBC Driver' and datname = '$db'")" = 1 ] && break
    sleep 0.05
done
run_requeue plan
assert_result "a connection of Kestra's driver: plan warns" 2 "^warning: 1 connection of Kestra's database driver is open"
run_requeue rebuild
assert_result "a connection of Kestra's driver: rebuild warns" 0 "^requeue: warning: 1 connection of Kestra's database driver is open" '^PASS'
kill "$client"

# ---- the database goes away in the middle --------------------------------------------------------

new_db "$sample"
psql -X -q -v n=15000 -f tests/data/clone-executions.sql "$store" > /dev/null

# A rebuild that is stopped while it sends executions; $rebuild is its process.
begin_rebuild() {
    new_prefix
    command_line="requeue rebuild (and $1)"
    "$program" rebuild --store "$store" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" \
        --executions all --no-progress -X batch.num.messages=20 -X queue.buffering.max.kbytes=1000 > "$stdout" 2> "$stderr" &
    rebuild=$!
    pause_at "${prefix}execution" 200000 "$rebuild" || not_ok "$1: the rebuild was too quick to be stopped"
}

end_rebuild() {
    status=0
    kill -CONT "$rebuild"
    wait "$rebuild" || status=$?
    cat "$stdout" "$stderr" > "$said"
}

# What is half done is seen by plan, and --resume makes it whole.
goes_on() {
    run_requeue plan --executions all
    assert_result "$1: plan shows what is there" 5 "^refused: topics .*${prefix}execution \\(up to [0-9]+ records\\)" '--resume'
    run_requeue rebuild --executions all --resume
    assert_result "$1: --resume makes it whole" 0 '^PASS \(grade A\)$'
}

begin_rebuild "its connections are ended"
sql -c "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name = 'requeue' and datname = '$db'" > /dev/null
end_rebuild
assert_told "its connections are ended" 6 'reading executions: ' '--resume'
assert_line '^FAILED: not proven; continue with --resume$' "its connections are ended: the next step is told"
goes_on "its connections are ended"

begin_rebuild "the server is killed"
scripts/postgres-node kill "$REQUEUE_TEST_POSTGRES_DIR"
end_rebuild
assert_told "the server is killed" 6 'reading executions: ' '--resume'
fails "the server is killed: still gone" 6 'connecting: ' 'is the server running' plan
scripts/postgres-node start "$REQUEUE_TEST_POSTGRES_DIR" || exit 1
goes_on "the server is killed"

finish
