/*
 * executions.c - a run's list of executions: counted, written, shown.
 */
#include "cli/executions.h"

#include "cli/say.h"

#define LINE_LIMIT  (256u << 20) /* of a JSON line */
#define SHOWN_LIMIT (16u << 20)  /* text for the screen, all of it */
#define SHOWN_ENTRY (32u << 10)  /* room that one entry may need */
#define OUT_CHUNK   (64u << 10)  /* JSON lines go to stdout in such pieces */

void executions_init(struct executions_list *x, const struct recover_options *recover)
{
    memset(x, 0, sizeof(*x));
    x->recover = *recover;
    buf_init(&x->shown, SHOWN_LIMIT);
    buf_init(&x->line, LINE_LIMIT);
    buf_init(&x->out, LINE_LIMIT + OUT_CHUNK);
}

void executions_release(struct executions_list *x)
{
    mem_free(x->lines_name);
    mem_free(x->originals_name);
    buf_release(&x->shown);
    buf_release(&x->line);
    buf_release(&x->out);
}

/* A document as part of a line: its line feeds, which can only be between tokens, become blanks. */
static void put_document(struct outfile *f, struct slice doc)
{
    while (doc.n > 0) {
        size_t n = 0;

        while (n < doc.n && doc.p[n] != '\n' && doc.p[n] != '\r')
            n++;
        outfile_put(f, slice_of(doc.p, n));
        if (n < doc.n)
            outfile_put(f, SLICE(" "));
        n += n < doc.n ? 1 : 0;
        doc = slice_of(doc.p + n, doc.n - n);
    }
}

/* {"id":…,"value":…}: written in pieces, a document may be large. */
static void keep_original(struct outfile *f, struct slice id, struct slice doc)
{
    struct buf         head = { 0 };
    struct json_writer w;

    buf_init(&head, LINE_LIMIT);
    json_writer_init(&w, &head, false);
    json_open(&w, '{');
    json_key(&w, "id");
    json_put_text(&w, id);
    json_key(&w, "value");
    outfile_put(f, buf_slice(&head));
    put_document(f, doc);
    outfile_put(f, SLICE("}\n"));
    buf_release(&head);
}

static bool is_wanted(const struct executions_list *x, const struct judgement *j)
{
    if (x->verdicts && (j->ended || !(x->verdicts & 1u << j->finding.verdict)))
        return false;
    if (x->leave_resuming && !j->ended && j->finding.verdict == VERDICT_RESUMES)
        return false;
    return !x->codes || x->codes & j->finding.codes;
}

static void write_out(struct executions_list *x)
{
    if (!x->out_failed && x->out.n > 0)
        x->out_failed = !say_result(buf_slice(&x->out));
    buf_clear(&x->out);
}

static void show(struct executions_list *x, const struct execution_line *l)
{
    x->matched++;
    if (x->to_stdout) {
        if (!buf_append(&x->out, buf_slice(&x->line)) || x->out.n >= OUT_CHUNK)
            write_out(x);
        return;
    }
    if (x->n_shown >= x->max_shown || x->shown.n + SHOWN_ENTRY > SHOWN_LIMIT)
        return;
    x->n_shown++;
    execution_text(l, &x->shown);
}

/* By code, so that none is missing on the page; what has no code is one sort more. */
static void put_on_page(struct page *p, const struct execution_line *l)
{
    uint64_t   sorts = l->j->finding.codes ? l->j->finding.codes : CODE_BIT(CODE_COUNT);
    struct buf line;

    _Static_assert((int)CODE_COUNT < PAGE_SORTS, "a sort is a bit");
    if (!p || !page_has_room(p, PAGE_EXECUTIONS, sorts))
        return;
    buf_init(&line, PAGE_LINE_MAX);
    execution_json_short(l, &line);
    page_take(p, PAGE_EXECUTIONS, sorts, buf_slice(&line));
    buf_release(&line);
}

void execution_note(struct executions_list *x, const char *place, const struct document *doc,
                    const struct judgement *j)
{
    struct execution_line l = { .place = place,
                                .key = doc->id,
                                .j = j,
                                .originals = x->originals_file ? x->originals_name : NULL };
    bool                  wanted = is_wanted(x, j);

    summary_note(&x->sum, j, x->recover.mode);
    if (x->lines_file || (x->to_stdout && wanted)) {
        buf_clear(&x->line);
        execution_json(&l, &x->line);
    }
    if (x->lines_file)
        outfile_put(x->lines_file, buf_slice(&x->line));
    if (x->originals_file && j->emit && j->recovery.changed)
        keep_original(x->originals_file, j->execution.id.p ? j->execution.id : doc->id, doc->value);
    put_on_page(x->page, &l);
    if (wanted)
        show(x, &l);
}

bool executions_flush(struct executions_list *x)
{
    write_out(x);
    return !x->out_failed;
}
