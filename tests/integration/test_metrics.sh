#!/bin/bash
# Metrics for Prometheus, while a run goes on and when it has ended; and the line of a terminal meanwhile.
# A store that stands still keeps the run where it is.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

prom=$work/requeue.prom
metric() { python3 tests/integration/metrics.py "$prom" "$@"; }
fits() { holds "$1: Prometheus' parser takes the file" metric; }

new_db kestra-0.20
new_prefix
umask 022
run_requeue rebuild --executions all --metrics-textfile "$prom"
assert_exit 0 "a rebuild passes"
fits rebuild
is "it ended well" "$(metric requeue_last_exit_status command=rebuild) $(metric requeue_running)" "0 0"
is "the node exporter may read it, and nothing is left beside it" "$(stat -c %a "$prom") $(cd "$work" && echo requeue.prom*)" "644 requeue.prom"
is "acknowledged records" "$(metric requeue_last_records_acknowledged)" "$(metric requeue_last_documents_read)"
is "pending executions by verdict" "$(metric requeue_last_executions_pending)" 75

run_requeue verify --executions all --metrics-textfile "$prom"
success=$(metric requeue_last_success_timestamp_seconds command=verify)
is "of another command only its own success counts" "$(metric requeue_last_success_timestamp_seconds command=rebuild)" -
sql -c "delete from executions where key = (select min(key) from executions)"
run_requeue verify --executions all --metrics-textfile "$prom"
fits differences
is "a difference by kind and class" "$(metric requeue_last_differences kind=execution class=extra) $(metric requeue_last_differences)" "1 1"
is "a failure keeps the time of the last success" "$(metric requeue_last_success_timestamp_seconds)" "$success"
is "and has its exit status" "$(metric requeue_last_exit_status)" 2

# ---- a run that waits --------------------------------------------------------------------------

# The run in a terminal of 80 columns, then 40: until each width has had a line that counts.
address=${store#*@}
python3 tests/integration/slow_relay.py "${address%%/*}" 60000 "$work/go" > "$work/port" &
while [ ! -s "$work/port" ]; do sleep 0.01; done
slow=${store/"${address%%/*}"/127.0.0.1:$(cat "$work/port")}
python3 tests/integration/terminal.py "$work/terminal" 80,40 \
    "$program" verify --executions all --store "$slow" --kafka "$kafka" --topic-prefix "$prefix" --consumer-prefix "$prefix" \
    --metrics-textfile "$prom" > "$said" 2>&1 &
run=$!
for ((i = 0; i < 4000; i++)); do
    [ -e "$work/terminal.80" ] && [ -e "$work/terminal.40" ] && break
    kill -0 "$run" 2>/dev/null || break
    sleep 0.05
done
fits "while it runs"
is "a run that goes on says so" "$(metric requeue_running)" 1
is "what the last one found stays meanwhile" "$(metric requeue_last_differences) $(metric requeue_last_exit_status)" "1 2"
: > "$work/go"
wait "$run" || true
for width in 80 40; do
    is "on $width columns no line is wider" "$(python3 -c 'import sys; print(max(map(len, open(sys.argv[1]))) <= int(sys.argv[2]))' "$work/terminal.$width" "$width")" True
done
is "the verdict stands alone on its line" "$(tail -n 1 "$work/terminal")" "FAIL: 1 differences (grade A)"

# ---- files that cannot be ----------------------------------------------------------------------

run_requeue verify --metrics-textfile "$work/no-such-folder/a.prom"
assert_told "a folder that is not there is told at the start" 1 'option --metrics-textfile: .*no-such-folder' 'name a file'
run_requeue verify --metrics-textfile /dev/null
assert_told "no device is replaced by a file" 1 '/dev/null: it is no regular file' 'name a file'
is "it is still there" "$(stat -c %F /dev/null)" "character special file"

finish
