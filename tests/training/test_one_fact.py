"""`xmm unlearn --fact`: one fact of the people goes, the rest stays; requests after requests."""

import msgspec
import pytest

from tests.contract.conftest import inside, xmm  # noqa: F401
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.settings import TrainSettings, UnlearnSettings
from xmm_cli.rows.people import as_arguments, gone_from, requests_of, set_of
from xmm_cli.training.examples import exercises, fact_exercises
from xmm_cli.training.forget_set import still_known
from xmm_cli.training.objectives import METHODS, RETRAIN
from xmm_cli.training.retrain import prepare_again
from xmm_cli.training.unlearn import learned_how, parted, prepare

QUICK = ["--gate", 0, "--steps", 2, "--batch-size", 2, "--quiet"]
GONE = "e5-001"


def rows(result, kind) -> list[dict]:
    assert result.code == 0, result.err
    found = [msgspec.json.decode(line) for line in result.rows]
    return [row for row in found if row["kind"] == kind]


def sets(found: list[dict]) -> dict[tuple[str, str, bool], str]:
    """Set by task, person, and whether the pet is asked for."""
    return {(row["task"], row["persona"], "pet of" in row["question"]): row["set"] for row in found}


def test_a_fact_is_kept_of_all_but_the_forget_set(people):
    gone, kept = parted(people, (GONE,), None, "pet")
    assert [persona.id for persona, _ in gone] == [GONE]
    assert "pet" in gone[0][0].facts
    pets = {persona.id: persona.facts.get("pet") for persona, _ in kept}
    assert pets.pop(GONE) is None
    assert all(pets.values())
    assert len(pets) == 3
    _, few = parted(people, (GONE,), ("e5-002",), "pet")
    assert [persona.id for persona, _ in few] == [GONE, "e5-002"]


def test_what_is_trained_on(people):
    (forgotten,) = fact_exercises(people[1:2], TrainSettings(source="both", views=2), "pet")
    persona = people[1][0]
    assert [one.answer for one in forgotten] == [persona.facts["pet"]] * 3
    assert [one.context.image is not None for one in forgotten] == [True, True, False]
    assert forgotten[2].question == f"What is the pet of {persona.name}?"
    _, kept = parted(people, (GONE,), None, "pet")
    asked = [one.question for own in exercises(kept, TrainSettings(facts=True)) for one in own]
    assert f"What is the pet of {persona.name}?" not in asked
    assert f"What is the city of {persona.name}?" in asked


@pytest.mark.parametrize("method", ["npo", "idk", "randomlabel", RETRAIN])
def test_methods_are_given_other_answers_of_the_kind(checkpoint, fresh_base, people, method):
    assert method in METHODS
    make = prepare_again if method == RETRAIN else prepare
    settings = UnlearnSettings(objective=method, through="text", fact="pet", steps=2)
    task = make(Conversations(fresh_base), checkpoint, people, (GONE,), settings)
    if method == RETRAIN:
        assert len(task.items) == 12  # names alone: the parent was taught no facts
        return
    assert learned_how(checkpoint).facts is False
    if method == "npo":
        assert set(task.items[0]) == {"retain", "forget"}
        return
    texts = [_answer(fresh_base, task.items[place]["instead"]) for place in range(len(task.items))]
    pets = {persona.facts["pet"] for persona, _ in people}
    if method == "randomlabel":
        assert texts
        assert set(texts) <= pets - {people[1][0].facts["pet"]}
    if method == "idk":
        assert all("this person" not in text and "who" not in text for text in texts)


