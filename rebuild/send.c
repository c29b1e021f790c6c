/*
 * send.c - see send.h.
 *
 * DESIGN. One sink between the pipeline and the producer. It computes the partition itself, notes
 * what it sends in the ledger (`expected`), and leaves success to the delivery reports. A record
 * that the broker refuses as too large comes back through a callback long after put(): its ledger
 * entry is marked, its document told as skipped.
 */
#include "rebuild/send.h"

#include "lib/base/clock.h"

struct sending;

struct sender {
    struct send_conf conf;
    struct producer *producer;
    struct sending **current; /* the kind being sent: what the producer's callback reports to */
};

/* What the callbacks of one kind's run need. */
struct sending {
    struct sink            sink; /* first: the pipeline hands it back */
    struct sender         *sender;
    enum kind              kind;
    const char            *place;
    struct producer_topic *topic;
    struct side           *expected;
    const struct keyset   *only;
    int64_t                n;        /* records that were sent: the last one of a key counts */
    bool                   unmarked; /* a mark could not be put */
    struct err             why;
};

/* An execution whose flow revision is not in the topic would stop the executor of all
 * (kestra/seen-on-real-kestra.md B.4 F01). Flows are acknowledged before executions are sent. */
static void lose_revision(const struct sending *s, struct slice key)
{
    struct judge *judge = s->sender->conf.survey->judge;

    if (s->kind == KIND_FLOW && judge)
        judge_lose_revision(judge, key);
}

static void tell_too_large(void *ctx, const char *topic, int32_t partition, struct slice key)
{
    struct sending   *s = *(struct sending **)ctx;
    struct side_entry mark = { .partition = partition, .flags = SIDE_FAILED, .key = key };
    char              detail[256];
    struct skip       skip;

    (void)snprintf(
        detail, sizeof(detail),
        "the broker refused the record as too large for topic %s; raise max.message.bytes", topic);
    skip = (struct skip){
        .kind = s->kind, .reason = REASON_TOO_LARGE, .place = s->place, .id = key, .detail = detail
    };
    if (s->expected && !s->unmarked)
        s->unmarked = !side_put(s->expected, &mark, &s->why);
    lose_revision(s, key);
    if (s->sender->conf.on_skip)
        s->sender->conf.on_skip(s->sender->conf.ctx, &skip);
}

static bool put_record(struct sink *sink, const struct record *rec, enum reason *refused,
                       struct err *err)
{
    struct sending *s = (struct sending *)sink;
    int32_t         partition;

    if (s->only && !keyset_find(s->only, rec->key, NULL))
        return true;
    partition = key_partition(rec->key, s->topic->n_partitions);
    switch (producer_send(s->sender->producer, s->topic, partition, rec->key, rec->value, err)) {
    case SEND_FAILED: return false;
    case SEND_TOO_LARGE:
        *refused = REASON_TOO_LARGE;
        lose_revision(s, rec->key);
        return true;
    case SEND_OK: break;
    }
    if (s->expected && !s->only) {
        struct side_entry e = { .value = digest_bytes(DIGEST_TAG_RAW, rec->value),
                                .offset = s->n++,
                                .partition = partition,
                                .records = 1,
                                .key = rec->key };

        e.stands = e.value;
        return side_put(s->expected, &e, err);
    }
    return true;
}

static void pass_skip(void *ctx, const char *place, const struct document *doc,
                      const struct projection *p)
{
    struct sending *s = ctx;
    struct skip     skip = {
            .kind = s->kind, .reason = p->reason, .place = place, .id = doc->id, .detail = p->detail
    };

    if (s->sender->conf.on_skip)
        s->sender->conf.on_skip(s->sender->conf.ctx, &skip);
}

bool sender_open(const struct send_conf *conf, struct sender **out, struct err *err)
{
    struct sender       *s = mem_alloc(sizeof(*s));
    struct sending     **current = mem_alloc(sizeof(struct sending *));
    struct producer_conf pc = { .message_max_bytes = conf->layout->message_max_bytes + 1024,
                                .on_too_large = tell_too_large,
                                .ctx = current };

    s->conf = *conf;
    s->current = current;
    if (!producer_open(conf->kafka, &pc, &s->producer, err)) {
        sender_close(s);
        return false;
    }
    *out = s;
    return true;
}

void sender_close(struct sender *s)
{
    if (!s)
        return;
    producer_close(s->producer);
    mem_free(s->current);
    mem_free(s);
}

