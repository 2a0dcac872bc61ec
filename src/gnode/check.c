/* check.c - the dry start, the files, and whether they agree; see check.h. SPDX-License-Identifier: MIT */
#include "gnode/check.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "engine/payload.h"
#include "engine/ref.h"
#include "store/checkpoint.h"
#include "store/pack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_BYTES = 512 };

/* ---- findings --------------------------------------------------------------------------------------------------- */

PRINTF_LIKE(2, 0) static void add_line(struct buf *lines, const char *fmt, va_list args)
{
    char line[LINE_BYTES];

    (void)vsnprintf(line, sizeof(line), fmt, args);
    (void)(buf_append_str(lines, line) && buf_append_str(lines, "\n")); /* a report at its limit is cut short */
}

PRINTF_LIKE(2, 3) static void damage(struct check *check, const char *fmt, ...)
{
    va_list args;

    check->damaged++;
    va_start(args, fmt);
    add_line(&check->damage, fmt, args);
    va_end(args);
}

PRINTF_LIKE(2, 3) static void say(struct buf *lines, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    add_line(lines, fmt, args);
    va_end(args);
}

/* ---- the dry start ---------------------------------------------------------------------------------------------- */

static void on_dead(void *ctx, uint64_t lsn) { log_dead(((struct check *)ctx)->log, lsn); }
static void on_dead_queue(void *ctx, uint64_t lsn) { log_dead_queue(((struct check *)ctx)->log, lsn); }
static void on_reset(void *ctx) { engine_reset(((struct check *)ctx)->engine); }

static int on_load(void *ctx, const void *image, size_t bytes)
{
    return engine_load(((struct check *)ctx)->engine, image, bytes);
}

static void on_apply(void *ctx, const struct record *rec) { engine_apply(((struct check *)ctx)->engine, rec); }

static void on_found(void *ctx, const char *what, uint64_t begin, uint64_t end)
{
    static const char BYTES[] = "damaged bytes"; /* the survey finds these too, and more of them */
    static const char CHECKPOINT[] = "checkpoint unreadable";
    struct check *check = ctx;

    if (strcmp(what, BYTES) == 0)
        say(&check->plan, "copy %" PRIu64 " damaged bytes, %016" PRIx64 " to %016" PRIx64 ", to quarantine/, and go on "
                          "behind them", end - begin, begin, end);
    else if (strcmp(what, CHECKPOINT) == 0)
        say(&check->plan, "pass over checkpoint %016" PRIx64, begin);
    else if (begin == end)
        damage(check, "%s: log/%016" PRIx64 ".seg", what, begin);
    else
        damage(check, "%s: %016" PRIx64 " to %016" PRIx64, what, begin, end);
}

static void on_unlinked(void *ctx, const char *path)
{
    struct check *check = ctx;

    say(&check->plan, "remove %s, which is not needed any more", path + strlen(check->dir) + 1);
}

static uint64_t no_clock(void *ctx)
{
    (void)ctx;
    return 0;
}

static int dry_start(struct check *check, bool repair)
{
    struct engine_hooks engine_hooks = {.ctx = check, .dead = on_dead, .dead_queue = on_dead_queue};
    struct log_hooks hooks = {.ctx = check, .reset = on_reset, .load = on_load, .apply = on_apply, .found = on_found};
    struct log_options options = {
        .disk = &check->dry.disk,
        .dir = check->dir,
        .ring_bytes = 1 << 20,
        .read_cache_bytes = 1 << 20,
        .segment_bytes = 64 << 20,
        .record_bytes_max = 1 << 16,
        .repair = repair,
        .clock_ns = no_clock,
    };

    disk_dry_init(&check->dry, check->disk);
    check->dry.unlinked = on_unlinked;
    check->dry.ctx = check;
    check->engine = engine_new(&engine_hooks);
    check->log = log_new(&options);
    if (!check->log) {
        (void)snprintf(check->error, sizeof(check->error), "out of memory");
        return -ENOMEM;
    }
    int rc = log_recover(check->log, &hooks, &check->report, check->error, sizeof(check->error));
    if (rc == 0)
        check->mended = engine_mend(check->engine);
    return rc;
}

/* ---- checkpoints ------------------------------------------------------------------------------------------------ */

static void ignore_dead(void *ctx, uint64_t lsn) { (void)ctx, (void)lsn; }

static const char *judge_image(struct slice image)
{
    struct engine_hooks hooks = {.dead = ignore_dead, .dead_queue = ignore_dead};
    struct engine *engine = engine_new(&hooks);
    const char *fault = "its image is malformed";

    if (engine_load(engine, image.ptr, image.len) == 0)
        fault = engine_fault(engine);
    engine_free(engine);
    return fault;
}

