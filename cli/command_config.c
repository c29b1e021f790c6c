/*
 * command_config.c - config: every effective setting and where it came from; asks no server.
 *
 * What may be a secret never leaves this file: a whole value becomes ***, and in a URL the password
 * does.
 */
#include "cli/commands.h"

#include "cli/say.h"
#include "cli/shown.h"
#include "lib/kafka/java_properties.h"

#define MAX_SHOWN 400
#define HIDDEN    "***"

struct listing {
    struct buf        *out;
    struct json_writer json;
    bool               as_json;
};

/* value NULL: not set. origin: "option", "variable NAME", "FILE:LINE" or "built-in". */
static void row(struct listing *l, const char *name, const char *value, const char *origin)
{
    struct buf shown = { 0 };
    bool       known = strcmp(origin, "option") == 0 || strcmp(origin, "built-in") == 0;
    bool       variable = strncmp(origin, "variable ", 9) == 0;

    buf_init(&shown, 16384);
    if (value)
        shown_add(&shown, slice_str(value), l->as_json ? 8192 : MAX_SHOWN);
    if (!l->as_json) {
        buf_add(l->out, "%-28s %-44s %s\n", name, value ? (shown.n ? shown.p : "''") : "-", origin);
    } else {
        json_open(&l->json, '{');
        json_key(&l->json, "name");
        json_put_str(&l->json, name);
        json_key(&l->json, "value");
        json_put_str(&l->json, value ? (shown.p ? shown.p : "") : NULL);
        json_key(&l->json, "origin");
        json_put_str(&l->json, known ? origin : variable ? "variable" : "file");
        json_key(&l->json, "where");
        json_put_str(&l->json, known ? NULL : variable ? origin + 9 : origin);
        json_close(&l->json, '}');
    }
    buf_release(&shown);
}

/* ---- secrets ------------------------------------------------------------------------------ */

/* The parameters of a URL, those of passwords hidden. */
static void add_query(struct buf *b, const char *query)
{
    while (*query) {
        size_t       n = strcspn(query, "&");
        const char  *equals = memchr(query, '=', n);
        struct slice name = slice_of(query, equals ? (size_t)(equals - query) : n);

        if (equals && memmem(name.p, name.n, "pass", 4))
            buf_add(b, "%.*s=" HIDDEN, SLICE_ARG(name));
        else
            buf_add(b, "%.*s", (int)n, query);
        query += n;
        if (*query)
            buf_add(b, "%c", *query++);
    }
}

/* A URL without its password; the last @ ends what may be one. */
static void add_url(struct buf *b, const char *url)
{
    const char *mark = strstr(url, "://");
    const char *from = mark ? mark + 3 : url;
    const char *at = strrchr(from, '@');
    const char *colon = at ? memchr(from, ':', (size_t)(at - from)) : NULL;
    const char *rest = at ? at : url;
    const char *query = strchr(rest, '?');

    if (at)
        buf_add(b, "%.*s%s", (int)((colon ? colon : at) - url), url, colon ? ":" HIDDEN : "");
    if (!query) {
        buf_add(b, "%s", rest);
        return;
    }
    buf_add(b, "%.*s?", (int)(query - rest), rest);
    add_query(b, query + 1);
}

/* One item of a list: -X NAME=VALUE and headers "NAME: VALUE" may be secrets. */
static void add_item(struct buf *b, const char *option, const char *item)
{
    bool        header = strcmp(option, "store-header") == 0;
    size_t      n = strcspn(item, header ? ":" : "=");
    const char *name;

    if (header) {
        buf_add(b, "%.*s: " HIDDEN, (int)n, item);
    } else if (strcmp(option, "property") == 0) {
        name = mem_strndup(item, n);
        if (kafka_property_is_secret(name))
            buf_add(b, "%s=" HIDDEN, name);
        else
            buf_add(b, "%s", item);
        mem_free((void *)(uintptr_t)name);
    } else {
        buf_add(b, "%s", item);
    }
}

/* ---- values ------------------------------------------------------------------------------- */

static void add_duration(struct buf *b, uint64_t ms)
{
    char text[SHOWN_AGE];

    if (ms == 0 || ms % 1000 != 0) {
        buf_add(b, "%llu%s", (unsigned long long)ms, ms ? "ms" : "");
        return;
    }
    shown_age((int64_t)(ms / 1000), text);
    buf_add(b, "%s", text);
}

/* false: not set. */
static bool add_value(struct buf *b, const struct opt *o, const void *field)
{
    const struct opt_secret *secret = field;
    const char              *text = NULL;

    switch (o->type) {
    case OPT_FLAG: buf_add(b, "%s", *(const bool *)field ? "yes" : "no"); return true;
    case OPT_COUNT:
    case OPT_BYTES: buf_add(b, "%llu", (unsigned long long)*(const uint64_t *)field); return true;
    case OPT_DURATION: add_duration(b, *(const uint64_t *)field); return true;
    case OPT_SECRET:
        if (secret->file)
            buf_add(b, "the text in %s", secret->file);
        else if (secret->value)
            buf_add(b, HIDDEN);
        return secret->file || secret->value;
    case OPT_STRING:
    case OPT_CHOICE:
        text = *(const char *const *)field;
        if (text && strcmp(o->name, "store") == 0)
            add_url(b, text);
        else if (text)
            buf_add(b, "%s", text);
        return text != NULL;
    case OPT_LIST:
    case OPT_SET: break;
    }
    return false;
}

