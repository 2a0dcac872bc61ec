/*
 * inspect_dump.c - gnode --dump: the records of a log, one line each, in log order
 *
 * Two walks over the files: the first learns the names of the topics, whose records may come late, the second prints.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gnode/inspect.h"

#include "app/log.h"
#include "base/bytes.h"
#include "base/mem.h"
#include "engine/payload.h"
#include "engine/ref.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BODY_SHOWN = 64, QUEUES_MAX = 1 << 22, PAIRS_SHOWN = 10000 };

struct name {
    char *text; /* NULL = not known */
    size_t len;
};

struct dump {
    struct out out;
    const struct inspect_options *options;
    struct name *names; /* by queue number */
    size_t names_count;
    bool damaged;
};

/* ---- the names of topics ---------------------------------------------------------------------------------------- */

static void learn(void *ctx, const struct survey_segment *seg, const struct record *rec)
{
    struct dump *dump = ctx;
    struct payload_queue set;

    (void)seg;
    if (rec->type != RECORD_QUEUE || rec->queue == 0 || rec->queue >= QUEUES_MAX ||
        !payload_get_queue(rec->payload, &set))
        return;
    if (rec->queue >= dump->names_count) {
        size_t count = rec->queue + 64;
        dump->names = mem_grow(dump->names, count, sizeof(dump->names[0]));
        memset(dump->names + dump->names_count, 0, (count - dump->names_count) * sizeof(dump->names[0]));
        dump->names_count = count;
    }
    struct name *name = &dump->names[rec->queue];
    free(name->text);
    name->text = mem_new(set.name.len + 1);
    memcpy(name->text, set.name.ptr, set.name.len);
    name->len = set.name.len;
}

static struct slice name_of(const struct dump *dump, uint32_t queue)
{
    if (queue >= dump->names_count || !dump->names[queue].text)
        return slice_str("");
    return slice_of(dump->names[queue].text, dump->names[queue].len);
}

/* ---- fields: name=value for people, "name":value as JSON -------------------------------------------------------- */

static void number(struct dump *dump, const char *name, uint64_t value)
{
    out_print(&dump->out, dump->options->json ? ",\"%s\":%" PRIu64 : " %s=%" PRIu64, name, value);
}

static void moment(struct dump *dump, const char *name, uint64_t ms)
{
    char text[INSPECT_TIME_BYTES];

    if (dump->options->json)
        out_print(&dump->out, ",\"%s_ms\":%" PRIu64, name, ms);
    else
        out_print(&dump->out, " %s=%s", name, inspect_time(ms, text));
}

static void text(struct dump *dump, const char *name, struct slice value)
{
    if (dump->options->json) {
        out_print(&dump->out, ",\"%s\":", name);
        out_json(&dump->out, value);
        return;
    }
    out_print(&dump->out, " %s=\"", name);
    for (size_t i = 0; i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        out_print(&dump->out, c == '\\' || c == '"' ? "\\%c" : c < 0x20 || c >= 0x7f ? "\\x%02x" : "%c", c);
    }
    out_print(&dump->out, "\"");
}

static void address(struct dump *dump, const char *name, uint64_t lsn)
{
    out_print(&dump->out, dump->options->json ? ",\"%s\":%" PRIu64 : " %s=%016" PRIx64, name, lsn);
}

/* One message of a list of them: where its PUSH stands, its retries, its id. */
static void message(struct dump *dump, uint32_t index, uint64_t ref, uint64_t id)
{
    if (dump->options->json)
        out_print(&dump->out, "%s{\"lsn\":%" PRIu64 ",\"retries\":%u,\"id\":%" PRIu64 "}", index ? "," : "",
                  ref_lsn(ref), ref_retries(ref), id);
    else
        out_print(&dump->out, " %016" PRIx64 "/%u:%" PRIu64, ref_lsn(ref), ref_retries(ref), id);
}

static void pairs(struct dump *dump, struct slice entries, uint32_t count)
{
    number(dump, "n", count);
    out_print(&dump->out, dump->options->json ? ",\"messages\":[" : "");
    for (uint32_t i = 0; i < count && i < PAIRS_SHOWN; i++) {
        struct payload_pair pair = payload_pair(entries, i);
        message(dump, i, pair.ref, pair.id);
    }
    out_print(&dump->out, dump->options->json ? "]" : "");
}

