/*
 * test_topic_overrides.c - topics that Kestra's configuration names or shapes otherwise.
 */
#include "tests/support/test.h"

#include "cli/topic_overrides.h"
#include "tests/support/layout_files.h"

struct fixture {
    struct kestra_config  *kc;
    struct topic_overrides o;
    struct err             err;
};

static int set_up(void **state)
{
    struct fixture *f = mem_alloc(sizeof(*f));

    f->kc = kestra_config_new();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;

    kestra_config_free(f->kc);
    mem_free(f);
    return 0;
}

static void add(struct fixture *f, const char *text)
{
    if (!kestra_config_add(f->kc, slice_str(text), "a.yml", &f->err))
        fail_msg("%s", f->err.msg);
}

static void topics_get_the_names_and_shapes_of_the_file(void **state)
{
    struct fixture            *f = *state;
    struct layout             *l = layout_file("I");
    const struct topic_layout *t;
    size_t                     n;

    add(f, "kestra:\n  kafka:\n    defaults:\n"
           "      topic: {partitions: 3, properties: {cleanup.policy: x, own: y}}\n"
           "      topics: {flow: {name: documented, partitions: 7}}\n"
           "    topics:\n"
           "      execution: {name: '${kestra.kafka.defaults.topic-prefix}e', "
           "replicationFactor: 2, properties: {retention.ms: '5', new: z}}\n"
           "      flow: {name: f}\n"
           "      metrics: {name: unknown}\n");
    assert_true(topic_overrides_read(f->kc, &f->o, &f->err));
    n = layout_topic_of(l, KIND_EXECUTION)->n_configs;
    assert_true(topic_overrides_apply(&f->o, l, "kestra_", "kestra_", &f->err));
    assert_int_equal(l->partitions, 3);
    t = layout_topic_of(l, KIND_EXECUTION);
    assert_string_equal(t->name, "kestra_e");
    assert_false(t->assumed);
    assert_true(layout_topic_of(l, KIND_TRIGGER)->assumed);
    assert_int_equal(t->replication, 2);
    assert_int_equal(t->partitions, 0);
    assert_int_equal(t->n_configs, n + 2);
    for (size_t i = 0; i < t->n_configs; i++)
        if (strcmp(t->configs[i].name, "cleanup.policy") == 0)
            assert_string_equal(t->configs[i].value, "compact");
        else if (strcmp(t->configs[i].name, "retention.ms") == 0)
            assert_string_equal(t->configs[i].value, "5");
    t = layout_topic_of(l, KIND_FLOW);
    assert_string_equal(t->name, "f");
    assert_int_equal(t->partitions, 7);
    layout_free(l);
}

static void two_topics_of_one_name_are_refused(void **state)
{
    struct fixture *f = *state;
    struct layout  *l = layout_file("A");

    add(f, "kestra: {kafka: {topics: {flow: {name: t_execution}}}}\n");
    assert_true(topic_overrides_read(f->kc, &f->o, &f->err));
    assert_true(topic_overrides_apply(&f->o, l, "kestra_", "kestra_", &f->err));
    assert_false(topic_overrides_apply(&f->o, l, "t_", "kestra_", &f->err));
    assert_non_null(strstr(f->err.msg, "would be one topic, t_execution"));
    layout_free(l);
}

static void a_number_of_partitions_is_checked(void **state)
{
    static const char *const values[] = { "0", "-1", "x", "100001", "1.5" };
    struct fixture          *f = *state;

    for (size_t i = 0; i < COUNT_OF(values); i++) {
        char text[200];

        (void)snprintf(text, sizeof(text), "kestra.kafka.topics.flow.partitions: %s\n", values[i]);
        add(f, text);
        assert_false(topic_overrides_read(f->kc, &f->o, &f->err));
        assert_non_null(strstr(f->err.msg, ":1: partitions is no number between 1 and 100000"));
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(topics_get_the_names_and_shapes_of_the_file),
        TEST(two_topics_of_one_name_are_refused),
        TEST(a_number_of_partitions_is_checked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
