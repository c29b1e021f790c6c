/*
 * verify.c - see verify.h.
 */
#include "lib/base/clock.h"
#include "lib/kestra/key.h"
#include "verify/explain.h"
#include "verify/fold.h"
#include "verify/glance.h"

/* How long a transaction may stay open before what is behind it is given up. */
#define STABLE_WAIT_MS 10000
#define STABLE_STEP_MS 100

uint64_t verify_differences(const struct verify_result *r)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < DIFF_CLASS_COUNT; i++)
        sum += r->differences[i];
    return sum;
}

/* ---- the store's side ---------------------------------------------------------------------- */

struct store_side {
    struct sink               sink; /* first member: put() gets its address */
    const struct verify_conf *conf;
    enum kind                 kind;
    struct comparer          *comparer;
    struct side              *out;
    struct err                why;
};

/* A record becomes a digest. That several documents gave one key shows when it is compared. */
static bool put_digest(struct sink *s, const struct record *rec, enum reason *refused,
                       struct err *err)
{
    struct store_side *side = (struct store_side *)s;
    struct side_entry  e = {
         .partition = key_partition(rec->key, side->conf->partitions[side->kind]),
         .records = 1,
         .key = rec->key,
    };

    if (side->conf->only && !keyset_find(side->conf->only, rec->key, NULL))
        return true;
    if (!comparer_digest(side->comparer, rec->value, &e.value, &side->why)) {
        if (side->why.kind != ERR_DATA) {
            *err = side->why;
            return false;
        }
        *refused = REASON_UNREADABLE;
        return true;
    }
    e.stands = digest_bytes(DIGEST_TAG_RAW, rec->value);
    return side_put(side->out, &e, err);
}

static void pass_skip(void *ctx, const char *place, const struct document *doc,
                      const struct projection *p)
{
    const struct store_side *side = ctx;
    struct skip              skip = {
                     .kind = side->kind,
                     .reason = p->reason,
                     .place = place,
                     .id = doc->id,
                     .detail = p->detail,
    };

    side->conf->on_skip(side->conf->ctx, &skip);
}

/* Flow revisions were told as skipped by the survey; not again for each of the two flow kinds. */
static bool tells_skips(const struct verify_conf *conf, enum kind kind)
{
    bool surveyed = conf->survey && conf->survey->flows;

    return conf->on_skip && !(surveyed && (kind == KIND_FLOW || kind == KIND_FLOW_LAST));
}

/* Each document of the query through the projection into the digests. */
static bool read_store(struct store_side *side, struct store_query *query, struct err *err)
{
    const struct verify_conf *conf = side->conf;
    struct pipeline           p = {
                  .store = conf->store,
                  .query = query,
                  .projector = survey_projector(conf->survey, conf->layout, conf->scope),
                  .jobs = query->ids ? 1 : conf->jobs,
                  .sink = &side->sink,
                  .tally = conf->tally ? &conf->tally[side->kind] : NULL,
                  .stop = conf->stop,
                  .on_skip = tells_skips(conf, side->kind) ? pass_skip : NULL,
                  .ctx = side,
    };
    bool ok = pipeline_run(&p, err);

    projector_free(p.projector);
    return ok;
}

/* A look-up for every STORE_MAX_IDS keys. */
static bool read_store_by_id(struct store_side *side, struct store_query *query, struct err *err)
{
    const struct keyset_entry *e;
    struct slice              *ids = mem_array(STORE_MAX_IDS, sizeof(*ids));
    size_t                     at = 0;
    bool                       ok = true;

    query->ids = ids;
    query->n_ids = 0;
    do {
        e = keyset_next(side->conf->only, &at);
        if (e)
            ids[query->n_ids++] = slice_of(e->key, e->key_len);
        if (query->n_ids == STORE_MAX_IDS || (!e && query->n_ids > 0)) {
            ok = read_store(side, query, err);
            query->n_ids = 0;
        }
    } while (ok && e);
    mem_free(ids);
    return ok;
}

struct side *verify_side_new(const struct verify_conf *conf)
{
    return side_new_summed(conf->memory / 2, conf->spill);
}

