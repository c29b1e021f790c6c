/*
 * options.c - see options.h.
 */
#include "cli/options.h"

#include "cli/brokers.h"
#include "cli/execution_options.h"
#include "cli/kestra_apply.h"
#include "cli/selection.h"
#include "cli/staging_options.h"
#include "cli/store_options.h"
#include "lib/base/clock.h"
#include "lib/base/mem.h"
#include "lib/base/nearest.h"

#define FIELD(f) offsetof(struct config, f)
#define CHECK    (1u << COMMAND_CHECK)
#define PLAN     (1u << COMMAND_PLAN)
#define REBUILD  (1u << COMMAND_REBUILD)
#define VERIFY   (1u << COMMAND_VERIFY)
#define TOPICS   (1u << COMMAND_TOPICS)
#define LIST     (1u << COMMAND_EXECUTIONS)
#define REPAIR   (1u << COMMAND_REPAIR)
#define CONFIG   (1u << COMMAND_CONFIG)
#define KAFKA    (CHECK | PLAN | REBUILD | VERIFY | REPAIR | TOPICS | CONFIG)
#define RUNS     (KAFKA | LIST)
#define READS    (PLAN | REBUILD | VERIFY | REPAIR | CONFIG)
#define WRITES   (PLAN | REBUILD)
#define JUDGES   (READS | LIST)
#define COMPARES (REBUILD | VERIFY | REPAIR | CONFIG)
#define MASK     (1u << COMMAND_MASK)
#define STAGES   (PLAN | REBUILD | VERIFY | CONFIG)

#define OR_KESTRAS_FILE "; or -c application.yml, Kestra's own configuration"
#define STORE_EXAMPLE                                                                              \
    "postgres://kestra@127.0.0.1:5432/kestra or --store http://127.0.0.1:9200" OR_KESTRAS_FILE

