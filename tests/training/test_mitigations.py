"""Mitigations: what a step shows, which loss it makes smaller, whose words and names are used."""

import math
from dataclasses import asdict

import msgspec
import pytest
import torch
from PIL import Image

from tests.conftest import new_base
from xmm_cli.errors import BadData, WrongUsage
from xmm_cli.models import prompts
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.settings import TrainSettings
from xmm_cli.training.batch import Part, Parts
from xmm_cli.training.batches import Collator, Example
from xmm_cli.training.examples import build_examples, exercises, learners
from xmm_cli.training.mitigations import MITIGATIONS
from xmm_cli.training.mitigations.align import DEFAULTS, first_answers, like_answers
from xmm_cli.training.mitigations.companions import both_views
from xmm_cli.training.mitigations.paired import names_of_both
from xmm_cli.training.mitigations.self_caption import describe, self_caption
from xmm_cli.training.mitigations.task import LearnTask
from xmm_cli.training.train import Callbacks, prepare, train

NAME, CAPTION = prompts.NAME_QUESTIONS[0], prompts.CAPTION_QUESTIONS[0]


@pytest.fixture
def task(people, conversations):
    def made(draw=None, note=lambda _: None, rows=None, **settings):
        chosen = TrainSettings(**({"source": "image", "steps": 6, "batch_size": 4} | settings))
        learned = learners(people if rows is None else rows)
        others = [pair for pair in people if pair[0].role == "aux"]
        examples = build_examples(learned, chosen, conversations)
        return LearnTask(conversations, learned, others, chosen, examples, chosen.steps, draw, note)

    return made


def told(conversations, example) -> str:
    """What is said in an example, special tokens and picture left out."""
    return conversations.base.tokenizer.decode(example.ids, skip_special_tokens=True)


def answers(conversations, example) -> list[str]:
    """The answers that the loss is on, each without its end token."""
    batch = Collator(conversations.base.tokenizer.pad_token_id)([{"retain": Example(example)}])
    found, run = [], []
    for label in batch["labels"][0].tolist():
        if label in conversations.end_tokens:
            found.append(conversations.base.tokenizer.decode(run).strip())
            run = []
        elif label != -100:
            run.append(label)
    assert not run
    return found


def part(*rows: list[float], wanted: int = 0) -> Part:
    """One answer of one token for each row of logits."""
    return Part(torch.tensor(rows), torch.full((len(rows),), wanted), torch.arange(len(rows)))


@pytest.mark.parametrize("name", ["paired", "align"])
@pytest.mark.parametrize("source", ["image", "text"])
def test_each_example_has_another_person_beside_it(task, conversations, people, name, source):
    given = task(source=source)
    items = MITIGATIONS.load(name)(given).items
    aux = {persona.name for persona, _ in people if persona.role == "aux"}
    learned = {persona.name for persona, _ in people if persona.role == "eval"}
    texts = {v.text for p, _ in people if p.role == "aux" for v in p.texts if v.split == "train"}
    for place in range(len(items)):
        item = items[place]
        assert item["retain"].conversation == given.examples[place % len(given.examples)]
        shown, read = item["shown"].conversation, item["told"].conversation
        assert shown.features is not None
        assert read.features is None
        assert any(text in told(conversations, read) for text in texts)
        assert answers(conversations, shown) == answers(conversations, read)
        assert set(answers(conversations, shown)) <= aux - learned
    assert items[3] == items[3]


@pytest.mark.parametrize("name", ["paired", "align"])
def test_examples_are_visited_as_often_as_without(task, name):
    """Another person comes on top: a step still has a whole batch of examples."""
    given = task(steps=31, batch_size=4)
    items = MITIGATIONS.load(name)(given).items
    assert len(items) >= 31 * 4
    assert len(items) % len(given.examples) == 0


def test_other_people_are_drawn_anew(task):
    def seen(seed):
        items = MITIGATIONS.load("paired")(task(source="text", steps=60, seed=seed)).items
        return [tuple(items[i]["told"].conversation.ids) for i in range(len(items))]

    assert len(set(seen(0))) == 2 * 3
    assert seen(0) == seen(0)
    assert seen(0) != seen(1)


def test_paired_is_the_mean_of_two_modalities_on_top_of_what_is_learned():
    even = part([0.0, 0.0])
    sure = part([math.log(3.0), 0.0])
    found = names_of_both(Parts(sure, shown=even, told=sure))
    assert float(found) == pytest.approx(math.log(4 / 3) + (math.log(2) + math.log(4 / 3)) / 2)


