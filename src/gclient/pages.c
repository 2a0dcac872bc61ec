/* pages.c - see pages.h. SPDX-License-Identifier: MIT */
#include "gclient/pages.h"

#include "gclient/out.h"
#include "gclient/stop.h"

#include <stdio.h>

/* One page; takes what it holds off `*left`. */
static int run_page(struct pages *pages, struct gmq *mq, const char *cursor, uint64_t *left)
{
    struct json_object *answer;
    struct ask ask;

    ask_begin(&ask);
    pages->fill(&ask, pages->ctx);
    ask_number(&ask, "limit", min_u64(*left, PAGES_LIMIT_MAX));
    ask_text(&ask, "cursor", cursor);
    int err = pages->quiet ? ask_quietly(&ask, mq, pages->op, &answer) : GMQ_OK;
    int code = pages->quiet ? ask_exit_code(err, gmq_error_text(mq)) : ask_node(&ask, mq, pages->op, &answer);
    if (code != EXIT_OK)
        return code;
    pages->incomplete = pages->incomplete || (tree_at(answer, "complete") && !tree_is(answer, "complete"));
    size_t count = tree_count(answer, pages->items);
    for (size_t i = 0; i < count && code == EXIT_OK; i++)
        code = pages->each(tree_item(answer, pages->items, i), pages->to);
    struct slice next = tree_text(answer, "next");
    bool good = next.len < sizeof(pages->next) && !memchr(next.ptr, '\0', next.len);
    (void)snprintf(pages->next, sizeof(pages->next), "%.*s", good ? (int)next.len : 0, next.ptr);
    *left -= min_u64(*left, count);
    json_object_put(answer);
    return good || code != EXIT_OK ? code : out_error(EXIT_FAILED, "the node gave a cursor that is too long");
}

int pages_run(struct pages *pages, struct gmq *mq)
{
    char cursor[PAGES_CURSOR_BYTES];
    uint64_t left = pages->limit;
    int code = run_page(pages, mq, pages->cursor, &left);

    while (code == EXIT_OK && left > 0 && pages->next[0] != '\0' && !stop_asked()) {
        memcpy(cursor, pages->next, sizeof(cursor));
        code = run_page(pages, mq, cursor, &left);
    }
    return code;
}

void pages_say_next(const struct pages *pages)
{
    if (pages->next[0] != '\0')
        (void)out_error(0, "there is more: --cursor %s", pages->next);
}
