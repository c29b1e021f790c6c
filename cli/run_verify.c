/*
 * run_verify.c - what verify takes from a run and gives to it; see run.h.
 */
#include "cli/run.h"

struct verify_conf run_verify_conf(struct run *r)
{
    struct session      *s = r->session;
    const struct config *c = s->conf;
    struct verify_conf   v = { .store = s->store,
                               .layout = s->layout,
                               .scope = &c->scope,
                               .places = s->places,
                               .survey = &r->plan.survey,
                               .kafka = &s->kafka,
                               .admin = s->admin,
                               .jobs = (unsigned)c->jobs,
                               .memory = s->keys_memory,
                               .spill = &s->spill,
                               .stop = &s->stop,
                               .audit = c->audit,
                               .keys_only_ours = scope_is_partial(&c->scope),
                               /* Of a topic that was not masked no value may be shown. */
                               .no_lookups = c->scope.project.staging != NULL,
                               .tally = s->verify_tallies,
                               .consumed = &s->consumed,
                               .on_skip = run_on_skip,
                               .on_difference = run_on_difference,
                               .sums = r->sums,
                               .ctx = r };

    for (int k = 0; k < KIND_COUNT; k++) {
        const struct topic_plan *t = r->plan.topic_of[k];

        v.topics[k] = t ? t->name : NULL;
        v.partitions[k] = t ? t->partitions : 0;
        v.retention_ms[k] = t ? t->retention_ms : 0;
    }
    return v;
}

void run_want_partitions(struct run *r, enum kind kind)
{
    size_t n = (size_t)r->plan.topic_of[kind]->partitions;

    r->ends[kind] = mem_array(n, sizeof(*r->ends[kind]));
    r->sums[kind].store = mem_array(n, sizeof(*r->sums[kind].store));
    r->sums[kind].topic = mem_array(n, sizeof(*r->sums[kind].topic));
}

void run_note_topic(struct run *r, enum kind kind)
{
    r->open_transactions += r->verified[kind].open_transactions;
    r->gaps += r->verified[kind].gap.partitions;
}
