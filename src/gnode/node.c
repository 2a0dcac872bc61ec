/* node.c - see node.h. SPDX-License-Identifier: MIT */
#include "gnode/node.h"

#include "app/daemon.h"
#include "app/log.h"
#include "base/mem.h"
#include "gnode/doors.h"
#include "gnode/fork_imager.h"
#include "gnode/presence.h"
#include "net/clock.h"
#include "net/stalls.h"
#include "store/disk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
    ROUNDS_A_TURN = 8,       /* commands that replies made room for, before others are looked at again */
    STOP_MS = 3000,          /* for answers under way and the registries, when stopping */
    STOP_LOOK_MS = 10,
    BACKLOG = 1024,
    USAGE_MS = 1000,
    MEMORY_LOG_MS = 10000,
    PROCESS_BYTES = 16 << 20,  /* the program, its libraries, stacks and small tables */
    TCP_CLIENT_BYTES = 1024,
    OUT_BYTES_MAX = 256 << 20, /* of answers not taken, of each door */
    OUT_PART = 16,             /* ... of the memory limit, if that is less */
    SEGMENT_BYTES_LEAST = 4 << 20,
    SEGMENTS_MIN = 16,       /* that max_disk has room for */
    GC_RATE_BYTES = 16 << 20, /* a second: 8 MiB read, and at most as much written */
    FORK_BYTES_MIN = 1 << 20, /* of an image; to save that much takes the loop about a millisecond, as a fork does */
};

struct node {
    const struct gnode_settings *settings;
    uv_loop_t loop;
    uv_prepare_t turn;
    uv_async_t wake;
    uv_timer_t timer;
    uv_timer_t stop_timer; /* looks whether all is answered, once stopping has begun */
    uint64_t timer_due_ms; /* engine time the timer is set for; UINT64_MAX = it is not set */
    struct daemon daemon;
    struct disk disk;
    struct engine_clock clock;
    uint64_t clock_steps;  /* as logged last */
    struct fork_imager imager;
    struct broker broker;
    struct tcp_door tcp;
    struct http_door http;
    struct presence presence;
    struct health health;
    char troubles[LOG_TROUBLES][HEALTH_REASON_BYTES]; /* as logged last */
    bool memory_full;         /* as logged last */
    uint64_t memory_log_ms;   /* when that was */
    enum log_state log_state; /* as logged last */
    uint64_t unreadable;      /* as logged last */
    uint64_t late;            /* as logged last */
    struct stalls stalls;
    uint64_t stop_ms;         /* loop time when stopping must be over; 0 = not stopping */
};

/* ---- the turn ---------------------------------------------------------------------------------------------------- */

/* It may come and go with every command. */
static void log_memory_state(struct node *node, uint64_t wall_ms)
{
    bool full = broker_memory_state(&node->broker) != MEMORY_OK;

    if (full == node->memory_full || wall_ms - node->memory_log_ms < MEMORY_LOG_MS)
        return;
    node->memory_full = full;
    node->memory_log_ms = wall_ms;
    if (full)
        log_error("node", "memory limit reached, %llu bytes are in use: no messages are accepted, acks go on",
                  (unsigned long long)broker_memory(&node->broker));
    else
        log_info("node", "there is memory again, messages are accepted");
}

static void look_at_health(struct node *node)
{
    uint64_t wall_ms = clock_wall_ms();

    log_memory_state(node, wall_ms);
    if (!health_look(&node->health, &node->broker, wall_ms))
        return;
    for (int kind = 0; kind < LOG_TROUBLES; kind++) {
        const char *trouble = log_trouble(node->broker.log, (enum log_trouble)kind);
        if (strcmp(trouble, node->troubles[kind]) == 0)
            continue;
        (void)snprintf(node->troubles[kind], sizeof(node->troubles[kind]), "%s", trouble);
        log_error("store", "%s", trouble);
    }
}

