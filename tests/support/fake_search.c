/* fake_search.c - see fake_search.h. */
#include "tests/support/test.h"

#include "lib/base/hash.h"
#include "lib/base/json.h"
#include "lib/base/thread.h"
#include "lib/store/index_names.h"
#include "tests/support/fake_search.h"

#include <pthread.h>
#include <strings.h>

struct context {
    bool       is_open;
    bool       is_pit;
    unsigned   id;
    char       expression[128];
    struct buf query;
    size_t     at;   /* the next document */
    uint64_t   left; /* total of a scroll */
    unsigned   size;
    unsigned   slice;
    unsigned   of;
};

struct fake_search {
    struct fake_http      *http;
    const char            *distribution;
    const char            *version;
    struct search_index    indices[SEARCH_MAX_INDICES];
    size_t                 n_indices;
    struct search_doc     *docs;
    size_t                 n_docs;
    size_t                 capacity;
    struct context         contexts[SEARCH_MAX_CONTEXTS];
    unsigned               last_id;
    struct search_settings settings;
    unsigned               asked[ASK_N];
    struct buf             last_page; /* the hits of it */
    pthread_mutex_t        lock;
};

/* ---- queries ------------------------------------------------------------------------------ */

struct looked_at {
    const struct search_doc *doc;
    const struct json_node  *root;
};

static const struct json_node *member(const struct json_node *root, struct slice path)
{
    char  name[64];
    char *dot;

    (void)snprintf(name, sizeof(name), "%.*s", SLICE_ARG(path));
    dot = strchr(name, '.');
    if (dot)
        *dot = '\0';
    root = json_get(root, name);
    root = dot ? json_get(root, dot + 1) : root;
    return root && root->type != JSON_NULL ? root : NULL;
}

static bool equals(struct slice a, struct slice b)
{
    return a.n == b.n && strncasecmp(a.p, b.p, a.n) == 0;
}

static bool is_in(struct slice text, const struct json_node *list)
{
    for (const struct json_node *v = list ? list->first : NULL; v; v = v->next)
        if (equals(v->text, text))
            return true;
    return false;
}

static bool in_range(struct slice text, const struct json_node *range)
{
    const struct json_node *from = json_get(range, "gte");
    const struct json_node *to = json_get(range, "lt");
    char                    value[64];

    /* Dates of the tests have one form. */
    (void)snprintf(value, sizeof(value), "%.*s", SLICE_ARG(text));
    return (!from || strncmp(value, from->text.p, from->text.n) >= 0) &&
           (!to || strncmp(value, to->text.p, to->text.n) < 0);
}

