"""Completion for fish: a line for each option, no process started."""

from collections.abc import Sequence

from xmm_cli.completion.command_tree import Command, Option

_HEAD = """\
# Completion of xmm for fish. Written by `python -m xmm_cli.completion`; do not edit.
# Use: put this file into ~/.config/fish/completions

function __xmm_checkpoints
    # A checkpoint is a folder with an xmm.json.
    set -l word (commandline -ct)
    for file in $word*/xmm.json $word*/*/xmm.json
        string replace -r '/xmm.json$' '' -- $file
    end
end

function __xmm_using
    # The command is the first word that is no option; a value may be called like another.
    set -l words (commandline -opc)
    for word in $words[2..]
        string match -q -- '-*' $word; and continue
        test "$word" = "$argv[1]"
        return
    end
    return 1
end

complete -c xmm -f
complete -c xmm -n __fish_use_subcommand -l version -d 'Show the version.'
complete -c xmm -n __fish_use_subcommand -s h -l help -d 'Show help and exit.'
"""


def script(commands: Sequence[Command]) -> str:
    """The whole file."""
    lines = [_HEAD]
    for command in commands:
        lines.append(
            f"complete -c xmm -n __fish_use_subcommand -a {command.name}"
            f" -d {_quoted(command.help)}\n"
        )
    for command in commands:
        lines += [_line(command, option) for option in command.options]
        if command.words:
            words = _quoted(" ".join(command.words))
            lines.append(f"complete -c xmm -n {_when(command)} -a {words}\n")
        elif command.inputs is not None:
            lines.append(f"complete -c xmm -n {_when(command)} -F\n")
        if command.inputs == "checkpoints":
            lines.append(f"complete -c xmm -n {_when(command)} -a '(__xmm_checkpoints)'\n")
    return "".join(lines)


def _when(command: Command) -> str:
    return f"'__xmm_using {command.name}'"


def _line(command: Command, option: Option) -> str:
    names = [
        f"-l {name.removeprefix('--')}" if name.startswith("--") else f"-s {name.removeprefix('-')}"
        for name in option.names
    ]
    takes = {
        None: "",
        "text": " -x",
        "files": " -r -F",
        "folders": " -x -a '(__fish_complete_directories)'",
        "checkpoints": " -x -a '(__xmm_checkpoints)(__fish_complete_directories)'",
        "values": f" -x -a {_quoted(' '.join(option.values))}",
    }[option.takes]
    if option.folders_too:
        takes += " -a '(__fish_complete_directories)'"
    tail = f"{' '.join(names)}{takes} -d {_quoted(option.help)}"
    line = f"complete -c xmm -n {_when(command)} {tail}\n"
    if option.then_a_file:
        second = f"string match -q -- {option.names[0]} (commandline -opc)[-2]"
        line += f"complete -c xmm -n {_quoted(second)} -F\n"
    return line


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
