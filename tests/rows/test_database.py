"""What a DuckDB connection may use."""

import os

from xmm_cli.rows.database import connected


def test_it_has_the_cores_of_the_process_not_those_of_the_machine(monkeypatch):
    for cores in ({0}, {0, 1, 5}):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, own=cores: own, raising=False)
        with connected() as connection:
            threads = connection.execute("SELECT current_setting('threads')").fetchone()
        assert threads == (len(cores),)
