# shellcheck shell=bash disable=SC2154
# Commands of README and runbook, typed as they stand there; sourced after lib.sh.
#
# A block of commands begins with ```sh and a word for who types it:
#   (none)     test_runbook.sh, at PostgreSQL
#   checkout   test_runbook.sh, in the checkout instead of a folder of its own
#   search     search_runbook.sh, at each search server behind TLS and a password
#   staging    test_staging.sh and search_staging.sh (follow_runbook)
# test_runbook.sh sees that there is no other word.

mkdir "$work/bin" "$work/night"
ln -s "$program" "$work/bin/requeue"
ln -s "$root/scripts" "$work/night/scripts"
PATH=$work/bin:$PATH

# The commands of a file, each "LINE<tab>WORD<tab>COMMAND", a command that goes on with a backslash as one;
# WORD is - where there is none.
commands_of() { # file
    awk -v OFS='\t' '/^```sh/ { in_block = 1; word = NF > 1 ? $2 : "-"; next } /^```/ { in_block = 0 }
        in_block && NF && !/^#/ { line = line $0; if (sub(/\\$/, "", line)) next; print NR, word, line; line = "" }' "$1"
}

# What stands below in the same block.
rest_of() { sed -n "$(($2 + 1)),/^\`\`\`/{/^\`\`\`/!p}" "$1"; } # file, line

# For a test to replace: is this command typed at all? What has to happen before it?
is_ours() { :; } # command
before() { :; } # command

# make as a person calls it: without the jobs of a make that called us.
typed_make() {
    MAKEFLAGS=$(sed -E 's/--jobserver[^ ]*//g; s/(^| )-j[0-9]*//g' <<< "${MAKEFLAGS:-}")
    export MAKEFLAGS
}

# Pairs of a word of the text and what it is here.
in_place=()

placed() { # text
    local text=$1 i
    for ((i = 0; i < ${#in_place[@]}; i += 2)); do text=${text//"${in_place[i]}"/"${in_place[i + 1]}"}; done
    printf '%s' "$text"
}

# The exit status that a command has to have: `# exit N` says it; plan ends with 2 where there is something to do.
status_of() { # command
    if [[ $1 =~ '# exit '([0-9]+) ]]; then echo "${BASH_REMATCH[1]}"; return; fi
    case $1 in
    'requeue plan -c'*) echo 5 ;; # the lines above it have filled the topics
    'requeue plan'* | build/requeue\ plan*) echo 2 ;;
    *) echo 0 ;;
    esac
}

# type_commands FILE WORD=FOLDER...: its commands of these words, from top to bottom, in one shell. A command that
# is a shell (`... bash`) gets what stands below it.
type_commands() {
    local file=$1 number word line expected result below='' until=0
    local -A folders=()
    shift
    for word; do folders[${word%%=*}]=${word#*=}; done
    while IFS=$'\t' read -r number word line; do
        [ -n "${folders[$word]:-}" ] && [ "$number" -gt "$until" ] && is_ours "$line" || continue
        expected=$(status_of "$line") below=
        if [[ $line == *' bash' ]]; then
            below=$(rest_of "$file" "$number")
            until=$((number + $(wc -l <<< "$below")))
            expected=$(status_of "${below##*$'\n'}")
        fi
        before "$line"
        cd "${folders[$word]}" || exit 1
        result=0
        # In this shell: what is exported holds for the lines below.
        eval "$(placed "$line")" > "$said" 2>&1 < <(placed "$below") || result=$?
        cd "$root" || exit 1
        if [ "$result" -eq "$expected" ]; then
            ok "$file:$number: $line"
        else
            not_ok "$file:$number: $line" "exit status $result, expected $expected" "$(tail -n 40 "$said")"
        fi
    done < <(commands_of "$file")
}