static bool matches_field(const struct json_node *how, const struct looked_at *x)
{
    const struct json_node *field = how->first->first;
    const struct json_node *v;

    if (slice_eq(how->first->name, SLICE("exists")))
        return member(x->root, field->text) != NULL;
    v = member(x->root, field->name);
    if (!v)
        return false;
    if (slice_eq(how->first->name, SLICE("term")))
        return equals(v->text, field->text);
    if (slice_eq(how->first->name, SLICE("prefix")))
        return v->text.n >= field->text.n &&
               strncasecmp(v->text.p, field->text.p, field->text.n) == 0;
    if (slice_eq(how->first->name, SLICE("terms")))
        return is_in(v->text, field);
    return slice_eq(how->first->name, SLICE("range")) && in_range(v->text, field);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the query */
static bool matches(const struct json_node *query, const struct looked_at *x)
{
    const struct json_node *b = json_get(query, "bool");
    const struct json_node *list;
    bool                    any = false;

    if (!query || !query->first)
        return true;
    if (json_get(query, "match_none"))
        return false;
    if (json_get(query, "ids"))
        return is_in(slice_str(x->doc->id), json_get(json_get(query, "ids"), "values"));
    if (!b)
        return matches_field(query, x);
    list = json_get(b, "filter");
    for (const struct json_node *q = list ? list->first : NULL; q; q = q->next)
        if (!matches(q, x))
            return false;
    list = json_get(b, "must_not");
    for (const struct json_node *q = list ? list->first : NULL; q; q = q->next)
        if (matches(q, x))
            return false;
    list = json_get(b, "should");
    for (const struct json_node *q = list ? list->first : NULL; q; q = q->next)
        any = any || matches(q, x);
    return any || !list;
}

static bool selects(const struct fake_search *f, const struct context *c,
                    const struct json_node *query, const struct search_doc *doc, struct arena *a)
{
    struct looked_at x = { doc, NULL };
    struct err       why;

    if (!index_name_matches(c->expression, slice_str(f->indices[doc->index].name)))
        return false;
    /* No two points in time are cut alike. */
    if (c->of > 1 && (hash64(slice_str(doc->id)) + (c->is_pit ? c->id : 0)) % c->of != c->slice)
        return false;
    return json_tree(slice_str(doc->json), a, &x.root, &why) && matches(query, &x);
}

/* ---- answers ------------------------------------------------------------------------------ */

static void say_error(struct fake_answer *a, int status, const char *type, const char *reason)
{
    a->status = status;
    fake_http_say(a,
                  "{\"error\":{\"root_cause\":[{\"type\":\"%s\",\"reason\":\"%s\"}],"
                  "\"type\":\"%s\",\"reason\":\"%s\"},\"status\":%d}",
                  type, reason, type, reason, status);
}

static void say_lost(struct fake_answer *a)
{
    say_error(a, 404, "search_context_missing_exception", "No search context found for id [7]");
}

static struct context *context_of(struct fake_search *f, const struct json_node *id)
{
    for (size_t i = 0; id && i < SEARCH_MAX_CONTEXTS; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "ctx-%u", f->contexts[i].id);
        if (f->contexts[i].is_open && slice_eq(slice_str(name), id->text))
            return &f->contexts[i];
    }
    return NULL;
}

static void end_context(struct context *c)
{
    c->is_open = false;
    buf_release(&c->query);
}

static struct context *begin_context(struct fake_search *f, bool is_pit, const char *expression)
{
    for (size_t i = 0; i < SEARCH_MAX_CONTEXTS; i++) {
        struct context *c = &f->contexts[i];

        if (c->is_open)
            continue;
        *c = (struct context){ .is_open = true, .is_pit = is_pit, .id = ++f->last_id };
        buf_init(&c->query, FAKE_HTTP_MAX_BYTES);
        (void)snprintf(c->expression, sizeof(c->expression), "%s", expression);
        return c;
    }
    return NULL;
}

static unsigned number_in(const struct json_node *v, unsigned other)
{
    char digits[24];

    if (!v)
        return other;
    (void)snprintf(digits, sizeof(digits), "%.*s", SLICE_ARG(v->text));
    return (unsigned)strtoul(digits, NULL, 10);
}

static unsigned number(const struct json_node *object, const char *name, unsigned other)
{
    return number_in(json_get(object, name), other);
}

struct search {
    struct fake_search     *f;
    struct context         *c;
    const struct json_node *query;
    bool                    with_source;
    uint64_t                total;
    struct buf              hits;
    unsigned                n_hits;
};

/* Up to `size` documents from c->at on; the total is of all. */
static void collect(struct search *x, unsigned size)
{
    struct arena *arena = arena_new(1u << 12);
    size_t        next = x->c->at;

    for (size_t i = 0; i < x->f->n_docs; i++) {
        const struct search_doc *d = &x->f->docs[i];

        arena_reset(arena);
        if (!selects(x->f, x->c, x->query, d, arena))
            continue;
        x->total++;
        if (i < x->c->at || x->n_hits == size)
            continue;
        buf_add(&x->hits, "%s{\"_index\":\"%s\",\"_id\":\"%s\",\"_score\":null,\"sort\":[%zu]",
                x->n_hits++ ? "," : "", x->f->indices[d->index].name, d->id, i);
        if (x->with_source && !x->f->settings.no_source)
            buf_add(&x->hits, ",\"_source\":%s", d->json);
        buf_add(&x->hits, "}");
        next = i + 1;
    }
    x->c->at = next;
    arena_free(arena);
}

