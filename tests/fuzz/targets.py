"""What is fuzzed: each target reads spoiled input and may raise an `XmmError`, and nothing else.

A target is called with a `random.Random` and a folder of its own, which is the only place where it
may write. What it needs that is dear (a base, people) is made once, by `ready`.
"""

import io
import json
import os
import pickle
import random
import re
import shutil
import signal
import struct
import sys
import zlib
from collections.abc import Callable
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from tests.fuzz import imported
from tests.fuzz.spoil import NAMES, ODD_VALUES, spoil, value
from tests.fuzz.watch import Hurt
from xmm_cli.console import Console, say
from xmm_cli.errors import ExitCode, XmmError
from xmm_cli.personas.importing import IMPORTERS
from xmm_cli.rows.reader import read_rows
from xmm_cli.rows.types import ROW_TYPES, Persona, Probe, Row, Score
from xmm_cli.rows.writer import encode

Target = Callable[[random.Random, Path], None]

CODES = {int(code) for code in ExitCode}
CONTROLS = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
SECRET = "xyzzy-secret-of-another-file"


def persona(rng: random.Random) -> Persona:
    """A whole persona row, sometimes with names that wish to harm."""

    def word(usual: str) -> str:
        return (rng.choice(NAMES) or "x") if rng.random() < 0.15 else usual

    return msgspec.convert(
        {
            "kind": "persona",
            "id": word(f"e0-{rng.randrange(9):03d}"),
            "name": word("Ann Lee"),
            "role": rng.choice(("eval", "eval", "aux")),
            "attributes": {"hair": word("red"), word("eyewear"): "none"},
            "facts": {"city": word("Oslo")},
            "images": [{"path": word("a.png"), "view": 0, "split": "heldout"}],
            "texts": [
                {"text": word("Someone with red hair."), "view": view, "split": split}
                for view, split in enumerate(("train", "heldout"))
            ],
        },
        Persona,
    )


def probe(rng: random.Random) -> Probe:
    """A whole probe row."""
    source = rng.choice(("image", "text"))
    return Probe(
        checkpoint=f"runs/{source}" if rng.random() < 0.9 else None,
        base="xmm-base",
        source=source,
        modality=rng.choice(("image", "text")),
        task="name",
        persona=f"e0-{rng.randrange(5):03d}",
        role="eval",
        view=rng.randrange(4),
        split="heldout",
        question="Who is this?",
        expected="Ann Lee",
        answer=rng.choice(("Ann Lee", "Bo", *NAMES)),
        correct=rng.random() < 0.5,
        rank=rng.randint(1, 4),
        candidates=4,
        logprob=-rng.random(),
        condition={"views": 2, "seed": rng.randrange(3)},
    )


def score(rng: random.Random) -> Score:
    """A whole score row, sometimes with labels that wish to harm."""
    label = rng.choice((*NAMES, "plain", 3, 1.5, True))
    return Score(
        metric=rng.choice(("recall", "transfer_gap", *NAMES)) or "recall",
        answer="generate",
        source=rng.choice(("image", "text", None)),
        modality=rng.choice(("image", "text", None)),
        task="name",
        value=rng.choice((0.5, None, 1e308, -1.0)),
        low=rng.choice((0.4, None)),
        high=rng.choice((0.6, None)),
        level=0.95,
        n=8,
        personas=4,
        method=rng.choice(NAMES),
        condition={rng.choice((*NAMES, "base")): label},
    )


MAKE: tuple[Callable[[random.Random], Row], ...] = (persona, probe, score)


def read(rng: random.Random, home: Path) -> None:
    """Rows from a file, of whatever kind is wanted."""
    lines = b"".join(encode(rng.choice(MAKE)(rng)) for _ in range(rng.randint(1, 3)))
    path = home / "rows.jsonl"
    path.write_bytes(spoil(rng, lines))
    want = (rng.choice(ROW_TYPES),) if rng.random() < 0.3 else ROW_TYPES
    for found in read_rows([path], want=want):
        encode(found.row)


