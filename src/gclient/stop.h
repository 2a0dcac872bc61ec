/*
 * stop.h - Ctrl-C and SIGTERM as a question that a loop asks
 *
 * The first one only sets a flag, and wakes what sleeps; the second one ends the program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GCLIENT_STOP_H
#define GMQ_GCLIENT_STOP_H

#include "base/base.h"

/* From here on the signals are taken in. */
void stop_catch(void);

bool stop_asked(void);

#endif
