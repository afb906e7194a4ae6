"""SQL over rows: the right types and numbers, and nothing that can be reached besides."""

import csv
import gzip
import io
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.forked.start import xmm
from xmm_cli import app
from xmm_cli.errors import BadData, CannotWrite, LeftOut, WorkFailed, WrongUsage
from xmm_cli.reporting.answers import render_answer
from xmm_cli.reporting.formats import FORMATS
from xmm_cli.reporting.sql import ask, store
from xmm_cli.reporting.sql.columns import VIEWS, columns_of
from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import ROW_TYPES, ImageView, Persona, Probe
from xmm_cli.rows.writer import encode

from ..scoring import people
from .scores import score


def zstandard(data):
    from backports import zstd

    return zstd.compress(data)


@pytest.fixture
def rows(tmp_path, monkeypatch):
    """A folder with rows, which is the working directory."""
    monkeypatch.chdir(tmp_path)
    probes = list(people.study(persons=4, views=2, condition={"views": 4, "day": "2024-01-02"}))
    lines = [encode(row) for row in [*probes, score(value=0.25)]]
    (tmp_path / "rows.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    return tmp_path


def one(query, *inputs, **options):
    """The only value of the answer."""
    ((value,),) = ask(query, list(inputs) or ["rows.jsonl"], **options).rows
    return value


def test_what_was_asked_under_an_attack_is_in_probes_and_not_in_gaps(rows):
    before = one("select sum(gap) from gaps")
    attacked = [encode(row) for row in people.study(persons=4, views=2, attack="insist")]
    (rows / "more.jsonl").write_bytes(b"".join(attacked))
    both = ("rows.jsonl", "more.jsonl")
    assert one("select count(*) from probes where attack = 'insist'", *both) == len(attacked)
    assert one("select count(*) from probes where attack is null", *both) == 6 * 4 * 2
    assert one("select sum(gap) from gaps", *both) == before


def test_numbers(rows):
    assert one("select count(*) from probes") == 6 * 4 * 2
    assert one("select value from scores") == 0.25
    assert one("select count(*) from probes where condition['views'] = '4'") == 4 * 4 * 2
    assert one("select count(*) from gaps where answer = 'generate'") == 8
    assert one("select sum(gap - (same - other)) from gaps") == 0
    expected = "select avg(correct::int) from probes where source = 'image' and modality = 'image'"
    where = "where source = 'image' and answer = 'generate'"
    assert one(f"select avg(same) from gaps {where}") == pytest.approx(one(expected))


def test_types_come_from_the_row_definitions(rows):
    for name, row in VIEWS.items():
        found = dict(line[:2] for line in ask(f"describe {name}", ["rows.jsonl"]).rows)
        assert list(found) == ["kind", *row.__struct_fields__]
    assert one("select typeof(any_value(expected)) from probes") == "VARCHAR"
    assert one("select max(condition['day']) from probes") == "2024-01-02"
    assert {f"{row.__struct_config__.tag}s" for row in ROW_TYPES} == set(VIEWS)


def test_a_new_optional_field_appears_by_itself():
    import msgspec

    class Wider(VIEWS["probes"], frozen=True, kw_only=True, tag="probe"):  # type: ignore[misc]
        mood: float | None = None
        tokens: tuple[float, ...] | None = None

    assert issubclass(Wider, msgspec.Struct)
    columns = columns_of(Wider, labels="JSON")
    assert (columns["mood"], columns["tokens"]) == ("DOUBLE", "DOUBLE[]")
    assert columns["condition"] == "JSON"


def test_a_torn_last_line_is_left_out_and_said(rows):
    with Path("rows.jsonl").open("ab") as file:
        file.write(b'{"kind":"probe","schema":1,"run":"abc')
    with pytest.warns(LeftOut, match=r"^rows.jsonl: the last line is not whole yet and was left"):
        assert one("select count(*) from probes") == 48


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b'{"kind":"probe","schema":1\n', "rows.jsonl:50"),
        (b"name,age\n", "rows.jsonl:50"),
        (b'{"a":1}\n', "rows.jsonl:50: a JSON object without 'kind'"),
        (b'{"kind":"cat"}\n', "unknown kind 'cat'"),
        (encode(people.probe()).replace(b'"view":0', b'"view":"x"'), "rows.jsonl:50: probe row"),
        (encode(people.probe()).replace(b'"schema":1', b'"schema":9'), "newer xmm"),
    ],
)
def test_a_line_that_is_no_row_is_named(rows, line, said):
    with Path("rows.jsonl").open("ab") as file:
        file.write(line + encode(people.probe()))
    with pytest.raises(BadData, match="rows") as caught:
        ask("select count(*) from probes", ["rows.jsonl"])
    assert said in str(caught.value)


