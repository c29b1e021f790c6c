/*
 * test_compare_random.c - random documents: respelled, changed, and against a second opinion.
 */
#include "tests/support/compare_bands.h"

/* ---- random documents ---- */

/* A value, and how it may be spelled. */
struct value {
    enum json_type type;
    const char    *name;   /* as a member */
    const char    *text;   /* string: UTF-8; bool: as in JSON */
    int64_t        digits; /* number: digits * 10^exponent */
    int            exponent;
    bool           leaf_can_change; /* and then the value is another */
    struct value  *first;
    struct value  *next;
};

struct maker {
    uint64_t      seed;
    struct arena *arena;
    size_t        n_leaves;
    bool          drop_empty;
};

static struct value *make(struct maker *m, enum json_type type, const char *text)
{
    struct value *v = arena_alloc(m->arena, sizeof(*v));

    *v = (struct value){ .type = type, .text = text };
    return v;
}

static struct value *add(struct value *object, const char *name, struct value *v)
{
    v->name = name;
    v->next = object->first;
    object->first = v;
    return v;
}

static struct value *make_scalar(struct maker *m)
{
    static const char *const texts[] = { "",
                                         "a",
                                         "\xc3\xa9",
                                         "\xe6\x97\xa5\xe6\x9c\xac",
                                         "a\"b\\c/\n\t",
                                         "\xf0\x9f\x98\x80",
                                         "2023-02-10T08:00:00Z",
                                         "1",
                                         "null",
                                         "?" };
    struct value            *v;

    switch (test_below(&m->seed, 8)) {
    case 0: v = make(m, JSON_NULL, "null"); break;
    case 1: v = make(m, JSON_BOOL, "true"); break;
    case 2: v = make(m, JSON_BOOL, "false"); break;
    case 3:
    case 4:
        v = make(m, JSON_NUMBER, NULL);
        v->digits = (int64_t)test_below(&m->seed, 2000) - 1000;
        v->exponent = (int)test_below(&m->seed, 13) - 6;
        break;
    default: v = make(m, JSON_STRING, texts[test_below(&m->seed, COUNT_OF(texts))]); break;
    }
    v->leaf_can_change = true;
    m->n_leaves++;
    return v;
}

static struct value *make_any(struct maker *m, size_t depth)
{
    static const char *const names[] = { "a",      "b",      "id",       "\xc3\xa9",
                                         "x y",    "\"q\"",  "date",     "state",
                                         "inputs", "labels", "disabled", "duration" };
    size_t                   what = test_below(&m->seed, depth > 0 ? 4 : 2);
    size_t                   from = test_below(&m->seed, COUNT_OF(names));
    size_t                   n = test_below(&m->seed, 5);
    struct value            *v;

    if (what < 2)
        return make_scalar(m);
    v = make(m, what == 2 ? JSON_OBJECT : JSON_ARRAY, NULL);
    for (size_t i = 0; i < n; i++)
        (void)add(v, names[(from + i) % COUNT_OF(names)], make_any(m, depth - 1));
    return v;
}

static const char *make_date(struct maker *m, size_t second, size_t ms)
{
    char text[40];

    (void)snprintf(text, sizeof(text), "2023-02-10T08:00:%02zu.%03zu", second, ms);
    return arena_str(m->arena, slice_str(text));
}

/* Histories and, perhaps, the right computed members (the spelling leaves them out or varies them).
 */
static struct value *make_state(struct maker *m)
{
    struct value *state = make(m, JSON_OBJECT, NULL);
    struct value *list = make(m, JSON_ARRAY, NULL);
    size_t        n = 1 + test_below(&m->seed, 3);

    for (size_t i = 0; i < n; i++) {
        struct value *entry = make(m, JSON_OBJECT, NULL);
        struct value *date =
            make(m, JSON_STRING, make_date(m, 10 + 3 * (n - i), test_below(&m->seed, 1000)));

        (void)add(entry, "state", make(m, JSON_STRING, "RUNNING"));
        (void)add(entry, "date", date);
        entry->next = list->first;
        list->first = entry;
    }
    (void)add(state, "histories", list);
    (void)add(state, "current", make_scalar(m));
    return state;
}

