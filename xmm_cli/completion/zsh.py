"""Completion for zsh: one function for `_arguments`, no process started."""

from collections.abc import Sequence

from xmm_cli.completion.command_tree import Command, Option

_HEAD = """\
#compdef xmm
# Completion of xmm for zsh. Written by `python -m xmm_cli.completion`; do not edit.
# Use: put this file, as _xmm, into a folder of $fpath, before compinit.

# Folders and files of rows: a checkpoint is a folder with an xmm.json.
_xmm_checkpoints() {
  _alternative 'checkpoints:checkpoint:_path_files -/ -g "*/xmm.json(:h)"' \\
    'rows:rows:_files -g "*.jsonl"'
}

_xmm() {
  local context state line
  typeset -A opt_args
  _arguments -C '(-)'{-h,--help}'[Show help and exit.]' '(-)--version[Show the version.]' \\
    '1: :->command' '*:: :->rest'
  case $state in
  command)
    local -a commands
    commands=(
"""

_MIDDLE = """\
    )
    _describe command commands
    ;;
  rest)
    case $words[1] in
"""

_TAIL = """\
    esac
    ;;
  esac
}

_xmm "$@"
"""

_ACTIONS = {
    "files": "_files",
    "folders": "_files -/",
    "checkpoints": "_xmm_checkpoints",
    "text": "",
}


def script(commands: Sequence[Command]) -> str:
    """The whole file."""
    names = "".join(f"      {_quoted(f'{command.name}:{command.help}')}\n" for command in commands)
    return _HEAD + names + _MIDDLE + "".join(_case(one) for one in commands) + _TAIL


def _case(command: Command) -> str:
    specs = [_spec(option, name) for option in command.options for name in option.names]
    if command.inputs is not None:
        known = f"({' '.join(command.words)})"
        specs.append(_quoted(f"*:input:{_ACTIONS.get(command.inputs, known)}"))
    told = " \\\n".join(f"        {spec}" for spec in specs)
    return f"    {command.name})\n      _arguments \\\n{told}\n      ;;\n"


def _spec(option: Option, name: str) -> str:
    text = option.help
    for mark in "\\[]:":
        text = text.replace(mark, f"\\{mark}")
    if option.takes is None:
        return _quoted(f"{name}[{text}]")
    if option.takes == "values":
        values = " ".join(value.replace(":", "\\:") for value in option.values)
        # braces: what is in them is run
        action = f"{{compadd - {values}; _files -/}}" if option.folders_too else f"({values})"
    else:
        action = _ACTIONS[option.takes]
    then = ":path:_files" if option.then_a_file else ""
    return _quoted(f"{name}[{text}]:{name.lstrip('-')}:{action}{then}")


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
