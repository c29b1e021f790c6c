/*
 * pg_world.h - one test's database of Kestra, a copy of a template, and a store on it.
 *
 * Fails the test on errors; for the main thread only. Without a server the tests are skipped.
 */
#ifndef REQUEUE_PG_WORLD_H
#define REQUEUE_PG_WORLD_H

#include "tests/support/kestra_db.h"

#include "lib/base/err.h"

#define PG_WORLD_ROWS 2000 /* of each kind, see db_fill */

struct pg_world {
    struct db         db;
    struct store_conf conf; /* two jobs; the test may change it before it opens the store */
    struct stop       stop;
    struct layout    *layout; /* band I */
    struct store     *store;  /* closed at the end when it is not NULL */
    struct docs       got;
    struct docs       expected;
    char              host[64]; /* of the server */
    int               port;
    char              url[512]; /* for the test's use */
};

/* Once for a test program: the template. */
int pg_world_group_setup(void **state);
int pg_world_group_teardown(void **state);

int pg_world_setup(void **state);
int pg_world_teardown(void **state);

#define PG_TEST(name) cmocka_unit_test_setup_teardown(name, pg_world_setup, pg_world_teardown)
#define PG_RUN(tests) cmocka_run_group_tests(tests, pg_world_group_setup, pg_world_group_teardown)

struct pg_world *pg_world_of(void **state);

void pg_world_renew(struct pg_world *w); /* another database of the same name and content */

void must(bool ok, const struct err *err); /* else the test fails with the error's text */

void open_store(struct pg_world *w); /* store_open() only */
void use_store(struct pg_world *w);  /* and use() */
void close_store(struct pg_world *w);

void                 read_docs(struct pg_world *w, const struct store_query *q); /* into w->got */
struct store_reader *open_reader(struct pg_world *w, const struct store_query *q);

/* Executions so large that the server cannot get rid of them before they are read. */
void make_large(struct pg_world *w);

#endif