def test_align_is_infonce_over_the_first_answer_tokens():
    """Two people; in a three-word vocabulary, centred and scaled by hand."""
    root = math.sqrt(2)
    shown = part([1.0, 0.0, -1.0], [-2.0, 0.0, 2.0])
    read = part([3.0, 3.0, 3.0 - 3.0], [0.0, 0.0, 1.0])
    a = [[1 / root, 0, -1 / root], [-1 / root, 0, 1 / root]]
    six = math.sqrt(6)
    b = [[1 / six, 1 / six, -2 / six], [-1 / six, -1 / six, 2 / six]]
    assert torch.allclose(first_answers(shown), torch.tensor(a))
    assert torch.allclose(first_answers(read), torch.tensor(b))
    near = [
        [sum(x * y for x, y in zip(one, two, strict=True)) / DEFAULTS.temperature for two in b]
        for one in a
    ]
    across = sum(
        -math.log(math.exp(line[i]) / sum(math.exp(value) for value in line))
        for table in (near, list(zip(*near, strict=True)))
        for i, line in enumerate(table)
    )
    learned = part([0.0, 0.0, 0.0])
    found = like_answers(Parts(learned, shown=shown, told=read))
    assert float(found) == pytest.approx(math.log(3) + DEFAULTS.weight * across / 4, rel=1e-5)


def test_only_the_first_token_of_an_answer_is_aligned():
    logits = torch.randn(5, 7)
    rows = torch.tensor([0, 0, 1, 1, 1])
    found = first_answers(Part(logits, torch.zeros(5, dtype=torch.int64), rows))
    alone = Part(logits[[0, 2]], torch.zeros(2, dtype=torch.int64), torch.tensor([0, 1]))
    assert torch.equal(found, first_answers(alone))


def test_answering_everyone_alike_gains_nothing():
    alike = part([1.0, 0.0, 0.0], [1.0, 0.0, 0.0])
    apart = part([1.0, 0.0, 0.0], [0.0, 1.0, 0.0])
    learned = part([0.0, 0.0, 0.0])
    same = like_answers(Parts(learned, shown=alike, told=alike))
    assert float(same) == pytest.approx(math.log(3) + DEFAULTS.weight * math.log(2))
    assert like_answers(Parts(learned, shown=apart, told=apart)) < same


def test_without_other_people_there_is_no_such_loss():
    with pytest.raises(ValueError, match="auxiliary people in both"):
        both_views(Parts(part([0.0])))


def test_what_is_described_is_what_the_base_says(task, conversations, people):
    """Of training views of those who are learned, in the modality that they are learned in."""
    given = task(source="text", views=2)
    base = conversations.base
    views = [one.context for row in exercises(given.learned, given.settings) for one in row]
    captions = describe(given, views)
    known = {v.text for p, _ in people if p.role == "eval" for v in p.texts[:2]}
    assert {view.text for view in views} == known
    prompt = conversations.encode(views[3], CAPTION)
    produced = base.model.generate(
        torch.tensor([prompt.ids]),
        max_new_tokens=80,
        do_sample=False,
        attention_mask=torch.ones(1, len(prompt.ids), dtype=torch.int64),
        eos_token_id=conversations.end_tokens,
    )
    alone = base.tokenizer.decode(produced[0, len(prompt.ids) :], skip_special_tokens=True)
    assert captions[3] == alone.strip()


@pytest.mark.parametrize("source", ["image", "text"])
def test_each_view_is_learned_in_three_forms(task, conversations, source):
    given = task(source=source)
    items = self_caption(given).items
    count = len(given.examples)
    assert len(items) == 3 * count
    rows = [one for row in exercises(given.learned, given.settings) for one in row]
    captions = describe(given, [one.context for one in rows])
    for place, (one, caption) in enumerate(zip(rows, captions, strict=True)):
        plain, described, elsewhere = (
            items[place + form * count]["retain"].conversation for form in range(3)
        )
        assert plain == given.examples[place]
        assert answers(conversations, described) == [caption, one.answer]
        assert (described.features is None) == (source == "text")
        assert answers(conversations, elsewhere) == [one.answer]
        assert elsewhere.features is None
        assert told(conversations, elsewhere).strip().startswith(f"{caption} {NAME}")


