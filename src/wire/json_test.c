/* json_test.c - see json.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>

#define BYTES(text) slice_of("" text, sizeof(text) - 1)

/* The text is written as `json`, at every distance from the end of a long run, with the exact length known before. */
static void assert_writes(struct slice text, struct slice json)
{
    for (size_t pad = 0; pad < 40; pad++) {
        size_t len = pad + text.len;
        char *plain = malloc(len + 1);
        memset(plain, 'a', pad);
        memcpy(plain + pad, text.ptr, text.len);
        char *in = guarded(plain, len);
        size_t bytes = json_string_bytes(slice_of(in, len));
        assert_int_equal(bytes, pad + json.len + 2);
        char *zeros = calloc(1, bytes);
        char *out = guarded(zeros, bytes);
        assert_ptr_equal(json_write_string(out, slice_of(in, len)), out + bytes);
        assert_int_equal(out[0], '"');
        assert_memory_equal(out + 1, plain, pad);
        assert_memory_equal(out + 1 + pad, json.ptr, json.len);
        assert_int_equal(out[bytes - 1], '"');
        guarded_free(out, bytes);
        guarded_free(in, len);
        free(zeros);
        free(plain);
    }
}

TEST(json_writes_strings_as_go_does)
{
    assert_writes(BYTES(""), BYTES(""));
    assert_writes(BYTES("this is a job"), BYTES("this is a job"));
    assert_writes(BYTES("q\" b\\ s/ t\t n\n r\r z\0 e\x1b d\x7f <>& "),
                  BYTES("q\\\" b\\\\ s/ t\\t n\\n r\\r z\\u0000 e\\u001b d\x7f \\u003c\\u003e\\u0026 "));
    assert_writes(BYTES("\xe2\x80\xa8\xe2\x80\xa9 \xe2\x80\xa7\xe2\x80\xaa \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80"),
                  BYTES("\\u2028\\u2029 \xe2\x80\xa7\xe2\x80\xaa \xe4\xb8\xad\xe6\x96\x87 \xf0\x9f\x98\x80"));
    assert_writes(BYTES("<a href=\"x\">&\xe4\xb8\xad"), BYTES("\\u003ca href=\\\"x\\\"\\u003e\\u0026\xe4\xb8\xad"));
}

TEST(json_replaces_each_byte_that_is_no_utf8_but_keeps_a_stored_replacement)
{
    assert_writes(BYTES("\xff\xfe\x80ok"), BYTES("\\ufffd\\ufffd\\ufffdok"));
    assert_writes(BYTES("\xef\xbf\xbd"), BYTES("\xef\xbf\xbd"));
    assert_writes(BYTES("\xe4\xb8"), BYTES("\\ufffd\\ufffd"));
    assert_writes(BYTES("\xe4\xb8" "a\xe2\x80"), BYTES("\\ufffd\\ufffd" "a\\ufffd\\ufffd"));
    assert_writes(BYTES("\xed\xa0\x80"), BYTES("\\ufffd\\ufffd\\ufffd"));
}

TEST(json_escapes_exactly_these_ascii_bytes)
{
    for (unsigned c = 0; c < 0x80; c++) {
        char byte = (char)c, json[8] = {byte, 0};
        size_t len = 1;
        if (c == '"' || c == '\\')
            len = (size_t)snprintf(json, sizeof(json), "\\%c", byte);
        else if (c == '\n' || c == '\r' || c == '\t')
            len = (size_t)snprintf(json, sizeof(json), "\\%c", c == '\n' ? 'n' : c == '\r' ? 'r' : 't');
        else if (c < 0x20 || c == '<' || c == '>' || c == '&')
            len = (size_t)snprintf(json, sizeof(json), "\\u%04x", c);
        assert_writes(slice_of(&byte, 1), slice_of(json, len));
    }
}

TEST(json_appends_as_long_as_the_exact_length_fits)
{
    struct buf buf;

    buf_init(&buf, 7);
    assert_true(json_append_string(&buf, slice_str("a\"bc")));
    assert_int_equal(buf_len(&buf), 7);
    assert_memory_equal(buf_data(&buf), "\"a\\\"bc\"", 7);
    assert_false(json_append_string(&buf, slice_str("")));
    assert_int_equal(buf_len(&buf), 7);
    buf_free(&buf);
}
