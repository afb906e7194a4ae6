"""Pictures as a model takes them: as kept features, or as pixels where the tower itself learns."""

import hashlib
import inspect
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import torch

from xmm_cli.models.adapters.parts import language_path, vision_parameters
from xmm_cli.models.loading import Base
from xmm_cli.models.vision.batched import Looker
from xmm_cli.models.vision.cache import FeatureFolder
from xmm_cli.models.vision.features import Features, from_output

TEXT_KEYS = ("input_ids", "attention_mask", "labels", "token_type_ids", "mm_token_type_ids")
PER_PICTURE = ("image_grid_thw",)
"""What the language model wants of a picture beside its features."""

MOST_IN_MEMORY = 4 * 2**30
"""Bytes of features; the longest unused go first."""


class Vision:
    """The features of every picture that a model has seen: from memory, a folder, or the tower."""

    def __init__(self, base: Base, folder: FeatureFolder | None = None) -> None:
        self.base = base
        self._memory: OrderedDict[Any, Features] = OrderedDict()
        self._bytes = 0
        self._folder = FeatureFolder.of_environment() if folder is None else folder
        self._wanted = set(inspect.signature(base.model.get_image_features).parameters)
        self._tower: str | None = None
        self._look = Looker(self._compute)

    def features(self, picture: Any, inputs: Mapping[str, Any]) -> Features:
        """Those of a picture (any hashable name of it), which the processor has made `inputs` of.

        Raises `Unavailable` where the model has none to give.
        """
        if picture not in self._memory:
            self.look({picture: inputs})
        self._memory.move_to_end(picture)
        return self._memory[picture]

    def look(self, pictures: Mapping[Any, Mapping[str, Any]]) -> None:
        """Have the features of all these pictures in memory. Raises as `features` does."""
        new = {
            picture: _of_picture(inputs)
            for picture, inputs in pictures.items()
            if not self.knows(picture)
        }
        for picture, features in zip(new, self._stored(list(new.values())), strict=True):
            self._memory[picture] = features
            self._bytes += features.size
        while self._bytes > MOST_IN_MEMORY and len(self._memory) > 1:
            self._bytes -= self._memory.popitem(last=False)[1].size

    def knows(self, picture: Any) -> bool:
        """Whether the features of a picture are in memory."""
        return picture in self._memory

    def _stored(self, several: list[dict[str, torch.Tensor]]) -> list[Features]:
        """From the folder if it is there; exact, since all that decides the bits is in its name."""
        given = [
            {name: value for name, value in inputs.items() if name in self._wanted}
            for inputs in several
        ]
        if not self._folder.usable:
            return self._look(given)
        keys = [_digest({"tower": self.tower}, inputs) for inputs in given]
        stored = [self._folder.get(key) for key in keys]
        missing = [place for place, features in enumerate(stored) if features is None]
        for place, made in zip(missing, self._look([given[at] for at in missing]), strict=True):
            self._folder.put(keys[place], made)
            stored[place] = made
        return [features for features in stored if features is not None]

    def _compute(self, given: Mapping[str, torch.Tensor]) -> Features:
        model = self.base.model
        moved = {name: value.to(self.base.device) for name, value in given.items()}
        numbers = {
            name: tensor.to(model.dtype)
            for name, tensor in moved.items()
            if tensor.is_floating_point()
        }
        with torch.inference_mode():
            output = model.get_image_features(**moved | numbers, return_dict=True)
        return from_output(output)

    @property
    def tower(self) -> str:
        """What decides a picture's features beside its pixels: weights, and how they compute."""
        if self._tower is None:
            weights = dict(vision_parameters(self.base.model)) | _vision_buffers(self.base.model)
            how = {
                "class": type(self.base.model).__name__,
                "settings": self.base.model.config.to_json_string(use_diff=False),
                "torch": torch.__version__,
                "device": _device(self.base.device),
            }
            self._tower = _digest(how, weights)
        return self._tower


def _vision_buffers(model: Any) -> dict[str, torch.Tensor]:
    """What a tower learned beside its weights, like the means that it normalises by."""
    saved, language = model.state_dict().keys(), f"{language_path(model)}."
    return {
        name: buffer
        for name, buffer in model.named_buffers()
        if name in saved and not name.startswith(language)
    }


def pixels(inputs: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """What a model wants in order to look at a picture itself."""
    return _of_picture(inputs)


def beside_features(inputs: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """What a model wants of a picture beside its features."""
    return {name: inputs[name] for name in PER_PICTURE if name in inputs}


def _of_picture(inputs: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    return {
        name: value
        for name, value in inputs.items()
        if name not in TEXT_KEYS and isinstance(value, torch.Tensor)
    }


def _device(device: torch.device) -> str:
    """What computes; another kind, or another number of threads, may round otherwise."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    capability = torch.backends.cpu.get_cpu_capability()
    return f"{device.type} {capability} {torch.get_num_threads()}"


def _digest(named: Mapping[str, str], tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 of texts and tensors: names, types, shapes and bits."""
    digest = hashlib.sha256()
    for name, text in sorted(named.items()):
        digest.update(f"{name}\0{text}\0".encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name}\0{tensor.dtype}\0{tuple(tensor.shape)}\0".encode())
        plain = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(plain.view(torch.uint8).numpy().data)
    return digest.hexdigest()
