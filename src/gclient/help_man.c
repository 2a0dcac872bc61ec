/* help_man.c - gclient(1) from the tables, in man(7); see help.h. SPDX-License-Identifier: MIT */
#include "gclient/help.h"

#include <stdio.h>

/* A text in roff: nothing in it is a request or an escape, and a `-` can be copied into a shell. */
static bool roff(struct buf *out, struct slice text)
{
    bool fits = true, at_start = true;

    for (size_t i = 0; i < text.len && fits; i++) {
        char c = text.ptr[i];
        if (at_start && (c == '.' || c == '\'') && !buf_append_str(out, "\\&"))
            return false;
        switch (c) {
        case '\\':
            fits = buf_append_str(out, "\\e");
            break;
        case '-':
            fits = buf_append_str(out, "\\-");
            break;
        case '~':
            fits = buf_append_str(out, "\\(ti");
            break;
        case '\'':
            fits = buf_append_str(out, "\\(aq");
            break;
        default:
            fits = buf_append(out, &c, 1);
        }
        at_start = c == '\n';
    }
    return fits;
}

static bool roff_str(struct buf *out, const char *text) { return roff(out, slice_str(text)); }

/* A term and what it means. */
static bool item(struct buf *out, const char *term, const char *value, const char *means)
{
    return buf_append_str(out, ".TP\n\\fB") && roff_str(out, term) && buf_append_str(out, "\\fR") &&
           (!value || (buf_append_str(out, " \\fI") && roff_str(out, value) && buf_append_str(out, "\\fR"))) &&
           buf_append_str(out, "\n") && roff_str(out, means) && buf_append_str(out, "\n");
}

static bool command_section(struct buf *out, const struct command *command)
{
    char name[64] = "--";

    if (!buf_append_str(out, ".SS \"gclient ") || !roff_str(out, command->name) ||
        (command->words[0] && (!buf_append_str(out, " ") || !roff_str(out, command->words))) ||
        !buf_append_str(out, "\"\n") || !roff_str(out, command->summary) || !buf_append_str(out, ".\n") ||
        !roff_str(out, command->details))
        return false;
    for (size_t i = 0; i < COMMAND_FLAGS_COUNT; i++) {
        const struct flag *flag = &COMMAND_FLAGS[i];
        if ((flag->commands & command->bit) == 0)
            continue;
        memcpy(name + 2, flag->name, strlen(flag->name) + 1);
        if (!item(out, name, flag->value, flag->help))
            return false;
    }
    return buf_append_str(out, ".PP\n.nf\n") && roff_str(out, command->examples) && buf_append_str(out, ".fi\n");
}

static bool tail(struct buf *out)
{
    char code[16];
    bool fits = buf_append_str(out, ".SH ENVIRONMENT\n"
                                    "The first of these that has an address decides: its flag, the context of\n"
                                    "\\fB\\-\\-context\\fR, its variable, \\fBGMQ_URL\\fR, the context of\n"
                                    "\\fBGMQ_CONTEXT\\fR, the selected context, the default.\n");

    for (size_t i = 0; i < HELP_VARIABLES_COUNT && fits; i++)
        fits = item(out, HELP_VARIABLES[i].name, NULL, HELP_VARIABLES[i].means);
    fits = fits && buf_append_str(out, ".SH FILES\n") &&
           item(out, "~/.config/gmq/context/NAME.conf", NULL,
                "a context: an ini file with [context] and description, node, http, register") &&
           item(out, "~/.config/gmq/selected", NULL, "the name of the selected context") &&
           buf_append_str(out, ".SH \"EXIT STATUS\"\n");
    for (size_t i = 0; i < HELP_EXITS_COUNT && fits; i++) {
        (void)snprintf(code, sizeof(code), "%d", HELP_EXITS[i].code);
        fits = item(out, code, NULL, HELP_EXITS[i].means);
    }
    return fits && buf_append_str(out, ".PP\n"
                                       "\\fBgclient check\\fR exits with 0 ok, 1 warning, 2 critical, 3 unknown.\n"
                                       ".SH \"THE ORIGINAL'S FORM\"\n"
                                       "\\fBgclient \\-cmd=push \\-topic=t \\-push_num=2\\fR and its like work\n"
                                       "unchanged: a first word that begins with a dash is read so. See\n"
                                       "\\fBgclient \\-help\\fR.\n");
}

bool help_man(struct buf *out)
{
    bool fits = buf_printf(out,
                           ".\\\" made by gclient help --man\n"
                           ".TH GCLIENT 1 \"\" \"gmq %s\" \"gmq\"\n"
                           ".SH NAME\ngclient \\- push, pop and look after messages of gmq\n"
                           ".SH SYNOPSIS\n\\fBgclient\\fR \\fICOMMAND\\fR [\\fIWORDS\\fR] [\\fIFLAGS\\fR]\n.br\n"
                           "\\fBgclient \\-cmd=\\fR\\fINAME\\fR [\\fIFLAGS\\fR]\n"
                           ".SH DESCRIPTION\n"
                           "Speaks to a gmq node over TCP and HTTP, and to the registry over HTTP. Flags are\n"
                           "written \\-\\-name value or \\-\\-name=value and stand anywhere behind the command;\n"
                           "\\-\\- ends them. A time is 20 (seconds), 500ms, 30m, 1h30m, 2d.\n"
                           "Data goes to standard output, everything else to standard error.\n"
                           ".SH COMMANDS\n",
                           gmq_version());

    for (size_t i = 0; i < COMMANDS_COUNT && fits; i++)
        fits = command_section(out, &COMMANDS[i]);
    return fits && tail(out);
}
