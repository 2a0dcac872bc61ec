/* events.c - see events.h. SPDX-License-Identifier: MIT */
#include "gnode/events.h"

#include "base/mem.h"
#include "engine/look.h"
#include "wire/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    TICK_MS = 1000,
    TOPICS_A_TICK = 16384,
    CLIENT_BYTES_MAX = 1 << 20,  /* that a client has not taken */
    PIECE_BYTES_MAX = 256 << 10, /* of topics in one event */
    NODE_BYTES_MAX = 4096,
    FETCHES_A_TICK = 512,        /* records of oldest messages */
    EVENTS_A_TICK = 16,          /* with changes, one after the other while one does not hold them all */

    /* Of one turn of the loop; each takes about a millisecond. */
    LEASES_A_TURN = 32768,
    LOOKS_A_TURN = 2048,
    CHANGED_BYTES_A_TURN = 128 << 10,
    PIECE_LOOKS = 4096,
    NEXT_MS = 1,   /* to the next turn of a pass */
    PIECE_MS = 10, /* to the next piece */
    MORE_MS = 40,  /* to the rest of a pass, when an event was full */
};

enum pass { PASS_NONE, PASS_LEASES, PASS_TOPICS };

struct events_client {
    struct events *events;
    struct http_request *req;
    struct list in_clients;
    uint32_t all_next; /* topic that it is to be told next, changed or not; 0 = it knows all */
};

/* ---- JSON -------------------------------------------------------------------------------------------------------- */

static bool put_number(struct buf *out, const char *name, uint64_t value)
{
    return buf_printf(out, ",\"%s\":%" PRIu64, name, value);
}

static bool put_node(struct buf *out, const struct events *events)
{
    const struct http_v1 *v1 = events->v1;
    struct log_stats stats;

    log_stats(events->broker->log, &stats);
    return buf_printf(out, "\"node\":{\"status\":\"%s\"", health_word(v1->health->state)) &&
           put_number(out, "topics", engine_queues(events->broker->engine)) &&
           put_number(out, "tcp_connections", v1->tcp->count) &&
           put_number(out, "http_connections", http_server_connections(v1->http)) &&
           put_number(out, "memory_bytes", broker_memory(events->broker)) &&
           put_number(out, "disk_used_bytes", stats.disk_used) && put_number(out, "disk_free_bytes", stats.disk_free) &&
           put_number(out, "tail_lsn", stats.tail_lsn) && buf_append_str(out, "}");
}

/* An event without its last words. */
static bool put_event(struct buf *out, const struct events *events, const struct buf *topics, const struct buf *gone)
{
    struct slice told = buf_slice(topics), left = gone ? buf_slice(gone) : slice_of("", 0);

    return buf_printf(out, "event: stats\ndata: {\"at\":%" PRIu64 ",", events->v1->wall_ms()) &&
           put_node(out, events) && buf_append_str(out, ",\"topics\":[") && buf_append(out, told.ptr, told.len) &&
           buf_append_str(out, "],\"gone\":[") && buf_append(out, left.ptr, left.len) && buf_append_str(out, "],");
}

/* False: the client does not take what it is sent. */
static bool send_event(const struct events_client *client, const struct buf *event, bool complete, bool anew)
{
    char end[64];
    int len = snprintf(end, sizeof(end), "\"complete\":%s,\"anew\":%s}\n\n", complete ? "true" : "false",
                       anew ? "true" : "false");

    return http_stream_room(client->req) >= buf_len(event) + sizeof(end) &&
           http_stream_write(client->req, buf_slice(event)) &&
           http_stream_write(client->req, slice_of(end, (size_t)len));
}

/* ---- a pass: what has changed ------------------------------------------------------------------------------------ */

static void see_lease(void *ctx, const struct lease *lease)
{
    struct events *events = ctx;

    if (lease->queue == 0 || lease->queue > events->slots || lease->since_ms == 0)
        return;
    struct topic_told *told = &events->told[lease->queue - 1];
    if (told->found_ms == 0 || told->found_ms > lease->since_ms)
        told->found_ms = lease->since_ms;
}

