/* scratch.c - see scratch.h. SPDX-License-Identifier: MIT */
#include "sim/scratch.h"

#include "store/format.h"

#include <stdlib.h>
#include <string.h>

static void on_dead(void *ctx, uint64_t lsn) { log_dead(((struct scratch *)ctx)->log, lsn); }
static void on_dead_queue(void *ctx, uint64_t lsn) { log_dead_queue(((struct scratch *)ctx)->log, lsn); }
static void on_reset(void *ctx) { engine_reset(((struct scratch *)ctx)->engine); }
static void on_wake(void *ctx) { (void)ctx; }

static int on_load(void *ctx, const void *image, size_t bytes)
{
    return engine_load(((struct scratch *)ctx)->engine, image, bytes);
}

static void on_apply(void *ctx, const struct record *rec) { engine_apply(((struct scratch *)ctx)->engine, rec); }

static uint64_t last_key(void *ctx) { return engine_last_id(((struct scratch *)ctx)->engine); }

int scratch_open(struct scratch *scratch, const struct life *life, struct simdisk *disk)
{
    struct engine_hooks engine_hooks = {.ctx = scratch, .dead = on_dead, .dead_queue = on_dead_queue};
    struct log_hooks hooks = {.ctx = scratch, .reset = on_reset, .load = on_load, .apply = on_apply, .wake = on_wake,
                              .key_of = payload_new_id, .last_key = last_key};
    struct log_options options = life->log_options;

    *scratch = (struct scratch){.engine = engine_new(&engine_hooks)};
    options.disk = simdisk_disk(disk);
    scratch->log = log_new(&options);
    ENSURE(scratch->log);
    return log_recover(scratch->log, &hooks, &scratch->report, scratch->error, sizeof(scratch->error));
}

void scratch_close(struct scratch *scratch)
{
    log_free(scratch->log);
    engine_free(scratch->engine);
}

/* ---- segments ---------------------------------------------------------------------------------------------------- */

bool segment_base(const char *path, uint64_t *ret)
{
    const char *name = strrchr(path, '/');
    char *end = NULL;

    *ret = name ? strtoull(name + 1, &end, 16) : 0;
    return end && strcmp(end, ".seg") == 0;
}

static void add_shelf(void *ctx, const char *path, uint64_t bytes)
{
    struct shelves *all = ctx;
    uint64_t base;

    if (!segment_base(path, &base))
        return;
    ENSURE(all->count < SHELVES_MAX);
    all->at[all->count++] = (struct board){base, bytes, simdisk_file(all->disk, path, &bytes)};
}

void shelves_list(struct shelves *all, struct simdisk *disk)
{
    all->disk = disk;
    all->count = 0;
    simdisk_each(disk, add_shelf, all);
}

bool shelves_read(const struct shelves *all, uint64_t lsn, struct record *ret)
{
    const struct board *best = NULL;

    for (size_t i = 0; i < all->count; i++)
        if (all->at[i].base <= lsn && (!best || all->at[i].base > best->base))
            best = &all->at[i];
    uint64_t at = best ? SEGMENT_HEADER_BYTES + (lsn - best->base) : 0;
    return best && at < best->bytes && record_read(best->file + at, best->bytes - at, lsn, ret) == RECORD_OK;
}
