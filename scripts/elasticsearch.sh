# shellcheck shell=bash disable=SC2034
# What snapshot-elasticsearch and restore-elasticsearch share; sourced, never run.
#
# Secrets are on no command line: user and password go to curl through a descriptor, and netrc files
# are read by curl itself.

url=${REQUEUE_STORE:-} repository='' location='' snapshot='' indices='kestra_*'
tls=(${REQUEUE_STORE_CA:+--cacert "$REQUEUE_STORE_CA"})
what_to_do=

self=${0##*/}
say() { echo "$self: $*" >&2; }

# fail STATUS ERROR [HINT]: 1 usage, 2 counts differ, 3 done but not proven, 4 interrupted, 5 refused, 6 the store failed
fail() {
    say "error: $2"
    [ -z "${3:-}" ] || say "hint: $3"
    exit "$1"
}

usage() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"; }

# One option that both have, from the front of "$@"; sets $shifted. False: it is none of them.
common_option() {
    local value=${2:-}
    shifted=2
    case $1 in
    --url=* | --repository=* | --location=* | --snapshot=* | --indices=* | --cacert=*)
        value=${1#*=}
        shifted=1
        [ -n "$value" ] || fail 1 "${1%%=*} wants a value"
        ;;
    --url | --repository | --location | --snapshot | --indices | --cacert)
        [ -n "$value" ] || fail 1 "$1 wants a value"
        ;;
    --insecure) shifted=1 ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) return 1 ;;
    esac
    case ${1%%=*} in
    --url) url=$value ;;
    --repository) repository=$value ;;
    --location) location=$value ;;
    --snapshot) snapshot=$value ;;
    --indices) indices=$value ;;
    --cacert) tls+=(--cacert "$value") ;;
    --insecure) tls+=(--insecure) ;;
    esac
}

