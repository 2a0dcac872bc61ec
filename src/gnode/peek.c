/*
 * peek.c - a page of the messages of a topic, without taking them
 *
 * A page shows the messages that stood in the list when they were collected; what has gone since is left out as far as
 * that is known.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/peek_impl.h"

#include "base/mem.h"
#include "engine/ref.h"
#include "gnode/cursor.h"
#include "gnode/describe.h"

#include <stdlib.h>

enum {
    PREFETCH = 64,
    TEXT_BYTES_MAX = 1 << 20,    /* of bodies, headers and keys in a page; it ends before it would have more */
    TURN_ITEMS = 1024,           /* candidates that are looked at in one turn, ... */
    TURN_BYTES = 2 << 20,        /* ... with about so much of body */
    SEARCH_ITEMS = 256,          /* candidates of a search that are collected together */
    SEARCH_MAX = 20000,          /* that a search for one page looks at */
    READ_BYTES_MAX = 256 << 20,  /* that one page reads */
    READ_BYTES_SEARCH = 64 << 20,
};

static struct peek *peek_of(const struct session *session) { return CONTAINER_OF(session->work, struct peek, work); }

static void free_peek(struct session_work *work)
{
    struct peek *peek = CONTAINER_OF(work, struct peek, work);

    end_look(peek->broker);
    report_free(peek->report);
    peek_collect_end(peek);
    free(peek->items);
    free(peek);
}

/* ---- what was asked for ------------------------------------------------------------------------------------------ */

static bool is_search(const struct cmd_args *args) { return args->text.len > 0 || args->older_ms > 0; }

static const char *find_fault(const struct cmd_args *args)
{
    if (args->limit < 0 || args->limit > CMD_LIMIT_MAX)
        return "limit must be 1 to 1000";
    if (args->place > PLACE_DEAD)
        return "state must be ready, delayed, in_flight or dead";
    if (args->from_tail && args->place != PLACE_READY && args->place != PLACE_DEAD)
        return "only ready and dead messages can be listed from the tail";
    if (args->older_ms < 0)
        return "older_than_ms must not be negative";
    if (args->text.len > CMD_TEXT_BYTES_MAX)
        return "text must be at most 255 bytes";
    if (is_search(args) && args->place != PLACE_DEAD)
        return "text and older_than_ms are for dead messages";
    if (args->body_bytes < 0 || args->body_bytes > CMD_BODY_FIRST_MAX)
        return "body_bytes must be 0 to 65536";
    return NULL;
}

/* The letter of the list in a cursor, and the life of the node that it is good in: places are of one life. */
static struct cursor cursor_of(const struct turn *turn, enum message_place place, bool from_tail)
{
    static const char LETTERS[][3] = {"rR", "d", "f", "xX"};
    bool places = place == PLACE_READY || place == PLACE_IN_FLIGHT;
    const struct broker *broker = turn->broker;

    return (struct cursor){.list = LETTERS[place][from_tail], .queue = turn->queue->number,
                           .life = places ? broker->opened_ms ^ broker->report.end_lsn << 24 : 0};
}

/* Where the page begins. */
static int read_cursor(const struct turn *turn, const struct cmd_args *args, struct peek_key *ret)
{
    struct cursor expected = cursor_of(turn, args->place, args->from_tail), cursor;

    *ret = (struct peek_key){.a = args->from_tail ? UINT64_MAX : 0};
    if (args->cursor.len == 0)
        return 0;
    if (!cursor_read(args->cursor, &cursor) || cursor.list != expected.list || cursor.queue != expected.queue ||
        cursor.life != expected.life)
        return GMQ_E_CURSOR;
    *ret = (struct peek_key){.a = cursor.a, .b = cursor.b};
    return 0;
}

static void begin(const struct turn *turn, const struct cmd_args *args, struct peek_key at)
{
    struct peek *peek = mem_new(sizeof(*peek));

    *peek = (struct peek){.work = {.free = free_peek}, .broker = turn->broker, .queue = turn->queue,
                           .number = turn->queue->number, .args = *args,
                          .place = args->place, .at = at};
    peek->limit = args->limit > 0 ? (size_t)args->limit : CMD_LIMIT_DEFAULT;
    peek->body_bytes = args->body_bytes > 0 ? (uint64_t)args->body_bytes : CMD_BODY_FIRST_BYTES;
    peek->items = mem_new(PEEK_ITEMS_MAX * sizeof(peek->items[0]));
    peek->report = report_new(REPORT_MESSAGES, peek->limit);
    turn->broker->lookers++;
    turn->session->work = &peek->work;
}

