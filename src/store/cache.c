/* cache.c - see cache.h. SPDX-License-Identifier: MIT */
#include "store/cache.h"

#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/err.h"

/* LSNs are multiples of 8 and neighbours: the product spreads them, its upper half is the hash. */
#undef HASH_FUNCTION
#define HASH_FUNCTION(key, key_bytes, hash) \
    ((void)(key_bytes), (hash) = (unsigned)(get_le64(key) * UINT64_C(0x9e3779b97f4a7c15) >> 32))

enum {
    AWAY_MAX = 64,
    AHEAD_MAX = 1024,
    PINNED_POLLS_MAX = 64,
    FRESH_POLLS_MAX = 4096,
};

void cache_init(struct cache *cache, size_t budget, struct chan *requests, struct chan *replies)
{
    *cache = (struct cache){.budget = budget, .requests = requests, .replies = replies};
    list_init(&cache->wanted);
    list_init(&cache->ahead);
    list_init(&cache->pinned);
    list_init(&cache->fresh);
    list_init(&cache->used);
}

static void fetch_free(struct fetch *fetch)
{
    free(fetch->bytes);
    free(fetch);
}

void cache_fini(struct cache *cache)
{
    struct fetch *fetch, *after;

    if (cache->replies && cache->replies->items)
        while (chan_take(cache->replies, &fetch))
            fetch->state = FETCH_WANTED;
    if (cache->requests && cache->requests->items)
        while (chan_take(cache->requests, &fetch))
            fetch->state = FETCH_WANTED;
    HASH_ITER(hh, cache->by_lsn, fetch, after) {
        HASH_DEL(cache->by_lsn, fetch);
        fetch_free(fetch);
    }
}

static size_t cost(const struct fetch *fetch) { return sizeof(*fetch) + fetch->byte_count; }

/* Puts `fetch`, now in no list, into the list of `state` and counts it. */
static void enter(struct cache *cache, struct fetch *fetch, enum fetch_state state)
{
    struct list *lists[] = {
        [FETCH_WANTED] = &cache->wanted, [FETCH_AHEAD] = &cache->ahead,  [FETCH_AWAY] = NULL,
        [FETCH_PINNED] = &cache->pinned, [FETCH_FRESH] = &cache->fresh, [FETCH_USED] = &cache->used,
    };

    fetch->state = state;
    fetch->polled = cache->polls;
    if (lists[state])
        list_add_tail(lists[state], &fetch->node);
    cache->ahead_count += state == FETCH_AHEAD;
    cache->away += state == FETCH_AWAY;
    cache->bytes += state >= FETCH_PINNED ? cost(fetch) : 0;
    cache->pinned_bytes += state == FETCH_PINNED ? cost(fetch) : 0;
    cache->fresh_bytes += state == FETCH_FRESH ? cost(fetch) : 0;
}

static void leave(struct cache *cache, struct fetch *fetch)
{
    if (fetch->state != FETCH_AWAY)
        list_remove(&fetch->node);
    cache->ahead_count -= fetch->state == FETCH_AHEAD;
    cache->away -= fetch->state == FETCH_AWAY;
    cache->bytes -= fetch->state >= FETCH_PINNED ? cost(fetch) : 0;
    cache->pinned_bytes -= fetch->state == FETCH_PINNED ? cost(fetch) : 0;
    cache->fresh_bytes -= fetch->state == FETCH_FRESH ? cost(fetch) : 0;
}

static void move(struct cache *cache, struct fetch *fetch, enum fetch_state state)
{
    leave(cache, fetch);
    enter(cache, fetch, state);
}

static void discard(struct cache *cache, struct fetch *fetch)
{
    leave(cache, fetch);
    HASH_DEL(cache->by_lsn, fetch);
    fetch_free(fetch);
}

static struct fetch *find(struct cache *cache, uint64_t lsn)
{
    struct fetch *fetch;

    HASH_FIND(hh, cache->by_lsn, &lsn, sizeof(lsn), fetch);
    return fetch;
}

static struct fetch *make(struct cache *cache, uint64_t lsn, enum fetch_state state)
{
    struct fetch *fetch = calloc(1, sizeof(*fetch));

    if (!fetch)
        return NULL;
    fetch->lsn = lsn;
    fetch->waited = state == FETCH_WANTED;
    list_init(&fetch->node);
    HASH_ADD(hh, cache->by_lsn, lsn, sizeof(fetch->lsn), fetch);
    enter(cache, fetch, state);
    return fetch;
}

