"""What leans on parts of transformers, peft, accelerate and torch that they do not promise to keep.

Each function leans on as little as it can and says on what. `TOUCHPOINTS` names them all with the
versions that were tried; tests/test_compat.py tries each with what is installed, and says which of
them a newer library breaks.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import cache
from typing import Any, NamedTuple, TypeVar

F = TypeVar("F", bound=Callable[..., Any])
C = TypeVar("C", bound=type)


class Touchpoint(NamedTuple):
    """What a function leans on."""

    library: str
    tried: tuple[str, ...]
    """Its versions with which the function was seen to do what it says."""


TOUCHPOINTS: dict[str, Touchpoint] = {}
"""By the name of the function."""


def leans_on(library: str, *tried: str) -> Callable[[F], F]:
    """Note what a function leans on."""

    def note(function: F) -> F:
        TOUCHPOINTS[function.__name__] = Touchpoint(library, tried)
        return function

    return note


TRANSFORMERS = ("transformers", "5.23.0", "5.24.0")
PEFT = ("peft", "0.21.0", "0.21.2")
ACCELERATE = ("accelerate", "1.10.0", "1.15.0")


@leans_on(*TRANSFORMERS)
def train_sampler(trainer: Any) -> Any:
    """The order in which a `Trainer` takes its examples, as in a single process.

    Private: `Trainer._get_train_sampler`; the public data loader is already cut for processes.
    """
    return trainer._get_train_sampler()


@leans_on(*TRANSFORMERS)
def take_in_order(trainer: Any) -> None:
    """Have a `Trainer` take its examples as they come; no argument of it says so.

    Private: `Trainer._get_train_sampler`, which is called for every data loader.
    """
    trainer._get_train_sampler = lambda *_: None


@leans_on(*TRANSFORMERS)
def use_one_gpu(arguments: Any) -> None:
    """Have a `Trainer` use one GPU of several: it would cut batches apart (`DataParallel`).

    Private: `TrainingArguments._n_gpu`; the public `n_gpu` cannot be set.
    """
    if arguments.n_gpu > 1:
        arguments._n_gpu = 1


@leans_on(*TRANSFORMERS)
def saved_with_trainer(kind: C) -> C:
    """A class of callbacks whose `state()` a `Trainer` saves beside the weights.

    It comes back in `state.stateful_callbacks`, by the name of the class. Private:
    `ExportableState`, which only `transformers.trainer_callback` has.
    """
    from transformers.trainer_callback import ExportableState

    return type(kind)(kind.__name__, (kind, ExportableState), {"__doc__": kind.__doc__})


@leans_on(*TRANSFORMERS)
def ignore_no_missing_weights(module: Any) -> None:
    """Make a module that is no model of transformers fit for a `Trainer` that resumes.

    Private: `_keys_to_ignore_on_save`, which the Trainer reads of what it trains.
    """
    module._keys_to_ignore_on_save = None


@leans_on(*TRANSFORMERS)
def unit_layers(model: Any) -> list[str]:
    """The names of the classes of layers that must stay whole on one device, sorted.

    Families name layers that not every model has; those are left out. Private: `_no_split_modules`.
    """
    kinds = {type(part).__name__ for part in model.modules()}
    return sorted(kinds & set(model._no_split_modules))


@leans_on(*TRANSFORMERS)
def is_native(model_type: Any) -> bool:
    """Whether transformers itself has the code of models of a type.

    Private: `CONFIG_MAPPING`, which only the module of the automatic classes has.
    """
    from transformers.models.auto.configuration_auto import CONFIG_MAPPING

    return model_type in CONFIG_MAPPING


@leans_on(*TRANSFORMERS)
def decoder_layers(decoder: Any) -> Any:
    """The `ModuleList` of a language model's layers: the longest list of its modules.

    No public name leads to them; most families call them `layers`, and some do not.
    """
    import torch

    lists = [part for part in decoder.modules() if isinstance(part, torch.nn.ModuleList)]
    return max(lists, key=len)


@leans_on(*TRANSFORMERS)
def rows_of_cache(cache: Any, rows: Any) -> Any:
    """Some rows of a `DynamicCache`, int64 `(rows,)`; the cache itself stays as it is.

    Keys and values are chosen when a layer asks for them, and not kept. Private: `cache.layers`,
    and what a `DynamicLayer` has: `keys`, `values`, `lazy_initialization`, `update`.
    """
    chosen = copy(cache)
    chosen.layers = [_rows_of_layer()(layer, rows) for layer in cache.layers]
    return chosen


@cache
def _rows_of_layer() -> Any:
    import torch
    from transformers.cache_utils import DynamicLayer

    class RowsOf(DynamicLayer):
        """Some rows of a layer's keys and values."""

        def __init__(self, layer: Any, rows: torch.Tensor) -> None:
            super().__init__()
            self.lazy_initialization(layer.keys, layer.values)
            self.keys, self.values, self.rows = layer.keys, layer.values, rows.to(layer.keys.device)

        def update(
            self, key_states: torch.Tensor, value_states: torch.Tensor, *_: Any, **__: Any
        ) -> tuple[torch.Tensor, torch.Tensor]:
            """Those of the prompts and, behind them, these: `(rows, heads, length, width)`."""
            keys, values = (kept.index_select(0, self.rows) for kept in (self.keys, self.values))
            return torch.cat([keys, key_states], dim=-2), torch.cat([values, value_states], dim=-2)

    return RowsOf


