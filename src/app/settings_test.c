/* settings_test.c - flags, environment, ini file and their order. SPDX-License-Identifier: MIT */
#include "app/settings.h"

#include "app/common_settings.h"
#include "unit/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct values {
    char *config_file, *addr;
    uint64_t id, cache;
    int64_t level;
    bool rotate;
};

#define AT(member) .offset = offsetof(struct values, member)

static const struct setting table[] = {
    {.flag = "config_file", AT(config_file), .fallback = "", .help = "the file"},
    {.flag = "http_addr", .section = "http_server", .key = "addr", AT(addr), .fallback = "127.0.0.1:9504",
     .help = "where", .check = common_check_addr},
    {.flag = "node_id", .section = "node", .key = "id", .type = SETTING_U64, AT(id), .min = 1, .max = 1024,
     .fallback = "1", .help = "the id"},
    {.flag = "cache", .section = "node", .key = "cache", .type = SETTING_BYTES, AT(cache), .min = 4096,
     .max = 1 << 30, .fallback = "16m", .help = "memory"},
    {.section = "log", .key = "level", .type = SETTING_INT, AT(level), .min = (uint64_t)INT64_MIN, .max = 4,
     .fallback = "2", .help = "how much"},
    {.flag = "rotate", .section = "log", .key = "rotate", .type = SETTING_BOOL, AT(rotate), .fallback = "true",
     .help = "or not"},
};
static const struct setting_alien aliens[] = {{"tcp_server", "weight"}};
static const struct settings_spec spec = {
    .program = "prog", .summary = "a program", .table = table, .count = ARRAY_LEN(table), .aliens = aliens,
    .alien_count = 1, .bytes = sizeof(struct values),
};

static const char *env_node_id, *env_file;
static char *fake_env(const char *name)
{
    const char *value = NULL;

    if (strcmp(name, "GMQ_NODE_ID") == 0)
        value = env_node_id;
    if (strcmp(name, "GMQ_CONFIG_FILE") == 0)
        value = env_file;
    return (char *)(uintptr_t)value;
}

static struct values values;
static struct settings_report report;
static struct buf text;

static void begin(void)
{
    env_node_id = env_file = NULL;
    memset(&values, 0, sizeof(values));
    buf_init(&text, 1 << 16);
}

static void end(void)
{
    settings_free(&spec, &values);
    buf_free(&report.notes);
    buf_free(&text);
}

#define LOAD(...) load((const char *[]){"prog", __VA_ARGS__, NULL})
static enum settings_action load(const char **words)
{
    char *argv[16];
    int argc = 0;

    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    argv[argc] = NULL;
    settings_free(&spec, &values);
    buf_free(&report.notes);
    return settings_load(&spec, argc, argv, fake_env, &values, &report, &text);
}

static int read_ini(const char *ini)
{
    char *copy = guarded(ini, strlen(ini));
    int err;

    report.error[0] = '\0';
    assert_int_equal(settings_defaults(&spec, &values), 0);
    err = settings_read_ini(&spec, "conf.ini", slice_of(copy, strlen(ini)), &values, &report);
    guarded_free(copy, strlen(ini));
    return err;
}

static char *write_ini(const char *ini)
{
    char *dir = unit_tmpdir(), *path = NULL;

    assert_true(asprintf(&path, "%s/conf.ini", dir) > 0);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(ini, file) >= 0);
    assert_int_equal(fclose(file), 0);
    free(dir);
    return path;
}

TEST(settings_take_flags_in_all_four_ways)
{
    begin();
    assert_int_equal(LOAD("-http_addr=:1", "--node_id", "7", "-cache", "1m", "--rotate=false"), SETTINGS_RUN);
    assert_string_equal(values.addr, ":1");
    assert_int_equal(values.id, 7);
    assert_int_equal(values.cache, 1 << 20);
    assert_false(values.rotate);
    assert_int_equal(LOAD("--http_addr=:2", "-node_id", "8", "-rotate"), SETTINGS_RUN);
    assert_string_equal(values.addr, ":2");
    assert_int_equal(values.id, 8);
    assert_true(values.rotate);
    assert_int_equal(values.level, 2);
    assert_int_equal(LOAD("--http-addr=:3", "-node-id", "9"), SETTINGS_RUN);
    assert_string_equal(values.addr, ":3");
    assert_int_equal(values.id, 9);
    assert_int_equal(LOAD("--node-i=9"), SETTINGS_REFUSE);
    end();
}

