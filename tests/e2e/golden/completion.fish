# fish completion for gclient, made by: gclient completion fish
function __gclient_complete
    set -l typed (commandline -opc)
    set -l last (commandline -ct)
    set -l program $typed[1]
    set -e typed[1]
    set -l found ($program __complete $typed "$last" 2>/dev/null)
    if test "$found" = ':files'
        __fish_complete_path "$last"
    else if set -q found[1]
        printf '%s\n' $found
    end
end
complete -c gclient -f -a '(__gclient_complete)'
