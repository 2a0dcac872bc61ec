/*
 * list.h - intrusive doubly linked list
 *
 * The list is a ring through its head; an unlinked node points at itself. Every operation is O(1).
 * The caller owns the nodes and keeps them alive while they are linked.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_LIST_H
#define GMQ_BASE_LIST_H

#include "base/base.h"

struct list {
    struct list *next, *prev;
};

static inline void list_init(struct list *list) { list->next = list->prev = list; }
static inline bool list_empty(const struct list *list) { return list->next == list; }

static inline void list_add_tail(struct list *list, struct list *node)
{
    node->next = list;
    node->prev = list->prev;
    list->prev->next = node;
    list->prev = node;
}

static inline void list_remove(struct list *node)
{
    node->prev->next = node->next;
    node->next->prev = node->prev;
    list_init(node);
}

/* The first node, unlinked, or NULL. */
static inline struct list *list_pop(struct list *list)
{
    if (list_empty(list))
        return NULL;
    struct list *node = list->next;
    list_remove(node);
    return node;
}

/* Moves all nodes of `from` to the empty list `to`. */
static inline void list_take(struct list *to, struct list *from)
{
    list_init(to);
    if (list_empty(from))
        return;
    *to = *from;
    to->next->prev = to;
    to->prev->next = to;
    list_init(from);
}

/* `node` may be removed inside the loop; no other one may. */
#define LIST_EACH(ring, node, after)                                                               \
    for (struct list *node = (ring)->next, *after = node->next; node != (ring);                    \
         node = after, after = node->next)

#endif
