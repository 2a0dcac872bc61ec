/* utf8_test.c - see utf8.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/utf8.h"

static size_t encode(char *to, uint32_t cp)
{
    if (cp < 0x80)
        return (size_t)(to[0] = (char)cp, 1);
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    for (size_t i = n - 1; i > 0; i--, cp >>= 6)
        to[i] = (char)(0x80 | (cp & 0x3f));
    to[0] = (char)((0xf00u >> n & 0xff) | cp);
    return n;
}

TEST(utf8_knows_every_code_point_and_refuses_surrogates)
{
    char text[4];
    uint32_t got;

    for (uint32_t cp = 0; cp <= 0x110fff; cp++) {
        size_t n = encode(text, cp);
        bool good = cp <= 0x10ffff && (cp < 0xd800 || cp > 0xdfff);
        assert_int_equal(utf8_next(text, n, &got), good ? n : 0);
        if (good)
            assert_int_equal(got, cp);
        for (size_t cut = 1; cut < n; cut++)
            assert_int_equal(utf8_next(text, cut, &got), 0);
    }
}

TEST(utf8_refuses_overlong_forms_and_stray_bytes)
{
    static const char *const bad[] = {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "\xfe", "\xe4\xb8", "\xe4\xb8x",
                                      "\xed\xa0\x80", "ok\xff"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(utf8_valid(slice_str(bad[i])));
    assert_true(utf8_valid(slice_str("")));
    assert_true(utf8_valid(slice_of("a\0b", 3)));
    assert_true(utf8_valid(slice_str("\xe4\xb8\xad\xf0\x9f\x98\x80\xef\xbf\xbd\x7f")));
}

TEST(utf8_looks_at_no_byte_beyond_the_text)
{
    static const char *const cut[] = {"\xe4", "\xe4\xb8", "\xf0\x9f\x98", "\xc3"};
    uint32_t cp;

    for (size_t i = 0; i < ARRAY_LEN(cut); i++) {
        size_t len = strlen(cut[i]);
        char *copy = guarded(cut[i], len);
        assert_int_equal(utf8_next(copy, len, &cp), 0);
        guarded_free(copy, len);
    }
}
