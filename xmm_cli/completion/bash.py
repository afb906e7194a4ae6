"""Completion for bash 4 and newer: one function, no process started."""

from collections.abc import Sequence

from xmm_cli.completion.command_tree import Command, Option

_HEAD = """\
# Completion of xmm for bash. Written by `python -m xmm_cli.completion`; do not edit.
# Use: source this file, or put it into ~/.local/share/bash-completion/completions/xmm

# Folders and files of rows; a folder with an xmm.json, which is a checkpoint, ends the word.
_xmm_checkpoints() {
    local path
    compopt -o filenames -o nospace 2>/dev/null
    while IFS= read -r path; do
        if [[ -d $path && -e $path/xmm.json ]]; then
            compopt +o nospace 2>/dev/null
        fi
        COMPREPLY+=("$path")
    done < <(compgen -d -- "$1"; compgen -f -X '!*.jsonl' -- "$1")
}

_xmm_files() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -f -- "$1")
}

_xmm_folders() {
    compopt -o filenames 2>/dev/null
    mapfile -t COMPREPLY < <(compgen -d -- "$1")
}

_xmm_words() {
    mapfile -t COMPREPLY < <(compgen -W "$2" -- "$1")
}

_xmm() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= word
    COMPREPLY=()
    if [[ $current == "=" ]]; then
        current=
    elif [[ $before == "=" ]]; then
        before=${COMP_WORDS[COMP_CWORD-2]}
    fi
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $word != -* ]]; then
            command=$word
            break
        fi
    done
    case $command in
"""

_TAIL = """\
    esac
}

complete -F _xmm xmm
"""


def script(commands: Sequence[Command]) -> str:
    """The whole file."""
    names = " ".join(command.name for command in commands)
    top = f'    "") _xmm_words "$current" "{names} --help --version" ;;\n'
    return _HEAD + top + "".join(_case(command) for command in commands) + _TAIL


def _case(command: Command) -> str:
    lines = [f"    {command.name})", "        case $before in"]
    for option in command.options:
        if option.takes is not None:
            lines.append(f"        {'|'.join(option.names)}) {_answer(option)}; return ;;")
    lines.append("        esac")
    for option in command.options:
        if option.then_a_file:
            name = max(option.names, key=len)
            lines.append(f"        if [[ ${{COMP_WORDS[COMP_CWORD-2]}} == {name} ]]; then")
            lines += ['            _xmm_files "$current"', "            return", "        fi"]
    flags = " ".join(name for option in command.options for name in option.names)
    lines.append("        if [[ $current == -* ]]; then")
    lines.append(f'            _xmm_words "$current" "{flags}"')
    if command.inputs is not None:
        words = f' "{" ".join(command.words)}"' if command.words else ""
        lines += ["        else", f'            _xmm_{command.inputs} "$current"{words}']
    lines += ["        fi", "        ;;"]
    return "\n".join(lines) + "\n"


def _answer(option: Option) -> str:
    if option.takes == "values":
        words = f'_xmm_words "$current" "{" ".join(option.values)}"'
        more = '; [[ ${#COMPREPLY[@]} -gt 0 ]] || _xmm_folders "$current"'
        return words + (more if option.folders_too else "")
    return ":" if option.takes == "text" else f'_xmm_{option.takes} "$current"'
