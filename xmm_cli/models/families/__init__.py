"""Families of vision-language models, by the `model_type` of their configuration.

Whatever transformers loads for image and text works without an entry; one is needed where a family
differs, and where candidates may be shown to it as a tree.
"""

from typing import Any

from xmm_cli.models.families.family import GENERIC, Family
from xmm_cli.registry import Registry

_HERE = "xmm_cli.models.families"

FAMILIES = Registry(
    "family",
    {
        "llava": (f"{_HERE}.causal:FAMILY", "LLaVA 1.5, and the models that ship"),
        "llava_next": (f"{_HERE}.causal:FAMILY", "LLaVA-NeXT"),
        "llava_onevision": (f"{_HERE}.causal:FAMILY", "LLaVA-OneVision"),
        "idefics3": (f"{_HERE}.causal:FAMILY", "Idefics3"),
        "smolvlm": (f"{_HERE}.causal:FAMILY", "SmolVLM"),
        "internvl": (f"{_HERE}.causal:FAMILY", "InternVL"),
        "qwen2_vl": (f"{_HERE}.mrope:FAMILY", "Qwen2-VL"),
        "qwen2_5_vl": (f"{_HERE}.mrope:FAMILY", "Qwen2.5-VL"),
        "qwen3_vl": (f"{_HERE}.mrope:FAMILY", "Qwen3-VL"),
        "qwen3_5": (f"{_HERE}.mrope:RECURRENT", "Qwen3.5"),
        "gemma3": (f"{_HERE}.gemma:FAMILY", "Gemma 3"),
        "paligemma": (f"{_HERE}.paligemma:FAMILY", "PaliGemma and PaliGemma 2"),
    },
    "xmm.families",
)


def family_of(model: Any) -> Family:
    """How this model is treated: as its family is, or in the generic way."""
    kind = getattr(model.config, "model_type", "")
    found: Family = FAMILIES.load(kind) if kind in FAMILIES else GENERIC
    return found


def sees_everything(model: Any) -> bool:
    """Whether every layer of the language model attends to all that came before."""
    text = model.config.get_text_config()
    layers = getattr(text, "layer_types", None)
    if layers:
        return set(layers) == {"full_attention"}
    return getattr(text, "sliding_window", None) is None
