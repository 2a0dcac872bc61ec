/* form_test.c - see form.h. SPDX-License-Identifier: MIT */
#include "unit/unit.h"

#include "wire/form.h"

#include <stdlib.h>

#define MULTI "multipart/form-data; boundary=B"

static struct buf scratch = {.bytes_max = 4096};

/* The value of `key`, or NULL; from a copy that ends at an unreadable page. The caller frees it. */
static char *value_of(bool found, struct slice value)
{
    if (!found)
        return NULL;
    char *text = calloc(1, value.len + 1);
    if (value.len > 0)
        memcpy(text, value.ptr, value.len);
    return text;
}

static char *get(const char *query, const char *key)
{
    struct slice value;
    size_t len = strlen(query);
    char *copy = guarded(query, len);
    char *text;

    buf_clear(&scratch);
    bool found = form_get(slice_of(copy, len), key, &scratch, &value);
    text = value_of(found, value);
    guarded_free(copy, len);
    return text;
}

static char *post_get(const char *type, struct slice body, const char *key)
{
    struct slice value;
    char *copy = guarded(body.ptr, body.len);
    char *text;

    buf_clear(&scratch);
    bool found = form_post_get(slice_str(type), slice_of(copy, body.len), key, &scratch, &value);
    text = value_of(found, value);
    guarded_free(copy, body.len);
    return text;
}

static void assert_text(char *text, const char *want)
{
    if (want) {
        assert_non_null(text);
        assert_string_equal(text, want);
    } else {
        assert_null(text);
    }
    free(text);
}

static void assert_multi(const char *body, const char *want)
{
    assert_text(post_get(MULTI, slice_str(body), "data"), want);
}

TEST(form_get_reads_queries_as_go_does)
{
    static const struct {
        const char *query, *value;
    } cases[] = {
        {"topic=fresh", "fresh"},
        {"topic=", ""},
        {"topic", ""},
        {"", NULL},
        {"&&", NULL},
        {"topics=x", NULL},
        {"topi=x", NULL},
        {"topic=a+b", "a b"},
        {"topic=%E4%b8%ad", "\xe4\xb8\xad"},
        {"topic=%zz", NULL},
        {"topic=%4", NULL},
        {"topic=a%", NULL},
        {"topic=%zz&topic=x", "x"},
        {"a=1;topic=game_1", NULL},
        {"topic=a;b&topic=c", "c"},
        {"topic=nope1&topic=game_1", "nope1"},
        {"x=%zz&topic=y&z", "y"},
        {"t%6fpic=y", "y"},
        {"top%69=y&%zz=z&topic=w", "w"},
        {"topic=a=b", "a=b"},
        {"Topic=a", NULL},
        {"topic=%26%3d%3B%25", "&=;%"},
        {"msgId=5&topic=fresh", "fresh"},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        assert_text(get(cases[i].query, "topic"), cases[i].value);
    buf_free(&scratch);
}

TEST(form_get_takes_json_as_it_was_typed)
{
    assert_text(get("data={\"body\":\"a+b%41\",\"topic\":\"plus\"}", "data"), "{\"body\":\"a bA\",\"topic\":\"plus\"}");
    assert_text(get("data={\"body\":\"a+b%41&c\",\"topic\":\"g\"}", "data"), "{\"body\":\"a bA");
    assert_text(get("data={\"body\":\"a;b\"}", "data"), NULL);
    buf_free(&scratch);
}

TEST(form_get_counts_a_value_that_does_not_fit_as_missing)
{
    struct buf small;
    struct slice value;

    buf_init(&small, 4);
    assert_true(form_get(slice_str("a=%41b"), "a", &small, &value));
    assert_false(form_get(slice_str("a=%41bc"), "a", &small, &value));
    assert_true(form_get(slice_str("a=as-it-stands"), "a", &small, &value));
    buf_free(&small);
}

TEST(form_type_is_blind_to_case_and_parameters)
{
    static const char json[] = "application/json";

    assert_true(form_type_is(slice_str("application/json"), json));
    assert_true(form_type_is(slice_str(" Application/JSON ;charset=utf-8"), json));
    assert_false(form_type_is(slice_str("application/jsonx"), json));
    assert_false(form_type_is(slice_str("application/jso"), json));
    assert_false(form_type_is(slice_str(""), json));
    assert_false(form_type_is(slice_of(NULL, 0), json));
}

TEST(form_param_reads_words_and_quoted_strings)
{
    static const struct {
        const char *header, *value;
    } cases[] = {
        {"form-data; name=data", "data"},
        {"form-data; name=\"data\"", "data"},
        {"form-data;name = \"a;b\" ; x=y", "a;b"},
        {"form-data; x=\"y;name=no\"; NAME=z", "z"},
        {"form-data; name=\"q\\\"\\\\ c:\\dir\"", "q\"\\ c:\\dir"},
        {"form-data; name=\"open", NULL},
        {"form-data; name", NULL},
        {"form-data", NULL},
        {"form-data; name=", ""},
        {"", NULL},
    };
    struct slice value;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        bool found = form_param(slice_str(cases[i].header), "name", &scratch, &value);
        assert_text(value_of(found, value), cases[i].value);
    }
    buf_free(&scratch);
}

