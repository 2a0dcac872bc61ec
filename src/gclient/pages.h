/*
 * pages.h - a list of a node from one page to the next
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_PAGES_H
#define GMQ_GCLIENT_PAGES_H

#include "gclient/ask.h"

enum { PAGES_LIMIT_MAX = 1000, PAGES_CURSOR_BYTES = 512 };

struct pages {
    const char *op;    /* "message.list" */
    const char *items; /* the array in its answer: "messages" */
    uint64_t limit;    /* items in all; UINT64_MAX = all there are */
    const char *cursor; /* where to begin; NULL = at the beginning */
    void (*fill)(struct ask *ask, const void *ctx);      /* adds the arguments, but for limit and cursor */
    int (*each)(struct json_object *item, void *to);     /* EXIT_OK to go on */
    const void *ctx;
    bool quiet; /* a failure prints nothing: gmq_error_text() has its text */
    void *to;
    char next[PAGES_CURSOR_BYTES]; /* set: where the list goes on beyond the limit, or "" */
    bool incomplete;               /* set: an answer said "complete": false */
};

/* Returns EXIT_OK, or the exit code of what went wrong, with its line printed. */
NODISCARD int pages_run(struct pages *pages, struct gmq *mq);

/* Says on standard error how to go on, where there is more. */
void pages_say_next(const struct pages *pages);

#endif