/* clang-format off */
const struct opt options_table[] = {
    /* name            letter type       field               min max  default environment             arg               help   commands */
    { "config",          'c', OPT_LIST,   FIELD(config_files),    0, 0,  NULL,  NULL,                      "FILE",           "Kestra's own configuration (application.yml) for everything that is not said otherwise; the last of several wins. Without it KESTRA_CONFIGURATION (the text itself) or, without --store and --kafka, ~/.kestra/config.yml", RUNS },
    { "store",           's', OPT_STRING, FIELD(store),           0, 0,  NULL,  "REQUEUE_STORE",           "URL",            "where the documents are: postgres://USER@HOST:PORT/DB (or postgres:// with PG* variables), http(s)://HOST:PORT of an Elasticsearch or OpenSearch, or file:PATH of what elasticdump wrote", RUNS },
    { "schema",            0, OPT_STRING, FIELD(schema),          0, 0,  NULL,  "REQUEUE_SCHEMA",          "NAME",           "database schema of Kestra's tables", RUNS },
    { "table",             0, OPT_LIST,   FIELD(tables),          0, 0,  NULL,  NULL,                      "TABLE=NAME",     "another name of one of Kestra's tables (repeatable)", RUNS },
    { "index",            0, OPT_LIST,   FIELD(indices),         0, 0,  NULL, NULL,                      "KIND=NAME",      "another index, alias or wildcard of a kind (flow, template, trigger, execution) or of logs (log) in a search store (repeatable)", RUNS },
    { "index-prefix",     0, OPT_STRING, FIELD(index_prefix),    0, 0,  NULL, "REQUEUE_INDEX_PREFIX",    "PREFIX",         "prefix of the indices in a search store, with its separator (kestra_)", RUNS },
    { "read",             0, OPT_CHOICE, FIELD(read),            0, 0,  "auto", NULL,                      "auto|scroll|pit", "how a search store is read: the best way it knows, a scroll, or a point in time", RUNS },
    { "store-user",       0, OPT_STRING, FIELD(store_user),      0, 0,  NULL, "REQUEUE_STORE_USER",      "NAME",           "user of a search store, instead of the one in the URL", RUNS },
    { "store-password-file",  0, OPT_SECRET, FIELD(store_password),  0, 0,  NULL, "REQUEUE_STORE_PASSWORD",  "FILE",           "file that holds the password of a search store", RUNS },
    { "store-api-key-file",  0, OPT_SECRET, FIELD(store_api_key),   0, 0,  NULL, "REQUEUE_STORE_API_KEY",   "FILE",           "file that holds an API key of a search store, as its server gave it out (encoded)", RUNS },
    { "store-header",     0, OPT_LIST,   FIELD(store_headers),   0, 0,  NULL, NULL,                      "HEADER",         "\"Name: value\", sent with each request to a search store (repeatable)", RUNS },
    { "store-ca",         0, OPT_STRING, FIELD(store_ca),        0, 0,  NULL, "REQUEUE_STORE_CA",        "FILE",           "certificates that a search store is trusted by, as PEM, instead of the system's", RUNS },
    { "store-cert",       0, OPT_STRING, FIELD(store_cert),      0, 0,  NULL, NULL,                      "FILE",           "client certificate for a search store, as PEM; needs --store-key", RUNS },
    { "store-key",        0, OPT_STRING, FIELD(store_key),       0, 0,  NULL, NULL,                      "FILE",           "key of the client certificate, as PEM", RUNS },
    { "insecure",         0, OPT_FLAG,   FIELD(insecure),        0, 0,  NULL, NULL,                      NULL,             "do not check the certificate of a search store", RUNS },
    { "gzip",             0, OPT_FLAG,   FIELD(gzip),            0, 0,  NULL, NULL,                      NULL,             "ask a search store for compressed answers: for slow links only", RUNS },
    { "kafka",           'k', OPT_STRING, FIELD(kafka),           0, 0,  NULL,  "REQUEUE_KAFKA",           "HOST:PORT,...",  "Kafka bootstrap servers", KAFKA },
    { "property",        'X', OPT_LIST,   FIELD(props),           0, 0,  NULL,  NULL,                      "PROP=VALUE",     "any librdkafka property (repeatable)", KAFKA },
    { "layout",            0, OPT_STRING, FIELD(layout),          0, 0,  NULL,  "REQUEUE_LAYOUT",          "NAME|FILE",      "layout of the Kestra version instead of the detected one (mask: J)", RUNS | MASK },
    { "kinds",             0, OPT_STRING, FIELD(kinds),           0, 0,  "all", "REQUEUE_KINDS",           "LIST",           "kinds to handle: flow-last, flow (includes flow-last), template, trigger, execution", READS },
    { "no-flows",          0, OPT_FLAG,   FIELD(no_flows),        0, 0,  NULL,  NULL,                      NULL,             "without flows", READS },
    { "no-templates",      0, OPT_FLAG,   FIELD(no_templates),    0, 0,  NULL,  NULL,                      NULL,             "without templates", READS },
    { "no-triggers",       0, OPT_FLAG,   FIELD(no_triggers),     0, 0,  NULL,  NULL,                      NULL,             "without triggers", READS },
    { "neutral",           0, OPT_FLAG,   FIELD(neutral),         0, 0,  NULL,  NULL,                      NULL,             "for a staging Kestra: nothing runs by itself there. No executions, triggers disabled and released, new webhook keys", STAGES },
    { "staging",           0, OPT_STRING, FIELD(staging),         0, 0,  NULL,  NULL,                      "RULES.yml",      "neutral, and namespaces renamed, members masked as the rules say; of executions (--executions all: those that have ended) what is not known to be harmless is masked", STAGES },
    { "staging-seed-file", 0, OPT_SECRET, FIELD(staging_seed),    0, 0,  NULL,  "REQUEUE_STAGING_SEED",    "FILE",           "file that holds the seed of pseudonyms and webhook keys (at least 16 bytes); without it each run has its own", STAGES | MASK },
    { "kind",              0, OPT_CHOICE, FIELD(mask_kind),       0, 0,  NULL,  NULL,                      "flow|template|trigger|execution", "what the document is, instead of a guess by its members", MASK },
    { "executions",        0, OPT_CHOICE, FIELD(executions),      0, 0,  "resumable", "REQUEUE_EXECUTIONS", "none|resumable|pending|all", "which executions: none, those pending that come back, all that have not ended, or all (flow triggers fire again for ended ones)", JUDGES },
    { "unlock",            0, OPT_CHOICE, FIELD(unlock),          0, 0,  "dead", "REQUEUE_UNLOCK",         "dead|all|none",  "triggers that wait for an execution: release those whose execution is missing, has ended or is not sent, all of them, or none", READS },
    { "no-triggers-execution-id", 0, OPT_SET, FIELD(unlock),      0, 0,  "all", NULL,                      NULL,             "the same as --unlock all", READS },
    { "recover",           0, OPT_CHOICE, FIELD(recover),         0, 0,  "none", NULL,                     "none|safe|all",  "rewrite executions that would not come back: none, those of which no task was lost, or also where it has a price", JUDGES },
    { "lost-tasks",        0, OPT_CHOICE, FIELD(lost_tasks),      0, 0,  "rerun", NULL,                    "rerun|fail",     "with --recover all: tasks that were running at the loss run again, or fail", JUDGES },
    { "lost-at",           0, OPT_STRING, FIELD(lost_at),         0, 0,  NULL,  NULL,                      "TIME",           "when Kafka was lost (RFC 3339): tells what the store cannot know", JUDGES & ~(VERIFY | REPAIR) },
    { "max-age",           0, OPT_DURATION, FIELD(max_age),       0, 0,  "30d", "REQUEUE_MAX_AGE",         "DURATION",       "executions whose last change is older wait for a person (0: no limit)", JUDGES },
    { "now",               0, OPT_STRING, FIELD(now),             0, 0,  NULL,  NULL,                      "TIME",           "the time that ages are counted from, instead of the newest one of the store", JUDGES },
    { "with-logs",         0, OPT_FLAG,   FIELD(with_logs),       0, 0,  NULL,  NULL,                      NULL,             "ask Kestra's logs, too, which tasks have ended and which executions are lost: slower", JUDGES },
    { "verdict",           0, OPT_STRING, FIELD(verdicts),        0, 0,  NULL,  NULL,                      "LIST",           "list only these: resumes, undecided, needs-action, blocked", LIST },
    { "code",              0, OPT_STRING, FIELD(codes),           0, 0,  NULL,  NULL,                      "LIST",           "list only executions with one of these codes (requeue help codes)", LIST },
    { "fail-on",           0, OPT_CHOICE, FIELD(fail_on),         0, 0,  NULL,  NULL,                      "blocked",        "exit 8 when a pending execution is blocked and stays so", WRITES | LIST },
    { "tenant",            0, OPT_STRING, FIELD(tenant),          0, 0,  NULL,  "REQUEUE_TENANT",          "ID",             "only this tenant; an empty one means documents without tenant", JUDGES },
    { "namespace",       'n', OPT_STRING, FIELD(namespace),       0, 0,  NULL,  "REQUEUE_NAMESPACE",       "N",              "only namespace N and those below it", JUDGES },
    { "since",             0, OPT_STRING, FIELD(since),           0, 0,  NULL,  NULL,                      "TIME",           "only executions started at or after this time (RFC 3339)", JUDGES },
    { "until",             0, OPT_STRING, FIELD(until),           0, 0,  NULL,  NULL,                      "TIME",           "only executions started before this time", JUDGES },
    { "states",            0, OPT_STRING, FIELD(states),          0, 0,  NULL,  NULL,                      "LIST",           "only executions in one of these states, such as RUNNING,PAUSED", JUDGES },
    { "ids",               0, OPT_STRING, FIELD(ids_file),        0, 0,  NULL,  NULL,                      "FILE",           "only executions whose id is a line of this file", JUDGES },
    { "topic-prefix",      0, OPT_STRING, FIELD(topic_prefix),    0, 0,  NULL,  "REQUEUE_TOPIC_PREFIX",    "PREFIX",         "prefix of the topics, with its separator (kestra_)", KAFKA },
    { "consumer-prefix",   0, OPT_STRING, FIELD(consumer_prefix), 0, 0,  NULL,  "REQUEUE_CONSUMER_PREFIX", "PREFIX",         "prefix of Kestra's consumer groups, with its separator (kestra_)", KAFKA },
    { "jobs",            'j', OPT_COUNT,  FIELD(jobs),            1, 64, "2",   "REQUEUE_JOBS",            "N",              "at most N store connections; N - 1 parallel workers are asked of the server", JUDGES },
    { "memory",            0, OPT_BYTES,  FIELD(memory),          MEMORY_MIN, 0, "256M", "REQUEUE_MEMORY",   "BYTES",          "the most memory to use, everything counted, however many keys there are; the rest goes to --tmp", COMPARES },
    { "tmp",               0, OPT_STRING, FIELD(tmp),             0, 0,  "/tmp", "TMPDIR",                 "DIR",            "folder for keys that do not fit into --memory; its files have no name and are gone with the run", COMPARES },
    { "recreate",          0, OPT_FLAG,   FIELD(recreate),        0, 0,  NULL,  NULL,                      NULL,             "delete and create the topics of the selected kinds; needs --confirm", WRITES },
    { "confirm",           0, OPT_STRING, FIELD(confirm),         0, 0,  NULL,  NULL,                      "CLUSTER-ID",     "the id of the cluster on which --recreate may delete", WRITES },
    { "no-recreate",       0, OPT_FLAG,   FIELD(no_recreate),     0, 0,  NULL,  NULL,                      NULL,             "do not delete topics; always so without --recreate", WRITES },
    { "append",            0, OPT_FLAG,   FIELD(append),          0, 0,  NULL,  NULL,                      NULL,             "send behind what the topics hold", WRITES },
    { "resume",            0, OPT_FLAG,   FIELD(resume),          0, 0,  NULL,  NULL,                      NULL,             "continue an interrupted rebuild: send what is missing", WRITES },
    { "alter",             0, OPT_FLAG,   FIELD(alter),           0, 0,  NULL,  NULL,                      NULL,             "set the topic configs that differ from the layout, and only those", WRITES },
    { "plan",              0, OPT_STRING, FIELD(plan),            0, 0,  NULL,  NULL,                      "FILE",           "refuse if anything changed since this plan was written", REBUILD },
    { "no-verify",         0, OPT_FLAG,   FIELD(no_verify),       0, 0,  NULL,  NULL,                      NULL,             "end without the proof: UNPROVEN, exit 3", REBUILD },
    { "kestra-running",    0, OPT_FLAG,   FIELD(kestra_running),  0, 0,  NULL,  NULL,                      NULL,             "go on although a Kestra server is running", WRITES | REPAIR },
    { "audit",             0, OPT_FLAG,   FIELD(audit),           0, 0,  NULL,  NULL,                      NULL,             "topics that a Kestra has lived with: all executions, and what its own life produces is explained", VERIFY },
    { "strict",            0, OPT_FLAG,   FIELD(strict),          0, 0,  NULL,  NULL,                      NULL,             "explained differences count too", VERIFY },
    { "live",              0, OPT_FLAG,   FIELD(live),            0, 0,  NULL,  NULL,                      NULL,             "with --audit, while Kestra runs: read the keys that differ again after the settling time, and report those that stay", VERIFY },
    { "settle",            0, OPT_DURATION, FIELD(settle),        100, 3600000, "30s", "REQUEUE_SETTLE",   "DURATION",       "with --live: how long the store may lag behind the topics", VERIFY },
    { "max-rate",          0, OPT_BYTES,  FIELD(max_rate),        1024, 0, NULL,  "REQUEUE_MAX_RATE",        "BYTES",          "read at most so many bytes of documents a second from the store, to spare it (8M)", JUDGES },
    { "like",              0, OPT_STRING, FIELD(like),            0, 0,  NULL,  NULL,                      "REPORT.json",    "expect what that run was asked for (repair: by default the report that lies beside the lines)", VERIFY | REPAIR },
    { "from",              0, OPT_STRING, FIELD(from),            0, 0,  NULL,  NULL,                      "FILE",           "the differences to repair: REPORT.differences.jsonl, as verify --report writes it", REPAIR },
    { "execute",           0, OPT_FLAG,   FIELD(execute),         0, 0,  NULL,  NULL,                      NULL,             "send; without it nothing is changed", REPAIR },
    { "allow-tombstones",  0, OPT_FLAG,   FIELD(allow_tombstones), 0, 0, NULL,  NULL,                      NULL,             "delete triggers that the store does not have", REPAIR },
    { "output",          'o', OPT_STRING, FIELD(output),          0, 0,  NULL,  NULL,                      "FILE",           "write the plan as JSON, for rebuild --plan", PLAN },
    { "report",            0, OPT_STRING, FIELD(report),          0, 0,  NULL,  "REQUEUE_REPORT",          "FILE",           "write a JSON report; differences, skips and executions as JSON lines beside it", JUDGES },
    { "report-html",       0, OPT_STRING, FIELD(report_html),     0, 0,  NULL,  "REQUEUE_REPORT_HTML",     "FILE",           "write the report as one HTML page for people; it loads nothing", JUDGES },
    { "metrics-textfile",  0, OPT_STRING, FIELD(metrics_file),    0, 0,  NULL,  "REQUEUE_METRICS_TEXTFILE", "FILE.prom",     "write metrics for Prometheus' node exporter: progress while it runs, then the result; one file a command", JUDGES },
    { "format",            0, OPT_CHOICE, FIELD(format),          0, 0,  "text", "REQUEUE_FORMAT",         "text|json",      "how the result is written to stdout", RUNS | MASK },
    { "log-format",        0, OPT_CHOICE, FIELD(log_format),      0, 0,  "text", "REQUEUE_LOG_FORMAT",     "text|json",      "how log lines are written to stderr", RUNS },
    { "verbose",         'v', OPT_FLAG,   FIELD(verbose),         0, 0,  NULL,  NULL,                      NULL,             "also log what the client libraries say", RUNS },
    { "quiet",           'q', OPT_FLAG,   FIELD(quiet),           0, 0,  NULL,  NULL,                      NULL,             "only the verdict line", RUNS },
    { "no-progress",       0, OPT_FLAG,   FIELD(no_progress),     0, 0,  NULL,  NULL,                      NULL,             "no progress lines", JUDGES },
    { NULL,                0, OPT_FLAG,   0,                      0, 0,  NULL,  NULL,                      NULL,             NULL, 0 },
};