static void judge_checkpoint(struct check *check, struct check_checkpoint *ckpt)
{
    struct checkpoint_view view;
    char *bytes;
    int rc = checkpoint_read(check->disk, check->dir, ckpt->cut, &bytes, &view);

    if (rc < 0) {
        ckpt->fault = rc == -EBADMSG ? "its header or a checksum is wrong" : strerror(-rc);
    } else {
        ckpt->header = view.header;
        ckpt->fault = judge_image(view.image);
        free(bytes);
    }
    if (ckpt->fault)
        damage(check, "checkpoint ckpt/%016" PRIx64 ".ckpt: %s", ckpt->cut, ckpt->fault);
}

static void judge_checkpoints(struct check *check)
{
    uint64_t cuts[CHECK_CHECKPOINTS_MAX];
    int count = checkpoint_list(check->disk, check->dir, cuts, CHECK_CHECKPOINTS_MAX);

    for (int i = 0; i < count; i++) {
        check->checkpoints[i] = (struct check_checkpoint){.cut = cuts[i]};
        check->checkpoint_count++;
        judge_checkpoint(check, &check->checkpoints[i]);
    }
}

/* ---- segments --------------------------------------------------------------------------------------------------- */

bool check_is_quarantined(struct disk *disk, const char *dir, const struct survey_range *range)
{
    struct path path = path_quarantine(dir, range->begin, range->end, ".bin");
    int file = disk->open(disk->ctx, path.text, DISK_READ);

    if (file >= 0)
        disk->close(disk->ctx, file);
    return file >= 0;
}

/* A range that a start has passed over before, and that the checkpoint in use is beyond: nothing new is lost. */
static bool is_known(const struct check *check, const struct survey_range *range)
{
    return range->end <= check->report.checkpoint_lsn && check_is_quarantined(check->disk, check->dir, range);
}

/* "log/0000000000001000.seg" */
struct file_name {
    char text[80];
};

static struct file_name file_name(const struct survey_segment *seen)
{
    struct path path = path_named("", &seen->name);
    struct file_name name;

    (void)snprintf(name.text, sizeof(name.text), "%.79s", path.text + 1);
    return name;
}

static void judge_segment(struct check *check, const struct survey_segment *seen, struct check_segment *seg)
{
    struct file_name name = file_name(seen);

    if (seen->error != 0)
        damage(check, "segment %s: %s", name.text, strerror(-seen->error));
    if (!seg->kept)
        return;
    if (seen->bad_directory)
        damage(check, "segment %s: its directory is damaged; its records were found without it", name.text);
    if (seg->blind)
        say(&check->notes, "segment %s: which of its messages are needed no more is not known; it goes when all are",
            name.text);
    for (size_t i = 0; i < seen->damage_count; i++) {
        const struct survey_range *range = &seen->damage[i];
        if (is_known(check, range)) {
            seg->known++;
            say(&check->notes, "segment %s: bytes %016" PRIx64 " to %016" PRIx64 " are damaged; a start has passed "
                               "over them and keeps a copy in quarantine/", name.text, range->begin, range->end);
            continue;
        }
        damage(check, "segment %s: %" PRIu64 " bytes, %016" PRIx64 " to %016" PRIx64 ", are damaged", name.text,
               range->end - range->begin, range->begin, range->end);
    }
    if (seen->torn_bytes > 0)
        say(&check->plan, "cut a torn tail of %" PRIu64 " bytes, which nobody was promised, off log/%016" PRIx64
                          ".seg at %016" PRIx64, seen->torn_bytes, seen->base, seen->end);
}

static struct check_segment *segment_of(struct check *check, uint64_t lsn, const struct survey_segment **ret_seen)
{
    size_t low = 0, high = check->survey.count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (check->survey.segments[mid].base <= lsn)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0 || lsn >= check->survey.segments[low - 1].end || !check->segments[low - 1].kept)
        return NULL;
    *ret_seen = &check->survey.segments[low - 1];
    return &check->segments[low - 1];
}

static void count_alive(void *ctx, const struct survey_segment *seg, const struct record *rec)
{
    struct check *check = ctx;

    if (!record_is_tracked(rec->type) || log_is_dead(check->log, rec->lsn))
        return;
    if (check->alive_count == 0 || check->alive[check->alive_count - 1].base != seg->base) {
        check->alive = mem_grow(check->alive, check->alive_count + 1, sizeof(check->alive[0]));
        check->alive[check->alive_count++] = (struct check_alive){.base = seg->base};
    }
    check->alive[check->alive_count - 1].count++;
}

