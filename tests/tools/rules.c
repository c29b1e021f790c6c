/*
 * rules.c - Kafka's access rules from stdin, one a line, until the broker lists them all:
 *
 *   allow|deny USER OPERATION topic|group|cluster NAME
 *
 * NAME* is a prefix. For the shell tests; the broker is that of $REQUEUE_TEST_KAFKA, where we may
 * do everything. kafka-acls.sh would take a second for each operation.
 */
#include <librdkafka/rdkafka.h>

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WAIT_MS   30000
#define MAX_RULES 256

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    (void)fputs("rules: ", stderr);
    (void)vfprintf(stderr, fmt, args);
    (void)fputc('\n', stderr);
    va_end(args);
    exit(1);
}

static char *word(char **rest)
{
    char *w = strsep(rest, " ");

    if (!w || !*w)
        die("a rule ends too early");
    return w;
}

static rd_kafka_t *open_client(void)
{
    const char      *brokers = getenv("REQUEUE_TEST_KAFKA");
    rd_kafka_conf_t *conf = rd_kafka_conf_new();
    char             why[256];
    rd_kafka_t      *rk;

    if (!brokers || rd_kafka_conf_set(conf, "bootstrap.servers", brokers, why, sizeof(why)))
        die("REQUEUE_TEST_KAFKA is not set, or wrong");
    rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
    if (!rk)
        die("%s", why);
    return rk;
}

static rd_kafka_AclOperation_t operation_of(const char *name)
{
    static const struct {
        const char             *name;
        rd_kafka_AclOperation_t operation;
    } operations[] = {
        { "All", RD_KAFKA_ACL_OPERATION_ALL },
        { "Read", RD_KAFKA_ACL_OPERATION_READ },
        { "Write", RD_KAFKA_ACL_OPERATION_WRITE },
        { "Create", RD_KAFKA_ACL_OPERATION_CREATE },
        { "Delete", RD_KAFKA_ACL_OPERATION_DELETE },
        { "Describe", RD_KAFKA_ACL_OPERATION_DESCRIBE },
        { "DescribeConfigs", RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS },
        { "AlterConfigs", RD_KAFKA_ACL_OPERATION_ALTER_CONFIGS },
    };

    for (size_t i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
        if (strcmp(operations[i].name, name) == 0)
            return operations[i].operation;
    die("no operation %s", name);
}

static rd_kafka_AclBinding_t *rule_of(char *line)
{
    char                           why[256];
    char                           user[128];
    char                          *rest = line;
    bool                           deny = strcmp(word(&rest), "deny") == 0;
    rd_kafka_AclOperation_t        operation;
    const char                    *type;
    char                          *name;
    size_t                         n;
    rd_kafka_AclBinding_t         *rule;
    rd_kafka_ResourcePatternType_t pattern = RD_KAFKA_RESOURCE_PATTERN_LITERAL;

    (void)snprintf(user, sizeof(user), "User:%s", word(&rest));
    operation = operation_of(word(&rest));
    type = word(&rest);
    name = word(&rest);
    n = strlen(name);
    if (n > 1 && name[n - 1] == '*') {
        name[n - 1] = '\0';
        pattern = RD_KAFKA_RESOURCE_PATTERN_PREFIXED;
    }
    rule = rd_kafka_AclBinding_new(strcmp(type, "topic") == 0   ? RD_KAFKA_RESOURCE_TOPIC
                                   : strcmp(type, "group") == 0 ? RD_KAFKA_RESOURCE_GROUP
                                                                : RD_KAFKA_RESOURCE_BROKER,
                                   name, pattern, user, "*", operation,
                                   deny ? RD_KAFKA_ACL_PERMISSION_TYPE_DENY
                                        : RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW,
                                   why, sizeof(why));
    if (!rule)
        die("%s", why);
    return rule;
}

static size_t count_rules(rd_kafka_t *rk, rd_kafka_queue_t *queue)
{
    rd_kafka_AclBinding_t *every = rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_ANY, NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, NULL, NULL,
        RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, NULL, 0);
    rd_kafka_event_t *event;
    size_t            n = 0;

    rd_kafka_DescribeAcls(rk, every, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    if (!event || rd_kafka_event_error(event))
        die("rules: %s", event ? rd_kafka_event_error_string(event) : "no answer");
    (void)rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(event), &n);
    rd_kafka_event_destroy(event);
    rd_kafka_AclBinding_destroy(every);
    return n;
}

int main(void)
{
    rd_kafka_t                   *rk = open_client();
    rd_kafka_queue_t             *queue = rd_kafka_queue_new(rk);
    rd_kafka_AclBinding_t        *rules[MAX_RULES];
    rd_kafka_event_t             *event;
    const rd_kafka_acl_result_t **results;
    char                         *line = NULL;
    size_t                        room = 0;
    size_t                        n = 0;
    size_t                        n_results = 0;
    size_t                        before = count_rules(rk, queue);
    ssize_t                       got;

    for (; n < MAX_RULES && (got = getline(&line, &room, stdin)) > 0; n++) {
        if (line[got - 1] == '\n')
            line[got - 1] = '\0';
        rules[n] = rule_of(line);
    }
    if (n == MAX_RULES)
        die("more than %d rules", MAX_RULES);
    rd_kafka_CreateAcls(rk, rules, n, NULL, queue);
    event = rd_kafka_queue_poll(queue, WAIT_MS);
    if (!event || rd_kafka_event_error(event))
        die("rules: %s", event ? rd_kafka_event_error_string(event) : "no answer");
    results = rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(event), &n_results);
    for (size_t i = 0; i < n_results; i++)
        if (rd_kafka_acl_result_error(results[i]))
            die("rule %zu: %s", i, rd_kafka_error_string(rd_kafka_acl_result_error(results[i])));
    for (int i = 0; i < WAIT_MS / 10 && count_rules(rk, queue) < before + n; i++)
        (void)usleep(10000);
    _exit(0);
}
