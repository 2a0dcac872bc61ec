/*
 * heal.h - the log goes on after a write or a sync failed
 *
 * What   After a failed sync the kernel may count pages as clean that never reached the disk. So that file is never
 *        written or synced again. [durable, written) is still in the ring: it is written to a new file, which is synced
 *        and gets its name, the address of its first byte, with a rename. So the segment ends at `durable`, and the new
 *        one goes on there; when nothing of it was durable the new one takes its place. Its header says where the one
 *        before ended (prev_end), and that is where recovery ends it, whatever follows in that file.
 *
 *          B.seg  [header|=======durable|??? written ???|          ]     is left as it is
 *          D.seg                 [header|=======written|           ]     D = durable
 *
 * Order  The new file is durable before its name is, and the loop hears of it (writer.splits) before `durable` moves:
 *        what a reply waits for is in a segment that the loop knows.
 * Fails  Whatever fails on the way is the end: the log is read-only.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_HEAL_H
#define GMQ_STORE_HEAL_H

#include "store/writer.h"

#define HEAL_NAME "log/heal.tmp"

/*
 * `what` of the present file failed with `rc`. True: the writer has a new file, which holds [base, written), all
 * durable. In the log thread.
 */
NODISCARD bool heal(struct writer *writer, const char *what, int rc);

#endif
