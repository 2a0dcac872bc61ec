/*
 * check_fuzz.c - arbitrary bytes as a segment and a checkpoint of a directory that is checked
 *
 * Input: u8 flags, u16 bytes of the segment, segment, checkpoint. A directory of these two files and a second,
 * sound segment is put together in memory. flags 1: the headers are put right; 2: the records' CRCs and addresses
 * too, one behind the other; 4: the checkpoint's CRCs; 8: there is no checkpoint; 16: the segment is a compacted one,
 * with a directory of its records if there is 2. So it sees broken files as
 * well as sound ones with any contents. It must come to a verdict, whatever they are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include "base/bytes.h"
#include "base/crc32c.h"
#include "gnode/check.h"
#include "store/paths.h"

#include <errno.h>
#include <stdio.h>

enum {
    HEADERS = 1, RECORDS = 2, CHECKPOINT = 4, NO_CHECKPOINT = 8, COMPACTED = 16, FILES = 3, RECORD_BYTES_LIMIT = 60000,
    QUEUES = 3000, COMPACTED_END = LSN_FIRST + 65536 * 2,
};

struct file {
    char path[64];
    char *bytes;
    size_t len;
};

struct directory {
    struct file files[FILES];
    size_t count;
};

/* ---- a disk that holds it --------------------------------------------------------------------------------------- */

static int mem_open(void *ctx, const char *path, enum disk_open how)
{
    struct directory *dir = ctx;

    ENSURE(how == DISK_READ);
    for (size_t i = 0; i < dir->count; i++)
        if (strcmp(dir->files[i].path, path) == 0)
            return (int)i;
    return -ENOENT;
}

static void mem_close(void *ctx, int file) { (void)ctx, (void)file; }

static int64_t mem_pread(void *ctx, int file, void *to, size_t bytes, uint64_t at)
{
    const struct file *from = &((struct directory *)ctx)->files[file];

    if (at >= from->len)
        return 0;
    bytes = min_u64(bytes, from->len - at);
    memcpy(to, from->bytes + at, bytes);
    return (int64_t)bytes;
}

static int64_t mem_size(void *ctx, int file) { return (int64_t)((struct directory *)ctx)->files[file].len; }

static int mem_list(void *ctx, const char *path, void (*each)(void *arg, const char *name), void *arg)
{
    struct directory *dir = ctx;
    size_t len = strlen(path);

    for (size_t i = 0; i < dir->count; i++)
        if (strncmp(dir->files[i].path, path, len) == 0 && dir->files[i].path[len] == '/')
            each(arg, dir->files[i].path + len + 1);
    return 0;
}

static struct file *add(struct directory *dir, const struct path *path, const void *bytes, size_t len)
{
    struct file *file = &dir->files[dir->count++];

    (void)snprintf(file->path, sizeof(file->path), "%.63s", path->text);
    file->bytes = malloc(len + 1);
    ENSURE(file->bytes);
    memcpy(file->bytes, bytes, len);
    file->len = len;
    return file;
}

/* ---- putting right ---------------------------------------------------------------------------------------------- */

static void fix_records(struct file *seg, uint64_t base)
{
    for (size_t at = SEGMENT_HEADER_BYTES; at + RECORD_HEADER_BYTES <= seg->len;) {
        char *rec = seg->bytes + at;
        size_t left = seg->len - at;
        uint32_t len = RECORD_HEADER_BYTES + get_le32(rec + 4) % RECORD_BYTES_LIMIT;
        len = (uint32_t)min_u64(len, left);
        put_le32(rec + 4, len);
        put_le32(rec + 20, get_le32(rec + 20) % QUEUES); /* a far one costs a table up to there, no more */
        put_le64(rec + 8, base + at - SEGMENT_HEADER_BYTES);
        put_le32(rec, crc32c(0, rec + 4, len - 4));
        at += record_stride((uint8_t)rec[16], len - RECORD_HEADER_BYTES);
    }
}

/* Directory, index and trailer behind what fix_records() made. */
static void add_directory(struct file *seg, uint64_t base)
{
    uint32_t count = 0;
    size_t end = SEGMENT_HEADER_BYTES, room = seg->len / RECORD_HEADER_BYTES + 1;
    char *entries = malloc(room * DIRECTORY_ENTRY_BYTES), index[DIRECTORY_INDEX_BYTES * 64];

    ENSURE(entries);
    while (end + RECORD_HEADER_BYTES <= seg->len && count < 60 * DIRECTORY_BLOCK_ENTRIES) {
        const char *rec = seg->bytes + end;
        char *entry = entries + (size_t)count++ * DIRECTORY_ENTRY_BYTES;
        put_le32(entry, (uint32_t)((get_le64(rec + 8) - base) / RECORD_ALIGN));
        put_le32(entry + 4, (uint32_t)(end / RECORD_ALIGN));
        end += record_stride((uint8_t)rec[16], get_le32(rec + 4) - RECORD_HEADER_BYTES);
    }
    uint32_t blocks = directory_blocks(count);
    size_t entry_bytes = (size_t)count * DIRECTORY_ENTRY_BYTES, index_bytes = (size_t)blocks * DIRECTORY_INDEX_BYTES;
    for (uint32_t i = 0; i < blocks; i++) {
        const char *block = entries + (size_t)i * DIRECTORY_BLOCK_ENTRIES * DIRECTORY_ENTRY_BYTES;
        size_t left = entry_bytes - (size_t)(block - entries);
        memcpy(index + (size_t)i * DIRECTORY_INDEX_BYTES, block, 4);
        put_le32(index + (size_t)i * DIRECTORY_INDEX_BYTES + 4,
                 crc32c(0, block, min_u64(left, DIRECTORY_BLOCK_ENTRIES * DIRECTORY_ENTRY_BYTES)));
    }
    struct directory_trailer trailer = {.at = end, .count = count, .index_crc = crc32c(0, index, index_bytes)};
    seg->bytes = realloc(seg->bytes, max_u64(end, seg->len) + entry_bytes + index_bytes + DIRECTORY_TRAILER_BYTES);
    ENSURE(seg->bytes);
    if (end > seg->len)
        memset(seg->bytes + seg->len, 0, end - seg->len);
    if (entry_bytes > 0)
        memcpy(seg->bytes + end, entries, entry_bytes);
    memcpy(seg->bytes + end + entry_bytes, index, index_bytes);
    directory_trailer_encode(seg->bytes + end + entry_bytes + index_bytes, &trailer);
    seg->len = end + entry_bytes + index_bytes + DIRECTORY_TRAILER_BYTES;
    free(entries);
}

