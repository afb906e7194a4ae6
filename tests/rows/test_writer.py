"""Writing: whole lines, no NaN, and what happens when nobody reads or there is no room."""

import io
import os
import threading
from dataclasses import dataclass, field

import pytest

from xmm_cli.errors import CannotWrite, ReaderGone, XmmError
from xmm_cli.rows.types import ImageView, Persona, Run, Score
from xmm_cli.rows.writer import NotFinite, RowWriter, encode

PERSONA = Persona(id="p1", name="Åsa\nLee", role="eval")


def score(**changes) -> Score:
    fields = {"value": 0.5, "low": None, "high": None, "condition": {}} | changes
    return Score(
        metric="recall",
        answer="rank",
        source=None,
        modality="image",
        task="name",
        level=0.95,
        n=1,
        personas=1,
        method="none",
        **fields,
    )


@dataclass
class Pipe:
    ours: int = field(init=False)
    theirs: int = field(init=False)

    def __post_init__(self) -> None:
        self.ours, self.theirs = os.pipe()

    def close(self) -> None:
        for descriptor in (self.ours, self.theirs):
            try:
                os.close(descriptor)
            except OSError:
                continue


@pytest.fixture
def pipe():
    made = Pipe()
    yield made
    made.close()


def test_a_row_is_one_line_with_kind_first_and_absent_as_null():
    assert (
        encode(PERSONA)
        == (
            '{"kind":"persona","schema":1,"run":null,"id":"p1","dataset":null,"name":"Åsa\\nLee","role":"eval",'
            '"attributes":{},"facts":{},"images":[],"texts":[]}\n'
        ).encode()
    )


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_not_written(bad):
    with pytest.raises(NotFinite, match="Score row: value is not a finite number"):
        encode(score(value=bad))
    with pytest.raises(NotFinite, match="Score row: high"):
        encode(score(value=None, high=bad))
    with pytest.raises(NotFinite, match=r"condition\.rate"):
        encode(score(condition={"rate": bad}))
    assert not issubclass(NotFinite, XmmError)
    assert issubclass(NotFinite, ValueError)


def test_null_in_a_text_is_no_nan():
    row = Persona(
        id="null",
        name="null",
        role="eval",
        images=(ImageView(path="null.png", view=0, split="train"),),
    )
    assert b"null.png" in encode(row)


def test_rows_go_out_as_they_are_made(pipe):
    writer = RowWriter(pipe.theirs)
    writer.write(PERSONA)
    assert os.read(pipe.ours, 10_000) == encode(PERSONA)
    writer.write_raw(b'{"kind":"run"}')
    writer.write_raw(b'{"kind":"run"}\n')
    assert os.read(pipe.ours, 10_000) == b'{"kind":"run"}\n' * 2


def test_a_row_is_one_system_call(monkeypatch):
    calls = []
    monkeypatch.setattr(os, "write", lambda _, data: calls.append(bytes(data)) or len(data))
    RowWriter(1).write(PERSONA)
    assert calls == [encode(PERSONA)]


def test_a_partial_write_is_finished(monkeypatch):
    taken = []
    monkeypatch.setattr(os, "write", lambda _, data: taken.append(bytes(data[:7])) or len(data[:7]))
    RowWriter(1).write(PERSONA)
    assert b"".join(taken) == encode(PERSONA)


def test_a_full_pipe_that_does_not_block_is_waited_for(pipe):
    os.set_blocking(pipe.theirs, False)
    row = Persona(id="p1", name="x" * 300_000, role="eval")
    got = bytearray()

    def drain() -> None:
        while not got.endswith(b"\n"):
            got.extend(os.read(pipe.ours, 65_536))

    reader = threading.Thread(target=drain)
    reader.start()
    RowWriter(pipe.theirs).write(row)
    reader.join(timeout=10)
    assert bytes(got) == encode(row)


def test_a_reader_that_has_gone_ends_the_command(pipe):
    os.close(pipe.ours)
    writer = RowWriter(pipe.theirs)
    with pytest.raises(ReaderGone):
        writer.write(PERSONA)
    assert not issubclass(ReaderGone, XmmError)


def test_a_reader_that_has_gone_does_not_stop_training(pipe):
    os.close(pipe.ours)
    writer = RowWriter(pipe.theirs, keep_going=True)
    writer.write(PERSONA)
    writer.write_raw(b"{}")
    assert writer.reader_gone


def test_a_full_disk_is_said():
    with open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        writer = RowWriter(full, name="out.jsonl")
        with pytest.raises(CannotWrite, match=r"out\.jsonl: No space left on device"):
            writer.write(PERSONA)


def test_stdout_is_the_default(capfdbinary):
    RowWriter(1).write(PERSONA)
    assert capfdbinary.readouterr().out == encode(PERSONA)


def test_a_stream_in_memory_and_a_replaced_stdout(monkeypatch):
    memory = io.BytesIO()
    RowWriter(memory).write(PERSONA)
    assert memory.getvalue() == encode(PERSONA)
    fake = io.TextIOWrapper(io.BytesIO())
    monkeypatch.setattr("sys.stdout", fake)
    RowWriter().write(PERSONA)
    assert fake.buffer.getvalue() == encode(PERSONA)


def test_a_closed_stdout_is_said(monkeypatch):
    monkeypatch.setattr("sys.stdout", None)
    with pytest.raises(CannotWrite, match="stdout: closed"):
        RowWriter()


def test_appending_writers_do_not_tear_each_other(tmp_path):
    path = tmp_path / "rows.jsonl"
    rows = [Persona(id=str(n), name=str(n) * 5000, role="eval") for n in range(4)]

    def append(row: Persona) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        writer = RowWriter(descriptor)
        for _ in range(20):
            writer.write(row)
        os.close(descriptor)

    threads = [threading.Thread(target=append, args=(row,)) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = path.read_bytes().splitlines(keepends=True)
    assert sorted(lines) == sorted(encode(row) for row in rows for _ in range(20))


def test_the_time_of_a_run_must_be_finite():
    run = Run(
        id="r",
        command="c",
        arguments={},
        seed=None,
        versions={},
        started="x",
        elapsed_s=float("inf"),
    )
    with pytest.raises(NotFinite, match="elapsed_s"):
        encode(run)
