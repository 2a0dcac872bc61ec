/*
 * decay.c - a medium that changes what it holds, writes that land elsewhere, reads that fail: what must hold then
 *
 * While a broker lives, what is damaged is damaged for its reads alone (simdisk.h): a message may turn out unreadable,
 * and nothing else may happen. When it has ended, a copy of the disk, with that damage and perhaps more, is recovered
 * apart; then the damage is taken off, and the life goes on as if nothing had been.
 *
 * Of such a copy the oracle cannot know exactly what is left, so it asks for little:
 *   it is never a crash, and a start that is refused says why and has changed nothing
 *   unless damage is reported, the state is one that was lived, and only what stands at or behind the damage is lost
 *   if it is, every message whose record is whole is there, and nothing that was never pushed
 *   nothing is ever read as a message that is not the one that was pushed there
 *
 * SPDX-License-Identifier: MIT
 */
#include "base/bytes.h"
#include "base/err.h"
#include "base/mem.h"
#include "engine/payload.h"
#include "engine/ref.h"
#include "gnode/check.h"
#include "sim/scratch.h"
#include "store/format.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILES_MAX = 64, NAME_BYTES = 64, DAMAGES_MAX = 80, READ_ROUNDS = 200, SECTOR_BYTES = 512,
       PIECE_BYTES = 4096 /* what is lost around a byte that cannot be read */ };

/* ---- striking ---------------------------------------------------------------------------------------------------- */

struct files {
    struct {
        char path[NAME_BYTES];
        uint64_t bytes;
    } at[FILES_MAX];
    size_t count;
};

static void add_file(void *ctx, const char *path, uint64_t bytes)
{
    struct files *files = ctx;
    const char *dot = strrchr(path, '.');

    if (files->count == FILES_MAX || bytes == 0 || strlen(path) >= NAME_BYTES)
        return;
    if (!dot || (strcmp(dot, ".seg") != 0 && strcmp(dot, ".ckpt") != 0))
        return;
    (void)snprintf(files->at[files->count].path, NAME_BYTES, "%s", path);
    files->at[files->count++].bytes = bytes;
}

/* Where the record at `lsn` lies; false when it is nowhere. */
static bool find_place(const struct files *files, uint64_t lsn, size_t *ret_file, uint64_t *ret_at)
{
    uint64_t best = 0, base;
    bool found = false;

    for (size_t i = 0; i < files->count; i++) {
        if (!segment_base(files->at[i].path, &base) || base > lsn || (found && base < best))
            continue;
        *ret_file = i;
        *ret_at = SEGMENT_HEADER_BYTES + lsn - base;
        best = base;
        found = true;
    }
    return found && *ret_at < files->at[*ret_file].bytes;
}

static const struct oracle_message *some_message(struct life *life)
{
    size_t count = life->oracle.now.count;

    return count == 0 ? NULL : &life->oracle.now.live[rng_below(&life->rng, count)];
}

/* One bit, of a message that is needed or anywhere. */
static void flip(struct life *life, struct simdisk *disk, const struct files *files)
{
    struct rng *rng = &life->rng;
    const struct oracle_message *m = rng_chance(rng, 500) ? some_message(life) : NULL;
    size_t file = rng_below(rng, files->count);
    uint64_t at = rng_below(rng, files->at[file].bytes);

    if (m && find_place(files, m->lsn, &file, &at))
        at = min_u64(at + rng_below(rng, m->end - m->lsn), files->at[file].bytes - 1);
    if (simdisk_flip(disk, files->at[file].path, at, (unsigned)rng_below(rng, 8)))
        life_say(life, "---- a bit of %s flips, at %" PRIx64, files->at[file].path, at);
}

/* Where one message stood now stands another, whole: as if its write had gone astray. */
static void confuse(struct life *life, struct simdisk *disk, const struct files *files)
{
    const struct oracle_message *to = some_message(life), *from = some_message(life);
    uint64_t to_at, from_at, bytes;
    size_t to_file, from_file;

    if (!to || to == from || !find_place(files, to->lsn, &to_file, &to_at) ||
        !find_place(files, from->lsn, &from_file, &from_at))
        return;
    const char *file = simdisk_file(disk, files->at[from_file].path, &bytes);
    uint64_t count = min_u64(from->end - from->lsn, bytes - from_at);
    if (file && simdisk_show(disk, files->at[to_file].path, to_at, file + from_at, count))
        life_say(life, "---- at %" PRIx64 " of %s there stands another message", to_at, files->at[to_file].path);
}

