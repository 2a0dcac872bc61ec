/* live.c - see live.h. SPDX-License-Identifier: MIT */
#include "gweb/live.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/mem.h"
#include "gweb/web.h"
#include "net/clock.h"
#include "wire/json.h"

enum {
    TICK_MS = 1000,
    MORE_MS = 20,
    IDLE_TURNS_MAX = 10,
    BATCH_CLIENTS = 8, /* told in one turn of the loop, so that the event is not copied for all of them at once */
    BATCH_MS = 1,
    PIECE_LOOKS = 16384,
    TOPIC_BYTES_MAX = MODEL_JSON_MAX + 32,
    ROOM = 64 << 10, /* for what is not topics and not the fleet */
    EVENT_BYTES = LIVE_TICK_BYTES + LIVE_FLEET_BYTES + ROOM,
};

static const char COMPLETE[] = "],\"complete\":true}\n\n", INCOMPLETE[] = "],\"complete\":false}\n\n";

struct live_client {
    struct list in_clients;
    struct live *live;
    struct web_call *call;
    uint32_t next;  /* slot that it is told next */
    bool told_all;
    bool told_some; /* since it was to be told anew */
};

/* ---- writing ----------------------------------------------------------------------------------------------------- */

static bool put_head(struct buf *out, const struct live *live, bool anew, bool with_fleet)
{
    struct figures sums;
    struct slice fleet = buf_slice(&live->fleet_text);
    bool ok = buf_printf(out, "event: live\ndata: {\"at\":%" PRIu64 ",\"anew\":%s", clock_wall_ms(),
                         anew ? "true" : "false");

    if (with_fleet)
        ok = ok && buf_append_str(out, ",\"fleet\":{") && buf_append(out, fleet.ptr, fleet.len) &&
             buf_append_str(out, "}");
    fleet_sums(live->fleet, &sums);
    return ok && buf_append_str(out, ",\"totals\":{") && figures_write(&sums, out) && buf_append_str(out, "}");
}

static bool put_gone(struct buf *out, const struct model_topic *topic, bool first)
{
    return buf_printf(out, "%s{\"node\":%u,\"topic\":", first ? "" : ",", topic->node) &&
           json_append_string(out, model_name(topic)) && buf_append_str(out, "}");
}

/*
 * Writes what has changed, as far as there is room, without the end of the event. All of it leaves the model's set of
 * changes even when nobody listens.
 */
static bool put_changes(struct buf *out, struct model *model)
{
    struct model_topic *topic;
    struct buf gone;
    bool ok = true, first = true;

    buf_init(&gone, LIVE_TICK_BYTES);
    struct buf topics = gone;
    while (buf_len(&topics) + buf_len(&gone) + TOPIC_BYTES_MAX < LIVE_TICK_BYTES &&
           (topic = model_next_changed(model))) {
        if (topic->gone) {
            ok = ok && put_gone(&gone, topic, buf_len(&gone) == 0);
            model_bury(model, topic);
        } else {
            ok = ok && (first || buf_append_str(&topics, ",")) && model_write(topic, &topics);
            first = false;
        }
    }
    struct slice told = buf_slice(&topics), lost = buf_slice(&gone);
    ok = ok && buf_append_str(out, ",\"gone\":[") && buf_append(out, lost.ptr, lost.len) &&
         buf_append_str(out, "],\"topics\":[") && buf_append(out, told.ptr, told.len);
    buf_free(&topics);
    buf_free(&gone);
    return ok;
}

/* Nobody listens: changes are forgotten, and what is gone goes. */
static void drop_changes(struct model *model)
{
    for (struct model_topic *topic; (topic = model_next_changed(model));)
        if (topic->gone)
            model_bury(model, topic);
}

/* Topics that a browser has not been told yet. Goes on with `*next`. */
static bool put_piece(struct buf *out, const struct model *model, uint32_t *next)
{
    bool ok = buf_append_str(out, ",\"gone\":[],\"topics\":["), first = true;
    size_t from = buf_len(out);

    for (unsigned looks = PIECE_LOOKS; *next < model->slot_count && looks > 0; (*next)++, looks--) {
        const struct model_topic *topic = model->slots[*next];
        if (!topic || topic->gone)
            continue;
        if (buf_len(out) - from + TOPIC_BYTES_MAX > LIVE_PIECE_BYTES)
            return ok;
        ok = ok && (first || buf_append_str(out, ",")) && model_write(topic, out);
        first = false;
    }
    return ok;
}

/* ---- telling ----------------------------------------------------------------------------------------------------- */

static void tell_anew(struct live_client *client)
{
    client->next = 0;
    client->told_all = client->told_some = false;
}

/* A piece, if it has taken all that was before; whether it was told one. */
static bool tell_piece(struct live_client *client)
{
    const struct model *model = &client->live->fleet->model;
    uint32_t next = client->next;
    struct buf event;

    if (http_stream_room(client->call->req) < LIVE_CLIENT_BYTES)
        return false;
    buf_init(&event, EVENT_BYTES);
    bool ok = put_head(&event, client->live, !client->told_some, !client->told_some) &&
              put_piece(&event, model, &next);
    bool all = next >= model->slot_count;
    ok = ok && buf_append_str(&event, all ? COMPLETE : INCOMPLETE);
    ok = ok && http_stream_write(client->call->req, buf_slice(&event));
    if (ok) {
        client->next = next;
        client->told_all = all;
        client->told_some = true;
    }
    buf_free(&event);
    return ok;
}

