/*
 * lines.c - skips and differences: as JSON lines in the files beside the report, and the first few
 * as text for the screen.
 */
#include "cli/run.h"
#include "cli/shown.h"
#include "cli/staging_text.h"

#define LINE_MAX_BYTES (64u << 20)

/* Of a difference on the screen: bytes of a key and of a value, and how many paths. */
#define SHOWN_KEY   512
#define SHOWN_VALUE 120
#define SHOWN_PATHS 3

/* The same of one on the page. */
#define PAGE_VALUE 400
#define PAGE_PATHS 8

static void put_line(struct outfile *f, struct buf *line)
{
    if (f && buf_append_char(line, '\n'))
        outfile_put(f, buf_slice(line));
}

static void show_skip(struct run *r, const struct skip *skip)
{
    struct buf *b = &r->shown_skips;

    buf_add(b, "  skipped %s %s/", kind_name(skip->kind), skip->place);
    shown_add(b, skip->id, SHOWN_KEY);
    buf_add(b, ": %s: %s\n", reason_name(skip->reason), skip->detail);
}

void run_on_skip(void *ctx, const struct skip *skip)
{
    struct run        *r = ctx;
    struct buf         line = { 0 };
    struct json_writer w;
    uint64_t           sort = UINT64_C(1) << skip->kind;

    r->skipped++;
    if (r->skipped <= RUN_SHOWN_LINES)
        show_skip(r, skip);
    buf_init(&line, 1u << 20);
    json_writer_init(&w, &line, false);
    json_open(&w, '{');
    json_key(&w, "kind");
    json_put_str(&w, kind_name(skip->kind));
    json_key(&w, "reason");
    json_put_str(&w, reason_name(skip->reason));
    json_key(&w, "table");
    json_put_str(&w, skip->place);
    json_key(&w, "id");
    json_put_text(&w, skip->id);
    json_key(&w, "detail");
    json_put_str(&w, skip->detail);
    json_close(&w, '}');
    if (page_has_room(&r->page, PAGE_SKIPPED, sort))
        page_take(&r->page, PAGE_SKIPPED, sort, buf_slice(&line));
    put_line(r->skipped_file, &line);
    buf_release(&line);
}

void run_on_left(void *ctx, const struct staging_left *left)
{
    struct run *r = ctx;
    struct buf  line = { 0 };

    buf_init(&line, 1u << 20);
    staging_left_line(left, &line);
    outfile_put(r->staging_file, buf_slice(&line));
    buf_release(&line);
}

/* Locks that are kept are no news: they are in the file only. */
bool run_on_lock(void *ctx, const struct lock *lock, struct err *err)
{
    struct run *r = ctx;
    struct buf  line = { 0 };

    (void)err;
    if ((lock->unlocked || lock->behind.p || lock_code_is_dead(lock->code)) &&
        r->n_shown_locks++ < RUN_SHOWN_LINES)
        lock_text(lock, &r->shown_locks);
    if (!r->locks_file)
        return true;
    buf_init(&line, LINE_MAX_BYTES);
    lock_json(lock, &line);
    outfile_put(r->locks_file, buf_slice(&line));
    buf_release(&line);
    return true;
}

/* shown: for the page, where a value is a text, and cut. */
static void put_value(struct json_writer *w, const char *name, struct slice value, bool shown)
{
    struct buf cut = { 0 };

    json_key(w, name);
    if (!value.p) {
        json_put_null(w);
    } else if (!shown) {
        json_put_raw(w, value);
    } else {
        buf_init(&cut, PAGE_VALUE + 16);
        shown_add(&cut, value, PAGE_VALUE);
        json_put_text(w, buf_slice(&cut));
        buf_release(&cut);
    }
}

static void put_paths(struct json_writer *w, const struct difference *d, bool shown)
{
    size_t n = shown && d->n_paths > PAGE_PATHS ? PAGE_PATHS : d->n_paths;

    json_key(w, "paths");
    json_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(w, '{');
        json_key(w, "path");
        json_put_text(w, d->paths[i].path);
        put_value(w, "store", d->paths[i].store, shown);
        put_value(w, "topic", d->paths[i].topic, shown);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_key(w, "more_paths");
    json_put_bool(w, d->more_paths || n < d->n_paths);
}

/* Where the store has it: table/key or index/key, as the members of design part 8 say. */
static void put_store_address(struct json_writer *w, const struct run *r,
                              const struct difference *d)
{
    struct buf b = { 0 };

    json_key(w, "store");
    if (!d->table) {
        json_put_null(w);
        return;
    }
    buf_init(&b, 16384);
    buf_add(&b, "%s/%.*s", d->table, SLICE_ARG(d->key));
    /* A flow-last key names no row: its row is that of the flow's highest revision. */
    if (d->kind == KIND_FLOW_LAST && r->plan.survey.flows)
        buf_add(&b, "_%lld", (long long)flow_index_last(r->plan.survey.flows, d->key));
    json_put_text(w, buf_slice(&b));
    buf_release(&b);
}

struct ages {
    bool   store_known, topic_known;
    double store, topic; /* seconds */
};

static struct ages ages_of(const struct difference *d)
{
    struct instant now = clock_now();
    struct instant topic = { d->topic_ms / 1000, (int32_t)(d->topic_ms % 1000) * 1000000 };
    struct ages    a = { .store_known = d->has_store_at, .topic_known = d->topic_ms >= 0 };

