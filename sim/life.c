/* life.c - the steps of a life, and its end; see life.h. SPDX-License-Identifier: MIT */
#include "sim/life.h"

#include "store/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SETTLE_ROUNDS = 4000,
    FINISH_ROUNDS = 20000,
    CHECK_EVERY = 16,
    RELIEF_ROUNDS = 100,          /* of 100 ms, after which a disk with room is no excuse */
    SEGMENTS_LEFT_MAX = 4,
    GHOST_ROUNDS = 60,
    SPACE_ROUNDS = 400,
    CHUNK_BYTES_MIN = RECORD_TRACKED_BYTES_MIN + DIRECTORY_ENTRY_BYTES,
    CHUNK_ENTRY_BYTES_MAX = 24,   /* of a piece of a list, or of delayed messages */
    TOPIC_BYTES_MAX = 512,        /* of a topic's record */
    SEGMENT_EXTRA_BYTES = 8192,   /* of a segment: header, ends, the directory's index */
    SLOW_STEPS_MAX = 200,
};

#define DAY_MS UINT64_C(86400000)
#define BIRTH_DAYS UINT64_C(20000) /* after 1970 */

/* ---- telling --------------------------------------------------------------------------------- */

static void PRINTF_LIKE(3, 0) say(const struct life *life, FILE *to, const char *fmt, va_list args)
{
    (void)fprintf(to, "%5u %9" PRIu64 ".%03u ", (unsigned)life->step, life->now_ms / 1000 % 1000000000,
                  (unsigned)(life->now_ms % 1000));
    (void)vfprintf(to, fmt, args);
    (void)fputc('\n', to);
}

void life_say(struct life *life, const char *fmt, ...)
{
    va_list args;

    if (!life->trace)
        return;
    va_start(args, fmt);
    say(life, stdout, fmt, args);
    va_end(args);
}

void life_fail(struct life *life, const char *fmt, ...)
{
    va_list args;

    (void)fflush(stdout);
    va_start(args, fmt);
    (void)fprintf(stderr, "seed %" PRIu64 " step ", life->seed);
    say(life, stderr, fmt, args);
    va_end(args);
    exit(1);
}

void life_must(struct life *life, bool right)
{
    if (!right)
        life_fail(life, "%s", life->oracle.wrong);
}

/* ---- time ------------------------------------------------------------------------------------ */

static uint64_t hand_wall(void *ctx) { return ((struct life *)ctx)->wall_ms; }
static uint64_t hand_boot(void *ctx) { return ((struct life *)ctx)->boot_ns; }

void life_pass(struct life *life, uint64_t ms)
{
    uint64_t before = life->now_ms, slew = ms / 2000 + 1;

    life->wall_ms += ms;
    life->boot_ns += ms * 1000000;
    life->now_ms = engine_clock_now_ms(&life->clock);
    if (life->now_ms + slew < before + ms || life->now_ms > before + ms + slew)
        life_fail(life, "the engine's clock went from %" PRIu64 " to here in %" PRIu64 " ms", before, ms);
    life->latest_ms = max_u64(life->latest_ms, life->now_ms);
}

void life_set_wall(struct life *life)
{
    uint64_t by = rng_chance(&life->rng, 500) ? 365 * DAY_MS : rng_below(&life->rng, 365 * DAY_MS);
    bool back = rng_chance(&life->rng, 500);

    life_say(life, "---- the clock is set %s by %" PRIu64 " s", back ? "back" : "forward", by / 1000);
    life->wall_ms = back ? life->wall_ms - by : life->wall_ms + by;
}

void life_start_clock(struct life *life, uint64_t last_ms)
{
    struct clock_source source = {.wall_ms = hand_wall, .boot_ns = hand_boot, .ctx = life};

    engine_clock_init(&life->clock, &source, last_ms);
    life->now_ms = engine_clock_now_ms(&life->clock);
    life->latest_ms = max_u64(life->latest_ms, life->now_ms);
    if (life->now_ms < last_ms)
        life_fail(life, "the engine's clock begins before the last time of the log, %" PRIu64, last_ms);
}