_Static_assert(COUNT_OF(options_table) <= OPTIONS_MAX, "conf->origins is too small");

static const struct {
    const char *name;
    const char *purpose;
} commands[COMMAND_COUNT] = {
    [COMMAND_CHECK]   = { "check",   "reach store and Kafka; versions, band, rights, topic drift; changes nothing" },
    [COMMAND_PLAN]    = { "plan",    "what a rebuild would do; changes nothing" },
    [COMMAND_REBUILD] = { "rebuild", "make the topics from the store, then prove them" },
    [COMMAND_VERIFY]  = { "verify",  "compare store and topics, key by key" },
    [COMMAND_EXECUTIONS] = { "executions", "a verdict for each pending execution; changes nothing" },
    [COMMAND_REPAIR]  = { "repair",  "send only what the report of a verify names, then verify that; dry without --execute" },
    [COMMAND_MASK]    = { "mask",    "one document of stdin, before and after the rules of RULES.yml; asks no server" },
    [COMMAND_TOPICS]  = { "topics",  "the topic table of the layout, and how the cluster differs" },
    [COMMAND_CONFIG]  = { "config",  "effective settings and where each came from, secrets hidden" },
    [COMMAND_HELP]    = { "help",    "this help, or that of a command" },
    [COMMAND_VERSION] = { "version", "the version of this program and of its libraries" },
};
/* clang-format on */

