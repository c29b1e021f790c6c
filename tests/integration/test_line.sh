#!/bin/bash
# The whole line on real servers, as a person would go along it: check, plan, rebuild, verify, and
# every option that shapes them, on databases that real Kestras left behind.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# check_counts SENTENCE REPORT BAND EXECUTIONS: records, sent, acknowledged and keys of each kind in
# the report are what the database gives.
check_counts() {
    python3 tests/integration/expect.py counts "$store" "$3" "$4" > "$work/expected"
    [ "$4" != none ] || sed -i '/^execution/d' "$work/expected"
    python3 -c '
import json, sys
for kind, r in json.load(open(sys.argv[1]))["results"].items():
    numbers = {r["records"], r["sent"], r["acknowledged"], r["topic"]["records"], r["topic"]["keys"]}
    print(kind, *sorted(numbers))
' "$2" > "$work/counted"
    holds "$1" diff "$work/expected" "$work/counted"
}

cluster_id() { sed -n 's/^kafka  *cluster \([^,]*\),.*/\1/p' "$stdout"; }

# "PARTITIONS NAME CONFIGS" of every topic with our prefix, by Kafka's own tool; without the prefix, and without
# what the broker's own configuration says.
described_topics() {
    scripts/kafka-tool TopicCommand --describe --topic "$prefix.*" |
        sed -n "s/^Topic: $prefix\([^\t]*\).*PartitionCount: \([0-9]*\).*Configs: \(.*\)/\2 \1 \3/p" |
        while read -r partitions name configs; do
            printf '%s %s %s\n' "$partitions" "$name" "$(tr ',' '\n' <<< "${configs//=delete,compact/=delete+compact}" |
                grep -v -e '^file.delete.delay.ms=' -e '^max.message.bytes=11534336' | sort | paste -sd ' ')"
        done | sort -k 2
}

# ---- the line ------------------------------------------------------------------------------------

walk() { # sample, band, topics
    local unlock executions
    new_db "$1"
    new_prefix
    run_requeue check
    assert_result "$1: check knows band $2" 0 "^layout  band $2, .*detected from flyway_schema_history" '^CHECK: good$'
    run_requeue plan
    assert_result "$1: plan has something to do" 2 "^PLAN: [0-9]+ records to send, $3 topics to make \(grade A\); nothing was changed$"
    is "$1: it is said once that names are assumed, where they are" "$(grep -c assumed "$said")" "$([ "$2" = A ] && echo 0 || echo 1)"
    is "$1: what the rebuild makes is not told to be deleted" "$(grep -c "^    ${prefix}executor_main-.*changelog\$" "$said")" "$([ "$2" = A ] && echo 4 || echo 5)"
    is "$1: check and plan create no topic, though the broker creates whatever is asked for" "$(topic_names)" ''
    for executions in none pending all; do
        unlock=none
        [ "$executions" != pending ] || unlock=all
        new_prefix
        run_requeue rebuild --executions "$executions" --unlock "$unlock" --report "$work/line.json"
        assert_result "$1: rebuild --executions $executions --unlock $unlock passes" 0 '^PASS \(grade A\)$'
        check_counts "$1: with --executions $executions everything was sent, acknowledged and read back once" \
            "$work/line.json" "$2" "$executions"
        run_requeue verify --executions "$executions" --unlock "$unlock" --report "$work/verify.json"
        assert_result "$1: verify finds the fresh topics equal" 0 '^PASS \(grade A\)$'
        is "$1: verify counts no difference" "$(json_at "$work/verify.json" differences)" 0
    done
}

walk kestra-0.6 A 15

# The topics of the walk, as the data model lists them (2.2).
common='min.compaction.lag.ms=86400000'
both="cleanup.policy=delete+compact delete.retention.ms=86400000 $common"
compact="cleanup.policy=compact delete.retention.ms=86400000 $common"
sort -k 2 > "$work/expected" <<END
16 execution cleanup.policy=compact $common retention.ms=-1
16 flow cleanup.policy=compact retention.ms=-1 segment.bytes=10485760
16 flow_last cleanup.policy=compact retention.ms=-1 segment.bytes=10485760
16 template cleanup.policy=compact retention.ms=-1 segment.bytes=10485760
16 trigger $compact
16 executor_main-executor-changelog $both
16 executor_killed $both
16 executor_flowtrigger $both
16 executor_workertaskexecution $both
16 workertask $both
16 workertaskresult $both
16 workertaskrunning $both
16 workerinstance $compact
16 executor_workerinstance $compact
16 logs cleanup.policy=delete
END
described_topics > "$work/described"
holds "band A: every topic that Kestra declares is there, with its partitions and configs" \
    diff "$work/expected" "$work/described"

