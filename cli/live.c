/*
 * live.c - see live.h.
 */
#include "cli/live.h"

#include "lib/base/clock.h"

#define LOOK_MS 100 /* how often a stop is looked for while settling */
/* More keys than this are cheaper found by reading the kind than by asking for each. */
#define MAX_BY_ID 20000

/* The keys of a kind that differ. Of their entries: value is the digest of the store's side, offset
 * and records - 1 are offset and partition of the record that was told. */
struct watched {
    struct keyset *now;   /* by the last reading */
    struct keyset *next;  /* by the one that is going on */
    int64_t       *from;  /* per partition: where the known records of these keys begin */
    bool           whole; /* a key with records in several partitions: all has to be read */
    uint64_t       differences[DIFF_CLASS_COUNT];
    uint64_t       explained[DIFF_CLASS_COUNT];
};

struct live {
    struct run    *r;
    struct watched kinds[KIND_COUNT];
};

struct live *live_new(struct run *r)
{
    struct live *l;

    if (!r->session->conf->live)
        return NULL;
    l = mem_alloc(sizeof(*l));
    *l = (struct live){ .r = r };
    r->live.was = true;
    return l;
}

void live_free(struct live *l)
{
    if (!l)
        return;
    for (int k = 0; k < KIND_COUNT; k++) {
        keyset_free(l->kinds[k].now);
        keyset_free(l->kinds[k].next);
        mem_free(l->kinds[k].from);
    }
    mem_free(l);
}

/* ---- what becomes of a difference ---------------------------------------------------------- */

static bool tell(struct live *l, const struct difference *d, struct err *err)
{
    struct watched *w = &l->kinds[d->kind];

    if (d->explained)
        w->explained[d->class]++;
    else
        w->differences[d->class]++;
    return run_on_difference(l->r, d, err);
}

static void keep(struct watched *w, const struct difference *d)
{
    struct keyset_entry *e = keyset_put(w->next, d->key, 0);

    e->value = d->stored;
    e->offset = d->offset;
    e->records = (uint32_t)d->partition + 1;
    if (d->class == DIFF_DUPLICATED || d->class == DIFF_MISPLACED || d->class == DIFF_UNDECODABLE)
        w->whole = true;
    if (d->offset >= 0 && d->offset < w->from[d->partition])
        w->from[d->partition] = d->offset;
}

/* One side had the settling time to follow the other, and did not. */
static bool stays(const struct keyset_entry *before, const struct difference *d)
{
    bool topic_stood = before->offset == d->offset && before->records == (uint32_t)d->partition + 1;

    return topic_stood || digest_eq(before->value, d->stored);
}

static bool take_again(struct live *l, const struct difference *d, struct err *err)
{
    struct watched            *w = &l->kinds[d->kind];
    const struct keyset_entry *before = d->key.p ? keyset_find(w->now, d->key, NULL) : NULL;
    struct difference          last = *d;

    if (!before) /* a record without a usable key: told at first */
        return true;
    if (stays(before, d)) {
        l->r->live.stayed++;
        return tell(l, d, err);
    }
    if (l->r->live.rounds < LIVE_ROUNDS) {
        keep(w, d);
        return true;
    }
    l->r->live.changing++;
    if (!last.explained)
        last.explained = "still-changing";
    return tell(l, &last, err);
}

/* Of each kind two sets are there while it is read again. */
static bool fit(const struct live *l, struct err *err)
{
    struct key_need need = { .which = "that differ", .instead = "verify without --live" };

    for (int k = 0; k < KIND_COUNT; k++) {
        const struct keyset *next = l->kinds[k].next;

        need.keys += next ? keyset_count(next) : 0;
        need.bytes += next ? 2 * keyset_bytes(next) : 0;
    }
    return run_keys_fit(l->r, &need, err);
}

static bool take(void *ctx, const struct difference *d, struct err *err)
{
    struct live *l = ctx;
    bool         counts = !d->explained || l->r->session->conf->strict;

    if (l->r->live.rounds > 0)
        return take_again(l, d, err);
    if (!counts || !d->key.p || !utf8_valid(d->key))
        return tell(l, d, err);
    l->r->live.differed++;
    keep(&l->kinds[d->kind], d);
    return fit(l, err);
}

static void begin_round(struct watched *w, int partitions)
{
    keyset_free(w->now);
    w->now = w->next;
    w->next = keyset_new();
    w->whole = false;
    mem_free(w->from);
    w->from = mem_array((size_t)partitions, sizeof(*w->from));
    for (int i = 0; i < partitions; i++)
        w->from[i] = INT64_MAX;
}