begin() {
    local program
    for program in curl python3; do
        command -v "$program" > /dev/null || fail 1 "$program is not installed"
    done
    [ -n "$url" ] || fail 1 "no store" "say --url http://HOST:9200, or set REQUEUE_STORE"
    [[ $url =~ ^https?://[^/?#[:space:]] ]] || fail 1 "not an Elasticsearch or OpenSearch URL: $(shown_url)"
    [ -n "$repository" ] || fail 1 "no repository" "say --repository NAME"
    [ -n "$snapshot" ] || fail 1 "no snapshot" "say --snapshot NAME"
    [[ ! $url =~ [\"\\] ]] || fail 1 "the URL has a quote or a backslash"
    url=${url%/}
    umask 077
    work=$(mktemp -d "${TMPDIR:-/tmp}/$self.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'say "interrupted; ${what_to_do:-nothing was changed}"; exit 4' INT TERM HUP
}

# Without user and password.
shown_url() {
    local rest=${url#*://}
    if [[ ${rest%%/*} == *@* ]]; then rest=${rest#*@}; fi
    echo "${url%%://*}://$rest"
}

quoted() {
    local text=${1//\\/\\\\}
    printf '"%s"' "${text//\"/\\\"}"
}

curl_config() {
    printf 'url = "%s%s"\n' "$url" "$1"
    if [ -n "${REQUEUE_STORE_USER:-}" ]; then
        printf 'user = %s\n' "$(quoted "$REQUEUE_STORE_USER:${REQUEUE_STORE_PASSWORD:-}")"
    else
        echo 'netrc-optional'
    fi
}

# ask METHOD PATH [BODY]: sets $http (000: no answer); the answer is in $work/answer.
ask() {
    local body=()
    if [ -n "${3:-}" ]; then
        printf '%s' "$3" > "$work/body"
        body=(-H 'Content-Type: application/json' --data-binary "@$work/body")
    fi
    : > "$work/answer"
    http=$(curl -q -sS "${tls[@]}" --connect-timeout 10 --max-time 120 -X "$1" "${body[@]}" \
        -K <(curl_config "$2") -o "$work/answer" -w '%{http_code}' 2> "$work/curl") || http=000
}

# ... and anything but success is the end.
need() {
    ask "$@"
    [[ $http == 2* ]] || store_failed "$1 ${2%%\?*}"
}

reason() {
    if [ "$http" = 000 ]; then
        sed -n 's/^curl: *//p' "$work/curl" | tail -n 1
    else
        echo "HTTP $http $(json 'why(a["error"])')"
    fi
}

store_failed() { # what was asked
    case $http in
    000) fail 6 "$(shown_url): $(reason)" "is it running, and is this the right address?${what_to_do:+ Afterwards: $what_to_do}" ;;
    401) fail 6 "$(shown_url): user or password refused" "set REQUEUE_STORE_USER and REQUEUE_STORE_PASSWORD, or have a line in ~/.netrc" ;;
    403) fail 6 "$1: $(reason)" "the user needs the cluster privilege to manage snapshots and all rights on the indices" ;;
    *) fail 6 "$1: $(reason)" "${what_to_do:-}" ;;
    esac
}

# json EXPRESSION [ARGUMENT...]: of the answer `a` and the arguments `v`; a list becomes sorted lines,
# and what the answer does not have becomes nothing.
json() {
    python3 - "$work/answer" "$@" <<'EOP'
import fnmatch, json, sys
from urllib.parse import quote

def wanted(name, patterns):
    """A list of names and wildcards as the servers read it: a minus takes away again."""
    is_wanted = False
    for pattern in patterns.split(','):
        if pattern.startswith('-') and fnmatch.fnmatchcase(name, pattern[1:]):
            is_wanted = False
        elif fnmatch.fnmatchcase(name, pattern):
            is_wanted = True
    return is_wanted

def why(error):
    """The innermost cause is the one that helps."""
    while isinstance(error, dict):
        error = error.get('caused_by') or error.get('reason', '')
    return error

v = sys.argv[3:]
try:
    a = json.load(open(sys.argv[1]))
except ValueError:
    a = {}
try:
    value = eval(sys.argv[2], {**globals(), 'a': a, 'v': v})
except (AttributeError, IndexError, KeyError, TypeError):
    value = ''
if isinstance(value, (list, tuple, set)):
    print(*sorted(value), sep='\n', end='\n' if value else '')
else:
    print(value if isinstance(value, str) else json.dumps(value))
EOP
}

encoded() { json 'quote(v[0], safe="")' "$1"; }

# The names of a file's lines, or of arguments, in one line.
together() { tr '\n' ' ' | sed 's/ $//; s/ /, /g'; }

reach() {
    need GET /
    product=$(json 'a["version"].get("distribution", "elasticsearch")')
    version=$(json 'a["version"]["number"]')
    [ -n "$version" ] || fail 6 "$(shown_url) does not answer as Elasticsearch or OpenSearch does" "is this the right address?"
}

# Register the repository, or see that it is there.
have_repository() {
    local known there
    at_repository=/_snapshot/$(encoded "$repository")
    ask GET "$at_repository"
    there=$http
    [[ $there == 200 || $there == 404 ]] || store_failed "GET $at_repository"
    if [ -n "$location" ] && [ "$there" = 200 ]; then
        known=$(json 'a[v[0]]["type"] + " " + a[v[0]]["settings"].get("location", "")' "$repository")
        [ "$known" = "fs $location" ] ||
            fail 5 "repository $repository exists, and is another one: $known" "leave --location out, or choose another --repository"
    elif [ -n "$location" ]; then
        ask PUT "$at_repository" "$(json '{"type": "fs", "settings": {"location": v[0], "compress": True}}' "$location")"
        [[ $http == 2* ]] || fail 6 "repository $repository cannot be registered: $(reason)" \
            "$location must be below a path.repo of every node's configuration, and all nodes must see the same folder"
        say "repository $repository registered: fs, $location"
    elif [ "$there" = 404 ]; then
        need GET /_snapshot
        known=$(json 'list(a)' | together)
        fail 1 "there is no repository $repository; there are: ${known:-none}" \
            "register one on a file system with --location PATH, or by PUT _snapshot/NAME for S3 and others"
    fi
}

# count INDEX: sets $counted; all its shards must have answered.
count() {
    need GET "/$(encoded "$1")/_count"
    counted=$(json 'a["count"] if a["_shards"]["successful"] == a["_shards"]["total"] else ""')
    [[ $counted =~ ^[0-9]+$ ]] || fail 6 "not all shards of $1 could be counted" "look at $(shown_url)/_cluster/allocation/explain"
}

# counts FILE INDEX...: a line `INDEX N` for each.
counts() {
    local file=$1 index
    shift
    ask POST "/$(encoded "$(printf '%s\n' "$@" | paste -sd,)")/_refresh"
    for index; do
        count "$index"
        echo "$index $counted"
    done > "$file"
}
