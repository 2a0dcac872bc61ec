/*
 * main.c - gclient, the command line client of gmq
 *
 * Two forms: `gclient COMMAND WORDS FLAGS`, and the original's `gclient -cmd=NAME FLAGS`. The first word decides.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gclient/command.h"
#include "gclient/complete.h"
#include "gclient/help.h"
#include "gclient/legacy.h"
#include "gclient/out.h"

#include <signal.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    const char *first = argc > 1 ? argv[1] : "-";

    /* A closed pipe is an error of writing, told like any other. */
    (void)signal(SIGPIPE, SIG_IGN);
    if (strcmp(first, "--help") == 0 || strcmp(first, "-h") == 0)
        return help_print(NULL);
    if (strcmp(first, COMPLETE_COMMAND) == 0)
        return complete_main(argc - 2, argv + 2);
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
