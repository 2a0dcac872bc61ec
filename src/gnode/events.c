/* events.c - see events.h. SPDX-License-Identifier: MIT */
#include "gnode/events.h"

#include "base/mem.h"
#include "gnode/usage.h"
#include "wire/json.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    TICK_MS = 1000,
    TOPICS_A_TICK = 16384,
    CLIENT_BYTES_MAX = 1 << 20, /* that a client has not taken */
    TOPIC_BYTES_MAX = 1200,     /* of one in JSON, rather more than less: a name of 128 bytes may be six times that */
    PIECE_BYTES_MAX = 256 << 10, /* of topics that a client is told anew, in one event */
    PIECE_LOOKS = 16384,
    NODE_BYTES_MAX = 4096,
};

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

static bool put_rate(struct buf *out, const char *name, uint64_t mhz)
{
    return buf_printf(out, ",\"%s\":%" PRIu64 ".%03u", name, mhz / 1000, (unsigned)(mhz % 1000));
}

static bool is_paused(uint64_t until_ms, uint64_t now_ms) { return until_ms > now_ms; }

static bool is_shown(const struct queue *queue) { return queue && queue->name && !queue->exited; }

static void look(const struct queue *queue, uint64_t now_ms, struct report_topic *ret)
{
    *ret = (struct report_topic){
        .name = slice_of(queue->name, queue->name_len),
        .ready = queue_ready(queue),
        .delayed = queue->delayed,
        .in_flight = queue->in_flight,
        .dead = queue->dead.count,
        .waiting = wait_count(queue),
        .settings.push_paused_until_ms = is_paused(queue->set.push_paused_until_ms, now_ms),
        .settings.pop_paused_until_ms = is_paused(queue->set.pop_paused_until_ms, now_ms),
    };
    usage_report(queue, now_ms, ret);
}

static bool put_topic(struct buf *out, const struct report_topic *topic)
{
    return buf_append_str(out, buf_len(out) > 0 ? ",{\"topic\":" : "{\"topic\":") &&
           json_append_string(out, topic->name) && put_number(out, "ready", topic->ready) &&
           put_number(out, "delayed", topic->delayed) && put_number(out, "in_flight", topic->in_flight) &&
           put_number(out, "dead", topic->dead) && put_number(out, "waiting", topic->waiting) &&
           put_rate(out, "push_rate", topic->push_rate_mhz) && put_rate(out, "pop_rate", topic->pop_rate_mhz) &&
           put_rate(out, "ack_rate", topic->ack_rate_mhz) &&
           buf_printf(out, ",\"push_paused\":%s,\"pop_paused\":%s}",
                      topic->settings.push_paused_until_ms > 0 ? "true" : "false",
                      topic->settings.pop_paused_until_ms > 0 ? "true" : "false");
}

