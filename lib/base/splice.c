/*
 * splice.c - byte ranges of a text replaced, in one copy (splice.h).
 *
 * DESIGN: edits come from somebody who walks the text, so they are in order but for a few: a merge
 * sort that first looks whether two runs are in order already, and then leaves them alone.
 */
#include "lib/base/splice.h"

#include <assert.h>

static void merge(struct splice *edits, size_t half, size_t n, struct splice *room)
{
    size_t left = 0;
    size_t right = half;

    memcpy(room, edits, half * sizeof(*edits));
    for (size_t to = 0; left < half; to++) {
        if (right < n && edits[right].from < room[left].from)
            edits[to] = edits[right++];
        else
            edits[to] = room[left++];
    }
}

static void sort(struct splice *edits, size_t n, struct splice *room)
{
    size_t half = n / 2;

    if (n < 2)
        return;
    sort(edits, half, room);
    sort(edits + half, n - half, room);
    if (edits[half].from < edits[half - 1].from)
        merge(edits, half, n, room);
}

void splice_sort(struct splice *edits, size_t n)
{
    size_t         in_order = 1;
    struct splice *room;

    while (in_order < n && edits[in_order - 1].from <= edits[in_order].from)
        in_order++;
    if (in_order >= n)
        return;
    room = mem_array(n / 2, sizeof(*room));
    sort(edits, n, room);
    mem_free(room);
}

static size_t new_size(struct slice text, const struct splice *edits, size_t n)
{
    size_t size = text.n;
    size_t end = 0;

    for (size_t i = 0; i < n; i++) {
        assert(edits[i].from >= end && edits[i].to >= edits[i].from && edits[i].to <= text.n);
        end = edits[i].to;
        size += edits[i].text.n;
    }
    for (size_t i = 0; i < n; i++)
        size -= edits[i].to - edits[i].from;
    return size;
}

static char *put(char *to, const char *from, size_t n)
{
    if (n > 0)
        memcpy(to, from, n);
    return to + n;
}

struct slice splice_apply(struct slice text, const struct splice *edits, size_t n, struct arena *a)
{
    size_t size = new_size(text, edits, n);
    char  *out = arena_alloc(a, size > 0 ? size : 1);
    char  *to = out;
    size_t done = 0;

    for (size_t i = 0; i < n; i++) {
        to = put(to, text.p + done, edits[i].from - done);
        to = put(to, edits[i].text.p, edits[i].text.n);
        done = edits[i].to;
    }
    (void)put(to, text.p + done, text.n - done);
    return slice_of(out, size);
}