/* ---- turns ----------------------------------------------------------------------------------- */

static void listen_all(struct life *life)
{
    for (int i = 0; i < LIFE_CLIENTS; i++)
        client_listen(&life->clients[i]);
}

static void turn(struct life *life)
{
    (void)broker_turn(&life->broker, life->now_ms);
    listen_all(life);
    rules_check_turn(life);
}

static void hear(struct client *client)
{
    client->deaf = false;
    session_pump(&client->session);
    client_listen(client);
}

static void go_on(struct client *client)
{
    if (client->stalled && client->resumed && session_ready(&client->session))
        client_submit(client);
}

static void round_of_all(struct life *life)
{
    for (int i = 0; i < LIFE_CLIENTS; i++)
        go_on(&life->clients[i]);
    turn(life);
    for (int i = 0; i < 8 && log_step_writer(life->broker.log); i++)
        continue;
    (void)log_step_reader(life->broker.log);
    (void)log_step_janitor(life->broker.log);
    (void)log_step_scout(life->broker.log);
    turn(life);
}

static bool all_is_answered(const struct life *life)
{
    for (int i = 0; i < LIFE_CLIENTS; i++)
        if (life->clients[i].expected_count > 0 || life->clients[i].stalled)
            return false;
    return list_empty(&life->broker.parked) && list_empty(&life->broker.stalled) &&
           list_empty(&life->broker.waits.fresh) && list_empty(&life->broker.waits.blocked);
}

