/*
 * command_mask.c - mask: one document, before and after the rules. Asks no server.
 */
#include "cli/commands.h"
#include "cli/say.h"
#include "cli/shown.h"
#include "cli/staging_options.h"
#include "cli/staging_text.h"

#include <unistd.h>

#define DOCUMENT_MAX_BYTES ((size_t)64 << 20)
#define DEFAULT_BAND       "J"
#define SHOWN_PATH         200

static bool read_document(struct buf *out, struct err *err)
{
    char    chunk[1u << 16];
    ssize_t n;

    while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
        if (!buf_append(out, slice_of(chunk, (size_t)n)))
            return err_set(err, ERR_USAGE, "the document has more than %zu bytes",
                           DOCUMENT_MAX_BYTES);
    if (n < 0)
        return err_set(err, ERR_USAGE, "the document cannot be read from stdin");
    return true;
}

static enum kind kind_named(const char *name)
{
    for (int k = 0; k < KIND_COUNT; k++)
        if (strcmp(kind_name((enum kind)k), name) == 0)
            return (enum kind)k;
    return KIND_COUNT;
}

/* By members that only one kind has. The document is proven to be JSON. */
static bool guess_kind(const struct config *c, struct slice doc, enum kind *out, struct err *err)
{
    static const struct json_path paths[] = {
        { "triggerId", NULL }, { "state", NULL }, { "tasks", NULL }, { "revision", NULL }
    };
    struct json_value found[COUNT_OF(paths)];

    if (!json_find(doc, paths, COUNT_OF(paths), JSON_FIND_ALL, found, err)) {
        err->kind = ERR_USAGE;
        (void)err_wrap(err, "the document on stdin");
        return err_hint(err, "it has to be one JSON object, as the store has it");
    }
    if (c->mask_kind)
        *out = kind_named(c->mask_kind);
    else if (found[0].type != JSON_ABSENT)
        *out = KIND_TRIGGER;
    else if (found[1].type != JSON_ABSENT)
        *out = KIND_EXECUTION;
    else if (found[2].type != JSON_ABSENT)
        *out = found[3].type != JSON_ABSENT ? KIND_FLOW : KIND_TEMPLATE;
    else
        return err_set(err, ERR_USAGE, "the document is none that is known: say which with --kind");
    return true;
}

/* What becomes of the document: its value, or why there is none. */
static void after_json(struct json_writer *w, const struct projection *p)
{
    json_key(w, "outcome");
    json_put_str(w, p->outcome == PROJECT_RECORD ? "record" : reason_name(p->reason));
    json_key(w, "key");
    if (p->outcome == PROJECT_RECORD)
        json_put_text(w, p->record.key);
    else
        json_put_null(w);
    json_key(w, "after");
    if (p->outcome == PROJECT_RECORD)
        json_put_raw(w, p->record.value);
    else
        json_put_null(w);
}

static void after_text(const struct projection *p, struct buf *out)
{
    if (p->outcome != PROJECT_RECORD) {
        buf_add(out, "after:  %s: %s %s\n", p->outcome == PROJECT_LEFT_OUT ? "left out" : "skipped",
                reason_name(p->reason), p->detail);
        return;
    }
    buf_add(out, "key:    ");
    (void)!buf_append(out, p->record.key);
    buf_add(out, "\nafter:  ");
    (void)!buf_append(out, p->record.value);
    buf_add(out, "\n");
}

/* w NULL: as text. */
static void show(const struct document *doc, const struct projection *p, struct json_writer *w,
                 struct buf *out)
{
    if (!w) {
        buf_add(out, "before: ");
        (void)!buf_append(out, doc->value);
        buf_add(out, "\n");
        after_text(p, out);
        return;
    }
    json_open(w, '{');
    json_key(w, "kind");
    json_put_str(w, kind_name(p->record.kind));
    json_key(w, "before");
    json_put_raw(w, doc->value);
    after_json(w, p);
}

static struct slice trimmed(struct slice s)
{
    while (s.n > 0 && strchr(" \t\r\n", s.p[s.n - 1]))
        s.n--;
    return s;
}

