"""Reading: what is accepted, and what each bad line is told."""

import io
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.rows import strategies
from xmm_cli.errors import BadData, InputNotFound, LeftOut, WrongUsage
from xmm_cli.rows import reader
from xmm_cli.rows.diagnosis import is_torn
from xmm_cli.rows.reader import read_rows, require_some, resolve
from xmm_cli.rows.types import ROW_TYPES, SCHEMA, Persona, Probe, Run, Score
from xmm_cli.rows.writer import encode

PERSONA = b'{"kind":"persona","id":"p1","name":"Ann Lee","role":"eval"}'
RUN = (
    b'{"kind":"run","id":"r1","command":"train","arguments":{},"seed":0,"versions":{},'
    b'"started":"2026-01-01T00:00:00Z","elapsed_s":1.5,"later":"kept"}'
)
SCORE = (
    b'{"kind":"score","metric":"recall","answer":"rank","source":"text","modality":"image",'
    b'"task":"name","value":0.5,"low":0.4,"high":0.6,"level":0.95,"n":10,"personas":5,"method":"x"}'
)


class Pipe(io.TextIOWrapper):
    def __init__(self, data: bytes, terminal: bool = False) -> None:
        super().__init__(io.BytesIO(data))
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture
def people(tmp_path: Path):
    def write(data: bytes) -> Path:
        path = tmp_path / "people.jsonl"
        path.write_bytes(data)
        return path

    return write


def read(path: Path, **options):
    options.setdefault("want", (Persona,))
    return list(read_rows([path], **options))


def complaint(path: Path, **options) -> str:
    with pytest.raises(BadData) as caught:
        read(path, **options)
    return str(caught.value).replace(str(path), "people.jsonl")


def test_a_row_says_where_it_was_found(people):
    path = people(b"\n" + PERSONA + b"\n")
    (found,) = read(path)
    assert found.row.name == "Ann Lee"
    assert found.raw == PERSONA
    assert found.where == f"{path}:2"
    assert found.folder == path.parent
    assert resolve(found.folder, "images/1.png") == path.parent / "images/1.png"
    assert resolve(found.folder, "/abs/1.png") == Path("/abs/1.png")


@pytest.mark.parametrize(
    "data",
    [
        PERSONA,
        PERSONA + b"\r\n",
        b"\xef\xbb\xbf" + PERSONA + b"\n",
        b"\n \r\n\t\n" + PERSONA + b"\n\n",
        b"  " + PERSONA + b"  \n",
        PERSONA.replace(b'"id"', b'"id":"p0","unknown":[1,{"a":null}],"id"') + b"\n",
    ],
    ids=["no newline", "crlf", "bom", "blank lines", "spaces", "unknown and repeated fields"],
)
def test_harmless_oddities_are_accepted(people, data):
    (found,) = read(people(data))
    assert found.row.id == "p1"


def test_an_empty_file_has_no_rows(people):
    assert read(people(b"")) == []
    assert read(people(b"\xef\xbb\xbf")) == []


CASES = {
    b"[1]": "people.jsonl:1: expected a JSON object, found a JSON array; one row a line: is this",
    b"true": "found a JSON boolean",
    b"7": "found a JSON number",
    b"{}": "a JSON object without 'kind'; expected a persona row",
    b'{"kind":7}': "'kind' is not a string",
    b'{"kind":"cat"}': "unknown kind 'cat'; expected a persona row",
    SCORE: "people.jsonl:1: expected a persona row, found a score row; is this from gen-personas?",
    b'{"kind":"score"}': "expected a persona row, found a score row",
    PERSONA + PERSONA: "not JSON",
    PERSONA.replace(b"}", b""): "not JSON",
    PERSONA.replace(b"Ann", b"\xff"): "not UTF-8 at byte 37",
    PERSONA.replace(b'"role"', b'"more":"\xff","role"'): "not UTF-8",
    PERSONA.replace(b"Ann", b"\0"): "a NUL byte",
    b"\xff\xfe{\0": "looks like UTF-16",
    PERSONA.replace(b'"eval"', b"NaN"): "NaN and Infinity are not JSON; write null",
    PERSONA.replace(b'"role"', b'"more":-Infinity,"role"'): "NaN and Infinity are not JSON",
    PERSONA.replace(b'"p1"', b"1"): "persona row, field id: expected str, got int",
    PERSONA.replace(b'"p1"', b'""'): "field id: expected str of length >= 1",
    PERSONA.replace(b"eval", b"boss"): "field role: invalid enum value 'boss'",
    PERSONA.replace(b',"role":"eval"', b""): "persona row: missing required field role",
    PERSONA[:-1] + b',"images":[{"path":"a","view":-1,"split":"train"}]}': "field images[0].view:",
    PERSONA[:-1]
    + b',"schema":99}': f"row of schema 99, this xmm knows up to {SCHEMA}; made by a n",
    b'{"kind":"cat","schema":99}': "made by a newer xmm; upgrade",
    PERSONA[:-1] + b',"schema":true}': "field schema: expected int, got bool",
    PERSONA[:-1] + b',"x":' + b"[" * 5000 + b"]" * 5000 + b"}": "people.jsonl:1: ",
}