int cache_read(struct cache *cache, uint64_t lsn, struct record *ret)
{
    struct fetch *fetch = find(cache, lsn);

    if (!fetch)
        return make(cache, lsn, FETCH_WANTED) ? 0 : -ENOMEM;
    if (fetch->state < FETCH_PINNED) {
        fetch->waited = true;
        if (fetch->state == FETCH_AHEAD)
            move(cache, fetch, FETCH_WANTED);
        return 0;
    }
    move(cache, fetch, FETCH_USED);
    if (fetch->result < 0)
        return fetch->result;
    *ret = fetch->rec;
    return 1;
}

void cache_prefetch(struct cache *cache, uint64_t lsn)
{
    if (cache->ahead_count < AHEAD_MAX && !find(cache, lsn))
        (void)make(cache, lsn, FETCH_AHEAD); /* without memory it is fetched when asked for */
}

static bool send(struct cache *cache, struct list *from)
{
    if (list_empty(from) || cache->away >= AWAY_MAX || chan_room(cache->requests) == 0)
        return false;
    struct fetch *fetch = CONTAINER_OF(from->next, struct fetch, node);
    move(cache, fetch, FETCH_AWAY);
    (void)cache->locate(cache->locate_ctx, fetch->lsn, &fetch->name); /* else as it was: the reader finds nothing */
    chan_push(cache->requests, &fetch);
    return true;
}

bool cache_flush(struct cache *cache)
{
    bool sent = false;

    while (cache->pinned_bytes < cache->budget / 2 || (list_empty(&cache->pinned) && cache->away == 0)) {
        if (!send(cache, &cache->wanted))
            break;
        sent = true;
    }
    while (list_empty(&cache->wanted) && cache->pinned_bytes + cache->fresh_bytes < cache->budget / 2) {
        if (!send(cache, &cache->ahead))
            break;
        sent = true;
    }
    return sent;
}

static void make_room(struct cache *cache, struct list *list)
{
    while (cache->bytes > cache->budget && !list_empty(list))
        discard(cache, CONTAINER_OF(list->next, struct fetch, node));
}

static bool is_same(const struct segment_name *a, const struct segment_name *b)
{
    return a->base == b->base && a->end == b->end && a->generation == b->generation;
}

/* The file was removed: after its records were copied to another, or with them. */
static int look_again(struct cache *cache, const struct fetch *fetch)
{
    struct segment_name name;
    bool moved = cache->locate(cache->locate_ctx, fetch->lsn, &name) && !is_same(&name, &fetch->name);

    return moved ? FETCH_DEFERRED : GMQ_E_UNREADABLE;
}

/* True when somebody waits for it. */
static bool take_back(struct cache *cache, struct fetch *fetch)
{
    leave(cache, fetch);
    if (fetch->result == FETCH_GONE)
        fetch->result = look_again(cache, fetch);
    if (fetch->result == FETCH_DEFERRED) {
        struct list *list = fetch->waited ? &cache->wanted : &cache->ahead;
        enter(cache, fetch, fetch->waited ? FETCH_WANTED : FETCH_AHEAD);
        list_remove(&fetch->node);
        list_add_tail(list->next, &fetch->node); /* in front of the others */
        return false;
    }
    enter(cache, fetch, fetch->waited ? FETCH_PINNED : FETCH_FRESH);
    make_room(cache, &cache->used);
    if (fetch->waited) {
        make_room(cache, &cache->fresh);
        return true;
    }
    if (cache->bytes > cache->budget)
        discard(cache, fetch);
    return false;
}

static void expire(struct cache *cache, struct list *list, uint64_t polls_max)
{
    while (!list_empty(list)) {
        struct fetch *fetch = CONTAINER_OF(list->next, struct fetch, node);
        if (cache->polls - fetch->polled <= polls_max)
            return;
        move(cache, fetch, FETCH_USED);
    }
}

bool cache_poll(struct cache *cache, bool *ret_stuck)
{
    struct fetch *fetch;
    bool came = false;

    cache->polls++;
    expire(cache, &cache->pinned, PINNED_POLLS_MAX);
    expire(cache, &cache->fresh, FRESH_POLLS_MAX);
    make_room(cache, &cache->used);
    while (chan_take(cache->replies, &fetch))
        came = take_back(cache, fetch) || came;
    *ret_stuck = !list_empty(&cache->wanted) && cache->away == 0 && cache->pinned_bytes >= cache->budget / 2;
    return came;
}
