/* err_test.c - see err.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "base/base.h"
#include "base/err.h"

#include <string.h>

TEST(err_table_has_no_code_twice_and_a_text_and_status_for_each)
{
    static const int codes[] = {
#define X(name, code, status, text) GMQ_E_##name,
        ERR_TABLE(X)
#undef X
    };

    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        assert_true(codes[i] <= -5000);
        assert_true(strlen(err_text(codes[i])) > 0);
        assert_in_range(err_http_status(codes[i]), 400, 599);
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(codes[i], codes[j]);
    }
    assert_string_equal(err_text(0), "unknown error");
    assert_int_equal(err_http_status(-1), 500);
}
