/*
 * payload.h - what stands in a record after its frame, as far as the engine knows it
 *
 * All integers little-endian. A payload that is shorter than its counts say is malformed: readers answer false and
 * the engine ignores the record. So is one with a time (due, now, start) of 2^48 ms or more.
 *
 *   PUSH    0 u64 due_ms (0 = now)   8 u64 id   16 u32 ttr_ms (0 = the queue's, PAYLOAD_TTR_AUTO_ACK)
 *           20 u16 TLV bytes / 8   22 u16 0   24 TLVs: 1 dedup key { 16 bytes, u32 check, u32 0 }, 3 headers,
 *           5 u8 retries, 7 u64 expiry_ms, 8 key,
 *           9 of a moved message { u8 retries, u8 why, u16 0, u32 0, u64 first_ms, u64 last_ms },
 *           10 of one that came out of another queue's dead letters { u64 id there, u32 queue, u32 0 },
 *           11 u64 pushed_ms, of one whose id is of a later time;  body
 *   POP     0 u64 now_ms   8 u32 holder   12 u32 n   16 n x { u64 ref, u64 id, u32 ttr_ms (or PAYLOAD_TTR_AUTO_ACK),
 *           u32 of the message: bytes of its body / 64, rounded up, + (1 + its own maximum of retries) << 24, or 0 }
 *   ACK     n x { u64 ref, u64 id };  aux: enum payload_list + enum payload_how << 8
 *   RELEASE 0 u64 now_ms   8 u64 due_ms (0 = as the topic's retry policy says)   16 n x { u64 ref, u64 id };
 *           aux: enum payload_list, FLIGHT or DEAD
 *   BURY    0 u64 now_ms   8 u8 enum payload_reason   9 u8 0   10 u16 text bytes (0..255)   12 u32 n
 *           16 n x { u64 ref, u64 id }, text;  aux: enum payload_bury_from
 *   TOUCH   0 u64 now_ms   8 u32 n   12 u32 0   16 n x { u64 ref, u64 id, u64 deadline_ms }
 *   PURGE   0 u64 now_ms   8 u32 n (how many of the oldest at most)   12 u32 0;  aux: as ACK
 *   TICK    0 u64 now_ms   8 u32 n (how many timers may fire at most)   12 u32 how many may move (0 = no bound)
 *   QUEUE   TLVs: 1 name, 2 bind key, 3 u64 start, 4 u32 flags, 5 u32 ttr, 6 u32 retries, 7 retry policy { u8 kind,
 *           u8 jitter, u16 n, u32 cap, n x u32 ms }, 8 limits { u64 messages, u64 bytes, u64 age_ms, u64 over },
 *           9 u64 idle_ms, 10 pauses { u64 push until, u64 pop until }, 11 dedup keys { u64 window ms, u64 count };
 *           queue 0 = settings of the node
 *   CLIENT  0 u32 number (1..4096)   4 u16 name bytes   6 u16 address bytes   8 name, address (up to 255 bytes each)
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
#include "engine/id.h"

enum {
    PAYLOAD_PUSH_BYTES = 24, /* before TLVs and body */
    PAYLOAD_POP_BYTES = 16,
    PAYLOAD_POP_ENTRY_BYTES = 24,
    PAYLOAD_PAIR_BYTES = 16,
    PAYLOAD_BURY_BYTES = 16,
    PAYLOAD_RELEASE_BYTES = 16, /* before the pairs */
    PAYLOAD_TOUCH_BYTES = 16,   /* before the entries */
    PAYLOAD_TOUCH_ENTRY_BYTES = 24,
    PAYLOAD_ATTRS_BYTES_MAX = 4608, /* of TLVs of a PUSH */
    PAYLOAD_HEADERS_BYTES_MAX = 4096,
    PAYLOAD_KEY_BYTES_MAX = 128,
    PAYLOAD_STAMP_BYTES = 16, /* TLVs of a PUSH that carries the time of its push and nothing else */
    PAYLOAD_TEXT_BYTES_MAX = 255, /* why a message was rejected */
    PAYLOAD_SIZE_STEP = 64,
    PAYLOAD_SIZE64_MAX = 0xffffff,
    PAYLOAD_TICK_BYTES = 16,
    PAYLOAD_PURGE_BYTES = 16,
    PAYLOAD_PURGE_MAX = 4096, /* messages by one record */
    PAYLOAD_QUEUE_BYTES_MAX = 4096,
    PAYLOAD_SETTINGS_BYTES_MAX = 160, /* of them, for settings other than ttr and retries */
    PAYLOAD_CHUNK_BYTES = 8, /* before the refs */
    PAYLOAD_CHUNK_REFS_MAX = 507,
    PAYLOAD_LOAD_BYTES = 16, /* before the refs */
    PAYLOAD_REF_BYTES = 8,
    PAYLOAD_CLIENT_BYTES = 8, /* before the texts */
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

