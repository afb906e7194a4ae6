"""Ranking 50 names by a model that knows some of them: contenders alone beside all candidates.

`xmm probe` reads only candidates that may lie before the right one; the other way is the whole tree
of `tests.benchmarks.ranking`, which a log-probability of every name needs. Both find the same ranks
of the right names, in pictures and in descriptions.
"""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.benchmarks import bases, plainly
from tests.benchmarks.race import Way, ratio, run
from tests.benchmarks.row import Figure, Row
from xmm_cli.models.checkpoint import read_checkpoint
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.loading import load_base
from xmm_cli.personas.sampling import sample_identities
from xmm_cli.probing.probe import Subject

HERE = "tests.benchmarks.contenders"
PEOPLE, NAMES, STEPS = 8, 50, 80
_OPEN = ExitStack()
"""What stays open for as long as a way's process lives."""


def row(folder: Path) -> Row:
    """On the shipped base."""
    people = bases.make_people(folder / "people", PEOPLE, 3, 2)
    checkpoint = bases.make_checkpoint(people, "xmm-base", folder / "run", STEPS, "image")
    given = {"people": str(people), "checkpoint": checkpoint.path}
    laps = run({name: Way(f"{HERE}:{name}", given) for name in ("contenders", "all_")}, rounds=2)
    ours, plain = laps["contenders"], laps["all_"]
    if ours.result != plain.result:
        raise RuntimeError(f"different ranks: {ours.result} and {plain.result}")
    views = len(ours.result)
    return Row(
        "ranks by a model that was taught, 50 names",
        f"{views / min(ours.cpu_s):.0f} views/s",
        f"{views / min(plain.cpu_s):.0f} views/s",
        (Figure("faster", ratio(plain.cpu_s, ours.cpu_s), "≥", 2.0),),
        f"{views} ranks, {sum(one == 1 for one in ours.result)} of them first",
        (f"by wall clock {ratio(plain.wall_s, ours.wall_s)}; the other way is xmm's whole tree",),
    )


def _prepared(people: str, checkpoint: str) -> Any:
    base = load_base("xmm-base", "cpu")
    known = bases.read_people(Path(people))
    others = [one.name for one in sample_identities(NAMES - PEOPLE, 0, 11)]
    names = [*(persona.name for persona, _ in known), *others]
    conversations = Conversations(base)
    prompts, rights = [], []
    for right, (persona, folder) in enumerate(known):
        shown = [Context(image=folder / one.path) for one in persona.images]
        told = [Context(text=one.text) for one in persona.texts]
        for context in [*shown[-2:], *told[-2:]]:
            prompts.append(conversations.encode(context, plainly.NAME_QUESTIONS[0]))
            rights.append(right)
    model = _OPEN.enter_context(Subject(base, read_checkpoint(Path(checkpoint))).model())
    return base, model, prompts, conversations, names, rights


def _ranks(found: Any, rights: list[int]) -> list[int]:
    from xmm_cli.models.decoding.rank import rank_of

    return [rank_of(one, right) for one, right in zip(found, rights, strict=True)]


def contenders(people: str, checkpoint: str) -> Any:
    """As `xmm probe` ranks; features are known."""
    from xmm_cli.models.decoding.pruned import read_contenders
    from xmm_cli.models.decoding.rank import path_sums
    from xmm_cli.models.decoding.tree import build_tree

    base, model, prompts, conversations, names, rights = _prepared(people, checkpoint)

    def work() -> list[int]:
        tree = build_tree([conversations.answer_ids(name) for name in names])
        read = read_contenders(base, model, prompts, tree, rights)
        return _ranks(path_sums(read.steps, tree), rights)

    return work


def all_(people: str, checkpoint: str) -> Any:
    """The log-probability of every name."""
    from tests.candidates import candidate_logprobs
    from xmm_cli.models.decoding.tree import build_tree

    base, model, prompts, conversations, names, rights = _prepared(people, checkpoint)

    def work() -> list[int]:
        tree = build_tree([conversations.answer_ids(name) for name in names])
        return _ranks(candidate_logprobs(base, model, prompts, tree), rights)

    return work
