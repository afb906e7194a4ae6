"""Tasks: what is asked about a view. One file and one line here for each."""

from xmm_cli.registry import Registry

TASKS = Registry(
    "task",
    {
        "name": ("xmm_cli.probing.tasks.name:about", "who is shown or described"),
        "attribute": (
            "xmm_cli.probing.tasks.attribute:about",
            "control: what is visible, told from the same views",
        ),
        "fact": ("xmm_cli.probing.tasks.fact:about", "what only the name leads to"),
        "reverse": ("xmm_cli.probing.tasks.reverse:about", "the look, told from the name"),
    },
    "xmm.tasks",
)