static void say_page(struct search *x, struct fake_answer *a, const char *id_name)
{
    fake_http_say(a, "{");
    if (id_name)
        fake_http_say(a, "\"%s\":\"ctx-%u\",", id_name, x->c->id);
    fake_http_say(a,
                  "\"took\":1,\"timed_out\":false,\"_shards\":{\"total\":3,\"successful\":3,"
                  "\"skipped\":0,\"failed\":0},\"hits\":{\"total\":{\"value\":%llu,"
                  "\"relation\":\"eq\"},\"max_score\":null,\"hits\":[",
                  (unsigned long long)x->total);
    fake_http_add(a, buf_slice(&x->hits));
    fake_http_say(a, "]}}");
}

static bool is_spoilt(const struct fake_search *f, enum search_ask what)
{
    const struct search_spoil *s = &f->settings.spoil;
    unsigned                   nth = what < ASK_N ? f->asked[what] : 0;

    if (s->n == 0 || (s->what != what && s->what != ASK_ANY))
        return false;
    return s->what == ASK_ANY || (nth >= s->from && nth - s->from < s->n);
}

static void give_page(struct search *x, struct fake_answer *a, enum search_ask what, unsigned size,
                      const char *id_name)
{
    struct fake_search        *f = x->f;
    const struct search_spoil *s = &f->settings.spoil;
    bool                       bad = what == ASK_PAGE && is_spoilt(f, what);

    if (f->settings.page_cap > 0 && size > f->settings.page_cap && what == ASK_PAGE)
        size = f->settings.page_cap;
    if (bad && s->skip) {
        collect(x, size);
        buf_clear(&x->hits);
        x->n_hits = 0;
        x->total = 0;
    }
    collect(x, size);
    if (bad && s->repeat) {
        buf_clear(&x->hits);
        buf_add(&x->hits, "%s", f->last_page.p);
    }
    if (what == ASK_PAGE) {
        buf_clear(&f->last_page);
        buf_add(&f->last_page, "%s", x->hits.n ? x->hits.p : "");
    }
    say_page(x, a, id_name);
}

static void answer_scroll(struct fake_search *f, const struct json_node *root,
                          struct fake_answer *a)
{
    struct context *c = context_of(f, json_get(root, "scroll_id"));
    struct search   x = { .f = f, .c = c, .with_source = true };
    struct arena   *arena;
    struct err      why;

    if (!c) {
        say_lost(a);
        return;
    }
    arena = arena_new(1u << 12);
    if (!json_tree(buf_slice(&c->query), arena, &x.query, &why))
        x.query = NULL;
    buf_init(&x.hits, FAKE_HTTP_MAX_BYTES);
    give_page(&x, a, ASK_PAGE, c->size, "_scroll_id");
    buf_release(&x.hits);
    arena_free(arena);
}

/* The "query" of a body as text: what lies between its name and its end. */
static void keep_query(struct context *c, struct slice body)
{
    static const struct json_path path = { "query", NULL };
    struct json_value             v;
    struct err                    why;

    if (json_find(body, &path, 1, JSON_FIND_ALL, &v, &why) && v.type == JSON_OBJECT)
        buf_add(&c->query, "%.*s", SLICE_ARG(v.raw));
    else
        buf_add(&c->query, "{}");
}

static void answer_search(struct fake_search *f, const struct fake_request *r,
                          const char *expression, const struct json_node *root,
                          enum search_ask what, struct fake_answer *a)
{
    const char             *in_url = strstr(r->path, "size=");
    bool                    scrolls = strstr(r->path, "scroll=") != NULL;
    const struct json_node *pit = json_get(root, "pit");
    struct context          own = { .is_open = true };
    struct search           x = { .f = f, .query = json_get(root, "query") };
    unsigned size = in_url ? (unsigned)strtoul(in_url + 5, NULL, 10) : number(root, "size", 10);

