/*
 * hits.c - cutting answers (hits.h).
 *
 * DESIGN: json_walk tells the members of the four upper levels; `places` remembers which object or
 * list of an answer each open level is, so a member is known by where it is and its name. Names are
 * compared as they stand: no server escapes them.
 */
#include "lib/store/hits.h"

#include <assert.h>

#define TEXT_MAX_BYTES ((size_t)64 << 20) /* of one unescaped text */
#define HITS_FIRST     256                /* room for so many, then twice as many */
#define PAGE_DEPTH     4                  /* answer, hits, hits.hits, a hit, its members */
#define REASON_BYTES   512                /* of a shard's failure */

enum place {
    PLACE_OTHER,
    PLACE_ANSWER,
    PLACE_SHARDS,
    PLACE_FAILURES, /* the list of them */
    PLACE_HITS,     /* the object */
    PLACE_TOTAL,
    PLACE_LIST, /* of hits */
    PLACE_HIT,
    /* of an error */
    PLACE_ERROR,
    PLACE_CAUSES,
    PLACE_CAUSE,
};

struct cutter {
    struct arena     *a;
    struct hits_page *page; /* NULL for a line */
    struct hit        hit;  /* at hand */
    size_t            cap;  /* of page->hits */
    bool              has_list;
    bool              has_value; /* hits.total.value was there */
    struct err       *err;
    enum place        places[PAGE_DEPTH]; /* of the open levels */
};

/* ---- values -------------------------------------------------------------------------------- */

static bool is_name(struct slice name, struct slice wanted)
{
    return name.p && slice_eq(name, wanted);
}

static bool wrong(struct cutter *c, const char *member, const char *what)
{
    return err_set(c->err, ERR_DATA, "%s is not %s", member, what);
}

/* A text of the answer; nothing (and no change) for null. */
static bool take_text(struct cutter *c, const char *member, struct json_value v, struct slice *out)
{
    struct slice inside;
    struct buf   text;
    bool         ok;

    if (v.type == JSON_NULL)
        return true;
    if (v.type != JSON_STRING)
        return wrong(c, member, "a string");
    inside = slice_of(v.raw.p + 1, v.raw.n - 2);
    if (inside.n == 0 || !memchr(inside.p, '\\', inside.n)) {
        *out = inside;
        return true;
    }
    buf_init(&text, TEXT_MAX_BYTES);
    ok = json_text(v, &text, c->err) || err_wrap(c->err, "%s", member);
    if (ok)
        *out = arena_copy(c->a, buf_slice(&text));
    buf_release(&text);
    return ok;
}

static bool take_bool(struct cutter *c, const char *member, struct json_value v, bool *out)
{
    if (v.type != JSON_BOOL)
        return wrong(c, member, "true or false");
    *out = v.raw.p[0] == 't';
    return true;
}

static bool take_count(struct cutter *c, const char *member, struct json_value v, int64_t *out)
{
    int64_t n = 0;

    if (v.type != JSON_NUMBER || v.raw.n > 18)
        return wrong(c, member, "a count");
    for (size_t i = 0; i < v.raw.n; i++) {
        if (v.raw.p[i] < '0' || v.raw.p[i] > '9')
            return wrong(c, member, "a count");
        n = n * 10 + (v.raw.p[i] - '0');
    }
    *out = n;
    return true;
}

/* ---- a hit --------------------------------------------------------------------------------- */

static bool take_source(struct cutter *c, struct json_value v, size_t height)
{
    if (v.type == JSON_NULL) {
        c->hit.source = slice_of(NULL, 0);
        c->hit.trusted = false;
        return true;
    }
    if (v.type != JSON_OBJECT)
        return wrong(c, "_source", "an object");
    c->hit.source = v.raw;
    c->hit.trusted = height <= JSON_MAX_DEPTH;
    return true;
}

static bool take_hit_member(struct cutter *c, struct slice name, struct json_value v, size_t height)
{
    if (is_name(name, SLICE("_source")))
        return take_source(c, v, height);
    if (is_name(name, SLICE("_id")))
        return take_text(c, "_id", v, &c->hit.id);
    if (is_name(name, SLICE("_index")))
        return take_text(c, "_index", v, &c->hit.index);
    if (is_name(name, SLICE("sort"))) {
        if (v.type != JSON_ARRAY)
            return wrong(c, "sort", "a list");
        c->hit.sort = v.raw;
    }
    return true;
}