/* What is told of it as one number, never 0. */
static uint64_t sum_of(const struct report_topic *topic)
{
    const uint64_t values[] = {topic->ready, topic->delayed, topic->in_flight, topic->dead, topic->waiting,
                               topic->push_rate_mhz, topic->pop_rate_mhz, topic->ack_rate_mhz,
                               topic->settings.push_paused_until_ms, topic->settings.pop_paused_until_ms};
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        h = (h ^ values[i]) * 1099511628211u ^ h >> 32;
    return h | 1;
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

/* ---- what has changed -------------------------------------------------------------------------------------------- */

static void look_at_one(struct events *events, uint32_t number, uint64_t now_ms)
{
    const struct queue *queue = engine_queue(events->broker->engine, number);
    uint64_t *told = &events->told[number - 1], sum = 0;
    struct report_topic topic;

    if (is_shown(queue)) {
        look(queue, now_ms, &topic);
        sum = sum_of(&topic);
    }
    if (sum == *told)
        return;
    size_t before = buf_len(&events->changed), gone = buf_len(&events->gone);
    bool ok = true;
    if (sum != 0)
        ok = put_topic(&events->changed, &topic);
    else if (queue && queue->name)
        ok = buf_append_str(&events->gone, gone > 0 ? "," : "") &&
             json_append_string(&events->gone, slice_of(queue->name, queue->name_len));
    else
        events->lost = true;
    if (ok) {
        *told = sum;
        return;
    }
    buf_cut(&events->changed, before); /* it is told with the next event */
    buf_cut(&events->gone, gone);
}

static void collect(struct events *events, uint64_t now_ms)
{
    uint32_t all = engine_queues(events->broker->engine);

    if (all > events->slots) {
        events->told = mem_grow(events->told, all, sizeof(events->told[0]));
        memset(events->told + events->slots, 0, (all - events->slots) * sizeof(events->told[0]));
        events->slots = all;
    }
    buf_clear(&events->changed);
    buf_clear(&events->gone);
    for (uint32_t looks = (uint32_t)min_u64(all, TOPICS_A_TICK); looks > 0; looks--) {
        events->next = events->next >= all ? 1 : events->next + 1;
        look_at_one(events, events->next, now_ms);
    }
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

/* Topics that the client is told whether changed or not, those of one event. Goes on with the next. */
static void put_piece(struct buf *out, const struct events *events, uint32_t *next, uint64_t now_ms)
{
    uint32_t all = engine_queues(events->broker->engine);
    struct report_topic topic;

    for (unsigned looks = PIECE_LOOKS; *next <= all && looks > 0; (*next)++, looks--) {
        const struct queue *queue = engine_queue(events->broker->engine, *next);
        if (!is_shown(queue))
            continue;
        if (buf_len(out) + TOPIC_BYTES_MAX > PIECE_BYTES_MAX)
            return;
        look(queue, now_ms, &topic);
        (void)put_topic(out, &topic);
    }
    if (*next > all)
        *next = 0;
}

static bool put_event(struct buf *out, const struct events *events, const struct buf *piece, bool complete,
                      bool anew)
{
    struct slice told = buf_slice(piece), changed = buf_slice(&events->changed), gone = buf_slice(&events->gone);
    bool ok = buf_printf(out, "event: stats\ndata: {\"at\":%" PRIu64 ",", events->v1->wall_ms()) &&
              put_node(out, events);

    ok = ok && buf_append_str(out, ",\"topics\":[") && buf_append(out, told.ptr, told.len);
    ok = ok && buf_append_str(out, told.len > 0 && changed.len > 0 ? "," : "") &&
         buf_append(out, changed.ptr, changed.len);
    return ok && buf_append_str(out, "],\"gone\":[") && buf_append(out, gone.ptr, gone.len) &&
           buf_printf(out, "],\"complete\":%s,\"anew\":%s}\n\n", complete ? "true" : "false",
                      anew ? "true" : "false");
}

static void tell(struct events_client *client, uint64_t now_ms)
{
    struct events *events = client->events;
    uint32_t next = client->all_next;
    struct buf piece, event;

    buf_init(&piece, PIECE_BYTES_MAX);
    buf_init(&event, CLIENT_BYTES_MAX);
    if (next > 0)
        put_piece(&piece, events, &next, now_ms);
    if (put_event(&event, events, &piece, next == 0, client->all_next == 1) &&
        http_stream_write(client->req, buf_slice(&event)))
        client->all_next = next;
    else
        client->all_next = 1;
    buf_free(&piece);
    buf_free(&event);
}

static void on_tick(uv_timer_t *timer)
{
    struct events *events = CONTAINER_OF(timer, struct events, timer);
    uint64_t now_ms = events->now_ms(events->now_ctx);

    collect(events, now_ms);
    LIST_EACH(&events->clients, node, after) {
        struct events_client *client = CONTAINER_OF(node, struct events_client, in_clients);
        if (events->lost)
            client->all_next = 1;
        tell(client, now_ms);
    }
    events->lost = false;
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
    (void)uv_timer_stop(&events->timer);
    free(events->told);
    events->told = NULL;
    events->slots = events->next = 0;
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
    uint64_t now_ms = events->now_ms(events->now_ctx);
    buf_clear(&events->changed);
    buf_clear(&events->gone);
    tell(client, now_ms);
    if (!uv_is_active((const uv_handle_t *)&events->timer))
        (void)uv_timer_start(&events->timer, on_tick, TICK_MS, TICK_MS);
    return true;
}

void events_init(struct events *events, uv_loop_t *loop, struct broker *broker, const struct http_v1 *v1,
                 uint64_t (*now_ms)(void *ctx), void *now_ctx)
{
    *events = (struct events){.v1 = v1, .broker = broker, .now_ms = now_ms, .now_ctx = now_ctx};
    list_init(&events->clients);
    buf_init(&events->changed, PIECE_BYTES_MAX);
    buf_init(&events->gone, PIECE_BYTES_MAX);
    (void)uv_timer_init(loop, &events->timer);
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
    uv_close((uv_handle_t *)&events->timer, NULL);
}
