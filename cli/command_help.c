/*
 * command_help.c - help and version. The option part comes from the one table (cli/options.c).
 */
#include "cli/commands.h"

#include "cli/manual.h"
#include "cli/say.h"

#define HELP_WIDTH 100

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
        "\nrequeue help COMMAND tells its options, requeue help codes what is said of executions,\n"
        "requeue help man is the manual. A first look that changes nothing:\n"
        "  requeue plan --store postgres://kestra@127.0.0.1:5432/kestra --kafka 127.0.0.1:9092\n"
        "  requeue plan -c application.yml        with all that Kestra's own configuration says\n\n"
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

/* What help tells beside the options of a command. */
static const struct {
    const char *name;
    void (*write)(struct buf *out);
} pages[] = {
    { "", overview },
    { "codes", executions_codes_text },
    { "man", manual_page },
    { "completion", manual_completion },
};

enum exit_status command_help(const struct config *conf)
{
    struct buf   out = { 0 };
    struct err   err = ERR_INIT;
    enum command c;

    buf_init(&out, 1u << 20);
    for (size_t i = 0; i < COUNT_OF(pages); i++) {
        if (strcmp(conf->operands.n > 0 ? conf->operands.items[0] : "", pages[i].name) != 0)
            continue;
        pages[i].write(&out);
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
