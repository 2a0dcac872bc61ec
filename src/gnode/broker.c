/* broker.c - opening, the turn, the end; see broker.h. SPDX-License-Identifier: MIT */
#include "gnode/broker.h"

#include "base/err.h"
#include "engine/id.h"
#include "engine/payload.h"
#include "gnode/lists.h"
#include "gnode/snapshot.h"
#include "gnode/turn.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    IDS_AHEAD_MS = 100,             /* that the time of a push may be off when only its id says it */
    UNCLEAN_ID_GAP_MS = 60000,      /* larger than what ids run ahead of engine time by themselves */
    FIRST_TICK_MS = 1000,           /* clients can ack what they hold before leases of the last life end */
    NO_ROOM_MS = 100,               /* between tries of a TICK for which the log has no room */
    MEMORY_REST = 16,               /* of the memory, kept for what must go on */
    OWED_PART = 8,                  /* of the memory, for answers that are not taken, when it has a limit, else ... */
    OWED_BYTES_MAX = 512 << 20,
    DELAYED_BYTES = 20,             /* of memory a delayed message, rather more than less */
};

/* ---- hooks of engine and log ------------------------------------------------------------------------------------- */

static void message_dead(void *ctx, uint64_t lsn)
{
    log_dead(((struct broker *)ctx)->log, lsn);
}

static void queue_record_dead(void *ctx, uint64_t lsn)
{
    log_dead_queue(((struct broker *)ctx)->log, lsn);
}

static void queue_stirs(void *ctx, struct queue *queue) { wait_stir(&((struct broker *)ctx)->waits, queue); }

static void queue_is_gone(void *ctx, struct queue *queue)
{
    wait_forget_queue(queue);
    usage_forget(ctx, queue);
}

static void replay_reset(void *ctx) { engine_reset(((struct broker *)ctx)->engine); }

static int replay_load(void *ctx, const void *image, size_t bytes)
{
    return engine_load(((struct broker *)ctx)->engine, image, bytes);
}

static void replay_apply(void *ctx, const struct record *rec)
{
    engine_apply(((struct broker *)ctx)->engine, rec);
}

static uint64_t image_bytes_max(void *ctx)
{
    const struct broker *broker = ctx;

    return engine_saved_bytes_max(broker->engine, broker->options.max_in_flight);
}

static uint64_t last_key(void *ctx) { return engine_last_id(((struct broker *)ctx)->engine); }

static void wake_owner(void *ctx)
{
    const struct broker *broker = ctx;

    broker->wake(broker->wake_ctx);
}

/* ---- appending --------------------------------------------------------------------------------------------------- */

int broker_room(struct broker *broker, size_t bytes, bool essential)
{
    return log_room(broker->log, bytes, essential);
}

uint64_t broker_apply(struct broker *broker)
{
    struct record rec;
    uint64_t end = log_end(broker->log, &rec);

    engine_apply(broker->engine, &rec);
    if (broker->options.witness)
        broker->options.witness(broker->options.witness_ctx, &rec, end);
    return end;
}

uint64_t broker_queue_stride(size_t name_bytes)
{
    /* Six TLVs: name, bind key "", start, flags, ttr, retries; and what else may be set. */
    return record_stride(RECORD_QUEUE, 6 * 4 + name_bytes + 8 + 3 * 4 + PAYLOAD_SETTINGS_BYTES_MAX);
}

static uint64_t append_queue(struct broker *broker, uint32_t number, const struct payload_queue *set)
{
    char payload[PAYLOAD_QUEUE_BYTES_MAX];
    size_t bytes = payload_put_queue(payload, set);

    memcpy(log_begin(broker->log, RECORD_QUEUE, 0, 0, number, bytes), payload, bytes);
    return broker_apply(broker);
}

uint64_t broker_append_queue(struct broker *broker, uint32_t number, struct slice name, uint64_t start_ms,
                             uint32_t flags, const struct topic_settings *settings)
{
    return append_queue(broker, number,
                        &(struct payload_queue){.name = name, .start_ms = start_ms, .flags = flags, .set = *settings});
}

