"""Photographs by any text-to-image pipeline of diffusers, safetensors only.

The first view is drawn from its prompt; the others are kept to its face, see `identity`. A view's
seed hangs on the persona, the split and the number within it. Too alike or, where a detector
looks, without a face, it is drawn again from another seed, a few times.
"""

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from xmm_cli.errors import Unavailable, WorkFailed, WrongUsage
from xmm_cli.personas.persona_views import image_path
from xmm_cli.personas.plan import Plan
from xmm_cli.personas.rendering import Renderer
from xmm_cli.personas.rendering.faces import face_detector
from xmm_cli.personas.rendering.identity import AUTOMATIC, IDENTITIES, IdentityMethod, NotThisWay
from xmm_cli.personas.rendering.near_duplicates import difference_hash, too_alike
from xmm_cli.personas.rendering.prompting import NEGATIVE, picture_prompt
from xmm_cli.personas.sampling import Identity
from xmm_cli.rows.files import atomic_write_bytes
from xmm_cli.rows.pictures import read_picture
from xmm_cli.rows.types import Split

REDRAWN = 3
"""How often a view is drawn again at the most."""

_MULTIPLE = 16


class Diffusion(msgspec.Struct, frozen=True, kw_only=True):
    """How pictures are drawn; what is None is the pipeline's own default."""

    model: str
    identity: str = "auto"
    ip_adapter: str | None = None
    negative: str = NEGATIVE
    steps: int | None = None
    guidance: float | None = None
    batch_size: int = 4
    faces: bool = False


class _View(NamedTuple):
    """One picture to draw."""

    key: str
    split: Split
    view: int


class DiffusionPainter:
    """A pipeline, loaded once, and what it has to draw.

    Raises `Unavailable` without diffusers or the model, `WrongUsage` where the pipeline cannot keep
    a face in the way asked for.
    """

    def __init__(
        self, settings: Diffusion, size: int, device: str | None, note: Callable[[str], None]
    ) -> None:
        self.settings, self.size, self.note = settings, size, note
        self.has_face = face_detector() if settings.faces else None
        self.pipeline = _load(settings.model, device)
        self.keep = self._keeper()
        self.redrawn = self.given_up = 0

    def _keeper(self) -> IdentityMethod:
        asked = self.settings.identity
        ways = AUTOMATIC if asked == "auto" else (IDENTITIES.check(asked),)
        for way in ways:
            try:
                keeper: IdentityMethod = IDENTITIES.load(way)(
                    self.pipeline, self.settings.ip_adapter
                )
            except NotThisWay as no:
                if asked != "auto":
                    raise WrongUsage(f"--identity {asked}", str(no)) from no
                continue
            self.note(f"{self.settings.model}: faces are kept by {way}")
            return keeper
        raise WorkFailed("no way to draw views is left")

    def paint(self, identity: Identity, plan: Plan, folder: Path) -> int:
        """Draw a person's missing pictures into `folder`; returns how many were drawn."""
        views = [
            _View(f"{identity.id}: {split} image {index}", split, view)
            for view, split, index in plan.numbered()
        ]
        places = [folder / image_path(identity, view.view) for view in views]
        missing = [view for view, place in zip(views, places, strict=True) if not place.exists()]
        if not missing:
            return 0
        hashes = [difference_hash(read_picture(place)) for place in places if place.exists()]
        if missing[0] == views[0]:
            self._draw(identity, missing[:1], None, hashes, folder)
            missing = missing[1:]
        portrait = read_picture(places[0])
        for start in range(0, len(missing), self.settings.batch_size):
            part = missing[start : start + self.settings.batch_size]
            self._draw(identity, part, portrait, hashes, folder)
        return len(places)

    def _draw(
        self, who: Identity, views: list[_View], portrait: Any, hashes: list[int], folder: Path
    ) -> None:
        """Draw and save some views; those that will not do are drawn again, one batch a try."""
        for attempt in range(REDRAWN + 1):
            again = []
            for view, picture in zip(views, self._ask(who, views, portrait, attempt), strict=True):
                mark = difference_hash(picture)
                fine = not too_alike(mark, hashes) and (
                    self.has_face is None or self.has_face(picture)
                )
                if not fine and attempt < REDRAWN:
                    again.append(view)
                    continue
                self.given_up += not fine
                hashes.append(mark)
                _save(picture, folder / image_path(who, view.view))
            self.redrawn += len(again)
            if not (views := again):
                return

    def _ask(self, who: Identity, views: list[_View], portrait: Any, attempt: int) -> list[Any]:
        import torch

        streams = [random.Random(f"{view.key}: {attempt}") for view in views]
        prompts = [
            picture_prompt(who.attributes, view.split, rng)
            for view, rng in zip(views, streams, strict=True)
        ]
        side = -(-self.size // _MULTIPLE) * _MULTIPLE
        options: dict[str, Any] = {"height": side, "width": side}
        options["generator"] = [
            torch.Generator("cpu").manual_seed(rng.getrandbits(63)) for rng in streams
        ]
        if self.settings.steps is not None:
            options["num_inference_steps"] = self.settings.steps
        if self.settings.guidance is not None:
            options["guidance_scale"] = self.settings.guidance
        if self.settings.negative and _takes(self.pipeline, "negative_prompt"):
            options["negative_prompt"] = [self.settings.negative] * len(prompts)
        if portrait is None:
            drawn = self.keep.first(prompts, options)
        else:
            drawn = self.keep(portrait.resize((side, side)), prompts, options)
        return [image.convert("RGB").resize((self.size, self.size)) for image in drawn]


def _load(model: str, device: str | None) -> Any:
    """The pipeline, on a device. Raises `Unavailable`."""
    from transformers.utils import logging as below

    below.set_verbosity_error()
    below.disable_progress_bar()
    try:
        from diffusers import AutoPipelineForText2Image
        from diffusers.utils import logging
    except ImportError as error:
        raise Unavailable(
            "diffusers is not installed", "pip install 'xmm-cli[diffusers]'"
        ) from error
    import torch

    from xmm_cli.models.loading import pick_device

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    place = pick_device(device)
    dtype = torch.float32 if place.type == "cpu" else torch.bfloat16
    try:
        pipeline = AutoPipelineForText2Image.from_pretrained(
            model, use_safetensors=True, dtype=dtype
        )
    # its loaders raise whatever they meet in a folder that is no pipeline
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ImportError) as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise Unavailable(
            f"model {model!r} cannot be loaded: {reason}",
            "give a text-to-image pipeline of diffusers, in safetensors: a folder or a hub id",
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    return pipeline.to(place)


def _takes(pipeline: Any, option: str) -> bool:
    import inspect

    return option in inspect.signature(pipeline.__call__).parameters


def _save(picture: Any, path: Path) -> None:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    atomic_write_bytes(path, buffer.getvalue())


RENDERER = Renderer(painter=DiffusionPainter, size=512)
