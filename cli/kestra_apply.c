/*
 * kestra_apply.c - see kestra_apply.h. The stores' part is kestra_store.c.
 */
#include "cli/kestra_apply.h"

#include "cli/brokers.h"
#include "cli/kestra_internal.h"
#include "cli/kestra_name.h"
#include "lib/base/file.h"
#include "lib/kafka/java_properties.h"

#include <limits.h>
#include <stdarg.h>
#include <strings.h>
#include <unistd.h>

#define PROPERTIES "kestra.kafka.client.properties"

/* ---- for both parts ----------------------------------------------------------------------- */

size_t kestra_option(const char *name)
{
    size_t i = 0;

    while (options_table[i].name && strcmp(options_table[i].name, name) != 0)
        i++;
    return i;
}

bool kestra_given(const struct apply *ap, const char *option)
{
    return ap->given[kestra_option(option)];
}

void kestra_set(struct apply *ap, const char *option, const char **field, struct kestra_value v)
{
    size_t i = kestra_option(option);

    if (ap->given[i] || !v.text)
        return;
    *field = v.text;
    ap->conf->origins[i] = v.where;
}

bool kestra_take(struct apply *ap, const char *name, const char *option, const char **field)
{
    struct kestra_value v;

    if (kestra_given(ap, option))
        return true;
    if (!kestra_config_get(ap->kc, name, &v, ap->err))
        return false;
    kestra_set(ap, option, field, v);
    return true;
}

void kestra_note(struct apply *ap, const char *fmt, ...)
{
    struct config *c = ap->conf;
    char           text[600];
    va_list        args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    if (c->notes.n < OPT_LIST_MAX)
        c->notes.items[c->notes.n++] = arena_str(kestra_config_arena(ap->kc), slice_str(text));
}

/* ---- Kafka -------------------------------------------------------------------------------- */

/* Kestra's producers take the client's properties and then their own. */
static bool collect_properties(struct apply *ap, struct java_input *in)
{
    struct kestra_entries e = kestra_config_below(ap->kc, PROPERTIES);
    struct arena         *a = kestra_config_arena(ap->kc);
    struct java_property *p = arena_alloc(a, (e.n + 1) * sizeof(*p));
    struct kestra_value   v;

    in->properties = p;
    for (size_t i = 0; i < e.n; i++) {
        v = (struct kestra_value){ "", e.items[i].where };
        if (java_property_is_needed(in, e.items[i].name) &&
            !kestra_config_expand(ap->kc, &e.items[i], &v, ap->err))
            return false;
        p[in->n++] = (struct java_property){ e.items[i].name, v.text, v.where };
    }
    if (!kestra_config_get(ap->kc, "kestra.kafka.defaults.producer.properties.max.request.size", &v,
                           ap->err))
        return false;
    if (v.text)
        p[in->n++] = (struct java_property){ "max.request.size", v.text, v.where };
    return true;
}

/* Kestra's come first: of librdkafka's properties the last one wins. */
static bool put_properties(struct apply *ap, const struct java_output *out)
{
    struct config  *c = ap->conf;
    struct opt_list own = c->props;

    if (own.n + out->n > OPT_LIST_MAX)
        return err_set(ap->err, ERR_USAGE, "more than %d properties for Kafka", OPT_LIST_MAX);
    for (size_t i = 0; i < out->n; i++) {
        c->props.items[i] = out->properties[i].text;
        c->prop_origins[i] = out->properties[i].where;
    }
    for (size_t i = 0; i < own.n; i++)
        c->props.items[out->n + i] = own.items[i];
    c->props.n = out->n + own.n;
    return true;
}

static bool apply_brokers(struct apply *ap, const struct java_property *brokers)
{
    struct config *c = ap->conf;

    if (!brokers->value || kestra_given(ap, "kafka"))
        return true;
    if (!brokers_check(brokers->value, ap->err))
        return err_wrap(ap->err, "%s: bootstrap.servers", brokers->where);
    kestra_set(ap, "kafka", &c->kafka, (struct kestra_value){ brokers->value, brokers->where });
    return true;
}

/* Where its servers keep state is told to a person only: when it cannot be expanded here, it is not
 * known. */
static void note_state_dir(struct apply *ap)
{
    struct kestra_value dir = { NULL, NULL };
    struct err          err = ERR_INIT;

    if (!kestra_config_get(ap->kc, "kestra.kafka.defaults.stream.properties.state.dir", &dir,
                           &err) ||
        !dir.text || *dir.text == '\0')
        return;
    ap->conf->state_dir = dir.text;
    ap->conf->state_dir_where = dir.where;
}

/* Production's own, which staging must not have. */
static bool find_prefixes(struct apply *ap, struct kestra_value *topics,
                          struct kestra_value *groups)
{
    return kestra_config_get(ap->kc, "kestra.kafka.defaults.topic-prefix", topics, ap->err) &&
           kestra_config_get(ap->kc, "kestra.kafka.defaults.consumer-prefix", groups, ap->err);
}

