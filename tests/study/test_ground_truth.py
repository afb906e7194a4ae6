"""Audits of trained models whose verdict is known. Slow: five trainings on a CPU.

`XMM_TRUTH=FOLDER pytest tests/study/test_ground_truth.py -m slow` keeps the models there.
"""

import json
from random import Random

import pytest

from xmm_cli.rows.inputs import open_inputs
from xmm_cli.rows.types import ROW_TYPES
from xmm_cli.scoring.counting import count
from xmm_cli.study.audit import WANTED, AuditRule, audit_all

from .trained import CASES, RETRAINED, folder_of_models

pytestmark = pytest.mark.slow
RULE = AuditRule(resamples=999)


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    """The probe rows of all models."""
    folder = folder_of_models(tmp_path_factory.mktemp("truth"))
    files = sorted(folder.glob("rows-*.jsonl"))
    found = [json.loads(line) for file in files for line in file.read_text().splitlines()]
    return [row for row in found if row["kind"] == "probe"]


@pytest.fixture
def audited(rows, tmp_path):
    """The verdicts on a model beside the retrained ones, and on so many of the forget set."""

    def audit(name, people=None, seed=0, without=()):
        gone = sorted({row["persona"] for row in rows if row["set"] == "forget"})
        asked = set(gone if people is None else Random(seed).sample(gone, people))
        models = {"before", *RETRAINED, name}
        file = tmp_path / f"{name}.jsonl"
        file.write_text("".join(
            f"{json.dumps(row)}\n" for row in rows
            if row["checkpoint"].rpartition("/")[2] in models
            and (row["set"] != "forget" or row["persona"] in asked)
            and row.get("attack") not in without
        ))  # fmt: skip
        with open_inputs([str(file)]) as inputs:
            return audit_all(count(inputs, WANTED, kinds=ROW_TYPES), RULE)

    return audit


GUESSED = ("multiple-choice",)
"""Attacks under which any model is right by chance so often that 72 people show no equality."""


def test_a_model_that_never_met_them_is_erased_in_most_draws(audited):
    verdicts = [audited("never-met", 72, seed, GUESSED)[0].verdict for seed in range(20)]
    assert verdicts.count("erased") >= 16, verdicts
    assert "leaking" not in verdicts


def test_the_model_before_is_not_erased(audited):
    assert [row.verdict for row in audited("unchanged")] == ["not erased"] * 3


def test_a_model_that_refuses_the_plain_question_is_suppressed(audited):
    whole, image, text = audited("refuses")
    assert {whole.verdict, image.verdict, text.verdict} == {"suppressed"}
    assert {image.attack, text.attack} <= {"paraphrase", "prefix", "multiple-choice"}


def test_a_broken_projector_is_suppressed(audited):
    _, image, _ = audited("blind")
    assert (image.verdict, image.attack) == ("suppressed", "base-projector")


def test_a_model_driven_far_is_over_forgotten(audited):
    assert audited("driven")[0].verdict == "over-forgotten"


def test_few_people_are_undecided_and_told_how_many_would_do(audited):
    whole, *_ = audited("never-met", 8)
    assert whole.verdict == "undecided"
    assert whole.needed > 28


def test_every_case_was_asked(rows):
    asked = {row["checkpoint"].rpartition("/")[2] for row in rows}
    assert asked == {"before", *RETRAINED, *CASES}