/* The key that the store would have it under. */
static bool build_id(const struct layout *l, enum kind kind, struct slice doc, struct buf *id,
                     struct err *err)
{
    const struct key_template *t = &l->kinds[kind].key;
    struct json_path           paths[LAYOUT_MAX_KEY_PARTS];
    struct json_value          found[LAYOUT_MAX_KEY_PARTS];

    for (size_t i = 0; i < t->n_parts; i++)
        paths[i] = (struct json_path){ t->parts[i].member, NULL };
    return json_find(doc, paths, t->n_parts, JSON_FIND_ALL, found, err) &&
           key_build(t, found, id, err);
}

/* Names that stay, in the order of the document; no value. */
static void put_left(void *ctx, const struct staging_left *left)
{
    struct buf *lines = ctx;

    buf_add(lines, "left:   ");
    shown_add(lines, slice_str(left->path), SHOWN_PATH);
    buf_add(lines, " (%s)\n", left->why);
}

/* The same projection as in a rebuild --executions all; what it counted comes with its end. */
static bool mask(const struct config *c, const struct layout *l, enum kind kind, struct slice value,
                 struct json_writer *w, struct buf *out, struct err *err)
{
    struct project_options options = { .executions = EXECUTIONS_ALL,
                                       .unlock = UNLOCK_ALL,
                                       .staging = c->scope.project.staging };
    struct buf             id = { 0 };
    struct document        doc = { .value = value };
    struct projection      p;
    struct projector      *projector;

    buf_init(&id, KEY_MAX_BYTES);
    if (!build_id(l, kind, value, &id, err)) {
        buf_release(&id);
        return err_wrap(err, "the document on stdin");
    }
    doc.id = buf_slice(&id);
    projector = projector_new(l, &options, NULL, NULL);
    project(projector, kind, &doc, &p);
    show(&doc, &p, w, out);
    projector_free(projector);
    buf_release(&id);
    return true;
}

static bool make(struct config *c, const struct layout *layout, struct slice doc, struct err *err)
{
    bool               json = strcmp(c->format, "json") == 0;
    struct json_writer w;
    struct buf         out = { 0 };
    struct buf         left = { 0 };
    enum kind          kind = KIND_COUNT;
    bool               ok;

    buf_init(&out, 4 * DOCUMENT_MAX_BYTES);
    buf_init(&left, DOCUMENT_MAX_BYTES);
    staging_on_left(c->scope.project.staging, put_left, &left);
    json_writer_init(&w, &out, false);
    ok = staging_bind(c->scope.project.staging, layout, err) && guess_kind(c, doc, &kind, err) &&
         mask(c, layout, kind, doc, json ? &w : NULL, &out, err);
    c->scope.kinds = KIND_BIT(kind);
    c->staging = c->operands.items[0];
    if (ok && json) {
        staging_json(c, NULL, &w);
        json_close(&w, '}');
        (void)json_writer_ok(&w);
        buf_add(&out, "\n");
    } else if (ok) {
        (void)!buf_append(&out, buf_slice(&left));
        staging_text(c, NULL, &out);
    }
    if (ok && !say_result(buf_slice(&out)))
        ok = err_set(err, ERR_OUTPUT, "the result cannot be written to stdout");
    buf_release(&left);
    buf_release(&out);
    return ok;
}

enum exit_status command_mask(struct config *conf)
{
    struct layout   *layout = NULL;
    struct buf       doc = { 0 };
    struct err       err = ERR_INIT;
    enum exit_status status = EXIT_DONE;
    char             why[160];

    buf_init(&doc, DOCUMENT_MAX_BYTES);
    if (!layouts_choose(conf->layout ? conf->layout : DEFAULT_BAND, NULL, NULL, &layout, why,
                        &err) ||
        !read_document(&doc, &err) || !make(conf, layout, trimmed(buf_slice(&doc)), &err))
        status = command_fail(&err);
    layout_free(layout);
    buf_release(&doc);
    return status;
}