static void mislead(struct life *life, struct simdisk *disk, const struct files *files)
{
    struct rng *rng = &life->rng;
    size_t file = rng_below(rng, files->count);
    uint64_t at = rng_below(rng, files->at[file].bytes / SECTOR_BYTES + 1) * SECTOR_BYTES;

    if (simdisk_misdirect(disk, rng_below(rng, 4), files->at[file].path, at))
        life_say(life, "---- a write will land at %" PRIx64 " of %s", at, files->at[file].path);
}

/* A sector or a few, where a message is or anywhere, cannot be read. */
static void spoil(struct life *life, struct simdisk *disk, const struct files *files)
{
    struct rng *rng = &life->rng;
    const struct oracle_message *m = rng_chance(rng, 500) ? some_message(life) : NULL;
    size_t file = rng_below(rng, files->count);
    uint64_t at = rng_below(rng, files->at[file].bytes);

    if (m)
        (void)find_place(files, m->lsn, &file, &at);
    at = min_u64(at, files->at[file].bytes - 1) / SECTOR_BYTES * SECTOR_BYTES;
    if (simdisk_spoil(disk, files->at[file].path, at, SECTOR_BYTES * rng_between(rng, 1, 8)))
        life_say(life, "---- %s cannot be read at %" PRIx64, files->at[file].path, at);
}

static void strike(struct life *life, struct simdisk *disk)
{
    uint64_t kind = rng_below(&life->rng, 4);
    struct files files = {.count = 0};

    simdisk_each(disk, add_file, &files);
    if (files.count == 0)
        return;
    if (kind == 0)
        flip(life, disk, &files);
    else if (kind == 1)
        confuse(life, disk, &files);
    else if (kind == 2)
        spoil(life, disk, &files);
    else
        mislead(life, disk, &files);
}

void decay_strike(struct life *life)
{
    life->decayed = life->unreadable = true;
    strike(life, life->disk);
}

/* ---- a copy of what is left -------------------------------------------------------------------------------------- */

struct trial {
    struct life *life;
    struct simdisk *disk;
    struct scratch scratch;
    struct shelves shelves;
    bool reads_fail;
    struct simdisk_range damage[DAMAGES_MAX]; /* of segments, as LSNs */
    size_t damage_count;
    uint64_t low;     /* no byte of the log below this is not what it was */
    uint64_t proven;  /* a checkpoint has this name, so the log was durable up to there */
    bool *found;      /* by index in oracle.now.live */
    bool hidden[ORACLE_TOPICS_MAX]; /* a piece of the topic's list cannot be read */
};

static void learn_cut(void *ctx, const char *path, uint64_t bytes)
{
    struct trial *trial = ctx;
    const char *name = strrchr(path, '/');
    char *end;
    uint64_t cut = name ? strtoull(name + 1, &end, 16) : 0;

    (void)bytes;
    if (name && strcmp(end, ".ckpt") == 0)
        trial->proven = max_u64(trial->proven, cut);
}

static void learn_damage(struct trial *trial)
{
    struct simdisk_range range;
    uint64_t base;

    trial->low = UINT64_MAX;
    simdisk_each(trial->disk, learn_cut, trial);
    for (size_t i = 0; simdisk_damage(trial->disk, i, &range); i++) {
        if (!range.path || !segment_base(range.path, &base))
            continue;
        ENSURE(trial->damage_count < DAMAGES_MAX);
        range.from = base + max_u64(range.from, SEGMENT_HEADER_BYTES) - SEGMENT_HEADER_BYTES;
        range.to = base + max_u64(range.to, SEGMENT_HEADER_BYTES) - SEGMENT_HEADER_BYTES;
        trial->damage[trial->damage_count++] = range;
        if (!range.unreadable)
            trial->low = min_u64(trial->low, range.from);
    }
}

static bool is_touched(const struct trial *trial, uint64_t from, uint64_t to)
{
    for (size_t i = 0; i < trial->damage_count; i++) {
        uint64_t more = trial->damage[i].unreadable ? PIECE_BYTES : 0;
        if (trial->damage[i].from < to + more && from < trial->damage[i].to + more)
            return true;
    }
    return trial->reads_fail;
}

/* ---- what must be there ------------------------------------------------------------------------------------------ */

static void mark(struct trial *trial, uint64_t lsn)
{
    struct life *life = trial->life;
    const struct oracle_message *m = oracle_by_lsn(&life->oracle, lsn);
    struct record rec;

    if (m)
        trial->found[m - life->oracle.now.live] = true;
    else if (!shelves_read(&trial->shelves, lsn, &rec) || rec.type != RECORD_PUSH)
        life_fail(life, "after damage there is a message at %" PRIx64 ", where none was pushed", lsn);
}

