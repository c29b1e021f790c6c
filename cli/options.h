/*
 * options.h - the one table of options: command line, REQUEUE_* variables, help and manual come
 * from it.
 */
#ifndef REQUEUE_OPTIONS_H
#define REQUEUE_OPTIONS_H

#include "cli/topic_overrides.h"
#include "lib/base/clock.h"
#include "lib/base/opt.h"
#include "lib/kestra/scope.h"
#include "rebuild/plan.h"

enum command {
    COMMAND_CHECK,
    COMMAND_PLAN,
    COMMAND_REBUILD,
    COMMAND_VERIFY,
    COMMAND_EXECUTIONS,
    COMMAND_REPAIR,
    COMMAND_MASK,
    COMMAND_TOPICS,
    COMMAND_CONFIG,
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMAND_COUNT, /* also: no such command */
};

#define SECRET_MAX  8192 /* bytes of a password or key that a file holds */
#define OPTIONS_MAX 96   /* entries of the table */

/* What everything but keys takes at most: clients, buffers, batches, the program itself. */
#define MEMORY_OTHERS ((uint64_t)112 << 20)
#define MEMORY_MIN    ((uint64_t)128 << 20)

/* Immutable after options_parse. Strings are borrowed from argv, the environment, the table and
 * Kestra's configuration (kestra). */
struct config {
    enum command      command;
    struct opt_list   config_files; /* -c */
    const char       *store;
    const char       *schema;
    struct opt_list   tables;
    struct opt_list   indices;
    const char       *index_prefix;
    const char       *read;
    const char       *store_user;
    struct opt_secret store_password;
    struct opt_secret store_api_key;
    struct opt_list   store_headers;
    const char       *store_ca;
    const char       *store_cert;
    const char       *store_key;
    bool              insecure;
    bool              gzip;
    const char       *kafka;
    struct opt_list   props;
    const char       *layout;
    const char       *kinds;
    bool              no_flows;
    bool              no_templates;
    bool              no_triggers;
    bool              neutral;
    const char       *staging; /* RULES.yml */
    struct opt_secret staging_seed;
    const char       *mask_kind;
    const char       *executions;
    const char       *unlock;
    const char       *recover;
    const char       *lost_tasks;
    const char       *lost_at;
    uint64_t          max_age; /* ms */
    const char       *now;
    bool              with_logs;
    const char       *verdicts; /* as they were said; see list_verdicts */
    const char       *codes;
    const char       *fail_on;
    const char       *tenant;
    const char *namespace;
    const char *since;
    const char *until;
    const char *states;
    const char *ids_file;
    const char *topic_prefix;
    const char *consumer_prefix;
    uint64_t    jobs;
    uint64_t    memory; /* bytes, of everything */
    const char *tmp;
    bool        recreate;
    bool        no_recreate;
    const char *confirm;
    bool        append;
    bool        resume;
    bool        alter;
    const char *plan;
    bool        no_verify;
    bool        kestra_running;
    bool        audit;
    bool        strict;
    bool        live;
    uint64_t    settle;   /* ms */
    uint64_t    max_rate; /* bytes a second; 0: no limit */
    const char *like;
    const char *from; /* repair: the lines of a report */
    bool        execute;
    bool        allow_tombstones;
    const char *output;
    const char *report;
    const char *report_html;
    const char *metrics_file;
    const char *format;
    const char *log_format;
    bool        verbose;
    bool        quiet;
    bool        no_progress;

    /* Derived. */
    enum topic_mode mode;
    struct scope    scope;
    struct arena   *selection;        /* owns states and ids of scope; NULL: none */
    bool            executions_given; /* --executions was said, by option or environment */
    bool            unlock_given;     /* --unlock likewise */
    bool            lost_tasks_given;
    bool            max_age_given;
    char            since_buf[32]; /* --since and --until as the store compares them */
    char            until_buf[32];
    bool            has_lost_at;
    struct instant  lost_instant;  /* --lost-at */
    unsigned        list_verdicts; /* --verdict: bit set of enum verdict; 0: all */
    uint64_t        list_codes;    /* --code: CODE_BIT(); 0: all */
    bool            fail_on_blocked;
    const char     *password; /* of the store, from file or environment; NULL: none */
    const char     *api_key;
    char            password_buf[SECRET_MAX + 1];
    char            api_key_buf[SECRET_MAX + 1];
    const char     *seed; /* of staging, likewise */
    char            seed_buf[SECRET_MAX + 1];
    struct opt_list operands; /* of help and mask */

    /* Out of Kestra's own configuration (cli/kestra_apply.h). */
    struct kestra_config  *kestra;        /* NULL: not looked for */
    struct opt_list        kestra_files;  /* what was read, in order */
    const char            *kestra_prefix; /* of its topics; NULL: it does not say */
    const char            *kestra_groups; /* likewise, of its consumer groups */
    const char            *state_dir;     /* of Kafka Streams on its servers; NULL: the same */
    const char            *state_dir_where;
    struct opt_list        notes; /* lines for the person */
    struct topic_overrides topics;
    const char            *prop_origins[OPT_LIST_MAX]; /* of props; NULL: an option */
    /* Per entry of the table, "FILE:LINE" where Kestra's configuration gave the value; NULL: it did
     * not. For the command config also "option" and "variable NAME". */
    const char *origins[OPTIONS_MAX];
};

extern const struct opt options_table[];

/* Fill conf from the command line, the environment and Kestra's own configuration: argv[1] is the
 * command. ERR_USAGE for anything contradictory. */
MUST_CHECK bool options_parse(int argc, char *const *argv, struct config *conf, struct err *err);

void options_release(struct config *conf); /* what options_parse allocated; also after a failure */

/* Derive scope and mode from the strings; called by options_parse, and again by --like. */
MUST_CHECK bool options_derive(struct config *conf, struct err *err);

/* The time that --OPTION says; ERR_USAGE names the option. */
MUST_CHECK bool options_time(const char *option, const char *text, struct instant *out,
                             struct err *err);

const char  *command_name(enum command c);
const char  *command_purpose(enum command c); /* one line */
enum command command_parse(const char *name);

#endif
