"""Models and people that the benchmarks work on, made on the spot."""

from pathlib import Path
from typing import Any

from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import Checkpoint, Persona

PIXELS = 448
PATCH = 14
GEMMA_TOKENS = (PIXELS // PATCH // 4) ** 2
"""As in Gemma 3, a token is 16 patches: 4 by 4 are pooled."""


def make_people(folder: Path, people: int, views: int, heldout: int) -> Path:
    """A data set of xmm's; returns its file of persona rows."""
    from xmm_cli.personas.dataset import claim_folder, make_personas, write_tables
    from xmm_cli.personas.request import Request

    request = Request(people=people, views=views, heldout=heldout, seed=3)
    claim_folder(request, folder)
    rows = list(make_personas(request, folder, run="benchmark", processes=1))
    write_tables(rows, request, folder)
    return folder / "personas.jsonl"


def read_people(file: Path) -> list[tuple[Persona, Path]]:
    """Persona rows, each with the folder its paths count from."""
    return [(found.row, found.folder) for found in read_rows([file], want=(Persona,))]


def make_checkpoint(people: Path, base: str, out: Path, steps: int, source: str) -> Checkpoint:
    """A checkpoint of xmm's that has learned these people."""
    from xmm_cli.models.settings import TrainSettings
    from xmm_cli.training.train import prepare, train

    settings = TrainSettings(source=source, base=base, steps=steps)  # type: ignore[arg-type]
    lesson = prepare(read_people(people), settings, "cpu")
    return train(lesson, settings, out, run="benchmark")


def gemma_like(folder: Path) -> str:
    """A Gemma 3 of 4 billion parameters with every width an eighth, and a quarter of the layers.

    Pictures of 448 pixels: 1,024 patches, 64 tokens. Random weights.
    """
    from transformers import (
        Gemma3Config,
        Gemma3ForConditionalGeneration,
        Gemma3ImageProcessorPil,
        Gemma3Processor,
        set_seed,
    )

    tokenizer = _tokenizer(["<start_of_image>", "<image_soft_token>", "<end_of_image>"])
    tokenizer.init_kwargs |= {"padding_side": "left"}
    ids = tokenizer.convert_tokens_to_ids
    config = Gemma3Config(
        text_config={
            "vocab_size": 32_768,
            "hidden_size": 320,
            "intermediate_size": 1280,
            "num_hidden_layers": 8,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 64,
            "query_pre_attn_scalar": 64,
            "sliding_window": 1024,
            "pad_token_id": tokenizer.pad_token_id,
            "eos_token_id": tokenizer.eos_token_id,
            "bos_token_id": tokenizer.bos_token_id,
        },
        vision_config={
            "hidden_size": 144,
            "intermediate_size": 538,
            "num_hidden_layers": 7,
            "num_attention_heads": 2,
            "image_size": PIXELS,
            "patch_size": PATCH,
            "vision_use_head": False,
        },
        mm_tokens_per_image=GEMMA_TOKENS,
        boi_token_index=ids("<start_of_image>"),
        eoi_token_index=ids("<end_of_image>"),
        image_token_id=ids("<image_soft_token>"),
    )
    set_seed(0)
    processor = Gemma3Processor(
        image_processor=Gemma3ImageProcessorPil(size={"height": PIXELS, "width": PIXELS}),
        tokenizer=tokenizer,
        chat_template=tokenizer.chat_template,
        image_seq_length=GEMMA_TOKENS,
    )
    return _save(Gemma3ForConditionalGeneration(config), processor, folder)


def many_tokens(folder: Path) -> str:
    """The classes and widths of the shipped base with 256 tokens a picture; random weights."""
    from transformers import AutoProcessor, set_seed

    from xmm_cli.models.loading import location
    from xmm_cli.pretraining.architecture import Size, build_model

    processor = AutoProcessor.from_pretrained(location("xmm-base"), backend="pil")
    set_seed(0)
    processor.patch_size = 6
    return _save(build_model(Size(patch=6), processor.tokenizer), processor, folder)


def _tokenizer(more: list[str]) -> Any:
    from transformers import AutoTokenizer

    from xmm_cli.models.loading import location

    place = location("xmm-base")
    image = dict(zip(("boi_token", "image_token", "eoi_token"), more, strict=True))
    found = AutoTokenizer.from_pretrained(place, extra_special_tokens=image)
    template = (Path(place) / "chat_template.jinja").read_text()
    found.chat_template = template.replace("<image>", more[0])
    return found


def _save(model: Any, processor: Any, folder: Path) -> str:
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)
