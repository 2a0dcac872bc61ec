/* snapshot.c - see snapshot.h. SPDX-License-Identifier: MIT */
#include "gnode/snapshot.h"

#include "engine/payload.h"

#include <errno.h>

enum {
    CHECKPOINT_EVERY_MS = 60000, /* of activity */
    POLL_MS = 2,                 /* between looks whether an image is there */
    IMAGE_MS_MAX = 30000,        /* one that takes longer is given up, and made at once */
    LOOKS_A_TURN = 4096,         /* queues, for those whose records keep a segment */
    WRITES_A_TURN = 512,         /* ... of which so many are written anew */
    STATE_BYTES_MAX_SHIFT = 40,
};

static uint64_t tail_lsn(const struct broker *broker)
{
    struct log_stats stats;

    log_stats(broker->log, &stats);
    return stats.tail_lsn;
}

/* ---- records that keep segments ---------------------------------------------------------------------------------- */

static uint32_t queue_flags(const struct queue *queue)
{
    return (queue->auto_ack ? PAYLOAD_QUEUE_AUTO_ACK : 0u) | (queue->exited ? PAYLOAD_QUEUE_EXITED : 0u) |
           (queue->deleted ? PAYLOAD_QUEUE_DELETED : 0u);
}

/* Appends the queue's record anew, as it is. False when there is no room now. */
static bool rewrite_queue(struct broker *broker, const struct queue *queue)
{
    if (broker_room(broker, broker_queue_stride(queue->name_len), true) != 0)
        return false;
    (void)broker_rewrite_queue(broker, queue, queue_flags(queue), &queue->set);
    return true;
}

/*
 * QUEUE records that alone keep an old segment are written anew, so that it can go: some of them. True when all that
 * can be done is done.
 */
static bool unpin_some(struct broker *broker)
{
    uint64_t base, end, node_lsn = engine_node_record_lsn(broker->engine);
    unsigned looks = LOOKS_A_TURN, writes = WRITES_A_TURN;

    if (!log_pinned(broker->log, &base, &end))
        return true;
    for (; broker->unpin_next <= engine_queues(broker->engine) && looks > 0 && writes > 0; looks--) {
        const struct queue *queue = engine_queue(broker->engine, broker->unpin_next++);
        if (!queue || queue->record_lsn < base || queue->record_lsn >= end)
            continue;
        if (!rewrite_queue(broker, queue))
            return true;
        writes--;
    }
    if (looks == 0 || writes == 0)
        return false;
    if (node_lsn >= base && node_lsn < end && broker_room(broker, broker_queue_stride(0), true) == 0)
        (void)broker_append_node(broker, 0);
    return true;
}

/* ---- images ------------------------------------------------------------------------------------------------------ */

static int save_at_once(struct broker *broker)
{
    struct buf image;

    buf_init(&image, (size_t)1 << STATE_BYTES_MAX_SHIFT);
    if (!engine_save(broker->engine, &image)) {
        log_checkpoint_cancel(broker->log);
        return -ENOMEM;
    }
    log_checkpoint_image(broker->log, image.ptr, buf_len(&image), NULL);
    return 0;
}

static int begin_checkpoint(struct broker *broker, bool at_once)
{
    struct imager *imager = broker->options.imager;
    int rc = log_checkpoint_begin(broker->log);

    if (rc <= 0)
        return rc;
    bool beside = imager && !at_once && engine_saved_bytes(broker->engine) >= imager->bytes_min;
    if (!beside || imager->begin(imager, broker->engine) < 0)
        return save_at_once(broker);
    broker->imaging = true;
    return 0;
}

/* An image that could not be made beside is made at once, at a later cut. */
static void take_image(struct broker *broker, uint64_t now_ms)
{
    struct imager *imager = broker->options.imager;
    struct image image;
    int rc = imager->poll(imager, &image);

    if (rc == 0 && now_ms < broker->checkpoint_ms + IMAGE_MS_MAX)
        return;
    broker->imaging = false;
    if (rc > 0) {
        log_checkpoint_image(broker->log, image.bytes, image.count, image.release);
        return;
    }
    if (rc == 0)
        imager->cancel(imager);
    log_checkpoint_cancel(broker->log);
    broker->image_failed = true;
    broker->images_failed++;
}

/* ---- when -------------------------------------------------------------------------------------------------------- */

/* By time; UINT64_MAX while one is being written or nothing has happened since the last. */
static uint64_t due_ms(const struct broker *broker)
{
    const char *reason;

    if (log_checkpoint_busy(broker->log) || log_state(broker->log, &reason) == LOG_READ_ONLY)
        return UINT64_MAX;
    if (broker->image_failed || broker->unpin_next > 0)
        return 0;
    return tail_lsn(broker) == broker->checkpoint_tail ? UINT64_MAX : broker->checkpoint_ms + CHECKPOINT_EVERY_MS;
}

void snapshot_turn(struct broker *broker, uint64_t now_ms)
{
    if (broker->imaging)
        take_image(broker, now_ms);
    if (now_ms < due_ms(broker) && !log_checkpoint_due(broker->log))
        return;
    if (broker->unpin_next == 0)
        broker->unpin_next = 1;
    if (!unpin_some(broker))
        return;
    broker->unpin_next = 0;
    broker->checkpoint_ms = now_ms;
    bool at_once = broker->image_failed;
    broker->image_failed = false;
    if (begin_checkpoint(broker, at_once) == 0)
        broker->checkpoint_tail = tail_lsn(broker);
}

uint64_t snapshot_due_ms(const struct broker *broker, uint64_t now_ms)
{
    return broker->imaging ? now_ms + POLL_MS : due_ms(broker);
}

void snapshot_last(struct broker *broker)
{
    snapshot_abandon(broker);
    if (log_checkpoint_busy(broker->log))
        return;
    broker->unpin_next = 1;
    while (!unpin_some(broker))
        continue;
    (void)begin_checkpoint(broker, true);
}

void snapshot_abandon(struct broker *broker)
{
    if (!broker->imaging)
        return;
    broker->options.imager->cancel(broker->options.imager);
    broker->imaging = false;
    log_checkpoint_cancel(broker->log);
}
