/*
 * unit.h - how a unit test is written
 *
 *   TEST(buf_refuses_to_pass_its_maximum) { ...assert_int_equal(...); }
 *
 * A test registers itself; its name is a sentence. x_test.c stands beside x.c and includes this header.
 * guarded() puts input right before a page that cannot be read, so that a parser which looks one byte too far
 * crashes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_TESTS_UNIT_H
#define GMQ_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

void unit_add(const char *name, CMUnitTestFunction fn);

#define TEST(name)                                                                                 \
    static void name(void **unit_state);                                                           \
    __attribute__((constructor)) static void name##_register(void) { unit_add(#name, name); }      \
    static void name(void **unit_state __attribute__((unused)))

/* A copy of the `len` bytes at `ptr` that ends at an unreadable page. guarded_free() takes it back. */
char *guarded(const void *ptr, size_t len);
void guarded_free(char *copy, size_t len);

/* A new empty directory below $TMPDIR or /tmp, removed with all it holds at exit. The caller frees the string. */
char *unit_tmpdir(void);

#endif
