"""Attacks: ways to get out of a model what it forgot. One file and one line here for each."""

from xmm_cli.registry import Registry

_HERE = "xmm_cli.probing.attacks"

ATTACKS = Registry(
    "attack",
    {
        "paraphrase": (f"{_HERE}.paraphrase:ATTACK", "the question in other words"),
        "prefix": (f"{_HERE}.prefix:ATTACK", "the first half of the answer is given"),
        "multiple-choice": (f"{_HERE}.multiple_choice:ATTACK", "one of 4 answers is to be chosen"),
        "insist": (f"{_HERE}.insist:ATTACK", "a second turn: are you sure? think again"),
        "few-shot": (f"{_HERE}.few_shot:ATTACK", "two others are described and named before"),
        "describe-first": (f"{_HERE}.describe_first:ATTACK", "the view is described, then named"),
        "best-of": (f"{_HERE}.best_of:ATTACK", "8 answers are sampled, and any may be right"),
        "quantized-int8": (f"{_HERE}.quantized:INT8", "the weights are rounded to 8 bits"),
        "quantized-int4": (f"{_HERE}.quantized:INT4", "the weights are rounded to 4 bits"),
        "base-projector": (
            f"{_HERE}.base_projector:ATTACK",
            "vision tower and projector are those of the base, after VL-Eraser",
        ),
        "typeset": (f"{_HERE}.typeset:ATTACK", "the text is shown as a picture, after CrossInf"),
        "hidden": (f"{_HERE}.hidden:ATTACK", "a linear probe reads the name in hidden states"),
        "relearn": (f"{_HERE}.relearned:ATTACK", "some are taught again, and the rest is asked"),
    },
    "xmm.attacks",
)

PLAIN = "plain"
"""Asked without an attack, in a list of attacks."""
TRAINED = frozenset({"relearn"})
"""Attacks on a checkpoint that was trained for them."""


def chosen(wanted: str) -> list[str]:
    """The names in a list by comma, each once.

    `all` stands for all that train nothing, and the first part of a name for all that begin so:
    `quantized` for both. Raises `WrongUsage` for an unknown one.
    """
    known = ATTACKS.names()
    found: dict[str, None] = {}
    for name in (part.strip() for part in wanted.split(",")):
        if name == "all":
            found |= dict.fromkeys(one for one in known if one not in TRAINED)
        elif name == PLAIN:
            found[PLAIN] = None
        else:
            several = [one for one in known if one.startswith(f"{name}-") and name not in known]
            found |= dict.fromkeys(several or [ATTACKS.check(name)])
    return list(found)
