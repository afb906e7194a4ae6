"""How fast training and probing are, how much memory they take, and what share of the card's peak.

    python tests/benchmarks/gpu.py                       # a Gemma-3-4B of random weights, on a GPU
    python tests/benchmarks/gpu.py --size tiny --device cpu
    torchrun --nproc_per_node 4 tests/benchmarks/gpu.py

The model is built from its configuration alone: nothing is downloaded. Prompts are token ids drawn
by chance, half of them with a picture, whose features are computed by the vision tower once, as
`xmm` does. What is timed is xmm's own loop (`training.loop.fit`) and its own answers (`generate`,
`candidate_logprobs`). One JSON object is printed for each of `train`, `generate` and `rank`:

- `tokens_s`: tokens that went through the language model a second, padding not counted; of
  `generate` also `new_tokens_s`, those that came out;
- `memory_gib`: the most that was allocated on the device;
- `flops_share`: model FLOPs utilisation. A token costs 2 P FLOPs forward, where P counts the
  language model's weights without the embedding, and 4 P more backward, of which an adapter's run
  computes only the half that leads to the activations: 4 P for each token in training, 2 P in
  probing (PaLM, arXiv 2204.02311, appendix B, without its attention term). The peak is that of
  `--peak-tflops`, or of the known cards in bfloat16 without sparsity; null if neither is known.
"""

import argparse
import json
import random
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch
from transformers import Gemma3Config, Gemma3ForConditionalGeneration

from tests.candidates import candidate_logprobs
from xmm_cli import processes
from xmm_cli.models.adapters.lora import add_adapter
from xmm_cli.models.conversation import Conversation
from xmm_cli.models.decoding.generate import generate
from xmm_cli.models.decoding.tree import build_tree
from xmm_cli.models.loading import Base, pick_device
from xmm_cli.models.settings import TrainSettings
from xmm_cli.models.vision.features import from_output
from xmm_cli.training.batches import ExampleStream
from xmm_cli.training.objectives import OBJECTIVES
from xmm_cli.training.run.loop import fit

PEAKS = {"H200": 989.0, "H100": 989.0, "A100": 312.0, "L40S": 362.0, "L4": 121.0, "4090": 165.0}
"""Dense bfloat16 TFLOP/s, from the makers' data sheets."""

SIZES: dict[str, dict[str, Any]] = {
    "4b": {
        "text": {
            "hidden_size": 2560,
            "intermediate_size": 10240,
            "num_hidden_layers": 34,
            "num_attention_heads": 8,
            "num_key_value_heads": 4,
            "head_dim": 256,
            "sliding_window": 1024,
            "vocab_size": 262208,
        },
        "vision": {
            "hidden_size": 1152,
            "intermediate_size": 4304,
            "num_hidden_layers": 27,
            "num_attention_heads": 16,
            "patch_size": 14,
            "image_size": 896,
        },
        "picture_tokens": 256,
    },
    "tiny": {
        "text": {
            "hidden_size": 64,
            "intermediate_size": 128,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 16,
            "sliding_window": 64,
            "vocab_size": 1000,
        },
        "vision": {
            "hidden_size": 32,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "patch_size": 14,
            "image_size": 56,
        },
        "picture_tokens": 4,
    },
}


def build(size: str, device: Any) -> Base:
    """The model, of random weights, in bfloat16 on a GPU."""
    shape = SIZES[size]
    last = shape["text"]["vocab_size"] - 1
    config = Gemma3Config(
        text_config=shape["text"],
        vision_config=shape["vision"],
        mm_tokens_per_image=shape["picture_tokens"],
        image_token_index=last,
        boi_token_index=last - 1,
        eoi_token_index=last - 2,
    )
    torch.manual_seed(0)
    with torch.device(device):
        torch.set_default_dtype(torch.float32 if device.type == "cpu" else torch.bfloat16)
        model = Gemma3ForConditionalGeneration(config)
        torch.set_default_dtype(torch.float32)
    model.requires_grad_(False).eval()
    tokenizer = SimpleNamespace(
        pad_token_id=0, batch_decode=lambda rows, **_: [str(len(row)) for row in rows]
    )
    return Base("random", "random", model, SimpleNamespace(tokenizer=tokenizer), device)


def prompts(base: Base, how: argparse.Namespace, count: int, answer: int) -> list[Conversation]:
    """Questions by chance, every other one about the same picture; `answer` tokens behind each."""
    shape = SIZES[how.size]
    rng = random.Random(0)
    side = shape["vision"]["image_size"]
    pixels = torch.rand(1, 3, side, side, device=base.device, dtype=base.model.dtype)
    with torch.inference_mode():
        features = from_output(base.model.get_image_features(pixel_values=pixels, return_dict=True))
    shown = len(features.tokens)
    vocabulary = shape["text"]["vocab_size"]
    made = []
    for number in range(count):
        ids = [rng.randrange(5, vocabulary - 5) for _ in range(how.prompt_tokens + answer)]
        seen = [0] * len(ids)
        if number % 2 == 0:
            ids = [vocabulary - 1] * shown + ids
            seen = [1] * shown + seen
        shows = features if number % 2 == 0 else None
        made.append(Conversation(ids, len(ids) - answer, shows, {"token_type_ids": seen}))
    return made