static struct value *make_labels(struct maker *m)
{
    struct value *labels_map = make(m, JSON_OBJECT, NULL);

    for (size_t i = test_below(&m->seed, 3); i > 0; i--)
        (void)add(labels_map, i == 1 ? "team" : "k\xc3\xa9y",
                  make(m, JSON_STRING, i == 1 ? "x" : "y"));
    return labels_map;
}

static struct value *make_document(struct maker *m)
{
    struct value *doc = make(m, JSON_OBJECT, NULL);
    struct value *runs = make(m, JSON_ARRAY, NULL);

    (void)add(doc, "variables", make_any(m, 4));
    (void)add(doc, "inputs", make_any(m, 3));
    (void)add(doc, "id", make_scalar(m));
    (void)add(doc, "state", make_state(m));
    (void)add(doc, "labels", make_labels(m));
    for (size_t i = test_below(&m->seed, 3); i > 0; i--) {
        struct value *run = make(m, JSON_OBJECT, NULL);

        (void)add(run, "state", make_state(m));
        (void)add(run, "outputs", make_any(m, 3));
        run->next = runs->first;
        runs->first = run;
    }
    (void)add(doc, "taskRunList", runs);
    return doc;
}

/* ---- random spellings ---- */

struct speller {
    uint64_t   *seed;
    struct buf *out;
    bool        plain; /* as it is: no varying */
    bool        drop_empty;
    const char *at; /* what the value is: a top-level name or "" */
};

static bool chance(struct speller *s, size_t one_in)
{
    return !s->plain && test_below(s->seed, one_in) == 0;
}

static void spell_space(struct speller *s)
{
    static const char *const spaces[] = { " ", "\n", "\t  ", "\r\n" };

    if (chance(s, 6))
        buf_add(s->out, "%s", spaces[test_below(s->seed, COUNT_OF(spaces))]);
}

static void spell_escape(struct speller *s, uint32_t code)
{
    if (code >= 0x10000)
        buf_add(s->out, "\\u%04x\\u%04X", 0xd800 + ((code - 0x10000) >> 10),
                0xdc00 + ((code - 0x10000) & 0x3ff));
    else
        buf_add(s->out, "\\u%04x", code);
}

