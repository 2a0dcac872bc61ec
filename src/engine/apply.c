/*
 * apply.c - the only code that changes queue state; one function a record type
 *
 * A record may name what is not there: part of the log before it can have been lost to damage. Then that part of it
 * is ignored and counted; what is there is never dropped for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "engine/engine.h"

#include "base/mem.h"
#include "engine/id.h"
#include "engine/ref.h"
#include "engine/retry.h"
#include "engine/state.h"

static void saw_time(struct engine *engine, uint64_t now_ms)
{
    engine->last_time_ms = max_u64(engine->last_time_ms, now_ms);
}

static void chunk_gone(struct engine *engine, uint64_t lsn) { engine->hooks.dead(engine->hooks.ctx, lsn); }

/* Takes `ref` from the waiting list; it is the oldest, but after damage to the log. */
static bool take(struct engine *engine, struct queue *queue, uint64_t ref)
{
    const struct fifo *oldest = waiting_oldest(&queue->ready);

    if (UNLIKELY(!oldest || oldest->count == 0 || fifo_first(oldest) != ref)) {
        uint64_t in_memory = waiting_in_memory(&queue->ready);
        if (in_memory > engine->search_left)
            return false;
        engine->search_left -= in_memory;
    }
    bool taken = waiting_take(&engine->lists, &queue->ready, ref);
    if (UNLIKELY(queue->ghosts.ready > 0))
        state_trim_some(engine, queue);
    return taken;
}

struct death {
    uint64_t since_ms; /* of the delivery that ended in it; 0 = it waited */
    uint64_t now_ms;
    unsigned why;      /* enum payload_reason */
    struct slice text;
};

/* A message whose lease has ended leaves. */
static void leave_flight(struct queue *queue, const struct lease *lease)
{
    if (UNLIKELY(lease->since_ms == 0))
        state_less_messages(queue, 1);
    else
        state_less_bytes(queue, UINT64_C(64) * lease->size64);
}

static void bury(struct engine *engine, struct queue *queue, uint64_t ref, const struct death *death)
{
    queue->counts.died++;
    struct fact *fact = state_came_back(engine, ref, death->since_ms, 0);

    fact->dead_ms = death->now_ms;
    fact->why = (uint8_t)death->why;
    facts_set_text(&engine->facts, fact, death->text);
    refset_add(&queue->dead, ref);
    state_count_dead(engine, queue, 1);
}

/* Those who watch the queue learn that a pop may succeed now. */
static inline void stir(const struct engine *engine, struct queue *queue)
{
    if (UNLIKELY(queue->watch != NULL) && waiting_count(&queue->ready) > 0)
        engine->hooks.stir(engine->hooks.ctx, queue);
}

static inline void become_ready(struct engine *engine, struct queue *queue, uint64_t ref)
{
    waiting_push(&engine->lists, &queue->ready, ref);
    stir(engine, queue);
}

/* Into the delayed messages. Time may just be going on: then the horizons are behind it and are raised before. */
static void become_delayed(struct engine *engine, struct queue *queue, uint64_t ref, uint64_t due_ms)
{
    if (due_ms >= engine->delays.horizon_ms[0])
        delays_descend(&engine->delays, engine_now_ms(engine), &(uint64_t){0});
    delays_add(&engine->delays, &(struct delay_entry){.ref = ref, .due_ms = due_ms, .queue = queue->number});
    queue->delayed++;
    if (UNLIKELY(ref_lsn(ref) < queue->ghosts.purge_lsn))
        state_spare(engine, queue, ref_lsn(ref));
}

/*
 * A delivery ended without an ack at `now_ms`, and `counts` as a retry or not; its lease is gone. `due_ms` as in a
 * RELEASE.
 */
