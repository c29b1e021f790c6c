/*
 * test_repair.c - what a repair reads, and what it decides to send.
 */
#include "tests/support/test.h"

#include "cli/repair.h"
#include "lib/base/file.h"
#include "lib/kestra/key.h"

#include <unistd.h>

#define PARTITIONS 16

/* ---- decisions ------------------------------------------------------------------------------ */

struct looks {
    enum kind kind;
    enum difference_class class;
    bool in_store;
    bool stray; /* the record shown is in another partition */
    bool newer;
};

static struct repair_decision decide(const struct looks *f, const struct repair_may *may)
{
    struct slice      key = SLICE("ns_id");
    int32_t           own = key_partition(key, PARTITIONS);
    struct difference d = { .kind = f->kind,
                            .class = f->class,
                            .key = key,
                            .table = f->in_store ? "table" : NULL,
                            .partition = f->stray ? (own + 1) % PARTITIONS : own,
                            .newer = f->newer };

    return repair_decide(&d, may);
}

#define MAY ((struct repair_may){ .partitions = PARTITIONS, .tombstones = true })

static void what_the_store_has_is_sent_for_every_kind_but_executions(void **state)
{
    static const enum difference_class sent[] = { DIFF_MISSING, DIFF_CHANGED, DIFF_STALE,
                                                  DIFF_MISPLACED, DIFF_UNDECODABLE };
    static const enum kind kinds[] = { KIND_FLOW_LAST, KIND_FLOW, KIND_TEMPLATE, KIND_TRIGGER };
    struct repair_may      may = MAY;

    (void)state;
    for (size_t k = 0; k < COUNT_OF(kinds); k++)
        for (size_t c = 0; c < COUNT_OF(sent); c++) {
            struct looks f = { .kind = kinds[k], .class = sent[c], .in_store = true };

            assert_int_equal(decide(&f, &may).action, REPAIR_SEND);
        }
}

static void of_executions_only_missing_ones_are_sent(void **state)
{
    struct repair_may may = MAY;

    (void)state;
    for (int c = 0; c < DIFF_CLASS_COUNT; c++)
        for (int in_store = 0; in_store < 2; in_store++) {
            struct looks f = { .kind = KIND_EXECUTION,
                               .class = (enum difference_class)c,
                               .in_store = in_store };
            bool         missing = c == DIFF_MISSING && in_store;

            if (c == DIFF_MISSING && !in_store)
                continue; /* there is no such thing */
            assert_int_equal(decide(&f, &may).action, missing ? REPAIR_SEND : REPAIR_KEEP);
            if (!missing)
                assert_int_equal(decide(&f, &may).why, REPAIR_WHY_EXECUTION);
        }
}

static void an_audit_names_executions_that_nothing_should_start(void **state)
{
    struct looks      f = { .kind = KIND_EXECUTION, .class = DIFF_MISSING, .in_store = true };
    struct repair_may may = MAY;

    (void)state;
    may.audit = true;
    assert_int_equal(decide(&f, &may).action, REPAIR_KEEP);
    assert_int_equal(decide(&f, &may).why, REPAIR_WHY_AUDIT);
    f.kind = KIND_TRIGGER;
    assert_int_equal(decide(&f, &may).action, REPAIR_SEND);
}

static void nothing_is_sent_over_a_topic_that_is_newer_than_the_store(void **state)
{
    static const enum difference_class classes[] = { DIFF_CHANGED, DIFF_MISPLACED };
    struct repair_may                  may = MAY;

    (void)state;
    for (size_t c = 0; c < COUNT_OF(classes); c++) {
        struct looks f = {
            .kind = KIND_FLOW_LAST, .class = classes[c], .in_store = true, .newer = true
        };

        assert_int_equal(decide(&f, &may).action, REPAIR_KEEP);
        assert_int_equal(decide(&f, &may).why, REPAIR_WHY_NEWER);
    }
}

