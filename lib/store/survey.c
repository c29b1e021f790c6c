/*
 * survey.c - see survey.h.
 *
 * DESIGN. Skips of the first pass are told while the index is still being filled, so it cannot know
 * collisions yet. When the index then says that there are some, a second pass with the index tells
 * those alone: the two passes tell different reasons, so no revision is told twice.
 */
#include "lib/store/survey.h"

#include "lib/base/idset.h"

struct flow_pass {
    struct sink        sink; /* first member: put() gets its address */
    struct flow_index *index;
    struct survey     *survey;
    bool               collided; /* two flows of one key were seen */
    bool               collisions_only;
    skip_fn            on_skip;
    void              *ctx;
};

/* The flow passes look at documents; their records go nowhere. */
static bool put_nowhere(struct sink *s, const struct record *rec, enum reason *refused,
                        struct err *err)
{
    (void)s;
    (void)rec;
    (void)refused;
    (void)err;
    return true;
}

static bool add_to_index(void *ctx, const char *place, const struct document *doc,
                         const struct projection *p, struct err *err)
{
    struct flow_pass *pass = ctx;

    (void)place;
    (void)doc;
    (void)err;
    if (pass->collisions_only || p->flow_key.n == 0)
        return true;
    flow_index_add(pass->index, p->flow_key, p->flow_identity, p->revision,
                   p->outcome == PROJECT_SKIPPED, p->flow_flags);
    if (p->outcome == PROJECT_RECORD)
        flow_index_note(pass->index, p->record.key);
    if (flow_index_state(pass->index, p->flow_key) == FLOW_COLLISION)
        pass->collided = true;
    return true;
}

static void tell_skip(void *ctx, const char *place, const struct document *doc,
                      const struct projection *p)
{
    struct flow_pass *pass = ctx;
    struct skip       skip = {
              .kind = KIND_FLOW,
              .reason = p->reason,
              .place = place,
              .id = doc->id,
              .detail = p->detail,
    };

    if (pass->collisions_only && p->reason != REASON_KEY_COLLISION)
        return;
    pass->survey->flow_skips++;
    if (pass->on_skip)
        pass->on_skip(pass->ctx, &skip);
}

static bool refuse_collision(enum kind kind, struct slice key, struct err *err)
{
    if (kind == KIND_FLOW)
        (void)err_set(err, ERR_REFUSED,
                      "after renaming, different flows have one key (they are told as skipped): "
                      "nothing was sent");
    else
        (void)err_set(err, ERR_REFUSED,
                      "after renaming, two documents of the kind %s have the key \"%.*s\": nothing "
                      "was sent",
                      kind_name(kind), SLICE_ARG(key));
    return err_hint(err, "rename to names that the store does not have yet");
}

/* One pass over all flow revisions of the scope. p: store, jobs, stop and tally are filled. */
static bool run_pass(struct flow_pass *pass, const struct layout *layout, const struct scope *scope,
                     struct pipeline p, struct err *err)
{
    struct store_query query = survey_query(scope, KIND_FLOW);
    bool               ok;

    p.projector =
        projector_new(layout, &scope->project, pass->collisions_only ? pass->index : NULL, NULL);
    projector_quiet(p.projector);
    p.query = &query;
    p.sink = &pass->sink;
    p.on_document = add_to_index;
    p.on_skip = tell_skip;
    p.ctx = pass;
    ok = pipeline_run(&p, err);
    projector_free(p.projector);
    return ok;
}

static bool survey_flows(struct flow_pass *pass, const struct layout *layout,
                         const struct scope *scope, struct pipeline p, struct err *err)
{
    bool          renamed = scope->project.staging && staging_renames(scope->project.staging);
    struct tally *again;
    bool          ok;

    if (!run_pass(pass, layout, scope, p, err))
        return false;
    if (!pass->collided)
        return true;
    /* Its own tally: the caller's has counted every revision already. */
    again = mem_alloc(sizeof(*again));
    p.tally = again;
    pass->collisions_only = true;
    ok = run_pass(pass, layout, scope, p, err);
    mem_free(again);
    return ok && (!renamed || refuse_collision(KIND_FLOW, SLICE(""), err));
}

/* Staging: keys of triggers or templates, after renaming. */
struct key_pass {
    struct sink   sink; /* first member: put() gets its address */
    struct idset *seen;
    enum kind     kind;
};

static bool see_key(struct sink *sink, const struct record *rec, enum reason *refused,
                    struct err *err)
{
    struct key_pass *pass = (struct key_pass *)sink;

    (void)refused;
    return idset_see(pass->seen, digest_bytes(0, rec->key), 0) == IDSET_NEW ||
           refuse_collision(pass->kind, rec->key, err);
}

/* Flows are in the index; of the other kinds that have a namespace in their keys each key must be
 * its own still. An execution's key is its id alone. p: store, jobs and stop are filled. */
