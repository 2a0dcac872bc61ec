/* settings.c - gnode's table of settings. SPDX-License-Identifier: MIT */
#include "gnode/settings.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/common_settings.h"
#include "base/num.h"
#include "engine/dedup.h"
#include "gnode/inspect.h"

#define AT(member) .offset = offsetof(struct gnode_settings, member)
#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define PIB (1024 * 1024 * GIB)
#define TOPIC_IDLE_S_MAX (UINT64_C(10) * 365 * 86400)
#define DELAY_S_MAX (UINT64_C(100) * 365 * 86400) /* 100 years; the 4 bytes of an mpub reach to 136 */

enum { STOP_DELAY_MS_MAX = 600000, SYNC_MS_MAX = 60000, SYNC_MS_DEFAULT = 50, MAX_DISK_LEAST = 32 << 20 };

/* Host names with commas between them. */
static const char *check_hosts(const char *text)
{
    static const char WHY[] = "must be host names, without ports, with commas between them";

    if (text[0] == '\0')
        return NULL;
    for (const char *at = text;; at++) {
        size_t len = strcspn(at, ",");
        if (len == 0 || len >= ADDR_HOST_BYTES || strcspn(at, " :/@[]") < len)
            return WHY;
        at += len;
        if (*at == '\0')
            return NULL;
    }
}

static bool parse_sync(const char *text, enum gnode_sync *ret_mode, uint64_t *ret_ms)
{
    static const char PREFIX[] = "interval:";
    uint64_t ms = SYNC_MS_DEFAULT;
    enum gnode_sync mode = GNODE_SYNC_INTERVAL;

    if (strcmp(text, "always") == 0)
        mode = GNODE_SYNC_ALWAYS;
    else if (strcmp(text, "none") == 0)
        mode = GNODE_SYNC_NONE;
    else if (strncmp(text, PREFIX, sizeof(PREFIX) - 1) == 0) {
        if (!num_parse_u64(slice_str(text + sizeof(PREFIX) - 1), &ms) || ms < 1 || ms > SYNC_MS_MAX)
            return false;
    } else if (strcmp(text, "interval") != 0) {
        return false;
    }
    *ret_mode = mode;
    *ret_ms = ms;
    return true;
}

static const char *check_sync(const char *text)
{
    enum gnode_sync mode;
    uint64_t ms;

    return parse_sync(text, &mode, &ms) ? NULL : "must be always, interval:MS (1..60000) or none";
}