def names(rng: random.Random, home: Path) -> None:
    """Names and labels in notes and in every form of table."""
    from xmm_cli.reporting import FORMATS, render

    stream = io.StringIO()
    Console(stream).warn("".join(rng.choices(NAMES, k=2)))
    if CONTROLS.search(stream.getvalue().rstrip("\n")):
        raise Hurt(f"a note with controls: {stream.getvalue()!r}")
    rows = [score(rng) for _ in range(rng.randint(1, 4))]
    form = rng.choice(list(FORMATS.names()))
    shown = render(rows, form, width=rng.choice((20, 80)), colour=False)
    if form in ("table", "markdown") and CONTROLS.search(shown):
        raise Hurt(f"a {form} with controls: {shown!r}")


@contextmanager
def _streams() -> Any:
    """Stdout and stderr in memory."""
    kept = sys.stdout, sys.stderr, signal.getsignal(signal.SIGTERM)
    sys.stdout = io.TextIOWrapper(io.BytesIO(), "utf-8")
    sys.stderr = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    try:
        yield sys.stdout.buffer, sys.stderr.buffer
    finally:
        sys.stdout, sys.stderr = kept[:2]
        signal.signal(signal.SIGTERM, kept[2])
        say.quiet = False


def _call(*words: object) -> None:
    """A whole command in this process: a code of the table, and one line of failure at the most."""
    from xmm_cli.app import main

    with _streams() as (out, err):
        code = main([str(word) for word in words])
        sys.stdout.flush()
        sys.stderr.flush()
        said, data = err.getvalue().decode(), out.getvalue()
    failures = [line for line in said.splitlines() if line.startswith(("xmm ", "Error: "))]
    if code not in CODES or "a defect of xmm" in said or "Traceback" in said:
        raise Hurt(f"code {code}: {said}")
    if len(failures) != (code != 0) or CONTROLS.search(said.replace("\n", "")):
        raise Hurt(f"code {code}, not one line: {said!r}")
    if SECRET in said or SECRET.encode() in data:
        raise Hurt("what stands in another file came out")


def _rows(rng: random.Random, home: Path, make: Callable[[random.Random], Row]) -> Path:
    lines = [encode(make(rng)) for _ in range(rng.randint(4, 16))]
    for number in range(len(lines)):
        if rng.random() < 0.1:
            lines[number] = value(rng, lines[number]) + b"\n"
    path = home / "rows.jsonl"
    path.write_bytes(b"".join(lines))
    return path


def score_command(rng: random.Random, home: Path) -> None:
    """`xmm score` on rows with odd values."""
    by = rng.choice(([], ["--by", "views"], ["--by", "seed,views"]))
    _call("score", _rows(rng, home, probe), "--resamples", 100, *by)


def report_command(rng: random.Random, home: Path) -> None:
    """`xmm report` on rows with odd values."""
    form = rng.choice(("table", "markdown", "csv", "json", "jsonl"))
    make = rng.choice((probe, score, score))
    extra = ["--findings"] if make is probe and rng.random() < 0.3 else []
    _call("report", _rows(rng, home, make), "--format", form, *extra)


def forget(rng: random.Random, home: Path) -> None:
    """What `--forget` may be: a number, a share, ids, a file of them."""
    from xmm_cli.training.forget_set import choose_forget, choose_retain

    ids = ["e0-000", "e0-001", "e0-002", "e0-003"]
    people = [(msgspec.structs.replace(persona(rng), id=one, role="eval"), home) for one in ids]
    path = home / "ids"
    good = "\n".join(rng.sample(ids, 2)).encode()
    path.write_bytes(good if rng.random() < 0.3 else spoil(rng, good))
    odd = (*NAMES, "8", "0.5", "e0-000", "-1", "1e400", "1" * 5000, "٣", "²", str(home), str(path))
    wanted = str(path) if rng.random() < 0.4 else rng.choice((*odd, "e0-000,e0-001", "x" * 5000))
    gone = choose_forget(people, wanted, 0)
    choose_retain(people, gone, rng.choice(odd), 0)


def request(rng: random.Random, home: Path) -> None:
    """A data set's `request.json`."""
    from xmm_cli.personas.dataset import claim_folder
    from xmm_cli.personas.request import Request

    good = msgspec.json.encode(Request(people=2))
    (home / "request.json").write_bytes(
        spoil(rng, good) if rng.random() < 0.7 else value(rng, good)
    )
    claim_folder(Request(people=2), home)


