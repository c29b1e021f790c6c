/*
 * elastic.c - the search store, Elasticsearch and OpenSearch: opening, which product, which members
 * documents have, closing (elastic_internal.h says where the rest is).
 */
#include "lib/store/elastic_internal.h"

#include "lib/base/log.h"
#include "lib/store/index_names.h"

#define FIRST_CONTACT_S 5
#define SAMPLE_HITS     500 /* of a kind, in search of members */

/* ---- which server ----------------------------------------------------------------------- */

static void parse_version(struct es_store *s, struct slice text)
{
    char  digits[32];
    char *end = digits;

    (void)snprintf(digits, sizeof(digits), "%.*s", SLICE_ARG(text));
    s->major = (unsigned)strtoul(digits, &end, 10);
    s->minor = *end == '.' ? (unsigned)strtoul(end + 1, NULL, 10) : 0;
}

static bool check_version(const struct es_store *s, struct slice version, struct err *err)
{
    if (s->major >= (s->is_opensearch ? 1u : 7u))
        return true;
    if (s->major == 0)
        (void)err_set(err, ERR_STORE, "%s says that its version is \"%.*s\"", http_place(s->http),
                      SLICE_ARG(version));
    else
        (void)err_set(err, ERR_STORE, "%s is Elasticsearch %.*s, which is too old",
                      http_place(s->http), SLICE_ARG(version));
    return err_hint(err, "requeue reads Elasticsearch from 7.0 and OpenSearch from 1.0 on");
}

/* OpenSearch has points in time from 2.4 on; before 7.12 _shard_doc is not there to sort by. */
static enum es_pit pit_of(const struct es_store *s)
{
    if (s->is_opensearch)
        return s->major > 2 || (s->major == 2 && s->minor >= 4) ? ES_PIT_OPENSEARCH : ES_NO_PIT;
    return s->major > 7 || (s->major == 7 && s->minor >= 12) ? ES_PIT_ELASTIC : ES_NO_PIT;
}

static bool not_a_search_server(const struct es_store *s, struct err *err)
{
    (void)err_set(err, ERR_STORE, "%s is neither Elasticsearch nor OpenSearch",
                  http_place(s->http));
    return err_hint(err, "look at what it answers to GET /; is the port right, and the path "
                         "prefix?");
}

static bool take_server(struct es_store *s, const struct json_node *root, struct store_info *out,
                        struct err *err)
{
    const struct json_node *version = json_get(root, "version");
    struct slice            number = es_text(version, "number");
    struct slice            uuid = es_text(root, "cluster_uuid");
    char                    name[sizeof(out->product) + sizeof(out->version) + 300];

    if (number.n == 0 || uuid.n == 0)
        return not_a_search_server(s, err);
    s->is_opensearch = slice_eq(es_text(version, "distribution"), SLICE("opensearch"));
    parse_version(s, number);
    if (!check_version(s, number, err))
        return false;
    if (slice_eq(uuid, SLICE("_na_"))) {
        (void)err_set(err, ERR_STORE, "%s has not joined a cluster yet", http_place(s->http));
        return err_hint(err, "wait until GET _cluster/health says green or yellow");
    }
    s->pit = pit_of(s);
    memset(out, 0, sizeof(*out));
    (void)snprintf(out->product, sizeof(out->product), "%s",
                   s->is_opensearch ? "OpenSearch" : "Elasticsearch");
    (void)snprintf(out->version, sizeof(out->version), "%.*s", SLICE_ARG(number));
    (void)snprintf(out->place, sizeof(out->place), "%s", http_place(s->http));
    (void)snprintf(out->identity, sizeof(out->identity), "%.*s", SLICE_ARG(uuid));
    (void)snprintf(name, sizeof(name), "%s %s at %s", out->product, out->version, out->place);
    s->name = arena_str(s->arena, slice_str(name));
    return true;
}

