#!/bin/bash
# requeue executions: every pending execution of the store gets its line, whatever is listed; what
# is rewritten keeps its original; no text of a document reaches the terminal as a command.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# shellcheck disable=SC2317 # called by holds
check_report() { python3 tests/integration/check_report.py "$@"; }

# judge ARGUMENT...: no Kafka is named.
judge() { run_bare executions --store "$store" --no-progress "$@"; }

# of LINES PYTHON: a value of each line, sorted; e is the line.
of() { python3 -c 'import json, sys
for text in sorted(str(eval(sys.argv[2], {"e": json.loads(line)})) for line in open(sys.argv[1], encoding="utf-8")): print(text)' "$@"; }

pending="not coalesce((value ->> 'deleted')::boolean, false) and value #>> '{state,current}' not in
    ('SUCCESS', 'WARNING', 'FAILED', 'KILLED', 'CANCELLED', 'RETRIED', 'SKIPPED')"

# Each rewritten execution has its original, which is the store's document; and no other has one.
# shellcheck disable=SC2317 # called by holds
originals() { # executions.jsonl, originals.jsonl, rows of the store: key, tab, JSON
    python3 - "$@" <<'END'
import json, sys
lines, originals, rows = (open(path, encoding='utf-8') for path in sys.argv[1:])
stored = dict(row.rstrip('\n').split('\t', 1) for row in rows)
kept = {o['id']: o['value'] for o in map(json.loads, originals)}
rewritten = {e['id'] for e in map(json.loads, lines) if 'recovered' in e}
assert rewritten and rewritten == set(kept), (rewritten, set(kept))
for key, value in kept.items():
    assert value == json.loads(stored[key]), key
END
}

for sample in kestra-0.6 kestra-0.20; do
    new_db "$sample"
    n=$(sql -c "select count(*) from executions where $pending")

    judge
    assert_result "$sample: all pending executions are judged" 0 "^pending +$n\$" '^code +number' '^what to do:$' "^EXECUTIONS: $n pending"
    judge --report "$work/r.json"
    assert_exit 0 "$sample: a report is no other result"
    holds "$sample: the report and its lines are what the schemas say" check_report schema "$work/r.json" "$work"/r.*.jsonl
    is "$sample: the files are for their owner alone" "$(stat -c %a "$work"/r.* | sort -u)" 600
    is "$sample: each pending execution has a line, and no other has one" "$(of "$work/r.executions.jsonl" 'e["id"]')" \
        "$(sql -c "select key from executions where $pending" | sort)"
    is "$sample: the report counts the lines" "$(of "$work/r.executions.jsonl" 'e["verdict"]' | uniq -c | tr -s ' ')" \
        "$(for v in blocked needs-action resumes undecided; do
            v_n=$(json_at "$work/r.json" "executions.by_verdict.$v")
            [ "$v_n" -eq 0 ] || echo " $v_n $v"
        done)"
    is "$sample: what resumes is to be sent, and nothing else" "$(of "$work/r.executions.jsonl" '(e["verdict"] == "resumes") == e["emitted"]' | uniq)" True
    is "$sample: an execution is named by its row" "$(of "$work/r.executions.jsonl" 'e["store"] == "executions/" + e["id"]' | uniq)" True

    judge --format json
    is "$sample: --format json prints the same lines" "$(sort "$stdout")" "$(sort "$work/r.executions.jsonl")"
    judge --format json --verdict blocked,undecided --code taskrun-lost,pause-manual
    is "$sample: --verdict and --code choose lines" "$(sort "$stdout")" \
        "$(python3 -c 'import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    e = json.loads(line)
    if e["verdict"] in ("blocked", "undecided") and {"taskrun-lost", "pause-manual"} & set(e["codes"]): print(line, end="")' \
            "$work/r.executions.jsonl" | sort)"
    judge --code taskrun-lost
    is "$sample: all of a code are listed" "$(grep -cE '^  (blocked|needs-action) .*taskrun-lost' "$stdout")" \
        "$(json_at "$work/r.json" executions.by_code.taskrun-lost)"

    judge --fail-on blocked
    assert_result "$sample: --fail-on blocked" 8 "^BLOCKED: $n pending"
    judge --namespace io.kestra.nowhere --fail-on blocked
    assert_result "$sample: a namespace without executions" 0 '^no execution is pending'

    judge --recover all --lost-at 2030-01-01T00:00:00Z --report "$work/r.json"
    assert_result "$sample: --lost-at tells what cannot be known" 0 'before the loss at 2030-01-01T00:00:00\.000Z' 'that started since are lost'
    holds "$sample: --recover all: the report and its lines are what the schemas say" check_report schema "$work/r.json" "$work"/r.*.jsonl
    psql -X -q -At -F $'\t' "$store" -c "select key, value from executions" > "$work/rows"
    holds "$sample: what is rewritten has its original beside it" originals "$work/r.executions.jsonl" "$work/r.originals.jsonl" "$work/rows"
    is "$sample: what is rewritten is to be sent" "$(of "$work/r.executions.jsonl" '"recovered" not in e or e["emitted"]' | uniq)" True
done

judge --now 2040-01-01T00:00:00Z
assert_line '^execution-old ' "an execution is old by the time that --now says"
judge --now 2040-01-01T00:00:00Z --max-age 0
assert_no_line '^execution-old ' "without --max-age nothing is old"

# Documents that nobody should have written.
psql -X -q "$store" -f tests/data/hostile.sql || exit 1
sql -c "update executions set value = jsonb_set(value, '{namespace}', '\"io.\\u001b[31m\\nkestra\"') where key = (select min(key) from executions where $pending)"
judge --verdict blocked,needs-action,resumes,undecided --report "$work/h.json"
is "no control character is on the screen" "$(grep -cP '[\x00-\x08\x0b-\x1f\x7f]' "$stdout")" 0
holds "hostile documents: the report and its lines are what the schemas say" check_report schema "$work/h.json" "$work"/h.*.jsonl

judge --format json > /dev/null
"$program" executions --store "$store" --format json > /dev/full 2> "$stderr"
is "stdout is full: exit status 1" $? 1
"$program" executions --store "$store" --format json 2> "$stderr" | head -n 1 > "$work/one"
is "a reader that has enough may leave" "$(wc -l < "$work/one") $(cat "$stderr")" '1 '

finish