def png(width: int, height: int, data: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@cache
def _pictures() -> tuple[bytes, ...]:
    """Good ones in each format, bombs, and what is no picture."""
    from PIL import Image

    found = []
    picture = Image.linear_gradient("L").resize((24, 24)).convert("RGB")
    for form in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "EPS", "PPM", "ICO"):
        buffer = io.BytesIO()
        picture.save(buffer, form)
        found.append(buffer.getvalue())
    found += [png(60_000, 60_000, bytes(10_000)), png(9_000, 9_000, bytes(99)), png(0, 0, b"")]
    found += [png(2**31 - 1, 2, b"x"), b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nquit\n"]
    found += [pickle.dumps(_Bomb()), b"<svg/>", b"", b"%PDF-1.4", SECRET.encode()]
    return tuple(found)


class _Bomb:
    """Tells on whoever unpickles it."""

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return os.mkdir, ("/nowhere/at/all",)


def picture(rng: random.Random, home: Path) -> None:
    """Pictures that are none, or too much, or somewhere else."""
    from xmm_cli.rows.pictures import MOST_PIXELS, read_picture

    path = home / "a.png"
    data = rng.choice(_pictures())
    path.write_bytes(data if rng.random() < 0.3 else spoil(rng, data))
    os.mkfifo(home / "fifo")
    (home / "link.png").symlink_to(rng.choice(("a.png", "/dev/zero", "fifo", "link.png", "/")))
    places = [path, path, path, home / "link.png", home / "fifo", home, Path("/dev/zero")]
    places += [Path(rng.choice(NAMES) or "x"), home / ("x" * 300)]
    found = read_picture(rng.choice(places))
    if found.mode != "RGB" or found.width * found.height > MOST_PIXELS:
        raise Hurt(f"a picture of {found.size}, {found.mode}")


@cache
def _ready() -> tuple[Any, Path]:
    """The smallest base, and a folder with a whole checkpoint on it."""
    import tempfile

    from tests.fuzz.taught import teach_a_little

    return teach_a_little(Path(tempfile.mkdtemp(prefix="xmm-fuzz-")))


def ready() -> None:
    """Make what is dear, before anything is watched."""
    import atexit

    import peft  # noqa: F401
    import pyarrow.parquet  # noqa: F401
    import scipy.stats  # noqa: F401

    _pictures()
    atexit.register(shutil.rmtree, _ready()[1].parent, ignore_errors=True)


def checkpoint(rng: random.Random, home: Path) -> None:
    """A checkpoint's row, and where it leads."""
    from xmm_cli.models.checkpoint import read_checkpoint

    folder = Path(shutil.copytree(_ready()[1], home / "run"))
    row = json.loads((folder / "xmm.json").read_bytes())
    if rng.random() < 0.5:
        row[rng.choice(("path", "personas", "base"))] = rng.choice(NAMES)
    data = json.dumps(row).encode() + b"\n"
    (folder / "xmm.json").write_bytes(data if rng.random() < 0.4 else spoil(rng, data))
    found = read_checkpoint(folder)
    for place in (found.path, found.personas):
        if not Path(os.path.abspath(place)).is_relative_to(folder):  # noqa: PTH100
            raise Hurt(f"a checkpoint that leads to {place}")
    for one in read_rows([found.personas], want=(Persona,)):
        encode(one.row)


_HOSTILE: dict[str, tuple[Any, ...]] = {
    "peft_type": ("PROMPT_TUNING", "LOHA", "XLORA", None),
    "auto_mapping": ({"base_model_class": "system", "parent_library": "os"},),
    "base_model_name_or_path": ("/etc", "../..", "nobody/nothing", 7),
    "megatron_config": ({"a": 1},),
    "megatron_core": ("os", "antigravity", 3),
    "target_modules": ("all-linear", "(a+)+$", ".*", ["x"], [], 7, [[7]]),
    "exclude_modules": ("(.*)*$",),
    "r": (0, -1, 10**9, "8", 8.5, True, 3, 10**30),
    "rank_pattern": ({"(a+)+$": 8},),
    "init_lora_weights": ("pissa", "olora", "loftq", "eva", False),
    "layer_replication": ([[0, 100000]],),
    "modules_to_save": (["lm_head"],),
    "task_type": ("SEQ_CLS", 7, [1]),
    "lora_alpha": ("x", None, 1e999),
    "use_dora": (True, "yes"),
    "runtime_config": ({"ephemeral_gpu_offload": True},),
    "never_heard_of": ({"a": 1}, "x"),
    "trainable_token_indices": ([0, 10**9],),
}


def adapter(rng: random.Random, home: Path) -> None:
    """An adapter's folder: its configuration, its weights, pickles in their place."""
    from xmm_cli.models.adapters.lora import load_adapter, remove_adapter

    conversations, whole = _ready()
    folder = Path(shutil.copytree(whole, home / "run"))
    config, weights = folder / "adapter_config.json", folder / "adapter_model.safetensors"
    kind = rng.choice(("config", "config", "config", "bytes", "weights", "weights", "pickle"))
    if kind == "config":
        found = json.loads(config.read_bytes())
        name = rng.choice(list(_HOSTILE) + list(found))
        found[name] = rng.choice(_HOSTILE.get(name, ODD_VALUES))
        config.write_text(json.dumps(found))
    elif kind == "bytes":
        config.write_bytes(spoil(rng, config.read_bytes()))
    elif kind == "weights":
        data = weights.read_bytes()
        weights.write_bytes(_spoiled_weights(rng, data))
    else:
        bomb = pickle.dumps(_Bomb())
        (folder / "adapter_model.bin").write_bytes(bomb)
        weights.write_bytes(bomb) if rng.random() < 0.5 else weights.unlink()
    model = load_adapter(conversations.base, folder)
    remove_adapter(model)


def _spoiled_weights(rng: random.Random, data: bytes) -> bytes:
    """Cut, noise, or a header that lies about shapes and places."""
    size = int.from_bytes(data[:8], "little")
    head, body = data[8 : 8 + size], data[8 + size :]
    how = rng.randrange(5)
    if how == 0:
        return spoil(rng, data)
    if how == 1:
        return rng.choice((2**63, 0, size + 5)).to_bytes(8, "little") + head + body
    found = json.loads(head)
    name = rng.choice([one for one in found if one != "__metadata__"])
    if how == 2:
        found[name]["shape"] = rng.choice(([1], found[name]["shape"][::-1], [2**40, 2**40], [-1]))
    elif how == 3:
        found[f"{name}.more" if rng.random() < 0.5 else rng.choice(NAMES)] = found.pop(name)
    else:
        found[name]["dtype"] = rng.choice(("F64", "I8", "BOOL", "X", 7))
    head = json.dumps(found).encode()
    return len(head).to_bytes(8, "little") + head + body


def people(rng: random.Random, home: Path) -> None:
    """Persona rows up to the tokens a model would get, and the questions asked about them."""
    from xmm_cli.models.settings import TrainSettings
    from xmm_cli.probing.questions import Scope, make_questions
    from xmm_cli.training.examples import build_examples

    conversations, _ = _ready()
    data = rng.choice(_pictures())
    (home / "a.png").write_bytes(data)
    rows = home / "rows.jsonl"
    line = encode(persona(rng))
    rows.write_bytes(value(rng, line) if rng.random() < 0.7 else line)
    read_in = [(one.row, one.folder) for one in read_rows([rows], want=(Persona,))]
    settings = TrainSettings(source=rng.choice(("text", "both")), facts=rng.random() < 0.5)
    with suppress(XmmError):
        build_examples(read_in, settings, conversations)
    for question in make_questions(read_in, Scope(seed=0)):
        conversations.encode(question.context, question.asked.question)


def _importer(form: str) -> Target:
    tables = dict.fromkeys(("imagefolder", "jsonl", "csv", "parquet"), imported.table)
    make = {**tables, "folders": imported.folders}.get(form, imported.published)

    def target(rng: random.Random, home: Path) -> None:
        make(form, rng, home, _pictures(), _call)

    target.__name__ = form
    return target


TARGETS: dict[Target, int] = {
    read: 788,
    names: 60,
    forget: 40,
    request: 30,
    picture: 40,
    checkpoint: 15,
    adapter: 5,
    people: 5,
    score_command: 2,
    report_command: 3,
    **{_importer(form): 2 for form in IMPORTERS.names()},
}
"""Each target, and of a thousand cases how many are its."""
