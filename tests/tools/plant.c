/*
 * plant.c - put records exactly where a test wants them, and read a topic with eyes of our own.
 *
 *   plant write [TRANSACTIONAL-ID]   operations from stdin, one a line:
 *       put TOPIC PARTITION KEY VALUE    KEY and VALUE: "-" for null, else "x" and hex digits
 *       begin | commit | abort           of the transaction; at the end of stdin an open one stays
 * open wait TOPIC                       until the topic holds a record sleep MS prints TOPIC
 * PARTITION OFFSET of each put, in their order, when all are delivered plant read [-u] [-k] TOPIC
 * prints PARTITION OFFSET KEY VALUE of every record up to the ends; -u: those of open and aborted
 * transactions too; -k: without VALUE plant create TOPIC PARTITIONS [CONFIG=VALUE...]
 *
 * For the shell tests; the brokers are those of $REQUEUE_TEST_KAFKA. It uses nothing of the program
 * it helps to test. Every failure ends with a line on stderr and exit status 1. A topic is never
 * created by accident.
 */
#include <librdkafka/rdkafka.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS 30000

struct put {
    char       *topic;
    int32_t     partition;
    int64_t     offset; /* -1: not delivered yet */
    struct put *next;
};

static struct put  *first_put;
static struct put **last_put = &first_put;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)fputs("plant: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static void *allocate(size_t n)
{
    void *p = calloc(1, n);

    if (!p)
        die("out of memory");
    return p;
}

static void set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
    char why[256];

    if (rd_kafka_conf_set(conf, name, value, why, sizeof(why)) != RD_KAFKA_CONF_OK)
        die("%s=%s: %s", name, value, why);
}

static rd_kafka_t *open_client(rd_kafka_type_t type, rd_kafka_conf_t *conf)
{
    const char *brokers = getenv("REQUEUE_TEST_KAFKA");
    char        why[256];
    rd_kafka_t *rk;

    if (!brokers)
        die("REQUEUE_TEST_KAFKA is not set");
    set(conf, "bootstrap.servers", brokers);
    set(conf, "allow.auto.create.topics", "false");
    rk = rd_kafka_new(type, conf, why, sizeof(why));
    if (!rk)
        die("%s", why);
    return rk;
}

/* ---- hex ----------------------------------------------------------------------------------- */

static int nibble(char c)
{
    const char *digits = "0123456789abcdef";
    const char *at = c ? strchr(digits, c) : NULL;

    if (!at)
        die("'%c' is no hex digit", c);
    return (int)(at - digits);
}

/* In place; NULL for "-". */
static char *from_hex(char *text, size_t *n)
{
    *n = 0;
    if (strcmp(text, "-") == 0)
        return NULL;
    if (text[0] != 'x' || strlen(text) % 2 == 0)
        die("neither - nor x and hex digits: %.40s", text);
    for (const char *p = text + 1; *p; p += 2)
        text[(*n)++] = (char)(nibble(p[0]) << 4 | nibble(p[1]));
    return text;
}

static void print_hex(const void *bytes, size_t n)
{
    static const char    digits[] = "0123456789abcdef";
    const unsigned char *p = bytes;

    if (!p) {
        (void)fputs("\t-", stdout);
        return;
    }
    (void)fputs("\tx", stdout);
    for (size_t i = 0; i < n; i++) {
        (void)fputc(digits[p[i] >> 4], stdout);
        (void)fputc(digits[p[i] & 15], stdout);
    }
}

/* ---- write --------------------------------------------------------------------------------- */

static void delivered(rd_kafka_t *rk, const rd_kafka_message_t *m, void *opaque)
{
    struct put *put = m->_private;

    (void)rk;
    (void)opaque;
    if (m->err)
        die("topic %s partition %d: %s", put->topic, (int)m->partition, rd_kafka_err2str(m->err));
    put->offset = m->offset;
}

static void check_error(rd_kafka_error_t *error, const char *what)
{
    if (error)
        die("%s: %s", what, rd_kafka_error_string(error));
}

static char *word(char **rest)
{
    char *w = strsep(rest, " \t");

    if (!w || !*w)
        die("an operation ends too early");
    return w;
}

