/* pg_world.c - see pg_world.h. */
#include "tests/support/test.h"

#include "tests/support/layout_files.h"
#include "tests/support/pg_world.h"

#include <unistd.h>

/* Programs that run side by side have their own. */
static const char *name_of(const char *what, char out[64])
{
    (void)snprintf(out, 64, "requeue_test_%ld_%s", (long)getpid(), what);
    return out;
}

int pg_world_group_setup(void **state)
{
    struct db d = { .pg = NULL };
    char      name[64];

    (void)state;
    if (!db_server()) {
        print_message("REQUEUE_TEST_POSTGRES is not set: run me under scripts/with-postgres\n");
        return 0;
    }
    db_create(&d, name_of("template", name), NULL);
    db_make_tables(&d);
    db_fill(&d, PG_WORLD_ROWS);
    db_leave(&d);
    return 0;
}

int pg_world_group_teardown(void **state)
{
    struct db d = { .pg = NULL };

    (void)state;
    (void)name_of("template", d.name);
    if (db_server())
        db_drop(&d);
    return 0;
}

void pg_world_renew(struct pg_world *w)
{
    char names[2][64];

    db_drop(&w->db);
    db_create(&w->db, name_of("db", names[0]), name_of("template", names[1]));
}

int pg_world_setup(void **state)
{
    struct pg_world *w;
    const char      *at;

    if (!db_server())
        return 0;
    w = mem_alloc(sizeof(*w));
    at = strrchr(db_server(), '@') + 1;
    (void)snprintf(w->host, sizeof(w->host), "%.*s", (int)strcspn(at, ":"), at);
    w->port = (int)strtol(strchr(at, ':') + 1, NULL, 10);
    pg_world_renew(w);
    w->conf = (struct store_conf){ .url = w->db.url, .jobs = 2, .stop = &w->stop };
    w->layout = layout_file("I");
    docs_init(&w->got);
    docs_init(&w->expected);
    *state = w;
    return 0;
}

int pg_world_teardown(void **state)
{
    struct pg_world *w = *state;

    if (!w)
        return 0;
    if (w->store)
        w->store->close(w->store);
    layout_free(w->layout);
    docs_release(&w->got);
    docs_release(&w->expected);
    db_drop(&w->db);
    mem_free(w);
    return 0;
}

struct pg_world *pg_world_of(void **state)
{
    if (!*state)
        skip();
    return *state;
}

void must(bool ok, const struct err *err)
{
    if (!ok)
        fail_msg("%s (%s)", err->msg, err->hint);
}

void open_store(struct pg_world *w)
{
    struct err err = ERR_INIT;

    must(store_open(&w->conf, &w->store, &err), &err);
}

void use_store(struct pg_world *w)
{
    struct err err = ERR_INIT;

    open_store(w);
    must(w->store->use(w->store, w->layout, &err), &err);
    assert_int_equal(w->store->grade, 'A');
}

void close_store(struct pg_world *w)
{
    w->store->close(w->store);
    w->store = NULL;
}

void read_docs(struct pg_world *w, const struct store_query *q)
{
    struct err err = ERR_INIT;

    must(docs_read(&w->got, w->store, q, &err), &err);
}

struct store_reader *open_reader(struct pg_world *w, const struct store_query *q)
{
    struct store_reader *r[4];
    struct err           err = ERR_INIT;
    size_t               n = 0;

    must(w->store->open_readers(w->store, q, COUNT_OF(r), r, &n, &err), &err);
    assert_int_equal(n, 1);
    return r[0];
}

void make_large(struct pg_world *w)
{
    db_sql(&w->db, "UPDATE executions SET value = value || jsonb_build_object('inputs', (SELECT"
                   " string_agg(md5(key || i), '') FROM generate_series(1, 300) i))");
}
