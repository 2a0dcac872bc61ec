/* limits.c - see limits.h. SPDX-License-Identifier: MIT */
#include "gnode/limits.h"

#include "base/mem.h"
#include "engine/ref.h"
#include "gnode/lists.h"
#include "gnode/turn.h"

#include <string.h>

enum {
    SWEEP_MESSAGES = 512,         /* of a topic, at once */
    SWEEP_MESSAGES_A_TURN = 1024, /* of all of them: about a millisecond */
    SWEEP_MS = 1000,
    FETCH_MS = 1,                 /* until a record is looked for again that is being fetched */
    NO_ROOM_MS = 100,
    KEPT_MS = 1000, /* what is kept of a queue is given up when no push to it has come for so long */
    PREFETCH_REFS = 512,
};

static size_t room_bytes(const struct queue *queue, size_t count)
{
    size_t pairs = count * PAYLOAD_PAIR_BYTES;

    return queue->set.limits.over == OVER_DEAD_LETTER ? record_stride(RECORD_BURY, PAYLOAD_BURY_BYTES + pairs)
                                                      : record_stride(RECORD_ACK, pairs);
}

/* Appends the record by which ready messages go. */
static void append(struct broker *broker, const struct queue *queue, const struct payload_pair *pairs, size_t count,
                   enum payload_how how, uint64_t now_ms, uint8_t flags)
{
    struct payload_bury letter = {.now_ms = now_ms, .reason = PAYLOAD_REASON_LIMIT, .count = (uint32_t)count};

    if (queue->set.limits.over != OVER_DEAD_LETTER) {
        (void)ack_append_one(broker, queue->number, payload_ack_aux(PAYLOAD_LIST_READY, how), flags, pairs, count);
        return;
    }
    payload_put_bury(log_begin(broker->log, RECORD_BURY, flags, PAYLOAD_BURY_READY, queue->number,
                               PAYLOAD_BURY_BYTES + count * PAYLOAD_PAIR_BYTES), &letter, pairs);
    (void)broker_apply(broker);
}

/* The oldest ready messages, up to `max`, but no less than `least` if there are so many. < 0: as lists_load(). */
static int peek(struct broker *broker, const struct queue *queue, uint64_t now_ms, uint64_t *refs, size_t max,
                size_t least)
{
    uint64_t chunk;
    size_t n;

    while ((n = engine_peek_ready(broker->engine, queue, refs, max)) < least) {
        bool has_chunks = engine_peek_chunks(queue, &chunk, 1) > 0;
        if (!has_chunks && !queue->ghosts.at_head)
            break;
        int rc = queue->ghosts.at_head ? lists_forward(broker, queue, now_ms) : lists_load(broker, queue);
        if (rc <= 0)
            return rc == 0 ? -EAGAIN : rc;
    }
    return (int)n;
}

/* Id and push of a message, 0 when its record cannot be read; false: it is being fetched, and those after it, too. */
static bool read_push(const struct broker *broker, const uint64_t *refs, size_t count, uint64_t *ret_id,
                      uint64_t *ret_pushed_ms)
{
    uint64_t lsns[PREFETCH_REFS];
    struct payload_push push;
    struct record rec;
    int rc = log_read(broker->log, ref_lsn(refs[0]), &rec);

    if (rc == 0) {
        count = min_u64(count, PREFETCH_REFS);
        for (size_t i = 0; i < count; i++)
            lsns[i] = ref_lsn(refs[i]);
        log_prefetch(broker->log, lsns, count);
        return false;
    }
    bool readable = rc > 0 && payload_get_push(rec.payload, &push);
    *ret_id = readable ? push.id : 0;
    *ret_pushed_ms = readable ? payload_push_ms(&push) : 0;
    return true;
}

/* ---- messages and bytes ------------------------------------------------------------------------------------------ */

/* What the topic would have, as the engine will count it. */
struct sum {
    uint64_t messages, bytes;
};

static const char *over_word(const struct topic_limits *limits, const struct sum *sum)
{
    if (limits->messages > 0 && sum->messages > limits->messages)
        return "messages";
    return limits->bytes > 0 && sum->bytes > limits->bytes ? "bytes" : NULL;
}

/* How many of the oldest must go for the others and `more` to fit. */
static size_t count_over(const struct queue *queue, struct sum *sum, const struct sum *more, size_t max)
{
    struct sum here = {.messages = queue_messages(queue), .bytes = queue->bytes};
    size_t count = 0;

    for (;; count++) {
        *sum = (struct sum){.messages = here.messages + more->messages, .bytes = here.bytes + more->bytes};
        if (count == max || !over_word(&queue->set.limits, sum))
            return count;
        here.bytes -= here.bytes / here.messages & ~UINT64_C(63);
        here.messages--;
    }
}

/* Where among what is kept of the queue this ref stands; kept_count: nowhere. */
static size_t kept_at(const struct limits_over *over, uint32_t queue, uint64_t ref)
{
    size_t at = over->kept_of == queue ? 0 : over->kept_count;

    while (at < over->kept_count && over->kept[at].ref != ref)
        at++;
    return at;
}

/* Keeps the first `count` pairs for when the push is tried again, unless those of another queue are kept. */
static void keep(struct limits_over *over, uint32_t queue, size_t count, uint64_t now_ms)
{
    if (over->kept_of != queue && over->kept_count > 0 && now_ms < over->kept_ms + KEPT_MS)
        return;
    memcpy(over->kept, over->pairs, count * sizeof(over->pairs[0]));
    over->kept_count = count;
    over->kept_of = queue;
    over->kept_ms = now_ms;
}