static void put_record(rd_kafka_t *rk, char *rest)
{
    struct put         *put = allocate(sizeof(*put));
    size_t              n_key;
    size_t              n_value;
    char               *key;
    char               *value;
    rd_kafka_resp_err_t code;

    put->topic = strdup(word(&rest));
    put->partition = (int32_t)strtol(word(&rest), NULL, 10);
    put->offset = -1;
    *last_put = put;
    last_put = &put->next;
    key = from_hex(word(&rest), &n_key);
    value = from_hex(word(&rest), &n_value);
    code =
        rd_kafka_producev(rk, RD_KAFKA_V_TOPIC(put->topic), RD_KAFKA_V_PARTITION(put->partition),
                          RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, n_key),
                          RD_KAFKA_V_VALUE(value, n_value), RD_KAFKA_V_OPAQUE(put), RD_KAFKA_V_END);
    if (code)
        die("topic %s partition %d: %s", put->topic, (int)put->partition, rd_kafka_err2str(code));
    rd_kafka_poll(rk, 0);
}

static int count_partitions(rd_kafka_t *rk, const char *topic)
{
    const struct rd_kafka_metadata *all;
    int                             n = 0;
    rd_kafka_resp_err_t             code;

    /* The whole list: to ask for one topic could create it. */
    code = rd_kafka_metadata(rk, 1, NULL, &all, WAIT_MS);
    if (code)
        die("metadata: %s", rd_kafka_err2str(code));
    for (int i = 0; i < all->topic_cnt; i++) {
        if (strcmp(all->topics[i].topic, topic) == 0)
            n = all->topics[i].partition_cnt;
    }
    rd_kafka_metadata_destroy(all);
    return n;
}

static int64_t sum_of_ends(rd_kafka_t *rk, const char *topic)
{
    int     n = count_partitions(rk, topic);
    int64_t sum = 0;
    int64_t low;
    int64_t high;

    for (int i = 0; i < n; i++) {
        if (!rd_kafka_query_watermark_offsets(rk, topic, i, &low, &high, WAIT_MS))
            sum += high;
    }
    return sum;
}

static void wait_for_records(rd_kafka_t *rk, char *rest)
{
    const char *topic = word(&rest);
    int64_t     records = rest ? strtoll(rest, NULL, 10) : 1;

    for (int i = 0; i < WAIT_MS / 5; i++) {
        if (sum_of_ends(rk, topic) >= records)
            return;
        (void)usleep(5000);
    }
    die("topic %s does not get %lld records", topic, (long long)records);
}

/* What is to be aborted has to be in the topic first. */
static void abort_transaction(rd_kafka_t *rk)
{
    if (rd_kafka_flush(rk, WAIT_MS))
        die("not everything was delivered");
    check_error(rd_kafka_abort_transaction(rk, WAIT_MS), "abort");
}

static void operate(rd_kafka_t *rk, char *line)
{
    char *rest = line;
    char *name = word(&rest);

    if (strcmp(name, "put") == 0)
        put_record(rk, rest);
    else if (strcmp(name, "begin") == 0)
        check_error(rd_kafka_begin_transaction(rk), "begin");
    else if (strcmp(name, "commit") == 0)
        check_error(rd_kafka_commit_transaction(rk, WAIT_MS), "commit");
    else if (strcmp(name, "abort") == 0)
        abort_transaction(rk);
    else if (strcmp(name, "wait") == 0)
        wait_for_records(rk, rest);
    else if (strcmp(name, "sleep") == 0)
        (void)usleep((useconds_t)strtoul(word(&rest), NULL, 10) * 1000);
    else
        die("unknown operation %s", name);
}

static int write_records(const char *transactional_id)
{
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    rd_kafka_t      *rk;
    char            *line = NULL;
    size_t           room = 0;
    ssize_t          n;

    set(conf, "linger.ms", "0");
    set(conf, "message.max.bytes", "11534336");
    if (transactional_id)
        set(conf, "transactional.id", transactional_id);
    /* What is left open stays open, however long the test takes. */
    if (transactional_id)
        set(conf, "transaction.timeout.ms", "900000");
    rd_kafka_conf_set_dr_msg_cb(conf, delivered);
    rk = open_client(RD_KAFKA_PRODUCER, conf);
    if (transactional_id)
        check_error(rd_kafka_init_transactions(rk, WAIT_MS), "init");
    while ((n = getline(&line, &room, stdin)) > 0) {
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        operate(rk, line);
    }
    free(line);
    if (rd_kafka_flush(rk, WAIT_MS))
        die("not everything was delivered");
    for (const struct put *p = first_put; p; p = p->next)
        (void)printf("%s\t%d\t%lld\n", p->topic, (int)p->partition, (long long)p->offset);
    (void)fflush(stdout);
    /* Not destroyed: that could end the open transaction. */
    _exit(0);
}

/* ---- read ---------------------------------------------------------------------------------- */

