/* crc32c_test.c - see crc32c.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/crc32c.h"

#include <string.h>

/* RFC 3720, appendix B.4, and the customary check value. */
TEST(crc32c_gives_the_known_values)
{
    unsigned char bytes[32];

    assert_int_equal(crc32c(0, "", 0), 0);
    assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283);
    memset(bytes, 0, sizeof(bytes));
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x8a9136aa);
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x62a8ab43);
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)i;
    assert_int_equal(crc32c(0, bytes, sizeof(bytes)), 0x46dd794e);
}

TEST(crc32c_by_table_is_the_same_at_every_length_and_offset)
{
    unsigned char bytes[300];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (unsigned char)(i * 167 + 13);
    for (size_t from = 0; from < 16; from++)
        for (size_t len = 0; len <= sizeof(bytes) - from; len++)
            assert_int_equal(crc32c(0, bytes + from, len), crc32c_table(0, bytes + from, len));
}

TEST(crc32c_goes_on_where_it_stopped)
{
    static const char text[] = "a record, in two pieces, split anywhere";
    uint32_t whole = crc32c(0, text, sizeof(text));

    for (size_t at = 0; at <= sizeof(text); at++) {
        assert_int_equal(crc32c(crc32c(0, text, at), text + at, sizeof(text) - at), whole);
        assert_int_equal(crc32c_table(crc32c_table(0, text, at), text + at, sizeof(text) - at), whole);
    }
}