static void tell_changes(struct live_client *client, struct slice event)
{
    struct http_request *req = client->call->req;
    const char *end = client->told_all ? COMPLETE : INCOMPLETE;

    if (!client->told_some)
        return;
    if (http_stream_room(req) < event.len + sizeof(INCOMPLETE) || !http_stream_write(req, event) ||
        !http_stream_write(req, slice_str(end)))
        tell_anew(client);
}

static bool fleet_changed(struct live *live)
{
    struct buf text;

    buf_init(&text, LIVE_FLEET_BYTES);
    bool changed = fleet_write(live->fleet, &text) && !slice_equal(buf_slice(&text), buf_slice(&live->fleet_text));
    if (changed) {
        struct buf old = live->fleet_text;
        live->fleet_text = text;
        text = old;
    }
    buf_free(&text);
    return changed;
}

static void on_more(uv_timer_t *timer)
{
    struct live *live = timer->data;
    bool all = true, told = false;

    LIST_EACH(&live->clients, node, after) {
        struct live_client *client = CONTAINER_OF(node, struct live_client, in_clients);
        if (!client->told_all)
            told = tell_piece(client) || told;
        all = all && client->told_all;
    }
    live->idle_turns = told ? 0 : live->idle_turns + 1;
    if (all || live->idle_turns > IDLE_TURNS_MAX) /* those who are left are slow: they are looked at each second */
        (void)uv_timer_stop(timer);
}

static void look_for_more(struct live *live)
{
    live->idle_turns = 0;
    if (!uv_is_active((const uv_handle_t *)&live->more))
        (void)uv_timer_start(&live->more, on_more, 0, MORE_MS);
}

/* Some of those who are still to be told this second's event. */
static void tell_some(struct live *live, unsigned count)
{
    for (struct list *node; count > 0 && (node = list_pop(&live->untold)); count--) {
        struct live_client *client = CONTAINER_OF(node, struct live_client, in_clients);
        list_add_tail(&live->clients, node);
        tell_changes(client, buf_slice(&live->event));
        if (!client->told_all)
            look_for_more(live);
    }
    if (!list_empty(&live->untold))
        return;
    (void)uv_timer_stop(&live->batch);
    buf_free(&live->event);
}

static void on_batch(uv_timer_t *timer) { tell_some(timer->data, BATCH_CLIENTS); }

static void on_second(uv_timer_t *timer)
{
    struct live *live = timer->data;

    past_sample(live->past, clock_wall_ms());
    bool with_fleet = fleet_changed(live) || live->fleet_untold;
    live->fleet_untold = false;
    tell_some(live, UINT_MAX);
    if (live->count == 0) {
        drop_changes(&live->fleet->model);
        return;
    }
    if (!put_head(&live->event, live, false, with_fleet) || !put_changes(&live->event, &live->fleet->model)) {
        LIST_EACH(&live->clients, node, after)
            tell_anew(CONTAINER_OF(node, struct live_client, in_clients));
        look_for_more(live);
        buf_free(&live->event);
        return;
    }
    list_take(&live->untold, &live->clients);
    (void)uv_timer_start(&live->batch, on_batch, 0, BATCH_MS);
}

/* ---- browsers ---------------------------------------------------------------------------------------------------- */

static void client_gone(struct web_call *call)
{
    struct live_client *client = call->ctx;

    list_remove(&client->in_clients);
    client->live->count--;
    free(client);
}

void api_events(struct web_call *call)
{
    struct live *live = call->web->live;

    if (live->stopping || live->count >= LIVE_CLIENTS_MAX) {
        web_call_problem(call, GMQ_E_STREAM_LIMIT, NULL);
        return;
    }
    struct live_client *client = mem_new(sizeof(*client));
    *client = (struct live_client){.live = live, .call = call};
    list_add_tail(&live->clients, &client->in_clients);
    live->count++;
    call->ctx = client;
    call->gone = client_gone;
    if (fleet_changed(live)) /* who comes sees what is now, the others at the next second */
        live->fleet_untold = true;
    web_call_stream(call, "text/event-stream", LIVE_CLIENT_BYTES);
    look_for_more(live);
}

int live_open(struct live *live, uv_loop_t *loop, struct fleet *fleet, struct past *past)
{
    *live = (struct live){.fleet = fleet, .past = past};
    list_init(&live->clients);
    list_init(&live->untold);
    buf_init(&live->fleet_text, LIVE_FLEET_BYTES);
    buf_init(&live->event, EVENT_BYTES);
    ENSURE(uv_timer_init(loop, &live->second) == 0 && uv_timer_init(loop, &live->more) == 0 &&
           uv_timer_init(loop, &live->batch) == 0);
    live->second.data = live->more.data = live->batch.data = live;
    return uv_timer_start(&live->second, on_second, 0, TICK_MS);
}

void live_close(struct live *live)
{
    live->stopping = true;
    uv_close((uv_handle_t *)&live->second, NULL);
    uv_close((uv_handle_t *)&live->more, NULL);
    uv_close((uv_handle_t *)&live->batch, NULL);
    buf_free(&live->fleet_text);
    buf_free(&live->event);
}