static void come_back(struct engine *engine, struct queue *queue, const struct lease *lease, uint64_t now_ms,
                      uint64_t due_ms, bool counts)
{
    uint32_t max = queue->set.max_retries == TOPIC_NODE_RETRIES ? engine->max_retries : queue->set.max_retries;
    uint64_t ref = counts ? ref_again(lease->ref) : lease->ref;

    if (lease->own_retries > 0)
        max = lease->own_retries - 1;
    if (counts && ref_retries(lease->ref) >= max) {
        leave_flight(queue, lease);
        bury(engine, queue, ref, &(struct death){.since_ms = lease->since_ms, .now_ms = now_ms});
        return;
    }
    queue->counts.redelivered++;
    if (due_ms == 0)
        due_ms = min_u64(now_ms + retry_delay_ms(&queue->set.retry, lease->ref), WHEEL_MS_MAX);
    if (UNLIKELY(!state_no_ghosts(engine)))
        state_returns(engine, ref_lsn(ref));
    (void)state_came_back(engine, ref, lease->since_ms, due_ms > now_ms ? due_ms : 0);
    if (due_ms > now_ms)
        become_delayed(engine, queue, ref, due_ms);
    else
        waiting_push(&engine->lists, &queue->ready, ref);
}

/* What the engine must know of what a message carries: its key, and that a push with its dedup key was there. */
static COLD void note_attrs(struct engine *engine, const struct record *rec, const struct payload_push *push)
{
    struct payload_attrs attrs;

    if (!payload_get_attrs(push->tlvs, &attrs))
        return;
    if (attrs.key.len > 0)
        (void)keys_add(&engine->keys, keys_hash(rec->queue, attrs.key), rec->lsn);
    if (attrs.deduped && !(rec->flags & RECORD_F_AGAIN)) {
        const struct payload_dedup *dedup = &attrs.dedup;
        struct dedup_entry entry = {.hash = {dedup->hash[0], dedup->hash[1]}, .id = push->id, .check = dedup->check};
        saw_time(engine, dedup_add(&engine->dedup, &entry, engine->last_time_ms));
    }
}

/* A message from another place of the log; returns its ref. */
static COLD uint64_t note_moved(struct engine *engine, const struct record *rec, const struct payload_push *push)
{
    struct payload_attrs attrs;
    uint64_t ref = ref_make(rec->lsn, 0);

    (void)keys_add(&engine->moved, chains_mix(push->id), rec->lsn);
    if (!payload_get_attrs(push->tlvs, &attrs) || !attrs.moved)
        return ref;
    ref = ref_make(rec->lsn, attrs.retries);
    struct fact *fact = state_came_back(engine, ref, 0, push->due_ms);
    fact->first_ms = attrs.first_ms;
    fact->last_ms = attrs.last_ms;
    return ref;
}

static void apply_push(struct engine *engine, const struct record *rec)
{
    struct payload_push push;
    struct queue *queue = NULL;

    if (!(rec->flags & RECORD_F_BODY_ONLY) && payload_get_push(rec->payload, &push))
        queue = state_queue(engine, rec->queue);
    if (!queue) {
        engine->ignored++;
        return;
    }
    bool again = rec->flags & RECORD_F_AGAIN;
    uint64_t ref = UNLIKELY(again) ? note_moved(engine, rec, &push) : ref_make(rec->lsn, 0);
    if (push.due_ms > 0) {
        delays_add(&engine->delays,
                   &(struct delay_entry){.ref = ref, .due_ms = push.due_ms, .queue = rec->queue});
        queue->delayed++;
    } else {
        become_ready(engine, queue, ref);
    }
    if (UNLIKELY(push.tlvs.len > 0))
        note_attrs(engine, rec, &push);
    queue->push_num += !again;
    queue->bytes += (push.body.len + 63) & ~(size_t)63;
    engine->last_id = max_u64(engine->last_id, push.id);
}

