"""The parts of a vision-language model, found by identity: names differ between families."""

from collections.abc import Iterator
from typing import Any, Literal

from xmm_cli.errors import WrongUsage

Trained = Literal["language", "projector", "vision+projector"]
"""Where a model learns: in its language model, in what leads from pictures to it, or in all of
what sees."""

PROJECTORS = (
    "multi_modal_projector",
    "connector",
    "embed_vision",
    "merger",
    "deepstack_merger_list",
)
"""What families call the layers that lead from the vision tower to the language model."""

_SOUND = ("audio", "embed_audio")
_ANEW = "_sees_with_what_it_learned"


def language_path(model: Any) -> str:
    """The full name of the language model."""
    decoder = model.get_decoder()
    return str(next(name for name, module in model.named_modules() if module is decoder))


def vision_parameters(model: Any) -> Iterator[tuple[str, Any]]:
    """All weights outside the language model and its output layer, with their full names."""
    decoder = model.get_decoder()
    language = {id(weight) for weight in decoder.parameters()}
    output = model.get_output_embeddings()
    language |= {id(weight) for weight in output.parameters()} if output is not None else set()
    for name, weight in model.named_parameters():
        if id(weight) not in language:
            yield name, weight


def belongs(model: Any, part: Trained) -> set[str]:
    """The full names of the weights of a part.

    Raises `WrongUsage` where the model has no such part that xmm can tell from the rest.
    """
    seen = {name for name, _ in vision_parameters(model) if not any(one in name for one in _SOUND)}
    if part == "language":
        every = {name for name, _ in model.named_parameters()}
        found = every - {name for name, _ in vision_parameters(model)}
    elif part == "projector":
        found = {name for name in seen if set(name.split(".")) & set(PROJECTORS)}
    else:
        found = seen
    if not found:
        raise WrongUsage(f"--train {part}: {type(model).__name__} has no such part")
    return found


def linear_layers(model: Any, part: Trained) -> list[str]:
    """The full names of all linear layers of a part.

    The output layer is none of them. Raises `WrongUsage` where there is none.
    """
    import torch

    inside = belongs(model, part)
    path = language_path(model)
    found = [
        name
        for name, module in model.named_modules()
        if isinstance(module, torch.nn.Linear)
        and (f"{name}.weight" in inside if part != "language" else name.startswith(f"{path}."))
    ]
    if not found:
        raise WrongUsage(
            f"--train {part}: it has no linear layer in {type(model).__name__}",
            "--adapter full trains its weights",
        )
    return found


def sees_anew(model: Any) -> bool:
    """Whether what a model sees with may differ from its base: then no features may be kept."""
    return bool(getattr(model, _ANEW, False))


def set_sees_anew(model: Any, anew: bool) -> None:
    """Note whether what a base sees with is, or is about to be, trained."""
    setattr(model, _ANEW, anew)