static bool check_renamed(enum kind kind, const struct layout *layout, const struct scope *scope,
                          struct pipeline p, struct err *err)
{
    struct key_pass    pass = { .sink = { .put = see_key }, .kind = kind };
    struct store_query query = survey_query(scope, kind);
    struct tally      *tally;
    bool               ok;

    if (!scope_has(scope, kind) || !layout->kinds[kind].enabled || !scope->project.staging ||
        !staging_renames(scope->project.staging))
        return true;
    tally = mem_alloc(sizeof(*tally));
    pass.seen = idset_new();
    p.projector = projector_new(layout, &scope->project, NULL, NULL);
    projector_quiet(p.projector);
    p.query = &query;
    p.tally = tally;
    p.sink = &pass.sink;
    ok = pipeline_run(&p, err);
    projector_free(p.projector);
    idset_free(pass.seen);
    mem_free(tally);
    return ok;
}

static bool count_kinds(struct store *store, const struct layout *layout, const struct scope *scope,
                        const struct stop *stop, struct survey *out, struct err *err)
{
    for (enum kind kind = 0; kind < KIND_COUNT; kind++) {
        struct store_query query = survey_query(scope, kind);

        if (!scope_has(scope, kind) || !layout->kinds[kind].enabled || !kind_is_stored(kind))
            continue;
        if (stop_asked(stop))
            return err_set(err, ERR_STOPPED, "stopped while counting the store's documents");
        if (!store->count(store, &query, &out->counts[kind], err))
            return false;
    }
    return true;
}

static bool has_flows(const struct scope *scope)
{
    return scope_has(scope, KIND_FLOW) || scope_has(scope, KIND_FLOW_LAST);
}

/* Executions and locks are judged by the flows that are there, in scope or not. */
static bool needs_flows(const struct layout *layout, const struct scope *scope)
{
    return (has_flows(scope) || scope_judges(scope)) && layout->kinds[KIND_FLOW].enabled;
}

/* NOLINTNEXTLINE(readability-function-size): one door for two callers that hold these apart */
bool survey_run(struct store *store, const struct layout *layout, const struct scope *scope,
                unsigned jobs, const struct stop *stop, struct tally *tally, skip_fn on_skip,
                void *ctx, struct survey *out, struct err *err)
{
    struct pipeline  p = { .store = store, .jobs = jobs, .tally = tally, .stop = stop };
    struct flow_pass pass = {
        .sink = { .put = put_nowhere },
        .survey = out,
        .on_skip = has_flows(scope) ? on_skip : NULL, /* else they are not what the run is about */
        .ctx = ctx,
    };

    memset(out, 0, sizeof(*out));
    if (!count_kinds(store, layout, scope, stop, out, err) ||
        !check_renamed(KIND_TEMPLATE, layout, scope, p, err) ||
        !check_renamed(KIND_TRIGGER, layout, scope, p, err))
        return false;
    if (!needs_flows(layout, scope))
        return true;
    pass.index = flow_index_new();
    if (!survey_flows(&pass, layout, scope, p, err)) {
        flow_index_free(pass.index);
        return false;
    }
    out->flows = pass.index;
    out->listeners = flow_index_listeners(pass.index);
    return true;
}

void survey_release(struct survey *s)
{
    judge_free(s->judge);
    flow_index_free(s->flows);
    memset(s, 0, sizeof(*s));
}

/* A store cannot tell what comes back: it hands out what is pending, a judge looks at it. */
static enum executions_mode asked_of_store(enum executions_mode mode)
{
    return mode == EXECUTIONS_RESUMABLE ? EXECUTIONS_PENDING : mode;
}

struct store_query survey_query(const struct scope *scope, enum kind kind)
{
    struct store_query q = {
        .kind = kind,
        .tenant = scope->tenant,
        .namespace = scope->namespace,
        .executions = asked_of_store(scope->project.executions),
    };

    /* Only executions have a beginning and a state that could be selected. */
    if (kind == KIND_EXECUTION) {
        q.since = scope->since;
        q.until = scope->until;
        q.states = scope->states;
        q.only = scope->ids;
    }
    return q;
}

struct store_query survey_query_of(const struct survey *s, const struct scope *scope,
                                   enum kind kind)
{
    struct store_query q = survey_query(scope, kind);

    if (kind == KIND_EXECUTION && s && s->judge && q.executions == EXECUTIONS_PENDING)
        q.n_also = judge_ended(s->judge, &q.also);
    if (q.n_also == 0)
        q.also = NULL;
    return q;
}

struct projector *survey_projector(const struct survey *s, const struct layout *layout,
                                   const struct scope *scope)
{
    return projector_new(layout, &scope->project, s ? s->flows : NULL, s ? s->judge : NULL);
}
