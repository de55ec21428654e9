/** Can be sourced, or lie as `_plugctl` in a folder of `fpath`. */
export const ZSH = `#compdef plugctl
# zsh completion for plugctl
_plugctl() {
  local directive line value tab=$'\\t'
  local -a lines values shown open open_shown
  lines=("\${(@f)$(plugctl complete -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)IPREFIX}\${(Q)PREFIX}" 2>/dev/null)}")
  for line in "\${lines[@]}"; do
    if [[ $line == :* ]]; then
      directive=$line
      continue
    fi
    value=\${line%%$tab*}
    if [[ $line == *$tab* ]]; then line="$value  -- \${line#*$tab}"; fi
    if [[ $value == *[:=] ]]; then
      open+=("$value")
      open_shown+=("$line")
    elif [[ -n $value ]]; then
      values+=("$value")
      shown+=("$line")
    fi
  done
  if [[ $directive == ":files" ]]; then
    [[ $PREFIX == --*=* ]] && compset -P '*='
    _files
    return
  fi
  (( \${#values} )) && compadd -l -d shown -a values
  (( \${#open} )) && compadd -S '' -l -d open_shown -a open
  (( \${#values} + \${#open} ))
}
if [[ \${funcstack[1]} == _plugctl ]]; then
  _plugctl "$@"
else
  (( \${+functions[compdef]} )) || { autoload -Uz compinit && compinit -i; }
  compdef _plugctl plugctl
fi
`;
