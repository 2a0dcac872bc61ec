#compdef gclient
# zsh completion for gclient, made by: gclient completion zsh
_gclient()
{
    local line name remark tab=$'\t'
    local -a found typed
    typed=("${(@Q)words[2,CURRENT]}")
    while IFS= read -r line; do
        if [[ $line == :files ]]; then
            _files
            return
        fi
        name=${line%%$tab*} remark=${line#*$tab}
        found+=(${name//:/\\:}:$remark)
    done < <($words[1] __complete "${typed[@]}" 2>/dev/null)
    _describe gclient found
}
if [[ $funcstack[1] == _gclient ]]; then
    _gclient "$@"
else
    compdef _gclient gclient
fi