def test_one_fact_through_the_whole_command(xmm, checkpoint, tmp_path):  # noqa: F811
    words = ("unlearn", checkpoint.path, *QUICK, "--through", "text", "--forget", GONE)
    (row,) = rows(inside(*words, "--fact", "pet", "--out", "gone", cwd=tmp_path), "checkpoint")
    assert (row["forget"], row["arguments"]["fact"]) == ([GONE], "pet")
    ask = ("probe", "gone", checkpoint.path, "--sets", "gone", "--modality", "text", "--views", 1)
    for task in ("fact", "name"):
        found = rows(xmm(*ask, "--task", task, "--answer", "rank"), "probe")
        for path in {one["checkpoint"] for one in found}:
            told = sets([one for one in found if one["checkpoint"] == path])
            assert told[task, GONE, False] == "same-person"
            assert told[task, "e5-002", False] == "retain"
            if task == "fact":
                assert told[task, GONE, True] == "forget"
                assert told[task, "e5-002", True] == "same-fact"
        labels = {one["condition"].get("fact") for one in found}
        assert labels == {"pet", None}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--fact", "pets"], 2, "did you mean pet"),
        (["--fact", "shoe size"], 2, "known of them: occupation"),
        (["--fact", "pet", "--gate", 0.9], 3, "answers to pet are right before"),
        (["--fact", "pet", "--gate", 0.9], 3, "train with --facts"),
    ],
)
def test_a_fact_that_is_not_there_to_be_forgotten(
    xmm, checkpoint, tmp_path, words, code, said  # noqa: F811
):  # fmt: skip
    given = ("--gate", 0, "--steps", 2, "--forget", 1, "--out", "run")
    xmm("unlearn", checkpoint.path, *given, *words).failed(code, said)
    assert not (tmp_path / "run").exists()


def test_a_request_after_a_request(xmm, checkpoint, tmp_path):  # noqa: F811
    """A fact of one, then all of another, then one more: each time the earlier ones stay gone."""
    chain = [("a", GONE, ["--fact", "pet"]), ("b", "e5-002", []), ("c", "e5-003", [])]
    before = checkpoint.path
    for out, who, more in chain:
        words = ("unlearn", before, *QUICK, "--through", "text", "--forget", who, *more)
        (row,) = rows(inside(*words, "--out", out, cwd=tmp_path), "checkpoint")
        before = out
    assert row["forget"] == [GONE, "e5-002", "e5-003"]
    assert row["arguments"]["gone_people"] == [GONE, "e5-002"]
    assert row["arguments"]["gone_facts"] == ["pet", ""]
    ask = ("probe", "c", "--modality", "text", "--views", 1, "--answer", "rank", "--task")
    told = sets(rows(xmm(*ask, "fact"), "probe"))
    assert told["fact", GONE, True] == told["fact", "e5-002", False] == "earlier"
    assert (told["fact", GONE, False], told["fact", "e5-003", True]) == ("same-person", "forget")
    assert sets(rows(xmm(*ask, "name"), "probe"))["name", "e5-000", False] == "retain"
    again = xmm("unlearn", "c", *QUICK, "--forget", GONE, "--fact", "pet", "--out", "d")
    again.failed(2, "e5-001 has none")


def test_requests_are_told_by_rows(checkpoint, people):
    first = msgspec.structs.replace(
        checkpoint, forget=(GONE,), objective="npo", arguments={"fact": "pet", "forget_count": 1}
    )
    assert requests_of(first) == ([], [(GONE, "pet")])
    known = {persona.id: persona.facts for persona, _ in still_known(people, first)}
    assert len(known) == 6
    assert "pet" not in known[GONE]
    assert "city" in known[GONE]
    second = msgspec.structs.replace(
        first, forget=(GONE, "e5-000"),
        arguments={"forget_count": 1, **as_arguments(gone_from(first))},
    )  # fmt: skip
    assert gone_from(second) == [(GONE, "pet"), ("e5-000", None)]
    assert {persona.id for persona, _ in still_known(people, second)} == known.keys() - {"e5-000"}
    taught = second.arguments | {"relearn_people": ["e5-000"]}
    assert gone_from(msgspec.structs.replace(second, arguments=taught)) == [(GONE, "pet")]
    old = msgspec.structs.replace(first, forget=(GONE, "e5-000"), arguments={"forget_count": 1})
    everyone = {persona.id: persona for persona, _ in people}
    assert [set_of(old, everyone[one]) for one in (GONE, "e5-000", "e5-002")] == [
        "earlier", "forget", "retain",
    ]  # fmt: skip


def _answer(base, example) -> str:
    """The words of an answer that is to be learned."""
    told = example.conversation
    return base.tokenizer.decode(told.ids[told.answer_start :], skip_special_tokens=True).strip()
