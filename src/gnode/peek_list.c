/* peek_list.c - candidates for a page, from each of the lists; see peek_impl.h. SPDX-License-Identifier: MIT */
#include "gnode/peek_impl.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "engine/ref.h"

#include <stdlib.h>

enum {
    READY_LOOKS = 16,      /* stretches of a turn, of up to PEEK_ITEMS_MAX: most of them has none but ghosts */
    FLIGHT_LOOKS = 16384,  /* places of a turn */
    DELAY_LOOKS = 32768,   /* delayed messages of a turn */
    CHUNKS_AHEAD = 8,
    DELAYS_AHEAD = 64,
};

static void add(struct peek *peek, const struct peek_item *item) { peek->items[peek->count++] = *item; }

/* ---- ready ------------------------------------------------------------------------------------------------------- */

/* `at` is the place of the oldest that is wanted, or from the tail, of the youngest. */
static void pass(struct peek *peek, const struct waiting_stretch *stretch, uint64_t ref, uint64_t place)
{
    const struct waiting *list = &peek->queue->ready;

    if (ref == 0)
        place = peek->args.from_tail ? stretch->begin : stretch->end - 1;
    else if (!engine_is_ghost(peek->broker->engine, peek->queue, ref, ENGINE_READY))
        add(peek, &(struct peek_item){.key = {.a = place}, .ref = ref});
    if (peek->args.from_tail)
        peek->end = place <= list->passed;
    peek->at.a = peek->args.from_tail ? place - !peek->end : place + 1;
}

static void prefetch_chunks(const struct peek *peek, struct waiting_stretch stretch)
{
    const struct waiting *list = &peek->queue->ready;
    uint64_t lsns[CHUNKS_AHEAD], messages = peek->want - peek->count;
    size_t n = 0;

    while (n < CHUNKS_AHEAD && stretch.chunk && messages > 0) {
        lsns[n++] = waiting_chunk_lsn(stretch.chunk);
        messages -= min_u64(messages, waiting_chunk_refs(stretch.chunk));
        uint64_t next = peek->args.from_tail ? stretch.begin - 1 : stretch.end;
        if ((peek->args.from_tail && stretch.begin == 0) || !waiting_stretch_at(list, next, &stretch))
            break;
    }
    log_prefetch(peek->broker->log, lsns, n);
}

/* The refs of a chunk; false while it is fetched. One that cannot be read has none. */
static bool read_chunk(const struct peek *peek, const struct waiting_stretch *stretch, struct slice *ret_refs)
{
    struct payload_chunk chunk;
    struct record rec;
    int rc = log_read(peek->broker->log, waiting_chunk_lsn(stretch->chunk), &rec);

    *ret_refs = slice_of(NULL, 0);
    if (rc == 0) {
        prefetch_chunks(peek, *stretch);
        return false;
    }
    if (rc > 0 && rec.type == RECORD_CHUNK && rec.queue == peek->queue->number && rec.aux == PAYLOAD_WAITING &&
        payload_get_chunk(rec.payload, &chunk) && chunk.count == waiting_chunk_refs(stretch->chunk))
        *ret_refs = chunk.refs;
    return true;
}

/* What is wanted of one stretch that is in memory. */
static void take_memory(struct peek *peek, const struct waiting_stretch *stretch)
{
    uint64_t refs[PEEK_ITEMS_MAX], first = peek->at.a;
    size_t want = peek->want - peek->count;

    if (peek->args.from_tail)
        first = peek->at.a + 1 - min_u64(want, peek->at.a + 1 - stretch->begin);
    else
        want = min_u64(want, stretch->end - first);
    size_t n = waiting_copy(&peek->queue->ready, first, refs, peek->args.from_tail ? peek->at.a + 1 - first : want);
    for (size_t i = 0; i < n; i++) {
        size_t at = peek->args.from_tail ? n - 1 - i : i;
        pass(peek, stretch, refs[at], first + at);
    }
}

static enum peek_step take_chunk(struct peek *peek, const struct waiting_stretch *stretch)
{
    struct slice refs;

    if (!read_chunk(peek, stretch, &refs))
        return PEEK_READS;
    if (refs.len == 0)
        pass(peek, stretch, 0, 0);
    while (refs.len > 0 && peek->count < peek->want && !peek->end && peek->at.a >= stretch->begin &&
           peek->at.a < stretch->end) {
        uint64_t place = peek->at.a;
        pass(peek, stretch, get_le64(refs.ptr + (place - stretch->begin) * PAYLOAD_REF_BYTES), place);
    }
    return PEEK_DONE;
}

static enum peek_step collect_ready(struct peek *peek)
{
    const struct waiting *list = &peek->queue->ready;
    struct waiting_stretch stretch;

    for (unsigned looks = 0; peek->count < peek->want && !peek->end; looks++) {
        if (looks == READY_LOOKS)
            return PEEK_WORKS;
        uint64_t first = list->passed, end = first + waiting_count(list);
        if (peek->args.from_tail && end > first)
            peek->at.a = min_u64(peek->at.a, end - 1);
        if (!peek->args.from_tail)
            peek->at.a = max_u64(peek->at.a, first);
        if (!waiting_stretch_at(list, peek->at.a, &stretch)) {
            peek->end = true;
            break;
        }
        if (!stretch.chunk)
            take_memory(peek, &stretch);
        else if (take_chunk(peek, &stretch) != PEEK_DONE)
            return PEEK_READS;
    }
    /* What came behind the last one meanwhile is for the next page. */
    peek->end = peek->end || (!peek->args.from_tail && peek->at.a >= list->passed + waiting_count(list));
    return PEEK_DONE;
}