/* False: it does not fit into the event. */
static bool look_at_one(struct events *events, uint32_t number, uint64_t now_ms)
{
    struct queue *queue = engine_queue(events->broker->engine, number);
    struct topic_told *told = &events->told[number - 1];
    struct report_topic topic;
    uint64_t sum = 0;
    bool ok = true;

    told->lease_ms = told->found_ms;
    if (topic_stats_shown(queue)) {
        topic_stats_look(events->broker, queue, told, now_ms, &events->fetches, &topic);
        sum = topic_stats_sum(&topic);
    }
    if (sum != told->sum && sum != 0) {
        ok = topic_stats_put(&events->changed, &topic);
    } else if (sum != told->sum && queue && queue->name) {
        size_t gone = buf_len(&events->gone);
        ok = buf_append_str(&events->gone, gone > 0 ? "," : "") &&
             json_append_string(&events->gone, slice_of(queue->name, queue->name_len));
        if (!ok)
            buf_cut(&events->gone, gone);
    } else if (sum != told->sum) {
        events->lost = true;
    }
    if (!ok)
        return false;
    told->sum = sum;
    told->found_ms = 0;
    return true;
}

static void begin_pass(struct events *events)
{
    uint32_t all = engine_queues(events->broker->engine);

    if (all > events->slots) {
        uint32_t slots = all + all / 8;
        events->told = mem_grow(events->told, slots, sizeof(events->told[0]));
        memset(events->told + events->slots, 0, (slots - events->slots) * sizeof(events->told[0]));
        events->slots = slots;
    }
    if (events->next > all || events->next == 0) {
        events->next = 1;
        events->lease_at = 0;
        events->pass = PASS_LEASES;
    } else {
        events->pass = PASS_TOPICS;
    }
    events->end = (uint32_t)min_u64((uint64_t)events->next + TOPICS_A_TICK, (uint64_t)all + 1);
    events->fetches = FETCHES_A_TICK;
    events->left = EVENTS_A_TICK;
}

/* True: that was all, or the event is full. */
static bool look_at_topics(struct events *events, uint64_t now_ms)
{
    size_t before = buf_len(&events->changed);

    for (unsigned looks = LOOKS_A_TURN; events->next < events->end; looks--) {
        if (looks == 0 || buf_len(&events->changed) - before > CHANGED_BYTES_A_TURN)
            return false;
        if (!look_at_one(events, events->next, now_ms))
            return true;
        events->next++;
    }
    return true;
}

static void tell_changes(struct events *events)
{
    struct buf event;

    buf_init(&event, CLIENT_BYTES_MAX);
    bool ok = put_event(&event, events, &events->changed, &events->gone);
    LIST_EACH(&events->clients, node, after) {
        struct events_client *client = CONTAINER_OF(node, struct events_client, in_clients);
        if (events->lost)
            client->all_next = 1;
        if (client->all_next != 1 && !(ok && send_event(client, &event, client->all_next == 0, false)))
            client->all_next = 1;
    }
    events->lost = false;
    buf_free(&event);
    buf_clear(&events->changed);
    buf_clear(&events->gone);
}

/* ---- pieces: all topics, to those who do not know them ----------------------------------------------------------- */

/* Puts topics from `*next` on, which goes on; 0 = those were the last. */
static void put_piece(struct buf *out, struct events *events, uint32_t *next, uint64_t now_ms)
{
    uint32_t all = (uint32_t)min_u64(engine_queues(events->broker->engine), events->slots);
    struct report_topic topic;

    for (unsigned looks = PIECE_LOOKS; *next <= all && looks > 0; (*next)++, looks--) {
        struct queue *queue = engine_queue(events->broker->engine, *next);
        if (!topic_stats_shown(queue))
            continue;
        topic_stats_look(events->broker, queue, &events->told[*next - 1], now_ms, &events->fetches, &topic);
        if (!topic_stats_put(out, &topic))
            return;
    }
    if (*next > all)
        *next = 0;
}

static bool takes_piece(const struct events_client *client)
{
    return client->all_next > 0 && http_stream_room(client->req) >= PIECE_BYTES_MAX + NODE_BYTES_MAX;
}

/* The one of them that has waited longest; NULL = nobody. */
static struct events_client *next_piece(const struct events *events)
{
    for (struct list *node = events->clients.next; node != &events->clients; node = node->next)
        if (takes_piece(CONTAINER_OF(node, struct events_client, in_clients)))
            return CONTAINER_OF(node, struct events_client, in_clients);
    return NULL;
}

static void tell_piece(struct events *events, struct events_client *client, uint64_t now_ms)
{
    uint32_t next = client->all_next;
    struct buf piece, event;

    list_remove(&client->in_clients);
    list_add_tail(&events->clients, &client->in_clients);
    buf_init(&piece, PIECE_BYTES_MAX);
    buf_init(&event, CLIENT_BYTES_MAX);
    put_piece(&piece, events, &next, now_ms);
    if (put_event(&event, events, &piece, NULL) && send_event(client, &event, next == 0, client->all_next == 1))
        client->all_next = next;
    buf_free(&piece);
    buf_free(&event);
}