static void
tombstones_are_for_extra_triggers_that_are_surely_gone_and_only_when_allowed(void **state)
{
    const struct looks gone = { .kind = KIND_TRIGGER, .class = DIFF_EXTRA };
    struct repair_may  may = MAY;

    (void)state;
    for (int k = 0; k < KIND_COUNT; k++) {
        struct looks f = { .kind = (enum kind)k, .class = DIFF_EXTRA };

        assert_int_equal(decide(&f, &may).action,
                         k == KIND_TRIGGER ? REPAIR_TOMBSTONE : REPAIR_KEEP);
    }
    for (int c = 0; c < DIFF_CLASS_COUNT; c++) {
        struct looks f = { .kind = KIND_TRIGGER, .class = (enum difference_class)c };

        if (c != DIFF_EXTRA && c != DIFF_MISSING)
            assert_int_equal(decide(&f, &may).action, REPAIR_KEEP);
    }
    may.unsure = true;
    assert_int_equal(decide(&gone, &may).why, REPAIR_WHY_UNSURE);
    may.tombstones = false;
    assert_int_equal(decide(&gone, &may).why, REPAIR_WHY_TOMBSTONE);
}

static void a_stray_record_is_reported_and_stays(void **state)
{
    struct repair_may may = MAY;
    struct looks      misplaced = {
             .kind = KIND_FLOW, .class = DIFF_MISPLACED, .in_store = true, .stray = true
    };
    struct looks broken = {
        .kind = KIND_FLOW, .class = DIFF_UNDECODABLE, .in_store = true, .stray = true
    };
    struct looks twice = {
        .kind = KIND_FLOW, .class = DIFF_DUPLICATED, .in_store = true, .stray = true
    };
    struct repair_decision d = decide(&misplaced, &may);

    (void)state;
    assert_int_equal(d.action, REPAIR_SEND);
    assert_int_equal(d.why, REPAIR_WHY_STRAY);
    d = decide(&broken, &may);
    assert_int_equal(d.action, REPAIR_KEEP);
    assert_int_equal(d.why, REPAIR_WHY_STRAY);
    d = decide(&twice, &may);
    assert_int_equal(d.action, REPAIR_KEEP);
    assert_int_equal(d.why, REPAIR_WHY_STRAY);
}

static void records_without_a_key_and_what_an_audit_explains_are_left(void **state)
{
    struct repair_may may = MAY;
    struct difference d = { .kind = KIND_FLOW, .class = DIFF_UNDECODABLE };

    (void)state;
    assert_int_equal(repair_decide(&d, &may).why, REPAIR_WHY_KEYLESS);
    d.key = SLICE("a\xc3");
    assert_int_equal(repair_decide(&d, &may).why, REPAIR_WHY_KEYLESS);
    assert_int_equal(repair_decide(&d, &may).action, REPAIR_KEEP);
    d = (struct difference){ .kind = KIND_TRIGGER,
                             .class = DIFF_MISSING,
                             .key = SLICE("k"),
                             .table = "triggers",
                             .explained = "trigger-tombstone" };
    assert_int_equal(repair_decide(&d, &may).action, REPAIR_KEEP);
    assert_int_equal(repair_decide(&d, &may).why, REPAIR_WHY_EXPLAINED);
}

static void every_reason_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (int w = 0; w < REPAIR_WHY_COUNT; w++) {
        assert_non_null(repair_why_name((enum repair_why)w));
        assert_non_null(repair_why_text((enum repair_why)w));
    }
}

/* ---- reading -------------------------------------------------------------------------------- */

static bool add(struct repair_list *l, const char *line, struct err *err)
{
    struct arena *scratch = arena_new(4096);
    bool          ok;

    *err = ERR_INIT;
    ok = repair_list_add(l, slice_str(line), scratch, err);
    arena_free(scratch);
    return ok;
}

