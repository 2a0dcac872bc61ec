/* check_test.c - sound, torn and damaged directories, and what a check says of them. SPDX-License-Identifier: MIT */
#include "gnode/check.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "engine/payload.h"
#include "engine/ref.h"
#include "sim/simdisk.h"
#include "store/paths.h"
#include "unit/unit.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { LIVES = 3, PUSHES = 60, POPS = 20, ACKS = 10, BODY = 40, TTR_MS = 60000, PATHS_MAX = 64,
       COMPACTED_PUSHES = 12000 };

static const char dir[] = "/data";
static const uint64_t NOW_MS = UINT64_C(1700000000000);

/* ---- a node without doors: log and engine ---------------------------------------------------------------------- */

struct owner {
    struct log *log;
    struct engine *engine;
    struct log_report report;
    uint64_t next_id;
    int rc;
};

static void dead(void *ctx, uint64_t lsn) { log_dead(((struct owner *)ctx)->log, lsn); }
static void dead_queue(void *ctx, uint64_t lsn) { log_dead_queue(((struct owner *)ctx)->log, lsn); }
static void reset(void *ctx) { engine_reset(((struct owner *)ctx)->engine); }
static void apply(void *ctx, const struct record *rec) { engine_apply(((struct owner *)ctx)->engine, rec); }

static int load(void *ctx, const void *image, size_t bytes)
{
    return engine_load(((struct owner *)ctx)->engine, image, bytes);
}

static uint64_t no_clock(void *ctx)
{
    (void)ctx;
    return 0;
}

static void open_owner(struct owner *owner, struct disk *disk)
{
    struct engine_hooks engine_hooks = {.ctx = owner, .dead = dead, .dead_queue = dead_queue};
    struct log_hooks hooks = {.ctx = owner, .reset = reset, .load = load, .apply = apply};
    struct log_options options = {
        .disk = disk, .dir = dir, .ring_bytes = 1 << 20, .read_cache_bytes = 1 << 20, .segment_bytes = 1 << 20,
        .record_bytes_max = 1 << 16, .uuid = {1, 2, 3}, .now_ms = NOW_MS, .clock_ns = no_clock};
    char error[512];

    owner->engine = engine_new(&engine_hooks);
    owner->log = log_new(&options);
    assert_non_null(owner->log);
    owner->rc = log_recover(owner->log, &hooks, &owner->report, error, sizeof(error));
    if (owner->rc == 0) {
        (void)engine_mend(owner->engine);
        assert_int_equal(log_start(owner->log), 0);
    }
}

static void close_owner(struct owner *owner)
{
    log_free(owner->log);
    engine_free(owner->engine);
}

static void settle(struct owner *owner)
{
    for (bool any = true; any;) {
        log_publish(owner->log);
        any = log_step_writer(owner->log);
        any = log_step_janitor(owner->log) || any;
        any = log_poll(owner->log) || any;
    }
}

static void append(struct owner *owner, const struct record *head, const void *payload, size_t bytes)
{
    struct record rec;

    while (log_room(owner->log, record_stride(head->type, bytes), false) != 0)
        settle(owner);
    memcpy(log_begin(owner->log, head->type, head->flags, head->aux, head->queue, bytes), payload, bytes);
    (void)log_end(owner->log, &rec);
    engine_apply(owner->engine, &rec);
}

static void queue_record(struct owner *owner, uint32_t number, const char *name)
{
    char payload[PAYLOAD_QUEUE_BYTES_MAX];
    struct payload_queue set = {.name = slice_str(name), .start_ms = NOW_MS, .set = TOPIC_SETTINGS_NONE};

    append(owner, &(struct record){.type = RECORD_QUEUE, .queue = number}, payload, payload_put_queue(payload, &set));
}

static void push(struct owner *owner, uint32_t queue, uint64_t due_ms)
{
    char payload[PAYLOAD_PUSH_BYTES + BODY], body[BODY];
    struct payload_push put = {.due_ms = due_ms, .id = ++owner->next_id, .body = slice_of(body, BODY)};

    memset(body, (int)('a' + owner->next_id % 26), BODY);
    payload_put_push(payload, &put);
    append(owner, &(struct record){.type = RECORD_PUSH, .queue = queue}, payload, sizeof(payload));
}

