/*
 * flow_tree_names.c - texts with a number each: open addressing, at most half full.
 */
#include "lib/base/hash.h"
#include "lib/kestra/flow_tree_impl.h"

static size_t slot_of(const struct names *names, struct slice key)
{
    size_t at = hash64(key) & (names->cap - 1);

    while (names->keys[at].p && !slice_eq(names->keys[at], key))
        at = (at + 1) & (names->cap - 1);
    return at;
}

static void grow(struct names *names)
{
    struct names larger = { .n = names->n, .cap = names->cap > 0 ? names->cap * 2 : 16 };

    larger.keys = mem_array(larger.cap, sizeof(*larger.keys));
    larger.values = mem_array(larger.cap, sizeof(*larger.values));
    for (size_t i = 0; i < names->cap; i++) {
        size_t slot;

        if (!names->keys[i].p)
            continue;
        slot = slot_of(&larger, names->keys[i]);
        larger.keys[slot] = names->keys[i];
        larger.values[slot] = names->values[i];
    }
    names_release(names);
    *names = larger;
}

uint32_t names_put(struct names *names, struct slice key, uint32_t value, bool *is_new)
{
    size_t slot;

    if (!key.p)
        key = SLICE("");
    if (names->n * 2 >= names->cap)
        grow(names);
    slot = slot_of(names, key);
    *is_new = !names->keys[slot].p;
    if (*is_new) {
        names->keys[slot] = key;
        names->values[slot] = value;
        names->n++;
    }
    return names->values[slot];
}

uint32_t names_get(const struct names *names, struct slice key)
{
    size_t slot;

    if (names->n == 0)
        return TASK_NONE;
    slot = slot_of(names, key.p ? key : SLICE(""));
    return names->keys[slot].p ? names->values[slot] : TASK_NONE;
}

void names_release(struct names *names)
{
    mem_free(names->keys);
    mem_free(names->values);
    *names = (struct names){ .n = 0 };
}