const char *command_name(enum command c)
{
    return commands[c].name;
}

const char *command_purpose(enum command c)
{
    return commands[c].purpose;
}

enum command command_parse(const char *name)
{
    enum command c = COMMAND_CHECK;

    while (c < COMMAND_COUNT && strcmp(commands[c].name, name) != 0)
        c++;
    return c;
}

/* What is read may not be written over. */
static bool same_file(const char *a_option, const char *a, const char *b_option, const char *b,
                      struct err *err)
{
    if (!a || !b || strcmp(a, b) != 0)
        return true;
    return err_set(err, ERR_USAGE, "%s and %s name the same file %s", a_option, b_option, a);
}

static bool check_files(const struct config *c, struct err *err)
{
    const char *const names[] = {
        "--like", "--plan", "--from", "--output", "--report", "--report-html", "--metrics-textfile"
    };
    const char *const files[] = { c->like,   c->plan,        c->from,        c->output,
                                  c->report, c->report_html, c->metrics_file };
    const size_t      written = 3; /* from here on */

    for (size_t i = written; i < COUNT_OF(files); i++)
        for (size_t j = 0; j < i; j++)
            if (!same_file(names[j], files[j], names[i], files[i], err))
                return false;
    return true;
}

static bool contradiction(const struct config *c, struct err *err)
{
    int modes = (c->recreate ? 1 : 0) + (c->append ? 1 : 0) + (c->resume ? 1 : 0);

    if (modes > 1)
        return err_set(err, ERR_USAGE, "--recreate, --append and --resume exclude each other");
    if (c->recreate && c->no_recreate)
        return err_set(err, ERR_USAGE, "--recreate and --no-recreate exclude each other");
    if (c->confirm && !c->recreate)
        return err_set(err, ERR_USAGE, "--confirm belongs to --recreate");
    if (c->audit && c->like)
        return err_set(err, ERR_USAGE, "--audit and --like exclude each other");
    if (c->audit && c->executions_given && strcmp(c->executions, "all") != 0)
        return err_set(err, ERR_USAGE, "--audit means --executions all, not %s", c->executions);
    if (c->audit && c->unlock_given && strcmp(c->unlock, "none") != 0)
        return err_set(err, ERR_USAGE, "--audit means --unlock none, not %s", c->unlock);
    if (c->strict && !c->audit)
        return err_set(err, ERR_USAGE, "--strict belongs to --audit");
    if (c->live && !c->audit)
        return err_set(err, ERR_USAGE, "--live belongs to --audit");
    return execution_options_check(c, err) && check_files(c, err);
}

