/*
 * settings.h - what gnode can be told
 *
 * The table (settings.c) names every flag, key, range and default; this is where the values end up.
 * settings_start(&GNODE_SETTINGS, argc, argv, &values, ...) fills it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef GMQ_GNODE_SETTINGS_H
#define GMQ_GNODE_SETTINGS_H

#include "app/log.h"
#include "app/settings.h"
#include "net/addr.h"

enum { GNODE_REGISTERS_MAX = 16 };

enum gnode_sync { GNODE_SYNC_ALWAYS, GNODE_SYNC_INTERVAL, GNODE_SYNC_NONE };

struct gnode_settings {
    /* As written; never NULL. */
    char *config_file;
    char *http_addr, *tcp_addr;
    char *report_http_addr, *report_tcp_addr; /* "" = the address listened on */
    char *register_addr;                      /* comma list, "" = none */
    char *http_hosts;                         /* comma list of host names, "" = none */
    char *data_save_path;
    char *sync;
    char *log_target, *log_filename;
    char *ignored_cert, *ignored_key; /* of both doors, never opened */

    uint64_t node_id;     /* 1..1024 */
    uint64_t node_weight; /* >= 1 */
    uint64_t msg_ttr_s;   /* 1..300 */
    uint64_t msg_max_retry; /* 0..254 */

    uint64_t max_delay_s;
    uint64_t max_message_bytes;
    uint64_t max_line_bytes;
    uint64_t max_batch;
    uint64_t max_in_flight;
    uint64_t max_topics;
    uint64_t dedup_window_s;  /* 0 = no dedup keys */
    uint64_t dedup_keys;
    uint64_t topic_idle_s;    /* 0 = never */
    uint64_t max_connections; /* of each door */
    uint64_t stop_delay_ms;   /* 0 = none */
    uint64_t cache_bytes;     /* a power of two, >= 4 x max_message_bytes */
    uint64_t read_cache_bytes;
    uint64_t segment_bytes;
    uint64_t gc_slack_bytes;
    uint64_t history_keep_bytes;
    uint64_t list_memory_bytes;
    uint64_t delay_memory_bytes;
    uint64_t input_memory_bytes;
    uint64_t memory_limit_bytes;  /* 0 = no limit */
    uint64_t max_disk_bytes;      /* 0 = no limit */
    uint64_t disk_free_min_bytes; /* 0 = no limit */

    int64_t log_level; /* 1..4 after loading */
    uint64_t log_file_bytes_max;
    bool log_rotate;
    bool legacy_http;     /* the original's HTTP API is there, too */
    bool http_tls, tcp_tls; /* false after loading: not available yet */

    /* Derived by the finish of the table. */
    struct addr http, tcp;
    enum gnode_sync sync_mode;
    uint64_t sync_interval_ms; /* of GNODE_SYNC_INTERVAL */
    char *registers[GNODE_REGISTERS_MAX]; /* "http://host:port" each, no slash at the end */
    size_t register_count;
    struct logger_options log; /* for logger_open(); its file is below data_save_path */
    char *log_file;         /* what log.file points at, NULL = none */
};

extern const struct settings_spec GNODE_SETTINGS;

/* Gives everything back, the derived strings too. */
void gnode_settings_free(struct gnode_settings *values);

#endif
