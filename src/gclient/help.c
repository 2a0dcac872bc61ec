/* help.c - the tables as text and as JSON; see help.h. SPDX-License-Identifier: MIT */
#include "gclient/help.h"

#include "gclient/out.h"
#include "wire/json.h"

#include <inttypes.h>
#include <stdio.h>

enum { HELP_BYTES_MAX = 1 << 20, LEFT_BYTES = 128 };

const struct help_exit HELP_EXITS[] = {
    {EXIT_OK, "done"},
    {EXIT_FAILED, "failed: no answer, an answer that was lost, output that cannot be written"},
    {EXIT_USAGE, "the command line, a context or GMQ_URL is wrong; --yes is wanted"},
    {EXIT_NOTHING, "nothing to pop, no dead message"},
    {EXIT_NO_CONNECTION, "no connection to the node or the registry"},
    {EXIT_REFUSED, "the node refused the request"},
    {EXIT_NOT_FOUND, "no such message, or not in flight; no such topic, job, context or error"},
    {EXIT_INTERRUPTED, "bench was ended by Ctrl-C; its figures are printed"},
};
const size_t HELP_EXITS_COUNT = ARRAY_LEN(HELP_EXITS);

const struct help_variable HELP_VARIABLES[] = {
    {"GMQ_NODE", "TCP address of the node"},
    {"GMQ_HTTP", "HTTP address of the node"},
    {"GMQ_REGISTER", "address of the registry, or a comma list"},
    {"GMQ_URL", "tcp://HOST[:PORT] of the node; its HTTP address is HOST:9504 then"},
    {"GMQ_CONTEXT", "the context to take addresses from, in place of the selected one"},
    {"XDG_CONFIG_HOME", "the folder of gmq/context/NAME.conf [~/.config]"},
    {"NO_COLOR", "no bold text and no colours"},
};
const size_t HELP_VARIABLES_COUNT = ARRAY_LEN(HELP_VARIABLES);

static const char ORDER[] =
    "An address is taken from its flag, from the context of --context, from its variable, from GMQ_URL, from the\n"
    "context of GMQ_CONTEXT, from the selected context, and else the default: the first that has it.\n";

static bool flag_line(struct buf *out, const struct flag *flag)
{
    char left[LEFT_BYTES];
    const char *value = flag->type == FLAG_CHOICE ? "WORD" : flag->value;

    (void)snprintf(left, sizeof(left), "--%s%s%s", flag->name, value ? " " : "", value ? value : "");
    return buf_printf(out, "  %-20s %s\n", left, flag->help);
}

static bool flags_of(struct buf *out, const struct command *command)
{
    for (size_t i = 0; i < COMMAND_FLAGS_COUNT; i++)
        if ((COMMAND_FLAGS[i].commands & command->bit) != 0 && !flag_line(out, &COMMAND_FLAGS[i]))
            return false;
    return true;
}

/* Flags that many commands have. */
static bool common_flags(struct buf *out)
{
    for (size_t i = 0; i < COMMAND_FLAGS_COUNT; i++)
        if (__builtin_popcountll(COMMAND_FLAGS[i].commands) > 5 && !flag_line(out, &COMMAND_FLAGS[i]))
            return false;
    return true;
}

static bool exit_lines(struct buf *out)
{
    for (size_t i = 0; i < HELP_EXITS_COUNT; i++)
        if (!buf_printf(out, "  %-20d %s\n", HELP_EXITS[i].code, HELP_EXITS[i].means))
            return false;
    return true;
}

static bool all_text(struct buf *out)
{
    char left[LEFT_BYTES];
    bool fits = buf_append_str(out, "gclient - push, pop and look after messages of gmq\n\n"
                                    "usage: gclient COMMAND [WORDS] [FLAGS]\n\n");

    for (size_t i = 0; i < COMMANDS_COUNT && fits; i++) {
        (void)snprintf(left, sizeof(left), "%s %s", COMMANDS[i].name, COMMANDS[i].words);
        /* A usage that is too wide keeps its line, so that the summaries stay in a column. */
        fits = strlen(left) > 28 ? buf_printf(out, "  %s\n  %28s %s\n", left, "", COMMANDS[i].summary)
                                 : buf_printf(out, "  %-28s %s\n", left, COMMANDS[i].summary);
    }
    fits = fits && buf_append_str(out, "\nflags of several commands:\n") && common_flags(out) &&
           buf_printf(out, "  %-20s %s\n\n%s\nenvironment:\n", "--version", "print the version", ORDER);
    for (size_t i = 0; i < HELP_VARIABLES_COUNT && fits; i++)
        fits = buf_printf(out, "  %-20s %s\n", HELP_VARIABLES[i].name, HELP_VARIABLES[i].means);
    fits = fits && buf_append_str(out, "\nexit codes (check has its own):\n") && exit_lines(out) &&
           buf_append_str(out, "\nexamples:\n");
    for (size_t i = 0; i < COMMANDS_COUNT && fits; i++)
        fits = buf_printf(out, "%.*s\n", (int)strcspn(COMMANDS[i].examples, "\n"), COMMANDS[i].examples);
    return fits &&
           buf_append_str(out, "\nThe original's form, gclient -cmd=push -topic=t ..., works unchanged: "
                               "gclient -help\n");
}