static void log_changes(struct node *node)
{
    const char *reason = "";
    enum log_state state = log_state(node->broker.log, &reason);

    if (state != node->log_state) {
        if (state == LOG_OK)
            log_info("store", "the disk has room again, messages are accepted");
        else if (state == LOG_FULL)
            log_error("store", "%s%s: no messages are accepted, pops and acks go on",
                      log_limit(node->broker.log) ? "disk full: " : "", reason);
        else
            log_error("store", "the node is read-only until it is restarted: %s", reason);
        node->log_state = state;
    }
    if (node->clock.steps != node->clock_steps) {
        log_warn("clock", "the wall clock was set by %lld ms; timers do not follow it",
                 (long long)node->clock.last_step_ms);
        node->clock_steps = node->clock.steps;
    }
    if (node->broker.unreadable != node->unreadable) {
        log_error("store", "%llu messages could not be read back so far",
                  (unsigned long long)node->broker.unreadable);
        node->unreadable = node->broker.unreadable;
    }
    if (node->broker.late > 2 * node->late) { /* each doubling: it may grow by the turn */
        log_warn("store", "%llu delayed messages were read back from the disk after their time so far",
                 (unsigned long long)node->broker.late);
        node->late = node->broker.late;
    }
}

static void on_timer(uv_timer_t *timer) { CONTAINER_OF(timer, struct node, timer)->timer_due_ms = UINT64_MAX; }