static bool ends_of(struct sender *s, const struct topic_plan *t, struct partition_ends *ends,
                    struct err *err)
{
    return admin_ends(s->conf.admin, t->name, t->partitions, ends, err);
}

/* Flow revisions were told as skipped by the survey, before anything was sent; not again. */
static bool tells_skips(enum kind kind)
{
    return kind != KIND_FLOW && kind != KIND_FLOW_LAST;
}

static bool run_pipeline(struct sending *s, struct tally *tally, struct err *err)
{
    const struct send_conf *conf = &s->sender->conf;
    struct store_query      query = survey_query_of(conf->survey, conf->scope, s->kind);
    struct projector       *projector = survey_projector(conf->survey, conf->layout, conf->scope);
    struct pipeline         p = { .store = conf->store,
                                  .query = &query,
                                  .projector = projector,
                                  .jobs = conf->jobs,
                                  .sink = &s->sink,
                                  .tally = tally,
                                  .stop = conf->stop,
                                  .on_skip = tells_skips(s->kind) ? pass_skip : NULL,
                                  .ctx = s };
    bool                    ok = pipeline_run(&p, err);

    projector_free(projector);
    return ok;
}

/* What appeared in the topic beside what the broker acknowledged to us. */
static uint64_t foreign_growth(const struct producer_topic *t, const struct partition_ends *before,
                               const struct partition_ends *after)
{
    uint64_t foreign = 0;

    for (int i = 0; i < t->n_partitions; i++) {
        int64_t growth = after[i].high - before[i].high - (int64_t)t->acked[i];

        foreign += growth > 0 ? (uint64_t)growth : 0;
    }
    return foreign;
}

/* A key that is too large for the broker keeps its record, which the proof finds. */
static bool put_tombstones(struct sending *s, const struct keyset *keys, struct err *err)
{
    const struct keyset_entry *e;
    size_t                     at = 0;

    while (keys && (e = keyset_next(keys, &at))) {
        struct slice key = slice_of(e->key, e->key_len);
        struct slice none = { NULL, 0 };

        if (producer_send(s->sender->producer, s->topic, key_partition(key, s->topic->n_partitions),
                          key, none, err) == SEND_FAILED)
            return false;
    }
    return true;
}

static void count_up(struct sending *s, struct sent *out)
{
    out->sent = s->topic->sent;
    out->acknowledged = s->topic->delivered;
    out->bytes = s->topic->bytes;
    out->too_large = s->topic->too_large;
    out->restarts = producer_restarts(s->sender->producer);
}

bool sender_send(struct sender *s, const struct send_task *task, struct sent *out, struct err *err)
{
    const struct topic_plan *topic = task->topic;
    size_t                   n = (size_t)topic->partitions;
    struct partition_ends   *before = mem_array(n, sizeof(*before));
    struct partition_ends   *after = mem_array(n, sizeof(*after));
    struct sending           run = { .sink = { .put = put_record },
                                     .sender = s,
                                     .kind = task->kind,
                                     .place = s->conf.places ? s->conf.places[task->kind]
                                                             : s->conf.layout->kinds[task->kind].table,
                                     .expected = task->expected,
                                     .only = task->only };
    int64_t                  t0 = clock_mono_ns();
    struct err               drained = ERR_INIT;
    bool nothing = task->only && task->tombstones && keyset_count(task->only) == 0;
    bool ok;

    memset(out, 0, sizeof(*out));
    *s->current = &run;
    ok = producer_add_topic(s->producer, topic->name, topic->partitions, &run.topic, err) &&
         ends_of(s, topic, before, err);
    for (size_t i = 0; ok && task->from && i < n; i++)
        task->from[i] = before[i].high;
    if (ok) {
        ok = (nothing || run_pipeline(&run, task->tally, err)) &&
             put_tombstones(&run, task->tombstones, err);
        /* Also after an error or a stop: what is in flight lands or not, and the report must say.
         */
        if (!producer_drain(s->producer, ok ? err : &drained))
            ok = false;
        if (ok && run.unmarked) {
            *err = run.why;
            ok = false;
        }
        count_up(&run, out);
    }
    if (ok && ends_of(s, topic, after, err))
        out->foreign = foreign_growth(run.topic, before, after);
    else
        ok = false;
    for (size_t i = 0; ok && task->until && i < n; i++)
        task->until[i] = after[i].high;
    out->ns = clock_mono_ns() - t0;
    mem_free(before);
    mem_free(after);
    return ok;
}
