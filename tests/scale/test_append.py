"""Several processes that append to one file do not tear each other's rows."""

import subprocess
import sys
from collections import Counter

import msgspec

from tests.scale.conftest import environment

WRITERS, ROWS, SIZE = 4, 200, 100_000
WRITE = f"""
import sys
from tests.contract.conftest import probe_row
from xmm_cli.rows.writer import RowWriter
writer = RowWriter()
me = sys.argv[1]
for number in range({ROWS}):
    writer.write(probe_row(number, persona=me, view=number, answer=me * {SIZE}))
"""


def test_rows_longer_than_a_pipe_takes_at_once_stay_whole(tmp_path):
    log = tmp_path / "log.jsonl"
    with log.open("ab") as out:
        writers = [
            subprocess.Popen(
                [sys.executable, "-c", WRITE, str(number)], stdout=out, env=environment()
            )
            for number in range(WRITERS)
        ]
    assert [one.wait() for one in writers] == [0] * WRITERS
    found = Counter()
    for line in log.open("rb"):
        row = msgspec.json.decode(line)
        assert row["answer"] == row["persona"] * SIZE
        found[row["persona"], row["view"]] += 1
    assert set(found.values()) == {1}
    assert len(found) == WRITERS * ROWS
