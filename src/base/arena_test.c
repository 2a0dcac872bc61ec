/* arena_test.c - see arena.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/arena.h"

#include <stdalign.h>

TEST(arena_pieces_are_zeroed_aligned_and_apart)
{
    struct arena arena = {.blocks = NULL};
    unsigned char *pieces[200];

    for (size_t i = 0; i < ARRAY_LEN(pieces); i++) {
        size_t bytes = i % 7 == 0 ? 5000 + i : i;
        pieces[i] = arena_take(&arena, bytes);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t k = 0; k < bytes; k++)
            assert_int_equal(pieces[i][k], 0);
        memset(pieces[i], (int)i, bytes);
    }
    for (size_t i = 1; i < ARRAY_LEN(pieces); i++)
        assert_int_equal(pieces[i][0], i & 255);
    struct slice kept = arena_keep(&arena, slice_str("kept"));
    assert_true(slice_is(kept, "kept"));
    assert_int_equal(arena_keep(&arena, slice_of(NULL, 0)).len, 0);
    arena_free(&arena);
    assert_null(arena.blocks);
}
