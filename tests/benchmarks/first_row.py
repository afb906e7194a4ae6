"""The first row of `xmm probe` beside a bare script that loads the model and asks one question."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.benchmarks import bases
from tests.benchmarks.race import Way, ratio, run
from tests.benchmarks.row import Figure, Row

HERE = "tests.benchmarks.first_row"

SCRIPT = """
import sys, torch
from peft import PeftModel
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor
base, adapter, path, question = sys.argv[1:]
processor = AutoProcessor.from_pretrained(base, backend="pil")
model = AutoModelForImageTextToText.from_pretrained(base, dtype=torch.float32)
model = PeftModel.from_pretrained(model, adapter).eval()
turns = [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}]
text = processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
inputs = processor(text=[text], images=[Image.open(path).convert("RGB")], return_tensors="pt",
                   add_special_tokens=False)
with torch.inference_mode():
    told = model.generate(**inputs, max_new_tokens=24, do_sample=False)
print(processor.batch_decode(told[:, inputs["input_ids"].shape[1]:], skip_special_tokens=True)[0])
"""


def row(folder: Path) -> Row:
    """CPU time of whole processes, from start to the first row."""
    from tests.benchmarks.plainly import NAME_QUESTIONS, pictures_of
    from xmm_cli.models.loading import location

    people = bases.make_people(folder / "people", 2, 2, 2)
    checkpoint = bases.make_checkpoint(people, "xmm-base", folder / "run", 4, "image").path
    first = pictures_of(str(people), "heldout")[0][0]
    own = [sys.executable, "-m", "xmm_cli", "probe", checkpoint, "--quiet", "--modality", "image"]
    bare = [sys.executable, "-c", SCRIPT, location("xmm-base"), checkpoint, first]
    ways = {
        "xmm": [*own, "--answer", "generate"],
        "plain": [*bare, NAME_QUESTIONS[0]],
    }
    given = {name: Way(f"{HERE}:until", {"words": words}) for name, words in ways.items()}
    laps = run(given, rounds=2)
    ours, plain = laps["xmm"], laps["plain"]
    answer = json.loads(ours.result)["answer"]
    if answer != plain.result.strip():
        raise RuntimeError(f"answers {answer!r} and {plain.result!r}")
    return Row(
        "first row of `probe`",
        f"{min(ours.cpu_s):.1f} s",
        f"{min(plain.cpu_s):.1f} s",
        (Figure("of the time", ratio(ours.cpu_s, plain.cpu_s), "≤", 1.3),),
        "the answer",
        (f"by wall clock {ratio(ours.wall_s, plain.wall_s)}",),
    )


def until(words: list[str]) -> Any:
    """The first line of the command's output; then it is ended."""

    def work() -> str:
        with subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            process.kill()
        return line

    return work
