/* fields_test.c - see fields.h. SPDX-License-Identifier: MIT */
#include "gweb/fields.h"

#include "unit/unit.h"

#include "base/err.h"

static const struct field LIST[] = {
    {"name", FIELD_TEXT, true, 1, 5},
    {"weight", FIELD_NUMBER, false, 1, 100},
};

static int read_fields(const char *json, size_t len)
{
    char *copy = guarded(json, len);
    struct fields fields;
    int err = fields_read(&fields, slice_of(copy, len), LIST, ARRAY_LEN(LIST));

    if (err == 0)
        assert_true(fields.values[0].given);
    else
        assert_int_not_equal(fields.error[0], '\0');
    fields_free(&fields);
    guarded_free(copy, len);
    return err;
}

TEST(fields_are_read)
{
    static const char JSON[] = " {\"weight\": 7, \"name\": \"a\\u0000b\"} ";
    struct fields fields;

    assert_int_equal(fields_read(&fields, slice_str(JSON), LIST, ARRAY_LEN(LIST)), 0);
    assert_int_equal(fields.values[0].text.len, 3);
    assert_memory_equal(fields.values[0].text.ptr, "a\0b", 3);
    assert_int_equal(fields.values[1].number, 7);
    fields_free(&fields);
    for (size_t len = 0; len < sizeof(JSON) - 3; len++)
        assert_int_not_equal(read_fields(JSON, len), 0);
}

TEST(fields_that_are_no_good_are_refused)
{
    static const struct {
        const char *json;
        int err;
    } CASES[] = {
        {"", GMQ_E_JSON}, {"{", GMQ_E_JSON}, {"[]", GMQ_E_VALUE}, {"null", GMQ_E_VALUE}, {"1", GMQ_E_VALUE},
        {"{}", GMQ_E_VALUE}, {"{\"weight\":1}", GMQ_E_VALUE}, {"{\"name\":\"\"}", GMQ_E_VALUE},
        {"{\"name\":\"123456\"}", GMQ_E_VALUE}, {"{\"name\":null}", GMQ_E_VALUE}, {"{\"name\":1}", GMQ_E_VALUE},
        {"{\"name\":[\"a\"]}", GMQ_E_VALUE}, {"{\"name\":\"a\",\"x\":1}", GMQ_E_VALUE},
        {"{\"name\":\"a\",\"name\":\"b\"}", GMQ_E_VALUE}, {"{\"name\":\"a\",\"weight\":0}", GMQ_E_VALUE},
        {"{\"name\":\"a\",\"weight\":101}", GMQ_E_VALUE}, {"{\"name\":\"a\",\"weight\":1.5}", GMQ_E_VALUE},
        {"{\"name\":\"a\",\"weight\":\"1\"}", GMQ_E_VALUE}, {"{\"name\":{\"name\":\"a\"}}", GMQ_E_VALUE},
        {"{\"name\":\"a\",\"weight\":99999999999999999999}", GMQ_E_VALUE}, {"{\"name\\u0000\":\"a\"}", GMQ_E_VALUE},
        {"{\"name\":\"\xff\"}", GMQ_E_VALUE}, {"{\"name\":\"a\"} x", GMQ_E_JSON}, {"{'name':'a'}", GMQ_E_JSON},
    };

    for (size_t i = 0; i < ARRAY_LEN(CASES); i++)
        assert_int_equal(read_fields(CASES[i].json, strlen(CASES[i].json)), CASES[i].err);
}
