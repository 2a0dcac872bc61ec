/* accept_test.c - what browsers take, and which page they get. SPDX-License-Identifier: MIT */
#include "gweb/accept.h"

#include "unit/unit.h"

#include "gweb/assets.h"

TEST(accept_knows_who_takes_gzip)
{
    static const char *const YES[] = {"gzip", "deflate, gzip, br", "GZIP;q=0.5", "*", "br,*;q=0.1", "x-gzip",
                                      " gzip ; q=1 "};
    static const char *const NO[] = {"", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "gzip;q=0, *", "gzipped", ",;,;"};

    for (size_t i = 0; i < ARRAY_LEN(YES); i++)
        assert_true(accept_gzip(slice_str(YES[i])));
    for (size_t i = 0; i < ARRAY_LEN(NO); i++) {
        size_t len = strlen(NO[i]);
        char *header = guarded(NO[i], len);

        assert_false(accept_gzip(slice_of(header, len)));
        guarded_free(header, len);
    }
}

TEST(accept_knows_who_has_it_already)
{
    assert_true(accept_etag(slice_str("\"x\", W/\"a\""), "\"a\""));
    assert_true(accept_etag(slice_str("*"), "\"a\""));
    assert_false(accept_etag(slice_str(""), "\"a\""));
    assert_false(accept_etag(slice_str("a"), "\"a\""));
    assert_false(accept_etag(slice_str("\"ab\""), "\"a\""));
}

static const struct asset LIST[] = {
    {"/css/a.css", "", "", "", "", "", ""}, {"/index.html", "", "", "", "", "", ""},
    {"/js/b.js", "", "", "", "", "", ""}, {"/js/bb.js", "", "", "", "", "", ""},
};

TEST(assets_are_found_by_their_whole_path)
{
    const struct assets assets = {.list = LIST, .count = ARRAY_LEN(LIST)}, none = {.list = NULL};

    for (size_t i = 0; i < ARRAY_LEN(LIST); i++)
        assert_ptr_equal(assets_find(&assets, slice_str(LIST[i].path)), &LIST[i]);
    assert_null(assets_find(&assets, slice_str("/js/b.j")));
    assert_null(assets_find(&assets, slice_str("/js/b.jss")));
    assert_null(assets_find(&assets, slice_str("/js/b.js/")));
    assert_null(assets_find(&assets, slice_str("")));
    assert_null(assets_find(&none, slice_str("/index.html")));
    assert_true(assets_has_folder(&assets, slice_str("/js/none.js")));
    assert_false(assets_has_folder(&assets, slice_str("/j/none.js")));
    assert_false(assets_has_folder(&assets, slice_str("/js")));
    assert_string_equal(assets_type(slice_str("/x.css")), "text/css; charset=utf-8");
    assert_string_equal(assets_type(slice_str("/css")), "application/octet-stream");
}

/* Of a program with pages: the table can be searched, and each has its bytes. */
TEST(assets_of_this_program_are_in_order)
{
    for (size_t i = 0; i < ASSETS.count; i++) {
        const struct asset *asset = &ASSETS.list[i];

        assert_true(i == 0 || strcmp(ASSETS.list[i - 1].path, asset->path) < 0);
        assert_true(asset->plain_end > asset->plain && asset->gz_end > asset->gz);
        assert_memory_equal(asset->gz, "\x1f\x8b", 2);
        assert_string_equal(assets_type(slice_str(asset->path)), asset->type);
    }
}
