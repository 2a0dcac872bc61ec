/*
 * survey.h - reading every record of every segment in a directory, sound or not, in log order
 *
 * What   A walk over the files as they are, without a checkpoint and without a state: what is there, where damage is,
 *        where a torn tail begins. The rules that tell one from the other are those of recovery (recover.c).
 * Never  Writes. A file that changes meanwhile gives false alarms, no more.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_STORE_SURVEY_H
#define GMQ_STORE_SURVEY_H

#include "store/disk.h"
#include "store/format.h"
#include "store/paths.h"

enum { SURVEY_TYPES = 32, SURVEY_RANGES_MAX = 4096 };

enum survey_header {
    SURVEY_HEADER_OK,
    SURVEY_HEADER_BAD,   /* unreadable */
    SURVEY_HEADER_OTHER, /* sound, but of another file */
    SURVEY_HEADER_NEWER, /* claims a newer format */
};

struct survey_range {
    uint64_t begin, end;
};

struct survey_segment {
    uint64_t base;
    struct segment_name name;
    uint64_t end;        /* where the sound part ends; damage may lie before it */
    uint64_t file_bytes;
    enum survey_header header_state;
    struct segment_header header; /* zero when it is not SURVEY_HEADER_OK, but for prev_end when `told` */
    bool told;           /* its header cannot be read, its first record says prev_end */
    int error;           /* -errno when the file cannot be opened */
    bool bad_directory;  /* of a compacted one: its records were found without it */
    bool is_void;        /* its successor passes over it: a start that ended before anything was kept */
    bool sealed, stopped; /* ends with a SEAL; with that of an orderly stop */
    uint64_t records;    /* BATCH and SEAL included */
    uint64_t by_type[SURVEY_TYPES];
    uint64_t torn_bytes; /* behind `end`, never promised */
    uint64_t damaged_bytes;
    struct survey_range *damage; /* the first SURVEY_RANGES_MAX of them */
    size_t damage_count;
};

/* Without files that another, of a higher generation, has replaced: a crash left them, a start removes them. */
struct survey {
    struct survey_segment *segments; /* ascending by base */
    size_t count;
};

/* Told, in log order, of each sound record, and of each range that is none. The record is borrowed for the call. */
struct survey_eyes {
    void *ctx;
    void (*record)(void *ctx, const struct survey_segment *seg, const struct record *rec);
    void (*damage)(void *ctx, const struct survey_segment *seg, uint64_t begin, uint64_t end, bool torn);
};

/*
 * Where the segment at `base` ends, as the state of the log has it; 0 = not known. Without it the end follows from the
 * next file, which need not be its successor: segments are removed in any order.
 */
struct survey_ends {
    void *ctx;
    uint64_t (*end)(void *ctx, uint64_t base);
};

/* Reads all of `dir`; `eyes` and `ends` may be NULL. 0 or -errno when log/ cannot be listed. */
NODISCARD int survey_read(struct disk *disk, const char *dir, const struct survey_eyes *eyes,
                         const struct survey_ends *ends, struct survey *ret);
void survey_free(struct survey *survey);

#endif
