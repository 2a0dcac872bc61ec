/*
 * checkpoint.h - writing and reading checkpoint files
 *
 * A checkpoint counts when its rename is durable; until then its name ends in .tmp and recovery looks past it.
 * Format: format.h.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_CHECKPOINT_H
#define GMQ_STORE_CHECKPOINT_H

#include "base/lsnset.h"
#include "store/disk.h"
#include "store/format.h"

enum { CHECKPOINT_RESERVE_BYTES_MIN = 512 * 1024 };

/* One to be written; owns all it points at. */
struct checkpoint {
    struct checkpoint_header header;     /* cut, image bytes, epoch, uuid, segments; checkpoint_write adds the rest */
    struct checkpoint_segment *segments; /* dead_bytes is filled in by checkpoint_write */
    struct lsnset **dead;               /* of each segment, copies */
    void *image;                         /* header.image_bytes, NULL while it is being made */
    void (*release)(void *image, size_t bytes); /* gives it back, from any thread; NULL = free() */
};

/* Takes NULL. In the thread that owns the sets (lsnset.h). */
void checkpoint_free(struct checkpoint *ckpt);

/* Gives back the image, which may take a while; the rest stays. */
void checkpoint_drop_image(struct checkpoint *ckpt);

/*
 * Writes it durably below `dir`, reads it back, then removes every other checkpoint but the one at `keep`.
 * When the disk is full, a reserve becomes its file, or that of an older checkpoint does; then nothing that is claimed
 * is given back, and the file may be longer than what is in it. The reserves are made again for `next_bytes`,
 * as far as there is room. 0 or -errno.
 */
NODISCARD int checkpoint_write(struct disk *disk, const char *dir, struct checkpoint *ckpt, uint64_t keep,
                               uint64_t next_bytes);

/*
 * Keeps room for two checkpoints of `bytes`, at least 512 KiB each, in ckpt/reserve.tmp and reserve2.tmp; much more is
 * given back. So one can be written while the newest, which must stay, has the other. 0 or -errno; on a full disk it
 * keeps what there is.
 */
int checkpoint_reserve(struct disk *disk, const char *dir, uint64_t bytes);

/*
 * Removes the checkpoint at `cut`, durably: segments that it needs may be removed next. Its file becomes a reserve when
 * it is larger than one. 0 or -errno.
 */
int checkpoint_drop(struct disk *disk, const char *dir, uint64_t cut);

/* The same for the file of one that was not written to its end. */
void checkpoint_drop_unfinished(struct disk *disk, const char *dir, uint64_t cut);

/* The cuts of the checkpoints there are, newest first, at most `cuts_max`. The count or -errno. */
NODISCARD int checkpoint_list(struct disk *disk, const char *dir, uint64_t *cuts, size_t cuts_max);

/* Whether the checkpoint at `cut` claims a format newer than ours (format.h). 0 or -errno. */
NODISCARD int checkpoint_claim(struct disk *disk, const char *dir, uint64_t cut, enum header_claim *ret,
                               unsigned *ret_version);

/*
 * Reads and checks the checkpoint at `cut`. 0: `ret_bytes` is to be freed and `ret` borrows from it; or -errno,
 * -EBADMSG when it is damaged.
 */
NODISCARD int checkpoint_read(struct disk *disk, const char *dir, uint64_t cut, char **ret_bytes,
                              struct checkpoint_view *ret);

#endif