static void set_timer(struct node *node, uint64_t due_ms, uint64_t now_ms)
{
    if (due_ms == node->timer_due_ms)
        return;
    node->timer_due_ms = due_ms;
    if (due_ms == UINT64_MAX)
        (void)uv_timer_stop(&node->timer);
    else
        (void)uv_timer_start(&node->timer, on_timer, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

/*
 * The end of each turn of the loop. Before it, sockets were read and their commands executed: records stand in the
 * log's ring, applied, their answers parked. Now timers that are due take the same way, answers whose promise is
 * kept go to their connections, the log thread gets what came together, and the connections are written.
 */
static void node_turn(uv_prepare_t *prepare)
{
    struct node *node = CONTAINER_OF(prepare, struct node, turn);
    uint64_t due_ms = 0, now_ms = 0;
    bool more = true;

    for (unsigned round = 0; more && round < ROUNDS_A_TURN; round++) {
        uv_update_time(&node->loop);
        now_ms = engine_clock_now_ms(&node->clock);
        due_ms = broker_turn(&node->broker, now_ms);
        http_door_flush(&node->http);
        more = tcp_door_flush(&node->tcp);
    }
    log_publish(node->broker.log); /* commands that the flush has brought, whose answers are parked */
    set_timer(node, more ? 0 : due_ms, now_ms);
    log_changes(node);
    look_at_health(node);
    stalls_turn(&node->stalls, &node->loop);
}

static void on_wake(uv_async_t *async) { (void)async; }

static void wake(void *ctx) { (void)uv_async_send(&((struct node *)ctx)->wake); }

static uint64_t start_clock(void *ctx, uint64_t last_ms)
{
    struct node *node = ctx;

    engine_clock_init(&node->clock, &CLOCK_SYSTEM, last_ms);
    return engine_clock_now_ms(&node->clock);
}

static uint64_t now_ms(void *ctx) { return engine_clock_now_ms(&((struct node *)ctx)->clock); }

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static uint64_t clock_ns(void *ctx)
{
    (void)ctx;
    return clock_boot_ns();
}

static struct broker_options broker_options(const struct gnode_settings *settings)
{
    static const enum log_sync SYNC[] = {
        [GNODE_SYNC_ALWAYS] = LOG_SYNC_ALWAYS,
        [GNODE_SYNC_INTERVAL] = LOG_SYNC_INTERVAL,
        [GNODE_SYNC_NONE] = LOG_SYNC_NONE,
    };

    return (struct broker_options){
        .node_id = (unsigned)settings->node_id,
        .ttr_ms = (uint32_t)settings->msg_ttr_s * 1000,
        .max_retries = (uint32_t)settings->msg_max_retry,
        .dedup_window_ms = 1000 * settings->dedup_window_s,
        .dedup_keys = settings->dedup_keys,
        .max_delay_s = settings->max_delay_s,
        .max_message = settings->max_message_bytes,
        .max_batch = (uint32_t)settings->max_batch,
        .max_in_flight = settings->max_in_flight,
        .max_topics = (uint32_t)settings->max_topics,
        .topic_idle_ms = settings->topic_idle_s * 1000,
        .usage_ms = USAGE_MS,
        .list_memory = settings->list_memory_bytes,
        .delay_memory = settings->delay_memory_bytes,
        .sync = SYNC[settings->sync_mode],
        .memory_limit = settings->memory_limit_bytes,
        .format_time = clock_format_local,
    };
}

static void log_recovery(const struct node *node)
{
    const struct log_report *report = &node->broker.report;

    if (report->fresh) {
        log_info("store", "new data directory %s, sync=%s", node->settings->data_save_path, node->settings->sync);
        return;
    }
    log_info("store", "%s: %u topics, %llu records replayed, last stop was %s, sync=%s", node->settings->data_save_path,
             (unsigned)engine_topics(node->broker.engine), (unsigned long long)report->records,
             report->clean ? "clean" : "unclean", node->settings->sync);
    if (report->cut_bytes > 0)
        log_info("store", "%llu bytes of a torn tail that nobody was promised were cut off",
                 (unsigned long long)report->cut_bytes);
    if (report->damaged_bytes > 0 || report->lost_ranges > 0)
        log_error("store", "the log is damaged: %llu bytes were quarantined, %llu segments are missing: %s",
                  (unsigned long long)report->damaged_bytes, (unsigned long long)report->lost_ranges, report->note);
    else if (report->note[0])
        log_error("store", "the data is damaged: %s", report->note);
    if (report->rebuilt)
        log_error("store", "no checkpoint is usable: the topics were rebuilt from the records that are left; messages "
                           "may come again, those in flight and dead letters may be ready (%llu acked ones were found)",
                  (unsigned long long)node->broker.mended);
}

/* What the process takes beside the engine and the log; what is bounded for all is counted as if it were used. */
static uint64_t doors_memory(void *ctx)
{
    const struct node *node = ctx;
    const struct tcp_server *tcp = &node->tcp.server;

    return PROCESS_BYTES + tcp->in_bytes + tcp->out_bytes + tcp->count * TCP_CLIENT_BYTES +
           tcp->in_budget + http_door_memory(&node->http);
}

static uint64_t doors_owed(void *ctx)
{
    const struct node *node = ctx;

    return node->tcp.server.out_bytes + node->http.out_bytes;
}

/* Segments go as a whole: where the disk is limited they are small enough that some can. */
static uint64_t segment_bytes(const struct gnode_settings *settings)
{
    if (settings->max_disk_bytes == 0)
        return settings->segment_bytes;
    return max_u64(min_u64(settings->segment_bytes, settings->max_disk_bytes / SEGMENTS_MIN), SEGMENT_BYTES_LEAST);
}

static int open_broker(struct node *node)
{
    const struct gnode_settings *settings = node->settings;
    struct broker_options options = broker_options(settings);
    struct log_options log_options = {
        .disk = &node->disk,
        .dir = settings->data_save_path,
        .ring_bytes = settings->cache_bytes,
        .read_cache_bytes = settings->read_cache_bytes,
        .segment_bytes = segment_bytes(settings),
        .gc_slack = settings->gc_slack_bytes,
        .history_keep = settings->history_keep_bytes,
        .gc_rate = GC_RATE_BYTES,
        .record_bytes_max = settings->max_message_bytes,
        .sync = options.sync,
        .interval_ms = (uint32_t)settings->sync_interval_ms,
        .threads = true,
        .max_disk = settings->max_disk_bytes,
        .disk_free_min = settings->disk_free_min_bytes,
        .now_ms = clock_wall_ms(),
        .clock_ns = clock_ns,
    };
    char error[512] = "";

    options.doors_memory = doors_memory;
    options.doors_owed = doors_owed;
    options.doors_ctx = node;
    if (getrandom(log_options.uuid, sizeof(log_options.uuid), 0) != (ssize_t)sizeof(log_options.uuid))
        return -EIO;
    fork_imager_init(&node->imager, FORK_BYTES_MIN);
    options.imager = &node->imager.base;
    int rc = broker_open(&node->broker, &options, &log_options, wake, start_clock, node, error, sizeof(error));
    if (rc < 0)
        log_error("store", "%s", error);
    else
        log_recovery(node);
    return rc;
}

/* A listening socket, or < 0, logged. */
static int listen_on(const struct addr *addr, const char *door)
{
    char text[ADDR_TEXT_BYTES];
    int fd = addr_listen(addr, BACKLOG);

    if (fd >= 0)
        return fd;
    addr_format(addr, text);
    log_error(door, "cannot listen on %s (-%s_addr): %s", text, door, strerror(-fd));
    return fd;
}

static void log_listening(const char *door, const struct addr *addr, unsigned port)
{
    struct addr bound = *addr;
    char text[ADDR_TEXT_BYTES];

    bound.port = (uint16_t)port;
    addr_format(&bound, text);
    log_info(door, "listening on %s://%s", door, text);
}

/* Both sockets are bound before the data is opened: a port in use is told at once, and nothing was touched. */
static int open_doors(struct node *node, int tcp_fd, int http_fd)
{
    const struct gnode_settings *settings = node->settings;
    struct door base = {
        .broker = &node->broker,
        .settings = settings,
        .limits = {.line_bytes_max = settings->max_line_bytes, .body_bytes_max = settings->max_message_bytes,
                   .batch_count_max = (uint32_t)settings->max_batch, .delay_s_max = settings->max_delay_s},
        .out_bytes_max = OUT_BYTES_MAX,
        .now_ms = now_ms,
        .ctx = node,
    };
    if (settings->memory_limit_bytes != 0)
        base.out_bytes_max = min_u64(OUT_BYTES_MAX, settings->memory_limit_bytes / OUT_PART);
    const struct http_v1 v1 = {.settings = settings, .broker = &node->broker, .health = &node->health,
                               .clock = &node->clock, .tcp = &node->tcp.server, .started_ms = clock_wall_ms(),
                               .wall_ms = clock_wall_ms};
    int rc = http_door_open(&node->http, &node->loop, &base, http_fd, &node->tcp.server.in_budget, &v1);

    if (rc == 0)
        rc = tcp_door_open(&node->tcp, &node->loop, &base, tcp_fd);
    if (rc < 0) {
        log_error("node", "cannot serve: %s", strerror(-rc));
        return rc;
    }
    log_listening("tcp", &settings->tcp, tcp_port(&node->tcp.server));
    log_listening("http", &settings->http, http_server_port(node->http.server));
    return presence_open(&node->presence, &node->loop, settings, tcp_port(&node->tcp.server),
                         http_server_port(node->http.server));
}

static void on_signal(void *ctx, int signal, unsigned times)
{
    (void)times;
    log_info("node", "signal %d, stopping", signal);
    node_stop(ctx);
}

static void init_loop(struct node *node)
{
    (void)uv_loop_init(&node->loop);
    stalls_prepare(&node->loop);
    (void)uv_prepare_init(&node->loop, &node->turn);
    (void)uv_async_init(&node->loop, &node->wake, on_wake);
    (void)uv_timer_init(&node->loop, &node->timer);
    node->timer_due_ms = UINT64_MAX;
    (void)uv_timer_init(&node->loop, &node->stop_timer);
}

static void close_loop(struct node *node)
{
    uv_close((uv_handle_t *)&node->turn, NULL);
    uv_close((uv_handle_t *)&node->timer, NULL);
    uv_close((uv_handle_t *)&node->stop_timer, NULL);
    uv_close((uv_handle_t *)&node->wake, NULL);
    while (uv_run(&node->loop, UV_RUN_DEFAULT) != 0)
        continue;
}

/* 0 when it serves; both doors are closed when not. */
static int open_all(struct node *node)
{
    int rc = daemon_open(&node->daemon, &node->loop, on_signal, node);
    int tcp_fd = rc < 0 ? rc : listen_on(&node->settings->tcp, "tcp");
    int http_fd = tcp_fd < 0 ? tcp_fd : listen_on(&node->settings->http, "http");

    rc = http_fd < 0 ? http_fd : open_broker(node);
    if (rc < 0) {
        if (tcp_fd >= 0)
            (void)close(tcp_fd);
        if (http_fd >= 0)
            (void)close(http_fd);
        return rc;
    }
    rc = open_doors(node, tcp_fd, http_fd);
    if (rc < 0)
        broker_abandon(&node->broker);
    return rc;
}

struct node *node_open(const struct gnode_settings *settings)
{
    struct node *node = mem_new(sizeof(*node));

    node->settings = settings;
    disk_linux_init(&node->disk);
    init_loop(node);
    if (open_all(node) < 0) {
        daemon_close(&node->daemon);
        close_loop(node);
        node_free(node);
        return NULL;
    }
    look_at_health(node);
    (void)uv_prepare_start(&node->turn, node_turn);
    daemon_ready("gnode");
    return node;
}

/* ---- the end ----------------------------------------------------------------------------------------------------- */

static void on_stop_timer(uv_timer_t *timer) { (void)timer; /* the loop of node_run looks */ }

/* No new connections, and no new commands on those that there are. */
static void end_service(struct node *node)
{
    if (node->stop_ms > 0)
        return;
    (void)uv_timer_start(&node->stop_timer, on_stop_timer, 0, STOP_LOOK_MS);
    node->stop_ms = uv_now(&node->loop) + STOP_MS;
    node->broker.stopping = true;
    tcp_stop_accepting(&node->tcp.server);
    http_server_stop_accepting(node->http.server);
    events_stop(&node->http.events);
}

static void on_delay_over(uv_timer_t *timer) { end_service(CONTAINER_OF(timer, struct node, stop_timer)); }

void node_stop(struct node *node)
{
    uint64_t delay_ms = node->settings->stop_delay_ms;
    bool first = !node->broker.leaving;

    if (first) {
        node->broker.leaving = true;
        daemon_stopping();
        presence_leave(&node->presence);
    }
    if (!first || delay_ms == 0) {
        end_service(node);
        return;
    }
    log_info("node", "not ready any more, serving on for %llu ms", (unsigned long long)delay_ms);
    uv_update_time(&node->loop);
    (void)uv_timer_start(&node->stop_timer, on_delay_over, delay_ms, 0);
}

static bool may_end(const struct node *node)
{
    if (node->stop_ms == 0)
        return false;
    bool quiet = broker_idle(&node->broker) && presence_left(&node->presence) && node->tcp.server.out_bytes == 0 &&
                 http_server_requests(node->http.server) == 0;
    return quiet || uv_now(&node->loop) >= node->stop_ms;
}

/* Sessions end before the broker does; the loop's handles close while the log may still wake it. */
static void close_doors(struct node *node)
{
    presence_close(&node->presence);
    tcp_close(&node->tcp.server);
    http_door_close(&node->http);
    daemon_close(&node->daemon);
    (void)uv_prepare_stop(&node->turn);
    (void)uv_run(&node->loop, UV_RUN_NOWAIT);
}

int node_run(struct node *node)
{
    stalls_begin(&node->stalls, &node->loop);
    while (!may_end(node))
        (void)uv_run(&node->loop, UV_RUN_ONCE);
    close_doors(node);
    int rc = broker_close(&node->broker);
    if (rc < 0)
        log_error("store", "the log could not be ended cleanly: %s", strerror(-rc));
    close_loop(node);
    log_info("node", "stopped; the longest turn took %.1f ms, %llu of %llu more than 1 ms, %llu more than 10 ms",
             (double)node->stalls.max_ns / 1e6, (unsigned long long)node->stalls.over_1ms,
             (unsigned long long)node->stalls.turns, (unsigned long long)node->stalls.over_10ms);
    return rc;
}

void node_free(struct node *node)
{
    if (!node)
        return;
    (void)uv_loop_close(&node->loop);
    free(node);
}