TEST(settings_refuse_flags_by_name_and_say_what_is_allowed)
{
    begin();
    assert_int_equal(LOAD("-node_id=0"), SETTINGS_REFUSE);
    assert_string_equal(report.error, "-node_id = 0: must be 1..1024");
    assert_int_equal(LOAD("-cache=1"), SETTINGS_REFUSE);
    assert_string_equal(report.error, "-cache = 1: must be 4k..1g (k, m, g are understood)");
    assert_int_equal(LOAD("-rotate=maybe"), SETTINGS_REFUSE);
    assert_int_equal(LOAD("-http_addr=x"), SETTINGS_REFUSE);
    assert_string_equal(report.error, "-http_addr = x: must be HOST:PORT, [IPV6]:PORT or :PORT");
    assert_int_equal(LOAD("-nope=1"), SETTINGS_REFUSE);
    assert_string_equal(report.error, "unknown flag -nope=1; -help lists them");
    assert_int_equal(LOAD("-node=1"), SETTINGS_REFUSE);
    assert_int_equal(LOAD("-node_id"), SETTINGS_REFUSE);
    assert_string_equal(report.error, "flag -node_id needs a value");
    assert_int_equal(LOAD("word"), SETTINGS_REFUSE);
    assert_int_equal(LOAD("-http_addr=\n"), SETTINGS_REFUSE);
    end();
}

TEST(settings_flags_win_over_environment_over_file_over_defaults)
{
    begin();
    char *path = write_ini("[node]\nid = 3\ncache = 8k\n[log]\nlevel=-1\n");

    env_file = path;
    assert_int_equal(LOAD("-rotate"), SETTINGS_RUN);
    assert_int_equal(values.id, 3);
    assert_int_equal(values.level, -1);
    env_node_id = "4";
    assert_int_equal(LOAD("-rotate"), SETTINGS_RUN);
    assert_int_equal(values.id, 4);
    assert_int_equal(LOAD("-node_id=5"), SETTINGS_RUN);
    assert_int_equal(values.id, 5);
    assert_int_equal(values.cache, 8192);
    env_node_id = "x";
    assert_int_equal(LOAD("-rotate"), SETTINGS_REFUSE);
    assert_string_equal(report.error, "GMQ_NODE_ID = x: must be 1..1024");
    env_file = NULL;
    assert_int_equal(LOAD("-config_file=/nowhere/x.ini"), SETTINGS_REFUSE);
    assert_string_equal(report.error, "/nowhere/x.ini: No such file or directory");
    free(path);
    end();
}

TEST(settings_answer_help_version_check_and_print)
{
    begin();
    assert_int_equal(LOAD("-help"), SETTINGS_PRINT);
    assert_true(buf_append(&text, "", 1));
    assert_non_null(strstr(buf_data(&text), "-http_addr"));
    assert_non_null(strstr(buf_data(&text), "1..1024"));
    buf_clear(&text);
    assert_int_equal(LOAD("--version"), SETTINGS_PRINT);
    assert_memory_equal(buf_data(&text), "prog ", 5);
    buf_clear(&text);
    assert_int_equal(LOAD("--check-config"), SETTINGS_PRINT);
    assert_int_equal(LOAD("--check-config", "-node_id=0"), SETTINGS_REFUSE);
    buf_clear(&text);
    assert_int_equal(LOAD("--print-config", "-node_id=77", "-cache=3k", "-http_addr=[::1]:4"), SETTINGS_REFUSE);
    assert_int_equal(LOAD("--print-config", "-node_id=77", "-cache=12k", "-http_addr=[::1]:4"), SETTINGS_PRINT);
    assert_true(buf_append(&text, "", 1));
    assert_int_equal(read_ini(buf_data(&text)), 0);
    assert_int_equal(values.id, 77);
    assert_int_equal(values.cache, 12288);
    assert_string_equal(values.addr, "[::1]:4");
    end();
}

TEST(settings_ini_takes_remarks_crlf_bom_indentation_and_quotes)
{
    begin();
    assert_int_equal(read_ini("\xef\xbb\xbf# head\r\n[node] # \xe8\x8a\x82\r\n"
                              "  id = 12   # \xe8\x8a\x82\xe7\x82\xb9,1..9\r\n"
                              "\tcache=1m\t; remark\r\n\r\n;x\n[tcp_server]\nweight = 1\n[http_server]\n"
                              "addr = \"127.0.0.1:1\" # x\n[log]\nrotate : no"), 0);
    assert_int_equal(values.id, 12);
    assert_int_equal(values.cache, 1 << 20);
    assert_string_equal(values.addr, "127.0.0.1:1");
    assert_false(values.rotate);
    end();
}

