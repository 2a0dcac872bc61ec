/* context_run.c - gclient context: the contexts, listed, shown, written, selected. SPDX-License-Identifier: MIT */
#include "gclient/command.h"
#include "gclient/context.h"
#include "gclient/out.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_BYTES_MAX = 64 << 10 };

struct place {
    const struct job *job;
    const char *name; /* NULL when none was given */
    char dir[CONTEXT_PATH_BYTES];
    char selected[CONTEXT_NAME_BYTES]; /* "" = none */
};

static int failed(const char *name, int err, const char *text)
{
    int code = err == -ENOENT ? EXIT_NOT_FOUND : err == -EINVAL ? EXIT_USAGE : EXIT_FAILED;

    return name ? out_error(code, "context %.64s: %s", name, text) : out_error(code, "%s", text);
}

static bool as_json(struct buf *line, const char *name, bool selected, const struct context *context)
{
    return buf_append_str(line, "{") && out_append_member(line, "name", name) &&
           buf_printf(line, ",\"selected\":%s,", selected ? "true" : "false") &&
           out_append_member(line, "description", context->description) && buf_append_str(line, ",") &&
           out_append_member(line, "node", context->node) && buf_append_str(line, ",") &&
           out_append_member(line, "http", context->http) && buf_append_str(line, ",") &&
           out_append_member(line, "register", context->registry) && buf_append_str(line, "}");
}

static const char *or_dash(const char *text) { return text[0] ? text : "-"; }

static bool as_row(struct buf *line, const char *name, bool selected, const struct context *context)
{
    return buf_printf(line, "%c %-16s %-22s %-22s %-22s ", selected ? '*' : ' ', name, or_dash(context->node),
                      or_dash(context->http), or_dash(context->registry)) &&
           out_append_readable(line, slice_str(context->description));
}

/* One that cannot be read is told of and passed over: it must not hide the others. */
static int list_one(const struct place *place, const char *name)
{
    char text[CONTEXT_ERROR_BYTES];
    struct context context;
    struct buf line;
    bool selected = strcmp(place->selected, name) == 0;

    int err = context_read(place->dir, name, &context, text);
    if (err != 0)
        return failed(name, err, text);
    buf_init(&line, LINE_BYTES_MAX);
    bool made = place->job->values.json ? as_json(&line, name, selected, &context)
                                        : as_row(&line, name, selected, &context);
    context_free(&context);
    return out_line(&line, made) ? EXIT_OK : EXIT_FAILED;
}

static int list_all(const struct place *place)
{
    char text[CONTEXT_ERROR_BYTES];
    struct context_list list;
    int code = EXIT_OK, err = context_names(place->dir, &list, text);

    if (err != 0)
        return failed(NULL, err, text);
    if (!place->job->values.json && list.count > 0)
        (void)printf("%s  %-16s %-22s %-22s %-22s %s%s\n", out_bold(true), "CONTEXT", "NODE", "HTTP", "REGISTER",
                     "DESCRIPTION", out_bold(false));
    for (size_t i = 0; i < list.count; i++) {
        int one = list_one(place, list.names[i]);
        code = one != EXIT_OK ? one : code;
    }
    free(list.names);
    return code;
}

static int show(const struct place *place)
{
    const char *name = place->name ? place->name : place->selected;
    char text[CONTEXT_ERROR_BYTES];
    struct context context;
    struct buf line;

    if (name[0] == '\0')
        return out_error(EXIT_NOT_FOUND, "no context is selected");
    int err = context_read(place->dir, name, &context, text);
    if (err != 0)
        return failed(name, err, text);
    bool selected = strcmp(place->selected, name) == 0;
    buf_init(&line, LINE_BYTES_MAX);
    bool made = place->job->values.json
                    ? as_json(&line, name, selected, &context)
                    : buf_printf(&line, "context      %s%s\nnode         %s\nhttp         %s\nregister     %s\n"
                                        "description  ",
                                 name, selected ? " (selected)" : "", or_dash(context.node), or_dash(context.http),
                                 or_dash(context.registry)) &&
                          out_append_readable(&line, slice_str(or_dash(context.description)));
    context_free(&context);
    return out_line(&line, made) ? EXIT_OK : EXIT_FAILED;
}

static int done(const struct place *place, const char *name, const char *what)
{
    struct buf line;

    if (!place->job->values.json)
        return EXIT_OK;
    buf_init(&line, LINE_BYTES_MAX);
    bool made = buf_append_str(&line, "{") && (!name || out_append_member(&line, "name", name)) &&
                (!name || buf_append_str(&line, ",")) && out_append_member(&line, "done", what) &&
                buf_append_str(&line, "}");
    return out_line(&line, made) ? EXIT_OK : EXIT_FAILED;
}

/* The texts of the command line are only read. */
static char *borrowed(const char *text)
{
    union {
        const char *from;
        char *to;
    } same = {.from = text};

    return same.to;
}

static int add(const struct place *place)
{
    const struct values *values = &place->job->values;
    struct context context = {.description = borrowed(values->description),
                              .node = borrowed(values->node),
                              .http = borrowed(values->http),
                              .registry = borrowed(values->registry)};
    char text[CONTEXT_ERROR_BYTES];

    if (!values->node && !values->http && !values->registry)
        return out_error(EXIT_USAGE, "add wants one of --node, --http, --register");
    if (context_exists(place->dir, place->name) && !values->yes &&
        (!out_can_ask() || !out_confirm("there is such a context; write it anew?")))
        return out_error(EXIT_FAILED, "context %s is there already; --yes writes it anew", place->name);
    int err = context_write(place->dir, place->name, &context, text);
    return err != 0 ? failed(place->name, err, text) : done(place, place->name, "add");
}

static int rm(const struct place *place)
{
    char text[CONTEXT_ERROR_BYTES];

    if (!place->job->values.yes && !out_confirm("remove this context?"))
        return out_error(EXIT_FAILED, "nothing was done");
    int err = context_remove(place->dir, place->name, text);
    return err != 0 ? failed(place->name, err, text) : done(place, place->name, "rm");
}

static int select_one(const struct place *place)
{
    char text[CONTEXT_ERROR_BYTES];
    int err = context_select(place->dir, place->name, text);

    return err != 0 ? failed(place->name, err, text) : done(place, place->name, "select");
}

int context_run(const struct job *job)
{
    static const struct {
        const char *name;
        int (*run)(const struct place *place);
        bool takes_name, wants_name;
    } actions[] = {{"ls", list_all, false, false},
                   {"show", show, true, false},
                   {"add", add, true, true},
                   {"select", select_one, true, false},
                   {"rm", rm, true, true}};
    struct place place = {.job = job, .name = job->word_count > 1 ? job->words[1] : NULL};

    if (!context_dir(getenv, place.dir))
        return out_error(EXIT_FAILED, "neither XDG_CONFIG_HOME nor HOME names a folder");
    if (!context_selected(place.dir, place.selected))
        place.selected[0] = '\0';
    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (strcmp(actions[i].name, job->words[0]) != 0)
            continue;
        if (place.name ? !actions[i].takes_name : actions[i].wants_name)
            return out_error(EXIT_USAGE, "usage: gclient context %s%s", actions[i].name,
                             actions[i].takes_name ? " CONTEXT" : "");
        return actions[i].run(&place);
    }
    return out_error(EXIT_USAGE, "'%s' is none of ls, show, add, select, rm", job->words[0]);
}