/* How a message is gone; of no effect on the state. */
enum payload_how {
    PAYLOAD_HOW_ACKED = 0,
    PAYLOAD_HOW_AUTO_ACKED = 1, /* written by no ACK: a POP says so */
    PAYLOAD_HOW_DELETED = 2,
    PAYLOAD_HOW_EXPIRED = 3,
    PAYLOAD_HOW_MOVED = 4,      /* it lives on at another place of the log */
};

static inline uint16_t payload_ack_aux(enum payload_list list, enum payload_how how)
{
    return (uint16_t)((unsigned)list | (unsigned)how << 8);
}
static inline unsigned payload_ack_list(uint16_t aux) { return aux & 0xff; }
static inline unsigned payload_ack_how(uint16_t aux) { return aux >> 8; }

enum payload_bury_from { PAYLOAD_BURY_READY = 0, PAYLOAD_BURY_FLIGHT = 1 };

/* ttr_ms of a message that is gone when it is delivered. */
#define PAYLOAD_TTR_AUTO_ACK UINT32_C(0xffffffff)

/* aux of CHUNK, DCHUNK and LOAD: a piece of which list. */
enum payload_chunk_list { PAYLOAD_WAITING = 0, PAYLOAD_DELAYED = 1 }; /* 1.. delayed, by level */

/* What becomes of a chunk. */
enum payload_load_kind {
    PAYLOAD_LOAD_REFS = 0,  /* its refs, which are in this record, come back to memory */
    PAYLOAD_LOAD_ASIDE = 1, /* it cannot be read: it leaves the list for now */
    PAYLOAD_LOAD_BACK = 2,  /* all that left the list like this return to it; lsn and n are 0 */
};

/* Why a message is a dead letter. */
enum payload_reason {
    PAYLOAD_REASON_RETRIES = 0,    /* it came back once more than it may; written by no BURY record */
    PAYLOAD_REASON_UNREADABLE = 1, /* its record is damaged */
    PAYLOAD_REASON_REJECTED = 2,   /* by a consumer, perhaps with a text */
    PAYLOAD_REASON_LIMIT = 3,      /* a limit of its topic */
    PAYLOAD_REASON_MAX = PAYLOAD_REASON_LIMIT,
};

enum payload_queue_flags {
    PAYLOAD_QUEUE_AUTO_ACK = 1,
    PAYLOAD_QUEUE_EXITED = 2,
    PAYLOAD_QUEUE_DELETED = 4, /* what it has is gone; its name, which is not looked at, may be another's */
};

struct payload_push {
    uint64_t due_ms, id;
    uint32_t ttr_ms;
    struct slice tlvs; /* a multiple of 8 bytes, payload_put_attrs(); empty for most messages */
    struct slice body;
};

/* Of a PUSH with a dedup key. */
struct payload_dedup {
    uint64_t hash[2]; /* 128 bits that stand for (queue, key) */
    uint32_t check;   /* crc32c of the content: two pushes with one key should have the same */
};

/* What a message may carry beside its body, its TTR and its time. All zero is nothing. */
struct payload_attrs {
    struct slice headers; /* lines `name: value`, each ended by \n */
    struct slice key;     /* the client's own */
    uint64_t expiry_ms;   /* engine time; not delivered from then on; 0 = never */
    unsigned own_retries; /* 1 + its own maximum of retries, 1..255; 0 = as the queue has it */
    bool deduped;         /* it was pushed with a dedup key */
    struct payload_dedup dedup;
    bool moved;           /* it was pushed at another place of the log first; what it brings along: */
    uint8_t retries, why; /* enum payload_reason */
    uint64_t first_ms, last_ms; /* first and last delivery, 0 = none yet */
    uint64_t from_id;     /* it was a dead letter with this id, 0 = it was none, ... */
    uint32_t from_queue;  /* ... of this queue */
    uint64_t pushed_ms;   /* engine time of the push; 0 = its id says it */
};

struct payload_pair {
    uint64_t ref, id;
};

struct payload_delivery {
    uint64_t ref, id;
    uint32_t ttr_ms;      /* PAYLOAD_TTR_AUTO_ACK: it is gone at once */
    uint32_t size64;      /* bytes of its body in steps of 64, rounded up; at most PAYLOAD_SIZE64_MAX */
    unsigned own_retries; /* as in struct payload_attrs */
};

struct payload_release {
    uint64_t now_ms;
    uint64_t due_ms; /* 0 = by the topic's policy; up to now_ms = now */
    uint32_t count;
    struct slice entries; /* pairs */
};

struct payload_touch {
    uint64_t now_ms;
    uint32_t count;
    struct slice entries; /* count x PAYLOAD_TOUCH_ENTRY_BYTES */
};

struct payload_touched {
    uint64_t ref, id, deadline_ms;
};

struct payload_pop {
    uint64_t now_ms;
    uint32_t holder, count;
    struct slice entries;
};

struct payload_bury {
    uint64_t now_ms;
    uint8_t reason;    /* enum payload_reason */
    uint32_t count;
    struct slice entries;
    struct slice text; /* behind the entries, up to PAYLOAD_TEXT_BYTES_MAX */
};