@leans_on(*TRANSFORMERS)
def no_video_processor() -> Any:
    """What takes the place of a video processor; it processes nothing.

    Private: `VideoProcessorMixin`, and the numbers that processors read of their video part.
    """
    from transformers.video_processing_utils import VideoProcessorMixin

    class NoVideo(VideoProcessorMixin):
        merge_size = temporal_patch_size = patch_size = 2
        num_frames = fps = max_soft_tokens = pooling_kernel_size = 1
        model_input_names: tuple[str, ...] = ()

    return NoVideo()


@leans_on(*TRANSFORMERS)
@contextmanager
def without_video() -> Iterator[None]:
    """Inside the block processors of families that also know videos load without torchvision.

    transformers makes their video part with torchvision alone, and their processor not without it;
    xmm shows no videos. Where torchvision is installed, nothing is touched. Private, and replaced
    inside the block: `AutoVideoProcessor.from_pretrained` and
    `ProcessorMixin.check_argument_for_proper_class`.
    """
    from transformers.utils import is_torchvision_available

    if is_torchvision_available():
        yield
        return
    from transformers.models.auto.video_processing_auto import AutoVideoProcessor
    from transformers.processing_utils import ProcessorMixin
    from transformers.video_processing_utils import VideoProcessorMixin

    checks = ProcessorMixin.check_argument_for_proper_class

    def check(self: Any, name: str, argument: Any) -> Any:
        if isinstance(argument, VideoProcessorMixin):
            return type(argument)
        return checks(self, name, argument)

    ProcessorMixin.check_argument_for_proper_class = check
    loads = AutoVideoProcessor.__dict__["from_pretrained"]
    AutoVideoProcessor.from_pretrained = classmethod(lambda *_, **__: no_video_processor())
    try:
        yield
    finally:
        ProcessorMixin.check_argument_for_proper_class = checks
        AutoVideoProcessor.from_pretrained = loads


@leans_on(*PEFT)
def adapted_layers(model: Any) -> list[Any]:
    """The layers of a `PeftModel` that have an adapter beside them.

    Private: `BaseTunerLayer`, which only `peft.tuners.tuners_utils` has.
    """
    from peft.tuners.tuners_utils import BaseTunerLayer

    return [module for module in model.modules() if isinstance(module, BaseTunerLayer)]


@leans_on(*PEFT)
def forget_merging(layer: Any) -> None:
    """Tell an adapted layer that its weights were put back: `unmerge` would round them.

    Private: the list `merged_adapters`.
    """
    layer.merged_adapters.clear()


@leans_on(*PEFT)
@contextmanager
def other_lora_forward(
    model: Any, forward: Callable[[Callable[..., Any], Any], Callable[..., Any]]
) -> Iterator[None]:
    """Inside the block LoRA's linear layers compute with another `forward`.

    It is made of peft's own and the layer. Private: that `peft.tuners.lora.Linear` is the class of
    such layers, and that nothing is kept of its `forward`.
    """
    from peft.tuners.lora import Linear

    layers = [module for module in model.modules() if type(module) is Linear]
    for layer in layers:
        layer.forward = forward(layer.forward, layer)
    try:
        yield
    finally:
        for layer in layers:
            del layer.forward


@leans_on(*PEFT)
def is_plain_lora(layer: Any, name: str | None) -> bool:
    """Whether an adapter of a linear layer is LoRA's formula alone, not merged, not switched off.

    Private: `lora_variant`, where DoRA and other variants put themselves.
    """
    if name not in layer.lora_A or layer.disable_adapters or layer.merged:
        return False
    return name not in layer.lora_variant


@leans_on(*ACCELERATE)
def in_single_order(loader: Any) -> Any:
    """A data loader that gives every process the same batches, in the order of a single process.

    Private: `prepare_data_loader`, told that there is one process where there are several.
    """
    from accelerate.data_loader import prepare_data_loader

    alone = {"num_processes": 1, "process_index": 0}
    return prepare_data_loader(loader, **alone, use_seedable_sampler=True)


@leans_on(*ACCELERATE)
def save_split_and_trained(plugin: Any) -> None:
    """Have FSDP save of a state what is trained, each process its part.

    A state of the whole would hold the base too. Private: accelerate keeps settings of a state that
    were made before its type was set.
    """
    plugin.state_dict_config = plugin.optim_state_dict_config = None
    plugin.set_state_dict_type("SHARDED_STATE_DICT")


@leans_on(*ACCELERATE)
def free_device_memory() -> None:
    """Give back memory that nothing uses, on whichever device there is.

    Private: `clear_device_cache`, which only `accelerate.utils.memory` has.
    """
    from accelerate.utils.memory import clear_device_cache

    clear_device_cache(garbage_collection=True)