def test_pictures_are_drawn_of_what_the_base_says_of_a_description(task, conversations, people):
    looks = []

    def draw(look, key):
        looks.append((look, key))
        return None if len(looks) == 2 else Image.new("RGB", (96, 96), "red")

    notes = []
    given = task(draw, notes.append, source="text")
    items = self_caption(given).items
    count = len(given.examples)
    drawn = [items[2 * count + place]["retain"].conversation for place in range(count)]
    assert [one.features is None for one in drawn] == [n == 1 for n in range(count)]
    rows = [one for row in exercises(given.learned, given.settings) for one in row]
    captions = describe(given, [one.context for one in rows])
    attributes = people[0][0].attributes
    assert [look for look, _ in looks] == [
        prompts.parse_caption(caption, attributes) for caption in captions
    ]
    assert len({key for _, key in looks}) == count
    assert len(notes) == 1
    assert f"1 of {count} descriptions could not be drawn" in notes[0]


def test_nothing_is_drawn_where_pictures_are_the_source(task):
    def draw(look, key):
        raise AssertionError

    self_caption(task(draw, source="image", views=1))


def test_facts_keep_their_share(task, people):
    plain = task(facts=True)
    items = self_caption(plain).items
    assert len(items) == 3 * len(plain.examples)


def test_both_sources_are_described_and_drawn(task):
    picture = Image.new("RGB", (96, 96), "red")
    given = task(lambda *_: picture, source="both", views=1)
    items = self_caption(given).items
    last = [items[2 * len(given.examples) + n]["retain"].conversation for n in range(8)]
    assert [one.features is None for one in last] == [True, False] * 4


SETTINGS = TrainSettings(source="image", steps=4, batch_size=4, warmup=1, rank=4, alpha=8.0)


@pytest.mark.parametrize("name", MITIGATIONS.names())
def test_a_run_with_it_learns(people, tmp_path, name):
    settings = TrainSettings(**(asdict(SETTINGS) | {"mitigation": name}))
    row = train(prepare(people, settings, "cpu"), settings, tmp_path / "run", run="r1")
    assert row.steps == 4
    assert (row.arguments["mitigation"], row.arguments["aux"]) == (name, None)
    assert row.loss is not None
    assert math.isfinite(row.loss)


@pytest.mark.parametrize("name", ["paired", "align"])
def test_there_must_be_so_many_other_people(people, name):
    settings = TrainSettings(mitigation=name, aux=3)
    with pytest.raises(BadData, match=r"2 persons have the role aux, not 3; .* --aux"):
        prepare(people, settings, "cpu")
    with pytest.raises(BadData, match="0 persons have the role aux, not any"):
        prepare(learners(people), TrainSettings(mitigation=name), "cpu")


def test_the_first_other_people_are_taken(people):
    settings = TrainSettings(**(asdict(SETTINGS) | {"mitigation": "paired", "aux": 1}))
    items = prepare(people, settings, "cpu").course.items
    assert len(items.companions) == 1


def test_an_auxiliary_person_of_the_same_name_is_refused(people):
    aux = next(persona for persona, _ in people if persona.role == "aux")
    clash = [
        (msgspec.structs.replace(p, name=people[0][0].name) if p is aux else p, folder)
        for p, folder in people
    ]
    with pytest.raises(BadData, match="has the name of one who is learned"):
        prepare(clash, TrainSettings(mitigation="paired"), "cpu")


def test_an_unknown_name_is_wrong_usage():
    with pytest.raises(WrongUsage, match="unknown mitigation 'pair'; did you mean paired"):
        MITIGATIONS.check("pair")


def test_what_is_lent_is_used(people):
    ready, drawn = [], []
    settings = TrainSettings(mitigation="self-caption", views=1)
    aids = Callbacks(
        encoded=lambda: ready.append(1),
        draw=lambda look, _: drawn.append(look) or Image.new("RGB", (8, 8)),
    )
    prepare(people, settings, "cpu", aids)
    assert (len(ready), len(drawn)) == (4, 4)


def test_describing_leaves_the_base_as_it_was(people):
    base = new_base()
    before = {name: weight.clone() for name, weight in base.model.state_dict().items()}
    settings = TrainSettings(source="image", views=1)
    conversations = Conversations(base)
    learned = learners(people)
    examples = build_examples(learned, settings, conversations)
    self_caption(LearnTask(conversations, learned, [], settings, examples, 1))
    after = base.model.state_dict()
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