TEST(form_post_get_asks_the_content_type)
{
    static const char form[] = "application/x-www-form-urlencoded";
    struct slice body = slice_str("data=1%2B1");

    assert_text(post_get(form, body, "data"), "1+1");
    assert_text(post_get("Application/X-WWW-form-urlencoded; charset=UTF-8", body, "data"), "1+1");
    assert_text(post_get("application/json", body, "data"), NULL);
    assert_text(post_get("", body, "data"), NULL);
    assert_text(post_get("multipart/form-data", body, "data"), NULL);
    buf_free(&scratch);
}

TEST(form_multipart_reads_the_first_field_of_the_name)
{
    static const char body[] = "--B\r\nContent-Disposition: form-data; name=\"data\"\r\n\r\n"
                               "{\"body\":\"multi\",\"topic\":\"mp\"}\r\n--B--\r\n";

    assert_multi(body, "{\"body\":\"multi\",\"topic\":\"mp\"}");
    for (size_t len = 0; len < sizeof(body) - 1; len++) {
        bool whole = len == sizeof(body) - 3; /* the line end of the final boundary may be missing */
        assert_text(post_get(MULTI, slice_of(body, len), "data"),
                    whole ? "{\"body\":\"multi\",\"topic\":\"mp\"}" : NULL);
    }
    assert_text(post_get("Multipart/Form-Data; charset=x; boundary=\"B\"", slice_str(body), "data"),
                "{\"body\":\"multi\",\"topic\":\"mp\"}");
    assert_text(post_get("multipart/form-data; boundary=C", slice_str(body), "data"), NULL);
    assert_text(post_get("multipart/form-data; boundary=\"\"", slice_str(body), "data"), NULL);
    assert_text(post_get(MULTI, slice_str(body), "dat"), NULL);
    assert_multi("preamble\r\n--B\r\ncontent-disposition: form-data; name=x\r\n\r\n1\r\n"
                 "--B  \r\nX: y\r\nContent-Disposition: form-data;\r\n name=\"data\"\r\n\r\na\r\n--Bx\r\nb\r\n"
                 "--B\r\nContent-Disposition: form-data; name=data\r\n\r\nsecond\r\n--B--\r\nepilogue",
                 "a\r\n--Bx\r\nb");
    assert_multi("--B\nContent-Disposition: form-data; name=data\n\nx\ny\n--B--\n", "x\ny");
    assert_multi("--B\r\nContent-Disposition: form-data; name=data\r\n\r\n--B--", "");
    assert_multi("--B\r\nContent-Disposition: form-data; name=data\r\n\r\n\r\n--B--", "");
    buf_free(&scratch);
}

TEST(form_multipart_skips_files_and_refuses_broken_bodies)
{
    static const char *const none[] = {
        "--B\r\nContent-Disposition: form-data; name=data; filename=f\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=data; filename*=utf-8''f\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Disposition: attachment; name=data\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Type: text/plain\r\n\r\nx\r\n--B--",
        "--B\r\nContent-Transfer-Encoding: Quoted-Printable\nContent-Disposition: form-data; name=data\n\nx\r\n--B--",
        "--B\r\nContent-Disposition: form-data; name=data\r\n\r\nx\r\n",
        "--B\r\nContent-Disposition: form-data; name=data\r\n\r\nx\r\n--B\r\n",
        "--B\r\nno colon\r\n\r\nx\r\n--B--",
        "--B--",
        "--B\r\nContent-Disposition: form-data; name=data\r\n\r\nx\r\n--B-x\r\n--B--",
        "",
    };

    for (size_t i = 0; i < ARRAY_LEN(none); i++)
        assert_multi(none[i], NULL);
    assert_multi("--B\r\nContent-Disposition: form-data; name=data; filename=\"\"\r\n\r\nx\r\n--B--", "x");
    buf_free(&scratch);
}

TEST(form_multipart_bounds_its_parts_and_heads)
{
    struct buf body;
    char line[1000];

    buf_init(&body, 1 << 20);
    for (int i = 0; i < FORM_PARTS_MAX; i++)
        assert_true(buf_append_str(&body, "--B\r\nContent-Disposition: form-data; name=data\r\n\r\nx\r\n"));
    size_t len = buf_len(&body);
    assert_true(buf_append_str(&body, "--B--"));
    assert_text(post_get(MULTI, buf_slice(&body), "data"), "x");
    buf_cut(&body, len);
    assert_true(buf_append_str(&body, "--B\r\nX: y\r\n\r\nx\r\n--B--"));
    assert_text(post_get(MULTI, buf_slice(&body), "data"), NULL);
    buf_clear(&body);
    memset(line, 'x', sizeof(line));
    memcpy(line, "X: ", 3);
    memcpy(line + sizeof(line) - 2, "\r\n", 2);
    assert_true(buf_append_str(&body, "--B\r\nContent-Disposition: form-data; name=data\r\n"));
    for (int i = 0; i < FORM_PART_HEAD_MAX / (int)sizeof(line) + 1; i++)
        assert_true(buf_append(&body, line, sizeof(line)));
    assert_true(buf_append_str(&body, "\r\nx\r\n--B--"));
    assert_text(post_get(MULTI, buf_slice(&body), "data"), NULL);
    buf_free(&body);
    buf_free(&scratch);
}
