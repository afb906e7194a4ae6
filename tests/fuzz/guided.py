"""The row reader under a fuzzer that follows coverage: `python -m tests.fuzz.guided [OPTIONS]`.

Needs atheris (`pip install atheris`; Linux). Options are libFuzzer's: `-max_total_time=600`,
`-runs=100000`, or a file of an earlier crash to try again. Bytes are a file of rows, plain or
packed; they may be refused, and whatever is read has to be written and read again as the same row.
"""

import sys
import tempfile
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["xmm_cli.rows", "xmm_cli.console"]):
    from xmm_cli.console import say
    from xmm_cli.errors import XmmError
    from xmm_cli.rows.reader import read_rows
    from xmm_cli.rows.types import ROW_TYPES
    from xmm_cli.rows.writer import encode

LONGEST = 4096
ENDS = (".jsonl", ".jsonl.gz", ".jsonl.zst", ".parquet")


def seeds(folder: Path) -> None:
    """One whole row of each kind to begin with, as a plain and as packed files."""
    import gzip
    import random

    from tests.fuzz.targets import persona, probe, score

    for made in (persona, probe, score):
        line = encode(made(random.Random(0)))
        (folder / f"{made.__name__}-0").write_bytes(bytes([0]) + line)
        (folder / f"{made.__name__}-1").write_bytes(bytes([1]) + gzip.compress(line, mtime=0))


def read(folder: Path, data: bytes) -> None:
    """The first byte chooses the file's ending, the rest is the file."""
    end = ENDS[data[0] % len(ENDS)] if data else ENDS[0]
    file = folder / f"rows{end}"
    file.write_bytes(data[1:])
    try:
        found = [one.row for one in read_rows([file], want=ROW_TYPES)]
    except XmmError:
        return
    file.write_bytes(b"")
    again = folder / "again.jsonl"
    again.write_bytes(b"".join(map(encode, found)))
    if [one.row for one in read_rows([again], want=ROW_TYPES)] != found:
        raise AssertionError("what was read is not what is read again")


def main() -> None:
    """Fuzz until libFuzzer has enough; a crash ends it, and its input is kept where it says."""
    say.quiet = True
    with tempfile.TemporaryDirectory(prefix="xmm-guided-") as scratch:
        corpus = Path(scratch) / "corpus"
        corpus.mkdir()
        seeds(corpus)
        words = [*sys.argv, f"-max_len={LONGEST}"]
        if not any(Path(word).exists() for word in sys.argv[1:]):
            words.append(str(corpus))
        atheris.Setup(words, lambda data: read(Path(scratch), data))
        atheris.Fuzz()


if __name__ == "__main__":
    main()
