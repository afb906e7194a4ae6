"""`xmm probe` of a model that is not loaded here: what goes with it, and what it would cost."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from xmm_cli import processes
from xmm_cli.commands.shared.signature import GivenOptions, refuse
from xmm_cli.console import say
from xmm_cli.errors import InputNotFound, WrongUsage
from xmm_cli.flags import DATA, HARDWARE, OUTPUT, SERVED, Flag
from xmm_cli.probing.engines import ENGINES, LOCAL, OPENAI, Engine
from xmm_cli.probing.engines.address import Config, checked_url, is_open, key_from_environment
from xmm_cli.probing.engines.chat_request import most_tokens, said
from xmm_cli.rows.types import Label
from xmm_cli.rows.writer import RowWriter

if TYPE_CHECKING:
    from xmm_cli.probing.answering import ProbeSettings
    from xmm_cli.probing.questions import Question

OF_SERVER = frozenset({"url", "concurrency", "timeout_s", "retries", "max_requests"})
LOADED = frozenset({"base", "untrained", "dtype", "quantize", "device", "trace", "batch_size"})
"""Options about a model that is loaded here."""
CHARACTERS_PER_TOKEN = 4
"""Of English text, about."""


@dataclass(frozen=True, slots=True)
class Answering:
    """What answers: a model that is loaded here, a served one, or a file."""

    engine: Annotated[str, Flag("What answers: {known}.", HARDWARE, metavar="NAME")] = LOCAL
    server: Config = field(default_factory=Config)
    plan: Annotated[bool, Flag("Say how many requests it would be; send none.", SERVED)] = False
    questions: Annotated[
        bool, Flag("Write the questions, not rows; with --engine openai a batch file.", OUTPUT)
    ] = False
    answers: Annotated[
        Path | None, Flag("Make rows of the answers in FILE.", DATA, metavar="FILE")
    ] = None

    @property
    def elsewhere(self) -> bool:
        """Whether no model is loaded here."""
        return self.engine == OPENAI or self.questions or self.answers is not None

    @property
    def how(self) -> str:
        """The option that says what answers."""
        if self.answers is not None:
            return "--answers"
        return "--questions" if self.questions else f"--engine {self.engine}"

    def name(self, inputs: Sequence[str], base: str | None) -> str | None:
        """The model that is asked where no INPUT names one."""
        return base if inputs or not self.elsewhere else self.server.model or "unnamed"

    def labels(self) -> dict[str, Label]:
        """What tells its rows from those of a model that is loaded here."""
        labels: dict[str, Label] = {}
        if self.answers is not None:
            labels["engine"] = "file"
        elif self.engine != LOCAL:
            labels["engine"] = self.engine
        if self.server.model is not None:
            labels["model"] = self.server.model
        return labels

    def arguments(self) -> dict[str, object]:
        """As the `run` row records them: an address may be no one's business.

        Raises `InputNotFound`.
        """
        engine = None if self.engine == LOCAL else self.engine
        digest = None
        if self.answers is not None:
            try:
                with self.answers.open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()[:12]
            except OSError as error:
                raise InputNotFound(f"{self.answers}: {error.strerror}") from error
        return {"engine": engine, "model": self.server.model, "answers": digest}

    def make(self, device: str | None, goes_on: bool) -> Engine:
        """The engine, which loads what it needs; `goes_on`: there are rows of an earlier run."""
        if self.answers is not None:
            from xmm_cli.probing.engines.by_file import AnswersEngine, read_answers

            return AnswersEngine(read_answers(self.answers), self.answers, say.warn)
        more = (self.server, goes_on) if self.engine == OPENAI else ()
        engine: Engine = ENGINES.load(self.engine)(device, say.warn, *more)
        return engine


def check_answering(
    chosen: Answering,
    inputs: Sequence[str],
    personas: Path | None,
    settings: "ProbeSettings",
    given: GivenOptions,
) -> None:
    """Refuse what does not go with a model that is elsewhere, and its options without it."""
    ENGINES.check(chosen.engine)
    if not chosen.elsewhere:
        refuse(given, OF_SERVER | {"model", "plan"}, "without --engine openai", "nothing is sent")
        return
    how = chosen.how
    _check_asking(settings, given, how)
    if chosen.questions and chosen.answers is not None:
        raise WrongUsage("--questions with --answers", "first ask, then read what came back")
    if chosen.questions and chosen.engine != OPENAI:
        refuse(given, {"model"}, "with --questions", "it is for --engine openai, a batch file")
    if chosen.answers is not None:
        refuse(given, {"engine"}, "with --answers", "the file answers")
    if chosen.questions or chosen.answers is not None:
        refuse(given, OF_SERVER | {"resume", "plan"}, f"with {how}", "nothing is sent")
    else:
        if chosen.server.url is None:
            raise WrongUsage("--engine openai without --url", "give it, up to /v1")
        url = checked_url(chosen.server.url)
        if key_from_environment() and is_open(url):
            say.warn(f"{url}: the key is sent without encryption; give an https address")
    if chosen.server.model is None and (not chosen.questions or chosen.engine == OPENAI):
        raise WrongUsage(f"{how} without --model", "name the model that answers")
    if not inputs and personas is None:
        raise WrongUsage(f"{how} without an INPUT", "name the people with --personas")


def _check_asking(settings: "ProbeSettings", given: GivenOptions, how: str) -> None:
    """Refuse what only a model that is loaded here can be asked."""
    refuse(given, LOADED, f"with {how}", "no model is loaded here")
    if settings.answers != ("generate",) or settings.tokens:
        hint = "it gives answers, no log-probabilities: leave --answer and --tokens out"
        raise WrongUsage(f"anything but --answer generate with {how}", hint)
    if settings.asking != "plain":
        raise WrongUsage(f"--asking {settings.asking} with {how}", "it is asked in one turn")
    if processes.count() > 1:
        raise WrongUsage(f"{how} in several processes", "give --concurrency instead")


def check_single(chosen: Answering, models: int) -> None:
    """Refuse several models, where a single one is asked."""
    if chosen.elsewhere and models > 1:
        raise WrongUsage(f"{chosen.how} with {models} checkpoints", "give a single one")


def write_questions(
    questions: Sequence["Question"], settings: "ProbeSettings", chosen: Answering
) -> None:
    """Write what would be asked to stdout: plainly, or as a batch of the engine `openai`."""
    from xmm_cli.probing.engines.by_file import batch_lines, question_lines

    lines = question_lines(questions, settings)
    if chosen.engine == OPENAI:
        lines = batch_lines(questions, chosen.server.model or "", settings)
    writer = RowWriter()
    for line in lines:
        writer.write_raw(line)


def tell_plan(questions: Sequence["Question"], settings: "ProbeSettings") -> None:
    """Say how many requests and tokens the questions would be."""
    pictures = sum(one.context.image is not None for one in questions)
    characters = sum(len(said(one.context, one.asked.question)) for one in questions)
    written = sum(most_tokens(one, settings) for one in questions)
    say.note(
        f"plan: {len(questions):,} requests, those not counted that are sent again; to read about "
        f"{characters // CHARACTERS_PER_TOKEN:,} tokens of text and {pictures:,} pictures; to "
        f"write at most {written:,} tokens"
    )
