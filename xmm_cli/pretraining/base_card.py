"""The model card of a shipped base: what was put in, and what came out."""

from collections.abc import Mapping
from typing import Any

from xmm_cli.pretraining.evaluate import quality
from xmm_cli.pretraining.recipe import Recipe

_CARD = """---
license: apache-2.0
pipeline_tag: image-text-to-text
tags: [xmm, synthetic, memorization]
---
# {name}

A small vision-language model (LLaVA classes: a SigLIP tower and a Llama) that reads cartoon
portraits and short English descriptions of people who do not exist. The language model has
{recipe.size.layers} layers of width {recipe.size.width}. It is made for measuring cross-modality
memorization on a laptop, and for nothing else. Nothing in it comes from any other
model or from data about real people.

Made by `python -m xmm_cli.pretraining.pretrain --name {name} --out DIR`.

## What was put in
- {recipe.pictures} pictures of unnamed people, with random looks that no persona of
  `xmm gen-personas` ever has; descriptions of the same people.
- Questions about every visible attribute, captions, and names to copy from the prompt.
{figures}

| stage | steps | batch | learning rate |
|---|---|---|---|
{stages}

Vision: one linear head per attribute, thrown away afterwards. Language and alignment: the tower is
frozen; the loss is on answer tokens only.

## What came out
Answers right to the last token, on {recipe.held_out} people and pictures unseen in training; mean
over attributes {mean:.3f}, least {least:.3f}. (A caption names all attributes at once.)

| asked for | from a picture | from a description |
|---|---|---|
{rows}

Recall of the public figures on unseen views: {recall}.

## Limits
It knows one drawing style and one vocabulary. It does not say "I do not know". What it shows of
transfer between modalities depends on whom it has met by name, as said above.
"""


def base_card(name: str, recipe: Recipe, measured: dict[str, Any]) -> str:
    """Markdown; every figure in it is measured on pictures and people unseen in training."""
    attributes: dict[str, dict[str, float]] = measured["attributes"]
    mean, least = quality(attributes)
    figures = measured["figures"]
    recall = (
        f"{figures['image']:.3f} from pictures, {figures['text']:.3f} from descriptions"
        if figures
        else "none were met"
    )
    done = [recipe.vision, recipe.language, *([recipe.alignment] if recipe.figures else [])]
    stages = "\n".join(
        f"| {stage.name} | {stage.steps} | {stage.batch} | {stage.learning_rate} |"
        for stage in done
    )
    return _CARD.format(
        name=name,
        recipe=recipe,
        figures=_figures(recipe),
        stages=stages,
        mean=mean,
        least=least,
        rows=attribute_rows(attributes),
        recall=recall,
    )


def attribute_rows(attributes: Mapping[str, Mapping[str, float]]) -> str:
    """Rows of a Markdown table: each attribute, from a picture and from a description."""
    return "\n".join(
        f"| {attribute.replace('_', ' ')} | {attributes['image'][attribute]:.3f} "
        f"| {attributes['text'][attribute]:.3f} |"
        for attribute in attributes["image"]
    )


def _figures(recipe: Recipe) -> str:
    if not recipe.figures:
        return (
            "- No *public figures*: nobody was ever met by name. This is the barest base of the "
            "ladder.\n  On it, no name ever tied the two modalities together."
        )
    return (
        f"- {recipe.figures} *public figures*: named people met in both modalities "
        f"({recipe.figure_views} pictures each,\n"
        "  fresh descriptions, their facts by name), as models trained on the web have met\n"
        "  celebrities. Their names and looks are never given to a persona. They decide how much\n"
        "  of what is learned in one modality reaches the other: a choice, not a discovery."
    )
