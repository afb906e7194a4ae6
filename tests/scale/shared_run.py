"""Run by each process of a run, and by a single one: trains by several methods, and probes.

Arguments: the folder of a checkpoint, the folder to write to, and names of methods.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import msgspec

from tests.conftest import new_base, read_people
from xmm_cli import processes
from xmm_cli.models.adapters.lora import remove_adapter
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.settings import TrainSettings, UnlearnSettings
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.probe import Subject, batches, probe_batches
from xmm_cli.probing.questions import Scope, make_questions
from xmm_cli.training.run import loop
from xmm_cli.training.train import prepare as prepare_lesson
from xmm_cli.training.train import train
from xmm_cli.training.unlearn import prepare, unlearn

# 12 examples in batches of 5: the last of an epoch is smaller, and 3 is no multiple of 2
TRAIN = TrainSettings(source="both", steps=6, batch_size=5, warmup=1, rank=4, alpha=8.0, seed=3)
FORGET = UnlearnSettings(
    through="text", forget="e5-001", steps=4, batch_size=3, warmup=1, save_every=2
)


def main(checkpoint: str, out: str, *methods: str) -> None:
    loop._LOG_EVERY, loop._SAVE_EVERY = 1, 2
    processes.join("cpu")
    parent, folder = read_checkpoint(Path(checkpoint)), Path(out)
    people = read_people(Path(parent.personas))
    for method in methods:
        if method == "memorize":
            train(prepare_lesson(people, TRAIN, "cpu"), TRAIN, folder / method, run=method)
            continue
        settings = replace(FORGET, objective=method)
        task = prepare(Conversations(new_base()), parent, people, ("e5-001",), settings)
        unlearn(task, settings, folder / method, run=method, recall_before=1.0)
        remove_adapter(task.model)
    base = new_base()
    conversations = Conversations(base)
    parts = batches(make_questions(people, Scope()), 3)
    rows = [
        row
        for found in probe_batches(
            Subject(base, parent), parts, conversations, ProbeSettings(), run="asked"
        )
        for row in found
    ]
    if processes.is_first():
        (folder / "rows.json").write_text(json.dumps(msgspec.to_builtins(rows)))


if __name__ == "__main__":
    main(*sys.argv[1:])
