"""As many processes as cores, on systems that tell of them in other ways."""

import os
import sys
import threading

import pytest

from xmm_cli.personas.cores import started_by
from xmm_cli.processes import usable_cores


def test_where_the_system_tells(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 3}, raising=False)
    assert usable_cores() == 2


@pytest.mark.parametrize(("all_", "found"), [(4, 4), (None, 1)])
def test_where_it_does_not(monkeypatch, all_, found):
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: all_)
    assert usable_cores() == found


def test_forks_come_from_a_single_thread_on_linux_alone(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    assert started_by().get_start_method() == "fork"
    monkeypatch.setattr(threading, "active_count", lambda: 2)
    assert started_by().get_start_method() == "spawn"
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(sys, "platform", "darwin")
    assert started_by().get_start_method() == "spawn"
