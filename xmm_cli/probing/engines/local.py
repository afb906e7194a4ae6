"""The engine `transformers`: the model is loaded on this machine, with the checkpoint on it."""

from collections.abc import Callable, Iterator, Sequence

from xmm_cli.models.conversation import Conversations
from xmm_cli.models.loading import Precision, load_base
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.engines import Model
from xmm_cli.probing.probe import Subject, probe_batches
from xmm_cli.probing.questions import Question
from xmm_cli.rows.types import Probe


class LocalEngine:
    """The base that was asked last stays loaded for the next model."""

    def __init__(self, device: str | None, note: Callable[[str], None]) -> None:
        self.device, self.note = device, note
        self.bases: dict[tuple[str, Precision], Conversations] = {}

    def conversations(self, model: Model) -> Conversations:
        """Of a model's base. Raises as `load_base` does."""
        key = (model.base, model.precision)
        if key not in self.bases:
            self.bases.clear()
            self.bases[key] = Conversations(load_base(model.base, self.device, model.precision))
        return self.bases[key]

    def ask(
        self,
        model: Model,
        parts: Sequence[Sequence[Question]],
        settings: ProbeSettings,
        *,
        run: str,
    ) -> Iterator[list[Probe]]:
        """The rows of all batches. Raises as `load_base` and `probe_batches` do."""
        conversations = self.conversations(model)
        subject = Subject(conversations.base, model.checkpoint)
        return probe_batches(subject, parts, conversations, settings, run=run, note=self.note)
