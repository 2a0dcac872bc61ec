/* main.c - gnode: settings, log, node, or a look at its data; nothing else. SPDX-License-Identifier: MIT */
#include "app/daemon.h"
#include "gnode/inspect.h"
#include "gnode/node.h"

#include <string.h>

static int run(const struct gnode_settings *settings, struct settings_report *report)
{
    int rc = daemon_mkdirs(settings->data_save_path);

    if (rc == 0)
        rc = logger_open(&settings->log);
    if (rc < 0) {
        log_error("node", "-data_save_path %s: %s", settings->data_save_path, strerror(-rc));
        return 1;
    }
    settings_log_notes(report);
    daemon_raise_files();
    struct node *node = node_open(settings);
    int code = node && node_run(node) == 0 ? 0 : 1;
    node_free(node);
    logger_close();
    return code;
}

int main(int argc, char **argv)
{
    struct gnode_settings settings = {.config_file = NULL};
    struct settings_report report;
    int code;

    if (inspect_main(argc, argv, &code))
        return code;
    if (settings_start(&GNODE_SETTINGS, argc, argv, &settings, &report, &code))
        code = run(&settings, &report);
    gnode_settings_free(&settings);
    return code;
}
