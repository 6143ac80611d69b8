# SPDX-License-Identifier: Apache-2.0
# Completion of doutok(1) in bash. What there is to complete is asked of the program, so that it is that of
# the program which is run, and cannot be left behind. A question takes some milliseconds.

# The help for a command: its words, the program first.
_doutok_help() {
  LC_ALL=C.UTF-8 LANGUAGE=en "$@" --help 2>/dev/null </dev/null
}

# Names of commands in the help on standard input: a list below “Commands:”, or “doutok bus address” below
# “Usage:”, where the words before it are the argument.
_doutok_commands() {
  local line section

  while IFS= read -r line; do
    case $line in
      [A-Z]*:) section=$line ;;
      '  '[a-z]*)
        line=${line#  }
        if [[ $section == Commands: ]]; then
          printf '%s\n' "${line%% *}"
        elif [[ $section == Usage: && $line == "$1 "[a-z]* ]]; then
          line=${line#"$1 "}
          printf '%s\n' "${line%% *}"
        fi
        ;;
    esac
  done
}

# Options in the help on standard input, those that take a value with what that is: --config=FILE.
_doutok_options() {
  local line

  while IFS= read -r line; do
    [[ $line =~ ^\ \ (-[A-Za-z],\ )?(--[a-z-]+(=[^ ]+)?)(\ |$) ]] && printf '%s\n' "${BASH_REMATCH[2]}"
  done
}

# Whether a name stands alone on a line of a text.
_doutok_has() {
  [[ $'\n'$1$'\n' == *$'\n'"$2"$'\n'* ]]
}

# Files or directories, when that is what is wanted, else nothing.
_doutok_files() {
  case $1 in
    *DIR*) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    *FILE*) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
  esac
}

_doutok() {
  local program=${COMP_WORDS[0]/#\~/$HOME} current=${COMP_WORDS[COMP_CWORD]}
  local path=doutok help commands options option word i
  local -a words=("$program")

  COMPREPLY=()
  help=$(_doutok_help "$program")
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    [[ $word == [a-z]* ]] || continue
    commands=$(_doutok_commands "$path" <<<"$help")
    _doutok_has "$commands" "$word" || break
    words+=("$word")
    path+=" $word"
    help=$(_doutok_help "${words[@]}")
  done
  commands=$(_doutok_commands "$path" <<<"$help")
  options=$(_doutok_options <<<"$help")

  # “=” is a word of its own: --config=a is three of them.
  option=
  if [[ $current == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 1]}
    current=
  elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == = ]]; then
    option=${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ ${COMP_WORDS[COMP_CWORD - 1]} == --* ]]; then
    option=${COMP_WORDS[COMP_CWORD - 1]}
  fi
  while IFS= read -r word; do
    if [[ -n $option && $word == "$option="* ]]; then
      _doutok_files "${word#*=}" "$current"
      return
    fi
  done <<<"$options"

  if [[ $current == -* ]]; then
    options=$(sed 's/=.*/=/' <<<"$options")
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    [[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || compopt -o nospace 2>/dev/null
  elif [[ -n $commands ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
  else
    while IFS= read -r word; do
      [[ $word != "  $path"* ]] || _doutok_files "${word#"  $path"}" "$current"
    done <<<"$help"
  fi
}

complete -F _doutok doutok