static void spell_text(struct speller *s, const char *text)
{
    buf_add(s->out, "\"");
    while (*text) {
        const unsigned char *p = (const unsigned char *)text;
        size_t               n = 1;
        uint32_t             code = p[0];

        if (p[0] >= 0xf0) {
            n = 4;
            code = (p[0] & 7u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
        } else if (p[0] >= 0xe0) {
            n = 3;
            code = (p[0] & 15u) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        } else if (p[0] >= 0xc0) {
            n = 2;
            code = (p[0] & 31u) << 6 | (p[1] & 0x3fu);
        }
        if (code < 0x20 || code == '"' || code == '\\' || chance(s, 4))
            spell_escape(s, code);
        else
            buf_add(s->out, "%.*s", (int)n, text);
        text += n;
    }
    buf_add(s->out, "\"");
}

static void spell_number(struct speller *s, const struct value *v)
{
    const char *sign = v->digits < 0 ? "-" : "";
    int64_t     digits = v->digits < 0 ? -v->digits : v->digits;
    size_t      how = s->plain ? 0 : test_below(s->seed, 4);
    int         zeros = digits == 0 ? 0 : (int)test_below(s->seed, 4);

    switch (how) {
    case 0: buf_add(s->out, "%s%llde%d", sign, (long long)digits, v->exponent); break;
    case 1:
        buf_add(s->out, "%s%lld%.*sE%+d", sign, (long long)digits, zeros, "0000",
                v->exponent - zeros);
        break;
    case 2:
        buf_add(s->out, "%s%lld.%03llde%d", sign, (long long)(digits / 1000),
                (long long)(digits % 1000), v->exponent + 3);
        break;
    default:
        buf_add(s->out, "%s0.%019lld%.*se%d", sign, (long long)digits, zeros, "0000",
                v->exponent + 19);
        break;
    }
}

static void spell_date(struct speller *s, const char *text)
{
    static const char *const ends[] = { "Z", "000Z", "999999Z", "227Z", "5+00:00" };

    buf_add(s->out, "\"%s%s\"", text, ends[s->plain ? 0 : test_below(s->seed, COUNT_OF(ends))]);
}

static void spell(struct speller *s, const struct value *v, bool inside_verbatim);

static void spell_name(struct speller *s, const char *name, bool *first)
{
    if (!*first)
        buf_add(s->out, ",");
    *first = false;
    spell_space(s);
    spell_text(s, name);
    spell_space(s);
    buf_add(s->out, ":");
    spell_space(s);
}

static void spell_nothing(struct speller *s, bool *first)
{
    static const char *const nothing[] = { "null", "\"\"", "[]", "{}", "{\"n\":{\"m\":\"\"}}" };

    spell_name(s, "nothing", first);
    buf_add(s->out, "%s", nothing[test_below(s->seed, s->drop_empty ? COUNT_OF(nothing) : 1)]);
}

/* Members in a random order: pointers are shuffled. */
static void spell_object(struct speller *s, const struct value *v, bool inside_verbatim)
{
    const struct value *members[16];
    size_t              n = 0;
    bool                first = true;

    for (const struct value *m = v->first; m; m = m->next)
        members[n++] = m;
    for (size_t i = n; i > 1 && !s->plain; i--) {
        size_t              k = test_below(s->seed, i);
        const struct value *swap = members[k];

        members[k] = members[i - 1];
        members[i - 1] = swap;
    }
    buf_add(s->out, "{");
    for (size_t i = 0; i < n; i++) {
        if (!inside_verbatim && chance(s, 8))
            spell_nothing(s, &first);
        spell_name(s, members[i]->name, &first);
        spell(s, members[i], inside_verbatim);
    }
    spell_space(s);
    buf_add(s->out, "}");
}

static void spell_list(struct speller *s, const struct value *v, bool inside_verbatim)
{
    buf_add(s->out, "[");
    for (const struct value *e = v->first; e; e = e->next) {
        spell_space(s);
        spell(s, e, inside_verbatim);
        spell_space(s);
        if (e->next)
            buf_add(s->out, ",");
    }
    buf_add(s->out, "]");
}

static void spell(struct speller *s, const struct value *v, bool inside_verbatim)
{
    switch (v->type) {
    case JSON_NUMBER: spell_number(s, v); break;
    case JSON_STRING: spell_text(s, v->text); break;
    case JSON_OBJECT: spell_object(s, v, inside_verbatim); break;
    case JSON_ARRAY: spell_list(s, v, inside_verbatim); break;
    case JSON_ABSENT:
    case JSON_NULL:
    case JSON_BOOL: buf_add(s->out, "%s", v->text); break;
    }
}

/* It is there. */
static const struct value *member(const struct value *v, const char *name)
{
    const struct value *m = v->first;

    while (strcmp(m->name, name) != 0)
        m = m->next;
    return m;
}

/* Milliseconds after the minute of a date that make_date made. */
static long ms_of(const char *text)
{
    return strtol(text + 17, NULL, 10) * 1000 + strtol(text + 20, NULL, 10);
}

static void spell_computed(struct speller *s, const struct value *histories, bool *first)
{
    const struct value *entry = histories->first;
    const struct value *start = member(entry, "date");
    const struct value *end;
    size_t              n = 0;
    long                ms;

    do {
        end = member(entry, "date");
        entry = entry->next;
        n++;
    } while (entry);
    ms = ms_of(end->text) - ms_of(start->text);
    if (chance(s, 2)) {
        spell_name(s, "duration", first);
        if (n > 1)
            buf_add(s->out, "%ld.%03ld%03zu", ms / 1000, ms % 1000, test_below(s->seed, 1000));
        else
            buf_add(s->out, "%zu", test_below(s->seed, 1000));
    }
    if (chance(s, 2)) {
        spell_name(s, "startDate", first);
        spell_date(s, start->text);
    }
    if (chance(s, 2)) {
        spell_name(s, "endDate", first);
        spell_date(s, end->text);
    }
}

static void spell_histories(struct speller *s, const struct value *histories)
{
    buf_add(s->out, "[");
    for (const struct value *e = histories->first; e; e = e->next) {
        bool first = true;
        bool date_first = chance(s, 2);

        buf_add(s->out, "{");
        for (int turn = 0; turn < 2; turn++) {
            bool date = (turn == 0) == date_first;

            spell_name(s, date ? "date" : "state", &first);
            if (date)
                spell_date(s, member(e, "date")->text);
            else
                spell_text(s, member(e, "state")->text);
        }
        buf_add(s->out, e->next ? "}," : "}");
    }
    buf_add(s->out, "]");
}

static void spell_state(struct speller *s, const struct value *v)
{
    const struct value *histories = member(v, "histories");
    bool                first = true;
    bool                computed_first = chance(s, 2);

    buf_add(s->out, "{");
    if (computed_first)
        spell_computed(s, histories, &first);
    spell_name(s, "histories", &first);
    spell_histories(s, histories);
    spell_name(s, "current", &first);
    spell(s, member(v, "current"), false);
    if (!computed_first)
        spell_computed(s, histories, &first);
    buf_add(s->out, "}");
}

static void spell_labels(struct speller *s, const struct value *v)
{
    bool first = true;

    if (!chance(s, 2)) {
        spell_object(s, v, true); /* nothing is put in between */
        return;
    }
    buf_add(s->out, "[");
    for (const struct value *m = v->first; m; m = m->next) {
        buf_add(s->out, first ? "{" : ",{");
        first = true;
        spell_name(s, "key", &first);
        spell_text(s, m->name);
        spell_name(s, "value", &first);
        spell_text(s, m->text);
        buf_add(s->out, "}");
        first = false;
    }
    buf_add(s->out, "]");
}

static void spell_runs(struct speller *s, const struct value *runs)
{
    buf_add(s->out, "[");
    for (const struct value *run = runs->first; run; run = run->next) {
        bool first = true;

        buf_add(s->out, "{");
        spell_name(s, "state", &first);
        spell_state(s, member(run, "state"));
        spell_name(s, "outputs", &first);
        spell(s, member(run, "outputs"), false);
        buf_add(s->out, run->next ? "}," : "}");
    }
    buf_add(s->out, "]");
}

static struct slice spell_document(struct speller *s, const struct value *doc)
{
    static const char *const names[] = { "variables", "inputs", "id",
                                         "state",     "labels", "taskRunList" };
    size_t                   from = s->plain ? 0 : test_below(s->seed, COUNT_OF(names));
    bool                     first = true;

    buf_clear(s->out);
    buf_add(s->out, "{");
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const char         *name = names[(from + i) % COUNT_OF(names)];
        const struct value *v = member(doc, name);

        if (chance(s, 8))
            spell_nothing(s, &first);
        spell_name(s, name, &first);
        if (strcmp(name, "state") == 0)
            spell_state(s, v);
        else if (strcmp(name, "labels") == 0)
            spell_labels(s, v);
        else if (strcmp(name, "taskRunList") == 0)
            spell_runs(s, v);
        else
            spell(s, v, strcmp(name, "inputs") == 0);
    }
    buf_add(s->out, "}");
    return buf_slice(s->out);
}

