/*
 * base.h - the few words every file of gmq shares
 *
 * ENSURE stops the process on a programmer's error; it stays on in release builds. Operating errors (bad input,
 * a full disk, a lost peer) are values and never end here.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_BASE_BASE_H
#define GMQ_BASE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))
#define NODISCARD __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))
#define COLD __attribute__((cold, noinline)) /* a path that is hardly ever taken: kept out of its caller */
#define LIKELY(x) __builtin_expect(!!(x), 1)
#define UNLIKELY(x) __builtin_expect(!!(x), 0)

/* Prints `file:line: what` on standard error and aborts. Called by ENSURE only. */
_Noreturn void base_fail(const char *file, int line, const char *what);

#define ENSURE(cond) (LIKELY(cond) ? (void)0 : base_fail(__FILE__, __LINE__, #cond))

static inline uint64_t min_u64(uint64_t a, uint64_t b) { return a < b ? a : b; }
static inline uint64_t max_u64(uint64_t a, uint64_t b) { return a > b ? a : b; }

#endif
