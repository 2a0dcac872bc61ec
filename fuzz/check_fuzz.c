/*
 * check_fuzz.c - arbitrary bytes as a segment and a checkpoint of a directory that is checked
 *
 * Input: u8 flags, u16 bytes of the segment, segment, checkpoint. A directory of these two files and a second,
 * sound segment is put together in memory. flags 1: the headers are put right; 2: the records' CRCs and addresses
 * too, one behind the other; 4: the checkpoint's CRCs; 8: there is no checkpoint. So it sees broken files as
 * well as sound ones with any contents. It must come to a verdict, whatever they are.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"
#include "fuzz/segment.h"

#include "gnode/check.h"
#include "store/paths.h"

#include <errno.h>
#include <stdio.h>

enum {
    HEADERS = 1, RECORDS = 2, CHECKPOINT = 4, NO_CHECKPOINT = 8, FILES = 3,
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

static void fix_segment(struct file *seg, uint64_t base, uint64_t prev_end, unsigned flags)
{
    struct segment_header header = {.base = base, .prev_end = prev_end, .epoch = 1};

    if ((flags & HEADERS) && seg->len >= SEGMENT_HEADER_BYTES)
        segment_header_encode(seg->bytes, &header);
    if (flags & RECORDS)
        segment_fix_records(seg->bytes, seg->len, base);
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
    const char *at = ckpt->bytes + CHECKPOINT_HEADER_BYTES;

    header.image_bytes = rest - table;
    header.table_crc = crc32c(0, at, table);
    header.image_crc = crc32c(0, at + table, rest - table);
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
    struct path path = path_segment("d", LSN_FIRST);

    if (size < 3)
        return 0;
    unsigned flags = data[0];
    size_t body = min_u64(get_le16(data + 1), size - 3);
    bool whole = (flags & HEADERS) != 0; /* the input has no header then: it would be written over */
    size_t head = whole ? SEGMENT_HEADER_BYTES : 0;
    memset(first, 0, head);
    memcpy(first + head, data + 3, body);
    fix_segment(add(&dir, &path, first, head + body), LSN_FIRST, 0, flags);
    path = path_segment("d", LSN_JUMP);
    fix_segment(add(&dir, &path, second, sizeof(second)), LSN_JUMP, LSN_FIRST + body / 8 * 8, HEADERS);
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