static const struct setting TABLE[] = {
    {.flag = "config_file", AT(config_file), .fallback = "", .value = "PATH", .help = "the ini file"},

    {.flag = "node_id", .section = "node", .key = "id", .type = SETTING_U64, AT(node_id), .min = 1, .max = 1024,
     .fallback = "1", .help = "id of this node, different on every node; part of each message id"},
    {.flag = "node_weight", .section = "node", .key = "weight", .type = SETTING_U64, AT(node_weight), .min = 1,
     .max = INT32_MAX, .fallback = "1", .help = "clients that choose a node by weight take it this often"},
    {.flag = "msg_ttr", .section = "node", .key = "msgTTR", .type = SETTING_U64, AT(msg_ttr_s), .min = 1, .max = 300,
     .fallback = "60", .help = "seconds after which a message that got no ack is delivered again"},
    {.flag = "msg_max_retry", .section = "node", .key = "msgMaxRetry", .type = SETTING_U64, AT(msg_max_retry),
     .min = 0, .max = 254, .fallback = "5", .help = "deliveries after the first before a message is dead"},
    {.flag = "data_save_path", .section = "node", .key = "dataSavePath", AT(data_save_path), .fallback = "data",
     .value = "DIR", .help = "directory of messages and log files", .check = common_check_path},
    {.flag = "report_tcp_addr", .section = "node", .key = "reportTcpaddr", AT(report_tcp_addr), .fallback = "",
     .value = "ADDR", .help = "the TCP address told to the registry, if it differs from tcp_addr",
     .check = common_check_addr_or_empty},
    {.flag = "report_http_addr", .section = "node", .key = "reportHttpaddr", AT(report_http_addr), .fallback = "",
     .value = "ADDR", .help = "the HTTP address told to the registry, if it differs from http_addr",
     .check = common_check_addr_or_empty},
    {.flag = "sync", .section = "node", .key = "sync", AT(sync), .fallback = "always",
     .value = "always|interval:MS|none", .help = "when a reply may leave: after fdatasync, or at once",
     .check = check_sync},
    {.flag = "max_message", .section = "node", .key = "max_message", .type = SETTING_BYTES, AT(max_message_bytes),
     .min = KIB, .max = 64 * MIB, .fallback = "4m", .help = "longest body, and all bodies of one mpub together"},
    {.flag = "max_delay", .section = "node", .key = "max_delay", .type = SETTING_U64, AT(max_delay_s), .min = 1,
     .max = DELAY_S_MAX, .fallback = "259200", .help = "longest delay of a message, in seconds"},
    {.flag = "max_line", .section = "node", .key = "max_line", .type = SETTING_BYTES, AT(max_line_bytes),
     .min = KIB, .max = MIB, .fallback = "64k", .help = "longest command line of the TCP protocol"},
    {.flag = "max_batch", .section = "node", .key = "max_batch", .type = SETTING_U64, AT(max_batch), .min = 1,
     .max = 1000000, .fallback = "10000", .help = "most messages of one mpub"},
    {.flag = "max_in_flight", .section = "node", .key = "max_in_flight", .type = SETTING_U64, AT(max_in_flight),
     .min = 1, .max = 100000000, .fallback = "1000000", .help = "most messages of a topic that wait for their ack"},
    {.flag = "max_topics", .section = "node", .key = "max_topics", .type = SETTING_U64, AT(max_topics), .min = 1,
     .max = 10000000, .fallback = "100000", .help = "most topics"},
    {.flag = "dedup_window", .section = "node", .key = "dedup_window", .type = SETTING_U64, AT(dedup_window_s),
     .min = 0, .max = DEDUP_WINDOW_MS_MAX / 1000, .fallback = "600",
     .help = "seconds in which a push with a dedup key that was used before is the same push; 0: no such keys"},
    {.flag = "dedup_keys", .section = "node", .key = "dedup_keys", .type = SETTING_U64, AT(dedup_keys), .min = 1,
     .max = DEDUP_KEYS_MAX, .fallback = "100000",
     .help = "most dedup keys, 36 bytes of memory each; beyond it the oldest are free before their time"},
    {.flag = "topic_idle", .section = "node", .key = "topic_idle", .type = SETTING_U64, AT(topic_idle_s), .min = 0,
     .max = TOPIC_IDLE_S_MAX, .fallback = "0",
     .help = "seconds after which an empty topic that nobody used is deleted; 0: never"},
    {.flag = "max_connections", .section = "node", .key = "max_connections", .type = SETTING_U64, AT(max_connections),
     .min = 1, .max = 1000000, .fallback = "10000", .help = "most connections of each door"},
    {.flag = "stop_delay", .section = "node", .key = "stop_delay", .type = SETTING_U64, AT(stop_delay_ms), .min = 0,
     .max = STOP_DELAY_MS_MAX, .fallback = "0",
     .help = "milliseconds that a node which was told to stop serves on, not ready, so that balancers turn away first"},
    {.flag = "cache", .section = "node", .key = "cache", .type = SETTING_BYTES, AT(cache_bytes), .min = MIB,
     .max = 512 * MIB, .fallback = "16m",
     .help = "memory for the newest messages; a power of two, at least 4 x max_message"},
    {.flag = "read_cache", .section = "node", .key = "read_cache", .type = SETTING_BYTES, AT(read_cache_bytes),
     .min = MIB, .max = 16 * GIB, .fallback = "4m", .help = "memory for messages read back from disk"},
    {.flag = "segment_size", .section = "node", .key = "segment_size", .type = SETTING_BYTES, AT(segment_bytes),
     .min = MIB, .max = GIB, .fallback = "64m", .help = "largest file of the log, unless one message is larger"},
    {.flag = "gc_slack", .section = "node", .key = "gc_slack", .type = SETTING_BYTES, AT(gc_slack_bytes), .min = 0,
     .max = 64 * 1024 * GIB, .fallback = "256m",
     .help = "disk that the log may take beyond twice what is needed of it before files are compacted"},
    {.flag = "history_keep", .section = "node", .key = "history_keep", .type = SETTING_BYTES, AT(history_keep_bytes),
     .min = 0, .max = PIB, .fallback = "0",
     .help = "newest bytes of the log that are kept for the histories of messages while there is room; 0: none"},
    {.flag = "list_memory", .section = "node", .key = "list_memory", .type = SETTING_BYTES, AT(list_memory_bytes),
     .min = 64 * KIB, .max = 64 * GIB, .fallback = "8m",
     .help = "memory for the lists of waiting messages, 8 bytes each; what is longer goes to disk"},
    {.flag = "delay_memory", .section = "node", .key = "delay_memory", .type = SETTING_BYTES,
     AT(delay_memory_bytes), .min = 64 * KIB, .max = 64 * GIB, .fallback = "8m",
     .help = "memory for delayed messages, 20 bytes each; what is more, and not due soon, goes to disk"},
    {.flag = "input_memory", .section = "node", .key = "input_memory", .type = SETTING_BYTES, AT(input_memory_bytes),
     .min = MIB, .max = 16 * GIB, .fallback = "64m",
     .help = "memory for requests that are still coming in, of all connections together"},
    {.flag = "memory_limit", .section = "node", .key = "memory_limit", .type = SETTING_BYTES, AT(memory_limit_bytes),
     .min = 0, .max = PIB, .fallback = "0",
     .help = "memory of the node; near it pushes, pops and new connections are refused; 0: no limit"},
    {.flag = "max_disk", .section = "node", .key = "max_disk", .type = SETTING_BYTES, AT(max_disk_bytes), .min = 0,
     .max = PIB, .fallback = "0",
     .help = "most that the data directory may take; beyond it pushes are refused; 0: no limit"},
    {.flag = "disk_free_min", .section = "node", .key = "disk_free_min", .type = SETTING_BYTES,
     AT(disk_free_min_bytes), .min = 0, .max = PIB, .fallback = "0",
     .help = "with less room than this on the file system pushes are refused; 0: it is used to its end"},

    {.flag = "http_addr", .section = "http_server", .key = "addr", AT(http_addr), .fallback = "127.0.0.1:9504",
     .value = "ADDR", .help = "where the HTTP API listens; :PORT for all interfaces", .check = common_check_addr},
    {.flag = "http_hosts", .section = "http_server", .key = "http_hosts", AT(http_hosts), .fallback = "",
     .value = "NAME[,NAME]...",
     .help = "names under which alone the node may be asked, beside addresses and its own; empty: any, but by browsers",
     .check = check_hosts},
    {.flag = "legacy_http", .section = "http_server", .key = "legacy_http", .type = SETTING_BOOL, AT(legacy_http),
     .fallback = "true", .help = "the original's HTTP API beside /api/v1; false: its paths answer 404, but for /ping"},
    {.section = "http_server", .key = "certFile", AT(ignored_cert), .fallback = ""},
    {.section = "http_server", .key = "keyFile", AT(ignored_key), .fallback = ""},
    {.section = "http_server", .key = "enableTls", .type = SETTING_BOOL, AT(http_tls), .fallback = "false",
     .help = "not available yet"},

    {.flag = "tcp_addr", .section = "tcp_server", .key = "addr", AT(tcp_addr), .fallback = "127.0.0.1:9503",
     .value = "ADDR", .help = "where the TCP protocol listens; :PORT for all interfaces", .check = common_check_addr},
    {.section = "tcp_server", .key = "certFile", AT(ignored_cert), .fallback = ""},
    {.section = "tcp_server", .key = "keyFile", AT(ignored_key), .fallback = ""},
    {.section = "tcp_server", .key = "enableTls", .type = SETTING_BOOL, AT(tcp_tls), .fallback = "false",
     .help = "not available yet"},

    {.flag = "log_target", .section = "log", .key = "target_type", AT(log_target), .fallback = "console",
     .value = "console,file", .help = "where log lines go", .check = common_check_log_target},
    {.flag = "log_filename", .section = "log", .key = "filename", AT(log_filename), .fallback = "gnode.log",
     .value = "NAME", .help = "the log file, below data_save_path", .check = common_check_path},
    {.flag = "log_level", .section = "log", .key = "level", .type = SETTING_INT, AT(log_level),
     .min = (uint64_t)INT64_MIN, .max = 4, .fallback = "2",
     .help = "1 errors and warnings, 2 and events, 3 traces, 4 everything; 0 counts as 2"},
    {.flag = "log_max_size", .section = "log", .key = "max_size", .type = SETTING_BYTES, AT(log_file_bytes_max),
     .min = 0, .max = 1024 * GIB, .fallback = "50000000", .help = "a log file that would grow beyond is rotated"},
    {.flag = "log_rotate", .section = "log", .key = "rotate", .type = SETTING_BOOL, AT(log_rotate),
     .fallback = "true", .help = "keep 5 old log files; false: one file that grows without end"},

    {.flag = "register_addr", .section = "gregister", .key = "addr", AT(register_addr), .fallback = "",
     .value = "URL[,URL]...", .help = "registries to tell about this node; empty for none",
     .check = common_check_registers},
};

