/*
 * id_list.h - ids or keys that are collected, to be looked up in bulk later.
 */
#ifndef REQUEUE_ID_LIST_H
#define REQUEUE_ID_LIST_H

#include "lib/base/mem.h"

struct id_list {
    struct arena *arena; /* owns the texts; more may be put there that dies with the list */
    struct slice *items;
    size_t        n, room;
};

void id_list_init(struct id_list *l);
void id_list_add(struct id_list *l, struct slice id); /* copied */
void id_list_clear(struct id_list *l);                /* keeps the memory */
void id_list_free(struct id_list *l);

#endif