static void deliver(struct engine *engine, struct queue *queue, const struct payload_pop *pop,
                    const struct payload_delivery *to, bool auto_ack)
{
    if (flight_find(&engine->flight, queue->number, to->id) || !take(engine, queue, to->ref)) {
        engine->ignored++;
        if (auto_ack)
            state_orphan(engine, ref_lsn(to->ref));
        return;
    }
    queue->pop_num++;
    if (auto_ack) {
        queue->counts.acked++;
        state_less_bytes(queue, UINT64_C(64) * to->size64);
        state_gone(engine, to->ref);
        return;
    }
    flight_add(&engine->flight, &(struct lease){.ref = to->ref, .id = to->id, .queue = queue->number,
                                                .holder = pop->holder, .since_ms = pop->now_ms,
                                                .size64 = to->size64, .own_retries = to->own_retries & 0xff,
                                                .ttr_ms = min_u64(to->ttr_ms, LEASE_TTR_MS_MAX) & LEASE_TTR_MS_MAX,
                                                .deadline_ms = min_u64(pop->now_ms + to->ttr_ms, WHEEL_MS_MAX)});
    queue->in_flight++;
}

static void apply_pop(struct engine *engine, const struct record *rec)
{
    struct payload_pop pop;
    struct queue *queue = engine_queue(engine, rec->queue);

    if (!queue || !payload_get_pop(rec->payload, &pop)) {
        engine->ignored++;
        return;
    }
    saw_time(engine, pop.now_ms);
    if (pop.holder > CLIENTS_MAX)
        pop.holder = 0;
    for (uint32_t i = 0; i < pop.count; i++) {
        struct payload_delivery to = payload_delivery(pop.entries, i);
        deliver(engine, queue, &pop, &to, rec->flags & RECORD_F_AUTOACK || to.ttr_ms == PAYLOAD_TTR_AUTO_ACK);
    }
}

/* The lease of the pair, or NULL. */
static struct lease *find_lease(const struct engine *engine, const struct queue *queue, uint64_t ref, uint64_t id)
{
    struct lease *lease = flight_find(&engine->flight, queue->number, id);

    return lease && lease->ref == ref ? lease : NULL;
}

static void end_lease(struct engine *engine, struct queue *queue, struct lease *lease)
{
    flight_remove(&engine->flight, lease);
    queue->in_flight--;
}

static bool take_dead(struct engine *engine, struct queue *queue, uint64_t ref)
{
    if (!refset_remove(&queue->dead, ref))
        return false;
    state_count_dead(engine, queue, -1);
    return true;
}

static bool ack_flight(struct engine *engine, struct queue *queue, const struct payload_pair *pair)
{
    struct lease *lease = find_lease(engine, queue, pair->ref, pair->id);

    if (!lease)
        return false;
    uint64_t bytes = UINT64_C(64) * lease->size64;
    end_lease(engine, queue, lease);
    state_less_bytes(queue, bytes);
    stir(engine, queue);
    return true;
}

/*
 * From the middle of a list; how often it came back is not looked at. Of a log with a hole the message may stand in
 * flight still: engine_mend() will find it there.
 */
static bool leave_list(struct engine *engine, struct queue *queue, unsigned list, const struct payload_pair *pair)
{
    uint64_t lsn = ref_lsn(pair->ref);

    if (flight_find(&engine->flight, queue->number, pair->id))
        return false;
    return list == PAYLOAD_LIST_READY ? state_ghost_ready(engine, queue, lsn)
                                      : state_ghost_delayed(engine, queue, lsn);
}

static bool ack_one(struct engine *engine, struct queue *queue, const struct record *rec,
                    const struct payload_pair *pair)
{
    unsigned list = payload_ack_list(rec->aux);
    bool left = false;

    if (list == PAYLOAD_LIST_FLIGHT)
        left = ack_flight(engine, queue, pair);
    else if (list == PAYLOAD_LIST_DEAD)
        left = take_dead(engine, queue, pair->ref);
    else if (list <= PAYLOAD_LIST_DELAYED && ref_lsn(pair->ref) < rec->lsn)
        left = leave_list(engine, queue, list, pair);
    if (!left)
        return false;
    state_gone(engine, pair->ref);
    return true;
}

static void count_gone(struct queue *queue, unsigned list, unsigned how, uint64_t count)
{
    if (how == PAYLOAD_HOW_EXPIRED)
        queue->counts.expired += count;
    else if (how == PAYLOAD_HOW_DELETED || list == PAYLOAD_LIST_DEAD)
        queue->counts.deleted += count;
    else if (how == PAYLOAD_HOW_ACKED)
        queue->counts.acked += count;
}

