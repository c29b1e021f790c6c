#!/bin/bash
# Every command line of README and runbook, typed from top to bottom at real servers.
#
# The lines of each block ```sh are run in one shell and one folder, with the names of hosts put in
# place. `plan` must end with 2 (5 where the lines above it have filled the topics), a line with `# exit N` with N, every other with 0. Blocks ```sh not-run
# are counted, not run: they install, or need a search server, which this test does not have.
# shellcheck source=tests/integration/lib.sh
. "$(dirname "$0")/lib.sh"

mkdir "$work/bin" "$work/night"
ln -s "$program" "$work/bin/requeue"
PATH=$work/bin:$PATH

# "NUMBER LINE" of the blocks, a line that goes on with a backslash as one; $2: sh, or "sh not-run".
lines_of() { # file, kind of block
    awk -v kind="\`\`\`$2" '$0 == kind { in_block = 1; next } /^```/ { in_block = 0 }
        in_block && NF && !/^#/ { line = line $0; if (sub(/\\$/, "", line)) next; print NR, line; line = "" }' "$1"
}

placed() { # a line with our servers for those of the text
    sed -e "s|postgres://kestra@db.example:5432/kestra|$store|" -e "s|kafka-1:9092,kafka-2:9092|$kafka|" -e "s|prefix green-|prefix ${prefix}green-|g" <<< "$1"
}

type_lines() { # file
    local number line expected result here=$PWD
    cd "$work/night" || exit 1
    while read -r number line; do
        expected='^0$'
        [[ $line != 'requeue plan'* ]] || expected='^2$'
        [[ $line != 'requeue plan -c'* ]] || expected='^5$'
        [[ ! $line =~ '# exit '([0-9]+) ]] || expected="^${BASH_REMATCH[1]}\$"
        result=0
        # In this shell: what is exported holds for the lines below.
        eval "$(placed "$line")" > "$said" 2>&1 < /dev/null || result=$?
        if [[ $result =~ $expected ]]; then
            ok "$1:$number: $line"
        else
            not_ok "$1:$number: $line" "exit status $result, expected $expected" "$(tail -n 40 "$said")"
        fi
    done < <(lines_of "$here/$1" sh)
    cd "$here" || exit 1
}

new_db kestra-0.6
new_prefix
export REQUEUE_STORE=$store REQUEUE_KAFKA=$kafka REQUEUE_TOPIC_PREFIX=$prefix REQUEUE_CONSUMER_PREFIX=$prefix
sed -e "s|KAFKA|$kafka|" -e "s|DATABASE|${store#postgres://*@}|" > "$work/night/application.yml" <<'YML'
datasources:
  postgres:
    url: jdbc:postgresql://DATABASE
    username: postgres
kestra:
  repository: {type: postgres}
  kafka: {client: {properties: {bootstrap.servers: "KAFKA"}}}
YML

type_lines README.md
# The night begins anew, with the topics of the README gone from sight.
new_prefix
export REQUEUE_TOPIC_PREFIX=$prefix REQUEUE_CONSUMER_PREFIX=$prefix
type_lines docs/runbook.md

# No block escapes: a line of commands is run here, or said not to be.
is "every block of commands is run or marked as not run" \
    "$(grep -hE '^```(sh|bash|shell|console)' README.md docs/runbook.md | grep -vxE '```sh( not-run)?')" ''
is "so many lines are marked as not run" \
    "$(for doc in README.md docs/runbook.md; do lines_of $doc 'sh not-run'; done | wc -l)" 43
finish