def test_no_rows_at_all_are_said(rows):
    Path("empty.jsonl").write_bytes(b"\n")
    with pytest.raises(BadData, match="no rows"):
        ask("select count(*) from probes", ["empty.jsonl"])


def test_patterns_and_packed_files(rows):
    import duckdb

    data = Path("rows.jsonl").read_bytes()
    Path("a b'c.jsonl").write_bytes(data)
    Path("packed.gz").write_bytes(gzip.compress(data))
    lines = (
        "read_csv('rows.jsonl', columns = {l: 'VARCHAR'}, delim = '\x01', quote = '', header = 0)"
    )
    options = "(format csv, header false, quote '', delimiter '\x01', compression zstd)"
    duckdb.execute(f"copy (from {lines}) to 'packed.zst' {options}")
    store(Path("all.parquet"), ["rows.jsonl"])
    for name in ("packed.gz", "packed.zst", "all.parquet", "a b'c.jsonl"):
        assert one("select count(*) from probes", name) == 48, name
        assert one("select max(condition['views']) from probes", name) == "4"
    assert len(ask("select * from probes", ["*.jsonl"]).rows) in (48, 96)
    assert one("select count(*) from probes", "rows.jsonl", "rows.jsonl") == 48


REACHES = [
    "select * from read_csv('secret.csv')",
    "select * from read_csv_auto('secret.csv')",
    "select * from read_text('secret.csv')",
    "select * from read_blob('secret.csv')",
    "select * from read_json('rows.jsonl')",
    "select * from read_ndjson_objects('rows.jsonl')",
    "select * from read_parquet('x.parquet')",
    "select * from parquet_metadata('x.parquet')",
    "select * from sniff_csv('secret.csv')",
    "select * from glob('*')",
    "select * from 'secret.csv'",
    "select * from './secret.csv'",
    'select * from "secret.csv"',
    "from query('select * from ''secret.csv''')",
    "from query_table('secret.csv')",
    "select * from 'https://localhost/x.parquet'",
    "select * from read_csv('https://localhost/x.csv')",
    "select * from 's3://bucket/x.parquet'",
    "select * from sqlite_scan('x.db', 't')",
    "select getenv('HOME')",
    "select * from secret",
    "select * from os",
    "explain analyze copy probes to 'evil.csv'",
    "explain analyze copy probes to '.tmp/evil.csv'",
    "explain analyze insert into probes select * from read_json('rows.jsonl')",
    "copy probes to 'evil.csv'",
    "copy probes to './.tmp/evil.csv'",
    "copy probes from 'secret.csv'",
    "export database 'evil'",
    "import database 'evil'",
    "attach 'evil.duckdb'",
    "attach ':memory:' as other",
    "install httpfs",
    "load httpfs",
    "pragma enable_profiling",
    "pragma database_list",
    "set enable_external_access = true",
    "set temp_directory = '.'",
    "reset lock_configuration",
    "create table evil as select 1",
    "create secret (type s3)",
    "create macro evil() as 1",
    "insert into probes select * from probes",
    "delete from probes",
    "drop view gaps",
    "update probes set answer = 'x'",
    "checkpoint",
    "vacuum",
    "call force_checkpoint()",
    "use memory",
    "begin",
    "prepare p as select 1",
    "execute p",
    "select 1; drop table probes",
    "select 1; select 2",
    "",
    "-- nothing",
]