static bool es_describe(struct store *base, struct store_info *out, struct err *err)
{
    struct es_store        *s = (struct es_store *)base;
    struct es_asker         a = es_own(s, "asking who it is");
    struct http_request     r = { .method = "GET", .path = "/", .repeatable = true };
    struct arena           *arena = arena_new(1u << 12);
    const struct json_node *root = NULL;
    struct err              why;
    bool                    ok;

    /* A person has just typed the address: a wrong one is told soon. */
    r.limit_s = FIRST_CONTACT_S;
    ok = es_ask(&a, &r, err) == ES_OK;
    if (ok && !json_tree(buf_slice(&a.answer->body), arena, &root, &why))
        ok = not_a_search_server(s, err);
    ok = ok && take_server(s, root, out, err);
    arena_free(arena);
    return ok;
}

/* ---- has -------------------------------------------------------------------------------- */

/* Newest documents first: old ones are never rewritten (data-model 6.2). */
static const char *newest_first(enum kind kind)
{
    switch (kind) {
    case KIND_EXECUTION:
        return "{\"state.startDate\":{\"order\":\"desc\",\"unmapped_type\":\"date\"}}";
    case KIND_FLOW: return "{\"revision\":{\"order\":\"desc\",\"unmapped_type\":\"long\"}}";
    case KIND_TRIGGER: return "{\"date\":{\"order\":\"desc\",\"unmapped_type\":\"date\"}}";
    case KIND_FLOW_LAST:
    case KIND_TEMPLATE:
    case KIND_SUBFLOW_LINK:
    case KIND_COUNT: break;
    }
    return "\"_doc\"";
}

struct sampler {
    struct es_store *store;
    enum kind        kind;
};

static bool is_sampled(const struct es_store *s, enum kind kind, struct slice member)
{
    for (size_t i = 0; i < s->n_sampled[kind]; i++)
        if (slice_eq(slice_str(s->sampled[kind][i]), member))
            return true;
    return false;
}

#define MAX_MEMBERS 256

static bool see_member(void *ctx, unsigned depth, struct slice name, struct json_value v,
                       size_t height)
{
    struct sampler  *x = ctx;
    struct es_store *s = x->store;

    (void)height;
    if (depth != 1 || v.type == JSON_NULL || is_sampled(s, x->kind, name) ||
        s->n_sampled[x->kind] == MAX_MEMBERS)
        return true;
    s->sampled[x->kind][s->n_sampled[x->kind]++] = arena_str(s->sample_arena, name);
    return true;
}

static void see_members(struct es_store *s, enum kind kind, const struct hits_page *hits)
{
    static const struct json_walk walk = { .max_depth = 1, .value = see_member };
    struct sampler                x = { s, kind };
    struct err                    ignored;

    for (size_t i = 0; i < hits->n; i++)
        if (hits->hits[i].source.p && !json_walk(hits->hits[i].source, &walk, &x, &ignored))
            continue;
}

/* A guess of the band is made all the same, without the documents of a kind that cannot be read,
 * which may not be selected. Of a kind that is closed in part, what is open can be asked. */
static bool can_sample(struct es_store *s, const char *expression, bool *can, struct err *err)
{
    struct es_kind k = { .expression = expression };

    if (!es_resolve(s, &k, err))
        return false;
    *can = k.n_indices > 0 && k.health != STORE_RED;
    if (k.health >= STORE_RED)
        log_msg(LOG_WARN,
                "index %s is %s: Kestra's band is guessed without its documents; name it with "
                "--layout if the guess is wrong",
                k.worst, store_health_name(k.health));
    return true;
}

static bool ask_sample(struct es_store *s, enum kind kind, const char *expression, struct err *err)
{
    struct es_asker     a = es_own(s, "looking at documents");
    struct http_request r = { .method = "POST", .repeatable = true };
    struct arena       *arena = arena_new(1u << 14);
    struct hits_page    hits = { 0 };
    enum es_outcome     o = ES_TOO_BIG;
    char                path[512];
    char                body[256];

    (void)snprintf(path, sizeof(path), "/%s/_search?ignore_unavailable=true",
                   es_path_text(slice_str(expression), arena));
    for (unsigned n = SAMPLE_HITS; o == ES_TOO_BIG && n > 0; n /= 5) {
        (void)snprintf(body, sizeof(body), "{\"size\":%u,\"sort\":[%s]}", n, newest_first(kind));
        r.path = path;
        r.body = slice_str(body);
        o = es_ask(&a, &r, err);
    }
    if (o == ES_OK && hits_cut(buf_slice(&a.answer->body), arena, &hits, err))
        see_members(s, kind, &hits);
    arena_free(arena);
    return o == ES_OK || a.answer->status == 404; /* gone by now: no such member */
}