static void pop(struct owner *owner, uint32_t queue, uint64_t id, bool ack)
{
    char payload[PAYLOAD_POP_BYTES + PAYLOAD_POP_ENTRY_BYTES];
    uint64_t ref = fifo_first(&engine_queue(owner->engine, queue)->ready.tail);
    struct payload_delivery to = {.ref = ref, .id = id, .ttr_ms = TTR_MS};

    payload_put_pop(payload, &(struct payload_pop){.now_ms = NOW_MS, .count = 1}, &to);
    append(owner, &(struct record){.type = RECORD_POP, .queue = queue}, payload, sizeof(payload));
    if (!ack)
        return;
    payload_put_pair(payload, &(struct payload_pair){.ref = ref, .id = id});
    append(owner, &(struct record){.type = RECORD_ACK, .queue = queue}, payload, PAYLOAD_PAIR_BYTES);
}

static void checkpoint(struct owner *owner)
{
    struct buf image;

    buf_init(&image, 1 << 26);
    settle(owner);
    assert_true(engine_save(owner->engine, &image));
    assert_int_equal(log_checkpoint_begin(owner->log), 1);
    log_checkpoint_image(owner->log, image.ptr, buf_len(&image), NULL);
    settle(owner);
}

/*
 * LIVES lives, each in a segment of its own, each with a checkpoint in its middle; the last one is killed, the others
 * unless they `stop`.
 */
static struct simdisk *make_directory(bool stop)
{
    struct simdisk *sim = simdisk_new(3);
    struct owner owner = {.next_id = 0};

    for (int number = 0; number < LIVES; number++) {
        open_owner(&owner, simdisk_disk(sim));
        assert_int_equal(owner.rc, 0);
        settle(&owner);
        if (number == 0)
            queue_record(&owner, 1, "jobs");
        if (number == 0)
            queue_record(&owner, 2, "late");
        for (int i = 0; i < PUSHES; i++) {
            push(&owner, 1, 0);
            settle(&owner);
            if (i == PUSHES / 2)
                checkpoint(&owner);
        }
        push(&owner, 2, NOW_MS + 1000);
        for (int i = 0; i < POPS; i++)
            pop(&owner, 1, (uint64_t)(number * POPS + i + 1), i < ACKS);
        log_need_durable(owner.log);
        settle(&owner);
        if (stop && number < LIVES - 1)
            assert_int_equal(log_stop(owner.log), 0);
        close_owner(&owner);
        simdisk_kill(sim);
    }
    return sim;
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

struct paths {
    char path[PATHS_MAX][128];
    uint64_t bytes[PATHS_MAX];
    size_t count;
    const char *kind;
};

/* Up to the last byte that is not zero: beyond it a segment is room, and a copy of the disk has nothing. */
static uint64_t used(struct simdisk *sim, const char *path)
{
    uint64_t bytes;
    const char *file = simdisk_file(sim, path, &bytes);

    while (bytes > 0 && file[bytes - 1] == 0)
        bytes--;
    return bytes;
}

static void add_path(void *arg, const char *path, uint64_t bytes)
{
    struct paths *all = arg;

    if (!strstr(path, all->kind))
        return;
    assert_true(all->count < PATHS_MAX);
    size_t at = all->count++;
    for (; at > 0 && strcmp(all->path[at - 1], path) > 0; at--) {
        memcpy(all->path[at], all->path[at - 1], sizeof(all->path[0]));
        all->bytes[at] = all->bytes[at - 1];
    }
    (void)snprintf(all->path[at], sizeof(all->path[0]), "%s", path);
    all->bytes[at] = bytes;
}

static struct paths paths_of(struct simdisk *sim, const char *kind)
{
    struct paths all = {.kind = kind};

    simdisk_each(sim, add_path, &all);
    return all;
}

/* The check changes nothing, and what it says of a start is what a start does. Returns its verdict. */
static enum check_verdict look(struct simdisk *sim, struct check *ret)
{
    struct simdisk *before = simdisk_copy(sim);
    enum check_verdict verdict = check_run(ret, simdisk_disk(sim), dir, false);
    struct paths files = paths_of(before, "/"), after = paths_of(sim, "/");
    uint64_t was, is;
    struct owner owner = {.next_id = 0};

