# shellcheck shell=bash disable=SC2154 # of lib.sh
# What the tests of staging copies share; sourced after lib.sh.

rules=$work/rules.yml
cat > "$rules" <<'RULES'
flows: disabled
namespaces:
  - { from: io.kestra.cap, to: stg.cap }
mask:
  - { kind: flow, path: /description, do: text, text: "a flow of production" }
  - { kind: flow, path: /labels/*/value, do: pseudonym }
  - { kind: flow, path: /variables, do: pseudonym }
  - { kind: flow, path: /variables/deep, do: drop }
  - { kind: flow, path: /tasks/**/uri, do: pseudonym }
  - { kind: flow, path: /tasks/**/body, do: text, text: masked }
  - { kind: execution, path: /inputs/country, do: keep }
RULES
echo "0123456789abcdef0123456789abcdef" > "$work/seed"
echo "fedcba9876543210fedcba9876543210" > "$work/other-seed"

stage() { # requeue COMMAND with the rules
    local command=$1
    shift
    run_requeue "$command" --staging "$rules" --executions all --report "$work/out/$command.json" "$@"
}

# Into the database at hand; one a line in $work/secrets.
plant_secrets() {
    sql -f tests/data/plant-secrets.sql > /dev/null || exit 1
    sql -c 'select secret from secrets' > "$work/secrets"
}

new_out() { rm -rf "$work/out" && mkdir "$work/out"; }

# What the topics of $prefix hold, a line KEY TAB VALUE a record, in order.
decoded() { # FOLDER
    rm -rf "$1"
    read_topics "$1"
    python3 tests/integration/staged.py decode "$1"
}

# No secret in what is below the folders.
no_secret() { # SENTENCE FOLDER...
    local name=$1
    shift
    if grep -rqaF -f "$work/secrets" "$@"; then
        not_ok "$name" "$(grep -raF -m 3 -f "$work/secrets" "$@" | cut -c 1-600)"
    else
        ok "$name"
    fi
}
