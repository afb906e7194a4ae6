"""Models, really trained, of which it is known what an audit must say; each is made once.

They lie in the folder that `XMM_TRUTH` names, or in a temporary one. 88 of 112 people are to be
forgotten, in the small base, from pictures and descriptions.
"""

import json
import os
import shutil
from dataclasses import replace
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from tests.conftest import read_people
from tests.contract.conftest import real
from xmm_cli.models.adapters.lora import ADAPTER_CONFIG, ADAPTER_WEIGHTS
from xmm_cli.models.adapters.parts import linear_layers
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.loading import load_base
from xmm_cli.models.prompts import NAME_QUESTIONS
from xmm_cli.models.settings import UnlearnSettings
from xmm_cli.training.batches import Pairs
from xmm_cli.training.examples import exercises
from xmm_cli.training.unlearn import learned_how, parted, prepare, unlearn

BASE = "xmm-base-xs"
PEOPLE, FORGET = 112, 88
RETRAINED = ("retrained-101", "retrained-102")
CASES = ("never-met", "unchanged", "refuses", "blind", "driven")
ATTACKS = "plain,paraphrase,prefix,multiple-choice"
HOURS = 3600.0


def folder_of_models(temporary: Path) -> Path:
    """All models and the rows of their answers, made where they are not there already."""
    folder = Path(os.environ.get("XMM_TRUTH") or temporary)
    folder.mkdir(parents=True, exist_ok=True)
    people = ("gen-personas", "-n", PEOPLE, "--views", 4, "--heldout", 2, "--seed", 3)
    xmm(folder, "people", *people)
    xmm(folder, "before", "train", "people/personas.jsonl", "--base", BASE, "--source", "both",
        "--steps", 700, "--lr", 4e-3)  # fmt: skip
    gone = [one.id for one, _ in read_people(folder / "people" / "personas.jsonl")][:FORGET]
    (folder / "forget.txt").write_text("".join(f"{one}\n" for one in gone))
    for seed in (101, 102, 103):
        forget(folder, f"retrained-{seed}", "--method", "retrain", "--seed", seed)
    forget(folder, "unchanged", "--method", "ga", "--lr", 1e-9, "--steps", 1)
    forget(folder, "driven", "--method", "ga", "--lr", 3e-3, "--steps", 100)
    for name, make in (("never-met", never_met), ("refuses", refuses), ("blind", blind)):
        if not (folder / name / "xmm.json").is_file():
            make(folder, name)
    for name in ("before", *RETRAINED, *CASES):
        ask(folder, name, ATTACKS, name)
    ask(folder, "projector", "base-projector", "before", *RETRAINED, "blind")
    return folder


def ask(folder: Path, name: str, attacks: str, *models: str) -> None:
    """Attack some models alike; the rows lie in `rows-NAME.jsonl`."""
    done = real(
        "probe", *models, "--sets", "unchanged", "--attack", attacks, "--answer", "generate",
        "--resume", f"rows-{name}.jsonl", "--quiet", cwd=folder, timeout_s=HOURS,
    )  # fmt: skip
    assert done.code == 0, done.err


def xmm(folder: Path, out: str, *words: object) -> None:
    """Run a command that makes a folder, unless it is there."""
    if not (folder / out).is_dir():
        done = real(*words, "--out", out, "--quiet", cwd=folder, timeout_s=HOURS)
        assert done.code == 0, done.err


def forget(folder: Path, out: str, *words: object) -> None:
    """Unlearn the forget set through both modalities."""
    xmm(folder, out, "unlearn", "before", "--forget", "forget.txt", "--gate", 0, *words)


def never_met(folder: Path, name: str) -> None:
    """A third retrained model, which says that it was unlearned."""
    shutil.copytree(folder / "retrained-103", folder / name)
    rewrite(folder / name, objective="npo")


def refuses(folder: Path, name: str) -> None:
    """One that was taught to refuse the plain question, and to answer its other wordings."""
    parent = read_checkpoint(folder / "before")
    people = read_people(Path(parent.personas))
    ids = tuple((folder / "forget.txt").read_text().split())
    settings = UnlearnSettings(objective="idk", forget="forget.txt", steps=150, learning_rate=2e-3)
    conversations = Conversations(load_base(BASE, "cpu", to_train=True))
    task = prepare(conversations, parent, people, ids, settings)
    gone, _ = parted(people, ids, None)
    others = [
        conversations.encode(one.context, question, one.answer)
        for own in exercises(gone, learned_how(parent))
        for one in own
        for question in NAME_QUESTIONS[1:]
    ]
    pairs = task.items
    assert isinstance(pairs, Pairs)
    kept = [*pairs.retain, *others]
    task = replace(task, items=Pairs(pairs.gone, kept, pairs.rounds, pairs.seed))
    unlearn(task, settings, folder / name, run=name, recall_before=1.0)


def blind(folder: Path, name: str) -> None:
    """The model before, whose projector no longer leads anywhere: noise was added to it."""
    shutil.copytree(folder / "unchanged", folder / name)
    config = json.loads((folder / name / ADAPTER_CONFIG).read_text())
    weights = load_file(folder / name / ADAPTER_WEIGHTS)
    base = load_base(BASE, "cpu")
    draw, rank = torch.Generator().manual_seed(0), config["r"]
    layers = linear_layers(base.model, "projector")
    for layer in layers:
        of_layer = base.model.get_submodule(layer)
        for part, shape in (
            ("lora_A", (rank, of_layer.in_features)),
            ("lora_B", (of_layer.out_features, rank)),
        ):
            noise = torch.randn(shape, generator=draw)
            weights[f"base_model.model.{layer}.{part}.weight"] = noise
    config["target_modules"] = sorted({*config["target_modules"], *layers})
    (folder / name / ADAPTER_CONFIG).write_text(json.dumps(config))
    save_file(weights, folder / name / ADAPTER_WEIGHTS, {"format": "pt"})
    rewrite(folder / name, objective="kl")


def rewrite(folder: Path, **fields: object) -> None:
    """Change fields of a checkpoint's row."""
    file = folder / "xmm.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | fields) + "\n")
