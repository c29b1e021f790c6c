/* filescan.c - the hits of a dump, line by line (filescan.h). */
#include "lib/store/filescan.h"

struct file_scan {
    const char        *path;
    const struct stop *stop;
    struct filelines  *lines;
    struct arena      *arena; /* of the hit at hand */
    struct hit         hit;
    bool               has_begun; /* a line that is not blank has come */
    char               grade;
};

bool filescan_open(const char *path, const struct stop *stop, struct file_scan **out,
                   struct err *err)
{
    struct filelines *lines;
    struct file_scan *s;

    if (!filelines_open(path, &lines, err))
        return false;
    s = mem_alloc(sizeof(*s));
    s->path = path;
    s->stop = stop;
    s->lines = lines;
    s->arena = arena_new(4096);
    s->grade = FILESCAN_GRADE;
    *out = s;
    return true;
}

void filescan_close(struct file_scan *s)
{
    if (!s)
        return;
    filelines_close(s->lines);
    arena_free(s->arena);
    mem_free(s);
}

struct file_mark filescan_mark(const struct file_scan *s)
{
    return filelines_mark(s->lines);
}

uint64_t filescan_line(const struct file_scan *s)
{
    return filelines_number(s->lines);
}

char filescan_grade(const struct file_scan *s)
{
    return s->grade;
}

static bool bad_line(const struct file_scan *s, const char *what, struct err *err)
{
    (void)err_set(err, ERR_STORE, "%s:%llu: %s", s->path, (unsigned long long)filescan_line(s),
                  what);
    return err_hint(err, "each line is one hit with _index, _id and _source, as "
                         "`elasticdump --type=data` writes it; a last line that was cut short "
                         "means that the dump is not complete");
}

static bool is_blank(struct slice line)
{
    for (size_t i = 0; i < line.n; i++) {
        if (line.p[i] != ' ' && line.p[i] != '\t' && line.p[i] != '\r')
            return false;
    }
    return true;
}

/* A line of ours: what it says of the grade. False, with no error, when it is none. */
static bool take_head(struct file_scan *s, struct slice line, bool is_first, struct err *err)
{
    static const struct json_path path[] = { { "requeue", NULL }, { "requeue", "grade" } };
    struct json_value             found[COUNT_OF(path)];
    struct err                    ignored;

    if (!json_find(line, path, COUNT_OF(path), JSON_FIND_ALL, found, &ignored) ||
        found[0].type != JSON_OBJECT)
        return false;
    if (found[1].type != JSON_STRING || found[1].raw.n != 3 || !strchr("BCD", found[1].raw.p[1]))
        return bad_line(s, "requeue.grade is none of \"B\", \"C\", \"D\"", err);
    s->grade = is_first ? found[1].raw.p[1] : FILESCAN_GRADE;
    return true;
}

bool filescan_next(struct file_scan *s, const struct hit **out, struct err *err)
{
    const struct hit *hit = &s->hit;
    struct slice      line;
    struct err        why = ERR_INIT;

    for (;;) {
        if (stop_asked(s->stop))
            return err_set(err, ERR_STOPPED, "stopped while reading %s", s->path);
        if (!filelines_next(s->lines, &line, err))
            return false;
        if (!line.p) {
            *out = NULL;
            return true;
        }
        if (is_blank(line))
            continue;
        arena_reset(s->arena);
        if (!hits_cut_line(line, s->arena, &s->hit, &why))
            return bad_line(s, why.msg, err);
        if (!hit->index.p && !hit->id.p && !hit->source.p &&
            take_head(s, line, !s->has_begun, &why)) {
            s->has_begun = true;
            continue;
        }
        if (why.kind != ERR_NONE) {
            *err = why;
            return false;
        }
        s->has_begun = true;
        if (!hit->index.p || !hit->id.p || !hit->source.p)
            return bad_line(s, "it has no _index, no _id or no _source", err);
        *out = hit;
        return true;
    }
}