    assert_int_equal(files.count, after.count);
    for (size_t i = 0; i < files.count; i++) {
        const char *old = simdisk_file(before, files.path[i], &was), *now = simdisk_file(sim, files.path[i], &is);
assert_true(now && was == is && memcmp(old, now, was) == 0);
    }
    open_owner(&owner, simdisk_disk(before));
    assert_int_equal(owner.rc == 0, verdict != CHECK_IMPOSSIBLE);
    if (owner.rc == 0) {
        assert_true(engine_digest(owner.engine) == engine_digest(ret->engine));
        assert_memory_equal(&owner.report, &ret->report, sizeof(owner.report));
    }
    close_owner(&owner);
    simdisk_free(before);
    return verdict;
}

static enum check_verdict verdict_of(struct simdisk *sim)
{
    struct check check;
    enum check_verdict verdict = look(sim, &check);

    check_free(&check);
    return verdict;
}

TEST(check_finds_nothing_in_a_sound_directory_and_counts_what_is_there)
{
    struct simdisk *sim = make_directory(true);
    struct check check;

    assert_int_equal(look(sim, &check), CHECK_SOUND);
    assert_int_equal(check.survey.count, LIVES);
    assert_int_equal(check.checkpoint_count, 2);
    assert_int_equal(check.messages, LIVES * (PUSHES + 1 - ACKS));
    assert_int_equal(check.unreadable, 0);
    assert_int_equal(engine_find(check.engine, slice_str("jobs"))->ready.tail.count, LIVES * (PUSHES - POPS));
    assert_int_equal(check.segments[0].live, check.segments[0].live_seen);
    assert_int_equal(check.segments[0].pins_seen, 2);
    assert_false(check.report.clean);
    check_free(&check);
    simdisk_free(sim);
}

TEST(check_and_start_agree_whatever_byte_of_a_segment_is_flipped)
{
    struct simdisk *sim = make_directory(true);
    struct paths segs = paths_of(sim, ".seg");
    unsigned damaged = 0, sound = 0;

    assert_int_equal(segs.count, LIVES);
    for (size_t which = 0; which < segs.count; which++) {
        uint64_t step = which == 1 ? 211 : 97;
        for (uint64_t at = 0; at < used(sim, segs.path[which]); at += at < 72 ? 5 : at < 4096 ? 4024 : step) {
            struct simdisk *copy = simdisk_copy(sim);
            uint64_t bytes;
            simdisk_file(copy, segs.path[which], &bytes)[at] ^= 0x10;
            if (verdict_of(copy) == CHECK_SOUND)
                sound++;
            else
                damaged++;
            simdisk_free(copy);
        }
    }
    assert_true(damaged > 50 && sound > 0); /* sound: in padding, and in what was never promised */
    simdisk_free(sim);
}

TEST(check_and_start_agree_wherever_a_segment_is_cut_or_zeroed)
{
    struct simdisk *sim = make_directory(true);
    struct paths segs = paths_of(sim, ".seg");

    for (size_t which = 0; which < segs.count; which++) {
        for (uint64_t at = 0; at < used(sim, segs.path[which]); at += 1531) {
            struct simdisk *copy = simdisk_copy(sim);
            uint64_t bytes;
            assert_true(simdisk_cut_file(copy, segs.path[which], at));
            enum check_verdict cut = verdict_of(copy);
            assert_true(which == LIVES - 1 || cut == CHECK_DAMAGED);
            simdisk_free(copy);
            copy = simdisk_copy(sim);
            char *file = simdisk_file(copy, segs.path[which], &bytes);
            memset(file + at, 0, min_u64(512, bytes - at));
            (void)verdict_of(copy);
            simdisk_free(copy);
        }
    }
    simdisk_free(sim);
}

static void swap_files(struct simdisk *sim, const char *one, const char *two)
{
    struct disk *disk = simdisk_disk(sim);

    assert_int_equal(disk->rename(disk->ctx, one, "/data/log/swap"), 0);
    assert_int_equal(disk->rename(disk->ctx, two, one), 0);
    assert_int_equal(disk->rename(disk->ctx, "/data/log/swap", two), 0);
}

TEST(check_sees_swapped_files_and_files_that_are_gone)
{
    struct simdisk *sim = make_directory(true);
    struct paths segs = paths_of(sim, ".seg"), ckpts = paths_of(sim, ".ckpt");
    struct simdisk *copy = simdisk_copy(sim);
    struct check check;

    swap_files(copy, segs.path[0], segs.path[1]);
    assert_int_equal(verdict_of(copy), CHECK_DAMAGED);
    simdisk_free(copy);
    copy = simdisk_copy(sim);
    swap_files(copy, ckpts.path[0], ckpts.path[1]);
    assert_int_equal(verdict_of(copy), CHECK_DAMAGED);
    simdisk_free(copy);
    for (size_t i = 0; i < segs.count; i++) {
        copy = simdisk_copy(sim);
        assert_true(simdisk_remove_file(copy, segs.path[i]));
        assert_int_equal(look(copy, &check), CHECK_DAMAGED);
        assert_true(check.unreadable > 0);
        check_free(&check);
        simdisk_free(copy);
    }
    simdisk_free(sim);
}

TEST(check_tells_bad_checkpoints_and_a_state_rebuilt_from_what_is_left)
{
    struct simdisk *sim = make_directory(true);
    struct paths segs = paths_of(sim, ".seg"), ckpts = paths_of(sim, ".ckpt");
    struct check check;
    uint64_t bytes;

    for (size_t i = 0; i < 2; i++) {
        simdisk_file(sim, ckpts.path[1 - i], &bytes)[150] ^= 1;
        assert_int_equal(look(sim, &check), CHECK_DAMAGED);
        assert_int_equal(check.report.bad_checkpoints, i + 1);
        assert_int_equal(check.report.rebuilt, i == 1);
        assert_int_equal(check.messages, LIVES * (PUSHES + 1 - ACKS));
        assert_int_equal(check.unreadable, 0);
        check_free(&check);
    }
    /* Without the first segment its 61 messages are gone, and all pops name one of them; all others are there. */
    assert_true(simdisk_remove_file(sim, segs.path[0]));
    assert_int_equal(look(sim, &check), CHECK_DAMAGED);
    assert_true(check.report.rebuilt);
    assert_int_equal(check.unreadable, 0);
    assert_int_equal(check.messages, (LIVES - 1) * (PUSHES + 1));
    assert_null(engine_fault(check.engine));
    check_free(&check);
    for (size_t i = 0; i < 2; i++)
        assert_true(simdisk_remove_file(sim, ckpts.path[i]));
    assert_int_equal(verdict_of(sim), CHECK_DAMAGED);
    simdisk_free(sim);
}

TEST(check_and_start_tell_a_missing_successor_from_damage)
{
    struct simdisk *sim = make_directory(false);
    struct disk *disk = simdisk_disk(sim);
    struct paths segs = paths_of(sim, ".seg"), ckpts = paths_of(sim, ".ckpt");
    struct check check;

    /* The room behind its records is there again: giving it back need not have reached the disk. */
    int file = disk->open(disk->ctx, segs.path[0], DISK_WRITE);
    assert_int_equal(disk->allocate(disk->ctx, file, 1 << 20), 0);
    disk->close(disk->ctx, file);
    assert_true(simdisk_remove_file(sim, segs.path[1]));
    for (size_t i = 0; i < ckpts.count; i++)
        assert_true(simdisk_remove_file(sim, ckpts.path[i]));
    assert_int_equal(look(sim, &check), CHECK_DAMAGED);
    assert_int_equal(check.report.lost_ranges, 1);
    assert_int_equal(check.report.damaged_bytes, 0);
    assert_int_equal(check.survey.segments[0].damaged_bytes, 0);
    assert_int_equal(check.unreadable, 0);
    assert_false(check.segments[0].uncounted);
    assert_int_equal(check.segments[0].live, check.segments[0].live_seen);
    check_free(&check);
    simdisk_free(sim);
}

TEST(check_refuses_what_is_no_data_directory_or_of_a_newer_format)
{
    struct simdisk *sim = make_directory(true);
    struct paths segs = paths_of(sim, ".seg");
    struct check check;
    uint64_t bytes;

    assert_int_equal(check_run(&check, simdisk_disk(sim), "", false), CHECK_IMPOSSIBLE);
    check_free(&check);
    put_le16(simdisk_file(sim, segs.path[1], &bytes) + 8, 9);
    assert_int_equal(look(sim, &check), CHECK_IMPOSSIBLE);
    assert_non_null(strstr(check.error, "format 9"));
    check_free(&check);
    assert_int_equal(check_run(&check, simdisk_disk(sim), dir, true), CHECK_DAMAGED);
    check_free(&check);
    simdisk_free(sim);
}

/* ---- compacted segments, and what is known to be dead ------------------------------------------------------------ */

/* Churn with a message that stays now and then, and checkpoints, so that segments are compacted; stopped. */
static struct simdisk *make_compacted(void)
{
    struct simdisk *sim = simdisk_new(4);
    struct owner owner = {.next_id = 0};

