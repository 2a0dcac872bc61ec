/*
 * torn_tail.c - a log of 1 MiB, damaged at every single byte, and what recovery makes of it
 *
 *   torn_tail [--short] [--part K/N] [--jobs N]      ends with `N passed, N failed`
 *
 * What   A log with records of all sizes, groups, and batches that were synced is written through the store to a
 *        simulated disk. Then, for each byte of its file: the file is cut there, 64 bytes are zeroed from there, one
 *        bit is flipped there. The store recovers; one time in eight it appends, is killed, and recovers again.
 * Holds  It never fails. What stands before the damage is there. What stands behind it is there, too, when a later
 *        BATCH says that the damaged place had been durable (store/README.md, Recovery 3); else the log ends there,
 *        at the border of a group. Exactly that, in order, both times; damage is reported, a torn tail is not.
 *        A header that claims a newer format is refused first, with nothing changed, and recovers as damage after that.
 * Part   --part K/N takes every Nth place from the Kth on, so that the whole can be done in N pieces.
 * Short  Every 775th byte, those of the header, and the bytes at the borders of every fifth record.
 *
 * SPDX-License-Identifier: MIT
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/num.h"
#include "sim/simdisk.h"
#include "store/format.h"
#include "store/log.h"

enum {
    LOG_BYTES = 1024 * 1024,
    TAIL_BYTES = 8192, /* of zeros, kept behind the log */
    ZERO_BYTES = 64,
    SHORT_STEP = 775,
    SHORT_RECORDS = 5,
    ITEMS_MAX = 32768,
    ID_LAST = 1000000, /* appended after the first recovery */
    JOBS_MAX = 64,
    FAILURES_SHOWN = 10,
    VERSION_AT = 8, /* in the header of a segment: u16 */
    HEADER_FIELDS_BYTES = 64,
};

static const char dir[] = "/data";
static const char segment[] = "/data/log/0000000000001000.seg";

/* Made ahead, and only slow to copy. */
static const char *const others[] = {"/data/log/next.tmp", "/data/log/reserve.tmp", "/data/log/reserve2.tmp",
                                     "/data/ckpt/reserve.tmp"};

enum damage { DAMAGE_CUT, DAMAGE_ZERO, DAMAGE_FLIP, DAMAGES };
static const char *const NAMES[] = {"cut", "zero", "flip"};

/* A record of the log, in order. */
struct item {
    uint64_t lsn, len, durable; /* durable: what a BATCH says, else 0 */
    uint64_t id;                /* of a PUSH, else 0 */
    size_t group;               /* index of the first record of its group */
};

struct owner {
    uint64_t ids[ITEMS_MAX];
    size_t count;
    char refusal[256];
};

struct model {
    struct item items[ITEMS_MAX];
    size_t count;
    uint64_t end;    /* LSN behind the last record */
    uint64_t random; /* state */
    char *bytes;     /* of the file */
    uint64_t file_bytes;
};

static struct model model;
static struct owner owner, expected;

/* ---- the owner of the log ---------------------------------------------------------------------------------------- */

static uint64_t no_clock(void *ctx)
{
    (void)ctx;
    return 0;
}

static void reset(void *ctx) { ((struct owner *)ctx)->count = 0; }

static int load(void *ctx, const void *image, size_t bytes)
{
    (void)ctx;
    (void)image;
    (void)bytes;
    return 0;
}

static void apply(void *ctx, const struct record *rec)
{
    struct owner *to = ctx;

    if (rec->type == RECORD_PUSH && to->count < ITEMS_MAX)
        to->ids[to->count++] = get_le64(rec->payload.ptr);
}

static struct log *open_log(struct simdisk *sim, uint64_t segment_bytes, bool repair, struct log_report *ret_report)
{
    struct log_options options = {.disk = simdisk_disk(sim), .dir = dir, .ring_bytes = 1 << 20,
                                  .read_cache_bytes = 1 << 20, .segment_bytes = segment_bytes,
                                  .record_bytes_max = 1 << 18, .sync = LOG_SYNC_ALWAYS,
                                  .uuid = {1, 2, 3}, .now_ms = 1700000000000, .repair = repair, .clock_ns = no_clock};
    struct log_hooks hooks = {.ctx = &owner, .reset = reset, .load = load, .apply = apply};
    char error[256];
    struct log *log = log_new(&options);