static void apply_ack(struct engine *engine, const struct record *rec)
{
    struct queue *queue = engine_queue(engine, rec->queue);
    uint64_t gone = 0;

    for (uint32_t i = 0; i < rec->payload.len / PAYLOAD_PAIR_BYTES; i++) {
        struct payload_pair pair = payload_pair(rec->payload, i);
        if (queue && ack_one(engine, queue, rec, &pair)) {
            gone++;
            continue;
        }
        engine->ignored++;
        state_orphan(engine, ref_lsn(pair.ref));
    }
    if (!queue)
        return;
    count_gone(queue, payload_ack_list(rec->aux), payload_ack_how(rec->aux), gone);
    if (UNLIKELY(queue->deleted))
        state_settle_deleted(engine, queue);
}

/* Out of the dead letters, as if it had never been delivered. */
static bool redrive(struct engine *engine, struct queue *queue, uint64_t ref, const struct payload_release *release)
{
    uint64_t due_ms = release->due_ms > release->now_ms ? release->due_ms : 0;

    if (!take_dead(engine, queue, ref))
        return false;
    queue->bytes += queue->bytes / max_u64(queue_messages(queue), 1) & ~UINT64_C(63); /* nobody knows its size */
    ref = ref_make(ref_lsn(ref), 0);
    if (UNLIKELY(!state_no_ghosts(engine)))
        state_returns(engine, ref_lsn(ref));
    (void)state_came_back(engine, ref, 0, due_ms);
    if (due_ms > 0)
        become_delayed(engine, queue, ref, due_ms);
    else
        become_ready(engine, queue, ref);
    return true;
}

static bool release_one(struct engine *engine, struct queue *queue, const struct record *rec,
                        const struct payload_release *release, const struct payload_pair *pair)
{
    if (rec->aux == PAYLOAD_LIST_DEAD)
        return redrive(engine, queue, pair->ref, release);
    struct lease *lease = rec->aux == PAYLOAD_LIST_FLIGHT ? find_lease(engine, queue, pair->ref, pair->id) : NULL;
    if (!lease)
        return false;
    struct lease ended = *lease;
    end_lease(engine, queue, lease);
    come_back(engine, queue, &ended, release->now_ms, release->due_ms, !(rec->flags & RECORD_F_NO_RETRY));
    stir(engine, queue);
    return true;
}

static COLD void apply_release(struct engine *engine, const struct record *rec)
{
    struct payload_release release;
    struct queue *queue = engine_queue(engine, rec->queue);

    if (!queue || !payload_get_release(rec->payload, &release)) {
        engine->ignored++;
        return;
    }
    saw_time(engine, release.now_ms);
    for (uint32_t i = 0; i < release.count; i++) {
        struct payload_pair pair = payload_pair(release.entries, i);
        if (!release_one(engine, queue, rec, &release, &pair))
            engine->ignored++;
    }
}

static COLD void apply_touch(struct engine *engine, const struct record *rec)
{
    struct payload_touch touch;
    struct queue *queue = engine_queue(engine, rec->queue);

    if (!queue || !payload_get_touch(rec->payload, &touch)) {
        engine->ignored++;
        return;
    }
    saw_time(engine, touch.now_ms);
    for (uint32_t i = 0; i < touch.count; i++) {
        struct payload_touched to = payload_touched(touch.entries, i);
        struct lease *lease = find_lease(engine, queue, to.ref, to.id);
        if (lease)
            flight_touch(&engine->flight, lease, min_u64(to.deadline_ms, WHEEL_MS_MAX));
        else
            engine->ignored++;
    }
}

