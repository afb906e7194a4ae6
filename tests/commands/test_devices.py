"""A GPU by its number, in a process that computes on the first that it sees."""

import pytest

from xmm_cli.commands.shared.devices import alone, check_device
from xmm_cli.errors import WrongUsage


@pytest.mark.parametrize(
    ("device", "seen", "found", "then"),
    [
        ("cuda:1", None, "cuda", "1"),
        ("cuda:0", "", "cuda:0", ""),
        ("cuda:1", "2,3", "cuda", "3"),
        ("cuda:1", "GPU-a, GPU-b", "cuda", "GPU-b"),
        ("cuda:2", "2,3", "cuda:2", "2,3"),
        ("cuda", "2,3", "cuda", "2,3"),
        ("cpu", None, "cpu", None),
        ("cuda:x", None, "cuda:x", None),
        (None, "1", None, "1"),
    ],
)
def test_a_numbered_gpu_becomes_the_only_one(device, seen, found, then):
    environment = {} if seen is None else {"CUDA_VISIBLE_DEVICES": seen}
    name, changed = alone(device, environment)
    assert name == found
    assert (environment | changed).get("CUDA_VISIBLE_DEVICES") == then


def test_several_processes_do_not_share_one_gpu(monkeypatch):
    check_device("cuda:1")
    monkeypatch.setenv("RANK", "0")
    monkeypatch.setenv("WORLD_SIZE", "2")
    check_device("cuda")
    check_device(None)
    with pytest.raises(WrongUsage, match="cuda:1 with 2 processes"):
        check_device("cuda:1")