/* Records that came behind the last reading are read in any case. */
static void end_round(struct watched *w, const struct partition_ends *ends, int partitions)
{
    for (int i = 0; i < partitions; i++)
        if (w->whole)
            w->from[i] = 0;
        else if (ends[i].stable < w->from[i])
            w->from[i] = ends[i].stable;
}

void live_watch(struct live *l, struct verify_conf *conf)
{
    if (!l)
        return;
    conf->on_difference = take;
    conf->find_ages = true;
    conf->ctx = l;
    for (int k = 0; k < KIND_COUNT; k++)
        if (l->r->live.rounds == 0 && !l->kinds[k].next)
            begin_round(&l->kinds[k], conf->partitions[k]);
}

void live_compared(struct live *l, enum kind kind)
{
    if (l)
        end_round(&l->kinds[kind], l->r->ends[kind], l->r->plan.topic_of[kind]->partitions);
}

/* ---- rounds -------------------------------------------------------------------------------- */

static size_t waiting(const struct watched *w)
{
    return w->next ? keyset_count(w->next) : 0;
}

static bool any_waits(const struct live *l)
{
    size_t n = 0;

    for (int k = 0; k < KIND_COUNT; k++)
        n += waiting(&l->kinds[k]);
    return n > 0;
}

static bool settle(struct live *l, struct err *err)
{
    struct session *s = l->r->session;
    int64_t         until = clock_mono_ns() + (int64_t)s->conf->settle * 1000000;

    progress_phase(&s->progress, "settling", "the keys that differ", &s->consumed, NULL, 0);
    while (clock_mono_ns() < until) {
        if (stop_asked(&s->stop))
            return err_set(err, ERR_STOPPED, "stopped while settling");
        clock_sleep_ms(LOOK_MS);
    }
    return true;
}

/* What flows there are now, if any of them differ. */
static bool survey_again(struct live *l, struct err *err)
{
    struct session *s = l->r->session;

    if (waiting(&l->kinds[KIND_FLOW]) + waiting(&l->kinds[KIND_FLOW_LAST]) == 0)
        return true;
    survey_release(&l->r->plan.survey);
    return survey_run(s->store, s->layout, &s->conf->scope, (unsigned)s->conf->jobs, &s->stop,
                      &s->survey_tally, NULL, NULL, &l->r->plan.survey, err);
}

static bool read_again(struct live *l, enum kind kind, struct err *err)
{
    struct run            *r = l->r;
    struct session        *s = r->session;
    struct watched        *w = &l->kinds[kind];
    struct verify_conf     v = run_verify_conf(r);
    size_t                 n = (size_t)v.partitions[kind];
    struct partition_ends *ends = mem_array(n, sizeof(*ends));
    int64_t               *from = w->from;
    struct side           *expected = verify_side_new(&v);
    struct verify_result   result = { 0 };
    bool                   ok;

    w->from = NULL;
    begin_round(w, (int)n);
    live_watch(l, &v);
    v.only = w->now;
    v.by_id = keyset_count(w->now) <= MAX_BY_ID;
    v.tally = NULL;
    v.sums = NULL;
    v.on_skip = NULL;
    progress_phase(&s->progress, "reading again", kind_name(kind), &s->consumed, NULL, 0);
    ok = verify_store_side(&v, kind, expected, err) &&
         verify_topic(&v, kind, expected, false, from, &result, ends, err);
    end_round(w, ends, (int)n);
    r->open_transactions += result.open_transactions;
    r->gaps += result.gap.partitions;
    side_free(expected);
    mem_free(from);
    mem_free(ends);
    return ok;
}

static bool play_round(struct live *l, struct err *err)
{
    struct session *s = l->r->session;

    if (!settle(l, err) || !session_reopen_store(s, err) || !survey_again(l, err))
        return false;
    l->r->live.rounds++;
    for (int k = 0; k < KIND_COUNT; k++)
        if (waiting(&l->kinds[k]) > 0 && !read_again(l, (enum kind)k, err))
            return false;
    return true;
}

bool live_settle(struct live *l, struct err *err)
{
    bool ok = true;

    while (l && ok && any_waits(l))
        ok = play_round(l, err);
    for (int k = 0; l && k < KIND_COUNT; k++) {
        struct verify_result *v = &l->r->verified[k];

        memcpy(v->differences, l->kinds[k].differences, sizeof(v->differences));
        memcpy(v->explained, l->kinds[k].explained, sizeof(v->explained));
    }
    return ok;
}
