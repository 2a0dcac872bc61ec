/*
 * quarantine.h - keeps a copy of the bytes that recovery had to pass over
 *
 * DATA/quarantine/BEGIN-END.bin holds them, BEGIN-END.txt says what they are. As good as it can: a full disk or a
 * failed write never stops a start.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_QUARANTINE_H
#define GMQ_STORE_QUARANTINE_H

#include "store/pack.h"
#include "store/scan.h"

/* Copies the LSN range [begin, end) of the segment under `scan`. */
void quarantine_save(struct disk *disk, const char *dir, struct scan *scan, uint64_t begin, uint64_t end);

/* The same of a compacted segment: the record at `begin`, up to the one at `end` or what follows the last. */
void quarantine_save_pack(struct disk *disk, const char *dir, struct pack *pack, uint64_t begin, uint64_t end);

#endif
