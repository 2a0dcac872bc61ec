/* side.c - see side.h. SPDX-License-Identifier: MIT */
#include "gweb/side.h"

#include <stdlib.h>
#include <string.h>

#include "app/log.h"
#include "base/err.h"
#include "base/mem.h"
#include "gweb/web.h"

int side_open(struct web *web)
{
    struct side *side = web->side = mem_new(sizeof(*side));
    const char *registries[FLEET_REGISTRIES_MAX];
    size_t count = min_u64(web->settings->register_count, FLEET_REGISTRIES_MAX);

    list_init(&side->pending);
    side->live.stopping = true; /* until it has begun */
    for (size_t i = 0; i < count; i++)
        registries[i] = web->settings->registers[i];
    int err = fleet_open(&side->fleet, web->loop, registries, count);
    past_init(&side->past, &side->fleet);
    if (err == 0)
        err = live_open(&side->live, web->loop, &side->fleet, &side->past);
    if (err != 0)
        log_error("fleet", "the fleet cannot be watched: %s", strerror(-err));
    web->fleet = &side->fleet;
    web->live = &side->live;
    return err;
}

void side_close(struct web *web)
{
    struct side *side = web->side;

    if (!side || side->live.stopping)
        return;
    while (!list_empty(&side->pending)) {
        struct side_pending *pending = CONTAINER_OF(side->pending.next, struct side_pending, in_pending);
        pending->abandon(pending);
    }
    live_close(&side->live);
    fleet_close(&side->fleet);
}

void side_fini(struct web *web)
{
    struct side *side = web->side;

    if (!side)
        return;
    past_fini(&side->past);
    fleet_fini(&side->fleet);
    free(side);
    web->side = NULL;
    web->fleet = NULL;
    web->live = NULL;
}

bool side_add(struct side *side, struct web_call *call, struct side_pending *pending)
{
    if (side->live.stopping || side->pending_count >= SIDE_PENDING_MAX) {
        web_call_header(call, "Retry-After", "1");
        web_call_problem(call, GMQ_E_BUSY, side->live.stopping ? "gweb is stopping" : NULL);
        return false;
    }
    list_add_tail(&side->pending, &pending->in_pending);
    side->pending_count++;
    return true;
}

void side_remove(struct side *side, struct side_pending *pending)
{
    list_remove(&pending->in_pending);
    side->pending_count--;
}

bool url_append(struct buf *out, struct slice text)
{
    static const char HEX[] = "0123456789ABCDEF";

    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
                     c == '.' || c == '_' || c == '~';
        char coded[3] = {'%', HEX[c >> 4], HEX[c & 15]};
        if (!buf_append(out, plain ? text.ptr + i : coded, plain ? 1 : 3))
            return false;
    }
    return true;
}
