/* settings_test.c - gnode takes the original ini file and refuses what cannot work. SPDX-License-Identifier: MIT */
#include "gnode/settings.h"

#include "unit/unit.h"

#include <stdlib.h>
#include <string.h>

static const char ORIGINAL[] =
    "[node]\nid = 1              # \xe8\x8a\x82\xe7\x82\xb9\xe5\x94\xaf\xe4\xb8\x80id,\xe8\x8c\x83\xe5\x9b\xb4\n"
    "weight = 1          # x\nmsgTTR = 60         # y\nmsgMaxRetry = 5     # z\n"
    "dataSavePath = data # \xe6\x95\xb0\xe6\x8d\xae(\xe6\xb6\x88\xe6\x81\xaf,\xe6\x97\xa5\xe5\xbf\x97) \n\n"
    "[http_server]\naddr = 127.0.0.1:9504\ncertFile = server.pem # a\nkeyFile = server.key  # b   \n"
    "enableTls = false     \n\n[tcp_server]\naddr = 127.0.0.1:9503\nweight = 1\ncertFile = server.pem\n"
    "keyFile = server.key\nenableTls = false\n\n[log]\ntarget_type = console # c\nfilename = gnode.log\n"
    "level = 2             # d\nmax_size = 50000000\nrotate = true         # e\n\n"
    "[gregister]\naddr = http://127.0.0.1:9595 ";

static struct gnode_settings values;
static struct settings_report report;

static char *no_env(const char *name)
{
    (void)name;
    return NULL;
}

#define LOAD(...) load((const char *[]){"gnode", __VA_ARGS__, NULL})
static enum settings_action load(const char **words)
{
    char *argv[16];
    int argc = 0;
    struct buf text;

    for (; words[argc]; argc++)
        argv[argc] = (char *)(uintptr_t)words[argc];
    argv[argc] = NULL;
    gnode_settings_free(&values);
    buf_free(&report.notes);
    memset(&values, 0, sizeof(values));
    buf_init(&text, 1 << 16);
    enum settings_action action = settings_load(&GNODE_SETTINGS, argc, argv, no_env, &values, &report, &text);
    buf_free(&text);
    return action;
}

static void end(void)
{
    gnode_settings_free(&values);
    buf_free(&report.notes);
}

TEST(gnode_settings_read_the_original_file_without_a_note)
{
    assert_int_equal(settings_defaults(&GNODE_SETTINGS, &values), 0);
    assert_int_equal(settings_read_ini(&GNODE_SETTINGS, "conf.ini", slice_str(ORIGINAL), &values, &report), 0);
    buf_init(&report.notes, 4096);
    assert_int_equal(GNODE_SETTINGS.finish(&values, &report), 0);
    assert_int_equal(buf_len(&report.notes), 0);
    assert_int_equal(values.register_count, 1);
    assert_string_equal(values.registers[0], "http://127.0.0.1:9595");
    assert_int_equal(values.http.port, 9504);
    assert_int_equal(values.tcp.port, 9503);
    assert_int_equal(values.msg_ttr_s, 60);
    assert_true(values.log.console);
    assert_null(values.log.file);
    end();
}

TEST(gnode_settings_have_the_documented_defaults)
{
    assert_int_equal(LOAD("-node_id=1"), SETTINGS_RUN);
    assert_int_equal(values.sync_mode, GNODE_SYNC_ALWAYS);
    assert_int_equal(values.max_message_bytes, 4 << 20);
    assert_int_equal(values.cache_bytes, 16 << 20);
    assert_int_equal(values.max_delay_s, 259200);
    assert_int_equal(values.register_count, 0);
    assert_int_equal(values.log.level, LOG_INFO);
    assert_true(values.log.console);
    assert_string_equal(values.data_save_path, "data");
    end();
}

TEST(gnode_settings_refuse_what_cannot_work)
{
    static const char *const bad[] = {"-node_id=0",        "-node_id=1025",     "-msg_ttr=0",      "-msg_ttr=301",
                                      "-msg_max_retry=255", "-node_weight=0",   "-cache=15m",      "-cache=8m",
                                      "-max_message=65m",  "-max_delay=0",      "-sync=often",     "-sync=interval:0",
                                      "-http_addr=1",      "-data_save_path=",  "-log_level=5",    "-log_target=x",
                                      "-register_addr=https://a:1", "-max_disk=31m",
                                      "-memory_limit=100m"};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(LOAD(bad[i]), SETTINGS_REFUSE);
    assert_int_equal(LOAD("-cache=8m"), SETTINGS_REFUSE);
    assert_string_equal(report.error, "cache = 8m: must be at least 4 x max_message, which is 4m");
    end();
}

TEST(gnode_settings_refuse_tls_by_its_key)
{
    assert_int_equal(settings_defaults(&GNODE_SETTINGS, &values), 0);
    assert_int_equal(settings_read_ini(&GNODE_SETTINGS, "c", slice_str("[tcp_server]\nenableTls = true\n"), &values,
                                       &report), 0);
    assert_true(GNODE_SETTINGS.finish(&values, &report) < 0);
    assert_string_equal(report.error, "[tcp_server] enableTls = true: TLS is not available yet");
    end();
}

TEST(gnode_settings_understand_every_sync)
{
    assert_int_equal(LOAD("-sync=interval:20"), SETTINGS_RUN);
    assert_int_equal(values.sync_mode, GNODE_SYNC_INTERVAL);
    assert_int_equal(values.sync_interval_ms, 20);
    assert_int_equal(LOAD("-sync=none"), SETTINGS_RUN);
    assert_int_equal(values.sync_mode, GNODE_SYNC_NONE);
    end();
}