/* ---- records ---------------------------------------------------------------------------------------------------- */

static void ttr(struct dump *dump, uint32_t ttr_ms)
{
    if (ttr_ms == PAYLOAD_TTR_AUTO_ACK)
        number(dump, "auto_ack", 1);
    else
        number(dump, "ttr_ms", ttr_ms);
}

/* What a message carries beside its body. */
static void attributes(struct dump *dump, struct slice tlvs)
{
    struct payload_attrs attrs;

    if (!payload_get_attrs(tlvs, &attrs)) {
        number(dump, "bad_attributes", tlvs.len);
        return;
    }
    if (attrs.own_retries > 0)
        number(dump, "max_retries", attrs.own_retries - 1);
    if (attrs.expiry_ms > 0)
        moment(dump, "expires", attrs.expiry_ms);
    if (attrs.key.len > 0)
        text(dump, "key", attrs.key);
    if (attrs.headers.len > 0)
        text(dump, "headers", slice_of(attrs.headers.ptr, min_u64(attrs.headers.len, BODY_SHOWN)));
    if (attrs.moved) {
        number(dump, "retries", attrs.retries);
        moment(dump, "first", attrs.first_ms);
        moment(dump, "last", attrs.last_ms);
    }
    if (attrs.from_id > 0) {
        number(dump, "from_id", attrs.from_id);
        number(dump, "from_topic", attrs.from_queue);
    }
    if (attrs.pushed_ms > 0)
        moment(dump, "pushed", attrs.pushed_ms);
}

static bool dump_push(struct dump *dump, const struct record *rec)
{
    struct payload_push push;

    if (!payload_get_push(rec->payload, &push))
        return false;
    number(dump, "id", push.id);
    moment(dump, "due", push.due_ms);
    if (push.ttr_ms > 0)
        ttr(dump, push.ttr_ms);
    if (push.tlvs.len > 0)
        attributes(dump, push.tlvs);
    number(dump, "bytes", push.body.len);
    text(dump, "body", slice_of(push.body.ptr, min_u64(push.body.len, BODY_SHOWN)));
    return true;
}

static bool dump_pop(struct dump *dump, const struct record *rec)
{
    struct payload_pop pop;

    if (!payload_get_pop(rec->payload, &pop))
        return false;
    moment(dump, "now", pop.now_ms);
    number(dump, "auto_ack", (rec->flags & RECORD_F_AUTOACK) != 0);
    number(dump, "holder", pop.holder);
    number(dump, "n", pop.count);
    if (pop.count > 0)
        ttr(dump, payload_delivery(pop.entries, 0).ttr_ms);
    out_print(&dump->out, dump->options->json ? ",\"messages\":[" : "");
    for (uint32_t i = 0; i < pop.count && i < PAIRS_SHOWN; i++) {
        struct payload_delivery to = payload_delivery(pop.entries, i);
        message(dump, i, to.ref, to.id);
    }
    out_print(&dump->out, dump->options->json ? "]" : "");
    return true;
}

/* Of ACK, RELEASE and PURGE: from which list, and how. */
static void whence(struct dump *dump, const struct record *rec)
{
    static const char *const LISTS[] = {"in flight", "dead", "ready", "delayed"};
    static const char *const HOWS[] = {"acked", "auto_acked", "deleted", "expired", "moved"};
    unsigned list = payload_ack_list(rec->aux), how = payload_ack_how(rec->aux);

    text(dump, "from", slice_str(list < ARRAY_LEN(LISTS) ? LISTS[list] : "?"));
    if (how > 0)
        text(dump, "how", slice_str(how < ARRAY_LEN(HOWS) ? HOWS[how] : "?"));
}

static bool dump_release(struct dump *dump, const struct record *rec)
{
    struct payload_release release;

    if (!payload_get_release(rec->payload, &release))
        return false;
    moment(dump, "now", release.now_ms);
    moment(dump, "due", release.due_ms);
    whence(dump, rec);
    if (rec->flags & RECORD_F_NO_RETRY)
        number(dump, "no_retry", 1);
    pairs(dump, release.entries, release.count);
    return true;
}