/* From the waiting list, or from in flight, where it counts as a delivery that failed. */
static bool bury_one(struct engine *engine, struct queue *queue, unsigned from, const struct payload_bury *letter,
                     const struct payload_pair *pair)
{
    struct death death = {.now_ms = letter->now_ms, .why = letter->reason, .text = letter->text};

    if (from == PAYLOAD_BURY_READY) {
        if (!take(engine, queue, pair->ref))
            return false;
        state_less_messages(queue, 1);
        bury(engine, queue, pair->ref, &death);
        return true;
    }
    struct lease *lease = from == PAYLOAD_BURY_FLIGHT ? find_lease(engine, queue, pair->ref, pair->id) : NULL;
    if (!lease)
        return false;
    struct lease ended = *lease;
    death.since_ms = lease->since_ms;
    end_lease(engine, queue, lease);
    leave_flight(queue, &ended);
    bury(engine, queue, ref_again(pair->ref), &death);
    stir(engine, queue);
    return true;
}

static COLD void apply_bury(struct engine *engine, const struct record *rec)
{
    struct payload_bury letter;
    struct queue *queue = engine_queue(engine, rec->queue);

    if (!queue || !payload_get_bury(rec->payload, &letter)) {
        engine->ignored++;
        return;
    }
    saw_time(engine, letter.now_ms);
    for (uint32_t i = 0; i < letter.count; i++) {
        struct payload_pair pair = payload_pair(letter.entries, i);
        if (!bury_one(engine, queue, rec->aux, &letter, &pair))
            engine->ignored++;
    }
}

static void fire_delay(struct engine *engine, const struct delay_entry *entry)
{
    struct queue *queue = engine_queue(engine, entry->queue);

    if (UNLIKELY(!state_no_ghosts(engine))) {
        if (!state_fires(engine, queue, entry->ref)) {
            state_settle_deleted(engine, queue);
            return;
        }
    } else {
        queue->delayed--;
    }
    become_ready(engine, queue, entry->ref);
}

static void fire_lease(struct engine *engine, struct lease *lease)
{
    struct queue *queue = engine_queue(engine, lease->queue);
    struct lease ended = *lease;

    flight_remove(&engine->flight, lease);
    queue->in_flight--;
    if (UNLIKELY(queue->deleted)) {
        state_gone(engine, ended.ref);
        leave_flight(queue, &ended);
        state_settle_deleted(engine, queue);
        return;
    }
    come_back(engine, queue, &ended, engine_now_ms(engine), 0, true);
    stir(engine, queue);
}

/* Fires what is due at the wheels' present time, delayed messages before leases; returns how many may still fire. */
static uint32_t fire_now(struct engine *engine, uint32_t may)
{
    struct delay_entry entry;
    struct lease *lease;

    for (; may > 0 && delay_take(&engine->delays.near, &entry); may--)
        fire_delay(engine, &entry);
    for (; may > 0 && (lease = flight_due(&engine->flight)); may--)
        fire_lease(engine, lease);
    return may;
}

/*
 * Time goes on to `now_ms`, as far as the delayed messages that are to fire on the way are in the wheel, and as far as
 * `may` and `moves` allow; what is used of them is taken off.
 */
static void go_on(struct engine *engine, uint64_t now_ms, uint32_t *may, uint64_t *moves)
{
    struct delay *near = &engine->delays.near;
    struct flight *flight = &engine->flight;
    uint64_t end = min_u64(now_ms, delays_reach_ms(&engine->delays)), far = engine->delays.far, next;

    while ((next = min_u64(wheel_next(&near->wheel), wheel_next(&flight->wheel))) <= end && *may > 0) {
        bool all = delay_advance(near, next, moves);
        all = flight_advance(flight, next, moves) && all;
        if (!all)
            break;
        *may = fire_now(engine, *may);
        if (UNLIKELY(engine->delays.far != far)) { /* something came back with a delay */
            far = engine->delays.far;
            end = min_u64(now_ms, delays_reach_ms(&engine->delays));
        }
    }
    if (next > end && end > near->wheel.now_ms) {
        (void)delay_advance(near, end, moves);
        (void)flight_advance(flight, end, moves);
    }
}

