/*
 * command_help.c - help and version. The option part comes from the one table (cli/options.c).
 */
#include "cli/commands.h"

#include "cli/say.h"

#define HELP_WIDTH  100
#define MANUAL_DATE "November 23, 2026"

enum exit_status command_fail(const struct err *err)
{
    say_error(err);
    return exit_of(err->kind);
}

static void overview(struct buf *out)
{
    buf_add(out,
            "requeue makes the Kafka topics of a Kestra again from its store, and proves them.\n\n"
            "usage: requeue COMMAND [OPTION...]\n\n");
    for (int c = 0; c < COMMAND_COUNT; c++)
        buf_add(out, "  %-10s %s\n", command_name((enum command)c),
                command_purpose((enum command)c));
    buf_add(
        out,
        "\nrequeue help COMMAND tells its options, requeue help codes what is said of executions, "
        "requeue help\nman is the manual. A first look "
        "that changes nothing:\n"
        "  requeue plan --store postgres://kestra@127.0.0.1:5432/kestra --kafka 127.0.0.1:9092\n\n"
        "exit status: 0 done and proven, 1 usage, 2 differences (plan: there is something to do), "
        "3 "
        "skipped\nor not proven, 4 interrupted, 5 refused for safety, 6 store failed, 7 Kafka "
        "failed, "
        "8 pending\nexecutions stay blocked (--fail-on blocked), 70 a bug\n");
}

static enum exit_status print(struct buf *out)
{
    bool ok = say_result(buf_slice(out));

    buf_release(out);
    return ok ? EXIT_DONE : EXIT_USAGE;
}

/* The manual page as mdoc: `requeue help man | man -l -`, and what `make install` installs. */
static void manual(struct buf *out)
{
    buf_add(
        out,
        ".Dd " MANUAL_DATE "\n.Dt REQUEUE 1\n.Os\n.Sh NAME\n.Nm requeue\n"
        ".Nd make the Kafka topics of a Kestra again from its store, and prove them\n"
        ".Sh SYNOPSIS\n.Nm\n.Ar command\n.Op Ar option ...\n.Sh DESCRIPTION\n"
        "Reads flows, templates, triggers and executions from the store of a Kestra, sends them to "
        "fresh topics, reads the topics back and compares key by key.\n"
        "Nothing is deleted without\n.Fl -recreate\nand the id of the cluster.\n"
        ".Sh COMMANDS\n");
    for (int c = 0; c < COMMAND_COUNT; c++) {
        buf_add(out, ".Ss %s\n%s.\n", command_name((enum command)c),
                command_purpose((enum command)c));
        if (c == COMMAND_HELP || c == COMMAND_VERSION)
            continue;
        buf_add(out, ".Bl -tag -width indent\n");
        opt_man(options_table, 1u << c, out);
        buf_add(out, ".El\n");
    }
    buf_add(out,
            ".Sh ENVIRONMENT\n.Ev REQUEUE_LAYOUTS\nnames the folder of the layout files.\n.Pp\n"
            ".Ev KESTRA_CONFIGURATION\nis Kestra's configuration itself; files that\n"
            ".Fl -config\nnames win over it.\n.Pp\n"
            "Options with a variable say so above; PG* variables and service files are libpq's.\n"
            ".Sh EXIT STATUS\n.Bl -tag -width 4n\n"
            ".It 0\nDone, and proven equal.\n"
            ".It 1\nThe command line, a layout, or a file of ours.\n"
            ".It 2\nDifferences, or another writer; for a plan: there is something to do.\n"
            ".It 3\nDone, but something was skipped, or not proven.\n"
            ".It 4\nInterrupted;\n.Fl -resume\ncontinues.\n"
            ".It 5\nRefused for safety.\n.It 6\nThe store failed.\n.It 7\nKafka failed.\n"
            ".It 8\nPending executions stay blocked, with\n.Fl -fail-on Ar blocked .\n"
            ".It 70\nA bug.\n.El\n"
            ".Sh EXAMPLES\nLook, then do it, then keep the report:\n.Bd -literal -offset indent\n"
            "requeue plan -s postgres://kestra@db/kestra -k kafka:9092 -o plan.json\n"
            "requeue rebuild -s postgres://kestra@db/kestra -k kafka:9092 --plan plan.json \\e\n"
            "    --report rebuild.json\n.Ed\n");
}

enum exit_status command_help(const struct config *conf)
{
    struct buf   out = { 0 };
    struct err   err = ERR_INIT;
    enum command c;

    buf_init(&out, 1u << 20);
    if (conf->operands.n == 0) {
        overview(&out);
        return print(&out);
    }
    if (strcmp(conf->operands.items[0], "man") == 0) {
        manual(&out);
        return print(&out);
    }
    if (strcmp(conf->operands.items[0], "codes") == 0) {
        executions_codes_text(&out);
        return print(&out);
    }
    c = command_parse(conf->operands.items[0]);
    if (c == COMMAND_COUNT) {
        buf_release(&out);
        (void)err_set(&err, ERR_USAGE, "'%s' is not a command", conf->operands.items[0]);
        (void)err_hint(&err, "requeue help lists the commands");
        return command_fail(&err);
    }
    buf_add(&out, "requeue %s: %s\n\n", command_name(c), command_purpose(c));
    opt_help(options_table, 1u << c, HELP_WIDTH, &out);
    return print(&out);
}

enum exit_status command_version(void)
{
    struct buf out = { 0 };

    buf_init(&out, 1024);
    buf_add(&out, "requeue %s\n", REQUEUE_VERSION);
    return print(&out);
}