uint64_t broker_append_node(struct broker *broker, uint64_t ids_ms)
{
    const struct broker_options *options = &broker->options;
    struct payload_queue set = {.start_ms = ids_ms, .set.max_retries = options->max_retries, .dedup_given = true,
                                .dedup_window_ms = options->dedup_window_ms, .dedup_keys = options->dedup_keys};

    return append_queue(broker, 0, &set);
}

uint64_t broker_rewrite_queue(struct broker *broker, const struct queue *queue, uint32_t flags,
                              const struct topic_settings *settings)
{
    char name[PAYLOAD_QUEUE_BYTES_MAX];

    if (queue->name_len > 0) /* those of deleted topics have none */
        memcpy(name, queue->name, queue->name_len);
    return broker_append_queue(broker, queue->number, slice_of(name, queue->name_len), queue->start_ms, flags,
                               settings);
}

/* ---- opening ----------------------------------------------------------------------------------------------------- */

/*
 * A queue whose QUEUE record was lost to damage keeps its messages and gets a name that can be popped. There may be
 * more of them than the ring has room for: then the next turn goes on.
 */
static void name_lost_queues(struct broker *broker, uint64_t now_ms)
{
    char name[32];

    for (; broker->name_next < broker->name_end; broker->name_next++) {
        uint32_t number = broker->name_next;
        const struct queue *queue = engine_queue(broker->engine, number);
        if (!queue || queue->name || queue->deleted)
            continue;
        if (broker_room(broker, broker_queue_stride(sizeof(name)), false) != 0)
            return;
        int len = snprintf(name, sizeof(name), "recovered.%u", (unsigned)number);
        (void)broker_append_queue(broker, number, slice_of(name, (size_t)len), now_ms, 0, &TOPIC_SETTINGS_NONE);
    }
}

/* Is the node's record that of these options? */
static bool holds_settings(const struct broker *broker)
{
    const struct broker_options *options = &broker->options;

    return engine_max_retries(broker->engine) == options->max_retries &&
           engine_dedup_window_ms(broker->engine) == options->dedup_window_ms &&
           engine_dedup_keys(broker->engine) == options->dedup_keys;
}

/*
 * An unclean stop may have lost ids with the tail of the log, and the clock may have been set back a little since. So
 * the ids of this life begin a gap ahead, and none is told before it is durable where they begin: else the next life
 * after a power cut could begin there again.
 */
static void note_node_settings(struct broker *broker, uint64_t now_ms)
{
    bool unclean = !broker->report.clean;
    uint64_t ids_ms = max_u64(now_ms, id_time_ms(engine_last_id(broker->engine))) + UNCLEAN_ID_GAP_MS;

    if (!broker->report.fresh && !unclean && holds_settings(broker))
        return;
    uint64_t end = broker_append_node(broker, unclean ? ids_ms : 0);
    if (unclean) {
        broker->ids_end = end;
        log_need_durable(broker->log);
    }
}

/*
 * Is the time in an id not that of its push? After an unclean stop ids run ahead for a minute, and a little when so
 * many messages are pushed that milliseconds run out of ids.
 */
static void look_at_ids(struct broker *broker, uint64_t now_ms)
{
    bool ahead = id_time_ms(engine_last_id(broker->engine)) > now_ms + IDS_AHEAD_MS;

    broker->stamp_bytes = ahead ? PAYLOAD_STAMP_BYTES : 0;
}

uint64_t broker_promised(const struct broker *broker)
{
    uint64_t durable = log_durable(broker->log);

    return durable >= broker->ids_end ? log_promised(broker->log) : durable;
}

