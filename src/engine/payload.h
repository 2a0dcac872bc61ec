/*
 * payload.h - what stands in a record after its frame, as far as the engine knows it
 *
 * All integers little-endian. A payload that is shorter than its counts say is malformed: readers answer false and
 * the engine ignores the record. So is one with a time (due, now, start) of 2^48 ms or more.
 *
 *   PUSH    0 u64 due_ms (0 = now)   8 u64 id   16 u32 ttr_ms (0 = the queue's)   20 u16 TLV bytes / 8   22 u16 0
 *           24 TLVs, body
 *   POP     0 u64 now_ms   8 u32 holder   12 u32 n   16 n x { u64 ref, u64 id, u32 ttr_ms, u32 0 }
 *   ACK     n x { u64 ref, u64 id };  aux: enum payload_list, in bits 8..15 enum payload_how
 *   BURY    0 u64 now_ms   8 u8 reason   9 u8 0   10 u16 text bytes   12 u32 n   16 n x { u64 ref, u64 id }, text
 *   PURGE   0 u64 now_ms   8 u32 n (how many of the oldest at most)   12 u32 0;  aux: as ACK
 *   TICK    0 u64 now_ms   8 u32 n (how many timers may fire at most)   12 u32 how many may move (0 = no bound)
 *   QUEUE   TLVs: 1 name, 2 bind key, 3 u64 start, 4 u32 flags, 5 u32 ttr, 6 u32 retries, 7 retry policy { u8 kind,
 *           u8 jitter, u16 n, u32 cap, n x u32 ms }, 8 limits { u64 messages, u64 bytes, u64 age_ms, u64 over },
 *           9 u64 idle_ms, 10 pauses { u64 push until, u64 pop until };  queue 0 = settings of the node
 *   CHUNK   0 u32 n (1..507)   4 u32 0   8 n x u64 ref;  aux: 0, the waiting list
 *   LOAD    0 u64 lsn   8 u32 n   12 u32 enum payload_load_kind   16 when loaded: n x u64 ref;  aux as CHUNK
 *           aux as DCHUNK: 16 u64 start_ms   24 when loaded: n x { u64 ref, u32 queue, u32 due_off };  queue 0
 *   DCHUNK  0 u32 n (1..253)   4 u32 0   8 u64 start_ms   16 n x { u64 ref, u32 queue, u32 due_off };  queue 0;
 *           aux: 1 and the level of the bucket (delays.h), 1..4
 *
 * A TLV is { u8 type, u8 0, u16 length, bytes }; type 0 is padding to the end; unknown types are kept and ignored.
 * The table of all record types, with those of later versions, is in docs/log-format.md.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_ENGINE_PAYLOAD_H
#define GMQ_ENGINE_PAYLOAD_H

#include "base/record.h"
#include "base/topic_settings.h"

enum {
    PAYLOAD_PUSH_BYTES = 24, /* before TLVs and body */
    PAYLOAD_POP_BYTES = 16,
    PAYLOAD_POP_ENTRY_BYTES = 24,
    PAYLOAD_PAIR_BYTES = 16,
    PAYLOAD_BURY_BYTES = 16,
    PAYLOAD_TICK_BYTES = 16,
    PAYLOAD_PURGE_BYTES = 16,
    PAYLOAD_PURGE_MAX = 4096, /* messages by one record */
    PAYLOAD_QUEUE_BYTES_MAX = 4096,
    PAYLOAD_SETTINGS_BYTES_MAX = 160, /* of them, for settings other than ttr and retries */
    PAYLOAD_CHUNK_BYTES = 8, /* before the refs */
    PAYLOAD_CHUNK_REFS_MAX = 507,
    PAYLOAD_LOAD_BYTES = 16, /* before the refs */
    PAYLOAD_REF_BYTES = 8,
    PAYLOAD_TICK_TIMERS_MAX = 4096,
    PAYLOAD_TICK_MOVES_MAX = 8192,
    PAYLOAD_DCHUNK_BYTES = 16, /* before the entries */
    PAYLOAD_DCHUNK_ENTRIES_MAX = 253,
    PAYLOAD_DLOAD_BYTES = 24, /* LOAD of a DCHUNK, before the entries */
    PAYLOAD_DELAYED_BYTES = 16,
};

enum payload_list {
    PAYLOAD_LIST_FLIGHT = 0,
    PAYLOAD_LIST_DEAD = 1,
    PAYLOAD_LIST_READY = 2,
    PAYLOAD_LIST_DELAYED = 3,
};

/* How messages are gone, in the upper half of aux of ACK and PURGE. The engine does not look at it. */
enum payload_how {
    PAYLOAD_HOW_ACKED = 0,
    PAYLOAD_HOW_AUTO_ACKED = 1,
    PAYLOAD_HOW_DELETED = 2,
    PAYLOAD_HOW_EXPIRED = 3,
    PAYLOAD_HOW_MOVED = 4, /* it goes on where a PUSH of the same group stands */
};

static inline uint16_t payload_ack_aux(enum payload_list list, enum payload_how how)
{
    return (uint16_t)((unsigned)list | (unsigned)how << 8);
}
static inline unsigned payload_ack_list(uint16_t aux) { return aux & 0xff; }
static inline unsigned payload_ack_how(uint16_t aux) { return aux >> 8; }

/* aux of CHUNK, DCHUNK and LOAD: a piece of which list. */
enum payload_chunk_list { PAYLOAD_WAITING = 0, PAYLOAD_DELAYED = 1 }; /* 1.. delayed, by level */