#define LINE(kind, key, class, partition, offset)                                                  \
    "{\"kind\":\"" kind "\",\"key\":" key ",\"class\":\"" class "\",\"topic\":\"kestra_x\","       \
                                                                "\"partition\":" partition         \
                                                                ",\"offset\":" offset "}"

static struct repair_item *find(const struct repair_list *l, enum kind kind, struct slice key,
                                enum difference_class class, int32_t partition, int64_t offset)
{
    struct difference d = {
        .kind = kind, .class = class, .key = key, .partition = partition, .offset = offset
    };

    return repair_list_find(l, &d);
}

static void a_line_names_the_key_of_its_kind_whatever_its_class_is_now(void **state)
{
    struct repair_list  l = { 0 };
    struct err          err;
    struct repair_item *item;

    (void)state;
    assert_true(add(&l, LINE("flow", "\"a\\u00e9\\n_1\"", "missing", "3", "null"), &err));
    assert_true(add(&l, LINE("trigger", "\"t\"", "extra", "3", "7"), &err));
    assert_int_equal(l.n, 2);
    item = find(&l, KIND_FLOW, SLICE("a\xc3\xa9\n_1"), DIFF_CHANGED, 5, 9);
    assert_non_null(item);
    assert_int_equal(item->class, DIFF_MISSING);
    assert_int_equal(item->offset, -1);
    assert_null(find(&l, KIND_TRIGGER, SLICE("a\xc3\xa9\n_1"), DIFF_CHANGED, 5, 9));
    assert_null(find(&l, KIND_FLOW, SLICE("t"), DIFF_EXTRA, 3, 7));
    assert_null(find(&l, KIND_TEMPLATE, SLICE("t"), DIFF_EXTRA, 3, 7));
    repair_list_release(&l);
}

static void a_record_without_a_usable_key_is_named_by_its_place(void **state)
{
    struct repair_list l = { 0 };
    struct err         err;
    struct slice       none = { NULL, 0 };

    (void)state;
    assert_true(add(&l, LINE("flow", "null", "undecodable", "3", "7"), &err));
    assert_true(add(&l, LINE("flow", "\"a\xef\xbf\xbd\"", "undecodable", "3", "8"), &err));
    assert_true(add(&l, LINE("flow", "\"a\xef\xbf\xbd\"", "undecodable", "4", "8"), &err));
    assert_true(add(&l, LINE("flow", "\"good\"", "undecodable", "5", "8"), &err));
    assert_int_equal(l.n, 4);
    assert_int_equal(l.repeated, 0);
    assert_ptr_equal(find(&l, KIND_FLOW, none, DIFF_UNDECODABLE, 3, 7), &l.items[0]);
    assert_ptr_equal(find(&l, KIND_FLOW, SLICE("a\xc3"), DIFF_UNDECODABLE, 3, 8), &l.items[1]);
    assert_ptr_equal(find(&l, KIND_FLOW, SLICE("a\xc3"), DIFF_UNDECODABLE, 4, 8), &l.items[2]);
    assert_ptr_equal(find(&l, KIND_FLOW, SLICE("good"), DIFF_UNDECODABLE, 6, 1), &l.items[3]);
    assert_null(find(&l, KIND_FLOW, none, DIFF_UNDECODABLE, 3, 9));
    assert_null(find(&l, KIND_FLOW, none, DIFF_UNDECODABLE, 5, 8));
    repair_list_release(&l);
}

static void a_key_that_is_named_twice_counts_once(void **state)
{
    struct repair_list l = { 0 };
    struct err         err;

    (void)state;
    assert_true(add(&l, LINE("flow", "\"k\"", "missing", "3", "null"), &err));
    assert_true(add(&l, LINE("flow", "\"k\"", "changed", "3", "1"), &err));
    assert_true(add(&l, LINE("flow", "null", "undecodable", "3", "7"), &err));
    assert_true(add(&l, LINE("flow", "null", "undecodable", "3", "7"), &err));
    assert_int_equal(l.n, 2);
    assert_int_equal(l.repeated, 2);
    repair_list_release(&l);
}

