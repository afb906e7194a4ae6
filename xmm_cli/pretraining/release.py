"""What ships of a base that is put together from a package, measured as it will be used."""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from safetensors.torch import save_file

from xmm_cli.models import smollm
from xmm_cli.models.put_together import PARTS, assemble, content_digest, loaded_tensors
from xmm_cli.pretraining.evaluate import attribute_accuracy, figure_recall
from xmm_cli.pretraining.graft import Graft, parts_to_ship
from xmm_cli.pretraining.language import AnswerModel, ExampleBatches
from xmm_cli.pretraining.plain import TEST_QUESTIONS, answers, own_sentences, perplexity
from xmm_cli.pretraining.smollm_card import card
from xmm_cli.pretraining.temporary_lora import SCALE
from xmm_cli.rows.files import atomic_folder, atomic_write_bytes

MOST_BYTES = 16 * 2**20


def release(graft: Graft, name: str, out: Path) -> dict[str, Any]:
    """Write parts and card of a trained rung into `out`; returns what was measured."""
    parts = parts_to_ship(graft.tensors())
    file = smollm.packed_file(name)
    with atomic_folder(out, replace=True) as folder, TemporaryDirectory() as whole:
        told = {"scale": str(SCALE)}
        save_file(parts, folder / PARTS, told)
        assemble(folder / PARTS, file, Path(whole))
        told["digest"] = content_digest(loaded_tensors(Path(whole)))
        save_file(parts, folder / PARTS, told)
        if (folder / PARTS).stat().st_size > MOST_BYTES:
            raise ValueError(f"{PARTS} is larger than {MOST_BYTES} bytes")
        found = measure(graft, Path(whole), file)
        atomic_write_bytes(folder / "README.md", card(name, graft.recipe, found).encode())
    return found


def measure(graft: Graft, whole: Path, file: Path) -> dict[str, Any]:
    """Accuracy, recall of figures, perplexity and plain answers of the model in folder `whole`.

    All of people and pictures that were not learned from; computed in the precision of training.
    """
    from transformers import AutoModelForImageTextToText

    dtype = graft.dtype
    # eager: the fused attention is no faster here, and slower where it is trained
    model = AutoModelForImageTextToText.from_pretrained(
        whole, dtype=dtype, attn_implementation="eager"
    )
    module = AnswerModel(model).eval()
    model.model.multi_modal_projector.float()
    recipe, views = graft.recipe, graft.views
    batches = ExampleBatches(graft.table, graft.processor.tokenizer.pad_token_id)
    rows = range(recipe.held_out)
    unseen = {
        figure.id: [
            recipe.pictures + number * views + recipe.figure_views + view
            for view in range(recipe.unseen_views)
        ]
        for number, figure in enumerate(graft.figures)
    }
    encoder: Any = graft.encoder
    before = smollm.language_model(file, dtype).eval()
    sentences = own_sentences(before, graft.processor, graft.encoder, graft.work / "sentences.json")
    asked = list(TEST_QUESTIONS)
    return {
        "recipe": asdict(recipe),
        "dtype": str(dtype).removeprefix("torch."),
        "attributes": attribute_accuracy(module, batches, encoder, rows),
        "figures": figure_recall(module, batches, encoder, graft.figures, unseen),
        "sentences": len(sentences),
        "perplexity": [perplexity(one, sentences) for one in (before, model)],
        "answers": [
            [text for _, text, _ in answers(one, graft.processor, asked)] for one in (before, model)
        ],
    }
