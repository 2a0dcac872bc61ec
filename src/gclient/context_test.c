/* context_test.c - files of contexts, good and hostile, and where addresses come from. SPDX-License-Identifier: MIT */
#include "gclient/context.h"

#include "gclient/where.h"
#include "unit/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char error[CONTEXT_ERROR_BYTES], where_error[WHERE_ERROR_BYTES];
static const char *vars[16][2];

static char *fake_env(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(vars) && vars[i][0]; i++)
        if (strcmp(vars[i][0], name) == 0) {
            union {
                const char *from;
                char *to;
            } same = {.from = vars[i][1]};
            return same.to;
        }
    return NULL;
}

static void set_env(size_t at, const char *name, const char *value)
{
    vars[at][0] = name;
    vars[at][1] = value;
    vars[at + 1][0] = NULL;
}

static void write_text(const char *dir, const char *path, const char *text, size_t len)
{
    char whole[CONTEXT_PATH_BYTES];

    (void)snprintf(whole, sizeof(whole), "%s/context", dir);
    (void)mkdir(whole, 0700);
    (void)snprintf(whole, sizeof(whole), "%s/%s", dir, path);
    FILE *file = fopen(whole, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}

TEST(context_names_stay_in_their_folder)
{
    static const char *const good[] = {"a", "live", "A.b_c-9", "0"};
    static const char *const bad[] = {"", ".", "..", ".a", "-a", "a/b", "../a", "a b", "a\n", "a:b", "\xc3\xa9", "_x"};
    char text[CONTEXT_NAME_BYTES + 1];

    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        assert_true(context_name_ok(good[i]));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(context_name_ok(bad[i]));
    memset(text, 'a', sizeof(text));
    text[CONTEXT_NAME_BYTES] = '\0';
    assert_false(context_name_ok(text));
    text[CONTEXT_NAME_BYTES - 1] = '\0';
    assert_true(context_name_ok(text));
}

TEST(context_is_written_read_listed_selected_and_removed)
{
    char *root = unit_tmpdir(), description[] = "a # b; 'c' \xe4\xb8\xad", node[] = "1.2.3.4:5";
    char dir[CONTEXT_PATH_BYTES], name[CONTEXT_NAME_BYTES];
    struct context context = {.description = description, .node = node}, back;
    struct context_list list;
    struct stat st;

    (void)snprintf(dir, sizeof(dir), "%s/x/y/gmq", root);
    assert_int_equal(context_names(dir, &list, error), 0);
    assert_int_equal(list.count, 0);
    assert_int_equal(context_write(dir, "live", &context, error), 0);
    assert_int_equal(context_write(dir, "b", &context, error), 0);
    assert_int_equal(context_write(dir, "b", &context, error), 0);
    assert_int_equal(context_read(dir, "live", &back, error), 0);
    assert_string_equal(back.description, description);
    assert_string_equal(back.node, node);
    assert_string_equal(back.http, "");
    context_free(&back);
    assert_int_equal(context_names(dir, &list, error), 0);
    assert_int_equal(list.count, 2);
    assert_string_equal(list.names[0], "b");
    free(list.names);
    assert_false(context_selected(dir, name));
    assert_int_equal(context_select(dir, "nosuch", error), -ENOENT);
    assert_int_equal(context_select(dir, "live", error), 0);
    assert_true(context_selected(dir, name));
    assert_string_equal(name, "live");
    assert_int_equal(context_remove(dir, "live", error), 0);
    assert_false(context_selected(dir, name));
    assert_int_equal(context_remove(dir, "live", error), -ENOENT);
    assert_int_equal(context_select(dir, NULL, error), 0);
    (void)snprintf(dir, sizeof(dir), "%s/x/y/gmq/context/b.conf", root);
    assert_int_equal(stat(dir, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    free(root);
}

TEST(context_what_could_not_be_read_again_is_not_written)
{
    char *dir = unit_tmpdir(), blank[] = "a b", line[] = "a\nnode = x", good[] = "h:1";
    struct context context = {.node = blank};

    assert_int_equal(context_write(dir, "a", &context, error), -EINVAL);
    context = (struct context){.node = good, .description = line};
    assert_int_equal(context_write(dir, "a", &context, error), -EINVAL);
    assert_int_equal(context_write(dir, "../a", &context, error), -EINVAL);
    assert_false(context_exists(dir, "a"));
    free(dir);
}

TEST(context_files_are_refused_with_their_line)
{
    static const struct {
        const char *text, *says;
    } bad[] = {{"[context]\nnode = a b\n", "f:2: [context] node"},
               {"[context]\nnodes = x\n", "f:2: unknown key 'nodes'"},
               {"[other]\nnode = x\n", "f:2: unknown section [other]"},
               {"node = x\n", "f:1: 'node' stands before"},
               {"[context]\nhttp = \x1b[2J\n", "f:2"},
               {"[context\n", "f:1"}};
    struct context context;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_int_equal(context_parse("f", slice_str(bad[i].text), &context, error), -EINVAL);
        assert_ptr_equal(strstr(error, bad[i].says), error);
        assert_null(context.node);
    }
}

TEST(context_every_beginning_of_a_file_is_read_or_refused)
{
    static const char text[] = "\xef\xbb\xbf# x\r\n[context]\r\ndescription = \"a # b\" ; c\nnode = h:1\n"
                               "http = http://h:2\nregister = a,b\n";
    struct context context;

    for (size_t len = 0; len < sizeof(text); len++) {
        char *copy = guarded(text, len);
        if (context_parse("f", slice_of(copy, len), &context, error) == 0)
            context_free(&context);
        guarded_free(copy, len);
    }
    assert_int_equal(context_parse("f", slice_str(text), &context, error), 0);
    assert_string_equal(context.description, "a # b");
    assert_string_equal(context.registry, "a,b");
    context_free(&context);
}

TEST(context_hostile_files_are_refused)
{
    char *dir = unit_tmpdir(), *large = calloc(1, CONTEXT_FILE_BYTES + 1), name[CONTEXT_NAME_BYTES];
    char path[CONTEXT_PATH_BYTES];
    struct context context;
    struct context_list list;

    memset(large, '#', CONTEXT_FILE_BYTES + 1);
    write_text(dir, "context/large.conf", large, CONTEXT_FILE_BYTES + 1);
    write_text(dir, "context/fits.conf", large, CONTEXT_FILE_BYTES - 1);
    write_text(dir, "context/nul.conf", "[context]\nnode = a\0b\n", 21);
    write_text(dir, "context/.hidden.conf", "", 0);
    write_text(dir, "context/a b.conf", "", 0);
    write_text(dir, "context/other", "", 0);
    (void)snprintf(path, sizeof(path), "%s/context/pipe.conf", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    (void)snprintf(path, sizeof(path), "%s/context/dir.conf", dir);
    assert_int_equal(mkdir(path, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/context/loop.conf", dir);
    assert_int_equal(symlink("loop.conf", path), 0);
    assert_int_equal(context_read(dir, "large", &context, error), -EFBIG);
    assert_int_equal(context_read(dir, "nul", &context, error), -EINVAL);
    assert_int_equal(context_read(dir, "pipe", &context, error), -EINVAL);
    assert_int_equal(context_read(dir, "dir", &context, error), -EINVAL);
    assert_int_equal(context_read(dir, "loop", &context, error), -ELOOP);
    assert_int_equal(context_read(dir, "nosuch", &context, error), -ENOENT);
    assert_int_equal(context_read(dir, "../x", &context, error), -EINVAL);
    assert_int_equal(context_names(dir, &list, error), 0);
    assert_int_equal(list.count, 6);
    free(list.names);
    write_text(dir, "selected", "../../etc/passwd\n", 17);
    assert_false(context_selected(dir, name));
    write_text(dir, "selected", large, CONTEXT_FILE_BYTES);
    assert_false(context_selected(dir, name));
    write_text(dir, "selected", "", 0);
    assert_false(context_selected(dir, name));
    write_text(dir, "selected", "live", 4);
    assert_true(context_selected(dir, name));
    free(large);
    free(dir);
}

TEST(context_folder_is_the_one_of_the_environment)
{
    char dir[CONTEXT_PATH_BYTES], long_path[CONTEXT_PATH_BYTES + 1];

    vars[0][0] = NULL;
    assert_false(context_dir(fake_env, dir));
    set_env(0, "HOME", "/home/x");
    assert_true(context_dir(fake_env, dir));
    assert_string_equal(dir, "/home/x/.config/gmq");
    set_env(1, "XDG_CONFIG_HOME", "relative");
    assert_true(context_dir(fake_env, dir));
    assert_string_equal(dir, "/home/x/.config/gmq");
    set_env(1, "XDG_CONFIG_HOME", "/c");
    assert_true(context_dir(fake_env, dir));
    assert_string_equal(dir, "/c/gmq");
    memset(long_path, '/', sizeof(long_path) - 1);
    long_path[sizeof(long_path) - 1] = '\0';
    set_env(1, "XDG_CONFIG_HOME", long_path);
    assert_false(context_dir(fake_env, dir));
}

TEST(where_urls_are_taken_apart)
{
    static const struct {
        const char *url, *node, *http;
    } good[] = {{"tcp://h:1", "h:1", "h:9504"}, {"gmq://h", "h:9503", "h:9504"},
                {"1.2.3.4:5/", "1.2.3.4:5", "1.2.3.4:9504"},
                {"tcp://[::1]:7", "[::1]:7", "[::1]:9504"}, {"[::1]", "[::1]:9503", "[::1]:9504"},
                {":8", ":8", "127.0.0.1:9504"}};
    static const char *const bad[] = {"", "tcp://", "http://h:1", "tcp://h:1/x", "tcp://u@h:1", "::1", "h:", "h:1:2",
                                      "[::1", "[::1]x", "a b:1", "tcp://h\x01:1"};
    char node[WHERE_ADDR_BYTES], http[WHERE_ADDR_BYTES], long_url[400];

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        assert_true(where_read_url(good[i].url, node, http));
        assert_string_equal(node, good[i].node);
        assert_string_equal(http, good[i].http);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_false(where_read_url(bad[i], node, http));
    memset(long_url, 'h', sizeof(long_url) - 1);
    long_url[sizeof(long_url) - 1] = '\0';
    assert_false(where_read_url(long_url, node, http));
    long_url[255] = '\0';
    assert_true(where_read_url(long_url, node, http));
    assert_int_equal(strlen(node), 260);
}

/* The node's address with the flag and context given. */
static const char *node_of(const char *flag, const char *context)
{
    static char kept[WHERE_ADDR_BYTES];
    struct values values = {.node = flag, .context = context};
    struct where where;
    bool good = where_settle_in(&where, FOR_PUSH, &values, fake_env, where_error);

    (void)snprintf(kept, sizeof(kept), "%s", good ? values.node : "refused");
    where_free(&where);
    return kept;
}

TEST(where_the_first_that_has_an_address_decides)
{
    char *root = unit_tmpdir(), dir[CONTEXT_PATH_BYTES], a[] = "a:1", b[] = "b:1", c[] = "c:1";
    struct context one = {.node = a}, two = {.node = b}, three = {.node = c}, none = {.http = a};

    vars[0][0] = NULL;
    assert_string_equal(node_of(NULL, NULL), "127.0.0.1:9503");
    set_env(0, "XDG_CONFIG_HOME", root);
    assert_true(context_dir(fake_env, dir));
    assert_int_equal(context_write(dir, "a", &one, error), 0);
    assert_int_equal(context_write(dir, "b", &two, error), 0);
    assert_int_equal(context_write(dir, "c", &three, error), 0);
    assert_int_equal(context_write(dir, "none", &none, error), 0);
    assert_string_equal(node_of(NULL, NULL), "127.0.0.1:9503");
    assert_int_equal(context_select(dir, "c", error), 0);
    assert_string_equal(node_of(NULL, NULL), "c:1");
    set_env(1, "GMQ_CONTEXT", "b");
    assert_string_equal(node_of(NULL, NULL), "b:1");
    set_env(2, "GMQ_URL", "tcp://u:1");
    assert_string_equal(node_of(NULL, NULL), "u:1");
    set_env(3, "GMQ_NODE", "n:1");
    assert_string_equal(node_of(NULL, NULL), "n:1");
    assert_string_equal(node_of(NULL, "a"), "a:1");
    assert_string_equal(node_of(NULL, "none"), "n:1");
    assert_string_equal(node_of("f:1", "a"), "f:1");
    assert_string_equal(node_of(NULL, "nosuch"), "refused");
    set_env(2, "GMQ_URL", "http://u:1");
    set_env(3, "GMQ_NODE", "n:1");
    assert_string_equal(node_of(NULL, NULL), "n:1");
    set_env(3, "GMQ_NODE", "");
    assert_string_equal(node_of(NULL, NULL), "refused");
    set_env(1, "GMQ_CONTEXT", "nosuch");
    assert_string_equal(node_of(NULL, NULL), "refused");
    assert_string_equal(node_of("f:1", NULL), "f:1");
    set_env(1, "GMQ_CONTEXT", "");
    assert_string_equal(node_of(NULL, NULL), "c:1");
    write_text(dir, "context/c.conf", "[context]\nnode\n", 15);
    assert_string_equal(node_of(NULL, NULL), "refused");
    assert_non_null(strstr(where_error, "c.conf:2"));
    free(root);
}