static bool dump_touch(struct dump *dump, const struct record *rec)
{
    struct payload_touch touch;

    if (!payload_get_touch(rec->payload, &touch))
        return false;
    moment(dump, "now", touch.now_ms);
    number(dump, "n", touch.count);
    if (touch.count > 0)
        moment(dump, "deadline", payload_touched(touch.entries, 0).deadline_ms);
    out_print(&dump->out, dump->options->json ? ",\"messages\":[" : "");
    for (uint32_t i = 0; i < touch.count && i < PAIRS_SHOWN; i++) {
        struct payload_touched to = payload_touched(touch.entries, i);
        message(dump, i, to.ref, to.id);
    }
    out_print(&dump->out, dump->options->json ? "]" : "");
    return true;
}

static bool dump_purge(struct dump *dump, const struct record *rec)
{
    struct payload_purge purge;

    if (!payload_get_purge(rec->payload, &purge))
        return false;
    whence(dump, rec);
    moment(dump, "now", purge.now_ms);
    number(dump, "at_most", purge.count);
    return true;
}

static bool dump_ack(struct dump *dump, const struct record *rec)
{
    whence(dump, rec);
    pairs(dump, rec->payload, (uint32_t)(rec->payload.len / PAYLOAD_PAIR_BYTES));
    return true;
}

static bool dump_bury(struct dump *dump, const struct record *rec)
{
    struct payload_bury bury;

    if (!payload_get_bury(rec->payload, &bury))
        return false;
    moment(dump, "now", bury.now_ms);
    number(dump, "reason", bury.reason);
    if (rec->aux == PAYLOAD_BURY_FLIGHT)
        text(dump, "from", slice_str("in flight"));
    if (bury.text.len > 0)
        text(dump, "text", bury.text);
    pairs(dump, bury.entries, bury.count);
    return true;
}

static bool dump_tick(struct dump *dump, const struct record *rec)
{
    struct payload_tick tick;

    if (!payload_get_tick(rec->payload, &tick))
        return false;
    moment(dump, "now", tick.now_ms);
    number(dump, "at_most", tick.count);
    number(dump, "moves", tick.moves);
    return true;
}

static bool dump_client(struct dump *dump, const struct record *rec)
{
    struct payload_client client;

    if (!payload_get_client(rec->payload, &client))
        return false;
    number(dump, "number", client.number);
    text(dump, "name", client.name);
    text(dump, "address", client.address);
    return true;
}

/* Those that most topics do not have. */
static void dump_settings(struct dump *dump, const struct topic_settings *set)
{
    const struct {
        const char *name;
        uint64_t value;
    } fields[] = {
        {"retry_kind", set->retry.kind},
        {"max_messages", set->limits.messages},
        {"max_bytes", set->limits.bytes},
        {"max_age_ms", set->limits.age_ms},
        {"over", set->limits.over},
        {"idle_ms", set->idle_ms},
        {"push_paused_until_ms", set->push_paused_until_ms},
        {"pop_paused_until_ms", set->pop_paused_until_ms},
    };

    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (fields[i].value > 0)
            number(dump, fields[i].name, fields[i].value);
}

static bool dump_queue(struct dump *dump, const struct record *rec)
{
    struct payload_queue set;

    if (!payload_get_queue(rec->payload, &set))
        return false;
    text(dump, "name", set.name);
    moment(dump, "made", set.start_ms);
    number(dump, "flags", set.flags);
    number(dump, "ttr_ms", set.set.ttr_ms);
    number(dump, "max_retries", set.set.max_retries);
    dump_settings(dump, &set.set);
    if (set.dedup_given) {
        number(dump, "dedup_window_ms", set.dedup_window_ms);
        number(dump, "dedup_keys", set.dedup_keys);
    }
    return true;
}

