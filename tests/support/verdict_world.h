/*
 * verdict_world.h - a flow and an execution as short texts, and the verdict on them, for tests.
 *
 * Each judgement is also held against the decision table: a row that fitted is one that verdicts
 * decide, concerns the band, and its codes were given. Main thread only.
 */
#ifndef REQUEUE_VERDICT_WORLD_H
#define REQUEUE_VERDICT_WORLD_H

#include "tests/support/test.h"

#include "lib/kestra/verdict_rules.h"

struct world {
    struct layout    *l;
    struct arena     *a;
    struct flow_tree *tree;
    struct execution  e;
    struct facts      facts; /* as a test sets them; the revision is there, children are known */
    struct finding    f;
    struct layout    *layouts[16];
    size_t            n_layouts;
};

int world_open(void **state);  /* group set-up: *state is a struct world */
int world_close(void **state); /* group tear-down */
int world_reset(void **state); /* set-up of each test: band A, facts as above */

void world_band(struct world *w, const char *band);
/* Judge exec, which is at revision 1 of flow (NULL: it is not there). */
void judge(struct world *w, const char *flow, const char *exec);
/* With templates: key and JSON in turn, NULL at the end. */
void judge_with(struct world *w, const char *flow, const char *const *templates, const char *exec);

#define CODE(name) CODE_BIT(CODE_##name)
/* The row fitted, and verdict and codes are exactly these. */
#define CHECK(w, row, verdict, codes) check_(w, row, verdict, codes, __FILE__, __LINE__)
#define NO_ROW                        ROW_COUNT
void check_(const struct world *w, enum row row, enum verdict verdict, uint64_t codes,
            const char *file, int line);
bool can(const struct world *w, enum remedy r);

#define TEST(name)       cmocka_unit_test_setup(name, world_reset)
#define RUN_TESTS(tests) cmocka_run_group_tests(tests, world_open, world_close)

/* ---- flows ---- */

/* clang-format off */
#define CORE "io.kestra.core.tasks."
#define TASK(id, class, more) "{\"id\":\"" id "\",\"type\":\"" CORE class "\"" more "}"
#define LEAF(id)              TASK(id, "debugs.Return", "")
#define OVER(id, class, kids) TASK(id, "flows." class, ",\"tasks\":[" kids "]")
#define SEQ(id, kids)         OVER(id, "Sequential", kids)
#define PAR(id, kids)         OVER(id, "Parallel", kids)
#define PAR_OF(id, n, kids)   TASK(id, "flows.Parallel", ",\"concurrent\":" n ",\"tasks\":[" kids "]")
#define WORKER(id, kids)      OVER(id, "Worker", kids)
#define PAUSE(id, kids)       OVER(id, "Pause", kids)
#define PAUSE_FOR(id, kids)   TASK(id, "flows.Pause", ",\"delay\":\"PT10S\",\"tasks\":[" kids "]")
#define EACH(id, value, kids) TASK(id, "flows.EachSequential", ",\"value\":\"" value "\",\"tasks\":[" kids "]")
#define CALL(id, more)        TASK(id, "flows.Flow", ",\"namespace\":\"n\",\"flowId\":\"sub\"" more)
#define WAIT                  ",\"wait\":true"
#define NO_WAIT               ",\"wait\":false"
#define FLOW_OF(more, tasks)  "{\"id\":\"f\",\"namespace\":\"n\",\"revision\":1," more "\"tasks\":[" tasks "]}"
#define FLOW(tasks)           FLOW_OF("", tasks)
#define ABC                   FLOW(LEAF("a") "," LEAF("b") "," LEAF("c"))
#define ON_ERROR(tasks)       "\"errors\":[" tasks "],"
#define LISTEN(tasks)         "\"listeners\":[{\"tasks\":[" tasks "]}],"
#define LISTEN_IF(tasks)      "\"listeners\":[{\"conditions\":[{\"type\":\"x\"}],\"tasks\":[" tasks "]}],"

/* ---- executions ---- */

#define H(state)          "{\"state\":\"" state "\",\"date\":\"2026-01-01T00:00:00Z\"}"
#define ST(state, before) "{\"current\":\"" state "\",\"histories\":[" before H(state) "]}"
#define ST_CREATED   ST("CREATED", "")
#define ST_RUNNING   ST("RUNNING", H("CREATED") ",")
#define ST_SUCCESS   ST("SUCCESS", H("CREATED") "," H("RUNNING") ",")
#define ST_WARNING   ST("WARNING", H("CREATED") "," H("RUNNING") ",")
#define ST_FAILED    ST("FAILED", H("CREATED") "," H("RUNNING") ",")
#define ST_KILLED    ST("KILLED", H("CREATED") "," H("RUNNING") ",")
#define ST_KILLING   ST("KILLING", H("CREATED") "," H("RUNNING") ",")
#define ST_PAUSED    ST("PAUSED", H("CREATED") "," H("RUNNING") ",")
#define ST_RESTARTED ST("RESTARTED", H("CREATED") "," H("RUNNING") "," H("FAILED") ",")
#define ST_RESUMED   ST("RUNNING", H("CREATED") "," H("RUNNING") "," H("PAUSED") ",")
#define ST_RETRYING  ST("RETRYING", H("CREATED") "," H("RUNNING") ",")
#define ST_RETRIED   ST("RETRIED", H("CREATED") "," H("RUNNING") ",")
#define ST_QUEUED    ST("QUEUED", H("CREATED") ",")

#define RUN_OF(id, task, state, more) "{\"id\":\"" id "\",\"taskId\":\"" task "\",\"state\":" ST_##state more "}"
#define RUN(task, state)              RUN_OF("r-" task, task, state, "")
#define UNDER(parent, task, state)    RUN_OF("r-" task, task, state, ",\"parentTaskRunId\":\"r-" parent "\"")
#define ITEM(parent, task, value, state) \
    RUN_OF("r-" task "-" value, task, state, ",\"parentTaskRunId\":\"r-" parent "\",\"value\":\"" value "\"")
#define EXEC_OF(state, more, runs) \
    "{\"id\":\"E\",\"namespace\":\"n\",\"flowId\":\"f\",\"flowRevision\":1,\"state\":" ST_##state "," more "\"taskRunList\":[" runs "]}"
#define EXEC(state, runs) EXEC_OF(state, "", runs)
/* clang-format on */

#endif
