/*
 * manual.c - see manual.h.
 *
 * DESIGN: one page, not one for each command: nearly all options belong to several commands, and a
 * reader looks for an option, not for the same list eight times. Each item says who takes it.
 */
#include "cli/manual.h"

#include "cli/options.h"

#define MANUAL_DATE "November 26, 2026"

/* ---- the manual page --------------------------------------------------------------------- */

static const char page_head[] =
    ".Dd " MANUAL_DATE "\n.Dt REQUEUE 1\n.Os\n.Sh NAME\n.Nm requeue\n"
    ".Nd make the Kafka topics of a Kestra again from its store, and prove them\n"
    ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar option ...\n.Sh DESCRIPTION\n"
    "Reads flows, templates, triggers and executions from the store of a Kestra, sends them to\n"
    "fresh topics, reads the topics back and compares key by key.\n"
    "Nothing is deleted without\n.Fl -recreate\nand the id of the cluster.\n"
    ".Pp\nThe result is written to standard output, log and progress to standard error.\n";

static const char page_tail[] =
    ".Sh ENVIRONMENT\n"
    "Options with a variable say so above; the option wins over it, and it wins over Kestra's\n"
    "configuration.\n"
    ".Bl -tag -width indent\n"
    ".It Ev REQUEUE_LAYOUTS\nThe folder of the layout files, instead of the one beside the "
    "program.\n"
    ".It Ev KESTRA_CONFIGURATION\nKestra's configuration itself; files that\n.Fl -config\nnames "
    "win "
    "over it.\n"
    ".It Ev PGHOST , PGPASSWORD , PGSERVICE , PGSSLMODE , No ...\nThose of libpq.\n.El\n"
    ".Sh FILES\n.Bl -tag -width indent\n"
    ".It Pa ~/.kestra/config.yml\nKestra's configuration, when nothing names a store, a Kafka or "
    "another file.\n"
    ".It Pa ~/.pgpass\nPasswords of PostgreSQL.\n"
    ".It Pa ../share/requeue/layouts/*.yml\nThe layouts, as seen from the program: topics, keys, "
    "indices and tables of a band of\nKestra's versions.\n"
    ".It Pa NAME.differences.jsonl , NAME.skipped.jsonl , NAME.executions.jsonl\n"
    "The lists of a report\n.Pa NAME.json ,\none JSON object a line.\n"
    ".It Pa NAME.originals.jsonl\nDocuments that\n.Fl -recover\nrewrote, as they were.\n"
    ".It Pa NAME.staging.jsonl\nTexts of a staging copy that hold a name which is renamed "
    "elsewhere.\n.El\n"
    ".Sh EXIT STATUS\n.Bl -tag -width 4n\n"
    ".It 0\nDone, and proven equal.\n"
    ".It 1\nThe command line, a layout, or a file of ours.\n"
    ".It 2\nDifferences, or another writer; for a plan: there is something to do.\n"
    ".It 3\nDone, but something was skipped, or not proven.\n"
    ".It 4\nInterrupted;\n.Fl -resume\ncontinues.\n"
    ".It 5\nRefused for safety; the message says how to go on.\n"
    ".It 6\nThe store failed.\n.It 7\nKafka failed.\n"
    ".It 8\nPending executions stay blocked, with\n.Fl -fail-on Ar blocked .\n"
    ".It 70\nA bug.\n.El\n"
    ".Sh EXAMPLES\nLook, then do it, then keep the report:\n.Bd -literal -offset indent\n"
    "requeue plan -s postgres://kestra@db/kestra -k kafka:9092 -o plan.json\n"
    "requeue rebuild -s postgres://kestra@db/kestra -k kafka:9092 --plan plan.json \\e\n"
    "    --report rebuild.json\n.Ed\n"
    ".Pp\nGo on after an interruption:\n"
    ".Dl requeue rebuild -s postgres://kestra@db/kestra -k kafka:9092 --resume\n"
    ".Pp\nAsk on any day whether Kafka still says what the store says:\n"
    ".Dl requeue verify -c application.yml --audit --report audit.json\n"
    ".Pp\nName the executions that will not come back, and what to do about each:\n"
    ".Dl requeue executions -c application.yml\n"
    ".Sh SEE ALSO\n"
    ".Xr elasticdump 1 ,\n.Xr kcat 1 ,\n.Xr pg_dump 1 ,\n.Xr pg_restore 1 ,\n.Xr psql 1\n"
    ".Pp\nThe runbook,\n.Pa docs/runbook.md ,\ngoes through the night on which Kafka is lost.\n";

