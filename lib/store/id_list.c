/* id_list.c - see id_list.h. */
#include "lib/store/id_list.h"

void id_list_init(struct id_list *l)
{
    *l = (struct id_list){ .arena = arena_new(65536) };
}

void id_list_add(struct id_list *l, struct slice id)
{
    if (l->n == l->room) {
        l->room = l->room > 0 ? l->room * 2 : 256;
        l->items = mem_realloc(l->items, l->room * sizeof(*l->items));
    }
    l->items[l->n++] = arena_copy(l->arena, id);
}

void id_list_clear(struct id_list *l)
{
    arena_reset(l->arena);
    l->n = 0;
}

void id_list_free(struct id_list *l)
{
    arena_free(l->arena);
    mem_free(l->items);
}