static void judge_segments(struct check *check)
{
    struct log_segment seg;

    check->segments = mem_new((check->survey.count + 1) * sizeof(check->segments[0]));
    for (size_t at = 0, i = 0; log_segment(check->log, i, &seg); i++) {
        while (at < check->survey.count && check->survey.segments[at].base < seg.base)
            at++;
        if (at == check->survey.count || check->survey.segments[at].base != seg.base)
            continue; /* the one that a start would make */
        check->segments[at] = (struct check_segment){
            .kept = true, .live = seg.live, .pins = seg.pins, .uncounted = seg.damaged, .blind = seg.blind};
    }
    for (size_t at = 0, i = 0; i < check->alive_count; i++) {
        while (check->survey.segments[at].base != check->alive[i].base)
            at++;
        check->segments[at].alive = check->alive[i].count;
    }
    for (size_t i = 0; i < check->survey.count; i++)
        judge_segment(check, &check->survey.segments[i], &check->segments[i]);
}

/* ---- messages --------------------------------------------------------------------------------------------------- */

struct handle {
    uint64_t lsn, id; /* id 0 = not known */
    uint32_t queue;
};

struct handles {
    struct handle *at;
    size_t count, room;
    struct check *check;
    bool incomplete; /* a piece of a list cannot be read */
};

static void add(struct handles *all, struct handle handle)
{
    if (all->count == all->room) {
        all->room = all->room ? 2 * all->room : 1024;
        all->at = mem_grow(all->at, all->room, sizeof(all->at[0]));
    }
    all->at[all->count++] = handle;
}

static void add_handle(void *ctx, const struct engine_message *message)
{
    add(ctx, (struct handle){.lsn = ref_lsn(message->ref), .id = message->id, .queue = message->queue});
}

static int by_lsn(const void *a, const void *b)
{
    uint64_t x = ((const struct handle *)a)->lsn, y = ((const struct handle *)b)->lsn;

    return x < y ? -1 : x > y;
}

/* What is wrong with the message's record, or NULL. */
static const char *judge_record(struct check *check, struct shelf *shelf, const struct handle *handle)
{
    struct record rec;
    struct payload_push push;

    if (!shelf_find(shelf, handle->lsn, &rec))
        return "its record is unreadable";
    if (log_is_dead(check->log, handle->lsn))
        return "its record counts as needed no more";
    if (rec.type != RECORD_PUSH || !payload_get_push(rec.payload, &push))
        return "its record is no message";
    if (rec.queue != handle->queue)
        return "its record belongs to another topic";
    return handle->id != 0 && handle->id != push.id ? "its record has another id" : NULL;
}

static void tell_message(struct check *check, const struct handle *handle, const char *fault)
{
    const struct queue *queue = engine_queue(check->engine, handle->queue);
    const char *name = queue && queue->name ? queue->name : "(its name is lost)";

    if (++check->unreadable > CHECK_MESSAGES_TOLD)
        return;
    damage(check, "message at %016" PRIx64 " of topic %s: %s", handle->lsn, name, fault);
}

/* ---- pieces of lists that are not in memory ---------------------------------------------------------------------- */

/* What is wrong with the CHUNK, or NULL: then its messages are added to `all`. */
static const char *judge_chunk(const struct record *rec, const struct engine_chunk *chunk, struct handles *all)
{
    struct payload_chunk payload;

    if (rec->type != RECORD_CHUNK || rec->aux != PAYLOAD_WAITING || !payload_get_chunk(rec->payload, &payload))
        return "its record is no piece of a list";
    if (rec->queue != chunk->queue || payload.count != chunk->count)
        return "its record is of another list";
    const struct queue *queue = engine_queue(all->check->engine, chunk->queue);
    for (size_t i = 0; i < payload.refs.len; i += PAYLOAD_REF_BYTES) {
        uint64_t ref = get_le64(payload.refs.ptr + i);
        if (!queue || !engine_is_ghost(all->check->engine, queue, ref, ENGINE_READY))
            add(all, (struct handle){.lsn = ref_lsn(ref), .queue = chunk->queue});
    }
    return NULL;
}