/* Keys that belong to the other programs of one shared file, and the weight that stood at the wrong place. */
static const struct setting_alien ALIENS[] = {
    {"tcp_server", "weight"},
    {"register", "dataSavePath"},
    {"http_server", "max_connections"},
};

/* What is claimed at once, and what a few clients with large messages may need. */
static uint64_t memory_least(const struct gnode_settings *values)
{
    return values->cache_bytes + values->read_cache_bytes + values->list_memory_bytes + values->input_memory_bytes +
           8 * values->max_message_bytes + 32 * MIB;
}

static int check_sizes(const struct gnode_settings *values, struct settings_report *report)
{
    struct buf text;
    int err = 0;

    if ((values->cache_bytes & (values->cache_bytes - 1)) != 0)
        return settings_refuse(report, "cache ([node] cache): must be a power of two, such as 16m or 32m");
    if (values->max_disk_bytes != 0 && values->max_disk_bytes < MAX_DISK_LEAST)
        return settings_refuse(report, "max_disk: must be 0 or at least 32m, less is taken by an empty node");
    if (values->memory_limit_bytes != 0 && values->memory_limit_bytes < memory_least(values))
        return settings_refuse(report, "memory_limit: must be 0 or at least cache + read_cache + list_memory + "
                                       "input_memory + 8 x max_message + 32m, which is %" PRIu64 "m",
                               (memory_least(values) + MIB - 1) / MIB);
    if (values->cache_bytes / 4 >= values->max_message_bytes)
        return 0;
    buf_init(&text, 256);
    if (buf_append_str(&text, "cache = ") && setting_bytes_text(&text, values->cache_bytes) &&
        buf_append_str(&text, ": must be at least 4 x max_message, which is ") &&
        setting_bytes_text(&text, values->max_message_bytes) && buf_append(&text, "", 1))
        err = settings_refuse(report, "%s", buf_data(&text));
    else
        err = settings_refuse(report, "cache: must be at least 4 x max_message");
    buf_free(&text);
    return err;
}