@pytest.mark.parametrize("query", REACHES)
def test_a_query_reaches_nothing_but_the_rows(rows, query):
    secret = [(1, 2)]  # noqa: F841 - what a replacement scan would find
    before = {str(path): path.stat().st_mtime_ns for path in rows.rglob("*")}
    with pytest.raises((WrongUsage, WorkFailed)):
        ask(query, ["rows.jsonl"])
    assert {str(path): path.stat().st_mtime_ns for path in rows.rglob("*")} == before


def test_secrets_and_settings_are_not_there(rows):
    assert ask("select * from duckdb_secrets()", ["rows.jsonl"]).rows == []
    setting = "select value from duckdb_settings() where name = '{}'"
    assert one(setting.format("enable_external_access")) == "false"
    assert one(setting.format("lock_configuration")) == "true"
    assert one(setting.format("temp_directory")) == ""


def test_names_in_rows_are_only_data(rows):
    evil = "'; copy probes to 'evil.csv'; --"
    Path("evil.jsonl").write_bytes(encode(people.probe(persona=evil, condition={evil: evil})))
    assert one("select persona from probes", "evil.jsonl") == evil
    assert one("select any_value(map_keys(condition)[1]) from probes", "evil.jsonl") == evil
    assert not Path("evil.csv").exists()


ENDLESS = "with recursive t as (select 1 a union all select a + 1 from t) select count(*) from t"


def test_a_query_ends_in_time(rows):
    with pytest.raises(WorkFailed, match=r"no answer within 0\.2 s"):
        ask(ENDLESS, ["rows.jsonl"], timeout_s=0.2)


def test_what_is_not_understood_is_one_line(rows):
    for query in ("selct 1", "select nothing from probes", "select * from cats"):
        with pytest.raises(WrongUsage) as caught:
            ask(query, ["rows.jsonl"])
        assert "\n" not in str(caught.value)
        assert "gaps" in str(caught.value)


@pytest.mark.parametrize("format", FORMATS.names())
def test_every_format(format):
    values = [("<b>|_&\x1b[1m", 1.5, None, {"a": [1]}), ("é", 2.0, True, {})]
    text = "".join(render_answer(["na_me", "n", "n", "d"], values, format, width=80, colour=False))
    assert text.endswith("\n")
    assert "\x1b" not in text
    if format == "html":
        assert "<b>" not in text
        assert "&lt;b&gt;" in text
    if format == "json":
        assert [record["n_2"] for record in json.loads(text)] == [None, True]
    if format == "csv":
        assert next(csv.reader(io.StringIO(text))) == ["na_me", "n", "n", "d"]


def test_wide_answers_are_stacked():
    (text,) = render_answer([f"c{n}" for n in range(30)], [tuple(range(30))], "table", width=80,
                            colour=False)  # fmt: skip
    assert "c29 29" in text
    assert max(len(line) for line in text.splitlines()) <= 80


@pytest.mark.parametrize("name", ["all.parquet", "all.duckdb"])
def test_gathering_rows_twice_changes_nothing(rows, name):
    import duckdb

    first = store(Path(name), ["rows.jsonl"])
    assert (first.added, first.total) == (49, 49)
    assert store(Path(name), ["rows.jsonl"])[:2] == (0, 49)
    Path("more.jsonl").write_bytes(encode(people.probe(persona="new", condition={"views": "4"})))
    assert store(Path(name), ["more.jsonl", "rows.jsonl"])[:2] == (1, 50)
    if name.endswith("duckdb"):
        with duckdb.connect(name, read_only=True) as kept:
            assert kept.execute("select count(*) from probes").fetchone() == (49,)
            assert kept.execute("select count(*) from gaps").fetchone() == (16,)
    else:
        labels = "select count(distinct condition) from read_parquet('all.parquet')"
        assert duckdb.execute(labels).fetchone() == (3,)