/* The which-th leaf becomes another value. */
static bool change_leaf(struct maker *m, struct value *v, size_t *which)
{
    if (v->leaf_can_change && (*which)-- == 0) {
        switch (v->type) {
        case JSON_NUMBER: v->digits = v->digits < 0 ? v->digits - 1 : v->digits + 1; break;
        case JSON_BOOL: v->text = v->text[0] == 't' ? "false" : "true"; break;
        case JSON_STRING: v->text = v->text[0] == 'a' ? "b" : "ab"; break;
        case JSON_ABSENT:
        case JSON_NULL:
        case JSON_OBJECT:
        case JSON_ARRAY:
            v->type = JSON_STRING;
            v->text = "null";
            break;
        }
        return true;
    }
    for (struct value *child = v->first; child; child = child->next)
        if (change_leaf(m, child, which))
            return true;
    return false;
}

static size_t rounds(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nothing in a test program changes the environment */
    const char *given = getenv("REQUEUE_TEST_ROUNDS");

    return given ? strtoul(given, NULL, 10) : 100000;
}

/* One document: two spellings are equal, and not with one leaf changed. */
static void random_round(struct bands *b, struct maker *m, struct buf room[3])
{
    bool             drop = test_below(&m->seed, 2) == 0;
    struct comparer *c = drop ? b->of_drop : b->of_keep;
    struct value    *doc;
    size_t           which;
    struct speller   s = { .seed = &m->seed, .out = &room[0], .plain = true, .drop_empty = drop };
    struct slice     plain;
    struct slice     respelled;
    struct slice     changed;

    m->n_leaves = 0;
    doc = make_document(m);
    plain = spell_document(&s, doc);
    s.plain = false;
    s.out = &room[1];
    respelled = spell_document(&s, doc);
    if (!bands_says_same(c, plain, respelled))
        fail_msg("two spellings differ:\n%s\n%s", room[0].p, room[1].p);
    which = test_below(&m->seed, m->n_leaves);
    assert_true(change_leaf(m, doc, &which));
    s.out = &room[2];
    changed = spell_document(&s, doc);
    if (bands_says_same(c, plain, changed))
        fail_msg("a change is not seen:\n%s\n%s", room[0].p, room[2].p);
}

