/* fake_search.c - see fake_search.h. */
#include "tests/support/test.h"

#include "lib/store/index_names.h"
#include "tests/support/fake_search_internal.h"

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
        fake_search_error(a, 404, "index_not_found_exception", "no such index");
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

static const char *first_index(const struct fake_search *f, const char *expression)
{
    for (size_t i = 0; i < f->n_indices; i++)
        if (index_name_matches(expression, slice_str(f->indices[i].name)))
            return f->indices[i].name;
    return NULL;
}

static void answer_mapping(const struct fake_search *f, const struct fake_request *r,
                           const char *expression, struct fake_answer *a)
{
    const char       *index = first_index(f, expression);
    static const char kestras[] =
        "{\"namespace\":{\"keyword\":{}},\"tenantId\":{\"keyword\":{}},"
        "\"state.startDate\":{\"date\":{}},\"state.current\":{\"keyword\":{}},"
        "\"deleted\":{\"boolean\":{}}}";

    if (!index && strstr(r->path, "ignore_unavailable=true"))
        fake_http_say(a, "{\"indices\":[],\"fields\":{}}");
    else if (!index)
        fake_search_error(a, 404, "index_not_found_exception", "no such index");
    else
        fake_http_say(a, "{\"indices\":[\"%s\"],\"fields\":%s}", index,
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
    struct fake_context *c = fake_context_begin(f, true, expression);

    if (c)
        fake_http_say(a, "{\"%s\":\"ctx-%u\"}", f->distribution ? "pit_id" : "id", c->id);
}

static void answer_release(struct fake_search *f, const struct json_node *root,
                           struct fake_answer *a)
{
    const struct json_node *id = json_get(root, "scroll_id");
    struct fake_context    *c;

    id = id ? id : json_get(root, "id");
    id = id ? id : json_get(root, "pit_id");
    if (id && id->type == JSON_ARRAY)
        id = id->first;
    c = fake_context_of(f, id);
    a->status = c ? 200 : 404;
    fake_http_say(a, "{\"succeeded\":true,\"num_freed\":%d}", c ? 1 : 0);
    if (c)
        fake_context_end(c);
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
    case ASK_MAPPING: answer_mapping(f, r, expression, a); break;
    case ASK_PIT: answer_pit(f, expression, a); break;
    case ASK_RELEASE: answer_release(f, root, a); break;
    case ASK_LOOK:
    case ASK_TOTAL:
    case ASK_PAGE:
    case ASK_COPIES:
        if (strncmp(r->path, "/_search/scroll", 15) == 0)
            fake_search_scroll(f, root, a);
        else
            fake_search_search(f, r, expression, root, what, a);
        break;
    case ASK_UNKNOWN:
    case ASK_N: fake_search_error(a, 400, "illegal_argument_exception", "no handler found"); break;
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
    bad = fake_search_spoilt(f, what);
    for (size_t i = 0; bad && s->expire && i < SEARCH_MAX_CONTEXTS; i++)
        if (f->contexts[i].is_open)
            fake_context_end(&f->contexts[i]);
    if (bad && s->status) {
        a->status = s->status;
        fake_http_add(a, slice_str(s->body ? s->body : ""));
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
            fake_context_end(&f->contexts[i]);
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
