/*
 * file.h - a small file that is replaced as a whole
 *
 * The new content goes to NAME.new, is synced, and takes the place of NAME by rename; the directory is synced then.
 * So the file always holds either the old content or the new.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_APP_FILE_H
#define GMQ_APP_FILE_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

/* Replaces directory/name, new with `mode` (0600, 0644) and the umask. Blocks; may run on any thread. 0 or -errno. */
NODISCARD int file_save(const char *directory, const char *name, struct slice bytes, unsigned mode);

/* Appends the content of directory/name to `out`. 0, -ENOENT, -EFBIG (more than `out` may hold), or -errno. */
NODISCARD int file_load(const char *directory, const char *name, struct buf *out);

/* Renames a file that cannot be read to NAME.bad, so that it can be looked at. 0 or -errno. */
NODISCARD int file_set_aside(const char *directory, const char *name);

#endif