    ENSURE(log);
    owner.count = 0;
    if (log_recover(log, &hooks, ret_report, error, sizeof(error)) == 0 && log_start(log) == 0)
        return log;
    (void)snprintf(owner.refusal, sizeof(owner.refusal), "%s", error);
    log_free(log);
    return NULL;
}

static void work(struct log *log)
{
    do {
        (void)log_poll(log);
        log_publish(log);
    } while (log_step_writer(log) || log_step_janitor(log));
    (void)log_poll(log);
}

static void append(struct log *log, uint64_t id, size_t body_bytes, bool more)
{
    struct record rec;
    char *to = log_begin(log, RECORD_PUSH, more ? RECORD_F_MORE : 0, 0, 1, 8 + body_bytes);

    put_le64(to, id);
    memset(to + 8, (int)(id % 251 + 1), body_bytes);
    (void)log_end(log, &rec);
}

static void make_durable(struct log *log)
{
    log_need_durable(log);
    work(log);
}

/* ---- the log ----------------------------------------------------------------------------------------------------- */

static uint64_t chance(uint64_t limit)
{
    model.random = model.random * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (model.random >> 33) % limit;
}

static void write_group(struct log *log, uint64_t *id)
{
    size_t count = chance(4) ? 1 : 2 + chance(6), bodies[8], bytes = 0;

    for (size_t i = 0; i < count; i++) {
        bodies[i] = chance(60) ? chance(300) : chance(20000);
        bytes += record_stride(RECORD_PUSH, 8 + bodies[i]);
    }
    while (log_room(log, bytes, false) != 0)
        make_durable(log);
    if (count > 1)
        log_group(log, bytes);
    for (size_t i = 0; i < count; i++)
        append(log, ++*id, bodies[i], i + 1 < count);
}

/* Reads the file back as a list of records. */
static void learn(void)
{
    struct record rec;
    struct batch batch;
    uint64_t lsn = LSN_FIRST;
    bool more = false;

    for (;;) {
        uint64_t at = SEGMENT_HEADER_BYTES + lsn - LSN_FIRST;
        if (at >= model.file_bytes || record_read(model.bytes + at, model.file_bytes - at, lsn, &rec) != RECORD_OK)
            break;
        ENSURE(model.count < ITEMS_MAX);
        struct item *item = &model.items[model.count];
        *item = (struct item){.lsn = lsn, .len = RECORD_HEADER_BYTES + rec.payload.len, .group = model.count};
        if (more)
            item->group = item[-1].group;
        if (rec.type == RECORD_PUSH)
            item->id = get_le64(rec.payload.ptr);
        if (batch_decode(&rec, &batch))
            item->durable = batch.durable;
        more = (rec.flags & RECORD_F_MORE) != 0;
        lsn += record_stride(rec.type, rec.payload.len);
        model.count++;
    }
    model.end = lsn;
}

static struct simdisk *make_log(void)
{
    struct simdisk *sim = simdisk_new(1);
    struct log_report report;
    struct log_stats stats;
    uint64_t id = 0;

    ENSURE(sim);
    struct log *log = open_log(sim, 4 << 20, false, &report);
    ENSURE(log);
    do {
        write_group(log, &id);
        if (chance(8) == 0)
            make_durable(log);
        else if (chance(4) == 0)
            log_publish(log);
        log_stats(log, &stats);
    } while (stats.tail_lsn < LSN_FIRST + LOG_BYTES);
    make_durable(log);
    log_free(log);
    simdisk_kill(sim);
    model.bytes = simdisk_file(sim, segment, &model.file_bytes);
    ENSURE(model.bytes);
    learn();
    ENSURE(model.end >= LSN_FIRST + LOG_BYTES);
    model.file_bytes = SEGMENT_HEADER_BYTES + model.end - LSN_FIRST + TAIL_BYTES;
    ENSURE(simdisk_cut_file(sim, segment, model.file_bytes));
    model.bytes = simdisk_file(sim, segment, &model.file_bytes);
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        ENSURE(simdisk_remove_file(sim, others[i]));
    return sim;
}

/* ---- what must come back ----------------------------------------------------------------------------------------- */

/* Do the bytes [from, to) of the file, as they will be, differ within [begin, end)? */
static bool is_hit(enum damage damage, uint64_t begin, uint64_t end, uint64_t from, uint64_t to)
{
    uint64_t low = max_u64(begin, from), high = min_u64(end, to);

    if (low >= high)
        return false;
    if (damage != DAMAGE_ZERO)
        return true;
    for (uint64_t i = low; i < high; i++)
        if (model.bytes[i] != 0)
            return true;
    return false;
}

