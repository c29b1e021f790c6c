# shellcheck shell=bash
# What the scripts that start servers share; sourced, never run.

# shellcheck disable=SC2034 # the folder of scripts, for those who source this
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# Print a port P such that nobody listens on P and P+1. From below the range that the kernel
# hands out to clients; two callers may still draw the same one, so starting is tried again.
free_port() {
    local port
    while :; do
        port=$((20000 + 2 * (SRANDOM % 6000)))
        port_answers "$port" || port_answers $((port + 1)) || break
    done
    echo "$port"
}

port_answers() { (exec 3<> "/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Is process $1 there, and more than a zombie that its parent has not asked for yet?
running() {
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    [[ ${stat##*) } != [ZX]* ]]
}

# Wait until process $1 is gone, $2 tenths of a second at most.
wait_gone() {
    local i
    for ((i = 0; i < $2; i++)); do
        running "$1" || return 0
        sleep 0.1
    done
    return 1
}

# Run a command to its end and return its exit status. A signal for us is handed to it, and then
# its end is waited for. In the background because bash runs traps only between commands;
# `env` gives back the keyboard signals that bash takes from background commands.
run_command() {
    local child status=0
    env --default-signal=INT,QUIT -- "$@" <&0 &
    child=$!
    # shellcheck disable=SC2064 # the child of now
    trap "kill -TERM $child 2>/dev/null" TERM HUP
    # shellcheck disable=SC2064
    trap "kill -INT $child 2>/dev/null" INT
    while :; do
        status=0
        wait "$child" || status=$?
        kill -0 "$child" 2>/dev/null || break # else: a signal came, the command goes on
    done
    trap '' INT TERM HUP
    return "$status"
}
