# Completion of hydra-provisioner's command lines in bash 4.2 or newer: `source` this file, or install it as
# share/bash-completion/completions/hydra-provisioner. The program itself says what can come next.

# Splits the command line up to the cursor into `words`, without their quotes, as the program would get them. Bash's own
# COMP_WORDS are also split at `:` and `=`, which types and options have inside. `is_quoted`: the last word has quotes.
_hydra_provisioner_split() {
  local line=${COMP_LINE:0:COMP_POINT} word= quote= character i
  words=() is_quoted=
  for ((i = 0; i < ${#line}; i++)); do
    character=${line:i:1}
    case $quote$character in
      \'\' | \"\") quote= ;;
      \" | \') quote=$character is_quoted=yes ;;
      \\ | \"\\) ((++i)) && word+=${line:i:1} is_quoted=yes ;;
      ' ' | $'\t') [[ -n $word$is_quoted ]] && words+=("$word") && word= is_quoted= ;;
      *) word+=$character ;;
    esac
  done
  words+=("$word")
}

# Bash replaces what stands behind the last of its word breaks, so what stands before is taken off the candidates.
_hydra_provisioner_strip() {
  local breaks= character before
  for character in : =; do
    [[ $COMP_WORDBREAKS == *"$character"* ]] && breaks+=$character
  done
  [[ -z $breaks || -n $is_quoted ]] && return
  before=${words[-1]%"${words[-1]##*[$breaks]}"}
  COMPREPLY=("${COMPREPLY[@]#"$before"}")
}

_hydra_provisioner() {
  local words is_quoted line
  _hydra_provisioner_split
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :files) compopt -o default ;; # readline's own, if nothing else fits
      :folders) compopt -o dirnames ;;
      *) COMPREPLY+=("${line%%$'\t'*}") ;;
    esac
  done < <("${1/#\~\//$HOME/}" complete -- "${words[@]:1}" 2>/dev/null)
  _hydra_provisioner_strip
}

complete -F _hydra_provisioner hydra-provisioner
