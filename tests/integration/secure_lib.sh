# shellcheck shell=bash disable=SC2034,SC2154 # of and for lib.sh
# What the tests of TLS and logins share; sourced after lib.sh.

tls=$work/tls
told=$work/told # all that the program ever said or wrote, and what it was called with
secrets=()
mkdir "$tls" "$told"

# certificate NAME SUBJECT EXTENSION [AUTHORITY]: $tls/NAME.pem and NAME.key; NAME-both.pem holds the two.
certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "/CN=$2" -addext "$3" \
        -keyout "$tls/$1.key" -out "$tls/$1.pem" ${4:+-CA "$tls/$4.pem" -CAkey "$tls/$4.key"} 2> "$tls/log" ||
        { cat "$tls/log"; exit 1; }
    cat "$tls/$1.key" "$tls/$1.pem" > "$tls/$1-both.pem"
}

# An authority, one that nobody knows, and a server's certificate for "localhost" only.
make_certificates() {
    certificate ca authority keyUsage=keyCertSign
    certificate stranger authority keyUsage=keyCertSign
    certificate server localhost subjectAltName=DNS:localhost ca
}

# new_secret NAME: a password that no other text contains. Sets and exports $NAME.
new_secret() {
    local text
    text="s3cr;t#$(printf '%08x%08x' "$SRANDOM" "$SRANDOM")"
    secrets+=("$text")
    export "$1=$text"
}

n_runs=0
# run_secret ARGUMENT...: as run_bare; what was said is kept, and what processes were called with.
run_secret() {
    local process
    command_line="requeue $*"
    status=0
    "$program" "$@" > "$stdout" 2> "$stderr" < /dev/null &
    process=$!
    while kill -0 "$process" 2> /dev/null; do
        cat "/proc/$process/cmdline" >> "$told/called" 2> /dev/null
        pgrep -a -P "$process" >> "$told/called"
        sleep 0.02
    done
    wait "$process" || status=$?
    cat "$stdout" "$stderr" > "$said"
    n_runs=$((n_runs + 1))
    cp "$said" "$told/said-$n_runs"
}

# denied SENTENCE STATUS ERROR HINT ARGUMENT...
denied() {
    local name=$1 expected=$2 error=$3 hint=$4
    shift 4
    run_secret "$@"
    assert_told "$name" "$expected" "$error" "$hint"
}

# none_told SENTENCE: no secret is in anything that was said, written or called.
none_told() {
    local text found=()
    for text in "${secrets[@]}"; do
        while read -r text; do found+=("$text"); done < <(grep -rlaF -- "$text" "$told")
    done
    if [ ${#secrets[@]} -gt 0 ] && [ ${#found[@]} -eq 0 ]; then ok "$1"; else not_ok "$1" "it is in:" "${found[@]}"; fi
    holds "$1: what was called was looked at" grep -q requeue "$told/called"
}

# only_ours SENTENCE: whatever was written is for its owner alone.
only_ours() {
    is "$1" "$(find "$told" -type f -name 'report*' ! -perm 600 -printf '%m %f\n')" ''
}

# search_front USER PASSWORD PORT...: the search server behind TLS and a password, at each of these ports. The
# servers of these tests have no security module: HAProxy has the certificate and asks for the password.
search_front() {
    local i port
    {
        cat << END
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
userlist kestra
    user $1 insecure-password '$2'
frontend tls
END
        for port in "${@:3}"; do echo "    bind 127.0.0.1:$port ssl crt $tls/server-both.pem"; done
        cat << END
    http-request auth realm kestra unless { http_auth(kestra) }
    default_backend server
backend server
    server one ${REQUEUE_TEST_SEARCH#http://}
END
    } > "$work/haproxy.cfg"
    haproxy -db -f "$work/haproxy.cfg" > "$work/haproxy.log" 2>&1 &
    for ((i = 0; i < 100; i++)); do
        ! bash -c ". scripts/servers.sh; port_answers $3" || break
        sleep 0.05
    done
}