/* The messages that leave memory, or come back. */
static void refs(struct dump *dump, struct slice all, uint32_t count)
{
    number(dump, "n", count);
    out_print(&dump->out, dump->options->json ? ",\"messages\":[" : "");
    for (uint32_t i = 0; i < all.len / PAYLOAD_REF_BYTES && i < PAIRS_SHOWN; i++)
        message(dump, i, get_le64(all.ptr + (size_t)i * PAYLOAD_REF_BYTES), 0);
    out_print(&dump->out, dump->options->json ? "]" : "");
}

static bool dump_chunk(struct dump *dump, const struct record *rec)
{
    struct payload_chunk chunk;

    if (!payload_get_chunk(rec->payload, &chunk))
        return false;
    refs(dump, chunk.refs, chunk.count);
    return true;
}

static const char *const KINDS[] = {"refs", "aside", "back"};

/* Delayed messages that leave memory, or come back: each with its topic's number and its time. */
static void delayed(struct dump *dump, struct slice entries, uint32_t count, uint64_t start_ms)
{
    number(dump, "n", count);
    out_print(&dump->out, dump->options->json ? ",\"messages\":[" : "");
    for (uint32_t i = 0; i < entries.len / PAYLOAD_DELAYED_BYTES; i++) {
        struct payload_delayed entry = payload_delayed(entries, i);
        uint64_t due_ms = start_ms + entry.due_off;
        if (dump->options->json)
            out_print(&dump->out, "%s{\"lsn\":%" PRIu64 ",\"retries\":%u,\"queue\":%" PRIu32 ",\"due_ms\":%" PRIu64 "}",
                      i ? "," : "", ref_lsn(entry.ref), ref_retries(entry.ref), entry.queue, due_ms);
        else
            out_print(&dump->out, " %016" PRIx64 "/%u:%" PRIu32 "@%" PRIu64, ref_lsn(entry.ref),
                      ref_retries(entry.ref), entry.queue, due_ms);
    }
    out_print(&dump->out, dump->options->json ? "]" : "");
}

static bool dump_dchunk(struct dump *dump, const struct record *rec)
{
    struct payload_dchunk chunk;

    if (!payload_get_dchunk(rec->payload, &chunk))
        return false;
    number(dump, "list", rec->aux);
    moment(dump, "start", chunk.start_ms);
    delayed(dump, chunk.entries, chunk.count, chunk.start_ms);
    return true;
}

static bool dump_dload(struct dump *dump, const struct record *rec)
{
    struct payload_dload load;

    if (!payload_get_dload(rec->payload, &load))
        return false;
    text(dump, "kind", slice_str(KINDS[load.kind]));
    address(dump, "chunk", load.lsn);
    number(dump, "list", rec->aux);
    moment(dump, "start", load.start_ms);
    delayed(dump, load.entries, load.count, load.start_ms);
    return true;
}

static bool dump_load(struct dump *dump, const struct record *rec)
{
    struct payload_load load;

    if (rec->aux != PAYLOAD_WAITING)
        return dump_dload(dump, rec);
    if (!payload_get_load(rec->payload, &load))
        return false;
    text(dump, "kind", slice_str(KINDS[load.kind]));
    address(dump, "chunk", load.lsn);
    refs(dump, load.refs, load.count);
    return true;
}

static bool dump_batch(struct dump *dump, const struct record *rec)
{
    struct batch batch;

    if (!batch_decode(rec, &batch))
        return false;
    address(dump, "durable", batch.durable);
    number(dump, "epoch", batch.epoch);
    return true;
}

static bool dump_seal(struct dump *dump, const struct record *rec)
{
    if (rec->payload.len != SEAL_PAYLOAD_BYTES)
        return false;
    text(dump, "why", slice_str(rec->aux == SEAL_STOP ? "stop" : "full"));
    address(dump, "next", get_le64(rec->payload.ptr));
    return true;
}