# ---- shapes: siblings ----------------------------------------------------------------------------

new_prefix
plant create "${prefix}execution" 4
run_requeue rebuild
assert_result "a topic of another shape than the layout's is refused with both numbers" 5 \
    "refused: topic .*execution has 4 partitions where 16 are wanted" '^REFUSED'
new_prefix
plant create "${prefix}executor_killed" 4
plant create "${prefix}workertask" 4
run_requeue rebuild --executions all
assert_result "what is left of a Kafka with four partitions is followed" 0 '^PASS \(grade A\)$'
run_requeue verify --executions all
assert_result "executions in four partitions are verified" 0 '^PASS \(grade A\)$'
sort > "$work/expected" <<END
4 execution
4 executor_killed
4 executor_main-executor-changelog
4 executor_workertaskexecution
4 workertask
4 workertaskresult
4 workertaskrunning
16 executor_flowtrigger
16 executor_workerinstance
16 flow
16 flow_last
16 logs
16 template
16 trigger
16 workerinstance
END
described_topics | cut -d ' ' -f 1,2 | sort > "$work/described"
holds "absent topics follow the partition count of their siblings" diff "$work/expected" "$work/described"

new_prefix
plant create "${prefix}execution" 4
plant create "${prefix}executor_killed" 16
run_requeue rebuild
assert_result "siblings of different shapes are refused with both numbers" 5 \
    "refused: topic .* has (16|4) partitions where (4|16) are wanted as in its siblings" '^REFUSED: nothing was sent$'
is "a refused rebuild creates nothing" "$(topic_names | wc -l)" 2

walk kestra-up-0.6-0.16 F 5
walk kestra-0.20 I 5

# ---- topics that hold something ------------------------------------------------------------------

# $prefix holds a rebuild with all executions.
run_requeue rebuild --executions all
assert_result "a second rebuild is refused" 5 \
    'refused: topic.*trigger \(up to 4 records\).* not empty; .*--resume.*--append.*--recreate --confirm' \
    '^REFUSED: nothing was sent$'
run_requeue plan --executions all
assert_result "plan says that the rebuild would be refused" 5 'refused: topic.* not empty' '^REFUSED: .*nothing was changed$'
run_requeue rebuild --executions all --recreate
assert_result "--recreate without --confirm is refused" 5 'say so with --confirm'
run_requeue rebuild --executions all --recreate --confirm not-this-one
assert_result "--recreate with another cluster's id is refused" 5 "--confirm not-this-one is not this cluster's id"
run_requeue verify --executions all --report "$work/verify.json"
is "refused rebuilds have sent nothing" "$(json_at "$work/verify.json" results.execution.topic.records)" 115
run_requeue check
id=$(cluster_id)
printf 'put %sflow 0 x6d61726b x7b7d\n' "$prefix" | plant write > "$work/offset"
run_requeue rebuild --kinds trigger --unlock none --recreate --confirm "$id"
assert_result "--recreate with the cluster's id passes" 0 '^PASS \(grade A\)$'
holds "--recreate leaves the topics of other kinds alone" grep -q x6d61726b <(plant read -k "${prefix}flow")
is "the recreated topic holds each record once" "$(plant read -k "${prefix}trigger" | wc -l)" 4
run_requeue rebuild --executions all --recreate --confirm "$id" --report "$work/line.json"
assert_result "--recreate of all kinds passes" 0 '^PASS \(grade A\)$'
check_counts "recreated topics hold what the database gives" "$work/line.json" I all
run_requeue rebuild --append --executions none --unlock none
assert_result "--append passes behind what is there" 0 '^PASS \(grade A\)$'
is "--append has sent all records a second time" "$(plant read -k "${prefix}flow" | wc -l)" 110
run_requeue verify --executions all --report "$work/verify.json"
assert_result "records that came twice are superseded, no difference" 0 '^PASS \(grade A\)$'
is "superseded records are counted" "$(json_at "$work/verify.json" results.flow.topic.superseded)" 55

