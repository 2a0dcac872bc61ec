/*
 * main.c - gclient, the command line client of gmq
 *
 * Two forms: `gclient COMMAND WORDS FLAGS`, and the original's `gclient -cmd=NAME FLAGS`. The first word decides.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gclient/command.h"
#include "gclient/legacy.h"
#include "gclient/out.h"

#include <signal.h>
#include <stdio.h>

static int help(int argc, char **argv)
{
    const struct command *command = argc > 2 ? command_find(argv[2]) : NULL;

    if (argc > 2 && !command)
        return out_error(EXIT_USAGE, "there is no command '%s'; try: gclient help", argv[2]);
    command_help(command);
    return out_flush() ? EXIT_OK : EXIT_FAILED;
}

int main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "-";

    /* A closed pipe is an error of writing, told like any other. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (strcmp(first, "help") == 0 || strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        return help(argc, argv);
    if (strcmp(first, "--version") == 0 || strcmp(first, "-version") == 0) {
        (void)printf("gclient %s\n", gmq_version());
        return out_flush() ? EXIT_OK : EXIT_FAILED;
    }
    if (argc == 1 || first[0] == '-')
        return legacy_main(argc, argv);
    const struct command *command = command_find(first);
    if (!command)
        return out_error(EXIT_USAGE, "there is no command '%s'; try: gclient help", first);
    return command_main(command, argc, argv);
}