static void apply_tick(struct engine *engine, const struct record *rec)
{
    struct payload_tick tick;

    if (!payload_get_tick(rec->payload, &tick)) {
        engine->ignored++;
        return;
    }
    saw_time(engine, tick.now_ms);
    uint32_t may = tick.count;
    uint64_t moves = tick.moves > 0 ? tick.moves : UINT64_MAX;
    go_on(engine, tick.now_ms, &may, &moves);
    delays_descend(&engine->delays, tick.now_ms, &moves);
    go_on(engine, tick.now_ms, &may, &moves);
}

static void apply_node(struct engine *engine, const struct record *rec, const struct payload_queue *set)
{
    if (engine->node_record_lsn)
        engine->hooks.dead_queue(engine->hooks.ctx, engine->node_record_lsn);
    engine->node_record_lsn = rec->lsn;
    if (set->set.max_retries != TOPIC_NODE_RETRIES)
        engine->max_retries = set->set.max_retries;
    if (set->dedup_given)
        dedup_limit(&engine->dedup, set->dedup_window_ms, set->dedup_keys);
    engine->last_id = max_u64(engine->last_id, id_before(set->start_ms));
}

static void apply_deleted(struct engine *engine, const struct record *rec, const struct payload_queue *set)
{
    struct queue *queue = engine_queue(engine, rec->queue);

    if (!queue) {
        engine->ignored++;
        return;
    }
    saw_time(engine, set->start_ms);
    state_delete_queue(engine, queue, rec->lsn);
}

static COLD void apply_queue(struct engine *engine, const struct record *rec)
{
    struct payload_queue set;

    if (!payload_get_queue(rec->payload, &set)) {
        engine->ignored++;
        return;
    }
    if (rec->queue == 0) {
        apply_node(engine, rec, &set);
        return;
    }
    if (set.flags & PAYLOAD_QUEUE_DELETED) {
        apply_deleted(engine, rec, &set);
        return;
    }
    const struct queue *namesake = engine_find(engine, set.name);
    bool taken = namesake && namesake->number != rec->queue;
    struct queue *queue = set.name.len > 0 && !taken ? state_queue(engine, rec->queue) : NULL;
    if (!queue || queue->deleted) {
        engine->ignored++;
        return;
    }
    if (queue->record_lsn)
        engine->hooks.dead_queue(engine->hooks.ctx, queue->record_lsn);
    queue->record_lsn = rec->lsn;
    state_name_queue(engine, CONTAINER_OF(queue, struct queue_node, queue), set.name);
    queue->start_ms = set.start_ms;
    queue->auto_ack = set.flags & PAYLOAD_QUEUE_AUTO_ACK;
    queue->exited = set.flags & PAYLOAD_QUEUE_EXITED;
    state_set_queue(engine, queue, &set.set);
    saw_time(engine, set.start_ms);
    stir(engine, queue); /* with auto-ack on, what is in flight limits nothing */
}

static COLD void apply_client(struct engine *engine, const struct record *rec)
{
    struct payload_client client;

    if (payload_get_client(rec->payload, &client))
        clients_set(&engine->clients, client.number, client.name, client.address);
    else
        engine->ignored++;
}

/* The head of a list has changed, or may have: ghosts do not stay there. */
static void see_head(struct engine *engine, struct queue *queue)
{
    if (UNLIKELY(queue->ghosts.ready > 0))
        state_trim_some(engine, queue);
}

/* A chunk that does not take its refs out of memory is in no list: nobody will ask for it. */
static COLD void apply_chunk(struct engine *engine, const struct record *rec)
{
    struct payload_chunk chunk;
    struct queue *queue = engine_queue(engine, rec->queue);

    if (queue && rec->aux == PAYLOAD_WAITING && payload_get_chunk(rec->payload, &chunk) &&
        waiting_spill(&engine->lists, &queue->ready, rec->lsn, chunk.refs)) {
        see_head(engine, queue);
        return;
    }
    engine->ignored++;
    chunk_gone(engine, rec->lsn);
}

