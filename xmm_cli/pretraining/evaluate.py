"""How good a base is: attributes read from pictures and descriptions, and public figures known."""

import random
from collections.abc import Iterable
from typing import Any

import torch

from xmm_cli.models import prompts
from xmm_cli.personas.describing import OMIT, leave_out
from xmm_cli.personas.sampling import Identity
from xmm_cli.personas.vocabulary import ATTRIBUTES
from xmm_cli.pretraining.corpus import IGNORED, Encoder, PretrainingExample, describe_anyhow
from xmm_cli.pretraining.language import AnswerModel, ExampleBatches
from xmm_cli.pretraining.unnamed_pictures import look_of

_BATCH = 100


@torch.inference_mode()
def answered(
    module: AnswerModel, batches: ExampleBatches, examples: list[PretrainingExample]
) -> float:
    """The share of examples all of whose answer tokens are the most likely ones.

    For a single turn this is what greedy decoding would answer exactly.
    """
    module.eval()
    right = 0
    for start in range(0, len(examples), _BATCH):
        part = examples[start : start + _BATCH]
        batch = batches(part)
        flat = module(**batch)["right"]
        counts = [sum(label != IGNORED for label in example.labels) for example in part]
        right += sum(bool(one.all()) for one in flat.split(counts))
    return right / len(examples)


def attribute_accuracy(
    module: AnswerModel, batches: ExampleBatches, encoder: Encoder, rows: range
) -> dict[str, dict[str, float]]:
    """Modality to attribute to accuracy, on pictures and people unseen in training."""
    found: dict[str, dict[str, float]] = {}
    for modality in ("image", "text"):
        found[modality] = {}
        for attribute in (*ATTRIBUTES, "caption"):
            examples = [_ask(encoder, row, modality, attribute) for row in rows]
            found[modality][attribute] = round(answered(module, batches, examples), 4)
    return found


def _ask(encoder: Encoder, row: int, modality: str, attribute: str) -> PretrainingExample:
    look = look_of(row)
    if attribute == "caption":
        turn = (prompts.CAPTION_QUESTIONS[0], prompts.caption(look))
    else:
        turn = (prompts.attribute_questions(attribute)[0], look[attribute])
    rng = random.Random(f"evaluate: {row}")
    context: str | int = row if modality == "image" else describe_anyhow(look, rng)
    return encoder.example(context, [turn])


def figure_recall(
    module: AnswerModel,
    batches: ExampleBatches,
    encoder: Encoder,
    figures: Iterable[Identity],
    unseen_pictures: dict[str, list[int]],
) -> dict[str, float]:
    """Modality to the share of public figures named right, from views unseen in training."""
    question = prompts.NAME_QUESTIONS[0]
    shown, told = [], []
    for figure in figures:
        for number, row in enumerate(unseen_pictures[figure.id]):
            shown.append(encoder.example(row, [(question, figure.name)]))
            rng = random.Random(f"evaluate {figure.id}: {number}")
            text = describe_anyhow(leave_out(figure.attributes, rng, OMIT), rng)
            told.append(encoder.example(text, [(question, figure.name)]))
    if not shown:
        return {}
    return {
        "image": round(answered(module, batches, shown), 4),
        "text": round(answered(module, batches, told), 4),
    }


def quality(found: dict[str, Any]) -> tuple[float, float]:
    """Mean and least attribute accuracy over both modalities, captions left out."""
    values = [v for by in found.values() for name, v in by.items() if name != "caption"]
    return sum(values) / len(values), min(values)
