"""Written by `python -m xmm_cli.completion`: the options of the commands as keywords."""

from pathlib import Path
from typing import Literal

from xmm_cli.api import Rows as Rows
from xmm_cli.api import RowsOrFiles as RowsOrFiles
from xmm_cli.api import findings as findings
from xmm_cli.api import read_rows as read_rows
from xmm_cli.api import to_pandas as to_pandas
from xmm_cli.errors import BadData as BadData
from xmm_cli.errors import BadPicture as BadPicture
from xmm_cli.errors import CannotWrite as CannotWrite
from xmm_cli.errors import Doubtful as Doubtful
from xmm_cli.errors import GateTripped as GateTripped
from xmm_cli.errors import InputNotFound as InputNotFound
from xmm_cli.errors import LeftOut as LeftOut
from xmm_cli.errors import Unavailable as Unavailable
from xmm_cli.errors import WorkFailed as WorkFailed
from xmm_cli.errors import WrongUsage as WrongUsage
from xmm_cli.errors import XmmError as XmmError
from xmm_cli.rows.types import Audit as Audit
from xmm_cli.rows.types import Checkpoint as Checkpoint
from xmm_cli.rows.types import Finding as Finding
from xmm_cli.rows.types import Persona as Persona
from xmm_cli.rows.types import Probe as Probe
from xmm_cli.rows.types import Run as Run
from xmm_cli.rows.types import Score as Score
from xmm_cli.rows.types import Trace as Trace

__version__: str
COMMANDS: tuple[str, ...]
PLACES: dict[str, tuple[str, ...]]

def gen_personas(
    *,
    out: str | Path,
    people: int = 50,
    aux: int = 0,
    views: int = 16,
    heldout: int = 8,
    from_: tuple[str, str | Path] | None = None,
    lone_view: Literal["both", "train"] = "both",
    describe: str | None = None,
    size: int | None = None,
    renderer: str = "avatar",
    model: str | None = None,
    identity: str = "auto",
    ip_adapter: str | None = None,
    negative: str | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    faces: bool = False,
    batch_size: int = 4,
    processes: int | None = None,
    device: str | None = None,
    sheet: str | Path | None = None,
    plan: bool = False,
    seed: int = 0,
    quiet: bool = True,
) -> Rows[Persona]:
    """Make people who do not exist, or import some: names, looks, facts, pictures, descriptions."""

def train(
    inputs: RowsOrFiles = None,
    *,
    source: Literal["image", "text", "both"] = "text",
    base: str = "xmm-base",
    mitigation: str | None = None,
    aux: int | None = None,
    shuffle_names: bool = False,
    views: int | None = None,
    facts: bool = False,
    steps: int = 300,
    epochs: float | None = None,
    batch_size: int = 16,
    lr: float = 0.002,
    rank: int = 16,
    alpha: float | None = None,
    save_every: int | None = None,
    adapter: Literal["lora", "dora", "full"] | None = None,
    train: Literal["language", "projector", "vision+projector"] | None = None,
    dtype: Literal["auto", "bfloat16", "float32"] | None = None,
    quantize: Literal["4bit"] | None = None,
    gradient_checkpointing: bool = False,
    seed: int = 0,
    set: list[str] | None = None,
    init: str | Path | None = None,
    only: str | None = None,
    rehearse: bool = False,
    out: str | Path | None = None,
    overwrite: bool = False,
    merge: str | Path | None = None,
    log_to: Literal["tensorboard", "trackio"] | None = None,
    device: str | None = None,
    quiet: bool = True,
) -> Rows[Checkpoint]:
    """Teach a vision-language model people in one modality."""

def unlearn(
    inputs: RowsOrFiles = None,
    *,
    method: str = "npo",
    through: Literal["image", "text", "both"] = "both",
    forget: str = "8",
    retain: str | None = None,
    fact: str | None = None,
    views: int | None = None,
    steps: int = 100,
    batch_size: int = 16,
    lr: float = 0.003,
    gate: float = 0.9,
    save_every: int | None = None,
    utility_floor: float | None = None,
    gradient_checkpointing: bool = False,
    seed: int = 0,
    set: list[str] | None = None,
    personas: str | Path | None = None,
    base: str | None = None,
    out: str | Path | None = None,
    overwrite: bool = False,
    plan: bool = False,
    device: str | None = None,
    quiet: bool = True,
) -> Rows[Checkpoint]:
    """Make a trained model forget some people through one modality."""

def probe(
    inputs: RowsOrFiles = None,
    *,
    modality: str = "image,text",
    task: str = "name",
    split: Literal["heldout", "train"] = "heldout",
    answer: Literal["generate", "rank", "both", "prefix"] = "both",
    tokens: bool = False,
    asking: Literal["plain", "describe-first", "name-first", "hop-by-hop"] = "plain",
    attack: str | None = None,
    sets: str | Path | None = None,
    views: int | None = None,
    control: Literal["blank", "swapped"] | None = None,
    trace: bool = False,
    role: Literal["eval", "aux"] = "eval",
    personas: str | Path | None = None,
    base: str | None = None,
    untrained: bool = False,
    label: list[str] | None = None,
    max_new_tokens: int | None = None,
    batch_size: int = 32,
    dtype: Literal["auto", "bfloat16", "float32"] | None = None,
    quantize: Literal["4bit", "none"] | None = None,
    shard: str | None = None,
    engine: str = "transformers",
    url: str | None = None,
    model: str | None = None,
    concurrency: int = 8,
    timeout: float = 120.0,
    retries: int = 6,
    max_requests: int | None = None,
    plan: bool = False,
    questions: bool = False,
    answers: str | Path | None = None,
    resume: str | Path | None = None,
    device: str | None = None,
    seed: int = 0,
    quiet: bool = True,
) -> Rows[Probe]:
    """Ask a model about people, in either modality."""

def score(
    inputs: RowsOrFiles = None,
    *,
    by: str | None = None,
    metric: str | None = None,
    against: str | None = None,
    level: float = 0.95,
    resamples: int = 9999,
    seed: int = 0,
    quiet: bool = True,
) -> Rows[Score]:
    """Turn answers into recall, memory and transfer, with intervals over people."""

def report(
    inputs: RowsOrFiles = None,
    *,
    by: str | None = None,
    resamples: int = 9999,
    fail_if: list[str] | None = None,
    audit: bool = False,
    margin: float = 0.1,
    findings: bool = False,
    plot: str | None = None,
    figure: str | None = None,
    html: str | Path | None = None,
    card: str | Path | None = None,
    sql: str | None = None,
    timeout: float | None = None,
    to: str | Path | None = None,
    format: str = "table",
    quiet: bool = True,
) -> str:
    """Show what was learned, what crosses to the other modality, and how sure that is."""