static void fix_segment(struct file *seg, uint64_t base, uint64_t prev_end, unsigned flags)
{
    struct segment_header header = {.base = base, .prev_end = prev_end, .epoch = 1};

    if (flags & COMPACTED) {
        header.compacted = true;
        header.end = COMPACTED_END;
        header.generation = 1;
    }

    if ((flags & HEADERS) && seg->len >= SEGMENT_HEADER_BYTES)
        segment_header_encode(seg->bytes, &header);
    if (flags & RECORDS)
        fix_records(seg, base);
    if ((flags & RECORDS) && (flags & COMPACTED) && seg->len >= SEGMENT_HEADER_BYTES)
        add_directory(seg, base);
}

static uint64_t fix_checkpoint(struct file *ckpt)
{
    size_t rest = ckpt->len - CHECKPOINT_HEADER_BYTES;
    struct checkpoint_header header = {
        .cut = (get_le64(ckpt->bytes + 16) % (1 << 17)) & ~UINT64_C(7),
        .epoch = 1,
        .segments = (uint32_t)min_u64(get_le32(ckpt->bytes + 44) % 4, rest / CHECKPOINT_SEGMENT_BYTES),
    };
    size_t table = (size_t)header.segments * CHECKPOINT_SEGMENT_BYTES;
    char *at = ckpt->bytes + CHECKPOINT_HEADER_BYTES;

    for (uint32_t i = 0; i < header.segments; i++) {
        char *dead = at + (size_t)i * CHECKPOINT_SEGMENT_BYTES + 76;
        put_le32(dead, get_le32(dead) % (uint32_t)(rest - table - header.dead_bytes + 1));
        header.dead_bytes += get_le32(dead);
    }
    header.image_bytes = rest - table - header.dead_bytes;
    header.table_crc = crc32c(0, at, table);
    header.dead_crc = crc32c(0, at + table, header.dead_bytes);
    header.image_crc = crc32c(0, at + table + header.dead_bytes, header.image_bytes);
    checkpoint_header_encode(ckpt->bytes, &header);
    return header.cut;
}

static void run(struct directory *dir)
{
    struct disk disk = {.ctx = dir, .open = mem_open, .close = mem_close, .pread = mem_pread, .size = mem_size,
                        .list = mem_list};
    struct check check;
    enum check_verdict verdict = check_run(&check, &disk, "d", true);

    ENSURE(verdict == CHECK_IMPOSSIBLE ? check.error[0] != '\0' : (check.damaged > 0) == (verdict == CHECK_DAMAGED));
    (void)fuzz_touch(buf_slice(&check.damage));
    (void)fuzz_touch(buf_slice(&check.plan));
    check_free(&check);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct directory dir = {.count = 0};
    char second[SEGMENT_HEADER_BYTES + BATCH_STRIDE] = {0}, first[SEGMENT_HEADER_BYTES + 65536];
    struct segment_name name = {.base = LSN_FIRST};

    if (size < 3)
        return 0;
    unsigned flags = data[0];
    if (flags & COMPACTED)
        name = (struct segment_name){.base = LSN_FIRST, .end = COMPACTED_END, .generation = 1};
    struct path path = path_named("d", &name);
    size_t body = min_u64(get_le16(data + 1), size - 3);
    bool whole = (flags & HEADERS) != 0; /* the input has no header then: it would be written over */
    size_t head = whole ? SEGMENT_HEADER_BYTES : 0;
    memset(first, 0, head);
    memcpy(first + head, data + 3, body);
    fix_segment(add(&dir, &path, first, head + body), LSN_FIRST, 0, flags);
    path = path_segment("d", LSN_JUMP);
    fix_segment(add(&dir, &path, second, sizeof(second)), LSN_JUMP, name.end != 0 ? name.end : LSN_FIRST + body / 8 * 8,
                HEADERS);
    if (!(flags & NO_CHECKPOINT)) {
        struct file *ckpt = add(&dir, &path, data + 3 + body, size - 3 - body);
        uint64_t cut = 8192;
        if ((flags & CHECKPOINT) && ckpt->len >= CHECKPOINT_HEADER_BYTES)
            cut = fix_checkpoint(ckpt);
        path = path_checkpoint("d", cut);
        (void)snprintf(ckpt->path, sizeof(ckpt->path), "%.63s", path.text);
    }
    run(&dir);
    for (size_t i = 0; i < dir.count; i++)
        free(dir.files[i].bytes);
    return 0;
}
