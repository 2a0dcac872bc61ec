/* reader.c - see reader.h. SPDX-License-Identifier: MIT */
#include "store/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "store/format.h"
#include "store/pack.h"
#include "store/paths.h"

enum {
    FIRST_BYTES = 4096, /* read for the last record of a block: most are smaller */
    GAP_BYTES = 16384,  /* farther neighbours are read on their own */
    QUEUE_LEN = 2 * READER_BATCH,
};

bool reader_init(struct reader *reader)
{
    reader->block = malloc(READER_BLOCK_BYTES);
    return reader->block && chan_init(&reader->requests, sizeof(struct fetch *), QUEUE_LEN) &&
           chan_init(&reader->replies, sizeof(struct fetch *), QUEUE_LEN);
}

void reader_fini(struct reader *reader)
{
    free(reader->block);
    reader->block = NULL;
    lookups_free(&reader->lookups);
    chan_free(&reader->requests);
    chan_free(&reader->replies);
}

static int by_lsn(const void *a, const void *b)
{
    uint64_t x = (*(struct fetch *const *)a)->lsn, y = (*(struct fetch *const *)b)->lsn;

    return x < y ? -1 : x > y;
}

static int64_t read_at(struct reader *reader, int file, const struct fetch *first, void *to, size_t bytes)
{
    int64_t n = reader->disk->pread(reader->disk->ctx, file, to, bytes, first->at);

    atomic_fetch_add(&reader->reads, 1);
    atomic_fetch_add(&reader->read_bytes, n > 0 ? (uint64_t)n : 0);
    return n;
}

static void settle(struct reader *reader, struct fetch *fetch, char *bytes, size_t byte_count)
{
    bool good = bytes && record_read(bytes, byte_count, fetch->lsn, &fetch->rec) == RECORD_OK &&
                record_is_tracked(fetch->rec.type);

    fetch->result = good ? 0 : GMQ_E_UNREADABLE;
    fetch->bytes = good ? bytes : NULL;
    fetch->byte_count = good ? byte_count : 0;
    if (!good) {
        free(bytes);
        atomic_fetch_add(&reader->faults, 1);
    }
}

/* The record begins in the `have` bytes at `at`; what is missing of it is read. */
static void take(struct reader *reader, int file, struct fetch *fetch, const char *at, size_t have)
{
    char *bytes = NULL;
    size_t len = have >= RECORD_HEADER_BYTES && get_le64(at + 8) == fetch->lsn ? get_le32(at + 4) : 0;

    if (len >= RECORD_HEADER_BYTES && len <= RECORD_BYTES_MAX)
        bytes = malloc(len);
    if (bytes && len <= have)
        memcpy(bytes, at, len);
    else if (bytes && read_at(reader, file, fetch, bytes, len) != (int64_t)len)
        len = 0;
    settle(reader, fetch, bytes, len);
}

static bool same_file(const struct fetch *a, const struct fetch *b)
{
    return a->name.base == b->name.base && a->name.generation == b->name.generation;
}

/* How many of the `count` fetches, ascending and of one file, one block can serve. */
static size_t block_count(struct fetch *const *fetches, size_t count)
{
    size_t n = 1;

    while (n < count && fetches[n]->at - fetches[n - 1]->at <= GAP_BYTES &&
           fetches[n]->at - fetches[0]->at <= READER_BLOCK_BYTES - FIRST_BYTES)
        n++;
    return n;
}

/* Each on its own: a block that cannot be read as a whole may hold sound records. */
static void read_singly(struct reader *reader, int file, struct fetch **fetches, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int64_t have = read_at(reader, file, fetches[i], reader->block, RECORD_HEADER_BYTES);
        if (have == RECORD_HEADER_BYTES)
            take(reader, file, fetches[i], reader->block, (size_t)have);
        else
            settle(reader, fetches[i], NULL, 0);
    }
}

