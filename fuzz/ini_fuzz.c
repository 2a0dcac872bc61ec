/*
 * ini_fuzz.c - the ini files of gnode and gregister
 *
 * A file that is taken prints as a file that is taken again, and prints the same; one that is refused has a reason.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "app/settings.h"
#include "gnode/settings.h"
#include "gregister/settings.h"

enum { PRINT_BYTES = 1 << 20, NOTES_BYTES = 4096 };

static void check_print(const struct settings_spec *spec, void *values)
{
    struct settings_report report = {.error = ""};
    struct buf first, second;

    buf_init(&first, PRINT_BYTES);
    buf_init(&second, PRINT_BYTES);
    ENSURE(settings_print_ini(spec, values, &first));
    ENSURE(settings_read_ini(spec, "again", buf_slice(&first), values, &report) == 0 ||
           strstr(report.error, "longer than"));
    if (report.error[0] == '\0') {
        ENSURE(settings_print_ini(spec, values, &second));
        ENSURE(slice_equal(buf_slice(&first), buf_slice(&second)));
    }
    buf_free(&first);
    buf_free(&second);
}

static void fuzz_spec(const struct settings_spec *spec, struct slice in, void *values)
{
    struct settings_report report = {.error = ""};

    buf_init(&report.notes, NOTES_BYTES);
    ENSURE(settings_defaults(spec, values) == 0);
    if (settings_read_ini(spec, "conf.ini", in, values, &report) == 0) {
        if (spec->finish(values, &report) != 0)
            ENSURE(report.error[0] != '\0');
        check_print(spec, values);
    } else {
        ENSURE(report.error[0] != '\0');
    }
    buf_free(&report.notes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice in = fuzz_copy(data, size);
    struct gnode_settings node = {.config_file = NULL};
    struct gregister_settings registry = {.config_file = NULL};

    fuzz_spec(&GNODE_SETTINGS, in, &node);
    gnode_settings_free(&node);
    fuzz_spec(&GREGISTER_SETTINGS, in, &registry);
    gregister_settings_free(&registry);
    fuzz_free(in);
    return 0;
}
