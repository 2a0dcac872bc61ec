/* openapi.c - see openapi.h; the path is relative to where make runs. SPDX-License-Identifier: MIT */
#include "gnode/openapi.h"

__asm__(".pushsection .rodata\n"
        ".hidden openapi_begin\n"
        ".hidden openapi_end\n"
        ".globl openapi_begin\n"
        ".globl openapi_end\n"
        "openapi_begin:\n"
        ".incbin \"docs/openapi.yaml\"\n"
        "openapi_end:\n"
        ".byte 0\n"
        ".popsection\n");

extern const char openapi_begin[], openapi_end[];

struct slice openapi_yaml(void) { return slice_of(openapi_begin, (size_t)(openapi_end - openapi_begin)); }
