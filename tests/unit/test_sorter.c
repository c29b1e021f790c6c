/* test_sorter.c - any number of records in a bounded memory: against a plain model, and full disks.
 */
#include "tests/support/test.h"

#include "lib/base/buf.h"
#include "lib/base/mem.h"
#include "lib/base/sorter.h"

#include <dirent.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>

/* A record of the tests: sums are combined, the text is compared. */
struct item {
    uint64_t sum;
    uint64_t times;
};

static struct slice text_in(struct slice data)
{
    return slice_of(data.p + sizeof(struct item), data.n - sizeof(struct item));
}

static int order_items(struct slice a, struct slice b)
{
    struct slice x = text_in(a);
    struct slice y = text_in(b);
    size_t       n = x.n < y.n ? x.n : y.n;
    int          order = n > 0 ? memcmp(x.p, y.p, n) : 0;

    return order != 0 ? order : (x.n > y.n) - (x.n < y.n);
}

static void add_items(char *into, struct slice other)
{
    struct item a;
    struct item b;

    memcpy(&a, into, sizeof(a));
    memcpy(&b, other.p, sizeof(b));
    a.sum += b.sum;
    a.times += b.times;
    memcpy(into, &a, sizeof(a));
}

struct box {
    struct spill   spill;
    struct sorter *sorter;
    struct err     err;
};

static const char *temporary(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *dir = getenv("TMPDIR");

    return dir ? dir : "/tmp";
}

static void open_box(struct box *b, size_t memory, bool combine)
{
    struct sorter_conf conf = { .memory = memory,
                                .spill = &b->spill,
                                .order = order_items,
                                .combine = combine ? add_items : NULL };

    *b = (struct box){ .spill = { .dir = temporary() } };
    b->sorter = sorter_new(&conf);
}

static bool put(struct box *b, uint64_t rank, struct slice text, uint64_t sum)
{
    struct item i = { sum, 1 };

    return sorter_put(b->sorter, rank, slice_of((const char *)&i, sizeof(i)), text, &b->err);
}

static void close_box(struct box *b)
{
    sorter_free(b->sorter);
    assert_int_equal(b->spill.bytes, 0);
}

static void nothing_put_gives_nothing(void **state)
{
    struct box    b;
    struct ranked r;

    (void)state;
    open_box(&b, 0, true);
    for (int i = 0; i < 2; i++) {
        assert_true(sorter_rewind(b.sorter, &b.err));
        assert_true(sorter_next(b.sorter, &r, &b.err));
        assert_null(r.data.p);
    }
    close_box(&b);
    sorter_free(NULL);
}

static void what_fits_touches_no_disk(void **state)
{
    struct box    b;
    struct ranked r;

    (void)state;
    open_box(&b, 1u << 20, true);
    b.spill.dir = "/nonexistent";
    for (uint64_t i = 0; i < 5000; i++)
        assert_true(put(&b, i * 0x9e3779b97f4a7c15u, SLICE("x"), 1));
    assert_true(sorter_rewind(b.sorter, &b.err));
    for (uint64_t last = 0, i = 0; i < 5000; i++, last = r.rank) {
        assert_true(sorter_next(b.sorter, &r, &b.err) && r.data.p);
        assert_true(r.rank >= last);
    }
    assert_int_equal(b.spill.runs, 0);
    close_box(&b);
}

/* ---- against a model ----------------------------------------------------------------------- */

#define TEXTS 3000

struct model {
    uint64_t sums[TEXTS];
    uint64_t times[TEXTS];
    char     texts[TEXTS][40];
    uint64_t ranks[TEXTS];
};

/* Few ranks, so that texts have to tell records apart; some long, some short, some empty. */
static void make_model(struct model *m, uint64_t *rand)
{
    for (size_t i = 0; i < TEXTS; i++) {
        (void)snprintf(m->texts[i], sizeof(m->texts[i]), "%zu;%.*s", i, (int)test_below(rand, 30),
                       "------------------------------");
        m->ranks[i] = test_below(rand, 3) == 0 ? test_below(rand, 4) : test_rand(rand);
        m->sums[i] = m->times[i] = 0;
    }
}

