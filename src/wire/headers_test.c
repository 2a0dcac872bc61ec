/* headers_test.c - SPDX-License-Identifier: MIT */
#include "wire/headers.h"

#include "base/err.h"
#include "unit/unit.h"

#include <stdlib.h>

/* The headers as they are kept, from before an unreadable page; NULL when they are refused. */
static const char *keep(struct slice headers)
{
    static char kept[CMD_HEADERS_BYTES_MAX + 1];
    const char *why = NULL;
    char *copy = guarded(headers.ptr, headers.len);
    int bytes = headers_keep(slice_of(copy, headers.len), kept, &why);

    guarded_free(copy, headers.len);
    assert_true(bytes >= 0 || (bytes == GMQ_E_HEADERS && why));
    if (bytes < 0)
        return NULL;
    kept[bytes] = '\0';
    return kept;
}

TEST(headers_are_kept_with_names_in_lower_case_and_values_trimmed)
{
    assert_string_equal(keep(slice_str("")), "");
    assert_string_equal(keep(slice_str("Trace-Parent:00-ab\nx:   y z  \nempty:\n")),
                        "trace-parent: 00-ab\nx: y z\nempty: \n");
    assert_string_equal(keep(slice_str("a: 1\na: 2\n")), "a: 1\na: 2\n");
    assert_string_equal(keep(slice_str("a: b: c \xc3\xa9\n")), "a: b: c \xc3\xa9\n");
}

TEST(headers_that_are_none_are_refused)
{
    static const char *const BAD[] = {"a", "a\n", "a: b", ": b\n", "a b: c\n", "a\t: c\n", "a: b\rc\n", "a: \x01\n",
                                      "a: \xff\n", "\xc3\xa9: b\n", "a: \xc2\x85\n", "\n", "a: 1\n\n", "a: \x7f\n"};

    for (size_t i = 0; i < ARRAY_LEN(BAD); i++)
        assert_null(keep(slice_str(BAD[i])));
    assert_null(keep(slice_of("a: \0\n", 5)));
    assert_null(keep(slice_of("a\0: b\n", 6)));
}

TEST(headers_have_a_limit_that_counts_the_blanks)
{
    char *text = malloc(CMD_HEADERS_BYTES_MAX + 8);

    memset(text, 'x', CMD_HEADERS_BYTES_MAX + 8);
    memcpy(text, "a:", 2); /* the blank that is kept behind it counts */
    for (size_t len = CMD_HEADERS_BYTES_MAX - 3; len < CMD_HEADERS_BYTES_MAX + 3; len++) {
        text[len - 1] = '\n';
        assert_int_equal(keep(slice_of(text, len)) != NULL, len + 1 <= CMD_HEADERS_BYTES_MAX);
        text[len - 1] = 'x';
    }
    free(text);
}

TEST(headers_are_read_line_by_line)
{
    struct slice name, value, kept = slice_str("a: 1\nb: \nc: x: y\n");
    size_t at = 0;

    assert_true(headers_next(kept, &at, &name, &value) && slice_is(name, "a") && slice_is(value, "1"));
    assert_true(headers_next(kept, &at, &name, &value) && slice_is(name, "b") && value.len == 0);
    assert_true(headers_next(kept, &at, &name, &value) && slice_is(name, "c") && slice_is(value, "x: y"));
    assert_false(headers_next(kept, &at, &name, &value));
    for (size_t len = 0; len < kept.len; len++) {
        char *copy = guarded(kept.ptr, len);
        for (at = 0; headers_next(slice_of(copy, len), &at, &name, &value);)
            continue;
        guarded_free(copy, len);
    }
}

TEST(keys_are_short_plain_text)
{
    char key[CMD_KEY_BYTES_MAX + 1];

    memset(key, 'k', sizeof(key));
    assert_int_equal(key_check(slice_of(key, CMD_KEY_BYTES_MAX)), 0);
    assert_int_equal(key_check(slice_of(key, CMD_KEY_BYTES_MAX + 1)), GMQ_E_KEY);
    assert_int_equal(key_check(slice_of(key, 0)), GMQ_E_KEY);
    assert_int_equal(key_check(slice_str("order 17/\xc3\xa9")), 0);
    assert_int_equal(key_check(slice_str("a\nb")), GMQ_E_KEY);
    assert_int_equal(key_check(slice_str("\xc3")), GMQ_E_KEY);
}