static void respelled_documents_are_equal_and_changed_ones_are_not(void **state)
{
    struct maker m = { .seed = test_seed(), .arena = arena_new(65536) };
    struct buf   room[3];

    for (size_t i = 0; i < COUNT_OF(room); i++)
        buf_init(&room[i], NO_LIMIT);
    for (size_t i = rounds(); i > 0; i--) {
        random_round(*state, &m, room);
        arena_reset(m.arena);
    }
    for (size_t i = 0; i < COUNT_OF(room); i++)
        buf_release(&room[i]);
    arena_free(m.arena);
}

/* ---- a second opinion: canonical texts, on documents so small that many are equal ---- */

static const char *tiny(uint64_t *seed, struct buf *out, size_t depth)
{
    static const char *const scalars[] = { "null",  "\"\"",  "0",     "-0.0", "1",
                                           "10e-1", "\"a\"", "false", "true" };
    static const char *const names[] = { "a", "b", "inputs", "disabled" };
    size_t                   what = test_below(seed, depth > 0 ? 4 : 2);
    size_t                   n = test_below(seed, 3);

    if (depth == 3)
        what = 2;
    if (what < 2) {
        buf_add(out, "%s", scalars[test_below(seed, COUNT_OF(scalars))]);
        return out->p;
    }
    buf_add(out, what == 2 ? "{" : "[");
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_add(out, ",");
        if (what == 2)
            buf_add(out, "\"%s\":", names[test_below(seed, COUNT_OF(names))]);
        (void)tiny(seed, out, depth - 1);
    }
    buf_add(out, what == 2 ? "}" : "]");
    return out->p;
}

