/*
 * resume.c - see resume.h.
 */
#include "rebuild/resume.h"

#include "lib/base/clock.h"

/* The sum of all end offsets of the filled topics: two equal sums a second apart mean that nothing
 * landed, since offsets only grow. */
static bool ends_sum(struct admin *admin, const struct plan *plan, int64_t *sum, struct err *err)
{
    *sum = 0;
    for (size_t i = 0; i < plan->n_topics; i++) {
        const struct topic_plan *t = &plan->topics[i];
        struct partition_ends   *ends;
        bool                     ok;

        if (!t->filled)
            continue;
        ends = mem_array((size_t)t->partitions, sizeof(*ends));
        ok = admin_ends(admin, t->name, t->partitions, ends, err);
        for (int p = 0; ok && p < t->partitions; p++)
            *sum += ends[p].high;
        mem_free(ends);
        if (!ok)
            return false;
    }
    return true;
}

bool resume_settle(struct admin *admin, const struct plan *plan, const struct stop *stop,
                   struct err *err)
{
    int64_t before;
    int64_t now;

    if (!ends_sum(admin, plan, &before, err))
        return false;
    for (int waited_s = 0; waited_s < RESUME_WAIT_S; waited_s++) {
        for (int i = 0; i < 10; i++) {
            if (stop_asked(stop))
                return err_set(err, ERR_STOPPED, "stopped while waiting for the topics to settle");
            clock_sleep_ms(100);
        }
        if (!ends_sum(admin, plan, &now, err))
            return false;
        if (now == before)
            return true;
        before = now;
    }
    (void)err_set(err, ERR_KAFKA, "the topics still grow after %d s: somebody writes to them",
                  RESUME_WAIT_S);
    return err_hint(err,
                    "stop every Kestra server and every other rebuild, then run --resume again");
}

struct expecting {
    struct sink  sink; /* first: the pipeline hands it back */
    struct side *expected;
    int          n_partitions;
    int64_t      n;
};

static bool note_record(struct sink *sink, const struct record *rec, enum reason *refused,
                        struct err *err)
{
    struct expecting *x = (struct expecting *)sink;
    struct side_entry e = { .value = digest_bytes(DIGEST_TAG_RAW, rec->value),
                            .offset = x->n++,
                            .partition = key_partition(rec->key, x->n_partitions),
                            .records = 1,
                            .key = rec->key };

    (void)refused;
    e.stands = e.value;
    return side_put(x->expected, &e, err);
}

bool resume_expect(const struct send_conf *conf, enum kind kind, const struct topic_plan *topic,
                   struct tally *tally, struct side *expected, struct err *err)
{
    struct expecting   x = { { note_record }, expected, topic->partitions, 0 };
    struct store_query query = survey_query_of(conf->survey, conf->scope, kind);
    struct projector  *projector = survey_projector(conf->survey, conf->layout, conf->scope);
    struct pipeline    p = { .store = conf->store,
                             .query = &query,
                             .projector = projector,
                             .jobs = conf->jobs,
                             .sink = &x.sink,
                             .tally = tally,
                             .stop = conf->stop };
    bool               ok = pipeline_run(&p, err);

    projector_free(projector);
    return ok;
}
