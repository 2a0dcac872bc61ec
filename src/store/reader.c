/* reader.c - see reader.h. SPDX-License-Identifier: MIT */
#include "store/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/err.h"
#include "store/format.h"
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
    uint64_t at = SEGMENT_HEADER_BYTES + (first->lsn - first->base);
    int64_t n = reader->disk->pread(reader->disk->ctx, file, to, bytes, at);

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

/* How many of the `count` fetches, ascending, one block can serve. */
static size_t block_count(struct fetch *const *fetches, size_t count)
{
    size_t n = 1;

    while (n < count && fetches[n]->base == fetches[0]->base &&
           fetches[n]->lsn - fetches[n - 1]->lsn <= GAP_BYTES &&
           fetches[n]->lsn - fetches[0]->lsn <= READER_BLOCK_BYTES - FIRST_BYTES)
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
    uint64_t from = fetches[0]->lsn;
    int64_t have = file < 0 ? -1
                            : read_at(reader, file, fetches[0], reader->block,
                                      fetches[count - 1]->lsn - from + FIRST_BYTES);

    if (file >= 0 && have < 0) {
        read_singly(reader, file, fetches, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        uint64_t skip = fetches[i]->lsn - from;
        size_t left = have > 0 && (uint64_t)have > skip ? (size_t)((uint64_t)have - skip) : 0;
        if (have < 0 || left == 0)
            settle(reader, fetches[i], NULL, 0);
        else
            take(reader, file, fetches[i], reader->block + skip, left);
    }
}

static int open_segment(struct reader *reader, uint64_t base)
{
    struct path path = path_segment(reader->dir, base);

    return reader->disk->open(reader->disk->ctx, path.text, DISK_READ);
}

static void read_all(struct reader *reader, struct fetch **fetches, size_t count)
{
    size_t held = 0;
    int file = -1;

    for (size_t i = 0, n; i < count; i += n) {
        if (i == 0 || fetches[i]->base != fetches[i - 1]->base) {
            if (file >= 0)
                reader->disk->close(reader->disk->ctx, file);
            file = held < reader->budget ? open_segment(reader, fetches[i]->base) : -1;
        }
        n = block_count(fetches + i, count - i);
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
