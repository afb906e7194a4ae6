"""The command that makes a base, at a size at which it takes seconds."""

import numpy as np
import pytest
import torch

from xmm_cli.personas.sampling import is_measurable, public_figures, sample_identities
from xmm_cli.pretraining import pretrain
from xmm_cli.pretraining.architecture import Size, build_processor
from xmm_cli.pretraining.corpus import IGNORED, Corpus, Encoder
from xmm_cli.pretraining.recipe import RECIPES, Recipe
from xmm_cli.pretraining.stages import Stage
from xmm_cli.pretraining.unnamed_pictures import look_of

SMALL = Size(
    patch=48,
    vision_width=16,
    vision_layers=1,
    vision_heads=1,
    width=16,
    layers=1,
    heads=1,
    feed_forward=16,
    vocabulary=600,
)
TINY = Recipe(
    size=SMALL,
    pictures=24,
    held_out=6,
    figures=2,
    figure_views=2,
    vision=Stage("vision", 2, 4, 1e-3, 1),
    language=Stage("language", 2, 4, 1e-3, 1),
    alignment=Stage("alignment", 2, 4, 1e-3, 1),
)


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(RECIPES, "xmm-base", TINY)


@pytest.fixture(scope="module")
def processor():
    return build_processor(SMALL)


def test_a_base_is_made_loads_and_is_not_made_twice(tiny, tmp_path, monkeypatch):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    options = ["--out", str(tmp_path / "base"), "--work", str(tmp_path / "work"), "--threads", "1"]
    assert pretrain.main(options) == 0
    model = AutoModelForImageTextToText.from_pretrained(tmp_path / "base")
    assert AutoProcessor.from_pretrained(tmp_path / "base").chat_template

    def never(*_):
        raise AssertionError("a stage was done again")

    monkeypatch.setattr(pretrain, "run_stage", never)
    options[1] = str(tmp_path / "again")
    assert pretrain.main(options) == 0
    again = AutoModelForImageTextToText.from_pretrained(tmp_path / "again")
    for one, other in zip(model.parameters(), again.parameters(), strict=True):
        assert torch.equal(one, other)


def test_pre_training_never_meets_the_look_of_a_persona():
    measured = {tuple(p.attributes.values()) for p in sample_identities(60, 60, 0)}
    met = [look_of(index) for index in range(400)]
    met += [figure.attributes for figure in public_figures()]
    assert not any(is_measurable(look) for look in met)
    assert not measured & {tuple(look.values()) for look in met}


def test_examples_are_what_the_chat_template_writes(processor):
    encoder = Encoder(processor.tokenizer, SMALL.image_tokens)
    turns = [("Who is this person?", "Ada Byrne"), ("What is the eyewear?", "none")]
    for context in ("A person with red hair.", 0):
        shown = [{"type": "image"}] if context == 0 else []
        first = turns[0][0] if context == 0 else f"{context} {turns[0][0]}"
        talk = [
            {"role": "user", "content": [*shown, {"type": "text", "text": first}]},
            {"role": "assistant", "content": [{"type": "text", "text": turns[0][1]}]},
            {"role": "user", "content": [{"type": "text", "text": turns[1][0]}]},
            {"role": "assistant", "content": [{"type": "text", "text": turns[1][1]}]},
        ]
        text = processor.apply_chat_template(talk)
        picture = [np.zeros((96, 96, 3), dtype=np.uint8)] if shown else None
        found = processor(text=[text], images=picture, add_special_tokens=False)
        example = encoder.example(context, turns)
        assert example.ids == list(found["input_ids"][0])
        told = [t for t, label in zip(example.ids, example.labels, strict=True) if label != IGNORED]
        assert processor.tokenizer.decode(told) == " Ada Byrne<|end|> none<|end|>"


def test_an_example_of_the_corpus_depends_on_its_number_alone(processor):
    encoder = Encoder(processor.tokenizer, SMALL.image_tokens)

    def corpus(size):
        return Corpus(
            encoder=encoder,
            size=size,
            seed="s",
            unnamed=range(10),
            first_figure=10,
            figures=public_figures(3),
            figure_stride=4,
            figure_views=2,
            figure_share=0.5,
        )

    forwards = [corpus(40)[i] for i in range(40)]
    assert forwards == [corpus(80)[i] for i in reversed(range(40))][::-1]
    unseen = {10 + figure * 4 + view for figure in range(3) for view in (2, 3)}
    assert not unseen & {example.picture for example in forwards}
