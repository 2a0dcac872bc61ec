/* settings.c - gregister's table of settings. SPDX-License-Identifier: MIT */
#include "gregister/settings.h"

#include <errno.h>
#include <stdlib.h>

#include "app/common_settings.h"

#define AT(member) .offset = offsetof(struct gregister_settings, member)

static const struct setting TABLE[] = {
    {.flag = "config_file", AT(config_file), .fallback = "", .value = "PATH", .help = "the ini file"},

    {.flag = "data_save_path", .section = "register", .key = "dataSavePath", AT(data_save_path), .fallback = "data",
     .value = "DIR", .help = "directory of the list of nodes (in gregister/) and of log files",
     .check = common_check_path},

    {.flag = "http_addr", .section = "http_server", .key = "addr", AT(http_addr), .fallback = ":9595",
     .value = "ADDR", .help = "where the HTTP API listens; :PORT for all interfaces", .check = common_check_addr},
    {.flag = "max_connections", .section = "http_server", .key = "max_connections", .type = SETTING_U64,
     AT(max_connections), .min = 1, .max = 1000000, .fallback = "1000", .help = "most connections"},
    {.section = "http_server", .key = "certFile", AT(ignored_cert), .fallback = ""},
    {.section = "http_server", .key = "keyFile", AT(ignored_key), .fallback = ""},
    {.section = "http_server", .key = "enableTls", .type = SETTING_BOOL, AT(http_tls), .fallback = "false",
     .help = "not available yet"},

    {.flag = "log_target", .section = "log", .key = "target_type", AT(log_target), .fallback = "console",
     .value = "console,file", .help = "where log lines go", .check = common_check_log_target},
    {.flag = "log_filename", .section = "log", .key = "filename", AT(log_filename), .fallback = "gregister.log",
     .value = "NAME", .help = "the log file, below data_save_path", .check = common_check_path},
    {.flag = "log_level", .section = "log", .key = "level", .type = SETTING_INT, AT(log_level),
     .min = (uint64_t)INT64_MIN, .max = 4, .fallback = "2",
     .help = "1 errors and warnings, 2 and events, 3 traces, 4 everything; 0 counts as 2"},
    {.flag = "log_max_size", .section = "log", .key = "max_size", .type = SETTING_BYTES, AT(log_file_bytes_max),
     .min = 0, .max = UINT64_C(1) << 40, .fallback = "50000000",
     .help = "a log file that would grow beyond is rotated"},
    {.flag = "log_rotate", .section = "log", .key = "rotate", .type = SETTING_BOOL, AT(log_rotate),
     .fallback = "true", .help = "keep 5 old log files; false: one file that grows without end"},
};

/* Keys of the node in a file that serves both. */
static const struct setting_alien ALIENS[] = {
    {"node", "id"}, {"node", "weight"}, {"node", "msgTTR"}, {"node", "msgMaxRetry"}, {"node", "dataSavePath"},
    {"node", "reportTcpaddr"}, {"node", "reportHttpaddr"}, {"node", "sync"}, {"node", "max_message"},
    {"node", "max_delay"}, {"node", "max_line"}, {"node", "max_batch"}, {"node", "max_in_flight"},
    {"node", "max_topics"}, {"node", "max_connections"}, {"node", "cache"}, {"node", "read_cache"},
    {"node", "list_memory"}, {"node", "delay_memory"}, {"node", "input_memory"}, {"tcp_server", "addr"},
    {"tcp_server", "weight"}, {"tcp_server", "certFile"}, {"tcp_server", "keyFile"}, {"tcp_server", "enableTls"},
    {"gregister", "addr"},
};

static int finish(void *ctx, struct settings_report *report)
{
    struct gregister_settings *values = ctx;
    const struct common_log log = {
        .target = values->log_target, .filename = values->log_filename, .directory = values->data_save_path,
        .level = &values->log_level, .file_bytes_max = &values->log_file_bytes_max, .rotate = values->log_rotate,
    };

    if (common_refuse_tls(values->http_tls, "[http_server] enableTls", report) != 0)
        return -EINVAL;
    if (addr_parse(slice_str(values->http_addr), &values->http, NULL) != 0)
        return settings_refuse(report, "a checked value became bad");
    return common_log_options(&log, report, &values->log, &values->log_file);
}

const struct settings_spec GREGISTER_SETTINGS = {
    .program = "gregister",
    .summary = "the registry: which nodes exist, at which addresses, with which weight",
    .table = TABLE,
    .count = ARRAY_LEN(TABLE),
    .aliens = ALIENS,
    .alien_count = ARRAY_LEN(ALIENS),
    .bytes = sizeof(struct gregister_settings),
    .finish = finish,
};

void gregister_settings_free(struct gregister_settings *values)
{
    settings_free(&GREGISTER_SETTINGS, values);
    free(values->log_file);
    values->log_file = NULL;
    values->log.file = NULL;
}