static void mark_message(void *ctx, const struct engine_message *message) { mark(ctx, ref_lsn(message->ref)); }

/* Of a ghost nothing but its entry need be left. */
static void mark_in_piece(struct trial *trial, uint64_t lsn)
{
    const struct oracle *oracle = &trial->life->oracle;

    if (oracle_by_lsn(&trial->life->oracle, lsn) || !oracle_is_ghost(oracle, lsn))
        mark(trial, lsn);
}

/* A piece of a list cannot be read: what is in it shows again when it can. */
static void hide(struct trial *trial, const struct engine_chunk *chunk)
{
    int topic = oracle_topic_of(&trial->life->oracle, chunk->queue);

    for (int i = 0; i < ORACLE_TOPICS_MAX; i++)
        trial->hidden[i] = trial->hidden[i] || chunk->queue == 0 || i == topic;
}

static bool mark_waiting(struct trial *trial, const struct engine_chunk *chunk, struct slice payload)
{
    struct payload_chunk piece;

    if (!payload_get_chunk(payload, &piece) || piece.count != chunk->count)
        return false;
    for (size_t i = 0; i < piece.refs.len; i += PAYLOAD_REF_BYTES)
        mark_in_piece(trial, ref_lsn(get_le64(piece.refs.ptr + i)));
    return true;
}

static bool mark_delayed(struct trial *trial, const struct engine_chunk *chunk, struct slice payload)
{
    struct payload_dchunk piece;

    if (!payload_get_dchunk(payload, &piece) || piece.count != chunk->count)
        return false;
    for (uint32_t i = 0; i < piece.count; i++)
        mark_in_piece(trial, ref_lsn(payload_delayed(piece.entries, i).ref));
    return true;
}

static void mark_chunk(void *ctx, const struct engine_chunk *chunk)
{
    struct trial *trial = ctx;
    struct record rec;

    if (!shelves_read(&trial->shelves, chunk->lsn, &rec) ||
        is_touched(trial, chunk->lsn, chunk->lsn + record_stride(rec.type, rec.payload.len)) ||
        !(chunk->queue > 0 ? mark_waiting : mark_delayed)(trial, chunk, rec.payload))
        hide(trial, chunk);
}

/* A purge takes as many as it took: when a record before it is damaged, others may have been the first. */
static bool was_purged(const struct trial *trial, const struct oracle_message *m)
{
    uint64_t end = trial->life->oracle.now.topics[m->topic].purge_end;

    for (size_t i = 0; i < trial->damage_count; i++)
        if (m->lsn < end && trial->damage[i].from < end)
            return true;
    return false;
}

static void look_for_all(struct trial *trial)
{
    struct life *life = trial->life;

    shelves_list(&trial->shelves, trial->disk);
    trial->found = mem_new(life->oracle.now.count + 1);
    memset(trial->found, 0, life->oracle.now.count + 1);
    engine_each(trial->scratch.engine, mark_message, trial);
    engine_each_chunk(trial->scratch.engine, mark_chunk, trial);
    for (size_t i = 0; i < life->oracle.now.count; i++) {
        const struct oracle_message *m = &life->oracle.now.live[i];
        if (trial->found[i] || trial->hidden[m->topic] || m->end > life->at_least || was_purged(trial, m))
            continue;
        /* Behind damage that nothing shows to have been durable the log ends, as at a torn tail. */
        bool kept = m->end <= trial->proven || oracle_stands_with(&life->oracle, m) <= trial->low;
        if (kept && !is_touched(trial, m->lsn, m->end))
            life_fail(life, "message %" PRIu64 " at %" PRIx64 " is lost, and is not damaged", m->id, m->lsn);
    }
}

/* What is not damaged is found by its id; of the rest it is said that it cannot be read, or is not there. */
static void find_all(struct trial *trial)
{
    struct life *life = trial->life;
    struct log *log = trial->scratch.log;

    for (size_t i = 0; i < life->oracle.now.count; i++) {
        const struct oracle_message *m = &life->oracle.now.live[i];
        uint64_t lsn = 0;
        int rc = 0;
        if (!trial->found[i])
            continue;
        for (int rounds = READ_ROUNDS; rc == 0 && rounds > 0; rounds--) {
            (void)log_poll(log);
            rc = m->moved && (lsn = engine_moved(trial->scratch.engine, m->id)) > 0 ? 1 : log_find(log, m->id, &lsn);
            log_publish(log);
            (void)log_step_scout(log);
        }
        bool touched = is_touched(trial, m->lsn, m->end);
        if (rc == 1 ? lsn != m->lsn : rc == 0 || !touched)
            life_fail(life, "message %" PRIu64 " at %" PRIx64 " is found at %" PRIx64 ": %d", m->id, m->lsn, lsn, rc);
    }
}

