"""Rows that DuckDB wrote anew, with its nulls, are the rows that they were."""

import msgspec
import pytest

from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import ROW_TYPES

from .conftest import inside, real


@pytest.fixture(scope="module")
def made(people_folder, checkpoint, tmp_path_factory):
    """A folder with real rows: `persona.jsonl`, `probe.jsonl`, `score.jsonl`, and all together."""
    folder = tmp_path_factory.mktemp("made")
    probes = inside("probe", checkpoint.path, "--untrained", "--views", 1, cwd=folder)
    assert probes.code == 0, probes.err
    scores = real("score", "--resamples", 100, stdin=probes.out)
    rows = {
        "persona": (people_folder / "personas.jsonl").read_bytes(),
        "probe": probes.out,
        "score": scores.out,
        "checkpoint": msgspec.json.encode(checkpoint) + b"\n",
    }
    rows["all"] = b"".join(rows.values())
    for name, lines in rows.items():
        (folder / f"{name}.jsonl").write_bytes(lines)
    return folder


@pytest.fixture(params=["json", "parquet"])
def copied(request, made):
    """A copy of one of these files beside it, in another format."""
    import duckdb

    def copy(name):
        lines, file = made / f"{name}.jsonl", made / f"{name}.{request.param}"
        duckdb.execute(f"copy (select * from '{lines}') to '{file}' (format {request.param})")
        return file

    return copy


def rows(file):
    """Rows but those of runs, whose arguments name all arguments of all runs in a copy."""
    found = [one.row for one in read_rows([file], want=ROW_TYPES)]
    return [row for row in found if row.__struct_config__.tag not in ("run", "checkpoint")]


def text(row):
    return msgspec.json.encode(row, order="deterministic")


@pytest.mark.parametrize("name", ["persona", "probe", "score", "all"])
def test_rows_are_equal(made, copied, name):
    before, after = rows(made / f"{name}.jsonl"), rows(copied(name))
    assert len(before) > 4
    assert sorted(after, key=text) == sorted(before, key=text)


def parsed(result):
    """The rows of an answer, without what names the run."""
    assert result.code == 0, result.err
    found = map(msgspec.json.decode, result.rows)
    return [row | {"run": None} for row in found if row["kind"] != "run"]


@pytest.mark.parametrize("words", [("score",), ("report", "-f", "jsonl")])
def test_scores_and_tables_are_equal(made, copied, xmm, words):
    before, after = (xmm(*words, file) for file in (made / "probe.jsonl", copied("probe")))
    assert parsed(before) == parsed(after) != []


def test_sql_sees_the_same(made, copied, xmm):
    """Also where the kinds have fields of one name and different types."""
    files = made / "all.jsonl", copied("all")
    for table in ("probes", "personas", "scores", "checkpoints"):
        words = ("--sql", f"select * from {table}", "-f", "jsonl")
        before, after = (parsed(xmm("report", file, *words)) for file in files)
        if table == "checkpoints":
            arguments = [row.pop("arguments") for row in (*before, *after)]
            assert all(one["steps"] == "5" for one in arguments)
        assert before == after != []


def test_gathered_twice_nothing_is_added(made, copied, xmm, tmp_path):
    for name in ("probe", "persona", "score"):
        gathered = tmp_path / f"{name}.parquet"
        assert xmm("report", made / f"{name}.jsonl", "--to", gathered).code == 0
        rows = count(xmm, gathered)
        assert xmm("report", copied(name), "--to", gathered).code == 0
        assert count(xmm, gathered) == rows


def count(xmm, file):
    query = "select (select count(*) from probes), (select count(*) from personas), count(*) from"
    return xmm("report", file, "--sql", f"{query} scores", "-f", "csv").out