/* The same of a DCHUNK. */
static const char *judge_dchunk(const struct record *rec, const struct engine_chunk *chunk, struct handles *all)
{
    struct payload_dchunk payload;

    if (rec->type != RECORD_DCHUNK || !payload_get_dchunk(rec->payload, &payload))
        return "its record is no piece of the delayed messages";
    if (rec->aux != chunk->list || payload.start_ms != chunk->start_ms || payload.count != chunk->count)
        return "its record is of other delayed messages";
    for (uint32_t i = 0; i < payload.count; i++) {
        struct payload_delayed entry = payload_delayed(payload.entries, i);
        const struct engine *engine = all->check->engine;
        const struct queue *queue = engine_queue(engine, entry.queue);
        if (!queue || engine_is_purged(engine, queue, entry.ref) ||
            !engine_is_ghost(engine, queue, entry.ref, ENGINE_DELAYED))
            add(all, (struct handle){.lsn = ref_lsn(entry.ref), .queue = entry.queue});
    }
    return NULL;
}

/* What is wrong with the chunk, or NULL: then its messages are added to `all`. */
static const char *read_chunk(const struct survey_segment *seen, const struct engine_chunk *chunk, struct handles *all)
{
    const char *fault = "its record is unreadable";
    struct record rec;
    struct shelf shelf;

    if (shelf_open(&shelf, all->check->disk, all->check->dir, &seen->name) != 0)
        return "its segment cannot be opened";
    if (shelf_find(&shelf, chunk->lsn, &rec))
        fault = chunk->list == PAYLOAD_WAITING ? judge_chunk(&rec, chunk, all) : judge_dchunk(&rec, chunk, all);
    shelf_close(&shelf);
    return fault || !log_is_dead(all->check->log, chunk->lsn) ? fault : "its record counts as needed no more";
}

static void add_chunk(void *ctx, const struct engine_chunk *chunk)
{
    struct handles *all = ctx;
    struct check *check = all->check;
    const struct survey_segment *seen;
    struct check_segment *seg = segment_of(check, chunk->lsn, &seen);
    const char *fault = "its segment is missing";

    if (seg) {
        seg->live_seen++;
        fault = read_chunk(seen, chunk, all);
    }
    if (!fault)
        return;
    all->incomplete = true;
    check->unreadable += chunk->count;
    if (chunk->list != PAYLOAD_WAITING)
        damage(check, "piece at %016" PRIx64 " of the delayed messages, %" PRIu32 " of them: %s", chunk->lsn,
               chunk->count, fault);
    else
        damage(check, "piece at %016" PRIx64 " of the list of topic number %" PRIu32 ", %" PRIu32 " messages: %s",
               chunk->lsn, chunk->queue, chunk->count, fault);
}

/* ---- each message ------------------------------------------------------------------------------------------------ */

static void judge_messages(struct check *check, const struct handles *all)
{
    const struct survey_segment *open = NULL;
    struct shelf shelf;

    for (size_t i = 0; i < all->count; i++) {
        const struct handle *handle = &all->at[i];
        const struct survey_segment *seen = NULL;
        struct check_segment *seg = segment_of(check, handle->lsn, &seen);
        if (!seg) {
            tell_message(check, handle, "its segment is missing");
            continue;
        }
        seg->live_seen++;
        if (open != seen) {
            if (open)
                shelf_close(&shelf);
            open = shelf_open(&shelf, check->disk, check->dir, &seen->name) == 0 ? seen : NULL;
        }
        const char *fault = open ? judge_record(check, &shelf, handle) : "its segment cannot be opened";
        if (fault)
            tell_message(check, handle, fault);
    }
    if (open)
        shelf_close(&shelf);
    if (check->unreadable > CHECK_MESSAGES_TOLD)
        damage(check, "and %" PRIu64 " messages more", check->unreadable - CHECK_MESSAGES_TOLD);
}

/* ---- the state against the files -------------------------------------------------------------------------------- */

static void count_pin(struct check *check, uint64_t lsn)
{
    const struct survey_segment *seen;
    struct check_segment *seg = lsn == 0 ? NULL : segment_of(check, lsn, &seen);

    if (!seg)
        return;
    seg->pins_seen++;
    if (log_is_dead(check->log, lsn))
        damage(check, "the record of a topic at %016" PRIx64 " counts as needed no more", lsn);
}

