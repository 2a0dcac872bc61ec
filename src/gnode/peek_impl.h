/*
 * peek_impl.h - a page of PEEK in the making, for the files peek*.c
 *
 * What   Candidates are collected from the list, then their records are read, until the page is full. Both may have to
 *        wait for a read, and both stop after some work, so that a page may take several turns; between them the list
 *        changes as it likes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_PEEK_IMPL_H
#define GMQ_GNODE_PEEK_IMPL_H

#include "engine/look.h"
#include "gnode/turn.h"

/* Candidates that are collected together: a page, and one to begin the next with. */
enum { PEEK_ITEMS_MAX = CMD_LIMIT_MAX + 1 };

/* A place in a list: READY: its number; DEAD: ref; DELAYED: due time, ref; IN_FLIGHT: place in the slab. */
struct peek_key {
    uint64_t a, b;
};

struct peek_item {
    struct peek_key key;
    uint64_t ref;
    uint64_t due_ms;
    uint64_t since_ms; /* IN_FLIGHT */
    uint32_t holder;   /* the same */
};

enum peek_step {
    PEEK_DONE,  /* it is there */
    PEEK_READS, /* a record is being fetched */
    PEEK_WORKS, /* enough for one turn */
};

struct peek {
    struct session_work work;
    struct broker *broker;
    const struct queue *queue;
    uint32_t number;          /* of the queue */
    struct cmd_args args;     /* without its slices: those are the command's */
    enum message_place place;
    size_t limit;
    uint64_t body_bytes;
    struct peek_key at;       /* the next candidate is there or behind it */
    bool end;                 /* there is none */
    bool collecting;
    struct peek_item *items;  /* room for PEEK_ITEMS_MAX */
    size_t count, done, want; /* items collected, looked at, and to be collected */
    struct look_delays delays; /* DELAYED: while collecting */
    uint64_t looked_at;       /* of a search: messages so far */
    uint64_t read_bytes;
    struct report *report;
    struct slice topic;       /* kept by the report */
    uint64_t text_bytes;      /* in the report */
};

/* Gives back what peek_collect() took for itself. */
void peek_collect_end(struct peek *peek);

/* Collects up to peek->want candidates from peek->at on; goes on where it was left when it is not DONE. */
enum peek_step peek_collect(struct peek *peek, uint64_t now_ms);

#endif