# ---- what a Kestra has lived with ----------------------------------------------------------------

all_executions=$prefix
sql -c "delete from executions where key = (select min(key) from executions)"
run_requeue verify --executions all
assert_result "an execution that is gone from the store is a difference" 2 '^  extra execution ' '^FAIL: 1 differences'
run_requeue verify --audit
assert_result "--audit explains a purged execution" 0 \
    '^  extra execution .*\(explained: execution-purged\)$' "explained by Kestra's normal life" '^PASS \(grade A\)$'
run_requeue verify --audit --strict
assert_result "--strict counts what is explained" 2 '^FAIL: 1 differences'

# ---- prefixes ------------------------------------------------------------------------------------

new_prefix
run_bare rebuild --store "$store" --kafka "$kafka" --kinds template --topic-prefix "${prefix}t-" --consumer-prefix "${prefix}c-"
assert_result "other prefixes come with the settings to switch Kestra" 0 \
    "kestra.kafka.defaults.topic-prefix: \"${prefix}t-\"" "kestra.kafka.defaults.consumer-prefix: \"${prefix}c-\"" \
    "^    ${prefix}c-executor_main$" "^    <state.dir>/${prefix}c-executor_main$"
run_bare rebuild --store "$store" --kafka "$kafka" --kinds template --append
assert_result "Kestra's own prefix is the default" 0 '^PASS'
assert_no_line 'to switch Kestra' "without another prefix nothing has to be switched"
holds "the topic of the default prefix is Kestra's own" grep -qx kestra_template <(scripts/kafka-tool TopicCommand --list)

# ---- kinds ---------------------------------------------------------------------------------------

kinds_of() { python3 -c 'import json, sys; print(*json.load(open(sys.argv[1]))["results"])' "$1"; }

new_prefix
run_requeue rebuild --kinds flow --report "$work/kinds.json"
is "--kinds flow includes flow-last" "$status $(kinds_of "$work/kinds.json")" '0 flow-last flow'
run_requeue rebuild --no-flows --no-templates --executions none --unlock none --report "$work/kinds.json"
is "--no-flows and --no-templates leave the triggers" "$status $(kinds_of "$work/kinds.json")" '0 trigger'
run_requeue rebuild --kinds template,execution --executions pending --report "$work/kinds.json"
is "--kinds takes a list" "$status $(kinds_of "$work/kinds.json")" '0 template execution'
run_requeue verify --executions pending
assert_result "kind after kind gives the whole" 0 '^PASS \(grade A\)$'
run_requeue rebuild --no-flows --no-templates --no-triggers --executions none
assert_result "no kind at all is an error of usage" 1 'no kind is left'
run_requeue verify --kinds flow,sheep
assert_result "an unknown kind is an error of usage" 1 "unknown kind 'sheep'"
run_requeue verify --kinds trigger --no-triggers-execution-id
assert_result "--no-triggers-execution-id means --unlock all" 2 '^  changed trigger .*cron-long_minute' '/executionId: store absent'

# ---- no proof, and the proof later ---------------------------------------------------------------

new_prefix
run_requeue rebuild --no-verify --executions pending --unlock all --report "$work/unproven.json"
assert_result "--no-verify is UNPROVEN" 3 '^UNPROVEN \(grade A\)$' 'prove them with requeue verify'
is "a report without proof says so" "$(json_at "$work/unproven.json" proven)" false
run_requeue verify --executions pending
assert_result "verify expects what it is told, not what was sent" 2 'changed trigger' '^FAIL: 1 differences'
run_bare verify --store "$store" --kafka "$kafka" --like "$work/unproven.json"
assert_result "verify --like expects what that rebuild was asked for" 0 '^PASS \(grade A\)$'
run_requeue verify --like "$work/no-such-file.json"
assert_result "--like needs a report" 1 'no-such-file.json'

# ---- plans ---------------------------------------------------------------------------------------