bool options_time(const char *option, const char *text, struct instant *out, struct err *err)
{
    if (instant_parse(slice_str(text), out))
        return true;
    return err_set(err, ERR_USAGE, "option --%s: '%s' is not a time such as 2024-12-10T08:00:00Z",
                   option, text);
}

/* The store compares started times as text: RFC 3339, UTC, milliseconds. */
static bool canonical_time(const char *option, const char *text, char out[32], const char **field,
                           struct err *err)
{
    struct instant t;

    if (!text)
        return true;
    if (!options_time(option, text, &t, err))
        return false;
    instant_format(t, out);
    *field = out;
    return true;
}

bool options_derive(struct config *c, struct err *err)
{
    struct scope *s = &c->scope;

    if (!kind_parse_list(c->kinds, &s->kinds, err))
        return err_wrap(err, "option --kinds");
    if (c->no_flows)
        s->kinds &= ~(KIND_BIT(KIND_FLOW) | KIND_BIT(KIND_FLOW_LAST));
    if (c->no_templates)
        s->kinds &= ~KIND_BIT(KIND_TEMPLATE);
    if (c->no_triggers)
        s->kinds &= ~KIND_BIT(KIND_TRIGGER);
    if (c->audit) {
        c->executions = "all";
        c->unlock = "none";
    }
    if (!staging_options_derive(c, err) || !execution_options_derive(c, err))
        return false;
    s->tenant = c->tenant;
    s->namespace = c->namespace;
    if (!canonical_time("since", c->since, c->since_buf, &s->since, err) ||
        !canonical_time("until", c->until, c->until_buf, &s->until, err))
        return false;
    if (s->since && s->until && strcmp(s->since, s->until) >= 0)
        return err_set(err, ERR_USAGE, "--since %s is not before --until %s: nothing is selected",
                       s->since, s->until);
    if (!selection_derive(c, err))
        return false;
    /* None of a kind is wanted: its topic is neither filled nor compared. */
    if (s->project.executions == EXECUTIONS_NONE)
        s->kinds &= ~KIND_BIT(KIND_EXECUTION);
    scope_derive(s);
    if (s->kinds == 0) {
        (void)err_set(err, ERR_USAGE, "no kind is left to handle");
        return err_hint(err, "--kinds execution needs --executions resumable, pending or all");
    }
    if (s->project.recover.mode != RECOVER_NONE && !scope_has(s, KIND_EXECUTION))
        return err_set(err, ERR_USAGE, "--recover %s rewrites executions, but --kinds %s has none",
                       c->recover, c->kinds);
    c->mode = c->recreate ? MODE_RECREATE
              : c->append ? MODE_APPEND
              : c->resume ? MODE_RESUME
                          : MODE_NEW;
    return true;
}