int broker_open(struct broker *broker, const struct broker_options *options, const struct log_options *log_options,
                void (*wake)(void *ctx), uint64_t (*start_clock)(void *ctx, uint64_t last_ms), void *ctx,
                char *ret_error, size_t error_bytes)
{
    struct engine_hooks engine_hooks = {.ctx = broker, .dead = message_dead, .dead_queue = queue_record_dead,
                                        .stir = queue_stirs, .forget = queue_is_gone};
    struct log_hooks hooks = {.ctx = broker, .reset = replay_reset, .load = replay_load, .apply = replay_apply,
                              .wake = wake_owner, .image_bytes_max = image_bytes_max, .key_of = payload_new_id,
                              .last_key = last_key};

    *broker = (struct broker){.options = *options, .wake = wake, .wake_ctx = ctx};
    list_init(&broker->parked);
    list_init(&broker->stalled);
    wait_init(&broker->waits);
    jobs_init(&broker->jobs, options->max_message + PAYLOAD_ATTRS_BYTES_MAX);
    broker->engine = engine_new(&engine_hooks);
    engine_limit_lists(broker->engine, options->list_memory / PAYLOAD_REF_BYTES,
                       options->chunk_refs > 0 ? options->chunk_refs : PAYLOAD_CHUNK_REFS_MAX);
    engine_limit_delays(broker->engine, options->delay_memory / DELAYED_BYTES,
                        options->delay_entries > 0 ? options->delay_entries : PAYLOAD_DCHUNK_ENTRIES_MAX);
    broker->log = log_new(log_options);
    if (!broker->log)
        goto out_engine;
    int rc = log_recover(broker->log, &hooks, &broker->report, ret_error, error_bytes);
    if (rc < 0)
        goto out_log;
    broker->mended = engine_mend(broker->engine);
    /* Ids do not set the clock: after an unclean stop they run ahead of it, and timers must not follow them. */
    uint64_t now_ms = start_clock(ctx, engine_last_time_ms(broker->engine));
    broker->opened_ms = now_ms;
    broker->tick_from_ms = now_ms + FIRST_TICK_MS;
    broker->checkpoint_ms = broker->report.note[0] == '\0' ? now_ms : 0; /* after damage one is written at once */
    rc = log_start(broker->log);
    if (rc < 0) {
        (void)snprintf(ret_error, error_bytes, "the threads of the log do not start: %s", strerror(-rc));
        goto out_log;
    }
    note_node_settings(broker, now_ms);
    look_at_ids(broker, now_ms);
    usage_begin(broker, now_ms);
    holders_begin(broker);
    broker->name_next = 1;
    broker->name_end = engine_queues(broker->engine) + 1;
    name_lost_queues(broker, now_ms);
    lists_bring_back(broker);
    sweep_begin(broker, now_ms);
    log_publish(broker->log);
    return 0;

out_log:
    log_free(broker->log);
    engine_free(broker->engine);
    return rc;
out_engine:
    engine_free(broker->engine);
    (void)snprintf(ret_error, error_bytes, "out of memory");
    return -ENOMEM;
}

/* ---- the turn ---------------------------------------------------------------------------------------------------- */

/* When tick() has something to do: until tick_from_ms no timer fires, and only delayed messages come nearer. */
static uint64_t tick_due_ms(const struct broker *broker)
{
    return min_u64(max_u64(engine_next_due_ms(broker->engine), broker->tick_from_ms),
                   engine_next_descend_ms(broker->engine));
}

/* Fires what is due. False: it is, but the log has no room for a TICK now. */
static bool tick(struct broker *broker, uint64_t now_ms)
{
    struct payload_tick tick = {.now_ms = now_ms, .moves = PAYLOAD_TICK_MOVES_MAX};

    if (tick_due_ms(broker) > now_ms)
        return true;
    if (broker_room(broker, record_stride(RECORD_TICK, PAYLOAD_TICK_BYTES), true) != 0)
        return false;
    if (now_ms >= broker->tick_from_ms)
        tick.count = PAYLOAD_TICK_TIMERS_MAX;
    if (broker->options.tick_moves > 0)
        tick.moves = broker->options.tick_moves;
    payload_put_tick(log_begin(broker->log, RECORD_TICK, 0, 0, 0, PAYLOAD_TICK_BYTES), &tick);
    (void)broker_apply(broker);
    return true;
}

static void pump_parked(struct broker *broker)
{
    LIST_EACH(&broker->parked, node, next)
        session_pump(CONTAINER_OF(node, struct session, in_parked));
}