static bool dump_payload(struct dump *dump, const struct record *rec)
{
    switch (rec->type) {
    case RECORD_BATCH:
        return dump_batch(dump, rec);
    case RECORD_PUSH:
        return dump_push(dump, rec);
    case RECORD_POP:
        return dump_pop(dump, rec);
    case RECORD_ACK:
        return dump_ack(dump, rec);
    case RECORD_RELEASE:
        return dump_release(dump, rec);
    case RECORD_BURY:
        return dump_bury(dump, rec);
    case RECORD_TOUCH:
        return dump_touch(dump, rec);
    case RECORD_PURGE:
        return dump_purge(dump, rec);
    case RECORD_TICK:
        return dump_tick(dump, rec);
    case RECORD_QUEUE:
        return dump_queue(dump, rec);
    case RECORD_CLIENT:
        return dump_client(dump, rec);
    case RECORD_CHUNK:
        return dump_chunk(dump, rec);
    case RECORD_LOAD:
        return dump_load(dump, rec);
    case RECORD_DCHUNK:
        return dump_dchunk(dump, rec);
    case RECORD_SEAL:
        return dump_seal(dump, rec);
    default:
        number(dump, "payload_bytes", rec->payload.len);
        return true;
    }
}

static void line(struct dump *dump, uint64_t lsn, const char *type)
{
    if (dump->options->json)
        out_print(&dump->out, "{\"lsn\":%" PRIu64 ",\"type\":\"%s\"", lsn, type);
    else
        out_print(&dump->out, "%016" PRIx64 " %-5s", lsn, type);
}

static void end_line(struct dump *dump) { out_print(&dump->out, dump->options->json ? "}\n" : "\n"); }

static void on_record(void *ctx, const struct survey_segment *seg, const struct record *rec)
{
    struct dump *dump = ctx;
    struct slice topic = name_of(dump, rec->queue);

    (void)seg;
    if (dump->options->topic && (rec->queue == 0 || !slice_equal(topic, slice_str(dump->options->topic))))
        return;
    line(dump, rec->lsn, inspect_type(rec->type));
    if (rec->queue != 0) {
        number(dump, "queue", rec->queue);
        if (rec->type != RECORD_QUEUE)
            text(dump, "topic", topic);
    }
    if (rec->flags & RECORD_F_MORE)
        number(dump, "more", 1);
    if (!dump_payload(dump, rec))
        text(dump, "malformed", slice_of(rec->payload.ptr, min_u64(rec->payload.len, BODY_SHOWN)));
    end_line(dump);
}

static void on_damage(void *ctx, const struct survey_segment *seg, uint64_t begin, uint64_t end, bool torn)
{
    struct dump *dump = ctx;

    (void)seg;
    line(dump, begin, torn ? "TORN" : "DAMAGED");
    number(dump, "bytes", end - begin);
    end_line(dump);
    dump->damaged = dump->damaged || !torn;
}

/* Both walks. 0 or -errno. */
static int walk(struct dump *dump, struct disk *disk, const char *dir)
{
    struct survey_eyes learner = {.ctx = dump, .record = learn};
    struct survey_eyes printer = {.ctx = dump, .record = on_record, .damage = on_damage};
    struct survey survey;
    int rc = survey_read(disk, dir, &learner, NULL, &survey);

    if (rc < 0)
        return rc;
    survey_free(&survey);
    rc = survey_read(disk, dir, &printer, NULL, &survey);
    if (rc == 0)
        survey_free(&survey);
    return rc;
}

int inspect_dump(struct disk *disk, const struct inspect_options *options)
{
    struct dump dump = {.options = options};
    int lock = -1, rc = inspect_hold(disk, options->dump, &lock);

    if (rc < 0 && rc != -EWOULDBLOCK)
        return CHECK_IMPOSSIBLE;
    if (rc == -EWOULDBLOCK)
        log_print_err("gnode: it is dumped as it is now; its end may look torn\n");
    out_init(&dump.out);
    rc = walk(&dump, disk, options->dump);
    out_end(&dump.out);
    for (size_t i = 0; i < dump.names_count; i++)
        free(dump.names[i].text);
    free(dump.names);
    if (lock >= 0)
        disk->unlock(disk->ctx, lock);
    if (rc < 0) {
        log_print_err("gnode: this is no data directory of gnode, its log/ cannot be listed: ");
        log_print_err(strerror(-rc));
        log_print_err("\n");
        return CHECK_IMPOSSIBLE;
    }
    return dump.damaged ? CHECK_DAMAGED : CHECK_SOUND;
}