void life_settle(struct life *life)
{
    unsigned deaf_permille = life->deaf_permille;
    int rounds = SETTLE_ROUNDS;

    life->deaf_permille = 0;
    for (int i = 0; i < LIFE_CLIENTS; i++)
        hear(&life->clients[i]);
    do {
        life_pass(life, 1);
        round_of_all(life);
    } while (!all_is_answered(life) && rounds-- > 0);
    life->deaf_permille = deaf_permille;
    if (rounds < 0 && !life->disturbed)
        life_fail(life, "somebody waits for ever");
    if (!life->disturbed)
        rules_check_waiters(life);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void pass_time(struct life *life)
{
    struct rng *rng = &life->rng;

    if (life->steps_clock && rng_chance(rng, 50))
        life_set_wall(life);
    if (life->leap_ms > 0 && rng_chance(rng, 10))
        life_pass(life, rng_below(rng, life->leap_ms));
    else if (rng_chance(rng, 20))
        life_pass(life, rng_below(rng, rng_chance(rng, 50) ? 3 * DAY_MS : 3600000));
    else if (rng_chance(rng, 200))
        life_pass(life, rng_below(rng, 6000));
    else
        life_pass(life, rng_below(rng, 40));
}

static void act(struct life *life)
{
    struct client *client = &life->clients[rng_below(&life->rng, LIFE_CLIENTS)];

    if (client->stalled) {
        go_on(client);
    } else if (client_is_free(client) && !client->gone) {
        workload_next(&life->load, &life->oracle, &client->order);
        client_submit(client);
    }
}

void life_lift_limit(struct life *life)
{
    life_say(life, "---- the disk has room again");
    simdisk_set_room(life->disk, 0);
    life->limited = false;
    if (life->broken)
        return;
    for (int i = 0; i < RELIEF_ROUNDS; i++) {
        life_pass(life, 100);
        round_of_all(life);
    }
    for (int i = 0; i < LIFE_CLIENTS; i++)
        hear(&life->clients[i]);
    life->disturbed = !all_is_answered(life); /* a refusal of that time may still be on its way */
}

static void fail_somewhere(struct life *life)
{
    static const int ERRORS[] = {EIO, ENOSPC};
    struct rng *rng = &life->rng;
    bool fills = rng_chance(rng, 600);
    enum simdisk_op op = rng_chance(rng, 300) ? SIMDISK_SYNC : (enum simdisk_op)rng_below(rng, SIMDISK_OPS);
    int error = ERRORS[rng_below(rng, ARRAY_LEN(ERRORS))];

    bool first = !life->disturbed;

    life->disturbed = true;
    life->healable = false;
    if (fills) {
        uint64_t room = rng_below(rng, 3 << 20);
        life_say(life, "---- the disk has room for %" PRIu64 " bytes more", room);
        life->limited = true;
        simdisk_set_room(life->disk, simdisk_used(life->disk) + room + 1);
        return;
    }
    bool forever = rng_chance(rng, 300);
    life->broken = true;
    life->healable = first && error == EIO && !forever && (op == SIMDISK_SYNC || op == SIMDISK_PWRITE);
    life->unreadable = life->unreadable || op == SIMDISK_OPEN || op == SIMDISK_PREAD;
    life_say(life, "---- operation %d will fail with %d%s", (int)op, error, forever ? ", always" : "");
    simdisk_fail(life->disk, op, rng_below(rng, 6), error, forever);
}

static void end_somehow(struct life *life)
{
    struct rng *rng = &life->rng;

    if (life->doom == 0 && rng_chance(rng, 300)) {
        life_say(life, "---- the disk is going to stop");
        life->disturbed = life->broken = life->unreadable = true;
        life->healable = false;
        life->doom = life->step + (uint32_t)rng_between(rng, 1, 30);
        simdisk_stop_after(life->disk, rng_below(rng, 30));
        return;
    }
    if (rng_chance(rng, 300))
        life_settle(life);
    crash_now(life, (enum crash)rng_below(rng, 3));
}

/* A turn of a helper, unless the operation that it does takes longer. */
static void helper(struct life *life, int which, bool (*step)(struct log *log))
{
    if (life->step < life->busy_until[which])
        return;
    if (rng_chance(&life->rng, life->slow_permille)) {
        life->busy_until[which] = life->step + (uint32_t)rng_between(&life->rng, 1, SLOW_STEPS_MAX);
        return;
    }
    for (uint64_t n = rng_between(&life->rng, 1, 3); n > 0 && step(life->broker.log); n--)
        continue;
}

static void one_of_all(struct life *life)
{
    uint64_t at = rng_below(&life->rng, life->weight_command + life->weight_turn + life->weight_writer +
                                            life->weight_reader + life->weight_janitor + life->weight_scout +
                                            life->weight_time);

    if (at < life->weight_command)
        act(life);
    else if ((at -= life->weight_command) < life->weight_turn)
        turn(life);
    else if ((at -= life->weight_turn) < life->weight_writer)
        helper(life, 0, log_step_writer);
    else if ((at -= life->weight_writer) < life->weight_reader)
        helper(life, 1, log_step_reader);
    else if ((at -= life->weight_reader) < life->weight_janitor)
        helper(life, 2, log_step_janitor);
    else if ((at -= life->weight_janitor) < life->weight_scout)
        helper(life, 3, log_step_scout);
    else
        pass_time(life);
}

static void come_again(struct client *client)
{
    life_say(client->life, "c%d leaves", client->name);
    client_leave(client);
    client_connect(client->life, client->name);
}

/* A client that waits goes without a word, or says that it sends no more. */
static void hang_up(struct client *client)
{
    if (rng_chance(&client->life->rng, 500)) {
        life_say(client->life, "c%d is gone", client->name);
        client->gone = true;
        return;
    }
    life_say(client->life, "c%d closes its side", client->name);
    client->half_closed = true;
    session_half_close(&client->session);
    if (client->waits > 0)
        life_fail(client->life, "c%d still waits", client->name);
}

static void step(struct life *life)
{
    struct rng *rng = &life->rng;
    struct client *client = &life->clients[rng_below(rng, LIFE_CLIENTS)];

    one_of_all(life);
    if (client->deaf && rng_chance(rng, 300))
        hear(client);
    if (rng_chance(rng, client->gone || client->half_closed ? 100 : life->leave_permille))
        come_again(client);
    if (client->waits > 0 && rng_chance(rng, life->hangup_permille))
        hang_up(client);
    if (rng_chance(rng, life->checkpoint_permille))
        life->broker.checkpoint_ms = 0;
    if (life->faulty && rng_chance(rng, 8))
        fail_somewhere(life);
    if (life->decays && rng_chance(rng, 6))
        decay_strike(life);
    if (rng_chance(rng, life->seek_permille))
        seek_one(life);
    if (life->limited && rng_chance(rng, 10))
        life_lift_limit(life);
    listen_all(life);
    desk_act(life);
    if (rng_chance(rng, life->quiet_permille))
        life_settle(life);
    if (rng_chance(rng, life->crash_permille) || life->step == life->doom)
        end_somehow(life);
    if (life->step % CHECK_EVERY == 0) {
        engine_check(life->broker.engine);
        life_must(life, oracle_agrees(&life->oracle, life->broker.engine));
    }
}

/* ---- the end of a life ----------------------------------------------------------------------- */

/* Does the next useful thing with one message; false when there are none. */
static bool empty_a_little(struct life *life, struct client *client)
{
    const struct oracle_message *m, *next = NULL;

    for (uint32_t i = 0; i < ORACLE_TOPICS_MAX; i++) {
        if (life->oracle.now.topics[i].number == 0)
            continue;
        if ((m = oracle_first(&life->oracle, i, ORACLE_FLIGHT)))
            client_ask(client, CMD_ACK, i, m->id);
        else if (oracle_first(&life->oracle, i, ORACLE_READY))
            client_ask(client, CMD_POP, i, 0);
        else if (oracle_first(&life->oracle, i, ORACLE_DEAD))
            client_ask(client, CMD_DEAD, i, 0);
        else
            continue;
        return true;
    }
    for (size_t i = 0; i < life->oracle.now.count; i++)
        if (!next || life->oracle.now.live[i].time_ms < next->time_ms)
            next = &life->oracle.now.live[i];
    if (!next)
        return false;
    life_pass(life, max_u64(1000, next->time_ms > life->now_ms ? next->time_ms - life->now_ms : 0));
    return true;
}

/* What was purged while it was delayed, and the leases of deleted topics, go when their time comes. */
static void let_ghosts_go(struct life *life)
{
    uint64_t last_ms = 0;

    for (size_t i = 0; i < life->oracle.ghost_count; i++)
        last_ms = max_u64(last_ms, life->oracle.ghosts[i].until_ms);
    if (last_ms >= life->now_ms)
        life_pass(life, last_ms - life->now_ms + 1000);
    for (int i = 0; i < GHOST_ROUNDS; i++)
        round_of_all(life);
}

/* Everything that is there can be had, with the right body. */
static void empty(struct life *life)
{
    int rounds = FINISH_ROUNDS;
    bool any = true;

    while (any && rounds-- > 0) {
        struct client *client = &life->clients[rounds % LIFE_CLIENTS];
        if (client_is_free(client))
            any = empty_a_little(life, client);
        round_of_all(life);
    }
    let_ghosts_go(life);
    life_settle(life);
    if (life->oracle.now.count > 0)
        life_fail(life, "%zu messages cannot be had", life->oracle.now.count);
}

static void add_chunk(void *ctx, const struct engine_chunk *chunk)
{
    *(uint64_t *)ctx += CHUNK_BYTES_MIN + CHUNK_ENTRY_BYTES_MAX * (uint64_t)chunk->count;
}

/* The records of the messages, of the pieces of lists and of the topics that there are. */
static uint64_t needed_bytes(struct life *life)
{
    uint64_t bytes = (ORACLE_TOPICS_MAX + 1) * TOPIC_BYTES_MAX;

    for (size_t i = 0; i < life->oracle.now.count; i++)
        bytes += life->oracle.now.live[i].end - life->oracle.now.live[i].lsn + DIRECTORY_ENTRY_BYTES;
    for (size_t i = 0; i < life->oracle.ghost_count; i++)
        if (life->oracle.ghosts[i].until_ms + 1000 >= life->now_ms)
            bytes += life->oracle.ghosts[i].bytes + DIRECTORY_ENTRY_BYTES;
    engine_each_chunk(life->broker.engine, add_chunk, &bytes);
    return bytes;
}

/* When all is quiet and two checkpoints were taken, the log takes twice what is needed of it, and the slack. */
static void check_space(struct life *life)
{
    struct log_segment seg, last = {.base = 0};
    struct log_stats stats;

    for (int i = 0; i < SPACE_ROUNDS; i++) {
        life_pass(life, i % (SPACE_ROUNDS / 4) == 0 ? 61000 : 100);
        if (i % (SPACE_ROUNDS / 4) == 0)
            client_ask(&life->clients[0], CMD_SET, 0, 0);
        round_of_all(life);
    }
    life_settle(life);
    log_stats(life->broker.log, &stats);
    for (size_t i = 0; log_segment(life->broker.log, i, &seg); i++)
        last = seg;
    uint64_t needed = needed_bytes(life) + (stats.segments + 1) * SEGMENT_EXTRA_BYTES;
    uint64_t open = max_u64(life->log_options.segment_bytes, 2 * (stats.tail_lsn - last.base)) + SEGMENT_EXTRA_BYTES;
    life_say(life, "   %" PRIu64 " segments take %" PRIu64 " bytes, %" PRIu64 " are needed, %" PRIu64 " estimated",
             stats.segments, stats.disk_bytes, needed, stats.live_bytes);
    if (stats.disk_bytes > 2 * needed + life->log_options.gc_slack + open)
        life_fail(life, "%" PRIu64 " segments take %" PRIu64 " bytes, though only %" PRIu64 " are needed",
                  stats.segments, stats.disk_bytes, needed);
}

/* With nothing left to keep, nearly all segments go. */
static void give_space_back(struct life *life)
{
    struct log_stats stats;

    for (int i = 0; i < 4; i++) {
        life_pass(life, 61000);
        client_ask(&life->clients[0], CMD_SET, 0, 0);
        for (int k = 0; k < 60; k++)
            round_of_all(life);
    }
    life_settle(life);
    log_stats(life->broker.log, &stats);
    if (stats.segments > SEGMENTS_LEFT_MAX)
        life_fail(life, "%" PRIu64 " segments are left without a message in them", stats.segments);
}

static void finish(struct life *life)
{
    life_say(life, "---- the end");
    life->faulty = false;
    life->deaf_permille = 0;
    life->doom = 0;
    life->decays = false;
    while (life->disturbed || life->decayed || life->log_options.history_keep > 0) {
        life->log_options.history_keep = 0;
        simdisk_set_room(life->disk, 0);
        life->limited = false;
        crash_now(life, CRASH_KILL);
    }
    life_settle(life);
    for (int i = 0; i < LIFE_CLIENTS; i++)
        if (life->clients[i].waits > 0 || life->clients[i].gone)
            come_again(&life->clients[i]);
    settings_clear(life);
    if (life->oracle.now.topics[0].number > 0)
        check_space(life);
    seek_all(life, round_of_all);
    empty(life);
    if (life->oracle.now.topics[0].number > 0)
        give_space_back(life);
    do {
        crash_now(life, CRASH_STOP);
    } while (life->disturbed);
    life_must(life, oracle_agrees(&life->oracle, life->broker.engine));
}

/* ---- birth ----------------------------------------------------------------------------------- */

static void format_time(uint64_t ms, char ret[20]) { (void)snprintf(ret, 20, "%" PRIu64, ms); }

static uint64_t clock_ns(void *ctx) { return ((struct life *)ctx)->boot_ns; }

static void draw_habits(struct life *life)
{
    struct rng *rng = &life->rng;

    life->weight_command = (unsigned)rng_between(rng, 30, 100);
    life->weight_turn = (unsigned)rng_between(rng, 5, 60);
    life->weight_writer = (unsigned)rng_between(rng, 5, 60);
    life->weight_reader = (unsigned)rng_between(rng, 1, 20);
    life->weight_janitor = (unsigned)rng_between(rng, 1, 20);
    life->weight_scout = (unsigned)rng_between(rng, 1, 20);
    life->seek_permille = rng_chance(rng, 700) ? (unsigned)rng_between(rng, 1, 200) : 0;
    life->weight_time = (unsigned)rng_between(rng, 1, 30);
    life->crash_permille = (unsigned)(rng_chance(rng, 200) ? rng_between(rng, 15, 60) : rng_between(rng, 1, 15));
    life->deaf_permille = rng_chance(rng, 300) ? (unsigned)rng_between(rng, 5, 100) : 0;
    life->leave_permille = rng_chance(rng, 300) ? (unsigned)rng_between(rng, 1, 20) : 0;
    life->hangup_permille = rng_chance(rng, 500) ? (unsigned)rng_between(rng, 5, 100) : 0;
    life->checkpoint_permille = rng_chance(rng, 300) ? 0 : (unsigned)rng_between(rng, 2, 30);
    life->quiet_permille = rng_chance(rng, 400) ? (unsigned)rng_between(rng, 2, 20) : 0;
    life->desk_permille = rng_chance(rng, 500) ? (unsigned)rng_between(rng, 5, 100) : 0;
    life->job_permille = rng_chance(rng, 500) ? (unsigned)rng_between(rng, 2, 60) : 0;
    life->faulty = rng_chance(rng, 250);
    life->decays = rng_chance(rng, 400);
    life->steps_clock = rng_chance(rng, 300);
    life->slow_permille = rng_chance(rng, 300) ? (unsigned)rng_between(rng, 20, 300) : 0;
    life->resume_inside = rng_chance(rng, 500);
    life->leap_ms = rng_chance(rng, 300) ? UINT64_C(86400000) << rng_below(rng, 7) : 0;
}

void life_draw_lists(struct life *life)
{
    life->options.list_memory = 8 * rng_below(&life->rng, 24);
    life->options.chunk_refs = (uint32_t)rng_between(&life->rng, 1, 5);
    life->options.delay_memory = rng_chance(&life->rng, 300) ? 1 << 20 : 20 * rng_below(&life->rng, 24);
    uint64_t entries_max = rng_chance(&life->rng, 500) ? 2 : LIFE_PIECE_MAX;
    life->options.delay_entries = (uint32_t)rng_between(&life->rng, 1, entries_max);
    life->options.tick_moves = (uint32_t)(rng_chance(&life->rng, 500) ? rng_between(&life->rng, 1, 20) : 0);
}

static void draw_options(struct life *life)
{
    struct rng *rng = &life->rng;

    life->options = (struct broker_options){
        .node_id = (unsigned)rng_between(rng, 1, 1024),
        .ttr_ms = (uint32_t)rng_between(rng, 1000, 6000),
        .max_retries = (uint32_t)rng_below(rng, 4),
        .dedup_window_ms = 1000 * rng_between(rng, 1, 60),
        .dedup_keys = rng_between(rng, 1, rng_chance(rng, 300) ? 8 : 1000),
        .max_delay_s = WORKLOAD_MAX_DELAY_S,
        .max_message = WORKLOAD_MAX_MESSAGE,
        .max_batch = WORKLOAD_MAX_BATCH,
        .max_in_flight = rng_chance(rng, 200) ? rng_between(rng, 1, 10) : 1000000,
        .max_topics = WORKLOAD_MAX_TOPICS,
        .usage_ms = 1000,
        .sync = (enum log_sync)rng_below(rng, 3),
        .format_time = format_time,
        .witness = witness_record,
        .witness_ctx = life,
    };
    imager_init(life);
    if (rng_chance(rng, 700))
        life->options.imager = &life->imager;
    life_draw_lists(life);
    life->log_options = (struct log_options){
        .disk = simdisk_disk(life->disk),
        .dir = "data",
        .ring_bytes = (size_t)1 << (rng_chance(rng, 200) ? 22 : 20),
        .read_cache_bytes = 1 << 20,
        .segment_bytes = 1 << 20,
        .gc_slack = life->decays ? UINT64_C(1) << 40 : rng_chance(rng, 500) ? 0 : rng_below(rng, 3 << 20),
        .gc_rate = rng_chance(rng, 700) ? 0 : 1 << 20,
        .history_keep = rng_chance(rng, 200) ? rng_below(rng, 6 << 20) : 0,
        .record_bytes_max = WORKLOAD_MAX_MESSAGE,
        .sync = life->options.sync,
        .interval_ms = (uint32_t)rng_between(rng, 1, 200),
        .now_ms = life->now_ms,
        .clock_ns = clock_ns,
        .clock_ctx = life,
    };
    for (size_t i = 0; i < sizeof(life->log_options.uuid); i++)
        life->log_options.uuid[i] = (uint8_t)rng_next(rng);
}

static void no_death(void *ctx, uint64_t lsn)
{
    (void)ctx;
    (void)lsn;
}

static uint64_t digest_of_nothing(void)
{
    struct engine *engine = engine_new(&(struct engine_hooks){.dead = no_death, .dead_queue = no_death});
    uint64_t digest = engine_digest(engine);

    engine_free(engine);
    return digest;
}

void life_live(uint64_t seed, uint32_t steps, bool trace)
{
    static const char *const SYNCS[] = {"always", "interval", "none"};
    struct life life = {.seed = seed, .steps = steps, .trace = trace, .rng.state = seed};

    life.disk = simdisk_new(rng_next(&life.rng));
    ENSURE(life.disk);
    life.wall_ms = life.now_ms = BIRTH_DAYS * DAY_MS + rng_below(&life.rng, DAY_MS);
    draw_habits(&life);
    draw_options(&life);
    workload_init(&life.load, rng_next(&life.rng));
    oracle_init(&life.oracle, digest_of_nothing());
    for (int i = 0; i < LIFE_CLIENTS; i++)
        order_init(&life.clients[i].order);
    life_say(&life, "seed %" PRIu64 ": sync=%s, %u topics, ttr %u ms, %u retries%s", seed, SYNCS[life.options.sync],
             (unsigned)life.load.topics, (unsigned)life.options.ttr_ms, (unsigned)life.options.max_retries,
             life.faulty ? ", the disk fails at times" : "");
    crash_open(&life);
    for (life.step = 1; life.step <= steps; life.step++)
        step(&life);
    finish(&life);
    life_say(&life, "%" PRIu64 " answers, %" PRIu64 " restarts, %" PRIu64 " events lost in them, %" PRIu64
                    " segments removed, %" PRIu64 " pieces of lists written, %" PRIu64 " compactions wrote %" PRIu64
                    " bytes, %" PRIu64 " came free",
             life.answers, life.restarts, life.lost, life.unlinked, life.spills, life.compactions, life.copied,
             life.reclaimed);
    life_say(&life, "%zu pieces of delayed messages written, %" PRIu64 " loaded, %" PRIu64 " of them late",
             life.piece_count, life.loads, life.late);
    life_say(&life, "%" PRIu64 " waits, %" PRIu64 " of them served; %" PRIu64 " pages of messages, %" PRIu64
                    " jobs; %" PRIu64 " messages pushed again, %" PRIu64 " gone by limits, %" PRIu64 " held by name",
             life.waits, life.served, life.pages, life.jobs, life.again, life.gone_by_limits, life.held);
    desk_leave(&life);
    for (int i = 0; i < LIFE_CLIENTS; i++) {
        client_leave(&life.clients[i]);
        client_free(&life.clients[i]);
    }
    broker_abandon(&life.broker);
    oracle_free(&life.oracle);
    free(life.pieces);
    simdisk_free(life.disk);
}