static bool apply_kafka(struct apply *ap)
{
    struct config      *c = ap->conf;
    struct java_output *out = arena_alloc(kestra_config_arena(ap->kc), sizeof(*out));
    struct java_input   in = { .n_given = c->props.n,
                               .given = c->props.items,
                               .prefix = PROPERTIES "." };
    struct kestra_value prefix = { NULL, NULL };
    struct kestra_value groups = { NULL, NULL };
    struct kestra_value queue;

    if (!collect_properties(ap, &in) ||
        !java_properties_translate(&in, kestra_config_arena(ap->kc), out, ap->err) ||
        !apply_brokers(ap, &out->brokers) || !put_properties(ap, out) ||
        ((c->neutral || c->staging) && !find_prefixes(ap, &prefix, &groups)) ||
        !kestra_take(ap, "kestra.kafka.defaults.topic-prefix", "topic-prefix", &c->topic_prefix) ||
        !kestra_take(ap, "kestra.kafka.defaults.consumer-prefix", "consumer-prefix",
                     &c->consumer_prefix) ||
        !topic_overrides_read(ap->kc, &c->topics, ap->err) ||
        !kestra_config_get(ap->kc, "kestra.queue.type", &queue, ap->err))
        return false;
    note_state_dir(ap);
    c->kestra_prefix = prefix.text;
    c->kestra_groups = groups.text;
    c->topics.message_max_bytes = out->max_request_bytes;
    c->topics.message_max_where = out->max_request_where;
    for (size_t i = 0; i < out->n_notes; i++)
        kestra_note(ap, "%s", out->notes[i]);
    if (queue.text && strcasecmp(queue.text, "kafka") != 0)
        kestra_note(ap, "%s: kestra.queue.type is %.40s: this Kestra does not run on Kafka",
                    queue.where, queue.text);
    return true;
}

/* ---- files -------------------------------------------------------------------------------- */

static const char *environment(const char *name)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in the program changes the environment */
    const char *text = getenv(name);

    return text && *text != '\0' ? text : NULL;
}

/* Kestra's own default, when nothing else says what is meant. */
static bool add_default_file(struct apply *ap)
{
    const char *home = environment("HOME");
    char        path[PATH_MAX];
    int         n = home ? snprintf(path, sizeof(path), "%s/.kestra/config.yml", home) : -1;

    if (kestra_given(ap, "store") || kestra_given(ap, "kafka") || n < 0 ||
        (size_t)n >= sizeof(path) || access(path, F_OK) != 0)
        return true;
    if (!kestra_config_add_file(ap->kc, path, ap->err))
        return err_hint(ap->err, "it is read because no --store, --kafka or --config is given");
    kestra_note(ap, "no --store, --kafka or --config is given: %s is used", path);
    ap->conf->kestra_files.items[ap->conf->kestra_files.n++] =
        arena_str(kestra_config_arena(ap->kc), slice_str(path));
    return true;
}

static bool add_files(struct apply *ap)
{
    struct config *c = ap->conf;
    const char    *text = environment("KESTRA_CONFIGURATION");

    if (!text && c->config_files.n == 0)
        return add_default_file(ap);
    if (text) {
        if (!kestra_config_add(ap->kc, slice_str(text), "KESTRA_CONFIGURATION", ap->err))
            return false;
        c->kestra_files.items[c->kestra_files.n++] = "KESTRA_CONFIGURATION";
    }
    for (size_t i = 0; i < c->config_files.n; i++) {
        if (!kestra_config_add_file(ap->kc, c->config_files.items[i], ap->err))
            return false;
        if (c->kestra_files.n < OPT_LIST_MAX)
            c->kestra_files.items[c->kestra_files.n++] = c->config_files.items[i];
    }
    return true;
}

/* A key of ours in Kestra's file is a mistake, and it would be ignored silently. */
static bool refuse_own_keys(struct apply *ap)
{
    struct kestra_entries e = kestra_config_below(ap->kc, "requeue");
    const char           *near;
    size_t                k = 0;
    size_t                i = 0;

    /* REQUEUE_* variables are ours, and looked at elsewhere. */
    while (k < e.n && e.items[k].literal)
        k++;
    if (k == e.n)
        return true;
    (void)err_set(ap->err, ERR_USAGE, "%s: requeue.%.60s: Kestra's file has no settings of requeue",
                  e.items[k].where, e.items[k].name);
    while (options_table[i].name && !kestra_name_is(e.items[k].name, options_table[i].name))
        i++;
    near = opt_nearest(options_table, 1u << ap->conf->command, slice_str(e.items[k].name));
    if (!options_table[i].name && near)
        return err_hint(ap->err, "did you mean the option --%s?", near);
    if (!options_table[i].name)
        return err_hint(ap->err, "requeue help %s lists its options",
                        command_name(ap->conf->command));
    return err_hint(ap->err, "say --%s%s%s", options_table[i].name,
                    options_table[i].env ? ", or set the variable " : "",
                    options_table[i].env ? options_table[i].env : "");
}

bool kestra_apply(struct config *conf, const bool *given, struct err *err)
{
    struct apply ap = { .conf = conf, .given = given, .err = err };
    unsigned     command = 1u << conf->command;

    ap.kc = conf->kestra = kestra_config_new();
    if (!add_files(&ap))
        return false;
    /* Without a file, Kestra's variables are not for us. */
    if (conf->kestra_files.n == 0) {
        kestra_config_free(conf->kestra);
        conf->kestra = NULL;
        return true;
    }
    return refuse_own_keys(&ap) && kestra_apply_store(&ap) &&
           ((options_table[kestra_option("kafka")].commands & command) == 0 || apply_kafka(&ap));
}
