/*
 * flags.h - the command line, by a table
 *
 * What   -name=x  --name=x  -name x  --name x; a switch stands alone or as -name=true, -name=false; `--` ends the
 *        flags; `-` alone is a word. The original's form stops at the first word; ours takes flags anywhere, and takes
 *        a negative number for a word.
 * Owns   Texts point into argv (or the environment) and live as long as the process.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_FLAGS_H
#define GMQ_GCLIENT_FLAGS_H

#include "base/base.h"
#include "base/slice.h"

enum flag_type {
    FLAG_SWITCH, /* bool */
    FLAG_TEXT,   /* const char * */
    FLAG_NUMBER, /* int64_t in min..max */
    FLAG_TIME,   /* uint64_t milliseconds in min..max; "20" (seconds), "1h30m", "500ms" */
    FLAG_BYTES,  /* uint64_t in min..max; "512", "4k", "1m" */
    FLAG_CHOICE, /* const char *, one of the words of `value`: "text|json" */
    FLAG_LIST,   /* struct flag_list: may be given many times */
};

struct flag {
    const char *name;  /* without dashes */
    const char *value; /* what help calls it; NULL for a switch */
    const char *help;
    enum flag_type type;
    size_t offset; /* of its field in the values */
    int64_t min, max;
    uint64_t commands; /* whose flag it is, a bit each */
};

enum { FLAGS_MAX = 128, FLAGS_WORDS_MAX = 4096, FLAGS_ERROR_BYTES = 256, FLAG_LIST_MAX = 64 };

struct flag_list {
    const char *texts[FLAG_LIST_MAX];
    size_t count;
};

struct flags {
    const struct flag *table;
    size_t count;
    uint64_t commands;  /* flags that share no bit with it do not exist */
    bool stop_at_word;
};

struct flags_result {
    const char **words; /* what is no flag, `word_count` of them; room for argc, the caller's */
    size_t word_count;
    bool given[FLAGS_MAX]; /* which rows of the table were */
    bool help;          /* -h, -help, --help */
    char error[FLAGS_ERROR_BYTES];
};

/* Reads argv[1..] into `values`. Returns false with the error written; stops with `help` set at a call for help. */
NODISCARD bool flags_read(const struct flags *flags, int argc, char **argv, void *values, struct flags_result *ret);

/* Takes the next word off a list "a|b|c"; false when there is none. */
bool flags_next_choice(struct slice *list, struct slice *ret_word);

/* A time as FLAG_TIME has it. */
NODISCARD bool flags_parse_time(struct slice text, uint64_t *ret_ms);

#endif