static void a_line_that_is_no_difference_is_refused(void **state)
{
    static const struct {
        const char *line;
        const char *says;
    } bad[] = {
        { "", "" },
        { "{", "" },
        { "[]", "no JSON object" },
        { "{}", "no kind" },
        { LINE("flows", "\"k\"", "missing", "1", "1"), "no kind" },
        { LINE("flow", "\"k\"", "gone", "1", "1"), "no class" },
        { LINE("flow", "\"k\"", "missing", "-1", "1"), "no partition" },
        { LINE("flow", "\"k\"", "missing", "2147483648", "1"), "no partition" },
        { LINE("flow", "\"k\"", "missing", "1.5", "1"), "no partition" },
        { LINE("flow", "\"k\"", "missing", "\"1\"", "1"), "no partition" },
        { LINE("flow", "\"k\"", "missing", "1", "-2"), "offset" },
        { LINE("flow", "\"k\"", "missing", "1", "99999999999999999999"), "offset" },
        { LINE("flow", "null", "missing", "1", "1"), "no key" },
        { LINE("flow", "7", "missing", "1", "1"), "no key" },
        { LINE("flow", "null", "undecodable", "1", "null"), "no key" },
        { "{\"kind\":\"flow\",\"key\":\"k\",\"class\":\"missing\",\"partition\":1}", "no topic" },
        { "{\"kind\":\"flow\",\"key\":\"k\",\"class\":\"missing\",\"partition\":1,\"topic\":\"\"}",
          "no topic" },
        { "{\"kind\":\"flow\",\"key\":\"k\",\"class\":\"missing\",\"partition\":1,\"topic\":\"y\"}",
          "lines before it are of kestra_x" },
    };
    struct repair_list l = { 0 };
    struct err         err;

    (void)state;
    assert_true(add(&l, LINE("flow", "\"first\"", "missing", "3", "null"), &err));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_false(add(&l, bad[i].line, &err));
        assert_int_equal(err.kind, ERR_USAGE);
        if (!strstr(err.msg, bad[i].says))
            fail_msg("%s: %s", bad[i].line, err.msg);
    }
    assert_int_equal(l.n, 1);
    repair_list_release(&l);
}

/* ---- files and counts ----------------------------------------------------------------------- */

static void write_file(const char *path, const char *text)
{
    struct outfile *f = NULL;
    struct err      err = ERR_INIT;

    assert_true(outfile_open(path, &f, &err));
    assert_true(outfile_write(f, slice_str(text), &err));
    assert_true(outfile_close(f, &err));
}

static void a_bad_line_is_told_with_file_and_number(void **state)
{
    char               folder[] = "/tmp/requeue-repair.XXXXXX";
    char               path[64];
    struct repair_list l;
    struct err         err = ERR_INIT;
    char               where[80];

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof(path), "%s/r.differences.jsonl", folder);
    write_file(path, LINE("flow", "\"k\"", "missing", "3", "null") "\n{\"kind\":7}\n");
    assert_false(repair_list_read(path, &l, &err));
    repair_list_release(&l);
    (void)snprintf(where, sizeof(where), "%s:2: has no kind", path);
    assert_non_null(strstr(err.msg, where));
    assert_int_equal(err.kind, ERR_USAGE);

    write_file(path, "");
    assert_true(repair_list_read(path, &l, &err));
    assert_int_equal(l.n, 0);
    repair_list_release(&l);
    (void)unlink(path);
    assert_false(repair_list_read(path, &l, &err));
    assert_int_equal(err.kind, ERR_USAGE);
    repair_list_release(&l);
    (void)rmdir(folder);
}

