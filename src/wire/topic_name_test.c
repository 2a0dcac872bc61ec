/* topic_name_test.c - see topic_name.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/err.h"
#include "wire/topic_name.h"

static int check(const char *name) { return topic_name_check(slice_str(name)); }

TEST(topic_name_takes_words_of_any_script)
{
    static const char *const good[] = {"t", "golang", "a.b", "..a", "...", ".a", "game_1", "a:b;c=d&e%20?#\\'<>",
                                       "\xe4\xb8\xad\xe6\x96\x87", "\xf0\x9f\x98\x80"};

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_int_equal(check(good[i]), 0);
}

TEST(topic_name_refuses_what_breaks_lines_urls_and_paths)
{
    static const char *const bad[] = {".", "..", "a b", " ", "a/b", "../x", "\"t\"", "a\tb", "a\nb", "a\x7f",
                                      "\xff", "a\xe4\xb8", "\xed\xa0\x80", "\x01"};

    assert_int_equal(check(""), GMQ_E_TOPIC_EMPTY);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(check(bad[i]), GMQ_E_TOPIC_NAME);
    assert_int_equal(topic_name_check(slice_of("a\0b", 3)), GMQ_E_TOPIC_NAME);
}

TEST(topic_name_has_at_most_128_bytes)
{
    char name[TOPIC_NAME_BYTES_MAX + 1];

    memset(name, 'x', sizeof(name));
    assert_int_equal(topic_name_check(slice_of(name, TOPIC_NAME_BYTES_MAX)), 0);
    assert_int_equal(topic_name_check(slice_of(name, sizeof(name))), GMQ_E_TOPIC_NAME);
}
