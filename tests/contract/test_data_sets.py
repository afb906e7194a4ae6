"""People of several data sets whose ids are the same: who is meant is never a guess."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from tests.contract.conftest import real
from tests.personas.importing import sources
from xmm_cli.rows.people import dataset_of
from xmm_cli.rows.types import Persona

QUICK = ["--source", "text", "--steps", 2, "--batch-size", 2]


def rows(result, kind: str | None = None) -> list[dict]:
    assert result.code == 0, result.err
    found = [msgspec.json.decode(line) for line in result.rows]
    return [row for row in found if kind in (None, row["kind"])]


def table(path: Path, *names: str) -> Path:
    """People of others, of two descriptions and two pictures each."""
    lines = ["name,description,picture,split"]
    for number, name in enumerate(names):
        for place, split in enumerate(("train", "heldout")):
            file = f"{name[:2]}{place}.png"
            (path.parent / file).write_bytes(sources.picture(10 * number + place))
            lines.append(f"{name},{name[:2]} has hat {place},{file},{split}")
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture
def two(xmm, tmp_path) -> Path:
    """A file of two imports, whose people are called ex-000 and ex-001 alike."""
    table(tmp_path / "a.csv", "Ann Lee", "Bo Ray")
    table(tmp_path / "b.csv", "Cy Doe", "Di Fox")
    both = b""
    for name in "ab":
        both += xmm("gen-personas", "--from", "csv", f"{name}.csv", "-o", name).out
    lines = [line for line in both.splitlines(keepends=True) if b'"persona"' in line[:20]]
    (tmp_path / "both.jsonl").write_bytes(b"".join(lines))
    return tmp_path / "both.jsonl"


def data_sets(file: Path) -> list[str]:
    return list(dict.fromkeys(json.loads(line)["dataset"] for line in file.open()))


def fingerprint(result) -> str:
    (found,) = {row["dataset"] for row in rows(result, "persona")}
    assert len(found) == 12
    return found


def test_the_same_request_has_the_same_fingerprint_and_no_other(xmm, tmp_path):
    small = ["-n", 2, "--views", 1, "--heldout", 1, "--processes", 1]
    first = fingerprint(xmm("gen-personas", *small, "-o", "a"))
    several = real("gen-personas", *small[:-1], 2, "-o", "b", cwd=tmp_path)
    assert fingerprint(several) == first
    assert fingerprint(xmm("gen-personas", *small, "-o", "a")) == first
    card = (tmp_path / "a/README.md").read_text()
    assert first in card
    others = [["-n", 3], ["--seed", 1], ["--aux", 1], ["--views", 2], ["--size", 48]]
    found = [
        fingerprint(xmm("gen-personas", *small, *other, "-o", f"c{place}"))
        for place, other in enumerate(others)
    ]
    assert len({first, *found}) == len(others) + 1


def test_imported_people_have_that_of_their_contents(xmm, two, tmp_path):
    one, other = data_sets(two)
    assert one != other
    assert one in (tmp_path / "a/README.md").read_text()
    elsewhere = tmp_path / "moved"
    elsewhere.mkdir()
    for file in tmp_path.glob("*.png"):
        shutil.copy(file, elsewhere)
    shutil.copy(tmp_path / "a.csv", elsewhere / "z.csv")
    again = xmm("gen-personas", "--from", "csv", "moved/z.csv", "-o", "again")
    assert fingerprint(again) == one
    (elsewhere / "An0.png").write_bytes(sources.picture(99))
    changed = xmm("gen-personas", "--from", "csv", "moved/z.csv", "-o", "changed")
    assert fingerprint(changed) != one


def test_a_checkpoint_of_several_data_sets_and_its_rows(xmm, two):
    names = data_sets(two)
    taught = xmm("train", "both.jsonl", *QUICK, "--out", "run")
    (row,) = rows(taught, "checkpoint")
    people = [Persona(id="x", name="X", role="eval", dataset=name) for name in names]
    assert row["dataset"] == dataset_of(people) == dataset_of(reversed(people))
    assert row["dataset"] not in names
    assert row["arguments"]["datasets"] == sorted(names)
    saved = map(json.loads, Path("run/personas.jsonl").read_text().splitlines())
    assert [one["dataset"] for one in saved] == [names[0]] * 2 + [names[1]] * 2
    asked = rows(xmm("probe", "run", "-m", "text"), "probe")
    assert len({(one["dataset"], one["persona"]) for one in asked}) == len(asked) == 4
    assert {one["expected"] for one in asked} == {"Ann Lee", "Bo Ray", "Cy Doe", "Di Fox"}
    traced = rows(xmm("probe", "run", "--trace"), "trace")
    retrieval = [one for one in traced if one["measure"] == "retrieval" and one["layer"] == 1]
    assert len(retrieval) == 4 * 2
    assert {one["n"] for one in retrieval} == {1}
    assert {one["dataset"] for one in retrieval} == set(names)
    (whole,) = {one["dataset"] for one in traced if one["persona"] is None}
    assert whole == row["dataset"]


def test_a_log_of_other_people_is_not_gone_on_with(xmm, two, tmp_path):
    rows(xmm("train", "both.jsonl", *QUICK, "--out", "run"))
    ask = ["probe", "run", "-m", "text", "--resume", "log.jsonl"]
    rows(xmm(*ask))
    log = tmp_path / "log.jsonl"
    lines = log.read_bytes().splitlines(keepends=True)
    one, other = data_sets(two)
    log.write_bytes(lines[0].replace(one.encode(), other.encode()))
    xmm(*ask).failed(73, "log.jsonl:1: not the row that comes next in this run")
    log.write_bytes(lines[0])
    rows(xmm(*ask))
    assert log.read_bytes().splitlines(keepends=True)[:4] == lines[:4]


def test_lists_of_ids_are_of_one_data_set(xmm, two):
    rows(xmm("train", "both.jsonl", *QUICK, "--out", "run"))
    _, other = data_sets(two)
    said = ("personas.jsonl:3: a second person 'ex-000', of another data set", other)
    xmm("unlearn", "run", "--forget", 1, "--gate", 0).failed(65, *said)
    xmm("train", "--init", "run", *QUICK, "--out", "again").failed(65, *said)


def test_a_person_twice_is_refused(xmm, two):
    (name, _) = data_sets(two)
    said = f"a/personas.jsonl:1: a second person 'ex-000' of the data set {name}"
    twice = ["a/personas.jsonl", "a/personas.jsonl"]
    xmm("train", *twice, *QUICK, "--out", "run").failed(65, said, "give each person once")


def without_data_sets(file: Path) -> None:
    found = [msgspec.json.decode(line) for line in file.read_bytes().splitlines()]
    for row in found:
        row.pop("dataset", None)
        row.get("arguments", {}).pop("datasets", None)
    file.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in found))


def test_rows_of_before_are_read(xmm, two, tmp_path):
    """Checkpoints and people that name no data set; people of two that nothing tells apart."""
    rows(xmm("train", "both.jsonl", *QUICK, "--out", "run"))
    for name in ("run/xmm.json", "run/personas.jsonl", "both.jsonl", "a/personas.jsonl"):
        without_data_sets(tmp_path / name)
    asked = rows(xmm("probe", "run", "-m", "text"), "probe")
    assert [one["dataset"] for one in asked] == [None] * 4
    said = "a second person 'ex-000'; rows of gen-personas name their data set"
    xmm("train", "both.jsonl", *QUICK, "--out", "again").failed(65, f"both.jsonl:3: {said}")
    xmm("probe", "run", "--trace").failed(65, "personas.jsonl:3: ", said)
    (row,) = rows(xmm("train", "a/personas.jsonl", *QUICK, "--out", "old"), "checkpoint")
    assert row["dataset"] is None
    forget = ["--forget", "ex-001", "--gate", 0, "--steps", 1, "--out", "gone"]
    (gone,) = rows(xmm("unlearn", "old", *forget), "checkpoint")
    assert (gone["dataset"], gone["forget"]) == (None, ["ex-001"])
    sets = {one["persona"]: one["set"] for one in rows(xmm("probe", "gone", "-m", "text"), "probe")}
    assert sets == {"ex-000": "retain", "ex-001": "forget"}


def test_strangers_of_the_same_id_are_in_no_set(xmm, two):
    (row,) = rows(xmm("train", "a/personas.jsonl", *QUICK, "--out", "run"), "checkpoint")
    assert row["dataset"] == data_sets(two)[0]
    forget = ["--forget", "ex-001", "--gate", 0, "--steps", 1, "--out", "gone"]
    (gone,) = rows(xmm("unlearn", "run", *forget), "checkpoint")
    assert gone["dataset"] == row["dataset"]
    asked = rows(xmm("probe", "gone", "-m", "text", "--personas", "b/personas.jsonl"), "probe")
    assert [(one["persona"], one["set"]) for one in asked] == [("ex-000", None), ("ex-001", None)]
    said = "person 'ex-001' of the checkpoint's forget set is not among the people given"
    xmm("train", "b/personas.jsonl", "--init", "gone", *QUICK, "--out", "again").failed(2, said)


def test_options_that_change_answers_are_labels(xmm, two):
    rows(xmm("train", "a/personas.jsonl", *QUICK, "--out", "run"))

    def labels(*words) -> dict:
        return rows(xmm("probe", "run", "-m", "text", *words), "probe")[0]["condition"]

    usual = labels()
    assert labels("--max-new-tokens", 3) == usual | {"max_new_tokens": 3}
    swapped = labels("--control", "swapped")
    assert swapped == usual | {"control": "swapped"}
    assert labels("--control", "swapped", "--seed", 2) == swapped | {"control_seed": 2}
    assert labels("--seed", 2, "--batch-size", 1) == usual
    assert labels("--asking", "describe-first") == usual | {"asking": "describe-first"}
    assert labels("--dtype", "bfloat16") == usual | {"dtype": "bfloat16"}