static void the_report_is_looked_for_beside_its_lines(void **state)
{
    char  folder[] = "/tmp/requeue-repair.XXXXXX";
    char  lines[80];
    char  report[64];
    char *found;

    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(lines, sizeof(lines), "%s/r.differences.jsonl", folder);
    (void)snprintf(report, sizeof(report), "%s/r.json", folder);
    assert_null(repair_report_of(lines));
    write_file(report, "{}");
    found = repair_report_of(lines);
    assert_string_equal(found, report);
    mem_free(found);
    (void)unlink(report);
    report[strlen(report) - 5] = '\0';
    write_file(report, "{}");
    found = repair_report_of(lines);
    assert_string_equal(found, report);
    mem_free(found);
    assert_null(repair_report_of(report));
    assert_null(repair_report_of(".differences.jsonl"));
    (void)unlink(report);
    (void)rmdir(folder);
}

static void counts_tell_what_is_sent_what_was_right_and_what_stays(void **state)
{
    struct repair_list   l = { 0 };
    struct err           err;
    struct repair_counts c;

    (void)state;
    assert_true(add(&l, LINE("flow", "\"a\"", "missing", "3", "null"), &err));
    assert_true(add(&l, LINE("flow", "\"b\"", "missing", "3", "null"), &err));
    assert_true(add(&l, LINE("flow", "\"c\"", "extra", "3", "1"), &err));
    assert_true(add(&l, LINE("flow", "\"d\"", "misplaced", "3", "1"), &err));
    l.items[1].differs = true;
    l.items[1].decision.action = REPAIR_SEND;
    l.items[2].differs = l.items[2].stays = true;
    l.items[2].decision.why = REPAIR_WHY_EXTRA;
    l.items[3].differs = l.items[3].stays = true;
    l.items[3].decision = (struct repair_decision){ REPAIR_SEND, REPAIR_WHY_STRAY };
    c = repair_count(&l, KIND_FLOW, DIFF_MISSING);
    assert_int_equal(c.named, 2);
    assert_int_equal(c.right, 1);
    assert_int_equal(c.send, 1);
    assert_int_equal(c.stay, 0);
    c = repair_count(&l, KIND_COUNT, DIFF_CLASS_COUNT);
    assert_int_equal(c.named, 4);
    assert_int_equal(c.send, 2);
    assert_int_equal(c.kept, 1);
    assert_int_equal(c.stay, 2);
    for (int executed = 0; executed < 2; executed++) {
        assert_int_equal(repair_left(&l, KIND_FLOW, REPAIR_WHY_EXTRA, executed), 1);
        assert_int_equal(repair_left(&l, KIND_FLOW, REPAIR_WHY_STRAY, executed), 1);
        assert_int_equal(repair_left(&l, KIND_FLOW, REPAIR_WHY_NONE, executed), 0);
        assert_int_equal(repair_left(&l, KIND_TRIGGER, REPAIR_WHY_EXTRA, executed), 0);
    }
    repair_list_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_store_has_is_sent_for_every_kind_but_executions),
        cmocka_unit_test(of_executions_only_missing_ones_are_sent),
        cmocka_unit_test(an_audit_names_executions_that_nothing_should_start),
        cmocka_unit_test(nothing_is_sent_over_a_topic_that_is_newer_than_the_store),
        cmocka_unit_test(
            tombstones_are_for_extra_triggers_that_are_surely_gone_and_only_when_allowed),
        cmocka_unit_test(a_stray_record_is_reported_and_stays),
        cmocka_unit_test(records_without_a_key_and_what_an_audit_explains_are_left),
        cmocka_unit_test(every_reason_has_a_name_and_a_text),
        cmocka_unit_test(a_line_names_the_key_of_its_kind_whatever_its_class_is_now),
        cmocka_unit_test(a_record_without_a_usable_key_is_named_by_its_place),
        cmocka_unit_test(a_key_that_is_named_twice_counts_once),
        cmocka_unit_test(a_line_that_is_no_difference_is_refused),
        cmocka_unit_test(a_bad_line_is_told_with_file_and_number),
        cmocka_unit_test(the_report_is_looked_for_beside_its_lines),
        cmocka_unit_test(counts_tell_what_is_sent_what_was_right_and_what_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
