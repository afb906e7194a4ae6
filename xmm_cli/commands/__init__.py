"""The commands: one thin file each, loaded by `app` when its name is used."""

COMMANDS: dict[str, tuple[str, str]] = {
    "gen-personas": ("gen_personas", "Make people who do not exist: pictures and descriptions."),
    "train": ("train", "Teach a vision-language model these people in one modality."),
    "unlearn": ("unlearn", "Make it forget some of them through one modality."),
    "probe": ("probe", "Ask a model about them in either modality."),
    "score": ("score", "Turn answers into recall, memory and transfer, with intervals."),
    "report": ("report", "Show results as tables, plots, a page, or by SQL."),
}
"""Name on the command line → module in `xmm_cli.commands`, and one line of help."""

EVERY = COMMANDS | {"help": ("help", "Read the guide: xmm help lists its topics.")}
"""The commands that work on rows, and the guide."""