/* Which members do documents of this kind have? Asked once for each expression. */
static bool sample(struct es_store *s, enum kind kind, const char *expression, struct err *err)
{
    bool can = false;

    s->n_sampled[kind] = 0;
    s->sampled_at[kind] = expression;
    return can_sample(s, expression, &can, err) && (!can || ask_sample(s, kind, expression, err));
}

static bool es_has(struct store *base, const struct layout *layout, const char *what, bool *out,
                   struct err *err)
{
    struct es_store *s = (struct es_store *)base;
    const char      *member = NULL;
    enum kind        kind = index_hint_parse(what, &member);
    const char      *expression;

    *out = false;
    if (kind == KIND_COUNT) {
        (void)err_set(err, ERR_USAGE, "layout hint \"%s\" is none for a search store", what);
        return err_hint(err, "it is member:KIND.M (schemas/README.md)");
    }
    expression = index_name_of(layout, kind, &s->conf->search, s->arena);
    if (!expression)
        return true;
    if ((!s->sampled_at[kind] || strcmp(s->sampled_at[kind], expression) != 0) &&
        !sample(s, kind, expression, err))
        return false;
    *out = is_sampled(s, kind, slice_str(member));
    return true;
}

/* ---- life ------------------------------------------------------------------------------- */

/* Servers leave no heartbeat in the indices; consumer groups tell (design part 7). */
static bool es_servers(struct store *base, struct store_server *out, size_t *n,
                       unsigned *other_clients, struct err *err)
{
    (void)base;
    (void)out;
    (void)err;
    *n = 0;
    *other_clients = 0;
    return true;
}

static void es_close(struct store *base)
{
    struct es_store *s = (struct es_store *)base;

    for (int k = 0; k < KIND_COUNT; k++) {
        if (s->http)
            es_release(s, s->http, &s->answer, true, buf_slice(&s->kinds[k].pit));
        buf_release(&s->kinds[k].pit);
        mem_free(s->sampled[k]);
    }
    http_answer_release(&s->answer);
    http_close(s->http);
    arena_free(s->sample_arena);
    arena_free(s->arena);
    mem_free(s);
}

bool es_open_http(const struct store_conf *conf, struct http **out, struct err *err)
{
    const struct store_search_conf *c = &conf->search;
    const struct http_conf          http = {
                 .url = conf->url,
                 .user = c->user,
                 .password = c->password,
                 .api_key = c->api_key,
                 .headers = c->headers,
                 .ca_file = c->ca_file,
                 .cert_file = c->cert_file,
                 .key_file = c->key_file,
                 .insecure = c->insecure,
                 .gzip = c->gzip,
                 .stop = conf->stop,
    };

    return http_open(&http, out, err);
}

bool elastic_open(const struct store_conf *conf, struct store **out, struct err *err)
{
    struct es_store *s;

    if (!index_names_check(&conf->search, err))
        return false;
    s = mem_alloc(sizeof(*s));
    s->base = (struct store){
        .describe = es_describe,
        .has = es_has,
        .use = es_use,
        .count = es_count,
        .open_readers = es_open_readers,
        .servers = es_servers,
        .newest = es_newest,
        .links = es_links,
        .log_newest = es_log_newest,
        .log_names = es_log_names,
        .close = es_close,
    };
    s->conf = conf;
    s->pause_ms = ES_PAUSE_MS;
    s->arena = arena_new(1u << 12);
    s->sample_arena = arena_new(1u << 12);
    http_answer_init(&s->answer, 0);
    for (int k = 0; k < KIND_COUNT; k++) {
        buf_init(&s->kinds[k].pit, ES_BODY_BYTES);
        s->sampled[k] = mem_array(MAX_MEMBERS, sizeof(*s->sampled[k]));
    }
    if (!es_open_http(conf, &s->http, err)) {
        es_close(&s->base);
        return false;
    }
    *out = &s->base;
    return true;
}