/* Fills `expected` for a damage to [from, to) of the file. True when it is to be reported as damage. */
static bool expect(enum damage damage, uint64_t from, uint64_t to)
{
    size_t first = model.count, last = 0;
    uint64_t vouched = 0;

    for (size_t i = 0; i < model.count; i++) {
        uint64_t begin = model.items[i].lsn - LSN_FIRST + SEGMENT_HEADER_BYTES;
        if (is_hit(damage, begin, begin + model.items[i].len, from, to)) {
            first = first == model.count ? i : first;
            last = i;
        } else if (first < model.count) {
            vouched = max_u64(vouched, model.items[i].durable);
        }
    }
    bool damaged = first < model.count && model.items[first].lsn < vouched;
    size_t end = first == model.count || damaged ? model.count : model.items[first].group;
    expected.count = 0;
    for (size_t i = 0; i < end; i++)
        if (model.items[i].id != 0 && !(damaged && i >= first && i <= last))
            expected.ids[expected.count++] = model.items[i].id;
    return damaged;
}

static bool is_expected(void)
{
    return owner.count == expected.count &&
           memcmp(owner.ids, expected.ids, owner.count * sizeof(owner.ids[0])) == 0;
}

/* ---- one try ----------------------------------------------------------------------------------------------------- */

/* A header that claims a newer format is believed, until somebody says that it is damaged. */
static bool refuses_what_is_newer(struct simdisk *sim)
{
    struct log_report report;
    struct log *log = open_log(sim, 1 << 20, false, &report);

    log_free(log);
    return !log && strstr(owner.refusal, "gnode --repair") != NULL;
}

static bool recovers(struct simdisk *sim, bool newer, bool damaged, bool twice)
{
    struct log_report report;

    if (newer && !refuses_what_is_newer(sim))
        return false;
    struct log *log = open_log(sim, 1 << 20, newer, &report);
    if (!log)
        return false;
    bool good = is_expected() && (report.damaged_bytes > 0) == damaged && report.lost_ranges == 0;
    if (!twice) {
        log_free(log);
        return good;
    }
    if (good && log_room(log, record_stride(RECORD_PUSH, 8), false) == 0) {
        append(log, ID_LAST, 0, false);
        make_durable(log);
        expected.ids[expected.count++] = ID_LAST;
    }
    log_free(log);
    simdisk_kill(sim);
    log = good ? open_log(sim, 1 << 20, newer, &report) : NULL;
    good = log && is_expected() && report.lost_ranges == 0;
    log_free(log);
    return good;
}

/* Does the header claim a newer format after one bit was flipped? */
static bool is_newer(enum damage damage, uint64_t at)
{
    if (damage != DAMAGE_FLIP || at < VERSION_AT || at >= VERSION_AT + 2)
        return false;
    return (get_le16(model.bytes + VERSION_AT) ^ 1u << at % 8 << 8 * (at - VERSION_AT)) > FORMAT_VERSION;
}

static bool try_one(const struct simdisk *made, struct simdisk *sim, enum damage damage, uint64_t at)
{
    uint64_t to = damage == DAMAGE_CUT ? model.file_bytes : at + (damage == DAMAGE_ZERO ? ZERO_BYTES : 1);

    simdisk_rewind(sim, made);
    to = min_u64(to, model.file_bytes);
    char *bytes = simdisk_change(sim, segment, at, to - at);
    ENSURE(bytes);
    if (damage == DAMAGE_CUT)
        ENSURE(simdisk_cut_file(sim, segment, at));
    else if (damage == DAMAGE_ZERO)
        memset(bytes, 0, to - at);
    else
        *bytes = (char)(*bytes ^ (1 << at % 8));
    return recovers(sim, is_newer(damage, at), expect(damage, at, to), at % 8 == 1);
}

/* ---- all of them ------------------------------------------------------------------------------------------------- */