@pytest.mark.parametrize(("line", "said"), CASES.items(), ids=[str(n) for n in range(len(CASES))])
def test_a_bad_line_is_explained(people, line, said):
    assert said in complaint(people(line + b"\n"))


def test_the_people_beside_are_named_where_the_file_is_another_alone(people):
    file = people(PERSONA + b"\n")
    named = f"did you mean {file.rename(file.with_name('personas.jsonl'))}?"
    for other in (b'{"file_name":"a.png"}', SCORE, b'{"kind":"cat"}'):
        assert named in complaint(people(other + b"\n"))
        assert named not in complaint(people(PERSONA + b"\n" + other + b"\n"))
        assert named not in complaint(people(other + b"\n"), want=(Persona, Run))
    for bad in (b"[1]", b"{}x", PERSONA.replace(b'"p1"', b"1")):
        assert named not in complaint(people(bad + b"\n"))
    bad = people(PERSONA.replace(b'"eval"', b"NaN") + b"\n")
    assert "NaN and Infinity are not JSON; write null" in complaint(bad)


@pytest.mark.parametrize("bad", [b'"0.4"', b"true", b"1e999", b"NaN", b"[]"])
def test_only_a_number_is_a_number(people, bad):
    line = SCORE.replace(b'"value":0.5', b'"value":' + bad)
    complaint(people(line + b"\n"), want=(Score,))
    assert read(people(SCORE.replace(b"0.5", b"1")), want=(Score,))[0].row.value == 1.0


def test_a_torn_last_line_is_left_out_and_told(people, tmp_path):
    path = people(PERSONA + b"\n" + PERSONA[:30])
    other = tmp_path / "other.jsonl"
    other.write_bytes(PERSONA)
    with pytest.warns(LeftOut, match="people.jsonl: the last line is not whole yet") as told:
        rows = list(read_rows([path, other], want=(Persona,)))
    assert [(one.row.id, one.file, one.line) for one in rows] == [
        ("p1", str(path), 1),
        ("p1", str(other), 1),
    ]
    assert len(told) == 1


def test_where_there_is_nothing_but_a_torn_line_it_is_an_error(people, tmp_path):
    path = people(b"\n" + PERSONA[:30])
    assert "people.jsonl:2: the last line looks torn" in complaint(path)
    other = tmp_path / "other.jsonl"
    other.write_bytes(PERSONA[:5])
    with pytest.raises(BadData, match=r"people\.jsonl:2: the last line looks torn"):
        list(read_rows([path, other], want=(Persona,)))


@pytest.mark.parametrize("end", [b"}}", b',"x":NaN}', b',"x":1,}', b"}\0", b' "x"}'])
def test_a_whole_line_that_is_no_json_is_an_error_also_without_a_newline(people, end):
    assert "people.jsonl:2: " in complaint(people(PERSONA + b"\n" + PERSONA[:-1] + end))


@given(strategies.rows)
def test_a_row_cut_anywhere_is_torn_and_a_whole_one_is_not(row):
    line = encode(row).rstrip(b"\n")
    assert all(is_torn(line[:end]) for end in range(1, len(line)))
    assert not is_torn(line)


NULLS = (
    PERSONA[:-1] + b',"schema":null,"images":null,"texts":null,"hops":null,"attributes":'
    b'{"hair":"red","eyes":null},"facts":null,"condition":{"seed":null},"value":null}'
)


def test_nulls_in_place_of_what_is_absent_are_read_over(people):
    (found,) = read(people(NULLS + b"\n"))
    assert found.row == Persona(id="p1", name="Ann Lee", role="eval", attributes={"hair": "red"})
    assert found.raw == NULLS
    assert "field role: expected str, got null" in complaint(
        people(NULLS.replace(b'"role":"eval"', b'"role":null') + b"\n")
    )
    assert "field id: expected str, got int" in complaint(
        people(NULLS.replace(b'"p1"', b"1") + b"\n")
    )
    complaint(people(NULLS.replace(b'"facts":null', b'"facts":{"age":1e999}') + b"\n"))