static COLD void apply_purge(struct engine *engine, const struct record *rec)
{
    struct payload_purge purge;
    struct queue *queue = engine_queue(engine, rec->queue);

    if (!queue || !payload_get_purge(rec->payload, &purge) || !state_purge(engine, queue, rec, purge.count)) {
        engine->ignored++;
        return;
    }
    saw_time(engine, purge.now_ms);
    state_settle_deleted(engine, queue);
}

static bool load(struct engine *engine, struct queue *queue, const struct payload_load *load)
{
    switch (load->kind) {
    case PAYLOAD_LOAD_REFS:
        if (!waiting_load(&engine->lists, &queue->ready, load->lsn, load->refs))
            return false;
        chunk_gone(engine, load->lsn);
        return true;
    case PAYLOAD_LOAD_ASIDE:
        return waiting_put_aside(&queue->ready, load->lsn, load->count);
    default:
        return waiting_bring_back(&queue->ready);
    }
}

/* The level of the delayed messages that a record is about: aux is one more. */
static struct delays_chunk delays_chunk_of(const struct record *rec, uint64_t lsn, uint64_t start_ms, uint32_t count)
{
    return (struct delays_chunk){
        .lsn = lsn, .start_ms = start_ms, .count = count, .level = (unsigned)rec->aux - PAYLOAD_DELAYED};
}

static COLD void apply_dchunk(struct engine *engine, const struct record *rec)
{
    struct payload_dchunk payload;

    if (payload_get_dchunk(rec->payload, &payload)) {
        struct delays_chunk chunk = delays_chunk_of(rec, rec->lsn, payload.start_ms, payload.count);
        if (delays_spill(&engine->delays, &chunk, payload.entries))
            return;
    }
    engine->ignored++;
    chunk_gone(engine, rec->lsn);
}

static bool load_delays(struct engine *engine, const struct record *rec)
{
    struct payload_dload load;

    if (!payload_get_dload(rec->payload, &load))
        return false;
    struct delays_chunk chunk = delays_chunk_of(rec, load.lsn, load.start_ms, load.count);
    if (load.kind == PAYLOAD_LOAD_ASIDE)
        return delays_put_aside(&engine->delays, &chunk);
    for (uint32_t i = 0; i < load.count; i++)
        if (!engine_queue(engine, payload_delayed(load.entries, i).queue))
            return false;
    if (!delays_load(&engine->delays, &chunk, load.entries))
        return false;
    chunk_gone(engine, load.lsn);
    return true;
}

static bool load_waiting(struct engine *engine, const struct record *rec)
{
    struct payload_load payload;
    struct queue *queue = engine_queue(engine, rec->queue);

    if (!queue || !payload_get_load(rec->payload, &payload) || !load(engine, queue, &payload))
        return false;
    see_head(engine, queue);
    return true;
}

static COLD void apply_load(struct engine *engine, const struct record *rec)
{
    if (!(rec->aux == PAYLOAD_WAITING ? load_waiting(engine, rec) : load_delays(engine, rec)))
        engine->ignored++;
}

void engine_apply(struct engine *engine, const struct record *rec)
{
    switch (rec->type) {
    case RECORD_PUSH:
        apply_push(engine, rec);
        break;
    case RECORD_POP:
        apply_pop(engine, rec);
        break;
    case RECORD_ACK:
        apply_ack(engine, rec);
        break;
    case RECORD_RELEASE:
        apply_release(engine, rec);
        break;
    case RECORD_BURY:
        apply_bury(engine, rec);
        break;
    case RECORD_PURGE:
        apply_purge(engine, rec);
        break;
    case RECORD_TOUCH:
        apply_touch(engine, rec);
        break;
    case RECORD_TICK:
        apply_tick(engine, rec);
        break;
    case RECORD_QUEUE:
        apply_queue(engine, rec);
        break;
    case RECORD_CLIENT:
        apply_client(engine, rec);
        break;
    case RECORD_CHUNK:
        apply_chunk(engine, rec);
        break;
    case RECORD_LOAD:
        apply_load(engine, rec);
        break;
    case RECORD_DCHUNK:
        apply_dchunk(engine, rec);
        break;
    default:
        break;
    }
}