    if (a.store_known)
        a.store = (double)instant_diff_ns(d->store_at, now) / 1e9;
    if (a.topic_known)
        a.topic = (double)instant_diff_ns(topic, now) / 1e9;
    return a;
}

static void put_age(struct json_writer *w, const char *name, bool known, double seconds)
{
    json_key(w, name);
    if (known)
        json_put_fixed(w, seconds, 3);
    else
        json_put_null(w);
}

static void put_ages(struct json_writer *w, const struct difference *d)
{
    struct ages a = ages_of(d);

    json_key(w, "ages");
    json_open(w, '{');
    put_age(w, "store_s", a.store_known, a.store);
    put_age(w, "topic_s", a.topic_known, a.topic);
    json_close(w, '}');
}

static void show_ages(struct buf *b, const struct difference *d)
{
    struct ages a = ages_of(d);

    if (a.topic_known)
        buf_add(b, ", topic %.0f s old", a.topic);
    if (a.store_known)
        buf_add(b, ", store %.0f s old", a.store);
}

static bool difference_json(const struct run *r, const struct difference *d, bool shown,
                            struct buf *line)
{
    struct json_writer w;

    json_writer_init(&w, line, false);
    json_open(&w, '{');
    json_key(&w, "kind");
    json_put_str(&w, kind_name(d->kind));
    json_put_member(&w, "key", d->key);
    json_key(&w, "class");
    json_put_str(&w, difference_name(d->class));
    json_put_member(&w, "tenant", d->tenant);
    json_put_member(&w, "namespace", d->namespace);
    json_put_member(&w, "id", d->id);
    put_store_address(&w, r, d);
    json_key(&w, "topic");
    json_put_str(&w, d->topic);
    json_key(&w, "partition");
    json_put_int(&w, d->partition);
    json_key(&w, "offset");
    if (d->offset >= 0)
        json_put_int(&w, d->offset);
    else
        json_put_null(&w);
    json_key(&w, "explained");
    json_put_str(&w, d->explained);
    put_paths(&w, d, shown);
    if (r->live.was)
        put_ages(&w, d);
    json_close(&w, '}');
    return json_writer_ok(&w);
}

static void show_path(struct buf *b, const struct value_difference *v)
{
    buf_add(b, "\n      ");
    shown_add(b, v->path, SHOWN_KEY);
    buf_add(b, ": store ");
    shown_add(b, v->store.p ? v->store : SLICE("absent"), SHOWN_VALUE);
    buf_add(b, ", topic ");
    shown_add(b, v->topic.p ? v->topic : SLICE("absent"), SHOWN_VALUE);
}

static void show_difference(struct run *r, const struct difference *d)
{
    struct buf *b = &r->shown_differences;

    buf_add(b, "  %s %s ", difference_name(d->class), kind_name(d->kind));
    shown_add(b, d->key.p ? d->key : SLICE("(record without key)"), SHOWN_KEY);
    if (d->offset >= 0)
        buf_add(b, " at %s[%d]@%lld", d->topic, d->partition, (long long)d->offset);
    if (r->live.was)
        show_ages(b, d);
    if (d->explained)
        buf_add(b, " (explained: %s)", d->explained);
    for (size_t i = 0; i < d->n_paths && i < SHOWN_PATHS; i++)
        show_path(b, &d->paths[i]);
    if (d->n_paths > SHOWN_PATHS)
        buf_add(b, "\n      and %zu more paths", d->n_paths - SHOWN_PATHS);
    buf_add(b, "\n");
}

static void count_explained(struct run *r, const struct difference *d)
{
    struct explained_count *c = r->explained_by[d->kind];

    for (size_t i = 0; d->explained && i < RUN_MAX_RULES; i++) {
        if (c[i].rule && strcmp(c[i].rule, d->explained) != 0)
            continue;
        c[i].rule = d->explained;
        c[i].n++;
        return;
    }
}

static void page_difference(struct run *r, const struct difference *d)
{
    uint64_t   sort = UINT64_C(1) << ((unsigned)d->kind * DIFF_CLASS_COUNT + (unsigned)d->class);
    struct buf line = { 0 };

    _Static_assert((int)KIND_COUNT * (int)DIFF_CLASS_COUNT <= PAGE_SORTS, "a sort is a bit");
    if (!page_has_room(&r->page, PAGE_DIFFERENCES, sort))
        return;
    buf_init(&line, PAGE_LINE_MAX);
    if (difference_json(r, d, true, &line))
        page_take(&r->page, PAGE_DIFFERENCES, sort, buf_slice(&line));
    buf_release(&line);
}

bool run_on_difference(void *ctx, const struct difference *d, struct err *err)
{
    struct run *r = ctx;
    struct buf  line = { 0 };

    (void)err;
    count_explained(r, d);
    if (d->explained && !r->session->conf->strict)
        r->explained++;
    else
        r->differences++;
    if (r->differences + r->explained <= RUN_SHOWN_LINES)
        show_difference(r, d);
    if (r->differences_file) {
        buf_init(&line, LINE_MAX_BYTES);
        (void)difference_json(r, d, false, &line);
        put_line(r->differences_file, &line);
        buf_release(&line);
    }
    page_difference(r, d);
    return true;
}
