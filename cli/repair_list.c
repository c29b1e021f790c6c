/*
 * repair_list.c - the list of a repair: reading, and finding in it; see repair.h.
 *
 * DESIGN. A key is found by a keyset of its kind, whose entries carry the item's number where a
 * topic's entries carry an offset. An undecodable record may have no key, or one that is not UTF-8
 * and so stands mutilated in the report: it is found by its place.
 */
#include "cli/repair.h"

#include "lib/store/filelines.h"

#include <errno.h>
#include <unistd.h>

#define SUFFIX ".differences.jsonl"

static void place_text(int32_t partition, int64_t offset, char out[40])
{
    (void)snprintf(out, 40, "%d@%lld", (int)partition, (long long)offset);
}

/* ---- one line ------------------------------------------------------------------------------ */

static bool is_string(const struct json_node *n)
{
    return n && n->type == JSON_STRING;
}

static bool read_number(const struct json_node *n, int64_t max, int64_t *out)
{
    char  digits[24];
    char *end;

    if (!n || n->type != JSON_NUMBER || n->text.n >= sizeof(digits))
        return false;
    (void)snprintf(digits, sizeof(digits), "%.*s", SLICE_ARG(n->text));
    errno = 0;
    *out = strtoll(digits, &end, 10);
    return errno == 0 && *end == '\0' && *out >= 0 && *out <= max;
}

static bool read_kind(const struct json_node *n, enum kind *out)
{
    for (int k = 0; is_string(n) && k < KIND_COUNT; k++)
        if (slice_eq(n->text, slice_str(kind_name((enum kind)k)))) {
            *out = (enum kind)k;
            return true;
        }
    return false;
}

static bool read_class(const struct json_node *n, enum difference_class *out)
{
    for (int c = 0; is_string(n) && c < DIFF_CLASS_COUNT; c++)
        if (slice_eq(n->text, slice_str(difference_name((enum difference_class)c)))) {
            *out = (enum difference_class)c;
            return true;
        }
    return false;
}

/* item->key is borrowed from the tree. */
static bool read_item(const struct json_node *root, struct repair_item *item, struct err *err)
{
    const struct json_node *key = json_get(root, "key");
    const struct json_node *offset = json_get(root, "offset");
    int64_t                 partition;

    if (!root || root->type != JSON_OBJECT)
        return err_set(err, ERR_USAGE, "is no JSON object");
    if (!read_kind(json_get(root, "kind"), &item->kind))
        return err_set(err, ERR_USAGE, "has no kind that requeue knows");
    if (!read_class(json_get(root, "class"), &item->class))
        return err_set(err, ERR_USAGE, "has no class that requeue knows");
    if (!read_number(json_get(root, "partition"), INT32_MAX, &partition))
        return err_set(err, ERR_USAGE, "has no partition");
    item->partition = (int32_t)partition;
    item->offset = -1;
    if (offset && offset->type != JSON_NULL && !read_number(offset, INT64_MAX, &item->offset))
        return err_set(err, ERR_USAGE, "has an offset that is none");
    if (is_string(key))
        item->key = key->text;
    else if (!key || key->type != JSON_NULL || item->class != DIFF_UNDECODABLE || item->offset < 0)
        return err_set(err, ERR_USAGE, "has no key");
    return true;
}

/* All lines of a kind are of one topic. */
static bool take_topic(struct repair_list *l, enum kind kind, const struct json_node *topic,
                       struct err *err)
{
    if (!is_string(topic) || topic->text.n == 0)
        return err_set(err, ERR_USAGE, "has no topic");
    if (!l->topics[kind])
        l->topics[kind] = arena_str(l->arena, topic->text);
    if (slice_eq(topic->text, slice_str(l->topics[kind])))
        return true;
    return err_set(err, ERR_USAGE, "is of topic %.*s, lines before it are of %s",
                   SLICE_ARG(topic->text), l->topics[kind]);
}

/* Note the item's number under a key; false when it has one already. */
static bool note_number(struct keyset *ks, struct slice key, size_t number)
{
    struct keyset_entry *e = keyset_put(ks, key, 0);

    if (e->records > 0)
        return false;
    e->records = 1;
    e->bytes = number;
    return true;
}

/* Bytes of a key that are no UTF-8 became U+FFFD in the report. */
static bool is_mutilated(const struct repair_item *item)
{
    return !item->key.p || (item->class == DIFF_UNDECODABLE &&
                            memmem(item->key.p, item->key.n, "\xef\xbf\xbd", 3) != NULL);
}

static void take_item(struct repair_list *l, const struct repair_item *item)
{
    enum kind kind = item->kind;
    char      place[40];
    bool      fresh;

    if (!l->keys[kind]) {
        l->keys[kind] = keyset_new();
        l->places[kind] = keyset_new();
    }
    place_text(item->partition, item->offset, place);
    if (is_mutilated(item)) {
        fresh = note_number(l->places[kind], slice_str(place), l->n);
        /* Or it is a key of such characters, whose value is broken. */
        if (fresh && item->key.p)
            (void)note_number(l->keys[kind], item->key, l->n);
    } else {
        fresh = note_number(l->keys[kind], item->key, l->n);
    }
    if (!fresh) {
        l->repeated++;
        return;
    }
    if (l->n == l->capacity) {
        l->capacity = l->capacity > 0 ? 2 * l->capacity : 256;
        l->items = mem_realloc(l->items, l->capacity * sizeof(*l->items));
    }
    l->items[l->n] = *item;
    if (item->key.p)
        l->items[l->n].key = arena_copy(l->arena, item->key);
    l->n++;
}