bool verify_store_side(const struct verify_conf *conf, enum kind kind, struct side *out,
                       struct err *err)
{
    struct store_side side = {
        .sink = { .put = put_digest },
        .conf = conf,
        .kind = kind,
        .comparer = comparer_new(conf->layout, kind),
        .out = out,
    };
    struct store_query query = survey_query_of(conf->survey, conf->scope, kind);
    /* A flow-last key is the id of no document. */
    bool by_id = conf->by_id && kind_is_stored(kind) && kind != KIND_FLOW_LAST;
    bool ok = by_id ? read_store_by_id(&side, &query, err) : read_store(&side, &query, err);

    comparer_free(side.comparer);
    return ok;
}

/* ---- the topic's side ---------------------------------------------------------------------- */

struct topic_side {
    const struct verify_conf *conf;
    enum kind                 kind;
    bool                      raw;
    struct comparer          *comparer;
    struct side              *expected;
    struct side              *topic;
    struct glance             settled;
    int                       n_partitions;
    struct partition_ends    *ends;   /* start: of the reading that comes next */
    int64_t                  *starts; /* of the first one */
    struct verify_result     *result;
};

static bool all_stable(const struct topic_side *t)
{
    for (int i = 0; i < t->n_partitions; i++) {
        if (t->ends[i].stable < t->ends[i].high)
            return false;
    }
    return true;
}

/* The ends are those of the first look: what is written later is not waited for, and not read. */
static bool wait_for_transactions(struct topic_side *t, struct err *err)
{
    const char            *topic = t->conf->topics[t->kind];
    struct partition_ends *now = mem_array((size_t)t->n_partitions, sizeof(*now));
    int64_t                deadline = clock_mono_ns() + (int64_t)STABLE_WAIT_MS * 1000000;
    bool                   ok = true;

    while (ok && !all_stable(t) && clock_mono_ns() < deadline) {
        clock_sleep_ms(STABLE_STEP_MS);
        if (stop_asked(t->conf->stop))
            ok = err_set(err, ERR_STOPPED, "stopped while waiting for open transactions of %s",
                         topic);
        ok = ok && admin_ends(t->conf->admin, topic, t->n_partitions, now, err);
        for (int i = 0; ok && i < t->n_partitions; i++) {
            struct partition_ends *e = &t->ends[i];

            e->stable = now[i].stable < e->high ? now[i].stable : e->high;
        }
    }
    mem_free(now);
    return ok;
}

static bool capture_ends(struct topic_side *t, struct err *err)
{
    if (!admin_ends(t->conf->admin, t->conf->topics[t->kind], t->n_partitions, t->ends, err) ||
        !wait_for_transactions(t, err))
        return false;
    for (int i = 0; i < t->n_partitions; i++) {
        t->result->open_transactions += t->ends[i].stable < t->ends[i].high ? 1 : 0;
        t->starts[i] = t->ends[i].start;
    }
    return true;
}

static bool tell_undecodable(void *ctx, int32_t partition, int64_t offset, struct slice key,
                             struct err *err)
{
    const struct topic_side *t = ctx;
    struct difference        d = {
               .kind = t->kind,
               .class = DIFF_UNDECODABLE,
               .key = key,
               .topic = t->conf->topics[t->kind],
               .partition = partition,
               .offset = offset,
    };

    return explain_tell(t->conf, t->result, &d, err);
}

static int64_t later(const int64_t *from, int partition, int64_t start)
{
    return from && from[partition] > start ? from[partition] : start;
}

/* A reading of the topic: what it takes is added up. */
struct lap {
    int64_t wall, cpu;
};

static struct lap lap_begin(void)
{
    return (struct lap){ clock_mono_ns(), clock_cpu_ns() };
}

static void lap_end(struct topic_side *t, struct lap began)
{
    t->result->topic_ns += clock_mono_ns() - began.wall;
    t->result->topic_cpu_ns += clock_cpu_ns() - began.cpu;
}

enum reading { GLANCE, FOLD };