/* What becomes of a chunk. */
enum payload_load_kind {
    PAYLOAD_LOAD_REFS = 0,  /* its refs, which are in this record, come back to memory */
    PAYLOAD_LOAD_ASIDE = 1, /* it cannot be read: it leaves the list for now */
    PAYLOAD_LOAD_BACK = 2,  /* all that left the list like this return to it; lsn and n are 0 */
};

enum payload_reason {
    PAYLOAD_REASON_RETRIES = 0,    /* its TTR ran out once more than it may; written by no BURY record */
    PAYLOAD_REASON_UNREADABLE = 1, /* its record is damaged */
};

enum payload_queue_flags {
    PAYLOAD_QUEUE_AUTO_ACK = 1,
    PAYLOAD_QUEUE_EXITED = 2,
};

struct payload_push {
    uint64_t due_ms, id;
    uint32_t ttr_ms;
    struct slice body;
};

struct payload_pair {
    uint64_t ref, id;
};

struct payload_delivery {
    uint64_t ref, id;
    uint32_t ttr_ms;
};

struct payload_pop {
    uint64_t now_ms;
    uint32_t holder, count;
    struct slice entries;
};

struct payload_bury {
    uint64_t now_ms;
    uint8_t reason;
    uint32_t count;
    struct slice entries;
};

struct payload_tick {
    uint64_t now_ms;
    uint32_t count;
    uint32_t moves; /* on the way to their time; 0 = no bound */
};

/* count 0 of the waiting list: only what is gone already leaves its head. Of the delayed ones all go. */
struct payload_purge {
    uint64_t now_ms;
    uint32_t count;
};

/* A queue as its newest QUEUE record says. Of queue 0 set.max_retries counts, and start_ms: ids after it are later. */
struct payload_queue {
    struct slice name, bind_key;
    uint64_t start_ms;
    uint32_t flags; /* enum payload_queue_flags */
    struct topic_settings set;
};

struct payload_chunk {
    uint32_t count;
    struct slice refs; /* count x 8 bytes, little-endian */
};

struct payload_load {
    uint64_t lsn; /* of the CHUNK */
    uint32_t count;
    enum payload_load_kind kind;
    struct slice refs; /* LOAD_REFS: count x 8 bytes, else empty */
};

/* A delayed message in a bucket: its due time counts from the beginning of that. */
struct payload_delayed {
    uint64_t ref;
    uint32_t queue, due_off;
};

struct payload_dchunk {
    uint32_t count;
    uint64_t start_ms;    /* of the bucket */
    struct slice entries; /* count x PAYLOAD_DELAYED_BYTES */
};

struct payload_dload {
    uint64_t lsn; /* of the DCHUNK */
    uint32_t count;
    enum payload_load_kind kind; /* LOAD_REFS or LOAD_ASIDE */
    uint64_t start_ms;
    struct slice entries; /* LOAD_REFS: count x PAYLOAD_DELAYED_BYTES, else empty */
};

/* Writers fill exactly the bytes that the frame reserved. `to` of PUSH is followed by the body. */
void payload_put_push(char *to, const struct payload_push *push);
void payload_put_pop(char *to, const struct payload_pop *pop, const struct payload_delivery *entries);
void payload_put_pair(char *to, const struct payload_pair *pair);
void payload_put_bury(char *to, const struct payload_bury *bury, const struct payload_pair *entries);
void payload_put_tick(char *to, const struct payload_tick *tick);
void payload_put_purge(char *to, const struct payload_purge *purge);

void payload_put_chunk(char *to, const uint64_t *refs, uint32_t count);
void payload_put_load(char *to, const struct payload_load *load);
void payload_put_dchunk(char *to, uint64_t start_ms, const struct payload_delayed *entries, uint32_t count);
void payload_put_dload(char *to, const struct payload_dload *load);

/* Of a QUEUE record the TLVs of settings other than ttr and retries: the bytes that they take, and the end of them. */
size_t payload_settings_bytes(const struct topic_settings *set);
char *payload_put_settings(char *to, const struct topic_settings *set);

/* Returns the bytes written, <= PAYLOAD_QUEUE_BYTES_MAX; names are at most 1024 bytes each. Defaults take none. */
size_t payload_put_queue(char *to, const struct payload_queue *queue);

NODISCARD bool payload_get_push(struct slice payload, struct payload_push *ret);
NODISCARD bool payload_get_pop(struct slice payload, struct payload_pop *ret);
NODISCARD bool payload_get_bury(struct slice payload, struct payload_bury *ret);
NODISCARD bool payload_get_tick(struct slice payload, struct payload_tick *ret);
NODISCARD bool payload_get_purge(struct slice payload, struct payload_purge *ret);
NODISCARD bool payload_get_queue(struct slice payload, struct payload_queue *ret);
NODISCARD bool payload_get_chunk(struct slice payload, struct payload_chunk *ret);
NODISCARD bool payload_get_load(struct slice payload, struct payload_load *ret);
NODISCARD bool payload_get_dchunk(struct slice payload, struct payload_dchunk *ret);
NODISCARD bool payload_get_dload(struct slice payload, struct payload_dload *ret);

/* Entry `i` of a checked `entries`. */
struct payload_delivery payload_delivery(struct slice entries, uint32_t i);
struct payload_pair payload_pair(struct slice entries, uint32_t i);
struct payload_delayed payload_delayed(struct slice entries, uint32_t i);

#endif
