"""Globs, and files that are compressed or Parquet, give the rows of the plain file."""

import gzip
import io
import sys
from types import ModuleType

import pytest

from xmm_cli import app
from xmm_cli.errors import BadData, InputNotFound
from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import Probe
from xmm_cli.rows.writer import encode

ROWS = [
    Probe(
        run="r1",
        checkpoint=None if view else "runs/text",
        base="b",
        source=None if view else "text",
        modality="text",
        task="name",
        persona="2024-01-01",
        role="eval",
        view=view,
        split="heldout",
        question="Wer? Ünï “x”",
        expected="Ada",
        answer="null" if view else None,
        correct=False,
        condition={"seed": 1} if view else {"seed": 1, "lr": 0.5},
    )
    for view in range(5)
]
LINES = b"".join(map(encode, ROWS))


def read(*names):
    return [one.row for one in read_rows([str(name) for name in names], want=(Probe,))]


def zstd(data):
    from backports import zstd

    return zstd.compress(data)


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstd])
def test_what_a_file_is_its_bytes_say(tmp_path, pack):
    file = tmp_path / "rows.jsonl"
    file.write_bytes(pack(LINES))
    assert read(file) == ROWS


def test_newer_pythons_need_no_package_for_zstd(tmp_path, monkeypatch):
    from backports import zstd as bundled

    file = tmp_path / "rows.jsonl"
    file.write_bytes(zstd(LINES))
    monkeypatch.setitem(sys.modules, "compression", ModuleType("compression"))
    monkeypatch.setitem(sys.modules, "compression.zstd", bundled)
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    assert read(file) == ROWS


def test_two_gzip_files_in_one(tmp_path):
    file = tmp_path / "rows.gz"
    file.write_bytes(gzip.compress(LINES) + gzip.compress(LINES))
    assert read(file) == ROWS + ROWS


def test_stdin_may_be_compressed(monkeypatch):
    stdin = io.TextIOWrapper(io.BufferedReader(io.BytesIO(gzip.compress(LINES))))
    monkeypatch.setattr("sys.stdin", stdin)
    assert read("-") == ROWS


@pytest.mark.parametrize("labels", ["json", "struct", "text"])
def test_parquet(tmp_path, labels):
    import duckdb

    plain, file = tmp_path / "rows.jsonl", tmp_path / "rows.parquet"
    plain.write_bytes(LINES)
    kind = "struct(seed bigint, lr double)" if labels == "struct" else "json"
    written = "condition::varchar" if labels == "text" else "condition"
    types = dict.fromkeys(Probe.__struct_fields__, "varchar") | {"kind": "varchar"}
    types |= {"schema": "int", "hops": "int", "view": "bigint", "correct": "boolean"}
    types |= {"condition": kind, "token_logprobs": "double[]"}
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select * replace ({written} as condition) from read_json('{plain}', "
            f"columns = {types})) to '{file}'"
        )
    assert read(file) == ROWS


@pytest.mark.parametrize("pack", [gzip.compress, zstd])
def test_a_torn_file_says_so(tmp_path, pack):
    file = tmp_path / "rows.gz"
    file.write_bytes(pack(LINES * 50)[:-9])
    with pytest.raises(BadData, match=r"rows\.gz: a compressed file, cut or damaged"):
        read(file)


def test_damaged_parquet(tmp_path):
    file = tmp_path / "rows.parquet"
    file.write_bytes(b"PAR1 and then nothing")
    with pytest.raises(BadData, match="not a sound Parquet file"):
        read(file)


def test_globs(tmp_path, monkeypatch):
    (tmp_path / "b" / "deep").mkdir(parents=True)
    for name in ("a.jsonl", "b/b.jsonl", "b/deep/c.jsonl", "[d].jsonl"):
        (tmp_path / name).write_bytes(encode(ROWS[0]))
    monkeypatch.chdir(tmp_path)
    assert len(read("*.jsonl")) == 2
    assert len(read("**/*.jsonl")) == 4
    assert len(read("[d].jsonl")) == 1
    with pytest.raises(InputNotFound, match="no file matches"):
        read("*.csv")


def test_a_parquet_name_is_no_pattern_and_its_folders_are_no_fields(tmp_path):
    import duckdb

    folder = tmp_path / "source=image" / "base=zz"
    folder.mkdir(parents=True)
    (tmp_path / "rows.jsonl").write_bytes(LINES)
    for name in ("a[1].parquet", "a1.parquet"):
        limit = 5 if name == "a[1].parquet" else 2
        duckdb.execute(
            f"copy (from read_json('{tmp_path}/rows.jsonl') limit {limit}) "
            f"to '{folder}/{name}' (format parquet)"
        )
    found = read(folder / "a[1].parquet")
    assert [(row.source, row.base) for row in found] == [(row.source, row.base) for row in ROWS]


def test_reading_parquet_leaves_nothing_where_the_user_works(tmp_path, monkeypatch):
    from xmm_cli.rows.database import connected

    monkeypatch.chdir(tmp_path)
    with connected(memory_limit="60MB", threads="1") as connection:
        query = "select count(*) from (select random() a from range(9000000) order by a)"
        assert connection.execute(query).fetchone() == (9_000_000,)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["/proc/self/mem", "-"])
def test_an_input_that_cannot_be_read_on(name, capfd, monkeypatch):
    from pathlib import Path

    with Path("/proc/self/mem").open("rb") as broken:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(broken))
        assert app.main(["score", name]) == 66
    assert "Input/output error" in capfd.readouterr().err
