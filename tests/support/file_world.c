#include "tests/support/file_world.h"

#include "lib/store/pipeline.h"
#include "tests/support/layout_files.h"
#include "tests/support/test.h"

static bool keep(struct sink *s, const struct record *rec, enum reason *refused, struct err *err)
{
    struct keeper *k = (struct keeper *)s;

    (void)refused;
    (void)err;
    return buf_append(&k->text, rec->key) && buf_append_char(&k->text, '=') &&
           buf_append(&k->text, rec->value) && buf_append_char(&k->text, '\n');
}

static void note_skip(void *ctx, const char *place, const struct document *doc,
                      const struct projection *p)
{
    struct file_world *w = ctx;

    buf_add(&w->keeper.text, "! %s/%.*s: %s\n", place, SLICE_ARG(doc->id), reason_name(p->reason));
}

int file_world_setup(void **state)
{
    struct file_world *w = mem_alloc(sizeof(*w));

    dump_file_init(&w->file);
    w->layout = layout_file("I");
    w->layout->index_prefix = "kestra_";
    w->layout->kinds[KIND_FLOW].index = "{index_prefix}flows_revisions";
    w->layout->kinds[KIND_FLOW].source_member = "sourceCode";
    w->layout->kinds[KIND_TEMPLATE].index = "{index_prefix}templates";
    w->layout->kinds[KIND_TRIGGER].index = "{index_prefix}triggers";
    w->layout->kinds[KIND_EXECUTION].index = "{index_prefix}executions";
    w->conf.url = w->file.url;
    w->options = (struct project_options){ .executions = EXECUTIONS_PENDING };
    w->query = (struct store_query){ .kind = KIND_EXECUTION, .executions = EXECUTIONS_PENDING };
    w->keeper.sink.put = keep;
    buf_init(&w->keeper.text, (size_t)1 << 30);
    *state = w;
    return 0;
}

static void close_store(struct file_world *w)
{
    if (w->store)
        w->store->close(w->store);
    w->store = NULL;
}

int file_world_teardown(void **state)
{
    struct file_world *w = *state;

    close_store(w);
    layout_free(w->layout);
    dump_file_release(&w->file);
    buf_release(&w->keeper.text);
    mem_free(w);
    return 0;
}

void file_world_hit(struct file_world *w, const char *index, const char *id, const char *source)
{
    dump_file_hit(&w->file, index, id, source);
}

void file_world_execution(struct file_world *w, const char *index, const char *id,
                          const char *state, const char *date)
{
    char json[512];

    (void)snprintf(json, sizeof(json),
                   "{\"id\":\"%s\",\"namespace\":\"io.kestra\",\"flowId\":\"f\",\"flowRevision\":1,"
                   "\"state\":{\"current\":\"%s\",\"startDate\":\"%s\",\"duration\":90.000000000,"
                   "\"histories\":[{\"state\":\"%s\",\"date\":\"%s\"}]},\"deleted\":false}",
                   id, state, date, state, date);
    file_world_hit(w, index, id, json);
}

bool file_world_open(struct file_world *w)
{
    close_store(w);
    w->err = ERR_INIT;
    return store_open(&w->conf, &w->store, &w->err) && w->store->use(w->store, w->layout, &w->err);
}

void file_world_must(struct file_world *w, bool ok)
{
    if (!ok)
        fail_msg("%s", w->err.msg);
}

bool file_world_run(struct file_world *w)
{
    struct projector *p = projector_new(w->layout, &w->options, NULL, NULL);
    struct pipeline   pipeline = { .store = w->store,
                                   .query = &w->query,
                                   .projector = p,
                                   .jobs = 4,
                                   .sink = &w->keeper.sink,
                                   .tally = &w->tally,
                                   .on_skip = note_skip,
                                   .ctx = w };
    bool              ok;

    buf_clear(&w->keeper.text);
    w->tally = (struct tally){ 0 };
    ok = pipeline_run(&pipeline, &w->err);
    projector_free(p);
    return ok;
}

const char *file_world_records(struct file_world *w, enum kind kind)
{
    w->query.kind = kind;
    file_world_must(w, file_world_run(w));
    return w->keeper.text.n > 0 ? w->keeper.text.p : "";
}

void file_world_written(struct file_world *w)
{
    dump_file_write(&w->file, SIZE_MAX);
    file_world_must(w, file_world_open(w));
}

void file_world_fails(struct file_world *w, const char *why)
{
    bool ok = file_world_open(w) && file_world_run(w);

    assert_false(ok);
    assert_int_equal(w->err.kind, ERR_STORE);
    if (!strstr(w->err.msg, why))
        fail_msg("\"%s\" does not say \"%s\"", w->err.msg, why);
}

struct store_counts file_world_count(struct file_world *w, enum kind kind)
{
    struct store_counts c;

    w->query.kind = kind;
    file_world_must(w, w->store->count(w->store, &w->query, &c, &w->err));
    return c;
}

bool text_begins(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}