/* Only those who waited before this turn; who stalls again waits for the next change. */
static void resume_stalled(struct broker *broker)
{
    struct list waiting;
    struct list *node;

    broker->retry = false;
    list_take(&waiting, &broker->stalled);
    while ((node = list_pop(&waiting))) {
        struct session *session = CONTAINER_OF(node, struct session, in_stalled);
        session->ops->resume(session);
    }
}

uint64_t broker_turn(struct broker *broker, uint64_t now_ms)
{
    bool moved = log_poll(broker->log);

    broker->trims = 0;
    broker->list_work = 0;
    look_at_ids(broker, now_ms);
    name_lost_queues(broker, now_ms);
    bool ticked = tick(broker, now_ms);
    /* Before those are served who wait for what it brings. */
    uint64_t jobs_ms = broker->jobs.running > 0 ? jobs_turn(broker, now_ms) : UINT64_MAX;
    if (moved)
        pump_parked(broker);
    uint64_t sweep_ms = min_u64(usage_turn(broker, now_ms), sweep_turn(broker, now_ms));
    if (wait_is_used(&broker->waits))
        wait_serve(broker, now_ms, moved || broker->retry);
    if (moved || broker->retry)
        resume_stalled(broker);
    uint64_t wait_ends = UINT64_MAX;
    if (wait_is_used(&broker->waits)) {
        wait_serve(broker, now_ms, false); /* what those have brought */
        wait_ends = wait_expire(broker, now_ms);
    }
    uint64_t load_ms = lists_load_delays(broker, now_ms);
    bool owes = lists_spill(broker, now_ms);
    owes = purge_doomed(broker, now_ms) || owes;
    snapshot_turn(broker, now_ms);
    log_publish(broker->log);
    if (broker->retry || owes)
        return now_ms;
    uint64_t due = max_u64(tick_due_ms(broker), ticked ? 0 : now_ms + NO_ROOM_MS);
    due = min_u64(min_u64(due, load_ms), min_u64(min_u64(wait_ends, sweep_ms), jobs_ms));
    return min_u64(due, snapshot_due_ms(broker, now_ms));
}

uint64_t broker_memory(const struct broker *broker)
{
    uint64_t doors = broker->options.doors_memory ? broker->options.doors_memory(broker->options.doors_ctx) : 0;

    return engine_memory(broker->engine) + engine_saved_bytes(broker->engine) + log_memory(broker->log) +
           broker->parked_bytes + broker->usages.bytes + broker->holders.bytes + doors;
}

enum memory_state broker_memory_state(const struct broker *broker)
{
    uint64_t limit = broker->options.memory_limit, rest = limit / MEMORY_REST;

    if (limit == 0)
        return MEMORY_OK;
    uint64_t taken = broker_memory(broker);
    return taken <= limit - rest ? MEMORY_OK : taken <= limit - rest / 2 ? MEMORY_FULL : MEMORY_TIGHT;
}

bool broker_may_look(const struct broker *broker)
{
    const struct broker_options *options = &broker->options;
    uint64_t doors = options->doors_owed ? options->doors_owed(options->doors_ctx) : 0;
    uint64_t most = options->memory_limit > 0 ? options->memory_limit / OWED_PART : OWED_BYTES_MAX;

    return broker->parked_bytes + doors <= most && broker_memory_state(broker) != MEMORY_TIGHT;
}

bool broker_idle(const struct broker *broker)
{
    return list_empty(&broker->parked) && list_empty(&broker->stalled) && broker->waits.count == 0;
}

void broker_refuse(struct session *session, int err, uint64_t number, const char *word, bool last)
{
    session_answer(session, &(struct parked){.kind = ANSWER_ERROR, .count_or_err = (uint32_t)err, .arg = number,
                                             .word = word, .last = last});
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

void broker_abandon(struct broker *broker)
{
    wait_fini(&broker->waits);
    jobs_fini(&broker->jobs);
    usage_end(broker);
    holders_end(broker);
    snapshot_abandon(broker);
    log_free(broker->log);
    engine_free(broker->engine);
    broker->log = NULL;
    broker->engine = NULL;
}

int broker_close(struct broker *broker)
{
    snapshot_last(broker);
    int rc = log_stop(broker->log);

    broker_abandon(broker);
    return rc;
}
