"""Ranking 50 names: `xmm probe`'s tree beside one pass for each picture and name.

Both have the model loaded with its adapter. The plain way has it merged, tokens prepared once for
all pictures, a picture opened and processed once for all names, and the batch size that is fastest
of a few.
"""

import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from PIL import Image

from tests.benchmarks import bases, plainly
from tests.benchmarks.race import Way, ratio, run
from tests.benchmarks.row import Figure, Row
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.loading import load_base, location
from xmm_cli.personas.sampling import sample_identities
from xmm_cli.probing.probe import Subject

HERE = "tests.benchmarks.ranking"
NAMES = 50
NEAR = 1e-4
_OPEN = ExitStack()
"""What stays open for as long as a way's process lives."""


def shipped(folder: Path) -> Row:
    """On the shipped base: 36 tokens a picture."""
    return _compare("probing by rank, 50 names, shipped base", folder, "xmm-base", 6, 8.0)


def many_tokens(folder: Path) -> Row:
    """On the same classes and widths with 256 tokens a picture."""
    base = bases.many_tokens(folder / "base")
    return _compare("probing by rank, 50 names, 256 tokens a picture", folder, base, 2, 20.0)


def _compare(what: str, folder: Path, base: str, pictures: int, faster: float) -> Row:
    people = bases.make_people(folder / "people", 2, 2, pictures // 2)
    checkpoint = bases.make_checkpoint(people, base, folder / "run", 2, "image")
    given = {"people": str(people), "checkpoint": checkpoint.path, "base": base}
    laps = run({name: Way(f"{HERE}:{name}", given) for name in ("xmm", "plain")}, rounds=2)
    ours, plain = laps["xmm"], laps["plain"]
    found, size = plain.result
    apart = float((torch.tensor(ours.result) - torch.tensor(found)).abs().max())
    if apart > NEAR:
        raise RuntimeError(f"{what}: log-probabilities lie {apart} apart")
    return Row(
        what,
        f"{pictures / min(ours.cpu_s):.1f} views/s",
        f"{pictures / min(plain.cpu_s):.2f} views/s",
        (Figure("faster", ratio(plain.cpu_s, ours.cpu_s), "≥", faster),),
        f"{pictures * NAMES} log-probabilities, {apart:.0e} apart at most",
        (
            f"best batch of the plain way {size}; memory {ours.peak_mb:.0f} and "
            f"{plain.peak_mb:.0f} MB; by wall clock {ratio(plain.wall_s, ours.wall_s)}",
        ),
    )


def _names() -> list[str]:
    return [one.name for one in sample_identities(NAMES, 0, 11)]


def xmm(people: str, checkpoint: str, base: str) -> Any:
    """Pictures read anew, and every name's log-probability."""
    from tests.candidates import candidate_logprobs
    from xmm_cli.models.decoding.tree import build_tree

    loaded = load_base(base, "cpu")
    model = _OPEN.enter_context(Subject(loaded, read_checkpoint(Path(checkpoint))).model())
    paths = [Path(path) for path, _ in plainly.pictures_of(people, "heldout")]

    def work() -> list[list[float]]:
        conversations = Conversations(loaded)
        tree = build_tree([conversations.answer_ids(name) for name in _names()])
        asked = plainly.NAME_QUESTIONS[0]
        prompts = [conversations.encode(Context(image=path), asked) for path in paths]
        return candidate_logprobs(loaded, model, prompts, tree).tolist()

    return work


def plain(people: str, checkpoint: str, base: str) -> Any:
    """A row of a batch for each picture and name."""
    model, processor = plainly.load(location(base))
    merged = PeftModel.from_pretrained(model, checkpoint).merge_and_unload()
    paths = [path for path, _ in plainly.pictures_of(people, "heldout")]
    asked = plainly.prompt(processor)
    wholes = [plainly.prompt(processor, name) for name in _names()]
    told = [
        len(processor.tokenizer(one.removeprefix(asked), add_special_tokens=False).input_ids)
        for one in wholes
    ]

    @torch.inference_mode()
    def once(size: int) -> list[list[float]]:
        found = []
        tokens: list[Any] = [None] * NAMES
        for path in paths:
            with Image.open(path) as picture:
                pixels = processor.image_processor(picture.convert("RGB"), return_tensors="pt")
                if tokens[0] is None:
                    shown = [[picture.convert("RGB")]] * NAMES
                    tokens = _tokens(processor, wholes, shown, size)
            sums: list[float] = []
            for number, batch in enumerate(tokens):
                count = len(batch["input_ids"])
                logits = merged(
                    **batch, pixel_values=pixels["pixel_values"].expand(count, -1, -1, -1)
                ).logits
                lengths = told[number * size : number * size + count]
                sums += _sums(logits, batch, lengths)
            found.append(sums)
        return found

    def seconds(size: int) -> float:
        start = time.process_time()
        once(size)
        return time.process_time() - start

    size = min((10, 25), key=seconds)
    return lambda: (once(size), size)


def _tokens(processor: Any, wholes: list[str], shown: list[Any], size: int) -> list[Any]:
    batches = []
    for start in range(0, len(wholes), size):
        part = wholes[start : start + size]
        batch = processor(
            text=part,
            images=shown[: len(part)],
            return_tensors="pt",
            padding=True,
            padding_side="right",
            add_special_tokens=False,
        )
        batches.append({key: batch[key] for key in ("input_ids", "attention_mask")})
    return batches


def _sums(logits: torch.Tensor, batch: Any, lengths: list[int]) -> list[float]:
    """The log-probability of each row's answer."""
    sums = []
    counts = batch["attention_mask"].sum(1).tolist()
    for row, (count, length) in enumerate(zip(counts, lengths, strict=True)):
        wanted = batch["input_ids"][row, count - length : count]
        before = logits[row, count - length - 1 : count - 1].float().log_softmax(-1)
        sums.append(float(before.gather(1, wanted[:, None]).sum()))
    return sums