new_prefix
run_requeue plan -o "$work/plan.json"
assert_exit 2 "plan -o makes a plan"
run_requeue rebuild --plan "$work/plan.json" --unlock all
assert_result "a plan with other options is out of date" 5 'requeue plan -o' '^REFUSED: nothing was sent$'
is "a refused plan has created nothing" "$(topic_names)" ''
run_requeue rebuild --plan "$work/plan.json"
assert_result "rebuild --plan passes while nothing has changed" 0 '^PASS \(grade A\)$'
new_prefix
run_requeue plan -o "$work/plan.json"
plant create "${prefix}template" 16
run_requeue rebuild --plan "$work/plan.json"
assert_result "rebuild --plan is refused after a topic changed" 5 \
    'the topics or the options are not those of plan' '^REFUSED: nothing was sent$'
planned=$store
new_db "$db"
run_requeue plan -o "$work/plan.json"
store=$planned
run_requeue rebuild --plan "$work/plan.json"
assert_result "the plan of another database is refused" 5 'the store is not that of plan'
echo '{"plan": {}}' > "$work/bad.json"
run_requeue rebuild --plan "$work/bad.json"
assert_result "a file that is no plan is an error of usage" 1 'is no plan'

# ---- configs -------------------------------------------------------------------------------------

new_prefix
plant create "${prefix}template" 16 cleanup.policy=delete max.message.bytes=2000000 segment.ms=77777777
run_requeue plan --kinds template
assert_result "plan lists configs that differ from the layout" 2 \
    'cleanup.policy is delete, the layout wants compact \(--alter sets it\)' 'retention.ms is .*, the layout wants -1'
run_requeue check
assert_result "check lists configs that differ from the layout" 2 'cleanup.policy is delete, the layout wants compact' \
    '^CHECK: 1 topics differ from the layout$'
run_requeue rebuild --kinds template
assert_exit 0 "a topic with other configs is filled all the same"
is "without --alter the configs stay" "$(described_topics | grep '^16 template ')" \
    '16 template cleanup.policy=delete max.message.bytes=2000000 segment.ms=77777777'
run_requeue rebuild --kinds template --append --alter
assert_exit 0 "--alter passes"
scripts/kafka-tool ConfigCommand --describe --entity-type topics --entity-name "${prefix}template" |
    sed -n 's/^  \([a-z.]*=[^ ]*\) .*/\1/p' | sort > "$work/altered"
printf '%s\n' cleanup.policy=compact max.message.bytes=2000000 retention.ms=-1 segment.bytes=10485760 \
    segment.ms=77777777 > "$work/expected"
holds "--alter sets what differs and keeps the topic's other overrides" diff "$work/expected" "$work/altered"

# ---- a Kestra that runs --------------------------------------------------------------------------

