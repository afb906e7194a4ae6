"""`--plan`: what an audit of so many people could show, told before anything is made."""

import re


def needed(text: str) -> int:
    (found,) = set(re.findall(r"it needs (\d+) people", text))
    return int(found)


def test_a_plan_of_people_draws_nothing(xmm, tmp_path):
    result = xmm("gen-personas", "-n", 96, "--heldout", 4, "--out", "people", "--plan")
    assert (result.code, result.err) == (0, "")
    few, many, time = result.out.decode().splitlines()
    assert few.startswith("24 people to forget, 4 held-out views each: a leak of ")
    assert "48 people to forget" in many
    assert "erased within 10 points cannot" in few
    assert 24 < needed(few) < 72
    assert re.fullmatch(r"drawing 96 people takes about .+ here", time)
    assert list(tmp_path.iterdir()) == []
    enough = xmm("gen-personas", "-n", 4 * needed(few), "--heldout", 4, "--out", "p", "--plan")
    assert "erased within 10 points can be shown" in enough.out.decode()


def test_imported_people_are_not_planned(xmm, tmp_path):
    words = ("gen-personas", "--from", "csv", tmp_path / "people.csv", "--out", "people")
    xmm(*words, "--plan").failed(2, "--plan with --from")


def test_a_plan_of_unlearning_trains_nothing(xmm, tmp_path, checkpoint):
    result = xmm("unlearn", checkpoint.path, "--forget", 1, "--plan")
    assert result.code == 0, result.err
    power, time = result.out.decode().splitlines()
    assert power.startswith("1 person to forget, ")
    assert re.search(r"unlearning .+, retraining twice .+, attacking four models .+", time)
    assert list(tmp_path.iterdir()) == []
