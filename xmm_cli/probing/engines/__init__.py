"""Engines: what answers the questions of `xmm probe`. One file and one line here for each."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from xmm_cli.registry import Registry

if TYPE_CHECKING:
    from xmm_cli.models.loading import Precision
    from xmm_cli.probing.answering import ProbeSettings
    from xmm_cli.probing.questions import Question
    from xmm_cli.rows.types import Checkpoint, Probe

LOCAL, OPENAI = "transformers", "openai"

ENGINES = Registry(
    "engine",
    {
        LOCAL: ("xmm_cli.probing.engines.local:LocalEngine", "the model itself, on this machine"),
        OPENAI: ("xmm_cli.probing.engines.openai:OpenAIEngine", "a server, by the OpenAI protocol"),
    },
    "xmm.engines",
)


@dataclass(frozen=True, slots=True)
class Model:
    """What is asked: a base by its name, or a checkpoint on it, in a precision."""

    base: str
    checkpoint: "Checkpoint | None"
    precision: "Precision"


class Engine(Protocol):
    """Answers questions. What it loads for one model may serve the next."""

    def __init__(self, device: str | None, note: Callable[[str], None]) -> None:
        """`note` tells the user something."""

    def ask(
        self, model: Model, parts: "Sequence[Sequence[Question]]", settings: "ProbeSettings", *,
        run: str,
    ) -> "Iterator[list[Probe]]":  # fmt: skip
        """The rows of all batches, in order, as soon as they are answered.

        Raises `WrongUsage` where the settings ask for what it cannot do, `Unavailable`.
        """
        ...