static void read_block(struct reader *reader, int file, struct fetch **fetches, size_t count)
{
    uint64_t from = fetches[0]->at;
    int64_t have =
        read_at(reader, file, fetches[0], reader->block, fetches[count - 1]->at - from + FIRST_BYTES);

    if (have < 0) {
        read_singly(reader, file, fetches, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t skip = fetches[i]->at - from;
        if ((uint64_t)have <= skip)
            settle(reader, fetches[i], NULL, 0);
        else
            take(reader, file, fetches[i], reader->block + skip, (size_t)((uint64_t)have - skip));
    }
}

/* The directory is damaged: the whole file is searched. Slow, but the record may be sound. */
static bool search(struct reader *reader, struct fetch *fetch)
{
    struct pack pack;
    struct record rec;

    if (pack_open(&pack, reader->disk, reader->dir, &fetch->name) < 0)
        return false;
    bool found = pack_find(&pack, fetch->lsn, &rec);
    if (found)
        fetch->at = pack_offset(&pack, pack_index(&pack, fetch->lsn));
    pack_close(&pack);
    return found;
}

static bool place(struct reader *reader, int file, struct fetch *fetch)
{
    fetch->at = SEGMENT_HEADER_BYTES + (fetch->lsn - fetch->name.base);
    if (fetch->name.generation == 0)
        return true;
    int found = lookup(&reader->lookups, reader->disk, file, &fetch->name, fetch->lsn, &fetch->at);
    return found > 0 || (found < 0 && search(reader, fetch));
}

/* Finds where the records stand in the file; those that are not there are settled. Returns how many are left. */
static size_t place_all(struct reader *reader, int file, struct fetch **fetches, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        struct fetch *fetch = fetches[i];
        if (!place(reader, file, fetch)) {
            settle(reader, fetch, NULL, 0);
            continue;
        }
        fetches[i] = fetches[kept];
        fetches[kept++] = fetch;
    }
    return kept;
}

/* All of one file. Returns the bytes that they hold now. */
static size_t read_file(struct reader *reader, struct fetch **fetches, size_t count, size_t held)
{
    struct path path = path_named(reader->dir, &fetches[0]->name);
    int file = reader->disk->open(reader->disk->ctx, path.text, DISK_READ);
    size_t kept = file < 0 ? 0 : place_all(reader, file, fetches, count), before = held;

    for (size_t i = 0; file < 0 && i < count; i++) {
        if (file == -ENOENT)
            fetches[i]->result = FETCH_GONE;
        else
            settle(reader, fetches[i], NULL, 0);
    }
    for (size_t i = 0, n; i < kept; i += n) {
        n = block_count(fetches + i, kept - i);
        if (held < reader->budget)
            read_block(reader, file, fetches + i, n);
        else
            for (size_t k = 0; k < n; k++)
                fetches[i + k]->result = FETCH_DEFERRED;
        for (size_t k = 0; k < n; k++)
            held += fetches[i + k]->byte_count;
    }
    if (file >= 0)
        reader->disk->close(reader->disk->ctx, file);
    return held - before;
}

static void read_all(struct reader *reader, struct fetch **fetches, size_t count)
{
    size_t held = 0;

    for (size_t i = 0, n; i < count; i += n) {
        n = 1;
        while (i + n < count && same_file(fetches[i], fetches[i + n]))
            n++;
        if (held < reader->budget)
            held += read_file(reader, fetches + i, n, held);
        else
            for (size_t k = 0; k < n; k++)
                fetches[i + k]->result = FETCH_DEFERRED;
    }
}

bool reader_step(struct reader *reader)
{
    struct fetch *fetches[READER_BATCH];
    size_t count = 0;

    /* The loop has not taken the last ones: what it holds is bounded. */
    if (!chan_empty(&reader->replies))
        return false;
    while (count < READER_BATCH && chan_take(&reader->requests, &fetches[count])) {
        fetches[count]->byte_count = 0;
        fetches[count]->bytes = NULL;
        count++;
    }
    if (count == 0)
        return false;
    qsort(fetches, count, sizeof(fetches[0]), by_lsn);
    read_all(reader, fetches, count);
    for (size_t i = 0; i < count; i++)
        chan_push(&reader->replies, &fetches[i]);
    reader->wake(reader->wake_ctx);
    return true;
}

void *reader_main(void *arg)
{
    struct reader *reader = arg;

    while (!atomic_load(&reader->end)) {
        if (reader_step(reader))
            continue;
        bell_arm(&reader->bell);
        if (atomic_load(&reader->end) || (!chan_empty(&reader->requests) && chan_empty(&reader->replies)))
            continue;
        bell_wait(&reader->bell, BELL_FOREVER);
    }
    return NULL;
}