static bool read_topic(struct topic_side *t, const int64_t *from, enum reading how, struct err *err)
{
    struct topic_range *ranges = mem_array((size_t)t->n_partitions, sizeof(*ranges));
    struct lap          began = lap_begin();
    struct fold         f = {
                .kafka = t->conf->kafka,
                .topic = t->conf->topics[t->kind],
                .ranges = ranges,
                .n_ranges = (size_t)t->n_partitions,
                .comparer = t->raw ? NULL : t->comparer,
                .settled = &t->settled,
                .only = t->conf->only,
                .on_undecodable = tell_undecodable,
                .ctx = t,
                .consumed = t->conf->consumed,
    };
    bool ok;

    for (int i = 0; i < t->n_partitions; i++) {
        int64_t start = later(from, i, t->ends[i].start);
        int64_t stable = t->ends[i].stable;

        ranges[i] = (struct topic_range){ i, start, start < stable ? stable : start };
    }
    ok = how == GLANCE ? glance_topic(&f, t->expected, &t->settled, &t->result->topic, err)
                       : fold_topic(&f, t->topic, &t->result->topic, err);
    mem_free(ranges);
    lap_end(t, began);
    return ok;
}

/* Has anything of what was read gone meanwhile? A reading that follows begins behind it. */
static bool look_for_gaps(struct topic_side *t, const int64_t *from, struct err *err)
{
    struct partition_ends *now = mem_array((size_t)t->n_partitions, sizeof(*now));
    struct log_gap        *gap = &t->result->gap;
    bool ok = admin_ends(t->conf->admin, t->conf->topics[t->kind], t->n_partitions, now, err);

    *gap = (struct log_gap){ .partitions = 0 };
    for (int i = 0; ok && i < t->n_partitions; i++) {
        int64_t start = later(from, i, t->starts[i]);

        if (now[i].start <= start)
            continue;
        t->ends[i].start = now[i].start;
        if (gap->partitions++ == 0)
            *gap = (struct log_gap){ 1, 0, i, start, now[i].start };
        gap->offsets += now[i].start - start;
    }
    mem_free(now);
    return ok;
}

struct comparing {
    struct explanation explanation; /* first: explain_add gets its address */
    struct topic_side *topic;
};

/* The documents were counted as records when they were read. */
static bool take_collision(void *ctx, const struct candidate *c, struct err *err)
{
    const struct topic_side  *t = ((struct comparing *)ctx)->topic;
    const struct verify_conf *conf = t->conf;
    struct skip               skip = { .kind = t->kind,
                                       .reason = REASON_KEY_COLLISION,
                                       .place = conf->places ? conf->places[t->kind] : NULL,
                                       .id = c->expected->key,
                                       .detail = "several documents give this key: none of them is expected" };
    uint64_t                  more = c->expected->records - 1;

    (void)err;
    if (conf->tally) {
        (void)atomic_fetch_add(&conf->tally[t->kind].reasons[REASON_KEY_COLLISION], more);
        (void)atomic_fetch_sub(&conf->tally[t->kind].records, more);
    }
    for (uint64_t i = 0; conf->on_skip && i < more; i++)
        conf->on_skip(conf->ctx, &skip);
    return true;
}

static struct comparison comparison_of(const struct topic_side *t, struct comparing *x)
{
    return (struct comparison){
        .kind = t->kind,
        .n_partitions = t->n_partitions,
        .raw = t->raw,
        .keys_only_ours = t->conf->keys_only_ours,
        .stop = t->conf->stop,
        .settled = t->settled,
        .sums = t->conf->sums ? t->conf->sums[t->kind] : (struct kind_sums){ NULL, NULL },
        .on_candidate = explain_add,
        .on_collision = take_collision,
        .ctx = x,
    };
}