static void note_given(struct config *conf, const bool *given)
{
    for (size_t i = 0; options_table[i].name; i++)
        if (given[i] && strcmp(options_table[i].name, "executions") == 0)
            conf->executions_given = true;
        else if (given[i] && options_table[i].field == FIELD(unlock))
            conf->unlock_given = true;
        else if (given[i] && strcmp(options_table[i].name, "lost-tasks") == 0)
            conf->lost_tasks_given = true;
        else if (given[i] && options_table[i].field == FIELD(max_age))
            conf->max_age_given = true;
}

static const char *nearest_command(struct slice word)
{
    const char *best = NULL;
    size_t      least = word.n < 5 ? 3 : 4; /* too far */

    for (int c = 0; c < COMMAND_COUNT && word.n > 1 && word.n <= NEAREST_MAX_BYTES; c++) {
        size_t distance = nearest_distance(word, slice_str(commands[c].name));

        if (distance < least) {
            best = commands[c].name;
            least = distance;
        }
    }
    return best;
}

static bool not_a_command(const char *word, struct err *err)
{
    /* What looks like a URL may hold a password. */
    const char *url = strstr(word, "://");
    const char *near = nearest_command(slice_str(word));

    (void)err_set(err, ERR_USAGE, "'%.*s%s' is not a command",
                  url ? (int)(url - word) : (int)strlen(word), word, url ? "://..." : "");
    return near ? err_hint(err, "did you mean %s? requeue help lists the commands", near)
                : err_hint(err, "requeue help lists the commands");
}