bool help_text(struct buf *out, const struct command *command)
{
    if (!command)
        return all_text(out);
    return buf_printf(out, "gclient %s %s\n\n%s\n%s\n", command->name, command->words, command->summary,
                      command->details) &&
           flags_of(out, command) && buf_printf(out, "\nexamples:\n%s", command->examples);
}

static bool json_flag(struct buf *out, const struct flag *flag)
{
    return buf_append_str(out, "{") && out_append_member(out, "name", flag->name) && buf_append_str(out, ",") &&
           out_append_member(out, "value", flag->value ? flag->value : "") && buf_append_str(out, ",") &&
           out_append_member(out, "help", flag->help) && buf_append_str(out, "}");
}

static bool json_command(struct buf *out, const struct command *command)
{
    bool first = true;

    if (!buf_append_str(out, "{") || !out_append_member(out, "name", command->name) || !buf_append_str(out, ",") ||
        !out_append_member(out, "words", command->words) || !buf_append_str(out, ",") ||
        !out_append_member(out, "summary", command->summary) || !buf_append_str(out, ",") ||
        !out_append_member(out, "details", command->details) || !buf_append_str(out, ",") ||
        !out_append_member(out, "examples", command->examples) || !buf_append_str(out, ",\"flags\":["))
        return false;
    for (size_t i = 0; i < COMMAND_FLAGS_COUNT; i++) {
        if ((COMMAND_FLAGS[i].commands & command->bit) == 0)
            continue;
        if ((!first && !buf_append_str(out, ",")) || !json_flag(out, &COMMAND_FLAGS[i]))
            return false;
        first = false;
    }
    return buf_append_str(out, "]}");
}

bool help_json(struct buf *out)
{
    bool fits = buf_append_str(out, "{\"commands\":[");

    for (size_t i = 0; i < COMMANDS_COUNT && fits; i++)
        fits = (i == 0 || buf_append_str(out, ",")) && json_command(out, &COMMANDS[i]);
    fits = fits && buf_append_str(out, "],\"exit_codes\":[");
    for (size_t i = 0; i < HELP_EXITS_COUNT && fits; i++)
        fits = buf_printf(out, "%s{\"code\":%d,", i > 0 ? "," : "", HELP_EXITS[i].code) &&
               out_append_member(out, "means", HELP_EXITS[i].means) && buf_append_str(out, "}");
    fits = fits && buf_append_str(out, "],\"environment\":[");
    for (size_t i = 0; i < HELP_VARIABLES_COUNT && fits; i++)
        fits = buf_append_str(out, i > 0 ? ",{" : "{") && out_append_member(out, "name", HELP_VARIABLES[i].name) &&
               buf_append_str(out, ",") && out_append_member(out, "means", HELP_VARIABLES[i].means) &&
               buf_append_str(out, "}");
    return fits && buf_append_str(out, "]}\n");
}

static int print(struct buf *text, bool made)
{
    bool good = made && fwrite(buf_data(text), 1, buf_len(text), stdout) == buf_len(text) && out_flush();

    buf_free(text);
    return good ? EXIT_OK : EXIT_FAILED;
}

int help_print(const struct command *command)
{
    struct buf text;

    buf_init(&text, HELP_BYTES_MAX);
    return print(&text, help_text(&text, command));
}

int help_run(const struct job *job)
{
    const struct command *command = job->word_count > 0 ? command_find(job->words[0]) : NULL;
    struct buf text;

    if (job->word_count > 0 && !command)
        return out_error(EXIT_USAGE, "there is no command '%s'; try: gclient help", job->words[0]);
    buf_init(&text, HELP_BYTES_MAX);
    if (job->values.man)
        return print(&text, help_man(&text));
    if (!job->values.json)
        return print(&text, help_text(&text, command));
    return print(&text, command ? json_command(&text, command) && buf_append_str(&text, "\n") : help_json(&text));
}
