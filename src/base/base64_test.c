/* base64_test.c - see base64.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/base64.h"

#include <errno.h>

/* RFC 4648, section 10. */
static const struct {
    const char *bytes, *text;
} vectors[] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"fooba", "Zm9vYmE="},
               {"foobar", "Zm9vYmFy"}, {"\xff\xfe\xfd", "//79"}, {"\xfb\xf0", "+/A="}};

TEST(base64_is_as_the_rfc_shows)
{
    char to[16];

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct slice bytes = slice_str(vectors[i].bytes), text = slice_str(vectors[i].text);
        assert_int_equal(base64_text_bytes(bytes.len), text.len);
        assert_true(slice_equal(slice_of(to, (size_t)(base64_write(to, bytes) - to)), text));
        char *copy = guarded(text.ptr, text.len);
        assert_int_equal(base64_read(slice_of(copy, text.len), to), bytes.len);
        assert_memory_equal(to, bytes.ptr, bytes.len);
        guarded_free(copy, text.len);
    }
}

TEST(base64_refuses_what_is_not_exact)
{
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "=", "====", "Zg==Zg==", "Z g=",
                                      "Zm9v\n", "Zm-_", "Z===", "A=AA"};
    char to[16];

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(base64_read(slice_str(bad[i]), to), -EINVAL);
}