/* An address that means "every interface" is of no use to those who are told it. */
static void note_report(const struct addr *addr, const char *report_addr, const char *name,
                        struct settings_report *report)
{
    if (report_addr[0] == '\0' && addr_is_wildcard(addr))
        common_note(report, "%s listens on all interfaces: set report_%s, or clients cannot reach this node by the "
                            "address in the registry", name, name);
}

static int finish(void *ctx, struct settings_report *report)
{
    struct gnode_settings *values = ctx;
    const struct common_log log = {
        .target = values->log_target, .filename = values->log_filename, .directory = values->data_save_path,
        .level = &values->log_level, .file_bytes_max = &values->log_file_bytes_max, .rotate = values->log_rotate,
    };
    int count;

    if (common_refuse_tls(values->http_tls, "[http_server] enableTls", report) != 0 ||
        common_refuse_tls(values->tcp_tls, "[tcp_server] enableTls", report) != 0 || check_sizes(values, report) != 0)
        return -EINVAL;
    if (addr_parse(slice_str(values->http_addr), &values->http, NULL) != 0 ||
        addr_parse(slice_str(values->tcp_addr), &values->tcp, NULL) != 0 ||
        !parse_sync(values->sync, &values->sync_mode, &values->sync_interval_ms))
        return settings_refuse(report, "a checked value became bad");
    count = common_registers(values->register_addr, values->registers, GNODE_REGISTERS_MAX, report);
    if (count < 0)
        return -EINVAL;
    values->register_count = (size_t)count;
    if (count > 0) {
        note_report(&values->http, values->report_http_addr, "http_addr", report);
        note_report(&values->tcp, values->report_tcp_addr, "tcp_addr", report);
    }
    return common_log_options(&log, report, &values->log, &values->log_file);
}

const struct settings_spec GNODE_SETTINGS = {
    .program = "gnode",
    .summary = "a message broker node for delayed and acknowledged work",
    .table = TABLE,
    .count = ARRAY_LEN(TABLE),
    .aliens = ALIENS,
    .alien_count = ARRAY_LEN(ALIENS),
    .commands = INSPECT_HELP,
    .command_count = INSPECT_COMMANDS,
    .bytes = sizeof(struct gnode_settings),
    .finish = finish,
};

void gnode_settings_free(struct gnode_settings *values)
{
    settings_free(&GNODE_SETTINGS, values);
    for (size_t i = 0; i < values->register_count; i++)
        free(values->registers[i]);
    values->register_count = 0;
    free(values->log_file);
    values->log_file = NULL;
    values->log.file = NULL;
}
