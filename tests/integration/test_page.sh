#!/bin/bash
# The page of --report-html in a real browser: it draws the report, its filters work, and nothing that a
# document holds is anything but text.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

# looked_at NAME: the last run's page.
looked_at() {
    local said=$work/browser
    python3 tests/integration/page.py "$work/$1.html" "$work/$1.json" > "$said" 2>&1 || [ -s "$said" ] || echo "not ok - the browser starts" > "$said"
    grep -q '^\(not \)\?ok - without scripts' "$said" || echo "not ok - $1: the browser comes to its end" >> "$said"
    sed "s/^\(not ok\|ok\) - /\1 - $1: /" "$said"
    failed=$((failed + $(grep -c '^not ok' "$said")))
}

umask 022
new_db kestra-0.20
new_prefix
run_requeue rebuild --recover safe --report "$work/pass.json" --report-html "$work/pass.html"
assert_exit 0 "a rebuild passes"
is "the page is for its owner alone" "$(stat -c %a "$work/pass.html")" 600
looked_at pass

# More of one class than a page takes, a few of others, and words that are markup.
psql -X -q "$store" -v n=2000 -f tests/data/clone-executions.sql > "$work/clone" 2>&1
hostile='</script><script>hostile=1</script><img src=x onerror=hostile=1><!--'
sql -c "update flows set value = value || jsonb_build_object('description', '$hostile') where key = (select min(key) from flows)" \
    -c "insert into templates (key, value) select 'io.kestra.cap_' || '$hostile', value || jsonb_build_object('id', '$hostile') from templates where not deleted"
run_requeue verify --executions all --report "$work/many.json" --report-html "$work/many.html"
assert_exit 2 "a verify finds more than a page takes"
is "there are more than a thousand of one class" "$(($(json_at "$work/many.json" results.execution.differences.missing) > 1000))" 1
looked_at many

psql -X -q "$store" -f tests/data/hostile.sql || exit 1
new_prefix
run_requeue plan --namespace h --tenant acme --report "$work/plan.json" --report-html "$work/plan.html"
assert_exit 2 "a plan with skips"
looked_at plan

store=$REQUEUE_TEST_POSTGRES/no_such_database
run_requeue verify --report "$work/failed.json" --report-html "$work/failed.html"
assert_exit 6 "a run that fails"
looked_at failed

run_requeue verify --report-html "$work/no-such-folder/page.html"
assert_told "a page that cannot be written is told at the start" 1 'option --report-html: .*no-such-folder/page.html' 'name a file in a folder'
run_requeue verify --report "$work/a" --report-html "$work/a"
assert_line '--report and --report-html name the same file' "no file is written twice"

finish