@pytest.mark.parametrize("name", ["all.parquet", "all.duckdb"])
def test_a_foreign_file_is_left_alone(rows, name):
    Path(name).write_bytes(b"something else")
    with pytest.raises(BadData, match=name):
        store(Path(name), ["rows.jsonl"])
    assert Path(name).read_bytes() == b"something else"
    with pytest.raises(WrongUsage):
        store(Path("all.csv"), ["rows.jsonl"])


def test_as_a_command(rows, capfdbinary, monkeypatch):
    query = "select count(*) as n from probes"
    assert app.main(["report", "rows.jsonl", "--sql", query, "--format", "csv"]) == 0
    assert capfdbinary.readouterr().out == b"n\n48\n"
    assert app.main(["report", "rows.jsonl", "--sql", "copy probes to 'x.csv'"]) == 2
    assert app.main(["report", "rows.jsonl", "--sql", ENDLESS, "--timeout", "0.1"]) == 1
    assert len(capfdbinary.readouterr().err.splitlines()) == 2
    reader, writer = os.pipe()
    os.write(writer, Path("rows.jsonl").read_bytes()[:40000])
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(pipe))
        assert app.main(["report", "--sql", query, "--format", "csv"]) in (0,)
        assert int(capfdbinary.readouterr().out.split()[1]) > 20


def test_names_of_folders_are_no_fields(rows):
    folder = Path("source=text/base=zz")
    folder.mkdir(parents=True)
    store(Path("all.parquet"), ["rows.jsonl"])
    for name in ("rows.jsonl", "all.parquet"):
        (folder / name).write_bytes(Path(name).read_bytes())
        inside = str(folder / name)
        assert one("select count(*) from probes where source = 'image'", inside) == 16
        assert one("select count(*) from probes where base = 'zz'", inside) == 0
    store(folder / "all.parquet", ["rows.jsonl"])
    assert one("select count(*) from probes where base = 'zz'", str(folder / "all.parquet")) == 0


@pytest.mark.parametrize("pack", [gzip.compress, zstandard])
@pytest.mark.parametrize("kept", [0.5, 0.99])
def test_a_cut_packed_file_ends_a_query(rows, pack, kept):
    packed = pack(Path("rows.jsonl").read_bytes())
    Path("cut").write_bytes(packed[: int(len(packed) * kept)])
    with pytest.raises(BadData, match="cut: a compressed file, cut or damaged"):
        ask("select count(*) from probes", ["cut"])
    with pytest.raises(BadData):
        store(Path("all.parquet"), ["cut"])
    Path("cut").write_bytes(packed[:100] + b"\0" * 100 + packed[200:])
    with pytest.raises(BadData):
        ask("select count(*) from probes", ["cut"])


def test_a_packed_line_that_is_no_row_is_named(rows):
    Path("rows.gz").write_bytes(gzip.compress(Path("rows.jsonl").read_bytes() + b'{"a":1}\n'))
    with pytest.raises(BadData, match=r"rows\.gz:50: a JSON object without 'kind'"):
        ask("select count(*) from probes", ["rows.gz"])


def test_paths_count_from_here_and_from_the_file_gathered(rows):
    for name in ("a", "b"):
        Path(name).mkdir()
        picture = ImageView(path="images/0.png", view=0, split="train")
        found = [
            people.probe(checkpoint="runs/x"),
            Persona(id="p", name="P", role="eval", images=(picture,)),
        ]
        Path(name, "rows.jsonl").write_bytes(b"".join(map(encode, found)))
    inputs = ["a/rows.jsonl", str(rows / "b" / "rows.jsonl"), "./a/../a/rows.jsonl"]
    paths = "select list_sort(list(checkpoint)) from probes"
    assert one(paths, *inputs) == ["a/runs/x", "b/runs/x"]
    pictures = "select list_sort(list(images[1].path)) from personas"
    assert one(pictures, *inputs) == ["a/images/0.png", "b/images/0.png"]
    Path("c").mkdir()
    for name in ("c/all.parquet", "c/all.duckdb"):
        assert store(Path(name), inputs)[:2] == (4, 4)
        assert store(Path(name), [name] if name.endswith("parquet") else inputs).added == 0
    assert one(paths, "c/all.parquet") == ["a/runs/x", "b/runs/x"]
    lines = read_rows(["c/all.parquet"], want=(Probe,), skip=(Persona,))
    assert {line.row.checkpoint for line in lines} == {"../a/runs/x", "../b/runs/x"}