/* The ids of those that must go. 0, or -EAGAIN. */
static int find_ids(const struct turn *turn, const uint64_t *refs, size_t n)
{
    struct limits_over *over = &turn->broker->over;
    uint32_t number = turn->queue->number;
    size_t at = kept_at(over, number, refs[0]);
    uint64_t pushed_ms;

    for (size_t i = 0; i < n; i++, at++) {
        over->pairs[i].ref = refs[i];
        if (at < over->kept_count && over->kept[at].ref == refs[i]) {
            over->pairs[i].id = over->kept[at].id;
        } else if (!read_push(turn->broker, refs + i, n - i, &over->pairs[i].id, &pushed_ms)) {
            keep(over, number, i, turn->now_ms);
            return -EAGAIN;
        }
    }
    if (over->kept_of == number && over->kept_count > 0) /* there may be no room in the log yet */
        keep(over, number, n, turn->now_ms);
    return 0;
}

int limits_check(struct turn *turn, uint32_t count, uint64_t bytes)
{
    struct limits_over *over = &turn->broker->over;
    const struct topic_limits *limits = &turn->queue->set.limits;
    const struct sum more = {.messages = count, .bytes = bytes};
    uint64_t refs[LIMITS_PAIRS_MAX];
    struct sum sum;
    size_t max = 0;

    if (limits->over != OVER_REJECT && !over_word(limits, &more))
        max = min_u64(min_u64((uint64_t)count * LIMITS_PAIRS_A_MESSAGE, LIMITS_PAIRS_MAX),
                      queue_ready(turn->queue));
    size_t n = count_over(turn->queue, &sum, &more, max);
    over->word = over_word(limits, &sum);
    if (over->word)
        return GMQ_E_TOPIC_FULL;
    if (n == 0)
        return 0;
    int there = peek(turn->broker, turn->queue, turn->now_ms, refs, n, n);
    if (there < 0)
        return there;
    if ((size_t)there < n) { /* the others are put aside, since they cannot be read */
        over->word = limits->messages > 0 ? "messages" : "bytes";
        return GMQ_E_TOPIC_FULL;
    }
    if (find_ids(turn, refs, n) < 0)
        return -EAGAIN;
    turn->over = (uint32_t)n;
    turn->over_bytes = room_bytes(turn->queue, n);
    return 0;
}

void limits_make_room(struct turn *turn)
{
    struct limits_over *over = &turn->broker->over;

    append(turn->broker, turn->queue, over->pairs, turn->over, PAYLOAD_HOW_DELETED, turn->now_ms, RECORD_F_MORE);
    if (over->kept_of == turn->queue->number)
        over->kept_count = 0;
}

/* ---- age --------------------------------------------------------------------------------------------------------- */

bool limits_is_old(const struct queue *queue, uint64_t pushed_ms, uint64_t now_ms)
{
    return pushed_ms > 0 && pushed_ms + queue->set.limits.age_ms <= now_ms;
}

int limits_drop(struct broker *broker, const struct queue *queue, uint64_t ref, uint64_t id, uint64_t now_ms)
{
    int rc = broker_room(broker, room_bytes(queue, 1), true);

    if (rc == 0)
        append(broker, queue, &(struct payload_pair){.ref = ref, .id = id}, 1, PAYLOAD_HOW_EXPIRED, now_ms, 0);
    return rc;
}

/* When the first of those that are ready, or may come to be, can be too old. */
static uint64_t next_ms(const struct queue *queue, uint64_t oldest_ms, uint64_t now_ms)
{
    uint64_t age_ms = queue->set.limits.age_ms;

    if (queue->delayed > 0 || queue->in_flight > 0 || (oldest_ms == 0 && queue_ready(queue) > 0))
        return now_ms + SWEEP_MS;
    return max_u64((oldest_ms > 0 ? oldest_ms : now_ms) + age_ms, now_ms + SWEEP_MS);
}

uint64_t limits_sweep(struct broker *broker, struct queue *queue, uint64_t now_ms)
{
    struct payload_pair pairs[SWEEP_MESSAGES];
    uint64_t refs[SWEEP_MESSAGES], id = 0, pushed_ms = 0;
    bool fetched = true;
    size_t n = 0;

    if (broker->sweep.messages >= SWEEP_MESSAGES_A_TURN)
        return now_ms + 1;
    int there = peek(broker, queue, now_ms, refs, SWEEP_MESSAGES, 1);
    if (there < 0)
        return now_ms + (there == -EAGAIN ? FETCH_MS : NO_ROOM_MS);
    for (; n < (size_t)there; n++) {
        fetched = read_push(broker, refs + n, (size_t)there - n, &id, &pushed_ms);
        if (!fetched || !limits_is_old(queue, pushed_ms, now_ms)) /* what cannot be read is for a pop to find */
            break;
        pairs[n] = (struct payload_pair){.ref = refs[n], .id = id};
    }
    if (n > 0 && broker_room(broker, room_bytes(queue, n), true) != 0)
        return now_ms + NO_ROOM_MS;
    broker->sweep.messages += n + 1;
    if (n > 0)
        append(broker, queue, pairs, n, PAYLOAD_HOW_EXPIRED, now_ms, 0);
    if (!fetched)
        return now_ms + FETCH_MS;
    if (n > 0 && n == (size_t)there) /* there may be more, in a piece of the list too */
        return now_ms + 1;
    return next_ms(queue, n < (size_t)there ? pushed_ms : 0, now_ms);
}