/* What stands at a damaged place is refused, or it is the message. */
static void read_all(struct trial *trial)
{
    struct life *life = trial->life;
    struct log *log = trial->scratch.log;
    struct record rec;

    for (size_t i = 0; i < life->oracle.now.count; i++) {
        const struct oracle_message *m = &life->oracle.now.live[i];
        struct payload_push push;
        int rc = 0;
        if (!trial->found[i] || !is_touched(trial, m->lsn, m->end))
            continue;
        for (int rounds = READ_ROUNDS; rc == 0 && rounds > 0; rounds--) {
            (void)log_poll(log);
            rc = log_read(log, m->lsn, &rec);
            log_publish(log);
            (void)log_step_reader(log);
        }
        if (rc != 1 && rc != GMQ_E_UNREADABLE)
            life_fail(life, "a damaged message is answered with %d", rc);
        if (rc == 1 && (rec.type != RECORD_PUSH || !payload_get_push(rec.payload, &push) || push.id != m->id ||
                        workload_hash(push.body) != m->body_hash))
            life_fail(life, "message %" PRIu64 " is read as another one", m->id);
    }
}

/* ---- the verdict ------------------------------------------------------------------------------------------------- */

static void judge(struct trial *trial)
{
    struct life *life = trial->life;
    const struct log_report *report = &trial->scratch.report;
    bool told = report->damaged_bytes > 0 || report->lost_ranges > 0 || report->note[0] != '\0';
    uint64_t digest = engine_digest(trial->scratch.engine);

    engine_check(trial->scratch.engine);
    life_say(life, "   a damaged copy: %s", told ? report->note : "nothing is reported");
    if (!told && !oracle_could_be(&life->oracle, digest, life->at_least, trial->low))
        life_fail(life, "of a damaged disk comes what never was, and nothing is reported");
    (void)engine_mend(trial->scratch.engine);
    if (told)
        look_for_all(trial);
    if (told && log_start(trial->scratch.log) == 0) {
        read_all(trial);
        find_all(trial);
    }
    free(trial->found);
}

/* A start that was refused says why and has changed nothing. */
static void start_again(struct trial *trial)
{
    struct life *life = trial->life;

    life_say(life, "   a damaged copy does not open: %s", trial->scratch.error);
    if (trial->scratch.error[0] == '\0')
        life_fail(life, "a damaged disk is refused without a word");
    scratch_close(&trial->scratch);
    simdisk_kill(trial->disk);
    simdisk_heal(trial->disk);
    if (scratch_open(&trial->scratch, life, trial->disk) < 0)
        life_fail(life, "does not open after the damage is gone: %s", trial->scratch.error);
    if (trial->scratch.report.note[0] != '\0' ||
        !oracle_could_be(&life->oracle, engine_digest(trial->scratch.engine), life->at_least, UINT64_MAX))
        life_fail(life, "a start that was refused has lost something: %s", trial->scratch.report.note);
}

static void see_compacted(void *ctx, const char *path, uint64_t bytes)
{
    (void)bytes;
    *(bool *)ctx = *(bool *)ctx || strchr(path, '-');
}

void decay_try(struct life *life)
{
    bool compacted = false;
    struct trial trial = {.life = life};
    struct rng *rng = &life->rng;
    struct check check;

    simdisk_each(life->disk, see_compacted, &compacted); /* what stands where is not known here then */
    if (!life->decays || life->limited || compacted || !rng_chance(rng, life->decayed ? 700 : 400))
        return;
    trial.disk = simdisk_copy_cache(life->disk);
    ENSURE(trial.disk);
    for (uint64_t n = rng_below(rng, 4); n > 0; n--)
        strike(life, trial.disk);
    trial.reads_fail = rng_chance(rng, 250);
    learn_damage(&trial);
    enum check_verdict verdict = check_run(&check, simdisk_disk(trial.disk), life->log_options.dir, false);
    life_say(life, "   a check of a damaged copy: %d", (int)verdict);
    check_free(&check);
    simdisk_kill(trial.disk);
    if (trial.reads_fail)
        simdisk_fail(trial.disk, SIMDISK_PREAD, rng_below(rng, 12), EIO, rng_chance(rng, 300));
    int rc = scratch_open(&trial.scratch, life, trial.disk);
    if (rc == 0)
        judge(&trial);
    else
        start_again(&trial);
    scratch_close(&trial.scratch);
    simdisk_free(trial.disk);
}