static void fill(struct box *b, struct model *m, size_t n, uint64_t *rand)
{
    for (size_t i = 0; i < n; i++) {
        size_t   k = test_below(rand, TEXTS);
        uint64_t sum = test_below(rand, 1000);

        m->sums[k] += sum;
        m->times[k]++;
        assert_true(put(b, m->ranks[k], slice_str(m->texts[k]), sum));
    }
}

/* Everything comes out in order, with the model's sums: each once, or in all its pieces. */
static void check(struct box *b, const struct model *m, bool combined)
{
    static uint64_t sums[TEXTS], times[TEXTS];
    struct ranked   r;
    struct buf      last = { 0 };
    uint64_t        last_rank = 0;

    memset(sums, 0, sizeof(sums));
    memset(times, 0, sizeof(times));
    buf_init(&last, 4096);
    assert_true(sorter_rewind(b->sorter, &b->err));
    while (sorter_next(b->sorter, &r, &b->err) && r.data.p) {
        struct slice text = text_in(r.data);
        struct item  i;
        size_t       k = (size_t)strtoul(text.p, NULL, 10);
        int          order = last.n > 0 ? order_items(r.data, buf_slice(&last)) : 1;

        assert_true(slice_eq(text, slice_str(m->texts[k])));
        assert_int_equal(r.rank, m->ranks[k]);
        assert_true(r.rank > last_rank || order > 0 || (!combined && order == 0));
        memcpy(&i, r.data.p, sizeof(i));
        sums[k] += i.sum;
        times[k] += i.times;
        last_rank = r.rank;
        buf_clear(&last);
        assert_true(buf_append(&last, r.data));
    }
    assert_int_equal(b->err.kind, ERR_NONE);
    assert_memory_equal(sums, m->sums, sizeof(sums));
    assert_memory_equal(times, m->times, sizeof(times));
    buf_release(&last);
}

static void one_round(uint64_t *rand, size_t most)
{
    static struct model m;
    struct box          b;
    bool                combine = test_below(rand, 2);

    open_box(&b, test_below(rand, 3) == 0 ? 1u << 22 : 0, combine);
    make_model(&m, rand);
    fill(&b, &m, test_below(rand, most), rand);
    check(&b, &m, combine);
    if (test_below(rand, 2))
        sorter_rest(b.sorter);
    check(&b, &m, combine); /* once more */
    fill(&b, &m, test_below(rand, most / 4), rand);
    check(&b, &m, combine); /* and after more was put */
    close_box(&b);
}

static void random_records_come_out_in_order_as_a_model_says(void **state)
{
    uint64_t rand = test_seed();

    (void)state;
    for (int i = 0; i < 40; i++)
        one_round(&rand, 20000);
}

/* 64 KB a run: more than SORTER_FAN_IN of them. */
static void many_runs_are_merged_into_few(void **state)
{
    static struct model m;
    uint64_t            rand = test_seed();
    struct box          b;

    (void)state;
    open_box(&b, 0, false);
    make_model(&m, &rand);
    fill(&b, &m, 60000, &rand);
    assert_true(b.spill.runs > SORTER_FAN_IN);
    check(&b, &m, false);
    assert_true(b.spill.peak < 2 * b.spill.bytes);
    close_box(&b);
}

static void memory_is_no_more_than_was_given(void **state)
{
    struct box b;

    (void)state;
    open_box(&b, 100000, true);
    for (uint64_t i = 0; i < 20000; i++)
        assert_true(put(&b, i * 0x9e3779b97f4a7c15u, SLICE("some key of some length"), 1));
    assert_true(b.spill.runs > 0);
    assert_true(sorter_bytes(b.sorter) <= 100000);
    close_box(&b);
}

