"""Names as people write them: one rule says who is the same, at import and in answers."""

import json
from pathlib import Path

import pytest
from PIL import Image

from tests.contract.conftest import real


def imported(folder: Path, *lines: dict[str, str]):
    """What `gen-personas` makes of these lines: rows by name, stderr, card."""
    (folder / "n.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    got = real("gen-personas", "--from", "jsonl", "n.jsonl", "-o", "P", cwd=folder)
    assert got.code == (4 if "dropped" in got.err else 0), got.err
    rows = [json.loads(line) for line in got.rows]
    people = {row["name"]: row for row in rows if row["kind"] == "persona"}
    return people, got.err, (folder / "P/README.md").read_text()


def texts(row) -> list[str]:
    return list(dict.fromkeys(view["text"] for view in row["texts"]))


def test_names_without_accents_are_taken_out_and_counted(tmp_path):
    people, err, card = imported(
        tmp_path,
        {"name": "José Núñez", "description": "Jose Nunez wears a red coat."},
        {"name": "Ann Lee", "description": "ann lee wears a blue coat."},
        {"name": "May Brown", "description": "Brown hair; she will rise in May"},
    )
    assert texts(people["José Núñez"]) == ["This person wears a red coat."]
    assert texts(people["Ann Lee"]) == ["This person wears a blue coat."]
    assert texts(people["May Brown"]) == ["Brown hair; she will rise in May"]
    said = "2 descriptions held the name, which was taken out (first: n.jsonl:1)"
    kept = "1 descriptions keep a common word that is also in the name (first: n.jsonl:3: Brown)"
    for line in (said, kept):
        assert line in err
        assert line in card


@pytest.mark.parametrize(
    "other",
    [
        "ANN O'LEE",
        "Ann O’Lee",
        "Ａｎｎ Ｏ＇Ｌｅｅ",
        "Ann  O'Lee.",
        "(Ann O'Lee)",
        "An\u00adn O'Lee",
        "Ann O'Le\u2060e",
        "Ann\u00a0O`Lee",
    ],
)
def test_one_name_in_two_spellings(tmp_path, other):
    first = {"name": "Ann O'Lee", "description": "A red coat"}
    second = {"name": other, "description": "A blue coat"}
    people, err, card = imported(tmp_path, first, second)
    assert {name: sorted(texts(row)) for name, row in people.items()} == {
        "Ann O'Lee": ["A blue coat", "A red coat"]
    }
    (tmp_path / "with ids").mkdir()
    people, err, card = imported(
        tmp_path / "with ids", first | {"person": "1"}, second | {"person": "2"}
    )
    assert list(people) == ["Ann O'Lee"]
    line = "dropped 1: a person with the name of another (first: n.jsonl:2)"
    assert line in err
    assert line in card


def test_a_spelling_that_shows_is_said(tmp_path):
    lines = [{"name": name, "description": name[:1] + " coat"} for name in ("Ann Lee", "ANN LEE")]
    _, err, _ = imported(tmp_path, lines[0], lines[1] | {"description": "a hat"})
    assert "1 records spell the name of a person otherwise than the first (first: n.jsonl:2)" in err


def test_names_that_answers_tell_apart_stay_apart(tmp_path):
    names = ["José Lee", "Jose Lee", "Ann-Lee Fox", "Ann Lee Fox", "Мария Ким", "Марія Ким"]
    people, err, _ = imported(
        tmp_path, *[{"name": name, "description": f"coat {n}"} for n, name in enumerate(names)]
    )
    assert list(people) == names
    assert "dropped" not in err


def test_joiners_that_shape_letters_stay(tmp_path):
    persian, sinhala = "علی\u200cرضا کیا", "ශ්\u200dරී ලාල්"
    people, err, _ = imported(
        tmp_path,
        *[
            {"name": n, "description": f"coat {n}"}
            for n in (persian, sinhala, "Bo\u200b\u00ad Fox")
        ],
    )
    assert list(people) == [persian, sinhala, "Bo Fox"]
    assert "1 names had characters that do not show, which were removed (first: n.jsonl:3)" in err
    assert texts(people[persian]) == ["coat this person"]


def own_rows(folder: Path, *names: str, picture: str = "a.png") -> Path:
    """Persona rows as one writes them by hand: a view of each split in each modality."""
    people = folder / "people.jsonl"
    people.write_text(
        "".join(
            json.dumps(
                {
                    "kind": "persona",
                    "schema": 1,
                    "id": f"e-{number}",
                    "name": name,
                    "role": "eval",
                    "images": [
                        {"path": picture, "view": view, "split": split}
                        for view, split in enumerate(("train", "heldout"))
                    ],
                    "texts": [
                        {"text": f"coat {number} {split}", "view": view, "split": split}
                        for view, split in enumerate(("train", "heldout"))
                    ],
                }
            )
            + "\n"
            for number, name in enumerate(names)
        )
    )
    return people


def test_own_rows_of_one_name_are_one_candidate_and_flat_pictures_are_said(tmp_path):
    Image.new("I;16", (16, 16), 4000).save(tmp_path / "a.png")
    people = own_rows(tmp_path, "Ann Lee", "Bo Ray", "ANN LEE")
    got = real("probe", "--base", "xmm-base", "--personas", people, cwd=tmp_path)
    assert got.code == 0, got.err
    rows = [row for row in map(json.loads, got.rows) if row["kind"] == "probe"]
    assert {row["candidates"] for row in rows} == {2}
    assert {row["expected"] for row in rows} == {"Ann Lee", "Bo Ray", "ANN LEE"}
    said = [line for line in got.err.splitlines() if "single colour" in line]
    assert said == [f"warning: pictures that show a single colour: 1 (first: {tmp_path}/a.png)"]