    open_owner(&owner, simdisk_disk(sim));
    assert_int_equal(owner.rc, 0);
    queue_record(&owner, 1, "jobs");
    queue_record(&owner, 2, "late");
    for (uint64_t i = 0; i < COMPACTED_PUSHES; i++) {
        push(&owner, 1, 0);
        pop(&owner, 1, owner.next_id, true);
        if (i % 50 == 0)
            push(&owner, 2, NOW_MS + 1000000);
        if (i % 2000 == 1999)
            checkpoint(&owner);
    }
    for (int i = 0; i < 3; i++) {
        push(&owner, 2, NOW_MS + 1000000);
        checkpoint(&owner);
    }
    assert_int_equal(log_stop(owner.log), 0);
    close_owner(&owner);
    assert_true(paths_of(sim, "-").count > 0);
    return sim;
}

TEST(check_finds_nothing_wrong_with_compacted_segments_and_knows_damage_in_them)
{
    struct simdisk *sim = make_compacted();
    struct paths packs = paths_of(sim, "-");
    struct check check;

    assert_int_equal(look(sim, &check), CHECK_SOUND);
    assert_int_equal(check.messages, COMPACTED_PUSHES / 50 + 3);
    check_free(&check);
    uint64_t bytes, offsets[] = {3, 100, SEGMENT_HEADER_BYTES + 30, 0};
    (void)simdisk_file(sim, packs.path[0], &bytes);
    offsets[3] = bytes - 5;
    for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
        struct simdisk *copy = simdisk_copy(sim);
        simdisk_file(copy, packs.path[0], &bytes)[offsets[i]] ^= 1;
        enum check_verdict verdict = look(copy, &check);
        assert_int_equal(verdict, offsets[i] == 100 ? CHECK_SOUND : CHECK_DAMAGED); /* 100: not covered, not used */
        assert_true(check.unreadable <= 1);
        check_free(&check);
        simdisk_free(copy);
    }
    simdisk_free(sim);
}