static bool keep_hit(struct cutter *c, struct json_value v)
{
    struct hits_page *page = c->page;
    struct hit       *more;

    if (v.type != JSON_OBJECT)
        return wrong(c, "a hit", "an object");
    if (page->n == c->cap) {
        c->cap = c->cap > 0 ? 2 * c->cap : HITS_FIRST;
        more = arena_alloc(c->a, c->cap * sizeof(*more));
        if (page->n > 0)
            memcpy(more, page->hits, page->n * sizeof(*more));
        page->hits = more;
    }
    page->hits[page->n++] = c->hit;
    return true;
}

/* ---- an answer ----------------------------------------------------------------------------- */

static bool take_answer_member(struct cutter *c, struct slice name, struct json_value v)
{
    struct hits_page *page = c->page;

    if (is_name(name, SLICE("_scroll_id")))
        return take_text(c, "_scroll_id", v, &page->scroll_id);
    if (is_name(name, SLICE("pit_id")))
        return take_text(c, "pit_id", v, &page->pit_id);
    if (is_name(name, SLICE("timed_out")))
        return take_bool(c, "timed_out", v, &page->timed_out);
    if (is_name(name, SLICE("_shards")) && v.type != JSON_OBJECT)
        return wrong(c, "_shards", "an object");
    if (is_name(name, SLICE("hits")) && v.type != JSON_OBJECT)
        return wrong(c, "hits", "an object");
    return true;
}

static bool take_shards_member(struct cutter *c, struct slice name, struct json_value v)
{
    struct hits_page *page = c->page;

    if (is_name(name, SLICE("total")))
        return take_count(c, "_shards.total", v, &page->shards_total);
    if (is_name(name, SLICE("successful")))
        return take_count(c, "_shards.successful", v, &page->shards_successful);
    if (is_name(name, SLICE("skipped")))
        return take_count(c, "_shards.skipped", v, &page->shards_skipped);
    if (is_name(name, SLICE("failed")))
        return take_count(c, "_shards.failed", v, &page->shards_failed);
    return true;
}

/* "type: reason" of {"reason": {"type": ..., "reason": ...}}; the first failure only. */
static bool take_failure(struct cutter *c, struct json_value v)
{
    static const struct json_path paths[] = { { "reason", "type" }, { "reason", "reason" } };
    struct json_value             found[COUNT_OF(paths)];
    struct slice                  type = SLICE("");
    struct slice                  reason = SLICE("");
    char                          text[REASON_BYTES];
    int                           n;

    if (c->page->shard_failure.p || v.type != JSON_OBJECT)
        return true;
    if (!json_find(v.raw, paths, COUNT_OF(paths), JSON_FIND_ALL, found, c->err))
        return false;
    if (found[0].type == JSON_STRING && !take_text(c, "a failure's type", found[0], &type))
        return false;
    if (found[1].type == JSON_STRING && !take_text(c, "a failure's reason", found[1], &reason))
        return false;
    n = snprintf(text, sizeof(text), "%.*s%s%.*s", SLICE_ARG(type),
                 type.n > 0 && reason.n > 0 ? ": " : "", SLICE_ARG(reason));
    if (n >= (int)sizeof(text))
        text_cut(text, sizeof(text));
    c->page->shard_failure = arena_copy(c->a, slice_str(text));
    return true;
}

static bool take_hits_member(struct cutter *c, struct slice name, struct json_value v)
{
    struct hits_page *page = c->page;

    if (is_name(name, SLICE("hits")) && v.type != JSON_ARRAY)
        return wrong(c, "hits.hits", "a list");
    if (!is_name(name, SLICE("total")) || v.type == JSON_NULL)
        return true;
    if (v.type == JSON_OBJECT)
        return c->has_value || wrong(c, "hits.total", "a number, and has no value");
    page->has_total = true;
    page->total_exact = true;
    return take_count(c, "hits.total", v, &page->total);
}