static void taken_by(unsigned commands, struct buf *out)
{
    const char *before = "Taken by\n.Cm ";

    for (int c = 0; c < COMMAND_COUNT; c++) {
        if ((commands & 1u << c) == 0)
            continue;
        buf_add(out, "%s%s", before, command_name((enum command)c));
        before = " ,\n.Cm ";
    }
    buf_add(out, " .\n");
}

void manual_page(struct buf *out)
{
    buf_add(out, "%s.Sh COMMANDS\n.Bl -tag -width executions\n", page_head);
    for (int c = 0; c < COMMAND_COUNT; c++)
        buf_add(out, ".It Cm %s\n%s.\n", command_name((enum command)c),
                command_purpose((enum command)c));
    buf_add(out, ".El\n.Sh OPTIONS\n.Bl -tag -width indent\n");
    for (const struct opt *o = options_table; o->name; o++) {
        opt_man(o, out);
        taken_by(o->commands, out);
    }
    buf_add(out, ".El\n%s", page_tail);
}

/* ---- completion of bash ------------------------------------------------------------------ */

static void words_of_commands(struct buf *out)
{
    for (int c = 0; c < COMMAND_COUNT; c++)
        buf_add(out, "%s%s", c > 0 ? " " : "", command_name((enum command)c));
}

/* One case of the word before: what may follow this option. */
static void values_of(const struct opt *o, struct buf *out)
{
    if (!o->arg || o->type == OPT_FLAG || o->type == OPT_SET)
        return;
    buf_add(out, "    --%s", o->name);
    if (o->letter)
        buf_add(out, " | -%c", o->letter);
    if (o->type == OPT_CHOICE) {
        buf_add(out, ") _requeue_words '");
        for (const char *p = o->arg; *p != '\0'; p++)
            buf_add(out, "%c", *p == '|' ? ' ' : *p);
        buf_add(out, "'; return ;;\n");
    } else if (strstr(o->arg, "FILE") || strstr(o->arg, ".json")) {
        buf_add(out, ") _requeue_paths -f; return ;;\n");
    } else if (strstr(o->arg, "DIR")) {
        buf_add(out, ") _requeue_paths -d; return ;;\n");
    } else {
        buf_add(out, ") return ;;\n");
    }
}

/* One case of the command: its options. */
static void options_of(enum command c, struct buf *out)
{
    buf_add(out, "    %s) _requeue_words '", command_name(c));
    if (c == COMMAND_HELP) {
        words_of_commands(out);
        buf_add(out, " codes man completion");
    }
    for (const struct opt *o = options_table; o->name; o++)
        if ((o->commands & 1u << c) != 0)
            buf_add(out, "--%s ", o->name);
    buf_add(out, "' ;;\n");
}

void manual_completion(struct buf *out)
{
    buf_add(out, "# shellcheck shell=bash\n"
                 "# Completion of requeue for bash, made from its option table.\n\n"
                 "_requeue_words() { mapfile -t COMPREPLY < <(compgen -W \"$1\" -- \"$cur\"); }\n"
                 "_requeue_paths() {\n"
                 "    compopt -o filenames 2>/dev/null\n"
                 "    mapfile -t COMPREPLY < <(compgen \"$1\" -- \"$cur\")\n}\n\n"
                 "_requeue() {\n"
                 "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}\n"
                 "    COMPREPLY=()\n"
                 "    if [ \"$COMP_CWORD\" -eq 1 ]; then _requeue_words '");
    words_of_commands(out);
    /* An equal sign is a word of its own there. */
    buf_add(out, "'; return; fi\n"
                 "    if [ \"$cur\" = = ]; then cur=; elif [ \"$prev\" = = ]; then "
                 "prev=${COMP_WORDS[COMP_CWORD - 2]}; fi\n"
                 "    case $prev in\n");
    for (const struct opt *o = options_table; o->name; o++)
        values_of(o, out);
    buf_add(out, "    esac\n    case ${COMP_WORDS[1]} in\n");
    for (int c = 0; c < COMMAND_COUNT; c++)
        options_of((enum command)c, out);
    buf_add(out, "    esac\n}\ncomplete -F _requeue requeue\n");
}
