"""The model as it was before a run: a frozen copy of what the run trains, and nothing more."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch


class ReferenceModel:
    """A copy of the trainable weights of a model, for asking it what it thought then."""

    def __init__(self, model: Any) -> None:
        self._model = model
        self._saved = [one.detach().clone() for one in _trainable(model)]

    @contextmanager
    def there(self) -> Iterator[None]:
        """Inside the block the model is the one before, in evaluation mode, without gradients."""
        weights = _trainable(self._model)
        latest = [weight.data for weight in weights]
        training = self._model.training
        try:
            self._model.eval()
            for one, saved in zip(weights, self._saved, strict=True):
                one.data = saved
            with torch.no_grad():
                yield
        finally:
            for one, data in zip(weights, latest, strict=True):
                one.data = data
            self._model.train(training)


def _trainable(model: Any) -> list[torch.nn.Parameter]:
    return [parameter for parameter in model.parameters() if parameter.requires_grad]