/* ---- dead -------------------------------------------------------------------------------------------------------- */

static enum peek_step collect_dead(struct peek *peek)
{
    const struct refset *dead = &peek->queue->dead;
    uint64_t refs[PEEK_ITEMS_MAX];
    size_t n = peek->args.from_tail ? refset_before(dead, peek->at.a, refs, peek->want)
                                    : refset_from(dead, peek->at.a, refs, peek->want);

    for (size_t i = 0; i < n; i++)
        add(peek, &(struct peek_item){.key = {.a = peek->args.from_tail ? refs[i] + 1 : refs[i]}, .ref = refs[i]});
    peek->end = n < peek->want;
    if (n > 0)
        peek->at.a = peek->args.from_tail ? refs[n - 1] : refs[n - 1] + 1;
    return PEEK_DONE;
}

/* ---- in flight --------------------------------------------------------------------------------------------------- */

static enum peek_step collect_flight(struct peek *peek)
{
    struct lease leases[64];
    uint32_t places[ARRAY_LEN(leases)], looks = FLIGHT_LOOKS;

    while (peek->count < peek->want && looks > 0 && !peek->end) {
        uint32_t at = (uint32_t)min_u64(peek->at.a, UINT32_MAX);
        size_t max = min_u64(ARRAY_LEN(leases), peek->want - peek->count);
        size_t n = look_flight(peek->broker->engine, peek->queue->number, &at, &looks, leases, places, max);
        for (size_t i = 0; i < n; i++)
            add(peek, &(struct peek_item){.key = {.a = places[i]}, .ref = leases[i].ref,
                                          .due_ms = leases[i].deadline_ms, .since_ms = leases[i].since_ms,
                                          .holder = leases[i].holder});
        peek->end = at == UINT32_MAX;
        peek->at.a = at;
    }
    return peek->count == peek->want || peek->end ? PEEK_DONE : PEEK_WORKS;
}

/* ---- delayed ----------------------------------------------------------------------------------------------------- */

/* Feeds the entries of the chunk that is wanted; false while it is fetched. */
static bool feed(struct peek *peek, uint64_t *looks)
{
    const struct delays_chunk *chunk = &peek->delays.wanted;
    struct slice entries = slice_of(NULL, 0);
    uint64_t lsns[1 + DELAYS_AHEAD] = {chunk->lsn};
    struct payload_dchunk read;
    struct record rec;
    int rc = log_read(peek->broker->log, chunk->lsn, &rec);

    if (rc == 0) {
        size_t n = look_delays_ahead(peek->broker->engine, &peek->delays, lsns + 1, DELAYS_AHEAD);
        log_prefetch(peek->broker->log, lsns, n + 1);
        return false;
    }
    if (rc > 0 && rec.type == RECORD_DCHUNK && payload_get_dchunk(rec.payload, &read) && read.count == chunk->count &&
        read.start_ms == chunk->start_ms)
        entries = read.entries;
    look_delays_feed(peek->broker->engine, &peek->delays, entries, looks);
    return true;
}

static void take_delayed(struct peek *peek)
{
    const struct look_delays *delays = &peek->delays;

    for (size_t i = 0; i < delays->count; i++) {
        const struct delay_entry *entry = &delays->best[i];
        add(peek, &(struct peek_item){.key = {.a = entry->due_ms, .b = entry->ref}, .ref = entry->ref,
                                      .due_ms = entry->due_ms});
        peek->at = (struct peek_key){.a = entry->due_ms, .b = entry->ref + 1};
    }
    peek->end = delays->count < peek->want;
    peek_collect_end(peek);
}

static enum peek_step collect_delayed(struct peek *peek, uint64_t now_ms)
{
    struct look_delays *delays = &peek->delays;
    uint64_t looks = DELAY_LOOKS;
    enum look_step step;

    if (!delays->best)
        *delays = (struct look_delays){.queue = peek->queue->number, .due_ms = peek->at.a, .ref = peek->at.b,
                                       .max = peek->want, .best = mem_new(peek->want * sizeof(delays->best[0]))};
    look_delays_begin(peek->broker->engine, delays, now_ms);
    while ((step = look_delays(peek->broker->engine, delays, &looks)) == LOOK_WANTS)
        if (!feed(peek, &looks))
            return PEEK_READS;
    if (step == LOOK_WORKS)
        return PEEK_WORKS;
    take_delayed(peek);
    return PEEK_DONE;
}

void peek_collect_end(struct peek *peek)
{
    look_delays_end(&peek->delays);
    free(peek->delays.best);
    peek->delays = (struct look_delays){.best = NULL};
}

/* ------------------------------------------------------------------------------------------------------------------ */

enum peek_step peek_collect(struct peek *peek, uint64_t now_ms)
{
    switch (peek->place) {
    case PLACE_READY:
        return collect_ready(peek);
    case PLACE_DEAD:
        return collect_dead(peek);
    case PLACE_IN_FLIGHT:
        return collect_flight(peek);
    default:
        return collect_delayed(peek, now_ms);
    }
}
