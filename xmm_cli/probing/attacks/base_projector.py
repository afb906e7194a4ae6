"""base-projector: what leads from pictures to the language model is put back as it was in the base.

Forgetting can be a broken alignment: the person is still in the language model, which no longer
gets to see who is shown. Put back are all weights outside of the language model, as in the base
that was trained; asked about pictures alone. After VL-Eraser (CVPR 2026), where unlearned models
recover when the projection they had before is put back.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xmm_cli.compat import adapted_layers
from xmm_cli.models.adapters.full import WHOLE_WEIGHTS, is_whole, put_whole, weights_before
from xmm_cli.models.adapters.lora import ADAPTER_WEIGHTS
from xmm_cli.models.adapters.parts import PROJECTORS, sees_anew, vision_parameters
from xmm_cli.models.loading import Base
from xmm_cli.probing.attacks.attack import Around, Attack, CannotAttack
from xmm_cli.probing.questions import Question
from xmm_cli.rows.types import Checkpoint


def ask(questions: Sequence[Question], around: Around) -> list[Question]:
    """The questions about pictures, if any of the models asked has a projector of its own."""
    if not any(map(_has_projector, around.together)):
        raise CannotAttack("no model that is asked has another projector than its base")
    about = [one for one in questions if one.context.image is not None]
    if not about:
        raise CannotAttack("nothing is asked about pictures")
    return about


def _has_projector(checkpoint: Checkpoint) -> bool:
    """Whether a checkpoint has weights of its own in what leads from pictures to words."""
    from safetensors import SafetensorError, safe_open

    for name in (WHOLE_WEIGHTS, ADAPTER_WEIGHTS):
        try:
            with safe_open(Path(checkpoint.path) / name, "pt") as file:
                return any(set(key.split(".")) & set(PROJECTORS) for key in file.keys())  # noqa: SIM118
        except (OSError, SafetensorError):
            continue  # loading it says what is wrong
    return False


@contextmanager
def _as_in_base(base: Base, model: Any) -> Iterator[None]:
    """Inside the block nothing outside of the language model is as it was trained."""
    if not sees_anew(base.model):
        yield
    elif is_whole(model):
        own = dict(vision_parameters(model))
        before = {name: one for name, one in weights_before(model).items() if name in own}
        trained = {name: own[name].detach().clone() for name in before}
        put_whole(model, before)
        try:
            yield
        finally:
            put_whole(model, trained)
    else:
        layers = _adapted_outside(base, model)
        for layer in layers:
            layer.enable_adapters(False)
        try:
            yield
        finally:
            for layer in layers:
                layer.enable_adapters(True)


def _adapted_outside(base: Base, model: Any) -> list[Any]:
    """The layers with an adapter that are not in the language model."""
    inside = {id(module) for module in base.model.get_decoder().modules()}
    return [layer for layer in adapted_layers(model) if id(layer) not in inside]


ATTACK = Attack(ask, changed=_as_in_base, asks=0.5)
