"""`probe --resume` and `--shard`: what is there is not asked again, and nothing is there twice."""

import fcntl
import json

import pytest

from xmm_cli import app
from xmm_cli.commands.shared.jobs import Shard
from xmm_cli.console import say
from xmm_cli.errors import WrongUsage


@pytest.fixture
def xmm(monkeypatch, tmp_path, capfdbinary):
    monkeypatch.chdir(tmp_path)

    def call(*arguments):
        capfdbinary.readouterr()
        code = app.main(["probe", "--quiet", *[str(one) for one in arguments]])
        got = capfdbinary.readouterr()
        return int(code), got.out, got.err.decode()

    yield call
    say.quiet = False


def answers(data: bytes) -> list[bytes]:
    return [line for line in data.splitlines(keepends=True) if b'"kind":"probe"' in line[:20]]


def runs(data: bytes) -> int:
    return len(data.splitlines()) - len(answers(data))


@pytest.fixture
def counted(monkeypatch):
    """How many questions were put to the model."""
    from xmm_cli.probing.answering import Responder

    asked: list[int] = []
    ask = Responder.__call__
    monkeypatch.setattr(
        Responder, "__call__", lambda self, batch: (asked.append(len(batch)), ask(self, batch))[1]
    )
    return asked


ASK = ("--untrained", "--batch-size", 3)


@pytest.fixture
def whole(xmm, checkpoint):
    """The rows of an uninterrupted run: 4 people, 2 views, 2 modalities, with and without."""
    code, out, _ = xmm(checkpoint.path, *ASK)
    assert code == 0
    assert (len(answers(out)), runs(out)) == (32, 1)
    return out


def test_it_goes_on_where_it_was_cut_and_ends_with_the_same_bytes(
    xmm, checkpoint, whole, tmp_path, counted
):
    log = tmp_path / "log.jsonl"
    lines = answers(whole)
    # at the start, within a batch, at its end, within the second subject, at the very end
    for cut, again in ((0, 32), (4, 29), (6, 26), (21, 13), (32, 0)):
        counted.clear()
        log.write_bytes(b"".join(lines[:cut]) + (lines[cut][:40] if cut < 32 else b""))
        code, out, _ = xmm(checkpoint.path, *ASK, "--resume", log)
        assert (code, out) == (0, b"")
        assert answers(log.read_bytes()) == lines, cut
        assert runs(log.read_bytes()) == 1
        assert sum(counted) == again
    before = log.read_bytes()
    assert xmm(checkpoint.path, *ASK, "--resume", log)[0] == 0
    assert log.read_bytes() == before


def test_a_description_that_was_half_written_is_completed(xmm, checkpoint, tmp_path):
    """The task reverse has several rows a question."""
    ask = (checkpoint.path, "--task", "reverse", "-m", "text")
    _, out, _ = xmm(*ask)
    lines = answers(out)
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(lines[:2]))
    assert xmm(*ask, "--resume", log)[0] == 0
    assert answers(log.read_bytes()) == lines


def test_a_file_of_anything_else_is_refused_and_left_alone(xmm, checkpoint, whole, tmp_path):
    log = tmp_path / "log.jsonl"
    lines = answers(whole)
    other = json.loads(lines[0]) | {"run": "0" * 12}
    for given, said, code in (
        (json.dumps(other).encode() + b"\n", "log.jsonl:1: a row of another run (0000", 73),
        (lines[1] + lines[0], "log.jsonl:2: not the row that comes next in this run", 73),
        (b"".join([*lines, lines[0]]), "log.jsonl:33: not the row that comes next", 73),
        (b"nonsense\n", "log.jsonl:1:", 65),
    ):
        log.write_bytes(given)
        got, out, err = xmm(checkpoint.path, *ASK, "--resume", log)
        assert (got, out, err.count("\n")) == (code, b"", 1), err
        assert said in err
        assert log.read_bytes() == given
    got, _, err = xmm(checkpoint.path, *ASK, "--resume", tmp_path / "no" / "log.jsonl")
    assert (got, "No such file" in err) == (73, True)


def test_two_that_write_to_one_file_are_one_too_many(xmm, checkpoint, tmp_path):
    log = tmp_path / "log.jsonl"
    with log.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        code, _, err = xmm(checkpoint.path, "--resume", log)
    assert code == 73
    assert "another run is writing to it" in err


def test_all_shards_together_are_the_whole(xmm, checkpoint, whole):
    """End to end in order; equal but for the last digit of log-probabilities."""
    for of in (2, 3):
        parts = [
            xmm(checkpoint.path, "--untrained", "--shard", f"{i}/{of}")[1] for i in range(1, of + 1)
        ]
        found = [json.loads(line) for part in parts for line in answers(part)]
        known = [json.loads(line) for line in answers(whole)]
        for one, other in zip(found, known, strict=True):
            assert one.pop("logprob") == pytest.approx(other.pop("logprob"), abs=1e-4)
            assert one == other
        assert {len(answers(part)) for part in parts} <= {32 // of, 32 // of + 1}


@pytest.mark.parametrize("total", [0, 1, 5, 24])
@pytest.mark.parametrize("of", [1, 2, 7, 30])
def test_a_shard_is_a_run_of_questions(total, of):
    lists = [list(range(total)), [], list(range(100, 103))]
    parts = [Shard(i, of).cut(lists) for i in range(1, of + 1)]
    for place, one in enumerate(lists):
        assert [item for part in parts for item in part[place]] == one
    sizes = [sum(map(len, part)) for part in parts]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("text", ["", "2", "0/2", "3/2", "1/0", "a/b", "1/2/3", "-1/2"])
def test_what_is_no_shard(text):
    with pytest.raises(WrongUsage, match="--shard"):
        Shard.read(text)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--answer", "generate", "--tokens"), 2, "--tokens with --answer generate"),
        (("--answer", "prefix", "--tokens"), 2, "--tokens with --answer prefix"),
        (("--trace", "--shard", "1/2"), 2, "--trace with --shard"),
    ],
)
def test_what_does_not_go(xmm, checkpoint, options, code, said):
    got, out, err = xmm(checkpoint.path, *options)
    assert (got, out, err.count("\n")) == (code, b"", 1), err
    assert said in err