/* ---- one message ------------------------------------------------------------------------------------------------- */

static bool holds(struct slice bytes, struct slice piece)
{
    return piece.len == 0 || (bytes.len > 0 && memmem(bytes.ptr, bytes.len, piece.ptr, piece.len));
}

/* Does the search find it? Since when one of an earlier version is dead is not known: for long. */
static bool is_found(const struct turn *turn, uint64_t ref, const struct payload_push *push)
{
    const struct cmd_args *args = turn->cmd->args;
    struct engine_facts facts = {.text = {.len = 0}};
    bool known = is_search(args) && engine_facts(turn->broker->engine, ref_lsn(ref), &facts);

    if (args->older_ms > 0 && known && facts.dead_ms + (uint64_t)args->older_ms > turn->now_ms)
        return false;
    return holds(push->body, args->text) || holds(facts.text, args->text);
}

static size_t bytes_in_page(const struct peek *peek, const struct payload_push *push)
{
    size_t body = peek->args.body == CMD_BODY_WHOLE ? push->body.len : min_u64(push->body.len, peek->body_bytes);

    return push->tlvs.len + (peek->args.body == CMD_BODY_NONE ? 0 : body);
}

/* The next entry of the page; the caller counts it when it stays. */
static struct report_message *entry(struct peek *peek, const struct turn *turn, const struct peek_item *item)
{
    struct report_message *message = &peek->report->messages[peek->report->count];

    *message = (struct report_message){.place = peek->place, .retries = ref_retries(item->ref), .max_retries = -1,
                                       .due_ms = item->due_ms, .since_ms = item->since_ms};
    if (peek->report->count == 0)
        peek->topic = report_keep(peek->report, turn->cmd->topic);
    message->topic = peek->topic;
    return message;
}

static void add_unreadable(struct peek *peek, const struct turn *turn, const struct peek_item *item)
{
    if (log_is_dead(peek->broker->log, ref_lsn(item->ref)) || is_search(&peek->args))
        return;
    entry(peek, turn, item)->unreadable = true;
    peek->report->count++;
}

static void prefetch(const struct peek *peek)
{
    uint64_t lsns[PREFETCH];
    size_t n = 0;

    for (size_t i = peek->done; i < peek->count && n < PREFETCH; i++)
        lsns[n++] = ref_lsn(peek->items[i].ref);
    log_prefetch(peek->broker->log, lsns, n);
}

/* Its message is gone, though it stands in the list. */
static bool is_ghost(const struct peek *peek, uint64_t ref)
{
    if (peek->place != PLACE_READY && peek->place != PLACE_DELAYED)
        return false;
    return engine_is_ghost(peek->broker->engine, peek->queue, ref,
                           peek->place == PLACE_READY ? ENGINE_READY : ENGINE_DELAYED);
}

/* DONE: it was looked at; `ret_full`: it does not fit into the page any more. */
static enum peek_step look_at(struct peek *peek, const struct turn *turn, bool *ret_full)
{
    const struct peek_item *item = &peek->items[peek->done];
    struct payload_push push;
    struct record rec;
    int rc = log_read(peek->broker->log, ref_lsn(item->ref), &rec);

    *ret_full = false;
    if (is_ghost(peek, item->ref))
        return PEEK_DONE;
    if (rc == 0) {
        prefetch(peek);
        return PEEK_READS;
    }
    if (rc < 0 || !payload_get_push(rec.payload, &push)) {
        add_unreadable(peek, turn, item);
        return PEEK_DONE;
    }
    peek->read_bytes += rec.payload.len;
    if (!is_found(turn, item->ref, &push))
        return PEEK_DONE;
    size_t bytes = bytes_in_page(peek, &push);
    *ret_full = peek->report->count > 0 && peek->text_bytes + bytes > TEXT_BYTES_MAX;
    if (*ret_full)
        return PEEK_DONE;
    struct report_message *message = entry(peek, turn, item);
    describe_push(peek->report, message, &push, turn->now_ms, peek->args.body, peek->body_bytes);
    describe_facts(peek->report, message, peek->broker, ref_lsn(item->ref));
    if (item->holder)
        message->holder = describe_holder(peek->report, peek->broker, item->holder);
    peek->report->count++;
    peek->text_bytes += bytes;
    return PEEK_DONE;
}