static bool compare_sides(struct topic_side *t, struct comparison_counts *counts, struct err *err)
{
    struct comparing  x = { .explanation = { .conf = t->conf,
                                             .kind = t->kind,
                                             .raw = t->raw,
                                             .comparer = t->comparer,
                                             .result = t->result },
                            .topic = t };
    struct comparison c = comparison_of(t, &x);
    bool              ok =
        glance_has_all(&t->settled) || difference_find(&c, t->expected, t->topic, counts, err);

    t->result->memory_bytes = side_bytes(t->expected) + side_bytes(t->topic);
    side_free(t->topic);
    t->topic = NULL;
    ok = ok && explain_all(&x.explanation, err);
    explain_release(&x.explanation);
    return ok;
}

/* In vain where nearly every part has keys that the store's side does not know. */
static bool wants_glance(const struct topic_side *t, const int64_t *from)
{
    return !t->conf->only && (!t->conf->keys_only_ours || from);
}

/* Beforehand, what needs no look at each record. */
static bool settle(struct topic_side *t, const int64_t *from, struct comparison_counts *counts,
                   struct err *err)
{
    struct comparison c;

    if (!wants_glance(t, from))
        return true;
    if (!read_topic(t, from, GLANCE, err))
        return false;
    c = comparison_of(t, NULL);
    return glance_settle(&c, t->expected, counts, err);
}

/* The topic is read a second time unless all of it is settled. */
static bool fold_rest(struct topic_side *t, const int64_t *from, struct err *err)
{
    if (glance_has_all(&t->settled)) {
        t->result->topic.same_bytes = t->result->topic.records;
        return true;
    }
    if (t->conf->consumed)
        (void)atomic_fetch_sub(t->conf->consumed, t->result->topic.records);
    return look_for_gaps(t, from, err) && read_topic(t, from, FOLD, err);
}

static bool begin_reading(struct topic_side *t, struct err *err)
{
    struct kind_sums sums =
        t->conf->sums ? t->conf->sums[t->kind] : (struct kind_sums){ NULL, NULL };
    struct lap began = lap_begin();
    bool       ok = capture_ends(t, err);

    lap_end(t, began);
    if (sums.store)
        memset(sums.store, 0, (size_t)t->n_partitions * sizeof(*sums.store));
    if (sums.topic)
        memset(sums.topic, 0, (size_t)t->n_partitions * sizeof(*sums.topic));
    return ok;
}

static bool verify_sides(struct topic_side *t, const int64_t *from, struct err *err)
{
    struct comparison_counts counts = { 0 };
    int64_t                  started = clock_mono_ns();
    bool ok = begin_reading(t, err) && settle(t, from, &counts, err) && fold_rest(t, from, err) &&
              look_for_gaps(t, from, err) && compare_sides(t, &counts, err);

    t->result->expected = counts.expected;
    t->result->outside = counts.outside;
    t->result->topic.keys = counts.keys;
    t->result->topic.superseded = counts.superseded;
    t->result->disk_bytes = t->conf->spill->peak;
    t->result->compare_ns = clock_mono_ns() - started - t->result->topic_ns;
    glance_release(&t->settled);
    return ok;
}

/* NOLINTNEXTLINE(readability-function-size): all of it is one question, asked in two places */
bool verify_topic(const struct verify_conf *conf, enum kind kind, struct side *expected, bool raw,
                  const int64_t *from, struct verify_result *out, struct partition_ends *ends,
                  struct err *err)
{
    struct topic_side t = {
        .conf = conf,
        .kind = kind,
        .raw = raw,
        .comparer = comparer_new(conf->layout, kind),
        .expected = expected,
        .topic = side_new(conf->memory / 4, conf->spill),
        .n_partitions = conf->partitions[kind],
        .result = out,
    };
    bool ok;

    memset(out, 0, sizeof(*out));
    t.ends = mem_array((size_t)t.n_partitions, sizeof(*t.ends));
    t.starts = mem_array((size_t)t.n_partitions, sizeof(*t.starts));
    out->log = t.ends;
    ok = verify_sides(&t, from, err);
    out->log = NULL;
    if (ends)
        memcpy(ends, t.ends, (size_t)t.n_partitions * sizeof(*ends));
    mem_free(t.starts);
    mem_free(t.ends);
    side_free(t.topic);
    comparer_free(t.comparer);
    return ok;
}