static void print_record(const rd_kafka_message_t *m, bool keys_only)
{
    (void)printf("%d\t%lld", (int)m->partition, (long long)m->offset);
    print_hex(m->key, m->key_len);
    if (!keys_only)
        print_hex(m->payload, m->len);
    (void)fputc('\n', stdout);
}

static void read_to_ends(rd_kafka_t *rk, int n, bool keys_only)
{
    while (n > 0) {
        rd_kafka_message_t *m = rd_kafka_consumer_poll(rk, WAIT_MS);

        if (!m)
            die("no answer within %d ms", WAIT_MS);
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
            n--;
        else if (m->err)
            die("read: %s", rd_kafka_message_errstr(m));
        else
            print_record(m, keys_only);
        rd_kafka_message_destroy(m);
    }
}

static int read_records(const char *topic, bool uncommitted, bool keys_only)
{
    rd_kafka_conf_t                 *conf = rd_kafka_conf_new();
    rd_kafka_topic_partition_list_t *parts;
    rd_kafka_t                      *rk;
    int                              n;

    set(conf, "group.id", "plant");
    set(conf, "enable.auto.commit", "false");
    set(conf, "enable.partition.eof", "true");
    set(conf, "fetch.wait.max.ms", "10");
    set(conf, "auto.offset.reset", "earliest");
    set(conf, "fetch.message.max.bytes", "11534336");
    set(conf, "isolation.level", uncommitted ? "read_uncommitted" : "read_committed");
    rk = open_client(RD_KAFKA_CONSUMER, conf);
    n = count_partitions(rk, topic);
    if (n == 0)
        die("topic %s does not exist", topic);
    parts = rd_kafka_topic_partition_list_new(n);
    for (int i = 0; i < n; i++)
        rd_kafka_topic_partition_list_add(parts, topic, i)->offset = 0;
    if (rd_kafka_assign(rk, parts))
        die("cannot assign %s", topic);
    rd_kafka_topic_partition_list_destroy(parts);
    read_to_ends(rk, n, keys_only);
    (void)fflush(stdout);
    _exit(0);
}

/* ---- create -------------------------------------------------------------------------------- */

static int create_topic(const char *topic, int partitions, char **configs)
{
    rd_kafka_t          *rk = open_client(RD_KAFKA_PRODUCER, rd_kafka_conf_new());
    rd_kafka_queue_t    *queue = rd_kafka_queue_new(rk);
    char                 why[256];
    rd_kafka_NewTopic_t *nt = rd_kafka_NewTopic_new(topic, partitions, 1, why, sizeof(why));
    const rd_kafka_topic_result_t       **results;
    const rd_kafka_CreateTopics_result_t *result;
    rd_kafka_event_t                     *event;
    size_t                                n;

    if (!nt)
        die("%s", why);
    for (; *configs; configs++) {
        char *value = strchr(*configs, '=');

        if (!value)
            die("no CONFIG=VALUE: %s", *configs);
        *value++ = '\0';
        rd_kafka_NewTopic_set_config(nt, *configs, value);
    }
    rd_kafka_CreateTopics(rk, &nt, 1, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    result = event ? rd_kafka_event_CreateTopics_result(event) : NULL;
    if (!result)
        die("no answer to the creation of %s", topic);
    results = rd_kafka_CreateTopics_result_topics(result, &n);
    for (size_t i = 0; i < n; i++) {
        if (rd_kafka_topic_result_error(results[i]))
            die("create %s: %s", topic, rd_kafka_err2str(rd_kafka_topic_result_error(results[i])));
    }
    for (int i = 0; i < WAIT_MS / 10 && count_partitions(rk, topic) != partitions; i++)
        (void)usleep(10000);
    _exit(0);
}

int main(int argc, char **argv)
{
    const char *command = argc > 1 ? argv[1] : "";
    bool        uncommitted = false;
    bool        keys_only = false;
    int         at = 2;

    if (strcmp(command, "write") == 0)
        return write_records(argc > 2 ? argv[2] : NULL);
    if (strcmp(command, "create") == 0 && argc > 3)
        return create_topic(argv[2], (int)strtol(argv[3], NULL, 10), argv + 4);
    for (; at < argc && argv[at][0] == '-'; at++) {
        uncommitted = uncommitted || strcmp(argv[at], "-u") == 0;
        keys_only = keys_only || strcmp(argv[at], "-k") == 0;
    }
    if (strcmp(command, "read") == 0 && at + 1 == argc)
        return read_records(argv[at], uncommitted, keys_only);
    die("usage: plant write [ID] | read [-u] [-k] TOPIC | create TOPIC PARTITIONS "
        "[CONFIG=VALUE...]");
}
