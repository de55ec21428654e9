/**
 * Works from bash 3.2 on. Readline splits words at `:`, `=` and `@` too: what no space separates is put together
 * again for plugctl, and what stands before the last split is cut off of its answers.
 */
export const BASH = `# bash completion for plugctl
_plugctl() {
  local rest="\${COMP_LINE:0:COMP_POINT}" words=() count=0 word i
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    if [[ $i -eq 0 || $rest == [[:space:]]* ]]; then
      words[count]=""
      count=$((count + 1))
    fi
    rest="\${rest#"\${rest%%[![:space:]]*}"}"
    if ((\${#word} > \${#rest})); then word="$rest"; fi
    words[count - 1]="\${words[count - 1]}$word"
    rest="\${rest#"$word"}"
  done

  local current="\${words[count - 1]}" directive="" values=() line
  while IFS= read -r line; do
    case "$line" in
      :*) directive="$line" ;;
      *) values[\${#values[@]}]="\${line%%$'\\t'*}" ;;
    esac
  done < <(plugctl complete -- "\${words[@]:1}" 2>/dev/null)

  COMPREPLY=()
  if [[ $directive == ":files" ]]; then
    compopt -o filenames 2>/dev/null
    while IFS= read -r line; do COMPREPLY[\${#COMPREPLY[@]}]="$line"; done < <(compgen -f -- "\${current#--*=}")
    return
  fi
  if [[ $directive == ":nospace" ]]; then compopt -o nospace 2>/dev/null; fi

  local cut="" separator
  for separator in ":" "="; do
    if [[ $COMP_WORDBREAKS == *"$separator"* && $current == *"$separator"* ]]; then
      word="\${current%"\${current##*"$separator"}"}"
      if ((\${#word} > \${#cut})); then cut="$word"; fi
    fi
  done
  for line in "\${values[@]}"; do COMPREPLY[\${#COMPREPLY[@]}]="\${line#"$cut"}"; done
}
complete -F _plugctl plugctl
`;
