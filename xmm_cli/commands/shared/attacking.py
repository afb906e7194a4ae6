"""Which attacks `xmm probe` makes on whom, and what each of them asks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from xmm_cli.errors import WrongUsage
from xmm_cli.flags import ASKED, DATA, Flag
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.attacks import ATTACKS, PLAIN, chosen
from xmm_cli.probing.questions import Question, Scope
from xmm_cli.rows.people import People
from xmm_cli.rows.run import RunRecorder
from xmm_cli.rows.types import Checkpoint

NAMES = [PLAIN, *ATTACKS.names()]


@dataclass(frozen=True, slots=True)
class Attacking:
    """The options of `xmm probe` about attacks."""

    attack: Annotated[
        str | None, Flag("Ask under attacks, by comma, or all: {known}.", ASKED, metavar="LIST")
    ] = None
    sets: Annotated[
        Path | None,
        Flag("Who is forgotten, and who is kept, is as in this checkpoint.", DATA, metavar="DIR"),
    ] = None

    def names(self) -> list[str]:
        """The attacks, by name. Raises `WrongUsage`."""
        return [PLAIN] if self.attack is None else chosen(self.attack)

    def whose_sets(self) -> Checkpoint | None:
        """The checkpoint of `--sets`. Raises `WrongUsage` where it has forgotten no one."""
        if self.sets is None:
            return None
        found = read_checkpoint(self.sets)
        if not found.forget:
            raise WrongUsage(f"--sets {self.sets}: it has no forget set", "name what was unlearned")
        return found

    def note(self, recorder: RunRecorder, sets: Checkpoint | None) -> None:
        """Let a run be known by the checkpoint of `--sets`."""
        if sets is not None:
            recorder.saw(sets)

    def arguments(self) -> dict[str, object]:
        """As the `run` row records them; which checkpoint has the sets is known by its row."""
        return {"attack": None if self.attack is None else self.names()}


def check_attack(attacking: Attacking, options: Any) -> None:
    """Refuse options of `xmm probe` with which no attack is made. Raises `WrongUsage`."""
    if attacking.attack is None:
        return
    asked = {
        "--trace": options.trace,
        f"--asking {options.asking}": options.asking != "plain",
        "--answer prefix": options.answer == "prefix",
        f"--task {options.task}": options.task not in ("name", "fact"),
        "a model that is not loaded here": options.answering.elsewhere,
    }
    for option, wrong in asked.items():
        if wrong:
            raise WrongUsage(f"--attack with {option}", "an attack asks for names or facts its way")
    if "hidden" in attacking.names() and options.shard is not None:
        raise WrongUsage("--attack hidden with --shard", "it reads everyone's states at once")


def questions_of(
    attack: str | None,
    people: People,
    scope: Scope,
    settings: ProbeSettings,
    asked: Checkpoint | None,
    together: Sequence[Checkpoint | None],
) -> list[Question]:
    """What a checkpoint is asked under an attack, beside others. Raises `CannotAttack`."""
    from xmm_cli.probing.questions import make_questions

    plain = list(make_questions(people, scope))
    if attack is None:
        return plain
    from xmm_cli.probing.attacks.attack import Around, Attack

    method: Attack = ATTACKS.load(attack)
    around = Around(
        [pair for pair in people if pair[0].role == scope.role],
        asked,
        asked if asked is not None and asked.forget else settings.sets,
        [other for other in together if other is not None],
        settings.seed,
    )
    return [replace(question, attack=attack) for question in method.ask(plain, around)]


def way_of(attack: str | None, settings: ProbeSettings) -> tuple[ProbeSettings, int]:
    """How questions are answered under an attack, and how many in a batch at most."""
    if attack is None:
        return settings, settings.batch_size
    from xmm_cli.probing.attacks.attack import Attack

    method: Attack = ATTACKS.load(attack)
    return method.over(settings, attack), EVERYTHING if method.at_once else settings.batch_size


EVERYTHING = 10**9