class Meter:
    """Time and memory of a piece of work, and what they come to."""

    def __init__(self, base: Base, how: argparse.Namespace) -> None:
        self.base, self.how = base, how
        language = base.model.get_decoder()
        self.weights = sum(
            one.numel() for name, one in language.named_parameters() if "embed" not in name
        )
        self.weights += base.model.get_output_embeddings().weight.numel()
        self.seconds = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        self._wait()
        if self.base.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats()
        start = time.perf_counter()
        yield
        self._wait()
        self.seconds = time.perf_counter() - start

    def _wait(self) -> None:
        if self.base.device.type == "cuda":
            torch.cuda.synchronize()

    def tell(self, what: str, tokens: int, flops_a_token: int, **more: float) -> None:
        rate = tokens / self.seconds
        peak = self.peak()
        share = None
        if peak is not None:
            share = round(
                rate * flops_a_token * self.weights / (peak * 1e12 * processes.count()), 4
            )
        memory = None
        if self.base.device.type == "cuda":
            memory = round(torch.cuda.max_memory_allocated() / 2**30, 2)
        row = {
            "what": what,
            "size": self.how.size,
            "device": self.card(),
            "processes": processes.count(),
            "batch_size": self.how.batch_size,
            "seconds": round(self.seconds, 3),
            "tokens_s": round(rate, 1),
            **{name: round(value / self.seconds, 1) for name, value in more.items()},
            "memory_gib": memory,
            "flops_share": share,
            "language_weights": self.weights,
        }
        if processes.is_first():
            print(json.dumps(row), flush=True)

    def card(self) -> str:
        on_gpu = self.base.device.type == "cuda"
        return torch.cuda.get_device_name() if on_gpu else self.base.device.type

    def peak(self) -> float | None:
        known = (tflops for name, tflops in PEAKS.items() if name in self.card())
        return self.how.peak_tflops or next(known, None)


def train(base: Base, how: argparse.Namespace, meter: Meter) -> None:
    examples = prompts(base, how, how.batch_size * 4, how.answer_tokens)
    model = add_adapter(base, rank=16, alpha=32.0, dropout=0.0)
    settings = TrainSettings(batch_size=how.batch_size, warmup=0)

    def go(steps: int, folder: str) -> None:
        objective = OBJECTIVES.load("memorize")
        fit(
            base,
            model,
            ExampleStream(examples),
            objective,
            settings,
            steps=steps,
            partial=Path(folder),
        )

    folder = processes.on_first(tempfile.mkdtemp)
    go(2, f"{folder}/warm")
    with meter.timed():
        go(how.steps, f"{folder}/timed")
    each = sum(len(one.ids) for one in examples) / len(examples)
    meter.tell("train", round(each * how.batch_size * how.steps), 4)
    model.unload()


def probe(base: Base, how: argparse.Namespace, meter: Meter) -> None:
    asked = prompts(base, how, how.batch_size, 0)
    endless = SimpleNamespace(end_tokens=[1])
    read = sum(len(one.ids) for one in asked) * how.rounds * processes.count()
    generate(base, base.model, endless, asked, 2)
    with meter.timed():
        for _ in range(how.rounds):
            told = generate(base, base.model, endless, asked, how.new_tokens)
    new = sum(int(one) for one in told) * how.rounds * processes.count()
    meter.tell("generate", read + new, 2, new_tokens_s=new)
    rng = random.Random(1)
    names = [[rng.randrange(5, 900) for _ in range(4)] for _ in range(how.candidates)]
    tree = build_tree(names)
    candidate_logprobs(base, base.model, asked, tree)
    with meter.timed():
        for _ in range(how.rounds):
            candidate_logprobs(base, base.model, asked, tree)
    behind = len(tree.tokens) * len(asked) * how.rounds * processes.count()
    meter.tell("rank", read + behind, 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="4b")
    parser.add_argument("--device", default=None)
    parser.add_argument("--batch-size", type=int, default=16, help="of all processes together")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=3, help="batches that each process answers")
    parser.add_argument("--prompt-tokens", type=int, default=96)
    parser.add_argument("--answer-tokens", type=int, default=8)
    parser.add_argument("--new-tokens", type=int, default=24)
    parser.add_argument("--candidates", type=int, default=96)
    parser.add_argument("--peak-tflops", type=float, default=None)
    how = parser.parse_args()
    warnings.simplefilter("ignore")  # libraries' notes to developers
    processes.join(how.device)
    base = build(how.size, pick_device(how.device))
    meter = Meter(base, how)
    train(base, how, meter)
    probe(base, how, meter)


if __name__ == "__main__":
    main()
