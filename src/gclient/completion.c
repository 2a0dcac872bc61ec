/* completion.c - gclient completion: the scripts that ask complete.h. SPDX-License-Identifier: MIT */
#include "gclient/command.h"
#include "gclient/out.h"

#include <stdio.h>

/*
 * bash: readline replaces only what stands behind the last : or = of a word, so that much is cut off the candidates;
 * %q keeps a topic's $ or ` from being anything but text. Nothing is expanded or evaluated.
 */
static const char bash[] =
    "# bash completion for gclient, made by: gclient completion bash\n"
    "_gclient()\n"
    "{\n"
    "    local line=${COMP_LINE:0:COMP_POINT} breaks=${COMP_WORDBREAKS//[^:=]/} cut= candidate rest\n"
    "    local -a words=()\n"
    "    COMPREPLY=()\n"
    "    read -ra words <<<\"$line\"\n"
    "    [[ $line == *[[:space:]] ]] && words+=(\"\")\n"
    "    local last=${words[${#words[@]}-1]}\n"
    "    [[ -n $breaks ]] && cut=${last%\"${last##*[$breaks]}\"}\n"
    "    while IFS=$'\\t' read -r candidate rest; do\n"
    "        if [[ $candidate == :files ]]; then\n"
    "            compopt -o default 2>/dev/null\n"
    "            return\n"
    "        fi\n"
    "        printf -v candidate %q \"${candidate#\"$cut\"}\"\n"
    "        COMPREPLY+=(\"$candidate\")\n"
    "    done < <(\"$1\" __complete \"${words[@]:1}\" 2>/dev/null)\n"
    "}\n"
    "complete -F _gclient gclient\n";

static const char zsh[] =
    "#compdef gclient\n"
    "# zsh completion for gclient, made by: gclient completion zsh\n"
    "_gclient()\n"
    "{\n"
    "    local line name remark tab=$'\\t'\n"
    "    local -a found typed\n"
    "    typed=(\"${(@Q)words[2,CURRENT]}\")\n"
    "    while IFS= read -r line; do\n"
    "        if [[ $line == :files ]]; then\n"
    "            _files\n"
    "            return\n"
    "        fi\n"
    "        name=${line%%$tab*} remark=${line#*$tab}\n"
    "        found+=(${name//:/\\\\:}:$remark)\n"
    "    done < <($words[1] __complete \"${typed[@]}\" 2>/dev/null)\n"
    "    _describe gclient found\n"
    "}\n"
    "if [[ $funcstack[1] == _gclient ]]; then\n"
    "    _gclient \"$@\"\n"
    "else\n"
    "    compdef _gclient gclient\n"
    "fi\n";

static const char fish[] =
    "# fish completion for gclient, made by: gclient completion fish\n"
    "function __gclient_complete\n"
    "    set -l typed (commandline -opc)\n"
    "    set -l last (commandline -ct)\n"
    "    set -l program $typed[1]\n"
    "    set -e typed[1]\n"
    "    set -l found ($program __complete $typed \"$last\" 2>/dev/null)\n"
    "    if test \"$found\" = ':files'\n"
    "        __fish_complete_path \"$last\"\n"
    "    else if set -q found[1]\n"
    "        printf '%s\\n' $found\n"
    "    end\n"
    "end\n"
    "complete -c gclient -f -a '(__gclient_complete)'\n";

int completion_run(const struct job *job)
{
    static const struct {
        const char *shell, *script;
    } scripts[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
    struct buf line;

    for (size_t i = 0; i < ARRAY_LEN(scripts); i++) {
        if (strcmp(scripts[i].shell, job->words[0]) != 0)
            continue;
        if (!job->values.json)
            return fputs(scripts[i].script, stdout) >= 0 ? EXIT_OK : EXIT_FAILED;
        buf_init(&line, 64 << 10);
        bool made = buf_append_str(&line, "{") && out_append_member(&line, "shell", scripts[i].shell) &&
                    buf_append_str(&line, ",") && out_append_member(&line, "script", scripts[i].script) &&
                    buf_append_str(&line, "}");
        return out_line(&line, made) ? EXIT_OK : EXIT_FAILED;
    }
    return out_error(EXIT_USAGE, "'%s' is none of bash, zsh, fish", job->words[0]);
}
