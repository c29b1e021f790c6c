/* fake_search_page.c - scrolls, points in time and their pages (fake_search_internal.h). */
#include "tests/support/fake_search_internal.h"

#include "lib/base/hash.h"
#include "lib/store/index_names.h"

static bool selects(const struct fake_search *f, const struct fake_context *c,
                    const struct json_node *query, const struct search_doc *doc, struct arena *a)
{
    const struct json_node *root = NULL;
    struct err              why;

    if (!index_name_matches(c->expression, slice_str(f->indices[doc->index].name)))
        return false;
    /* No two points in time are cut alike. */
    if (c->of > 1 && (hash64(slice_str(doc->id)) + (c->is_pit ? c->id : 0)) % c->of != c->slice)
        return false;
    return json_tree(slice_str(doc->json), a, &root, &why) && fake_matches(query, doc->id, root);
}

void fake_search_error(struct fake_answer *a, int status, const char *type, const char *reason)
{
    a->status = status;
    fake_http_say(a,
                  "{\"error\":{\"root_cause\":[{\"type\":\"%s\",\"reason\":\"%s\"}],"
                  "\"type\":\"%s\",\"reason\":\"%s\"},\"status\":%d}",
                  type, reason, type, reason, status);
}

static void say_lost(struct fake_answer *a)
{
    fake_search_error(a, 404, "search_context_missing_exception",
                      "No search context found for id [7]");
}

struct fake_context *fake_context_of(struct fake_search *f, const struct json_node *id)
{
    for (size_t i = 0; id && i < SEARCH_MAX_CONTEXTS; i++) {
        char name[32];

        (void)snprintf(name, sizeof(name), "ctx-%u", f->contexts[i].id);
        if (f->contexts[i].is_open && slice_eq(slice_str(name), id->text))
            return &f->contexts[i];
    }
    return NULL;
}

void fake_context_end(struct fake_context *c)
{
    c->is_open = false;
    buf_release(&c->query);
}

struct fake_context *fake_context_begin(struct fake_search *f, bool is_pit, const char *expression)
{
    for (size_t i = 0; i < SEARCH_MAX_CONTEXTS; i++) {
        struct fake_context *c = &f->contexts[i];

        if (c->is_open)
            continue;
        *c = (struct fake_context){ .is_open = true, .is_pit = is_pit, .id = ++f->last_id };
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
    struct fake_context    *c;
    const struct json_node *query;
    bool                    with_source;
    bool                    by_id; /* sorted so: in the order in which they were added, too */
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
        buf_add(&x->hits, "%s{\"_index\":\"%s\",\"_id\":\"%s\",\"_score\":null,\"sort\":",
                x->n_hits++ ? "," : "", x->f->indices[d->index].name, d->id);
        if (x->by_id)
            buf_add(&x->hits, "[\"%s\"]", d->id);
        else
            buf_add(&x->hits, "[%zu]", i);
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

bool fake_search_spoilt(const struct fake_search *f, enum search_ask what)
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
    bool                       bad = what == ASK_PAGE && fake_search_spoilt(f, what);

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

void fake_search_scroll(struct fake_search *f, const struct json_node *root, struct fake_answer *a)
{
    struct fake_context *c = fake_context_of(f, json_get(root, "scroll_id"));
    struct search        x = { .f = f, .c = c, .with_source = true };
    struct arena        *arena;
    struct err           why;

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
static void keep_query(struct fake_context *c, struct slice body)
{
    static const struct json_path path = { "query", NULL };
    struct json_value             v;
    struct err                    why;

    if (json_find(body, &path, 1, JSON_FIND_ALL, &v, &why) && v.type == JSON_OBJECT)
        buf_add(&c->query, "%.*s", SLICE_ARG(v.raw));
    else
        buf_add(&c->query, "{}");
}

/* The document behind the one that a page before ended with. */
static size_t place_after(const struct search *x, const struct json_node *after)
{
    if (!after)
        return 0;
    if (!x->by_id)
        return 1 + number_in(after->first, 0);
    for (size_t i = 0; i < x->f->n_docs; i++)
        if (slice_eq(slice_str(x->f->docs[i].id), after->first->text))
            return i + 1;
    return x->f->n_docs;
}

void fake_search_search(struct fake_search *f, const struct fake_request *r, const char *expression,
                        const struct json_node *root, enum search_ask what, struct fake_answer *a)
{
    const char             *in_url = strstr(r->path, "size=");
    bool                    scrolls = strstr(r->path, "scroll=") != NULL;
    const struct json_node *pit = json_get(root, "pit");
    struct fake_context     own = { .is_open = true };
    struct search           x = { .f = f, .query = json_get(root, "query") };
    unsigned size = in_url ? (unsigned)strtoul(in_url + 5, NULL, 10) : number(root, "size", 10);

    if (f->settings.size_max > 0 && size > f->settings.size_max && what == ASK_PAGE) {
        a->status = f->settings.too_big.status;
        fake_http_say(a, "%s", f->settings.too_big.body);
        return;
    }
    (void)snprintf(own.expression, sizeof(own.expression), "%s", expression);
    if (pit) {
        struct fake_context *c = fake_context_of(f, json_get(pit, "id"));

        if (!c) {
            say_lost(a);
            return;
        }
        own = *c;
    }
    x.c = scrolls ? fake_context_begin(f, false, expression) : &own;
    if (!x.c) {
        fake_search_error(a, 500, "exception", "the fake has no room for contexts");
        return;
    }
    if (scrolls) {
        keep_query(x.c, r->body);
        x.c->size = size;
    }
    x.c->slice = number(json_get(root, "slice"), "id", 0);
    x.c->of = number(json_get(root, "slice"), "max", 1);
    x.by_id = pit && f->distribution;
    x.c->at = place_after(&x, json_get(root, "search_after"));
    x.with_source = !json_get(root, "_source") || json_get(root, "_source")->type != JSON_BOOL;
    buf_init(&x.hits, FAKE_HTTP_MAX_BYTES);
    give_page(&x, a, what, size, scrolls ? "_scroll_id" : pit ? "pit_id" : NULL);
    buf_release(&x.hits);
}
