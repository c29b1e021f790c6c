/*
 * facts.c - what a store says as evidence for verdicts (lib/store/store.h), for the shell tests.
 *
 *   facts URL LAYOUT [OPTION...] newest
 *   facts URL LAYOUT [OPTION...] links PARENT...
 *   facts URL LAYOUT [OPTION...] log-newest ID...
 *   facts URL LAYOUT --since TIME log-names        execution, namespace, flow
 *   facts URL LAYOUT [OPTION...] children PARENT...     ids of executions, sorted
 *   facts URL LAYOUT [OPTION...] ids ID...
 *   facts URL LAYOUT [OPTION...] also ID...             beside the pending ones
 *
 *   --prefix P   of the indices        --index KIND=NAME
 *   --type T     of children           --since TIME     by state.startDate
 *   --read scroll|pit                  --time           how long it took, on stderr
 *
 * One line for each piece of evidence. An error is a line on stderr and exit status 1.
 */
#include "lib/base/clock.h"
#include "lib/base/thread.h"
#include "lib/store/store.h"
#include "tests/support/layout_files.h"

#define MAX_LIST 16
#define READERS  8

struct asked_facts {
    struct store_conf  conf;
    struct stop        stop;
    struct layout     *layout;
    struct store      *store;
    struct store_query query;
    const char        *indices[MAX_LIST];
    const char        *types[MAX_LIST];
    bool               time;
    struct slice       ids[STORE_MAX_IDS];
    size_t             n_ids;
    struct err         err;
};

static void must(struct asked_facts *f, bool ok)
{
    if (ok)
        return;
    (void)fprintf(stderr, "facts: %s (%s)\n", f->err.msg, f->err.hint);
    exit(1);
}

static bool take_option(struct asked_facts *f, const char *name, const char *value)
{
    if (strcmp(name, "--prefix") == 0)
        f->conf.search.index_prefix = value;
    else if (strcmp(name, "--index") == 0 && f->conf.search.indices.n < MAX_LIST)
        f->indices[f->conf.search.indices.n++] = value;
    else if (strcmp(name, "--type") == 0 && f->query.child_types.n < MAX_LIST)
        f->types[f->query.child_types.n++] = value;
    else if (strcmp(name, "--since") == 0)
        f->query.since = value;
    else if (strcmp(name, "--read") == 0)
        f->conf.search.read = strcmp(value, "pit") == 0 ? STORE_READ_PIT : STORE_READ_SCROLL;
    else
        return false;
    return true;
}

static void usage(void)
{
    (void)fputs(
        "usage: facts URL LAYOUT [OPTION...] newest|links|log-newest|log-names|children|ids|also "
        "[ID...]\n",
        stderr);
    exit(1);
}

/* ---- what is printed ------------------------------------------------------------------------ */

static void print_newest(struct asked_facts *f)
{
    struct store_newest out[STORE_NEWEST_COUNT];
    size_t              n = 0;

    must(f, f->store->newest(f->store, out, &n, &f->err));
    for (size_t i = 0; i < n; i++)
        (void)printf("%s %s\n", out[i].what, out[i].known ? out[i].text : "-");
}

static void print_link(void *ctx, const struct store_link *link)
{
    (void)ctx;
    (void)printf("%.*s %.*s %.*s\n", SLICE_ARG(link->child), SLICE_ARG(link->parent),
                 SLICE_ARG(link->run));
}

static void print_time(void *ctx, struct slice id, struct instant at)
{
    char text[32];

    (void)ctx;
    instant_format(at, text);
    (void)printf("%.*s %s\n", SLICE_ARG(id), text);
}

static void print_name(void *ctx, const struct store_name *name)
{
    (void)ctx;
    (void)printf("%.*s %.*s %.*s\n", SLICE_ARG(name->execution), SLICE_ARG(name->namespace),
                 SLICE_ARG(name->flow));
}

static void print_ids(struct asked_facts *f)
{
    struct store_reader *readers[READERS];
    struct batch        *b = batch_new();
    struct store_counts  counts;
    size_t               n = 0;

    f->query.kind = KIND_EXECUTION;
    f->query.executions = EXECUTIONS_PENDING;
    must(f, f->store->count(f->store, &f->query, &counts, &f->err));
    must(f, f->store->open_readers(f->store, &f->query, READERS, readers, &n, &f->err));
    for (size_t i = 0; i < n; i++) {
        for (bool end = false; !end;) {
            batch_clear(b);
            must(f, readers[i]->read(readers[i], b, &end, &f->err));
            for (size_t k = 0; k < b->n; k++)
                (void)printf("%.*s\n", SLICE_ARG(b->docs[k].id));
        }
        readers[i]->close(readers[i]);
    }
    batch_free(b);
    if (!f->query.parents)
        (void)printf("selected %llu\n", (unsigned long long)counts.selected);
}

static void answer(struct asked_facts *f, const char *what)
{
    struct instant since;

    if (strcmp(what, "newest") == 0) {
        print_newest(f);
        return;
    }
    if (strcmp(what, "links") == 0) {
        must(f, f->store->links(f->store, f->ids, f->n_ids, print_link, NULL, &f->err));
        return;
    }
    if (strcmp(what, "log-newest") == 0) {
        must(f, f->store->log_newest(f->store, f->ids, f->n_ids, print_time, NULL, &f->err));
        return;
    }
    if (strcmp(what, "log-names") == 0) {
        if (!f->query.since || !instant_parse(slice_str(f->query.since), &since))
            usage();
        must(f, f->store->log_names(f->store, since, print_name, NULL, &f->err));
        return;
    }
    if (strcmp(what, "children") == 0) {
        f->query.parents = f->ids;
        f->query.n_parents = f->n_ids;
    } else if (strcmp(what, "ids") == 0) {
        f->query.ids = f->ids;
        f->query.n_ids = f->n_ids;
    } else if (strcmp(what, "also") == 0) {
        f->query.also = f->ids;
        f->query.n_also = f->n_ids;
    } else {
        usage();
    }
    print_ids(f);
}

int main(int argc, char **argv)
{
    static struct asked_facts f;
    struct store_info         info;
    const char               *what;
    int64_t                   began;
    int                       i = 3;

    if (argc < 4)
        usage();
    thread_block_signals();
    f.err = ERR_INIT;
    f.conf = (struct store_conf){ .url = argv[1], .jobs = 2, .stop = &f.stop };
    f.conf.search.indices.items = f.indices;
    f.query.child_types.items = f.types;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        f.time = f.time || strcmp(argv[i], "--time") == 0;
        if (strcmp(argv[i], "--time") != 0 &&
            (i + 1 == argc || !take_option(&f, argv[i], argv[i + 1])))
            usage();
        i += strcmp(argv[i], "--time") != 0;
    }
    if (i >= argc)
        usage();
    what = argv[i++];
    for (; i < argc && f.n_ids < STORE_MAX_IDS; i++)
        f.ids[f.n_ids++] = slice_str(argv[i]);
    f.layout = layout_file(argv[2]);
    must(&f, store_open(&f.conf, &f.store, &f.err));
    must(&f, f.store->describe(f.store, &info, &f.err));
    must(&f, f.store->use(f.store, f.layout, &f.err));
    began = clock_mono_ns();
    answer(&f, what);
    if (f.time)
        (void)fprintf(stderr, "%.3f s\n", (double)(clock_mono_ns() - began) / 1e9);
    f.store->close(f.store);
    layout_free(f.layout);
    return 0;
}