/* ---- turns ------------------------------------------------------------------------------------------------------- */

static void on_turn(uv_timer_t *timer)
{
    struct events *events = CONTAINER_OF(timer, struct events, turn);
    struct events_client *client = next_piece(events);
    uint64_t now_ms = events->now_ms(events->now_ctx), next_ms = NEXT_MS;

    if (events->pass == PASS_LEASES) {
        events->lease_at = look_leases(events->broker->engine, events->lease_at, LEASES_A_TURN, see_lease, events);
        if (events->lease_at == UINT32_MAX)
            events->pass = PASS_TOPICS;
    } else if (events->pass == PASS_TOPICS) {
        if (look_at_topics(events, now_ms)) {
            tell_changes(events);
            next_ms = MORE_MS;
            if (events->next >= events->end || --events->left == 0)
                events->pass = PASS_NONE;
        }
    } else if (client) {
        tell_piece(events, client, now_ms);
    }
    if (events->pass != PASS_NONE)
        (void)uv_timer_start(&events->turn, on_turn, next_ms, 0);
    else if (next_piece(events))
        (void)uv_timer_start(&events->turn, on_turn, PIECE_MS, 0);
}

static void on_tick(uv_timer_t *timer)
{
    struct events *events = CONTAINER_OF(timer, struct events, tick);

    if (events->pass != PASS_NONE)
        return;
    begin_pass(events);
    (void)uv_timer_start(&events->turn, on_turn, 0, 0);
}

/* ---- clients ----------------------------------------------------------------------------------------------------- */

static void client_gone(struct http_request *req)
{
    struct events_client *client = req->user;
    struct events *events = client->events;

    list_remove(&client->in_clients);
    free(client);
    if (--events->count > 0)
        return;
    (void)uv_timer_stop(&events->tick);
    (void)uv_timer_stop(&events->turn);
    free(events->told);
    events->told = NULL;
    events->slots = events->next = 0;
    events->pass = PASS_NONE;
    buf_clear(&events->changed);
    buf_clear(&events->gone);
}

bool events_serve(struct events *events, struct http_request *req)
{
    if (events->stopping || events->count >= EVENTS_CLIENTS_MAX)
        return false;
    struct events_client *client = mem_new(sizeof(*client));
    *client = (struct events_client){.events = events, .req = req, .all_next = 1};
    list_add_tail(&events->clients, &client->in_clients);
    events->count++;
    req->user = client;
    req->on_gone = client_gone;
    if (!http_add_header(req, "Cache-Control", "no-store")) {
        http_drop(req);
        return true;
    }
    http_stream_begin(req, 200, "text/event-stream", CLIENT_BYTES_MAX);
    if (!uv_is_active((const uv_handle_t *)&events->tick)) {
        (void)uv_timer_start(&events->tick, on_tick, TICK_MS, TICK_MS);
        on_tick(&events->tick);
    } else if (events->pass == PASS_NONE) {
        (void)uv_timer_start(&events->turn, on_turn, 0, 0);
    }
    return true;
}

void events_init(struct events *events, uv_loop_t *loop, struct broker *broker, const struct http_v1 *v1,
                 uint64_t (*now_ms)(void *ctx), void *now_ctx)
{
    *events = (struct events){.v1 = v1, .broker = broker, .now_ms = now_ms, .now_ctx = now_ctx};
    list_init(&events->clients);
    buf_init(&events->changed, PIECE_BYTES_MAX);
    buf_init(&events->gone, PIECE_BYTES_MAX);
    (void)uv_timer_init(loop, &events->tick);
    (void)uv_timer_init(loop, &events->turn);
}

uint64_t events_memory(const struct events *events)
{
    return (uint64_t)events->count * CLIENT_BYTES_MAX + events->slots * sizeof(events->told[0]);
}

void events_stop(struct events *events)
{
    events->stopping = true;
    LIST_EACH(&events->clients, node, after)
        http_stream_end(CONTAINER_OF(node, struct events_client, in_clients)->req);
}

void events_fini(struct events *events)
{
    buf_free(&events->changed);
    buf_free(&events->gone);
    uv_close((uv_handle_t *)&events->tick, NULL);
    uv_close((uv_handle_t *)&events->turn, NULL);
}
