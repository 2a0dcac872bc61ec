/* base.c - see base.h. SPDX-License-Identifier: MIT */
#include "base/base.h"

#include <stdio.h>
#include <stdlib.h>

_Noreturn void base_fail(const char *file, int line, const char *what)
{
    (void)fprintf(stderr, "%s:%d: gmq stops, this must hold: %s\n", file, line, what);
    abort();
}