static bool take_total_member(struct cutter *c, struct slice name, struct json_value v)
{
    struct hits_page *page = c->page;

    if (is_name(name, SLICE("relation"))) {
        page->total_exact = slice_eq(v.raw, SLICE("\"eq\""));
        return true;
    }
    if (!is_name(name, SLICE("value")))
        return true;
    page->has_total = true;
    c->has_value = true;
    return take_count(c, "hits.total.value", v, &page->total);
}

static bool value_of_page(void *ctx, unsigned depth, struct slice name, struct json_value v,
                          size_t height)
{
    struct cutter *c = ctx;

    switch (c->places[depth - 1]) {
    case PLACE_HIT: return take_hit_member(c, name, v, height);
    case PLACE_LIST: return keep_hit(c, v);
    case PLACE_ANSWER: return take_answer_member(c, name, v);
    case PLACE_SHARDS: return take_shards_member(c, name, v);
    case PLACE_FAILURES: return take_failure(c, v);
    case PLACE_HITS: return take_hits_member(c, name, v);
    case PLACE_TOTAL: return take_total_member(c, name, v);
    case PLACE_OTHER:
    case PLACE_ERROR:
    case PLACE_CAUSES:
    case PLACE_CAUSE: break;
    }
    return true;
}

/* Which place of an answer begins. */
static enum place place_in_page(enum place parent, struct slice name, enum json_type type)
{
    if (type == JSON_ARRAY) {
        if (parent == PLACE_HITS && is_name(name, SLICE("hits")))
            return PLACE_LIST;
        if (parent == PLACE_SHARDS && is_name(name, SLICE("failures")))
            return PLACE_FAILURES;
        return PLACE_OTHER;
    }
    if (parent == PLACE_LIST)
        return PLACE_HIT;
    if (parent == PLACE_ANSWER && is_name(name, SLICE("hits")))
        return PLACE_HITS;
    if (parent == PLACE_ANSWER && is_name(name, SLICE("_shards")))
        return PLACE_SHARDS;
    if (parent == PLACE_HITS && is_name(name, SLICE("total")))
        return PLACE_TOTAL;
    return PLACE_OTHER;
}

static bool enter_page(void *ctx, unsigned depth, struct slice name, enum json_type type)
{
    struct cutter *c = ctx;
    enum place     place = PLACE_ANSWER;

    if (depth > 0)
        place = place_in_page(c->places[depth - 1], name, type);
    else if (type != JSON_OBJECT)
        place = PLACE_OTHER;
    c->places[depth] = place;
    if (place == PLACE_HIT)
        c->hit = (struct hit){ 0 };
    if (place == PLACE_TOTAL)
        c->page->total_exact = true;
    if (place == PLACE_SHARDS)
        c->page->has_shards = true;
    if (place != PLACE_LIST)
        return true;
    if (c->has_list)
        return err_set(c->err, ERR_DATA, "the answer has two lists of hits");
    c->has_list = true;
    return true;
}

bool hits_cut(struct slice page, struct arena *a, struct hits_page *out, struct err *err)
{
    static const struct json_walk walk = { PAGE_DEPTH, enter_page, NULL, value_of_page };
    struct cutter                 c = { .a = a, .page = out, .err = err };

    *out = (struct hits_page){ 0 };
    if (!json_walk(page, &walk, &c, err))
        return false;
    return c.has_list || err_set(err, ERR_DATA, "the answer has no list hits.hits");
}

/* ---- a line -------------------------------------------------------------------------------- */

static bool value_of_line(void *ctx, unsigned depth, struct slice name, struct json_value v,
                          size_t height)
{
    assert(depth == 1);
    return take_hit_member(ctx, name, v, height);
}

bool hits_cut_line(struct slice line, struct arena *a, struct hit *out, struct err *err)
{
    static const struct json_walk walk = { 1, NULL, NULL, value_of_line };
    struct cutter                 c = { .a = a, .err = err };
    size_t                        at = 0;

    while (at < line.n && strchr(" \t\r\n", line.p[at]))
        at++;
    if (at < line.n && line.p[at] != '{')
        return err_set(err, ERR_DATA, "JSON: byte %zu: not an object", at);
    if (!json_walk(line, &walk, &c, err))
        return false;
    *out = c.hit;
    return true;
}

