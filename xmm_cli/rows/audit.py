"""The row that an audit of an unlearned model ends in."""

from typing import Annotated, Literal

from msgspec import Meta, Struct, field

from xmm_cli.rows.row import Row
from xmm_cli.rows.values import Label, Modality, Natural, NonEmpty, Source

AuditVerdict = Literal[
    "never learned", "erased", "suppressed", "leaking", "not erased", "over-forgotten", "undecided"
]
"""Of an audit; see `Audit`."""


class AttackResult(Struct, frozen=True, kw_only=True):
    """What is recalled of the forget set under one attack; shares of views, mean over persons."""

    attack: NonEmpty
    """The name of the attack, or `plain`."""
    before: float | None = None
    """The model before unlearning."""
    unlearned: float | None = None
    """The model that is audited."""
    reference: float | None = None
    """The retrained models together, or strangers."""
    difference: float | None = None
    """`unlearned` minus `reference`."""
    low: float | None = None
    """The interval of the difference that the equivalence test needs: 90 % for a level of 5 %."""
    high: float | None = None
    p: float | None = None
    """One-sided, of a difference beyond the margin on the side where it is (Holm)."""
    noise: float | None = None
    """By how much two retrained models differ."""
    within: bool = False
    """Whether the difference is shown to be within the margin."""
    persons: Natural = 0
    applicable: bool = True
    """Whether the attack works on the model before unlearning."""
    reason: str = ""
    """Why it is not applicable."""


class Audit(Row, frozen=True, kw_only=True, tag="audit"):
    """The verdict of an audit on an unlearned model, in one modality or as a whole.

    `xmm help audit` says when each verdict is given.
    """

    verdict: AuditVerdict
    modality: Modality | None
    """None: the whole, which has the worst verdict of both."""
    attack: str | None = None
    """The attack that decided, or that is hardest to decide on; `plain` is none."""
    objective: str
    """How the model was unlearned."""
    through: Source | None
    """The modality in which people were unlearned."""
    base: NonEmpty
    """The base of the models."""
    reference: Literal["retrained", "strangers"]
    """What the model is compared with."""
    retrained: Natural = 0
    """How many retrained models that is, at most, for each unlearned one."""
    margin: Annotated[float, Meta(gt=0, lt=1)]
    """Differences up to this count as none."""
    level: Annotated[float, Meta(gt=0, lt=1)]
    """The chance of a wrong verdict that each test allows."""
    persons: Natural
    """People in the forget set."""
    needed: Natural | None = None
    """If undecided: the number of people that would give a decision with a chance of 80 %, if
    nothing else changes."""
    before: float | None = None
    """Recall of the forget set before unlearning, plainly asked."""
    after: float | None = None
    """The same after unlearning."""
    retained_before: float | None = None
    """Recall of the retain set before unlearning."""
    retained_after: float | None = None
    """The same after unlearning."""
    earlier_before: float | None = None
    """Recall of those whom earlier runs were to forget, when that was done; None if that model was
    not asked."""
    earlier_after: float | None = None
    """The same at the end: more is a rebound."""
    attacks: tuple[AttackResult, ...] = ()
    """The plain question first."""
    models: dict[str, str | None] = field(default_factory=dict)
    """The folders of all models, each with a digest of its weights where it is at hand."""
    parents: tuple[str, ...] = ()
    """The runs that made the rows."""
    commands: tuple[str, ...] = ()
    """Their commands, where the rows tell them."""
    versions: dict[str, str] = field(default_factory=dict)
    """Versions of xmm and of the libraries in these runs."""
    condition: dict[str, Label] = field(default_factory=dict)
    """The labels of the audited model, seeds left out."""
    comment: str = ""
    """Why this verdict, in words."""