TEST(settings_ini_names_line_and_remedy)
{
    static const struct {
        const char *ini, *error;
    } cases[] = {
        {"[node]\n\nid = 2000 # much\n", "conf.ini:3: [node] id = 2000: must be 1..1024"},
        {"[node]\nidd = 2\n", "conf.ini:2: unknown key 'idd' in [node], which has: id, cache"},
        {"[nod]\nid = 2\n", "conf.ini:2: unknown section [nod]"},
        {"id = 2\n", "conf.ini:1: 'id' stands before the first [section]"},
        {"[node]\nid\n", "conf.ini:2: must be `key = value` or `[section]`"},
        {"[node\n", "conf.ini:1: must be `key = value` or `[section]`"},
        {"[node]\nbad\nid = 0\n", "conf.ini:2: must be `key = value` or `[section]`"},
        {"[node]\nid = 0\nbad\n", "conf.ini:2: [node] id = 0: must be 1..1024"},
    };

    begin();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(read_ini(cases[i].ini) < 0);
        assert_string_equal(report.error, cases[i].error);
    }
    end();
}

TEST(settings_ini_refuses_long_lines_but_not_long_remarks)
{
    char ini[2000] = "[node]\nid = 2 # ";

    begin();
    memset(ini + strlen(ini), 'x', 1000);
    assert_int_equal(read_ini(ini), 0);
    ini[14] = 'x';
    assert_true(read_ini(ini) < 0);
    assert_memory_equal(report.error, "conf.ini:2: longer than", 23);
    assert_true(settings_read_ini(&spec, "c", slice_of("[node]\nid\0= 2", 13), &values, &report) < 0);
    assert_string_equal(report.error, "c:2: holds a NUL byte");
    end();
}

TEST(settings_ini_survives_every_prefix)
{
    static const char ini[] = "\xef\xbb\xbf[node] # x\r\n id = \"12\" # y\r\ncache=1m\n[log]\nlevel = 3";

    begin();
    for (size_t len = 0; len < sizeof(ini); len++) {
        char *copy = guarded(ini, len);

        (void)!settings_read_ini(&spec, "c", slice_of(copy, len), &values, &report);
        guarded_free(copy, len);
    }
    end();
}

TEST(settings_of_registers_are_split_and_checked)
{
    char *urls[3] = {NULL};

    assert_null(common_check_registers("http://127.0.0.1:9595, 10.0.0.1:80,http://reg/,"));
    assert_null(common_check_registers(""));
    assert_non_null(common_check_registers("https://127.0.0.1:1"));
    assert_non_null(common_check_registers("127.0.0.1"));
    assert_non_null(common_check_registers(":9595"));
    assert_non_null(common_check_registers("http://a/b"));
    assert_int_equal(common_registers("http://127.0.0.1:9595, 10.0.0.1:80,http://reg/,", urls, 3, &report), 3);
    assert_string_equal(urls[0], "http://127.0.0.1:9595");
    assert_string_equal(urls[1], "http://10.0.0.1:80");
    assert_string_equal(urls[2], "http://reg");
    for (int i = 0; i < 3; i++)
        free(urls[i]);
    memset(urls, 0, sizeof(urls));
    assert_true(common_registers("a:1,b:2,c:3,d:4", urls, 3, &report) < 0);
    assert_null(urls[0]);
}

TEST(settings_of_the_log_keep_the_original_quirks)
{
    int64_t level = -3;
    uint64_t bytes = 1000;
    struct common_log log = {.target = "file, console", .filename = "x.log", .directory = "data", .level = &level,
                             .file_bytes_max = &bytes, .rotate = true};
    struct logger_options opt;
    char *file = NULL;

    begin();
    buf_init(&report.notes, 1000);
    assert_int_equal(common_log_options(&log, &report, &opt, &file), 0);
    assert_int_equal(level, 2);
    assert_int_equal(opt.file_bytes_max, 5000000);
    assert_true(buf_len(&report.notes) > 0);
    assert_true(opt.console);
    assert_string_equal(opt.file, "data/x.log");
    assert_null(common_check_log_target("console"));
    assert_non_null(common_check_log_target("consol"));
    free(file);
    end();
}