/* ---- an error ------------------------------------------------------------------------------ */

/* What of an error is to be known; raw values of the answer. */
struct error_cutter {
    enum place        places[PAGE_DEPTH];
    bool              has_cause; /* only the first one counts */
    struct json_value text;
    struct json_value type;
    struct json_value reason;
    struct json_value cause_type;
    struct json_value cause_reason;
};

static bool enter_error(void *ctx, unsigned depth, struct slice name, enum json_type type)
{
    struct error_cutter *c = ctx;
    enum place           parent = depth > 0 ? c->places[depth - 1] : PLACE_OTHER;
    enum place           place = PLACE_OTHER;

    if (depth == 0)
        place = PLACE_ANSWER;
    else if (parent == PLACE_ANSWER && type == JSON_OBJECT && is_name(name, SLICE("error")))
        place = PLACE_ERROR;
    else if (parent == PLACE_ERROR && type == JSON_ARRAY && is_name(name, SLICE("root_cause")))
        place = PLACE_CAUSES;
    else if (parent == PLACE_CAUSES && type == JSON_OBJECT && !c->has_cause)
        place = PLACE_CAUSE;
    c->places[depth] = place;
    return true;
}

static bool value_of_error(void *ctx, unsigned depth, struct slice name, struct json_value v,
                           size_t height)
{
    struct error_cutter *c = ctx;
    enum place           place = c->places[depth - 1];

    (void)height;
    if (place == PLACE_CAUSES && v.type == JSON_OBJECT)
        c->has_cause = true;
    if (v.type != JSON_STRING)
        return true;
    if (place == PLACE_ANSWER && is_name(name, SLICE("error")))
        c->text = v;
    if (place == PLACE_ERROR && is_name(name, SLICE("type")))
        c->type = v;
    if (place == PLACE_ERROR && is_name(name, SLICE("reason")))
        c->reason = v;
    if (place == PLACE_CAUSE && is_name(name, SLICE("type")))
        c->cause_type = v;
    if (place == PLACE_CAUSE && is_name(name, SLICE("reason")))
        c->cause_reason = v;
    return true;
}

/* The text of the first of two that is there, on one line. */
static void put_line(char *out, size_t size, struct json_value first, struct json_value second)
{
    struct json_value v = first.type == JSON_STRING ? first : second;
    struct buf        text;
    struct err        err;
    size_t            n = 0;

    out[0] = '\0';
    if (v.type != JSON_STRING)
        return;
    buf_init(&text, TEXT_MAX_BYTES);
    if (json_text(v, &text, &err))
        v.raw = buf_slice(&text);
    else
        v.raw = slice_of(v.raw.p + 1, v.raw.n - 2); /* as it stands, for people */
    for (size_t i = 0; i < v.raw.n && n + 1 < size; i++) {
        bool blank = v.raw.p[i] == ' ' || v.raw.p[i] == '\n' || v.raw.p[i] == '\r';

        if (!blank)
            out[n++] = v.raw.p[i];
        else if (n > 0 && out[n - 1] != ' ')
            out[n++] = ' ';
    }
    out[n] = '\0';
    text_clean(out, n);
    if (n + 1 == size)
        text_cut(out, size);
    buf_release(&text);
}

bool hits_cut_error(struct slice page, struct hits_error *out)
{
    static const struct json_walk walk = { PAGE_DEPTH, enter_error, NULL, value_of_error };
    struct error_cutter           c = { 0 };
    struct err                    err;

    *out = (struct hits_error){ 0 };
    if (!json_walk(page, &walk, &c, &err))
        return false;
    put_line(out->type, sizeof(out->type), c.cause_type, c.type);
    put_line(out->outer, sizeof(out->outer), c.type, c.type);
    if (c.text.type == JSON_STRING)
        put_line(out->reason, sizeof(out->reason), c.text, c.text);
    else
        put_line(out->reason, sizeof(out->reason), c.cause_reason, c.reason);
    return true;
}