/* Where to strike: offsets in the file. Returns how many. */
static size_t places(bool sample, uint64_t *to)
{
    uint64_t end = SEGMENT_HEADER_BYTES + model.end - LSN_FIRST;
    size_t count = 0, kept = 0;

    for (uint64_t at = 0; at < end; at += sample ? SHORT_STEP : 1)
        to[count++] = at;
    for (uint64_t at = 0; sample && at < HEADER_FIELDS_BYTES; at++)
        to[count++] = at;
    for (size_t i = 0; sample && i < model.count; i += SHORT_RECORDS) {
        uint64_t begin = model.items[i].lsn - LSN_FIRST + SEGMENT_HEADER_BYTES;
        to[count++] = begin;
        to[count++] = begin - 1;
        to[count++] = begin + model.items[i].len - 1;
    }
    qsort(to, count, sizeof(to[0]), num_compare_u64);
    for (size_t i = 0; i < count; i++)
        if (i == 0 || to[i] != to[i - 1])
            to[kept++] = to[i];
    return kept;
}

/* Every `jobs`th place from the `job`th on; the counts go to the pipe. */
static void run_job(const struct simdisk *made, const uint64_t *at, size_t count, size_t job, size_t jobs, int pipe)
{
    uint64_t counts[2] = {0, 0};
    struct simdisk *sim = simdisk_copy_cache(made);

    ENSURE(sim);
    for (size_t i = job; i < count; i += jobs) {
        for (int damage = 0; damage < DAMAGES; damage++) {
            bool good = try_one(made, sim, (enum damage)damage, at[i]);
            counts[good ? 0 : 1]++;
            if (!good && counts[1] <= FAILURES_SHOWN)
                printf("FAIL  torn-tail: %s at byte %" PRIu64 " of the file: %zu messages, expected %zu\n",
                       NAMES[damage], at[i], owner.count, expected.count);
        }
    }
    simdisk_free(sim);
    (void)fflush(stdout);
    _exit(write(pipe, counts, sizeof(counts)) == sizeof(counts) ? 0 : 1);
}

static int run(const struct simdisk *made, const uint64_t *at, size_t count, size_t jobs)
{
    uint64_t passed = 0, failed = 0, counts[2];
    int ends[2];

    ENSURE(pipe(ends) == 0);
    for (size_t job = 0; job < jobs; job++)
        if (fork() == 0)
            run_job(made, at, count, job, jobs, ends[1]);
    for (size_t job = 0; job < jobs; job++) {
        int status = 0;
        if (wait(&status) < 0 || status != 0) { /* a crash is a failure, too */
            failed++;
            printf("FAIL  torn-tail: recovery ended with status %d\n", status);
            continue;
        }
        if (read(ends[0], counts, sizeof(counts)) == sizeof(counts)) {
            passed += counts[0];
            failed += counts[1];
        }
    }
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", passed, failed);
    return failed > 0 || passed == 0;
}

/* "2/8" */
static bool read_part(const char *text, uint64_t *ret_part, uint64_t *ret_parts)
{
    const char *slash = strchr(text, '/');

    return slash && num_parse_u64(slice_of(text, (size_t)(slash - text)), ret_part) &&
           num_parse_u64(slice_str(slash + 1), ret_parts) && *ret_part >= 1 && *ret_part <= *ret_parts;
}

/* Keeps every `parts`th place. */
static size_t take_part(uint64_t *at, size_t count, uint64_t part, uint64_t parts)
{
    size_t kept = 0;

    for (size_t i = part - 1; i < count; i += parts)
        at[kept++] = at[i];
    return kept;
}

int main(int argc, char **argv)
{
    bool sample = false;
    uint64_t jobs = (uint64_t)sysconf(_SC_NPROCESSORS_ONLN), part = 1, parts = 1;

    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--short") == 0)
            sample = true;
        else if (strcmp(argv[i], "--jobs") == 0 && more && num_parse_u64(slice_str(argv[i + 1]), &jobs))
            i++;
        else if (strcmp(argv[i], "--part") == 0 && more && read_part(argv[i + 1], &part, &parts))
            i++;
        else
            return 2;
    }
    model.random = 42;
    struct simdisk *made = make_log();
    uint64_t *at = calloc(model.file_bytes + 3 * ITEMS_MAX, sizeof(*at));
    ENSURE(at);
    size_t count = take_part(at, places(sample, at), part, parts);
    printf("torn-tail: %zu records in %" PRIu64 " bytes, %zu places, each cut, zeroed and flipped\n", model.count,
           model.end - LSN_FIRST, count);
    (void)fflush(stdout);
    int rc = run(made, at, count, (size_t)min_u64(max_u64(jobs, 1), JOBS_MAX));
    free(at);
    simdisk_free(made);
    return rc;
}
