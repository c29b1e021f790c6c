/* latest.c - the later of two copies of an execution (latest.h). */
#include "lib/kestra/latest.h"

#include "lib/base/json.h"

#define DATE_MAX_BYTES 256

static bool read_date(struct json_value v, struct instant *out)
{
    struct buf text;
    struct err err;
    bool       ok;

    buf_init(&text, DATE_MAX_BYTES);
    ok = json_text(v, &text, &err) && instant_parse(buf_slice(&text), out);
    buf_release(&text);
    return ok;
}

/* Of the list of histories: an item at depth 1, its members at depth 2. */
static bool look_at(void *ctx, unsigned depth, struct slice name, struct json_value v,
                    size_t height)
{
    struct latest *l = ctx;
    struct instant date;

    (void)height;
    if (depth == 1) {
        l->n++;
        return true;
    }
    if (!name.p || !slice_eq(name, SLICE("date")) || !read_date(v, &date))
        return true;
    if (!l->known || instant_compare(date, l->date) > 0)
        l->date = date;
    l->known = true;
    return true;
}

struct latest latest_of(struct slice execution, bool trusted)
{
    static const struct json_path path = { "state", "histories" };
    static const struct json_walk walk = { 2, NULL, NULL, look_at };
    enum json_find_flags          flags = trusted ? JSON_FIND_TRUSTED : JSON_FIND_ALL;
    struct json_value             histories;
    struct latest                 l = { 0 };
    struct err                    err;

    if (!json_find(execution, &path, 1, flags, &histories, &err) || histories.type != JSON_ARRAY ||
        !json_walk(histories.raw, &walk, &l, &err))
        return (struct latest){ 0 };
    return l;
}

static int compare_names(struct slice a, struct slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int    order = n > 0 ? memcmp(a.p, b.p, n) : 0;

    if (order != 0)
        return order;
    return (a.n > b.n) - (a.n < b.n);
}

int latest_compare(const struct latest *a, struct slice index_a, const struct latest *b,
                   struct slice index_b)
{
    int order = (int)a->known - (int)b->known;

    if (order == 0 && a->known)
        order = instant_compare(a->date, b->date);
    if (order == 0)
        order = (a->n > b->n) - (a->n < b->n);
    return order != 0 ? order : compare_names(index_a, index_b);
}