# Times of the database's own clock, shown as Kestra writes them.
sql -c "update service_instance set value = value || jsonb_build_object('updatedAt',
            to_char(now() at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'))
        where key = (select min(key) from service_instance)"
new_prefix
run_requeue rebuild
assert_result "a server with a fresh heartbeat is a running Kestra" 5 'refused: Kestra is running: heartbeats of [A-Z]+ \(RUNNING, ' \
    'or insist with --kestra-running' '^REFUSED: nothing was sent$'
run_requeue rebuild --kestra-running
assert_exit 0 "--kestra-running insists"
sql -c "update service_instance set value = value || '{\"state\": \"TERMINATED_GRACEFULLY\"}'"
new_prefix
run_requeue plan
assert_result "fresh heartbeats of stopped servers do not matter" 2 '^PLAN: '

# ---- selections ----------------------------------------------------------------------------------

psql -X -q "$store" -v n=2 -f tests/data/clone-flows.sql > "$work/clone" 2>&1
sql -c "insert into flows (key, value, source_code) select 'acme_' || key, value || '{\"tenantId\": \"acme\"}', source_code
            from flows where namespace = 'io.kestra.cap'" \
    -c "insert into triggers (key, value) select 'acme_' || key, value || '{\"tenantId\": \"acme\"}' ||
            case when value ? 'executionId' then jsonb_build_object('executionId', 'acme-' || (value ->> 'executionId')) else '{}' end
            from triggers where namespace = 'io.kestra.cap'" \
    -c "insert into executions (key, value) select 'acme-' || key, value || jsonb_build_object('tenantId', 'acme', 'id', 'acme-' || key)
            from executions"

# selected SENTENCE CONDITION OPTION...: so many records of flow, trigger and execution.
selected() {
    local name=$1 where=$2 expected
    shift 2
    expected=$(sql -c "select (select count(*) from flows where $where), (select count(*) from triggers where $where),
                              (select count(*) from executions where $where)" | tr '|' ' ')
    new_prefix
    run_requeue rebuild --executions all --report "$work/selected.json" "$@"
    is "$name" "$status $(for k in flow trigger execution; do json_at "$work/selected.json" "results.$k.topic.keys"; done | paste -sd ' ')" \
        "0 $expected"
}
below="(namespace = 'io.kestra.cap' or namespace like 'io.kestra.cap.%')"
selected "--namespace takes one and those below it" "$below" -n io.kestra.cap
selected "--namespace of a clone takes only that" "namespace = 'io.kestra.cap.c1'" -n io.kestra.cap.c1
selected "--namespace is no prefix of a word" 'false' -n io.kestra.ca
selected "--tenant takes one tenant" "tenant_id = 'acme'" --tenant acme
selected "an empty --tenant takes what has none" 'tenant_id is null' --tenant ''
selected "tenant and namespace go together" "tenant_id = 'acme' and $below" --tenant acme -n io.kestra.cap
middle=$(sql -c "select percentile_disc(0.5) within group (order by value #>> '{state,startDate}') from executions")
new_prefix
run_requeue rebuild --kinds execution --executions all --until "$middle" --report "$work/selected.json"
is "--until takes the executions that started before" "$(json_at "$work/selected.json" results.execution.topic.keys)" \
    "$(sql -c "select count(*) from executions where value #>> '{state,startDate}' < '$middle'")"
run_requeue verify --kinds execution --executions all --until "$middle"
assert_result "a partial verify of what was rebuilt in part passes" 0 '^PASS'
run_requeue rebuild --append --kinds execution --executions all --since "$middle"
assert_exit 0 "the other half is appended"
run_requeue verify --kinds execution --executions all
assert_result "two halves by time are the whole" 0 '^PASS'

sql -c "select key from executions where not deleted order by key limit 7" > "$work/ids"
where="key = any(string_to_array('$(paste -sd , "$work/ids")', ',')) and state_current in ('SUCCESS', 'RUNNING', 'FAILED')"
new_prefix
run_requeue rebuild --kinds execution --executions all --ids "$work/ids" --states success,running,FAILED --report "$work/selected.json"
is "--ids and --states select executions" "$status $(json_at "$work/selected.json" results.execution.topic.keys)" \
    "0 $(sql -c "select count(*) from executions where $where")"
assert_line '^selected: executions in state SUCCESS, or RUNNING, or FAILED, 7 execution ids; what is proven is this part of the topics' "a partial proof is told as one"
run_requeue verify --like "$work/selected.json"
assert_result "verify takes the selection from the report" 0 '^selected: .* 7 execution ids' '^PASS'
run_requeue rebuild --append --kinds execution --executions all
run_requeue verify --kinds execution --executions all --states RUNNING --report "$work/selected.json"
is "verify --states looks at those alone" "$(json_at "$work/selected.json" results.execution.read)" \
    "$(sql -c "select count(*) from executions where state_current = 'RUNNING' and not deleted")"
head -3 "$work/ids" > "$work/three"
run_bare executions --store "$store" --ids "$work/three" --report "$work/selected.json"
is "executions --ids" "$(wc -l < "$work/selected.executions.jsonl")" \
    "$(sql -c "select count(*) from executions where key = any(string_to_array('$(paste -sd , "$work/three")', ','))
                   and state_current::text not in ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')")"

prefix=$all_executions
run_requeue check
run_requeue rebuild --executions all --recreate --confirm "$(cluster_id)"
assert_exit 0 "the whole is rebuilt with all tenants and namespaces"
# A cloned trigger waits for an execution of the namespace it was cloned from, which is not looked at here.
run_requeue verify --executions all --unlock none --namespace io.kestra.cap.c1 --report "$work/selected.json"
assert_result "in a partial verify other keys are not extra" 0 'flow: [0-9]+ other keys in the topic, not compared' '^PASS'
is "other keys are counted as outside" "$(json_at "$work/selected.json" results.flow.topic.outside)" \
    "$(sql -c "select count(*) from flows where namespace <> 'io.kestra.cap.c1'")"
run_requeue verify --executions all --unlock none --tenant acme
assert_result "a partial verify by tenant passes too" 0 '^PASS'

finish