/* Who a holder of messages is, from now on. */
struct payload_client {
    uint32_t number;
    struct slice name, address;
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

/*
 * A queue as its newest QUEUE record says. Of queue 0 set.max_retries counts, start_ms (all ids after it are later),
 * and how long and how many dedup keys are kept.
 */
struct payload_queue {
    struct slice name, bind_key;
    uint64_t start_ms;
    uint32_t flags; /* enum payload_queue_flags */
    struct topic_settings set;
    bool dedup_given;
    uint64_t dedup_window_ms, dedup_keys;
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

/* Of a body; what does not fit counts as the most that does. */
static inline uint32_t payload_size64(size_t body_bytes)
{
    return (uint32_t)min_u64(((uint64_t)body_bytes + PAYLOAD_SIZE_STEP - 1) / PAYLOAD_SIZE_STEP, PAYLOAD_SIZE64_MAX);
}

/* Writers fill exactly the bytes that the frame reserved. */
static inline size_t payload_push_bytes(const struct payload_push *push)
{
    return PAYLOAD_PUSH_BYTES + push->tlvs.len + push->body.len;
}
void payload_put_push(char *to, const struct payload_push *push);
void payload_put_pop(char *to, const struct payload_pop *pop, const struct payload_delivery *entries);
void payload_put_pair(char *to, const struct payload_pair *pair);
void payload_put_bury(char *to, const struct payload_bury *bury, const struct payload_pair *entries);
void payload_put_client(char *to, const struct payload_client *client);
void payload_put_tick(char *to, const struct payload_tick *tick);
void payload_put_purge(char *to, const struct payload_purge *purge);
void payload_put_release(char *to, const struct payload_release *release, const struct payload_pair *entries);
void payload_put_touch(char *to, const struct payload_touch *touch, const struct payload_touched *entries);

/* The TLVs of a PUSH, as they stand in payload_push.tlvs; returns their bytes, <= PAYLOAD_ATTRS_BYTES_MAX. */
size_t payload_put_attrs(char to[PAYLOAD_ATTRS_BYTES_MAX], const struct payload_attrs *attrs);

/* The same of {.pushed_ms = pushed_ms}. */
void payload_put_stamp(char to[PAYLOAD_STAMP_BYTES], uint64_t pushed_ms);

void payload_put_chunk(char *to, const uint64_t *refs, uint32_t count);
void payload_put_load(char *to, const struct payload_load *load);
void payload_put_dchunk(char *to, uint64_t start_ms, const struct payload_delayed *entries, uint32_t count);
void payload_put_dload(char *to, const struct payload_dload *load);

/* Of a QUEUE record the TLVs of settings other than ttr and retries: the bytes that they take, and the end of them. */
size_t payload_settings_bytes(const struct topic_settings *set);
char *payload_put_settings(char *to, const struct topic_settings *set);

/* Returns the bytes written, <= PAYLOAD_QUEUE_BYTES_MAX; names are at most 1024 bytes each. Defaults take none. */
size_t payload_put_queue(char *to, const struct payload_queue *queue);

/* The id of a new message: ids rise with the address of their records. False: the record is of another kind. */
bool payload_new_id(const struct record *rec, uint64_t *ret_id);

NODISCARD bool payload_get_push(struct slice payload, struct payload_push *ret);
NODISCARD bool payload_get_pop(struct slice payload, struct payload_pop *ret);
NODISCARD bool payload_get_bury(struct slice payload, struct payload_bury *ret);
NODISCARD bool payload_get_client(struct slice payload, struct payload_client *ret);
NODISCARD bool payload_get_tick(struct slice payload, struct payload_tick *ret);
NODISCARD bool payload_get_purge(struct slice payload, struct payload_purge *ret);
NODISCARD bool payload_get_release(struct slice payload, struct payload_release *ret);
NODISCARD bool payload_get_touch(struct slice payload, struct payload_touch *ret);

/* Of payload_push.tlvs; its slices are borrowed from there. False: malformed, then `ret` is nothing. */
NODISCARD bool payload_get_attrs(struct slice tlvs, struct payload_attrs *ret);

/* When a message was pushed: what it carries of that, or what its id says, which may be a little later than now. */
uint64_t payload_push_ms(const struct payload_push *push);

NODISCARD bool payload_get_queue(struct slice payload, struct payload_queue *ret);
NODISCARD bool payload_get_chunk(struct slice payload, struct payload_chunk *ret);
NODISCARD bool payload_get_load(struct slice payload, struct payload_load *ret);
NODISCARD bool payload_get_dchunk(struct slice payload, struct payload_dchunk *ret);
NODISCARD bool payload_get_dload(struct slice payload, struct payload_dload *ret);

/* Entry `i` of a checked `entries`. */
struct payload_delivery payload_delivery(struct slice entries, uint32_t i);
struct payload_pair payload_pair(struct slice entries, uint32_t i);
struct payload_touched payload_touched(struct slice entries, uint32_t i);
struct payload_delayed payload_delayed(struct slice entries, uint32_t i);

#endif