bool repair_list_add(struct repair_list *l, struct slice line, struct arena *scratch,
                     struct err *err)
{
    const struct json_node *root;
    struct repair_item      item = { .differs = false };

    if (!l->arena)
        l->arena = arena_new(1u << 16);
    arena_reset(scratch);
    if (!json_tree(line, scratch, &root, err)) {
        err->kind = ERR_USAGE;
        return false;
    }
    if (!read_item(root, &item, err) || !take_topic(l, item.kind, json_get(root, "topic"), err))
        return false;
    take_item(l, &item);
    return true;
}

/* ---- the file ------------------------------------------------------------------------------ */

static bool read_lines(struct filelines *f, const char *path, struct repair_list *out,
                       struct err *err)
{
    struct arena *scratch = arena_new(1u << 16);
    struct slice  line;
    bool          ok;

    while ((ok = filelines_next(f, &line, err)) && line.p) {
        ok = repair_list_add(out, line, scratch, err);
        if (ok)
            continue;
        (void)err_wrap(err, "%s:%llu", path, (unsigned long long)filelines_number(f));
        break;
    }
    arena_free(scratch);
    return ok;
}

bool repair_list_read(const char *path, struct repair_list *out, struct err *err)
{
    struct filelines *f = NULL;
    bool              ok;

    memset(out, 0, sizeof(*out));
    out->arena = arena_new(1u << 16);
    ok = filelines_open(path, &f, err) && read_lines(f, path, out, err);
    filelines_close(f);
    if (ok)
        return true;
    err->kind = ERR_USAGE;
    (void)err_wrap(err, "option --from");
    return err_hint(err, "give it the file NAME" SUFFIX
                         " that requeue verify --report NAME.json has written");
}

void repair_list_release(struct repair_list *l)
{
    for (int k = 0; k < KIND_COUNT; k++) {
        keyset_free(l->keys[k]);
        keyset_free(l->places[k]);
    }
    mem_free(l->items);
    arena_free(l->arena);
    memset(l, 0, sizeof(*l));
}

size_t repair_list_bytes(const struct repair_list *l)
{
    size_t bytes = l->capacity * sizeof(*l->items) + (l->arena ? arena_bytes(l->arena) : 0);

    for (int k = 0; k < KIND_COUNT; k++)
        bytes += l->keys[k] ? keyset_bytes(l->keys[k]) + keyset_bytes(l->places[k]) : 0;
    return bytes;
}

struct repair_item *repair_list_find(const struct repair_list *l, const struct difference *d)
{
    const struct keyset_entry *e = NULL;
    char                       place[40];

    if (!l->keys[d->kind])
        return NULL;
    place_text(d->partition, d->offset, place);
    if (d->class == DIFF_UNDECODABLE)
        e = keyset_find(l->places[d->kind], slice_str(place), NULL);
    if (!e && d->key.p && utf8_valid(d->key))
        e = keyset_find(l->keys[d->kind], d->key, NULL);
    return e ? &l->items[e->bytes] : NULL;
}

/* ---- counting ------------------------------------------------------------------------------ */

static void count_item(const struct repair_item *i, struct repair_counts *c)
{
    c->named++;
    c->stay += i->stays ? 1 : 0;
    if (!i->differs)
        c->right++;
    else if (i->decision.action == REPAIR_SEND)
        c->send++;
    else if (i->decision.action == REPAIR_TOMBSTONE)
        c->tombstones++;
    else
        c->kept++;
}

struct repair_counts repair_count(const struct repair_list *l, enum kind kind,
                                  enum difference_class class)
{
    struct repair_counts c = { 0 };

    for (size_t i = 0; i < l->n; i++)
        if ((kind == KIND_COUNT || l->items[i].kind == kind) &&
            (class == DIFF_CLASS_COUNT || l->items[i].class == class))
            count_item(&l->items[i], &c);
    return c;
}

uint64_t repair_left(const struct repair_list *l, enum kind kind, enum repair_why why,
                     bool executed)
{
    uint64_t n = 0;

    for (size_t i = 0; i < l->n; i++) {
        const struct repair_item *item = &l->items[i];
        bool                      left = executed ? item->stays
                                                  : item->differs && (item->decision.action == REPAIR_KEEP ||
                                                 item->decision.why != REPAIR_WHY_NONE);

        n += left && item->kind == kind && item->decision.why == why ? 1 : 0;
    }
    return n;
}

char *repair_report_of(const char *differences)
{
    size_t     n = strlen(differences);
    size_t     suffix = sizeof(SUFFIX) - 1;
    struct buf b = { 0 };
    char      *name = NULL;

    if (n <= suffix || strcmp(differences + n - suffix, SUFFIX) != 0)
        return NULL;
    buf_init(&b, 16384);
    buf_add(&b, "%.*s.json", (int)(n - suffix), differences);
    if (access(b.p, F_OK) != 0) {
        buf_clear(&b);
        buf_add(&b, "%.*s", (int)(n - suffix), differences);
    }
    if (access(b.p, F_OK) == 0)
        name = mem_strdup(b.p);
    buf_release(&b);
    return name;
}