/* Puts the CRCs of a checkpoint right again after its sets were changed. */
static void fix_checkpoint(char *file, struct checkpoint_view *view)
{
    size_t table = view->header.segments * (size_t)CHECKPOINT_SEGMENT_BYTES;

    view->header.table_crc = crc32c(0, view->table, table);
    view->header.dead_crc = crc32c(0, view->dead.ptr, view->dead.len);
    checkpoint_header_encode(file, &view->header);
}

/* One member of a set is moved: onto a message that is needed, or to where no record begins. */
TEST(check_finds_a_message_that_counts_as_needed_no_more_and_one_that_does_not)
{
    struct simdisk *sim = make_directory(true);
    struct paths ckpts = paths_of(sim, ".ckpt");
    struct checkpoint_view view;
    struct check check;
    uint64_t bytes;

    char *file = simdisk_file(sim, ckpts.path[ckpts.count - 1], &bytes);
    assert_true(checkpoint_view_read(file, bytes, &view));
    assert_true(view.dead.len > 0);
    char *slot = file + (view.dead.ptr - file) + 16; /* the first member of the first set */
    uint64_t messages = 0, others = 0;
    assert_int_equal(look(sim, &check), CHECK_SOUND);
    check_free(&check);
    for (uint16_t at = get_le16(slot) + 1; at < 200; at++) {
        struct simdisk *copy = simdisk_copy(sim);
        char *changed = simdisk_file(copy, ckpts.path[ckpts.count - 1], &bytes);
        put_le16(changed + (slot - file), at);
        struct checkpoint_view own = view;
        own.table = changed + (view.table - file);
        own.dead.ptr = changed + (view.dead.ptr - file);
        fix_checkpoint(changed, &own);
        enum check_verdict verdict = check_run(&check, simdisk_disk(copy), dir, false);
        assert_true(buf_append(&check.damage, "", 1));
        bool named = strstr(buf_data(&check.damage), "needed no more") != NULL;
        assert_int_equal(verdict, CHECK_DAMAGED);
        messages += named;
        others += !named;
        check_free(&check);
        simdisk_free(copy);
    }
    assert_true(messages > 0 && others > 0);
    simdisk_free(sim);
}
