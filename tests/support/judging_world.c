#include "tests/support/judging_world.h"

#include "tests/support/layout_files.h"

int judging_setup(void **state)
{
    struct world *w = mem_alloc(sizeof(*w));
    void         *files = NULL;

    (void)file_world_setup(&files);
    w->files = files;
    layout_free(w->files->layout);
    w->files->layout = layout_file("A");
    w->scope = (struct scope){
        .kinds = KIND_ALL & ~KIND_BIT(KIND_SUBFLOW_LINK),
        .project = { .executions = EXECUTIONS_RESUMABLE, .unlock = UNLOCK_DEAD },
    };
    buf_init(&w->told, 1u << 24);
    buf_init(&w->locks, 1u << 20);
    *state = w;
    return 0;
}

int judging_teardown(void **state)
{
    struct world *w = *state;
    void         *files = w->files;

    survey_release(&w->survey);
    buf_release(&w->told);
    buf_release(&w->locks);
    (void)file_world_teardown(&files);
    mem_free(w);
    return 0;
}

/* ---- what is in the store -------------------------------------------------------------------- */

void flow(struct world *w, const char *id, int revision, const char *tasks)
{
    char key[64];
    char json[2048];

    (void)snprintf(key, sizeof(key), "n_%s_%d", id, revision);
    (void)snprintf(json, sizeof(json),
                   "{\"id\":\"%s\",\"namespace\":\"n\",\"revision\":%d,\"disabled\":false,"
                   "\"deleted\":false,\"tasks\":[%s]}",
                   id, revision, tasks);
    file_world_hit(w->files, FLOWS, key, json);
}

void two_steps(struct world *w, const char *id)
{
    flow(w, id, 1, "{\"id\":\"a\",\"type\":\"" BASH "\"},{\"id\":\"b\",\"type\":\"" BASH "\"}");
}

/* runs: of taskRunList; more: members before the state, with a comma behind. */
struct slice write_execution(char json[2048], const char *id, const char *flow_id,
                             const char *state, const char *runs, const char *more)
{
    (void)snprintf(json, 2048,
                   "{\"id\":\"%s\",\"namespace\":\"n\",\"flowId\":\"%s\",\"flowRevision\":1,%s"
                   "\"taskRunList\":[%s],\"state\":{\"current\":\"%s\",\"startDate\":"
                   "\"2024-03-01T10:00:00.000Z\",\"histories\":[{\"state\":\"CREATED\",\"date\":"
                   "\"2024-03-01T10:00:00.000Z\"},{\"state\":\"%s\",\"date\":"
                   "\"2024-03-01T10:00:01.000Z\"}]},\"deleted\":false}",
                   id, flow_id, more, runs, state, state);
    return slice_str(json);
}

void execution(struct world *w, const char *id, const char *flow_id, const char *state,
               const char *runs, const char *more)
{
    char json[2048];

    (void)write_execution(json, id, flow_id, state, runs, more);
    file_world_hit(w->files, EXECUTIONS, id, json);
}

const char *run_of(const char *task, const char *state)
{
    static char json[4][512];
    static int  next;

    next = (next + 1) % 4;
    (void)snprintf(json[next], sizeof(json[next]),
                   "{\"id\":\"r-%s\",\"taskId\":\"%s\",\"state\":{\"current\":\"%s\",\"histories\":"
                   "[{\"state\":\"CREATED\",\"date\":\"2024-03-01T10:00:00.500Z\"}]}}",
                   task, task, state);
    return json[next];
}

void pending(struct world *w, const char *id, const char *flow_id, const char *task,
             const char *state)
{
    execution(w, id, flow_id, "RUNNING", task ? run_of(task, state) : "", "");
}

void trigger(struct world *w, const char *id, const char *members)
{
    char key[64];
    char json[512];

    (void)snprintf(key, sizeof(key), "n_f_%s", id);
    (void)snprintf(json, sizeof(json),
                   "{\"namespace\":\"n\",\"flowId\":\"f\",\"triggerId\":\"%s\",\"date\":"
                   "\"2024-03-01T09:00:00Z\"%s}",
                   id, members);
    file_world_hit(w->files, TRIGGERS, key, json);
}

/* ---- the run --------------------------------------------------------------------------------- */

static bool tell(void *ctx, const char *place, const struct document *doc,
                 const struct judgement *j, struct err *err)
{
    struct world *w = ctx;

    (void)err;
    if (!j->lost)
        assert_string_equal(place, EXECUTIONS);
    w->codes |= j->finding.codes;
    buf_add(&w->told, "%.*s %s%s%s\n", SLICE_ARG(doc->id), verdict_name(j->finding.verdict),
            j->emit ? " sent" : "", j->recovery.changed ? " rewritten" : "");
    return true;
}

static bool tell_lock(void *ctx, const struct lock *lock, struct err *err)
{
    struct world *w = ctx;

    (void)err;
    buf_add(&w->locks, "%.*s %s%s%s%s\n", SLICE_ARG(lock->key), lock_code_row(lock->code),
            lock->unlocked ? " unlocked" : "", lock->held ? " held" : "",
            lock->behind.p ? " behind" : "");
    return true;
}

bool run(struct world *w)
{
    struct file_world  *f = w->files;
    struct judging_conf conf = { .pending = { .layout = f->layout,
                                              .scope = &w->scope,
                                              .jobs = 2,
                                              .on_judged = tell,
                                              .ctx = w },
                                 .on_lock = tell_lock };

    if (!f->store)
        file_world_written(f);
    f->store->sequential = !w->parallel;
    conf.pending.store = f->store;
    survey_release(&w->survey);
    buf_clear(&w->told);
    buf_clear(&w->locks);
    w->codes = 0;
    scope_derive(&w->scope);
    return survey_run(f->store, f->layout, &w->scope, 2, NULL, NULL, NULL, NULL, &w->survey,
                      &w->err) &&
           judging_run(&conf, &w->survey, &w->stats, &w->err);
}

void must_run(struct world *w)
{
    if (!run(w))
        fail_msg("%s", w->err.msg);
}

void says(const struct buf *told, const char *line)
{
    struct buf whole = { 0 };

    buf_init(&whole, 256);
    buf_add(&whole, "%s\n", line);
    if (!strstr(told->p, whole.p))
        fail_msg("no line \"%s\" in\n%s", line, told->p);
    buf_release(&whole);
}

unsigned lines(const struct buf *told)
{
    unsigned n = 0;

    for (size_t i = 0; i < told->n; i++)
        n += told->p[i] == '\n' ? 1 : 0;
    return n;
}

/* The records of a kind as the topics would have them. */
const char *records(struct world *w, enum kind kind)
{
    struct file_world *f = w->files;
    struct store_query q = survey_query_of(&w->survey, &w->scope, kind);
    struct projector  *p =
        projector_new(f->layout, &w->scope.project, w->survey.flows, w->survey.judge);
    struct tally    tally = { 0 };
    struct pipeline line = { .store = f->store,
                             .query = &q,
                             .projector = p,
                             .jobs = 1,
                             .sink = &f->keeper.sink,
                             .tally = &tally };

    buf_clear(&f->keeper.text);
    file_world_must(f, pipeline_run(&line, &f->err));
    projector_free(p);
    return f->keeper.text.n > 0 ? f->keeper.text.p : "";
}
