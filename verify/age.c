/*
 * age.c - see age.h.
 */
#include "verify/age.h"

#include "lib/base/json.h"
#include "lib/base/mem.h"
#include "lib/store/newest.h"

static bool trigger_date(struct slice value, struct instant *out)
{
    static const struct json_path paths[] = { { "updatedDate", NULL }, { "date", NULL } };
    struct json_value             found[COUNT_OF(paths)];
    struct err                    unused;
    struct buf                    text = { 0 };
    bool                          ok = false;

    if (!json_find(value, paths, COUNT_OF(paths), JSON_FIND_ALL, found, &unused))
        return false;
    buf_init(&text, 256);
    for (size_t i = 0; i < COUNT_OF(paths) && !ok; i++) {
        buf_clear(&text);
        ok = found[i].type == JSON_STRING && json_text(found[i], &text, &unused) &&
             instant_parse(buf_slice(&text), out);
    }
    buf_release(&text);
    return ok;
}

bool age_of_document(enum kind kind, struct slice value, struct instant *out)
{
    struct store_newest newest[STORE_NEWEST_COUNT];

    if (!value.p)
        return false;
    if (kind == KIND_TRIGGER)
        return trigger_date(value, out);
    if (kind != KIND_EXECUTION)
        return false;
    newest_init(newest);
    newest_take_execution(&newest[NEWEST_EXECUTION], value);
    if (newest[NEWEST_EXECUTION].known)
        *out = newest[NEWEST_EXECUTION].at;
    return newest[NEWEST_EXECUTION].known;
}
