/*
 * legacy.h - the original's command line: gclient -cmd=push -topic=t -push_num=2 ...
 *
 * What   The same flags, defaults, output lines and exit codes. The lines about messages go to standard output; errors
 *        and the elapsed time go to standard error. Where we differ: -pop_num holds for pop when it is given; a
 *        -register_addr without a scheme is http; mpush sends batches of at most 10000; there is -cmd=set with
 *        -auto_ack=0 or 1.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_LEGACY_H
#define GMQ_GCLIENT_LEGACY_H

#include "base/base.h"

struct legacy {
    const char *cmd, *topic, *node_addr, *register_addr, *msg_id;
    int64_t push_num, pop_num, auto_ack;
    bool pop_num_given;
};

/* Reads the flags and runs the command; returns the exit code. */
int legacy_main(int argc, char **argv);

/* Runs the -cmd; returns the exit code, or LEGACY_UNKNOWN. */
enum { LEGACY_UNKNOWN = -1 };
int legacy_run(const struct legacy *legacy);

/* A line with its time in front, on standard output or on standard error. */
void legacy_say(const char *fmt, ...) PRINTF_LIKE(1, 2);
int legacy_fail(const char *fmt, ...) PRINTF_LIKE(1, 2); /* returns exit code 1 */

#endif