static bool need(const char *value, const char *option, const char *example, struct err *err)
{
    if (value)
        return true;
    (void)err_set(err, ERR_USAGE, "--%s is missing", option);
    return err_hint(err, "for example --%s %s", option, example);
}

/* What a command has no options for. */
static void fixed_options(struct config *conf)
{
    if (conf->command == COMMAND_CHECK || conf->command == COMMAND_TOPICS) {
        conf->kinds = "all";
        conf->executions = "all";
        conf->unlock = "none";
        conf->recover = "none";
        conf->lost_tasks = "rerun";
        conf->jobs = 1;
    }
    if (conf->command == COMMAND_EXECUTIONS) {
        conf->kinds = "flow,execution"; /* flows are surveyed: which revisions there are */
        conf->unlock = "none";
    }
}

/* Which of those given are options: parsing once more, without the variables. The struct is not
 * small, and of no use. */
static void note_origins(int argc, char *const *argv, const bool *given, struct config *conf)
{
    struct config *scratch = mem_alloc(sizeof(*scratch));
    struct opt     table[COUNT_OF(options_table)];
    bool           said[COUNT_OF(options_table)] = { false };
    struct err     err = ERR_INIT;

    memcpy(table, options_table, sizeof(table));
    for (size_t i = 0; table[i].name; i++)
        table[i].env = NULL;
    /* It was good with the variables, and is without them. */
    (void)!opt_parse(table, CONFIG, argc - 1, argv + 1, scratch, said, NULL, &err);
    for (size_t i = 0; table[i].name; i++)
        if (given[i])
            conf->origins[i] = said[i] ? "option" : options_table[i].env;
    mem_free(scratch);
}