def test_rows_before_a_bad_line_are_given(people):
    rows = read_rows([people(PERSONA + b"\n{\n")], want=(Persona,))
    assert next(rows).row.id == "p1"
    with pytest.raises(BadData, match=":2: "):
        next(rows)


def test_a_line_without_end_is_refused(people, monkeypatch):
    monkeypatch.setattr(reader, "MAX_LINE_BYTES", 100)
    assert "a line of more than" in complaint(people(b"{" + b" " * 200))
    assert len(read(people(PERSONA + b"\n" + PERSONA + b"\n"))) == 2


def test_run_rows_pass_unchanged(people):
    passed: list[bytes] = []
    path = people(RUN + b"\n" + PERSONA + b"\n" + RUN + b"\r\n")
    assert len(read(path, passing=passed.append)) == 1
    assert passed == [RUN, RUN]
    assert len(read(path)) == 1
    assert [type(found.row) for found in read(path, want=(Persona, Run))] == [Run, Persona, Run]


def test_skipped_kinds_are_dropped(people):
    path = people(SCORE + b"\n" + PERSONA + b"\n")
    assert len(read(path, skip=(Score,))) == 1
    assert "expected a persona or probe row" in complaint(path, want=(Persona, Probe))
    bad = people(SCORE.replace(b"0.5", b"true") + b"\n")
    assert "score row, field value: expected" in complaint(bad, skip=(Score,))


@pytest.mark.parametrize("name", ["missing.jsonl", ".", "bad\0name"])
def test_what_is_not_a_file_is_refused_before_reading(tmp_path, name):
    with pytest.raises(InputNotFound):
        read_rows([tmp_path / name], want=(Persona,))


def test_a_folder_is_answered_with_the_file_in_it(people):
    path = people(PERSONA)
    with pytest.raises(InputNotFound, match=r"did you mean .*people\.jsonl"):
        read_rows([path.parent], want=(Persona,))


def test_no_permission(people):
    path = people(PERSONA)
    path.chmod(0)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)  # root may read everything
    try:
        with pytest.raises(InputNotFound, match="Permission denied"):
            list(read_rows([path], want=(Persona,)))
    finally:
        os.seteuid(user)


@pytest.mark.parametrize("inputs", [[], ["-"]])
def test_stdin(monkeypatch, tmp_path, inputs):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "stdin", Pipe(PERSONA + b"\n"))
    (found,) = read_rows(inputs, want=(Persona,))
    assert found.where == "stdin:1"
    assert found.folder == tmp_path


def test_a_terminal_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Pipe(PERSONA, terminal=True))
    with pytest.raises(WrongUsage, match="waiting for persona rows, but stdin is a terminal"):
        read_rows([], want=(Persona,))
    assert len(list(read_rows(["-"], want=(Persona,)))) == 1


def test_stdin_twice_or_closed(monkeypatch):
    with pytest.raises(WrongUsage, match="twice"):
        read_rows(["-", "-"], want=(Persona,))
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(InputNotFound, match="closed"):
        read_rows([], want=(Persona,))


def test_a_pipe_has_no_folder(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    ours, theirs = os.pipe()
    os.write(theirs, PERSONA)
    os.close(theirs)
    (found,) = read_rows([f"/dev/fd/{ours}"], want=(Persona,))
    os.close(ours)
    assert found.folder == tmp_path


def test_require_some(people):
    want = (Persona,)
    path = people(PERSONA + b"\n" + PERSONA)
    assert len(list(require_some(read_rows([path], want=want), [path], want=want))) == 2
    with pytest.raises(BadData, match="no persona rows; are these the right files"):
        require_some(iter([]), [path], want=want)
    with pytest.raises(BadData, match="stdin: no persona rows; is the previous command's output"):
        require_some(iter([]), [], want=want)


quick = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


@quick
@given(strategies.rows)
def test_every_row_comes_back_as_it_was(people, row):
    line = encode(row)
    assert line.count(b"\n") == 1
    (found,) = read(people(line), want=ROW_TYPES)
    assert found.row == row
    assert encode(found.row) == line


@quick
@given(st.binary() | st.builds(lambda a, b: PERSONA[:a] + b, st.integers(0, 70), st.binary()))
@example(b'{"kind":"run","\\ud800":1}')
@example(b'{"kind":"persona","id":"\\udc00"')
def test_no_bytes_do_more_than_raise_bad_data(people, data):
    with suppress(BadData):
        for found in read(people(data), want=ROW_TYPES):
            assert found.row.schema <= SCHEMA