    if (f->settings.size_max > 0 && size > f->settings.size_max && what == ASK_PAGE) {
        a->status = f->settings.too_big.status;
        fake_http_say(a, "%s", f->settings.too_big.body);
        return;
    }
    (void)snprintf(own.expression, sizeof(own.expression), "%s", expression);
    if (pit) {
        struct context *c = context_of(f, json_get(pit, "id"));

        if (!c) {
            say_lost(a);
            return;
        }
        own = *c;
    }
    x.c = scrolls ? begin_context(f, false, expression) : &own;
    if (!x.c) {
        say_error(a, 500, "exception", "the fake has no room for contexts");
        return;
    }
    if (scrolls) {
        keep_query(x.c, r->body);
        x.c->size = size;
    }
    x.c->slice = number(json_get(root, "slice"), "id", 0);
    x.c->of = number(json_get(root, "slice"), "max", 1);
    x.c->at = 0;
    if (json_get(root, "search_after"))
        x.c->at = 1 + number_in(json_get(root, "search_after")->first, 0);
    x.with_source = !json_get(root, "_source");
    buf_init(&x.hits, FAKE_HTTP_MAX_BYTES);
    give_page(&x, a, what, size, scrolls ? "_scroll_id" : pit ? "pit_id" : NULL);
    buf_release(&x.hits);
}

static void answer_cat(struct fake_search *f, const char *expression, struct fake_answer *a)
{
    unsigned n = 0;

    fake_http_say(a, "[");
    for (size_t i = 0; i < f->n_indices; i++) {
        const struct search_index *x = &f->indices[i];

        if (expression[0] && !index_name_matches(expression, slice_str(x->name)))
            continue;
        fake_http_say(a, "%s{\"index\":\"%s\",\"status\":\"%s\",\"health\":\"%s\",\"pri\":\"1\"}",
                      n++ ? "," : "", x->name, x->status, x->health);
    }
    if (n == 0 && expression[0]) {
        buf_clear(&a->body);
        say_error(a, 404, "index_not_found_exception", "no such index");
        return;
    }
    fake_http_say(a, "]");
}

static void answer_count(struct fake_search *f, const char *expression, struct fake_answer *a)
{
    uint64_t n = f->settings.count_lie;

    for (size_t i = 0; i < f->n_docs; i++)
        n += index_name_matches(expression, slice_str(f->indices[f->docs[i].index].name));
    fake_http_say(a,
                  "{\"count\":%llu,\"_shards\":{\"total\":1,\"successful\":1,\"skipped\":0,"
                  "\"failed\":0}}",
                  (unsigned long long)n);
}

static void answer_mapping(const struct fake_search *f, struct fake_answer *a)
{
    static const char kestras[] =
        "{\"namespace\":{\"keyword\":{}},\"tenantId\":{\"keyword\":{}},"
        "\"state.startDate\":{\"date\":{}},\"state.current\":{\"keyword\":{}},"
        "\"deleted\":{\"boolean\":{}}}";

    fake_http_say(a, "{\"indices\":[],\"fields\":%s}",
                  f->settings.mapping ? f->settings.mapping : kestras);
}

static void answer_root(const struct fake_search *f, struct fake_answer *a)
{
    fake_http_say(a, "{\"name\":\"n\",\"cluster_name\":\"c\",\"cluster_uuid\":\"u-1\","
                     "\"version\":{");
    if (f->distribution)
        fake_http_say(a, "\"distribution\":\"%s\",", f->distribution);
    fake_http_say(a, "\"number\":\"%s\"}}", f->version);
}