struct canon {
    bool          drop_empty;
    struct arena *arena;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *canonical(struct canon *k, const struct json_node *v, bool in_verbatim,
                             size_t depth);

static bool left_out(struct canon *k, const struct json_node *m, const char *text, bool in_verbatim,
                     size_t depth)
{
    if (in_verbatim)
        return false;
    if (depth == 0 && slice_eq(m->name, SLICE("disabled")) && strcmp(text, "false") == 0)
        return true;
    if (strcmp(text, "null") == 0)
        return true;
    return k->drop_empty &&
           (strcmp(text, "\"\"") == 0 || strcmp(text, "[]") == 0 || strcmp(text, "{}") == 0);
}

static const char *canonical_object(struct canon *k, const struct json_node *v, bool in_verbatim,
                                    size_t depth)
{
    const char *members[8];
    size_t      n = 0;
    char        text[400] = "{";
    size_t      at = 1;

    for (const struct json_node *m = v->first; m; m = m->next) {
        bool        goes_in = depth == 0 && slice_eq(m->name, SLICE("inputs"));
        const char *value = canonical(k, m, in_verbatim || goes_in, depth + 1);
        char        line[300];

        if (left_out(k, m, value, in_verbatim, depth))
            continue;
        (void)snprintf(line, sizeof(line), "%.*s:%s", SLICE_ARG(m->name), value);
        members[n++] = arena_str(k->arena, slice_str(line));
    }
    qsort(members, n, sizeof(members[0]), by_text);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s,", members[i]);
    assert_true(at < sizeof(text) - 2);
    (void)snprintf(text + at, sizeof(text) - at, "}");
    return arena_str(k->arena, slice_str(text));
}

static const char *canonical(struct canon *k, const struct json_node *v, bool in_verbatim,
                             size_t depth)
{
    char   text[400] = "[";
    size_t at = 1;

    switch (v->type) {
    case JSON_NUMBER: return strtod(arena_str(k->arena, v->text), NULL) > 0.5 ? "1" : "0";
    case JSON_STRING: return v->text.n > 0 ? "\"a\"" : "\"\"";
    case JSON_OBJECT: return canonical_object(k, v, in_verbatim, depth);
    case JSON_ABSENT:
    case JSON_NULL:
    case JSON_BOOL: return arena_str(k->arena, v->text);
    case JSON_ARRAY: break;
    }
    for (const struct json_node *e = v->first; e; e = e->next)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s,",
                               canonical(k, e, in_verbatim, depth + 1));
    assert_true(at < sizeof(text) - 2);
    (void)snprintf(text + at, sizeof(text) - at, "]");
    return arena_str(k->arena, slice_str(text));
}

static void digests_agree_with_canonical_texts(void **state)
{
    struct bands *b = *state;
    uint64_t      seed = test_seed();
    struct arena *a = arena_new(65536);
    struct buf    room[2];
    size_t        n_same = 0;

    buf_init(&room[0], NO_LIMIT);
    buf_init(&room[1], NO_LIMIT);
    for (size_t i = rounds(); i > 0; i--) {
        struct canon k = { .drop_empty = i % 2 == 0, .arena = a };
        const char  *text[2];
        struct err   err = ERR_INIT;
        bool         same;

        for (size_t side = 0; side < 2; side++) {
            const struct json_node *root;

            buf_clear(&room[side]);
            (void)tiny(&seed, &room[side], 3);
            assert_true(json_tree(buf_slice(&room[side]), a, &root, &err));
            text[side] = canonical(&k, root, false, 0);
        }
        same = strcmp(text[0], text[1]) == 0;
        n_same += same;
        if (bands_says_same(k.drop_empty ? b->of_drop : b->of_keep, buf_slice(&room[0]),
                            buf_slice(&room[1])) != same)
            fail_msg("%s\n%s\nshould be %s", room[0].p, room[1].p, same ? "equal" : "different");
        arena_reset(a);
    }
    assert_true(n_same > 0);
    buf_release(&room[0]);
    buf_release(&room[1]);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        BANDS_TEST(respelled_documents_are_equal_and_changed_ones_are_not),
        BANDS_TEST(digests_agree_with_canonical_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