void options_release(struct config *conf)
{
    staging_free(conf->scope.project.staging);
    conf->scope.project.staging = NULL;
    kestra_config_free(conf->kestra);
    conf->kestra = NULL;
    arena_free(conf->selection);
    conf->selection = NULL;
}

static bool parse_words(int argc, char *const *argv, struct config *conf, struct err *err)
{
    bool given[COUNT_OF(options_table)] = { false };

    memset(conf, 0, sizeof(*conf));
    conf->command = argc > 1 ? command_parse(argv[1]) : COMMAND_HELP;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        conf->command = COMMAND_HELP;
    if (argc > 1 && strcmp(argv[1], "--version") == 0)
        conf->command = COMMAND_VERSION;
    if (conf->command == COMMAND_COUNT)
        return not_a_command(argv[1], err);
    if (argc > 2 && conf->command != COMMAND_HELP && conf->command != COMMAND_VERSION)
        for (int i = 2; i < argc; i++)
            if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
                conf->operands = (struct opt_list){ .n = 1, .items = { argv[1] } };
                conf->command = COMMAND_HELP;
                return true;
            }
    if (!opt_parse(options_table, 1u << conf->command, argc > 1 ? argc - 1 : argc,
                   argc > 1 ? argv + 1 : argv, conf, given,
                   conf->command == COMMAND_HELP || conf->command == COMMAND_MASK ? &conf->operands
                                                                                  : NULL,
                   err))
        return err->hint[0] ? false
                            : err_hint(err, "requeue help %s tells its options",
                                       command_name(conf->command));
    if (conf->command == COMMAND_HELP || conf->command == COMMAND_VERSION)
        return true;
    if (conf->command == COMMAND_MASK)
        return staging_options_mask(conf, err);
    note_given(conf, given);
    if (conf->command == COMMAND_CONFIG)
        note_origins(argc, argv, given, conf);
    if (!kestra_apply(conf, given, err))
        return false;
    if (conf->command != COMMAND_CONFIG && !need(conf->store, "store", STORE_EXAMPLE, err))
        return false;
    if (conf->command != COMMAND_CONFIG && conf->command != COMMAND_EXECUTIONS &&
        !need(conf->kafka, "kafka", "127.0.0.1:9092" OR_KESTRAS_FILE, err))
        return false;
    if (conf->kafka && !brokers_check(conf->kafka, err))
        return false;
    if (conf->command == COMMAND_REPAIR &&
        !need(conf->from, "from", "verify.differences.jsonl", err))
        return false;
    if (!store_options_check(conf, given, err))
        return false;
    fixed_options(conf);
    return contradiction(conf, err) && options_derive(conf, err);
}

/* Options may stand before the command too: requeue -c application.yml plan. */
bool options_parse(int argc, char *const *argv, struct config *conf, struct err *err)
{
    int    at = opt_first_operand(options_table, argc, argv);
    char **words;
    bool   ok;

    if (at <= 1 || at == argc)
        return parse_words(argc, argv, conf, err);
    words = mem_array((size_t)argc, sizeof(*words));
    memcpy(words, argv, (size_t)argc * sizeof(*words));
    words[1] = argv[at];
    memcpy(words + 2, argv + 1, (size_t)(at - 1) * sizeof(*words));
    ok = parse_words(argc, words, conf, err);
    mem_free(words);
    return ok;
}