static void answer_pit(struct fake_search *f, const char *expression, struct fake_answer *a)
{
    struct context *c = begin_context(f, true, expression);

    if (c)
        fake_http_say(a, "{\"%s\":\"ctx-%u\"}", f->distribution ? "pit_id" : "id", c->id);
}

static void answer_release(struct fake_search *f, const struct json_node *root,
                           struct fake_answer *a)
{
    const struct json_node *id = json_get(root, "scroll_id");
    struct context         *c;

    id = id ? id : json_get(root, "id");
    id = id ? id : json_get(root, "pit_id");
    if (id && id->type == JSON_ARRAY)
        id = id->first;
    c = context_of(f, id);
    a->status = c ? 200 : 404;
    fake_http_say(a, "{\"succeeded\":true,\"num_freed\":%d}", c ? 1 : 0);
    if (c)
        end_context(c);
}

/* ---- which request ------------------------------------------------------------------------ */

static enum search_ask kind_of_search(const struct fake_request *r, const struct json_node *root)
{
    const struct json_node *size = json_get(root, "size");

    if (strstr(r->path, "/_search?size="))
        return ASK_LOOK;
    if (size && slice_eq(size->text, SLICE("0")))
        return ASK_TOTAL;
    return json_get(root, "sort") ? ASK_PAGE : ASK_COPIES;
}

static enum search_ask kind_of(const struct fake_request *r, const struct json_node *root)
{
    const char *p = r->path;

    if (strcmp(p, "/") == 0)
        return ASK_ROOT;
    if (strncmp(p, "/_cat/indices", 13) == 0)
        return ASK_CAT;
    if (strcmp(r->method, "DELETE") == 0)
        return ASK_RELEASE;
    if (strncmp(p, "/_search/scroll", 15) == 0)
        return ASK_PAGE;
    if (strstr(p, "/_pit?") || strstr(p, "/point_in_time?"))
        return ASK_PIT;
    if (strstr(p, "/_search"))
        return kind_of_search(r, root);
    if (strstr(p, "/_count"))
        return ASK_COUNT;
    if (strstr(p, "/_refresh"))
        return ASK_REFRESH;
    return strstr(p, "/_field_caps") ? ASK_MAPPING : ASK_UNKNOWN;
}

static void expression_of(const struct fake_request *r, char *out, size_t n)
{
    const char *p = r->path + 1;

    if (strncmp(p, "_cat/indices", 12) == 0)
        p += p[12] == '/' ? 13 : 12;
    (void)snprintf(out, n, "%.*s", (int)strcspn(p, "/?"), p);
}

static void work_on(struct fake_search *f, const struct fake_request *r, enum search_ask what,
                    const struct json_node *root, struct fake_answer *a)
{
    char expression[128];

    expression_of(r, expression, sizeof(expression));
    switch (what) {
    case ASK_ROOT: answer_root(f, a); break;
    case ASK_CAT: answer_cat(f, expression, a); break;
    case ASK_REFRESH: fake_http_say(a, "{}"); break;
    case ASK_COUNT: answer_count(f, expression, a); break;
    case ASK_MAPPING: answer_mapping(f, a); break;
    case ASK_PIT: answer_pit(f, expression, a); break;
    case ASK_RELEASE: answer_release(f, root, a); break;
    case ASK_LOOK:
    case ASK_TOTAL:
    case ASK_PAGE:
    case ASK_COPIES:
        if (strncmp(r->path, "/_search/scroll", 15) == 0)
            answer_scroll(f, root, a);
        else
            answer_search(f, r, expression, root, what, a);
        break;
    case ASK_UNKNOWN:
    case ASK_N: say_error(a, 400, "illegal_argument_exception", "no handler found"); break;
    }
}

