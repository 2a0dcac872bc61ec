# bash completion for gclient, made by: gclient completion bash
_gclient()
{
    local line=${COMP_LINE:0:COMP_POINT} breaks=${COMP_WORDBREAKS//[^:=]/} cut= candidate rest
    local -a words=()
    COMPREPLY=()
    read -ra words <<<"$line"
    [[ $line == *[[:space:]] ]] && words+=("")
    local last=${words[${#words[@]}-1]}
    [[ -n $breaks ]] && cut=${last%"${last##*[$breaks]}"}
    while IFS=$'\t' read -r candidate rest; do
        if [[ $candidate == :files ]]; then
            compopt -o default 2>/dev/null
            return
        fi
        printf -v candidate %q "${candidate#"$cut"}"
        COMPREPLY+=("$candidate")
    done < <("$1" __complete "${words[@]:1}" 2>/dev/null)
}
complete -F _gclient gclient
