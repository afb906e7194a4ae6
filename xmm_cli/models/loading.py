"""Loading a vision-language model: a shipped name, a local folder or a hub id.

Safetensors only, and no code from the model's repository is ever run.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, get_args

from xmm_cli import compat
from xmm_cli.errors import Unavailable, WrongUsage
from xmm_cli.models.places import place_of
from xmm_cli.models.put_together import PUT_TOGETHER, put_together
from xmm_cli.models.usable import (
    HINT,
    broken_torchvision,
    check_kind,
    check_name,
    check_native,
    check_whole,
    first_line,
    mend,
)
from xmm_cli.models.weights_digest import weights_digest

if TYPE_CHECKING:
    from xmm_cli.models.families.family import Family

SHIPPED = ("xmm-base-bare", "xmm-base-xs", "xmm-base-s", "xmm-base", *PUT_TOGETHER)
DEFAULT_BASE = "xmm-base"

Dtype = Literal["auto", "bfloat16", "float32"]
Quantize = Literal["4bit"]
Packing = Literal["4bit", "none"]


@dataclass(frozen=True, slots=True)
class Precision:
    """In which numbers a model computes, and whether its weights are packed."""

    dtype: Dtype | None = None
    """None and `auto`: as the weights were saved; on a CPU float32."""
    quantize: Packing | None = None
    """`none` can only be wanted: over a packing of another it leaves none."""

    @classmethod
    def of(cls, arguments: Mapping[str, object]) -> "Precision":
        """As a checkpoint's arguments say that it was trained."""
        dtype, quantize = arguments.get("dtype"), arguments.get("quantize")
        return cls(
            dtype if dtype in get_args(Dtype) else None,  # type: ignore[arg-type]
            quantize if quantize in get_args(Quantize) else None,  # type: ignore[arg-type]
        )

    def over(self, other: "Precision") -> "Precision":
        """What is said here, else what the other says."""
        packing = self.quantize or other.quantize
        return Precision(self.dtype or other.dtype, None if packing == "none" else packing)

    def unlike(self, other: "Precision") -> dict[str, str]:
        """What differs from the other: `auto` and `none` where it is what is usual."""
        mine, theirs = (
            {"dtype": one.dtype or "auto", "quantize": one.quantize or "none"}
            for one in (self, other)
        )
        return {name: value for name, value in mine.items() if value != theirs[name]}


@dataclass(frozen=True, slots=True)
class Base:
    """A model ready to ask: its name, its weights' fingerprint, its parts, device and precision."""

    name: str
    revision: str
    model: Any
    processor: Any
    device: Any
    precision: Precision = field(default_factory=Precision)

    @property
    def tokenizer(self) -> Any:
        """The processor's tokenizer."""
        return self.processor.tokenizer

    @property
    def pad_token_id(self) -> int:
        """What fills up shorter rows: attention is off there, so that any token will do."""
        for token in (self.tokenizer.pad_token_id, self.tokenizer.eos_token_id):
            if token is not None:
                return int(token)
        return 0

    @property
    def family(self) -> "Family":
        """How models of its kind are treated."""
        from xmm_cli.models.families import family_of

        return family_of(self.model)


def location(name: str) -> str:
    """What transformers loads for `name`: a folder for a shipped model or one put together.

    Raises `Unavailable` where what it is put together from is not installed.
    """
    if name in PUT_TOGETHER:
        return str(put_together(name))
    if name in SHIPPED:
        return str(files("xmm_cli.models").joinpath(f"weights/{name}"))
    return place_of(name)


def pick_device(name: str | None) -> Any:
    """The torch device of this name; without one, the best there is.

    Raises `Unavailable` where there is no such device, `WrongUsage` where it is no name of one.
    """
    import torch

    if name in (None, "auto"):
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(str(name))
    except RuntimeError as error:
        raise WrongUsage(f"{name!r} is no device", _DEVICES) from error
    if device.type == "meta":
        raise WrongUsage("the meta device computes nothing", _DEVICES)
    try:
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError, ImportError) as error:
        raise Unavailable(f"no {name} device on this machine", "leave --device out") from error
    return device


_DEVICES = "try cpu, cuda, cuda:1 or mps"


def load_base(
    name: str,
    device: str | None = None,
    precision: Precision | None = None,
    *,
    to_train: bool = False,
) -> Base:
    """The model and its processor, in evaluation mode, frozen, on a device.

    The weights keep the precision they were saved in, except that a CPU computes in float32 and
    that nothing is trained in float16, whose gradients vanish, unless `precision` says otherwise.
    Raises `Unavailable` where the model is not there, is damaged or incomplete, is of no kind that
    xmm can use, or where its processor or its packing needs what is not installed.
    """
    from safetensors import SafetensorError

    precision = precision or Precision()
    place = location(name)
    check_name(name, place, SHIPPED)
    target = pick_device(device)
    with broken_torchvision():
        from transformers import AutoModelForImageTextToText, AutoProcessor
    _hush()
    try:
        config = check_native(name, place)
        check_kind(name, config)
        options = _options(precision, target, config if to_train else None)
        with compat.without_video():
            processor = AutoProcessor.from_pretrained(place, backend="pil", trust_remote_code=False)
        model, report = AutoModelForImageTextToText.from_pretrained(
            place,
            use_safetensors=True,
            trust_remote_code=False,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
            **options,
        )
    except (OSError, ValueError, KeyError, TypeError, ImportError, SafetensorError) as error:
        problem = f"base {name!r} cannot be loaded: {first_line(error)}"
        raise Unavailable(problem, mend(name, place, error)) from error
    check_whole(name, report)
    model.requires_grad_(False).eval()
    if precision.quantize is None:
        model.to(target)
    return Base(name, revision_of(name), model, processor, target, precision)


def _options(precision: Precision, target: Any, trained: Any = None) -> dict[str, Any]:
    """What transformers is told about precision and packing.

    `trained` is the configuration of a model that is to be trained. Raises `Unavailable`.
    """
    import torch

    dtype: Any = torch.float32 if target.type == "cpu" else "auto"
    if target.type == "cuda" and trained is not None and _saved_in_float16(trained):
        dtype = torch.bfloat16
    if precision.dtype not in (None, "auto"):
        dtype = getattr(torch, str(precision.dtype))
    if precision.quantize is None:
        return {"dtype": dtype}
    from importlib.util import find_spec

    if target.type != "cuda":
        raise Unavailable(f"--quantize {precision.quantize} on {target.type}", "it needs CUDA")
    if find_spec("bitsandbytes") is None:
        raise Unavailable(
            f"--quantize {precision.quantize} needs bitsandbytes", "pip install 'xmm-cli[quantize]'"
        )
    from transformers import BitsAndBytesConfig

    computes = torch.bfloat16 if dtype == "auto" else dtype
    packing = BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=computes,
    )
    return {"dtype": computes, "quantization_config": packing, "device_map": {"": target}}


def _saved_in_float16(config: Any) -> bool:
    saved = config.dtype or config.get_text_config().dtype
    return str(saved).removeprefix("torch.") == "float16"


def _hush() -> None:
    """Keep what libraries say to developers, and their bars, off stderr."""
    from huggingface_hub.utils import logging as hub
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    hub.set_verbosity_error()


def revision_of(name: str) -> str:
    """What tells a model's weights from others: see `weights_digest`.

    Raises `Unavailable` where it has none.
    """
    found = weights_digest(location(name))
    if found is None:
        raise Unavailable(f"base {name!r} has no weights in safetensors", HINT)
    return found