/* ---- the page ---------------------------------------------------------------------------------------------------- */

static bool has_enough(const struct peek *peek)
{
    if (peek->report->count == peek->limit)
        return true;
    if (is_search(&peek->args))
        return peek->looked_at >= SEARCH_MAX || peek->read_bytes >= READ_BYTES_SEARCH;
    return peek->read_bytes >= READ_BYTES_MAX;
}

/* Looks at the candidates. WORKS: enough for this turn. */
static enum peek_step look(struct peek *peek, const struct turn *turn, bool *ret_full)
{
    uint64_t read_before = peek->read_bytes;

    *ret_full = false;
    for (unsigned n = 0; peek->done < peek->count && !has_enough(peek); peek->done++, peek->looked_at++) {
        if (n++ == TURN_ITEMS || peek->read_bytes - read_before > TURN_BYTES)
            return PEEK_WORKS;
        if (look_at(peek, turn, ret_full) == PEEK_READS)
            return PEEK_READS;
        if (*ret_full)
            break;
    }
    return PEEK_DONE;
}

static enum peek_step run(struct peek *peek, const struct turn *turn)
{
    for (;;) {
        enum peek_step step = PEEK_DONE;
        bool full = false;
        if (peek->collecting)
            step = peek_collect(peek, turn->now_ms);
        peek->collecting = step != PEEK_DONE;
        if (step == PEEK_DONE)
            step = look(peek, turn, &full);
        if (step != PEEK_DONE)
            return step;
        if (full || has_enough(peek) || (peek->done == peek->count && peek->end))
            return PEEK_DONE;
        peek->count = peek->done = 0;
        peek->want = is_search(&peek->args) ? SEARCH_ITEMS : peek->limit - peek->report->count + 1;
        peek->collecting = true;
        if (peek->looked_at > 0 && is_search(&peek->args))
            return PEEK_WORKS;
    }
}

static void set_next(struct peek *peek, const struct turn *turn)
{
    char text[CURSOR_CHARS_MAX];
    struct cursor cursor = cursor_of(turn, peek->place, peek->args.from_tail);
    struct peek_key key = peek->done < peek->count ? peek->items[peek->done].key : peek->at;

    if (peek->done == peek->count && peek->end)
        return;
    cursor.a = key.a;
    cursor.b = key.b;
    peek->report->next = report_keep(peek->report, slice_of(text, cursor_write(text, &cursor)));
}

static int check(const struct turn *turn, struct peek_key *ret_at)
{
    const char *fault = find_fault(turn->cmd->args);

    if (fault)
        return refuse(turn, GMQ_E_VALUE, 0, fault), 1;
    int rc = !turn->queue || turn->queue->exited ? GMQ_E_TOPIC_UNKNOWN : read_cursor(turn, turn->cmd->args, ret_at);
    return rc < 0 ? refuse(turn, rc, 0, NULL), 1 : 0;
}

int exec_peek(struct turn *turn)
{
    struct broker *broker = turn->broker;
    struct session *session = turn->session;
    struct peek_key at;

    if (!session->work) {
        if (check(turn, &at) != 0)
            return 0;
        if (broker->lookers == LOOKERS_MAX)
            return no_room(turn, -EAGAIN);
        begin(turn, turn->cmd->args, at);
    }
    struct peek *peek = peek_of(session);
    if (!turn->queue || turn->queue->number != peek->number) {
        session_end_work(session);
        return refuse(turn, GMQ_E_TOPIC_UNKNOWN, 0, NULL); /* it was deleted meanwhile */
    }
    enum peek_step step = run(peek, turn);
    if (step != PEEK_DONE) {
        broker->retry = broker->retry || step == PEEK_WORKS;
        return no_room(turn, -EAGAIN);
    }
    set_next(peek, turn);
    struct report *report = peek->report;
    peek->report = NULL;
    session_end_work(session);
    return answer_report(turn, report, 0);
}