static void answer(void *ctx, const struct fake_request *r, struct fake_answer *a)
{
    struct fake_search        *f = ctx;
    const struct search_spoil *s = &f->settings.spoil;
    struct arena              *arena = arena_new(1u << 14);
    const struct json_node    *root = NULL;
    enum search_ask            what;
    struct err                 why;
    bool                       bad;

    if (r->body.n > 0 && !json_tree(r->body, arena, &root, &why))
        root = NULL;
    what = kind_of(r, root);
    (void)pthread_mutex_lock(&f->lock);
    f->asked[what]++;
    bad = is_spoilt(f, what);
    for (size_t i = 0; bad && s->expire && i < SEARCH_MAX_CONTEXTS; i++)
        if (f->contexts[i].is_open)
            end_context(&f->contexts[i]);
    if (bad && s->status) {
        a->status = s->status;
        fake_http_say(a, "%s", s->body ? s->body : "");
    } else {
        work_on(f, r, what, root, a);
    }
    if (bad && s->change)
        s->change(s->ctx, a);
    (void)pthread_mutex_unlock(&f->lock);
    arena_free(arena);
}

/* ---- life --------------------------------------------------------------------------------- */

struct fake_search *fake_search_start(const char *distribution, const char *version)
{
    struct fake_search *f = mem_alloc(sizeof(*f));

    f->distribution = distribution;
    f->version = version;
    (void)pthread_mutex_init(&f->lock, NULL);
    buf_init(&f->last_page, FAKE_HTTP_MAX_BYTES);
    f->http = fake_http_start(answer, f);
    return f;
}

void fake_search_end(struct fake_search *f)
{
    if (!f)
        return;
    fake_http_end(f->http);
    for (size_t i = 0; i < SEARCH_MAX_CONTEXTS; i++)
        if (f->contexts[i].is_open)
            end_context(&f->contexts[i]);
    for (size_t i = 0; i < f->n_docs; i++)
        mem_free(f->docs[i].json);
    mem_free(f->docs);
    buf_release(&f->last_page);
    (void)pthread_mutex_destroy(&f->lock);
    mem_free(f);
}

int fake_search_port(const struct fake_search *f)
{
    return fake_http_port(f->http);
}

struct search_index *fake_search_index(struct fake_search *f, const char *name)
{
    struct search_index *x;

    for (size_t i = 0; i < f->n_indices; i++)
        if (strcmp(f->indices[i].name, name) == 0)
            return &f->indices[i];
    assert_true(f->n_indices < SEARCH_MAX_INDICES);
    x = &f->indices[f->n_indices++];
    *x = (struct search_index){ .status = "open", .health = "green" };
    (void)snprintf(x->name, sizeof(x->name), "%s", name);
    return x;
}

void fake_search_add(struct fake_search *f, const char *index, const char *id, const char *json)
{
    struct search_doc *d;
    size_t             n = strlen(json) + 1;

    if (f->n_docs == f->capacity) {
        struct search_doc *more = mem_array(f->capacity * 2 + 64, sizeof(*more));

        if (f->n_docs > 0)
            memcpy(more, f->docs, f->n_docs * sizeof(*more));
        mem_free(f->docs);
        f->docs = more;
        f->capacity = f->capacity * 2 + 64;
    }
    d = &f->docs[f->n_docs++];
    d->index = (size_t)(fake_search_index(f, index) - f->indices);
    (void)snprintf(d->id, sizeof(d->id), "%s", id);
    d->json = mem_alloc(n);
    memcpy(d->json, json, n);
}

struct search_settings *fake_search_settings(struct fake_search *f)
{
    return &f->settings;
}

unsigned fake_search_open(struct fake_search *f)
{
    unsigned n = 0;

    (void)pthread_mutex_lock(&f->lock);
    for (size_t i = 0; i < SEARCH_MAX_CONTEXTS; i++)
        n += f->contexts[i].is_open;
    (void)pthread_mutex_unlock(&f->lock);
    return n;
}

unsigned fake_search_asked(struct fake_search *f, enum search_ask what)
{
    unsigned n;

    (void)pthread_mutex_lock(&f->lock);
    n = f->asked[what];
    (void)pthread_mutex_unlock(&f->lock);
    return n;
}
