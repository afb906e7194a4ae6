"""A part's own weights trained in place, without an adapter, and given back afterwards.

The weights as they were are kept beside the model for as long as others lie on it.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData, WrongUsage
from xmm_cli.models.adapters.parts import Trained, belongs, set_sees_anew
from xmm_cli.models.loading import Base

WHOLE_WEIGHTS = "trained_weights.safetensors"
_BEFORE = "_weights_before"


def is_whole(model: Any) -> bool:
    """Whether a model is a base whose own weights were trained."""
    return bool(getattr(model, _BEFORE, None))


def weights_before(model: Any) -> dict[str, Any]:
    """The weights that were trained, as they were in the base, by name."""
    return dict(getattr(model, _BEFORE))


def check_exact(base: Base) -> None:
    """Refuse to train weights that round most steps away. Raises `WrongUsage`."""
    import torch

    if base.model.dtype != torch.float32:
        kind = str(base.model.dtype).removeprefix("torch.")
        raise WrongUsage(
            f"--adapter full in {kind}: it would round most steps away",
            "train with --dtype float32",
        )


def free(base: Base, names: Iterable[str], part: Trained) -> Any:
    """The base's model, the named weights trainable; what they were is kept."""
    wanted = set(names)
    before = {}
    for name, weight in base.model.named_parameters():
        if name in wanted:
            before[name] = weight.detach().clone()
            weight.requires_grad_(True)
    setattr(base.model, _BEFORE, before)
    set_sees_anew(base.model, part != "language")
    return base.model


def load_whole(base: Base, folder: Path, *, trainable: bool = False) -> Any:
    """The base's model with the weights of a checkpoint folder in place of its own.

    Raises `BadData` where they are damaged or of another model, `WrongUsage` where they are to be
    trained and cannot be.
    """
    if trainable:
        check_exact(base)
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        saved = load_file(folder / WHOLE_WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise BadData(f"{folder / WHOLE_WEIGHTS}: cannot be read: {error}") from error
    own = dict(base.model.named_parameters())
    odd = [name for name in saved if name not in own or saved[name].shape != own[name].shape]
    if odd or not saved:
        first = min(odd, default="nothing in it")
        raise BadData(f"{folder / WHOLE_WEIGHTS}: does not fit {base.name}: {first}")
    inside = saved.keys() <= belongs(base.model, "language")
    model = free(base, saved, "language" if inside else "vision+projector")
    put_whole(model, saved)
    if not trainable:
        model.requires_grad_(False)
    return model.eval()


def put_whole(model: Any, weights: Mapping[str, Any]) -> None:
    """Copy weights into a model, by name."""
    own = dict(model.named_parameters())
    for name, weight in weights.items():
        own[name].data.copy_(weight)


def save_whole(model: Any, folder: Path) -> None:
    """Write the weights that were trained."""
    from safetensors.torch import save_file

    names = getattr(model, _BEFORE)
    weights = {
        name: weight.detach().cpu().contiguous()
        for name, weight in model.named_parameters()
        if name in names
    }
    save_file(weights, folder / WHOLE_WEIGHTS, metadata={"format": "pt"})


def restore(model: Any) -> None:
    """Give a model back the weights it had before, frozen."""
    put_whole(model, getattr(model, _BEFORE))
    model.requires_grad_(False).eval()
    delattr(model, _BEFORE)
    set_sees_anew(model, False)


def distance(model: Any) -> float:
    """The Frobenius norm of the difference to the weights before."""
    import torch

    before = getattr(model, _BEFORE)
    squares = [
        (weight.detach().float() - before[name].float()).pow(2).sum()
        for name, weight in model.named_parameters()
        if name in before
    ]
    return float(torch.stack(squares).sum().sqrt())