static void a_record_larger_than_all_memory_is_sorted_too(void **state)
{
    struct box    b;
    struct ranked r;
    char         *huge = mem_alloc(300000);

    (void)state;
    open_box(&b, 0, true);
    memset(huge, 'h', 300000);
    for (uint64_t i = 10; i > 0; i--) {
        assert_true(put(&b, i, SLICE("small"), 1));
        assert_true(put(&b, i, slice_of(huge, 300000), i));
    }
    assert_true(sorter_rewind(b.sorter, &b.err));
    for (uint64_t i = 1; i <= 10; i++) {
        assert_true(sorter_next(b.sorter, &r, &b.err));
        assert_int_equal(r.rank, i);
        assert_true(slice_eq(text_in(r.data), slice_of(huge, 300000)));
        assert_true(sorter_next(b.sorter, &r, &b.err));
        assert_true(slice_eq(text_in(r.data), SLICE("small")));
    }
    mem_free(huge);
    close_box(&b);
}

/* ---- the disk ------------------------------------------------------------------------------ */

static size_t files_in(const char *dir)
{
    DIR   *d = opendir(dir);
    size_t n = 0;

    assert_non_null(d);
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): one thread */
    for (const struct dirent *e; (e = readdir(d));)
        n += e->d_name[0] != '.' ? 1 : 0;
    (void)closedir(d);
    return n;
}

static void runs_have_no_name(void **state)
{
    char       dir[] = "/tmp/requeue-sorter-XXXXXX";
    struct box b;

    (void)state;
    assert_non_null(mkdtemp(dir));
    open_box(&b, 0, true);
    b.spill.dir = dir;
    for (uint64_t i = 0; i < 10000; i++)
        assert_true(put(&b, i, SLICE("key"), 1));
    assert_true(b.spill.runs > 0);
    assert_int_equal(files_in(dir), 0);
    close_box(&b);
    assert_int_equal(rmdir(dir), 0);
}

static void a_folder_that_is_not_there_is_named(void **state)
{
    struct spill s = { .dir = "/nonexistent/folder" };
    struct err   err = ERR_INIT;

    (void)state;
    assert_false(spill_check(&s, &err));
    assert_int_equal(err.kind, ERR_OUTPUT);
    assert_non_null(strstr(err.msg, "/nonexistent/folder"));
    assert_non_null(strstr(err.hint, "--tmp"));
}

static bool put_until_it_fails(struct box *b, uint64_t n)
{
    b->spill.expected = n;
    for (uint64_t i = 0; i < n; i++)
        if (!put(b, i * 0x9e3779b97f4a7c15u, SLICE("a key of twenty-two by"), 1))
            return false;
    return true;
}

/* Every write fails at once, as on a disk that has no block left. */
static void a_full_disk_names_the_folder_and_what_would_be_enough(void **state)
{
    const struct rlimit full = { 100000, RLIM_INFINITY };
    const struct rlimit none = { RLIM_INFINITY, RLIM_INFINITY };
    struct box          b;
    const uint64_t      n = 1000000;

    (void)state;
    open_box(&b, 1u << 20, true);
    assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    assert_false(put_until_it_fails(&b, n));
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
    assert_int_equal(b.err.kind, ERR_OUTPUT);
    assert_non_null(strstr(b.err.msg, b.spill.dir));
    /* 16 bytes of head, 16 of item, 22 of text; twice, because runs are merged. */
    assert_int_equal(spill_enough(&b.spill), n * 54 * 2);
    assert_non_null(strstr(b.err.hint, "about 103.0 M are enough"));
    close_box(&b);

    open_box(&b, 1u << 20, true);
    assert_true(put_until_it_fails(&b, n));
    assert_true(sorter_rewind(b.sorter, &b.err));
    assert_true(b.spill.peak <= spill_enough(&b.spill)); /* it was enough */
    close_box(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_put_gives_nothing),
        cmocka_unit_test(what_fits_touches_no_disk),
        cmocka_unit_test(random_records_come_out_in_order_as_a_model_says),
        cmocka_unit_test(many_runs_are_merged_into_few),
        cmocka_unit_test(memory_is_no_more_than_was_given),
        cmocka_unit_test(a_record_larger_than_all_memory_is_sorted_too),
        cmocka_unit_test(runs_have_no_name),
        cmocka_unit_test(a_folder_that_is_not_there_is_named),
        cmocka_unit_test(a_full_disk_names_the_folder_and_what_would_be_enough),
    };

    return cmocka_run_group_tests_name("sorter", tests, NULL, NULL);
}