/* `all`: every message is known, so that the segments' counts can be told. */
static void compare_counts(struct check *check, bool all)
{
    for (uint32_t i = 1; i <= engine_queues(check->engine); i++)
        if (engine_queue(check->engine, i))
            count_pin(check, engine_queue(check->engine, i)->record_lsn);
    count_pin(check, engine_node_record_lsn(check->engine));
    for (size_t i = 0; i < check->survey.count; i++) {
        const struct check_segment *seg = &check->segments[i];
        struct file_name name = file_name(&check->survey.segments[i]);
        if (!seg->kept || seg->uncounted)
            continue;
        if (all && seg->live != seg->live_seen)
            damage(check, "segment %s: the log counts %" PRIu64 " messages and pieces of lists, the topics have %"
                          PRIu64, name.text, seg->live, seg->live_seen);
        if (seg->pins != seg->pins_seen)
            damage(check, "segment %s: the log counts %" PRIu64 " records of topics, there are %" PRIu64, name.text,
                   seg->pins, seg->pins_seen);
        if (!seg->blind && seg->alive != seg->live + seg->pins)
            damage(check, "segment %s: %" PRIu64 " records are not known to be dead, %" PRIu64 " are needed", name.text,
                   seg->alive, seg->live + seg->pins);
    }
}

static void judge_state(struct check *check)
{
    const char *fault = engine_fault(check->engine);
    struct handles all = {.check = check};

    if (fault)
        damage(check, "the state of the topics is inconsistent: %s", fault);
    engine_each(check->engine, add_handle, &all);
    engine_each_chunk(check->engine, add_chunk, &all);
    if (all.count > 0)
        qsort(all.at, all.count, sizeof(all.at[0]), by_lsn);
    check->messages = all.count;
    judge_messages(check, &all);
    free(all.at);
    compare_counts(check, !all.incomplete);
}

static void tell_report(struct check *check)
{
    const struct log_report *report = &check->report;

    if (report->rebuilt)
        say(&check->plan, "rebuild the topics from the records that are left: messages may come again, those in flight "
                          "and dead letters may be ready");
    if (!report->fresh && !report->clean)
        say(&check->notes, "the last stop was not orderly: a start replays %" PRIu64 " records", report->records);
    if (check->mended > 0)
        say(&check->notes, "%" PRIu64 " messages have lost their pops, but are known to be acked, and stay gone",
            check->mended);
    if (engine_ignored(check->engine) > 0)
        say(&check->notes, "%" PRIu64 " records name what is not there, and were ignored",
            engine_ignored(check->engine));
    for (uint32_t i = 1; i <= engine_queues(check->engine); i++) {
        const struct queue *queue = engine_queue(check->engine, i);
        if (queue && !queue->name && !queue->deleted)
            damage(check, "topic number %" PRIu32 " has lost its name; a start calls it recovered.%" PRIu32, i, i);
    }
}

static void ignore_name(void *arg, const char *name) { (void)arg, (void)name; }

/* Where the dry start found that a segment ends. */
static uint64_t known_end(void *ctx, uint64_t base)
{
    const struct check *check = ctx;
    struct log_segment seg;

    for (size_t i = 0; log_segment(check->log, i, &seg); i++)
        if (seg.base == base)
            return seg.end;
    return 0;
}

enum check_verdict check_run(struct check *ret, struct disk *disk, const char *dir, bool repair)
{
    *ret = (struct check){.disk = disk, .dir = dir};
    buf_init(&ret->damage, CHECK_LINES_BYTES);
    buf_init(&ret->notes, CHECK_LINES_BYTES);
    buf_init(&ret->plan, CHECK_LINES_BYTES);
    if (strlen(dir) == 0 || strlen(dir) > PATH_DIR_BYTES_MAX) {
        (void)snprintf(ret->error, sizeof(ret->error), "the name of the directory is empty or too long");
        return CHECK_IMPOSSIBLE;
    }
    struct survey_ends ends = {.ctx = ret, .end = known_end};
    struct survey_eyes eyes = {.ctx = ret, .record = count_alive};
    struct path log_dir = path_of(dir, "log");
    int rc = disk->list(disk->ctx, log_dir.text, ignore_name, NULL);
    if (rc == 0) {
        rc = dry_start(ret, repair);
        if (rc < 0)
            return CHECK_IMPOSSIBLE;
        rc = survey_read(disk, dir, &eyes, &ends, &ret->survey);
    }
    if (rc < 0) {
        (void)snprintf(ret->error, sizeof(ret->error), "%.256s is no data directory of gnode: log/: %s", dir,
                       strerror(-rc));
        return CHECK_IMPOSSIBLE;
    }
    judge_checkpoints(ret);
    judge_segments(ret);
    judge_state(ret);
    tell_report(ret);
    return ret->damaged > 0 ? CHECK_DAMAGED : CHECK_SOUND;
}

void check_free(struct check *check)
{
    log_free(check->log);
    if (check->engine)
        engine_free(check->engine);
    survey_free(&check->survey);
    free(check->segments);
    free(check->alive);
    buf_free(&check->damage);
    buf_free(&check->notes);
    buf_free(&check->plan);
}