static const char *origin_of(const struct config *c, size_t i, char out[128])
{
    if (!c->origins[i])
        return "built-in";
    if (c->origins[i] != options_table[i].env)
        return c->origins[i];
    (void)snprintf(out, 128, "variable %s", options_table[i].env);
    return out;
}

static void list_rows(struct listing *l, const struct config *c, size_t i)
{
    const struct opt      *o = &options_table[i];
    const struct opt_list *list = (const void *)((const char *)c + o->field);
    bool                   props = strcmp(o->name, "property") == 0;
    char                   name[128];

    if (list->n == 0)
        row(l, o->name, NULL, origin_of(c, i, name));
    for (size_t k = 0; k < list->n; k++) {
        const char *origin = origin_of(c, i, name);
        struct buf  value = { 0 };

        buf_init(&value, 1u << 20);
        add_item(&value, o->name, list->items[k]);
        row(l, o->name, value.p, props && c->prop_origins[k] ? c->prop_origins[k] : origin);
        buf_release(&value);
    }
}

static void option_rows(struct listing *l, const struct config *c)
{
    for (size_t i = 0; options_table[i].name; i++) {
        const struct opt *o = &options_table[i];
        struct buf        value = { 0 };
        char              variable[128];
        bool              set;

        if (!(o->commands & 1u << COMMAND_CONFIG) || o->type == OPT_SET)
            continue;
        if (o->type == OPT_LIST) {
            list_rows(l, c, i);
            continue;
        }
        buf_init(&value, 1u << 20);
        set = add_value(&value, o, (const char *)c + o->field);
        row(l, o->name, set ? (value.p ? value.p : "") : NULL, origin_of(c, i, variable));
        buf_release(&value);
    }
}

/* ---- topics ------------------------------------------------------------------------------- */

static void number_row(struct listing *l, const char *name, uint64_t value, const char *where)
{
    char text[32];

    (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
    row(l, name, text, where);
}

static void topic_rows(struct listing *l, const struct topic_override *t)
{
    char        name[200];
    const char *id = t->id ? t->id : "*";

    (void)snprintf(name, sizeof(name), "topic %.80s: name", id);
    if (t->name)
        row(l, name, t->name, t->where);
    (void)snprintf(name, sizeof(name), "topic %.80s: partitions", id);
    if (t->partitions > 0)
        number_row(l, name, (uint64_t)t->partitions, t->where);
    (void)snprintf(name, sizeof(name), "topic %.80s: replication", id);
    if (t->replication > 0)
        number_row(l, name, (uint64_t)t->replication, t->where);
    for (size_t i = 0; i < t->n_configs; i++) {
        (void)snprintf(name, sizeof(name), "topic %.80s: %.80s", id, t->configs[i].name);
        row(l, name, t->configs[i].value, t->where);
    }
}

static void override_rows(struct listing *l, const struct topic_overrides *o)
{
    if (o->message_max_bytes > 0)
        number_row(l, "largest record", o->message_max_bytes, o->message_max_where);
    topic_rows(l, &o->all);
    for (size_t i = 0; i < o->n; i++)
        topic_rows(l, &o->topics[i]);
}

/* ---- all ---------------------------------------------------------------------------------- */

static void json_strings(struct json_writer *w, const char *name, const struct opt_list *list)
{
    json_key(w, name);
    json_open(w, '[');
    for (size_t i = 0; i < list->n; i++)
        json_put_str(w, list->items[i]);
    json_close(w, ']');
}

static void all_rows(struct listing *l, const struct config *c)
{
    option_rows(l, c);
    override_rows(l, &c->topics);
}

enum exit_status command_config(const struct config *conf)
{
    struct buf     out = { 0 };
    struct listing l = { .out = &out, .as_json = strcmp(conf->format, "json") == 0 };
    bool           ok;

    buf_init(&out, 16u << 20);
    if (l.as_json) {
        json_writer_init(&l.json, &out, true);
        json_open(&l.json, '{');
        json_key(&l.json, "schema_version");
        json_put_int(&l.json, 1);
        json_strings(&l.json, "files", &conf->kestra_files);
        json_key(&l.json, "settings");
        json_open(&l.json, '[');
        all_rows(&l, conf);
        json_close(&l.json, ']');
        json_strings(&l.json, "notes", &conf->notes);
        json_close(&l.json, '}');
        buf_add(&out, "\n");
    } else {
        for (size_t i = 0; i < conf->kestra_files.n; i++)
            buf_add(&out, "%-28s %s\n", i == 0 ? "Kestra's configuration" : "",
                    conf->kestra_files.items[i]);
        all_rows(&l, conf);
        for (size_t i = 0; i < conf->notes.n; i++)
            buf_add(&out, "note: %s\n", conf->notes.items[i]);
    }
    ok = say_result(buf_slice(&out));
    buf_release(&out);
    return ok ? EXIT_DONE : EXIT_USAGE;
}
