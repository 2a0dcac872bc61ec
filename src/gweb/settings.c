/* settings.c - gweb's table of settings. SPDX-License-Identifier: MIT */
#include "gweb/settings.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <strings.h>

#include "app/common_settings.h"
#include "gweb/users.h"

#define AT(member) .offset = offsetof(struct gweb_settings, member)

static const char *check_user(const char *text)
{
    return text[0] == '\0' || user_name_ok(slice_str(text)) ? NULL : USER_NAME_RULE;
}

static const char *check_password(const char *text)
{
    return text[0] == '\0' || password_ok(slice_str(text)) ? NULL : PASSWORD_RULE;
}

static const struct setting TABLE[] = {
    {.flag = "config_file", AT(config_file), .fallback = "", .value = "PATH", .help = "the ini file"},
    {.flag = "set_password", AT(set_password), .fallback = "", .value = "NAME",
     .help = "sets that user's password to the line on standard input, and ends; an admin is made of an unknown name",
     .check = check_user},

    {.flag = "web_addr", .section = "web", .key = "web_addr", AT(web_addr), .fallback = "127.0.0.1:8080",
     .value = "ADDR", .help = "where the pages are served; :PORT for all interfaces", .check = common_check_addr},
    {.flag = "register_addr", .section = "web", .key = "register_addr", AT(register_addr),
     .fallback = "http://127.0.0.1:9595", .value = "URL[,URL]...",
     .help = "registries to ask for the nodes", .check = common_check_registers},
    {.flag = "web_root", .section = "web", .key = "web_root", AT(web_root), .fallback = "", .value = "DIR",
     .help = "a folder with the pages, read at each request; empty for those in the program"},
    {.flag = "data_save_path", .section = "web", .key = "data_save_path", AT(data_save_path), .fallback = "data",
     .value = "DIR", .help = "directory of users and audit log (in gweb/) and of log files",
     .check = common_check_path},
    {.flag = "auth", .section = "web", .key = "auth", .type = SETTING_BOOL, AT(auth), .fallback = "true",
     .help = "users log in; off is for this machine alone"},
    {.flag = "insecure", .section = "web", .key = "insecure", .type = SETTING_BOOL, AT(insecure),
     .fallback = "false", .help = "allows auth=off where other machines can connect"},
    {.flag = "behind_proxy", .section = "web", .key = "behind_proxy", .type = SETTING_BOOL, AT(behind_proxy),
     .fallback = "false", .help = "a proxy before gweb says by X-Forwarded-For and X-Forwarded-Proto who connects"},
    {.flag = "admin_password", .section = "web", .key = "admin_password", AT(admin_password), .fallback = "",
     .value = "PASSWORD", .help = "of the user admin, who is made while there are no users; empty: made and shown once",
     .check = check_password},
    {.flag = "session_hours", .section = "web", .key = "session_hours", .type = SETTING_U64, AT(session_hours),
     .min = 1, .max = 720, .fallback = "12", .help = "a login ends when it was not used for so long"},
    {.flag = "max_connections", .section = "web", .key = "max_connections", .type = SETTING_U64,
     AT(max_connections), .min = 1, .max = 1000000, .fallback = "1000", .help = "most connections"},
    {.flag = "audit_file_bytes", .section = "web", .key = "audit_file_bytes", .type = SETTING_BYTES,
     AT(audit_file_bytes), .min = 65536, .max = UINT64_C(1) << 30, .fallback = "64m",
     .help = "an audit log that would grow beyond is rotated; one old one is kept"},

    {.flag = "log_target", .section = "log", .key = "target_type", AT(log_target), .fallback = "console",
     .value = "console,file", .help = "where log lines go", .check = common_check_log_target},
    {.flag = "log_filename", .section = "log", .key = "filename", AT(log_filename), .fallback = "gweb.log",
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

/* Whether nobody else's machine can connect to this host. A name is not looked up: only localhost is sure. */
static bool is_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, host, &v4) == 1)
        return (ntohl(v4.s_addr) >> 24) == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return strcasecmp(host, "localhost") == 0;
}

static int finish(void *ctx, struct settings_report *report)
{
    struct gweb_settings *values = ctx;
    const struct common_log log = {
        .target = values->log_target, .filename = values->log_filename, .directory = values->data_save_path,
        .level = &values->log_level, .file_bytes_max = &values->log_file_bytes_max, .rotate = values->log_rotate,
    };

    if (addr_parse(slice_str(values->web_addr), &values->http, NULL) != 0)
        return settings_refuse(report, "a checked value became bad");
    values->loopback = is_loopback(values->http.host);
    if (!values->auth && !values->loopback && !values->insecure)
        return settings_refuse(report, "auth=off lets everybody in who can connect to %s: use a loopback address such "
                               "as 127.0.0.1:8080, or auth=on, or say insecure=yes", values->web_addr);
    int count = common_registers(values->register_addr, values->registers, GWEB_REGISTERS_MAX, report);
    if (count < 0)
        return -EINVAL;
    values->register_count = (size_t)count;
    return common_log_options(&log, report, &values->log, &values->log_file);
}

const struct settings_spec GWEB_SETTINGS = {
    .program = "gweb",
    .summary = "the web admin: shows what nodes and topics do, and mends them",
    .table = TABLE,
    .count = ARRAY_LEN(TABLE),
    .bytes = sizeof(struct gweb_settings),
    .finish = finish,
};

void gweb_settings_free(struct gweb_settings *values)
{
    settings_free(&GWEB_SETTINGS, values);
    for (size_t i = 0; i < values->register_count; i++)
        free(values->registers[i]);
    values->register_count = 0;
    free(values->log_file);
    values->log_file = NULL;
    values->log.file = NULL;
}