def test_two_that_gather_at_once_lose_nothing(rows):
    for number in range(4):
        lines = [encode(people.probe(persona=f"{number}-{n}")) for n in range(50)]
        Path(f"{number}.jsonl").write_bytes(b"".join(lines))
    command = [xmm(), "report", "--to", "all.parquet"]
    started = [subprocess.Popen([*command, f"{number}.jsonl"]) for number in range(4)]
    assert [one.wait(60) for one in started] == [0] * 4
    assert one("select count(*) from probes", "all.parquet") == 200
    assert [path.name for path in rows.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("name", ["all.parquet", "all.duckdb"])
def test_a_full_disk_ends_with_73(rows, name, monkeypatch):
    Path("small").mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=8k", "none", "small"]
    if shutil.which("mount") is None or subprocess.run(words, capture_output=True).returncode:
        pytest.skip("this machine mounts nothing for us")
    lines = [encode(people.probe(persona=os.urandom(40).hex())) for _ in range(500)]
    Path("more.jsonl").write_bytes(b"".join(lines))
    try:
        with pytest.raises(CannotWrite, match=f"{name}: No space left"):
            store(Path("small", name), ["more.jsonl"])
        if name == "all.parquet":
            monkeypatch.setattr("tempfile.tempdir", str(rows / "small"))
            with pytest.raises(CannotWrite, match="No space left"):
                store(Path(name), ["more.jsonl"])
    finally:
        subprocess.run(["umount", "-l", "small"], check=True)


@pytest.mark.parametrize(
    ("query", "format"),
    [
        ("select interval '9000000 years'", "table"),
        ("select 170141183460469231731687303715884105727::hugeint as n", "jsonl"),
        ("select {'n': 170141183460469231731687303715884105727::hugeint}", "csv"),
        ("select '10:00:00+02'::timetz", "json"),
        ("select '\udcff'", "table"),
    ],
)
def test_values_that_cannot_be_shown_are_wrong_usage(rows, capfd, query, format):
    assert app.main(["report", "rows.jsonl", "--sql", query, "--format", format]) == 2
    err = capfd.readouterr().err
    assert "defect" not in err
    assert err.count("\n") == 1


def test_times_with_a_zone(rows):
    assert one("select now()").tzinfo is not None


LONG = "select range as n, repeat('x', 100) as x from range(30000000)"


def test_a_long_answer_streams(rows):
    """The first lines come at once; what is not read is never made."""
    words = [sys.executable, "-m", "xmm_cli", "report", "rows.jsonl", "--sql", LONG]
    for format, first in (("csv", "n,x"), ("jsonl", '{"n":0,"x":"' + "x" * 100 + '"}')):
        shown = subprocess.Popen([*words, "--format", format], stdout=subprocess.PIPE, text=True)
        with shown:
            assert shown.stdout.readline().strip() == first
            assert int(Path(f"/proc/{shown.pid}/statm").read_text().split()[1]) < 100_000
            shown.stdout.close()
        assert shown.wait() == 0


def test_a_table_takes_no_more_than_it_shows(rows, capfd):
    assert app.main(["report", "rows.jsonl", "--sql", LONG]) == 0
    assert "the first 500 rows; --format csv gives all" in capfd.readouterr().out


def test_a_long_answer_ends_in_time(rows):
    with pytest.raises(WorkFailed, match="no answer within"):
        ask(LONG, ["rows.jsonl"], timeout_s=0.2)
