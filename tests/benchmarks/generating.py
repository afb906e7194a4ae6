"""Probing by generation: `xmm probe`'s own parts beside transformers' image-text-to-text pipeline.

Both have the model loaded with its adapter, which has learned its people. The plain way has it
merged into the weights, and the batch size that is fastest of a few, measured before the first
round. Both begin with nothing known of the pictures; `warm` is xmm once more with their features
kept, as for every model after the first in one command.
"""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from PIL import Image
from transformers import pipeline

from tests.benchmarks import bases, plainly
from tests.benchmarks.race import Way, ratio, run
from tests.benchmarks.row import Figure, Row
from xmm_cli.models.conversation import Conversations
from xmm_cli.models.loading import load_base, location
from xmm_cli.models.prompts import NAME_QUESTIONS
from xmm_cli.probing.answering import ProbeSettings, Responder
from xmm_cli.probing.probe import Subject, batches
from xmm_cli.probing.questions import Scope, make_questions

HERE = "tests.benchmarks.generating"
TOKENS, STEPS = 24, 80
_OPEN = ExitStack()
"""What stays open for as long as a way's process lives."""


def row(folder: Path) -> Row:
    """On the shipped base."""
    people = bases.make_people(folder / "people", 8, 3, 4)
    checkpoint = bases.make_checkpoint(people, "xmm-base", folder / "run", STEPS, "image")
    given = {"people": str(people), "checkpoint": checkpoint.path}
    ways = {name: Way(f"{HERE}:{name}", given) for name in ("xmm", "warm", "plain")}
    laps = run(ways, rounds=2)
    ours, warm, plain = laps["xmm"], laps["warm"], laps["plain"]
    answers, size = plain.result
    if ours.result != answers or warm.result != answers:
        raise RuntimeError(f"different answers: {ours.result} and {answers}")
    again = ratio(plain.cpu_s, warm.cpu_s)
    return Row(
        "probing by generation, shipped base",
        f"{len(answers) / min(ours.cpu_s):.0f} rows/s",
        f"{len(answers) / min(plain.cpu_s):.0f} rows/s",
        (Figure("faster", ratio(plain.cpu_s, ours.cpu_s), "≥", 4.0),),
        f"{len(answers)} answers, letter by letter",
        (
            f"{again} times with features kept; best batch of the pipeline {size}; "
            f"by wall clock {ratio(plain.wall_s, ours.wall_s)}",
        ),
    )


def _ask(people: str, checkpoint: str, keep: bool) -> Any:
    from xmm_cli.models.checkpoint import read_checkpoint

    base = load_base("xmm-base", "cpu")
    subject = Subject(base, read_checkpoint(Path(checkpoint)))
    scope = Scope(modalities=("image",))
    questions = list(make_questions(bases.read_people(Path(people)), scope))
    settings = ProbeSettings(answers=("generate",), max_new_tokens=TOKENS)
    known = Conversations(base)
    model = _OPEN.enter_context(subject.model())

    def work() -> list[str | None]:
        respond = Responder(base, model, known if keep else Conversations(base), settings)
        asked = batches(questions, settings.batch_size)
        return [reply.answer for batch in asked for reply in respond(batch)]

    return work


def xmm(people: str, checkpoint: str) -> Any:
    """All held-out pictures, read anew."""
    return _ask(people, checkpoint, keep=False)


def warm(people: str, checkpoint: str) -> Any:
    """The same with what is known from the round before."""
    return _ask(people, checkpoint, keep=True)


def plain(people: str, checkpoint: str) -> Any:
    """The same by the pipeline."""
    model, processor = plainly.load(location("xmm-base"))
    merged = PeftModel.from_pretrained(model, checkpoint).merge_and_unload()
    asked = pipeline("image-text-to-text", model=merged, processor=processor, device="cpu")
    paths = [path for path, _ in plainly.pictures_of(people, "heldout")]

    def once(size: int) -> list[str]:
        chats = []
        for path in paths:
            with Image.open(path) as picture:
                image = {"type": "image", "image": picture.convert("RGB")}
            question = {"type": "text", "text": NAME_QUESTIONS[0]}
            chats.append([{"role": "user", "content": [image, question]}])
        with torch.inference_mode():
            told = asked(
                text=chats,
                batch_size=size,
                max_new_tokens=TOKENS,
                do_sample=False,
                return_full_text=False,
            )
        return [one[0]["generated_text"].strip() for one in told]

    def seconds(size: int) -> float:
        start = time.process_time()
        once(size)
        return time.process_time() - start

    size = min((8, 24), key=seconds)
    return lambda: (once(size), size)
