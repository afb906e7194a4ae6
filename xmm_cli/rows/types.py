"""The rows that commands pass to each other: one frozen struct per kind.

A row is one JSON object on one line. `kind` tells the type, `schema` its version, `run` the id of
the `run` row that has the rest of its provenance. Fields that a row does not know are ignored.
"""

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from xmm_cli.rows.audit import Audit
from xmm_cli.rows.row import SCHEMA as SCHEMA
from xmm_cli.rows.row import Row
from xmm_cli.rows.values import (
    Answer,
    ForgetOrRetain,
    Inside,
    Label,
    Modality,
    Natural,
    NonEmpty,
    Positive,
    Role,
    Source,
    Split,
    Task,
    Unit,
    Verdict,
)

MODALITIES: tuple[Modality, ...] = ("image", "text")


class ImageView(Struct, frozen=True, kw_only=True):
    """One picture of a persona; a relative path counts from the file that holds the row."""

    path: NonEmpty
    view: Natural
    split: Split


class TextView(Struct, frozen=True, kw_only=True):
    """One written description of a persona."""

    text: NonEmpty
    view: Natural
    split: Split


class Persona(Row, frozen=True, kw_only=True, tag="persona"):
    """A synthetic individual."""

    id: NonEmpty
    """Tells the people of one data set apart."""
    dataset: str | None = None
    """The fingerprint of the data set: an id alone occurs in many. None in rows of
    earlier versions."""
    name: NonEmpty
    """The right answer to the task `name`."""
    role: Role
    """`eval`: a person to measure; `aux`: for mitigations and controls."""
    attributes: dict[str, str] = field(default_factory=dict)
    """What is visible, such as the hair colour."""
    facts: dict[str, str] = field(default_factory=dict)
    """What is not visible and belongs to the name, such as the city."""
    images: tuple[ImageView, ...] = ()
    """The pictures."""
    texts: tuple[TextView, ...] = ()
    """The descriptions."""


class Checkpoint(Row, frozen=True, kw_only=True, tag="checkpoint"):
    """A trained adapter: where it is and what made it."""

    path: NonEmpty
    """The folder of the checkpoint."""
    base: NonEmpty
    """The model that was trained: a shipped name, a folder or a hub id."""
    revision: str | None = None
    """The fingerprint of the base's weights: an adapter is refused on any other."""
    source: Source
    """The modality in which the people were learned."""
    personas: NonEmpty
    """The file of persona rows it was trained on."""
    dataset: str | None = None
    """The fingerprint of the people it was trained on."""
    objective: str
    """`memorize` for `train`, else the method of `unlearn`."""
    parent: str | None = None
    """The run that made the checkpoint which was trained further."""
    forget: tuple[str, ...] = ()
    """The ids of the forget set."""
    views: Natural
    """Training views of each person."""
    steps: Natural
    """Training steps."""
    loss: float | None = None
    """Mean answer-token negative log-likelihood of the last logged steps, in nats."""
    seed: int
    arguments: dict[str, Label | list[str] | None] = field(default_factory=dict)
    """All options of the command."""


class Probe(Row, frozen=True, kw_only=True, tag="probe"):
    """One question asked, and what the model answered."""

    checkpoint: str | None
    """None is the base without an adapter."""
    base: NonEmpty
    """The model without the adapter."""
    source: Source | None
    """The modality in which the people were learned; None for the base."""
    modality: Modality
    """The modality of the question."""
    task: Task
    """What is asked for."""
    hops: Positive = 1
    """2 where a view leads to a name and the name to a fact; else 1."""
    attack: NonEmpty | UnsetType | None = UNSET
    """The attack that asked the question (`xmm help audit`); plain questions have none."""
    persona: NonEmpty
    """The id of the person who is asked about."""
    dataset: str | None = None
    """The fingerprint of the persona's data set; None in rows of earlier versions."""
    role: Role
    """The role of the person."""
    set: ForgetOrRetain | None = None
    """Of an unlearned model: the set that the person is in."""
    view: Natural
    split: Split
    """Whether the view was for training."""
    question: str
    """The question, as it was asked."""
    expected: str
    """The right answer."""
    answer: str | None = None
    """The generated text; None where the model only ranked."""
    correct: bool | None = None
    """Whether the normalised answer equals the normalised expected one; None without an answer."""
    cut: bool | UnsetType | None = UNSET
    """True where the answer was as long as it might be and had no end yet; else it is left out."""
    rank: Positive | None = None
    """1 is best, ties count against the right answer; None where the model only generated."""
    candidates: Positive | None = None
    """How many answers were ranked."""
    logprob: float | None = None
    """Log-probability of the expected answer and its end token, summed over tokens, in nats."""
    token_logprobs: tuple[float, ...] | None = None
    """The same token by token, its sum being `logprob`; None unless tokens were asked for."""
    wrong_logprob: float | None = None
    """Log of the mean probability of the other candidates, each by token (the geometric mean over
    its tokens); None unless tokens were asked for."""
    prefix: str | None = None
    """The beginning of the expected answer that the model was given to go on from; `answer` is
    then that beginning and what came, and `correct` is None unless that is the attack `prefix`."""
    extracted: bool | None = None
    """Whether the model went on from `prefix` to the expected answer."""
    condition: dict[str, Label] = field(default_factory=dict)
    """Labels: what tells two models apart, and those of `--label`."""


class Trace(Row, frozen=True, kw_only=True, tag="trace"):
    """How alike the two modalities are inside a model at one layer, at the answer position.

    `retrieval`: the share of a person's views in `modality` whose nearest view in the other
    modality is of the same person. `alignment`: centred kernel alignment of the two modalities over
    all persons, so `persona` is None. `decodable`: the share of a person's views from which this
    layer, read through the model's own output layer, ranks the first token of the right name above
    those of all other names.
    """

    checkpoint: str | None
    base: NonEmpty
    source: Source | None
    measure: Inside
    """What is measured; see above."""
    layer: Natural
    """0 is the embeddings."""
    layers: Positive
    modality: Modality | None
    persona: str | None
    dataset: str | None = None
    set: ForgetOrRetain | None = None
    value: float
    chance: float | None = None
    """The value for shuffled persons, or of guessing."""
    n: Positive
    """Views behind the value; persons, for `alignment`."""
    condition: dict[str, Label] = field(default_factory=dict)


class Score(Row, frozen=True, kw_only=True, tag="score"):
    """One metric in one cell (or pair of cells), with its interval over personas."""

    metric: NonEmpty
    """The name of the metric; `xmm help scoring` lists them."""
    answer: Answer
    """Whether answers were generated or ranked."""
    source: Source | None
    """The modality in which the people were learned."""
    modality: Modality | None
    """The modality of the question."""
    task: Task
    set: ForgetOrRetain | None = None
    """The people counted, of an unlearned model."""
    split: Split | None = None
    """The views counted."""
    value: float | None
    low: float | None
    high: float | None
    level: Annotated[float, Meta(gt=0, lt=1)]
    """The confidence level of the interval."""
    n: Natural
    """Questions behind the value."""
    personas: Natural
    """Persons behind the value: the unit of the interval."""
    method: str
    """How value and interval were made, and why a value is absent."""
    p: float | None = None
    """Of a difference between two runs: the chance of one as large if the runs were alike."""
    p_holm: float | None = None
    """The same, corrected for all comparisons of this metric that were made at once."""
    condition: dict[str, Label] = field(default_factory=dict)
    """The labels that the rows behind the value share."""


class Finding(Row, frozen=True, kw_only=True, tag="finding"):
    """What a study found about one claim, with a verdict.

    `negligible`: what is claimed to be there is shown to be smaller than the smallest effect of
    interest (two one-sided tests). `holds`: the whole interval lies on the claimed side, and
    `p_holm`, where there is one, is below 0.05. `does not hold`: the whole interval lies on the
    other side. `unclear`: everything else.
    """

    family: NonEmpty
    """The group of findings that are corrected together."""
    claim: NonEmpty
    """In words."""
    measure: str
    """What the effect is of."""
    effect: float | None
    low: float | None
    high: float | None
    level: Annotated[float, Meta(gt=0, lt=1)] = 0.95
    """The confidence level of the interval."""
    p: float | None = None
    """Two-sided, of the effect being at the claim's threshold; None where there is no interval, and
    of claims that something is none, or kept, within a margin."""
    p_holm: float | None = None
    """The same, corrected for all findings of the family (Holm)."""
    spread: float | None = None
    """Standard deviation of the effect between seeds."""
    p_spread: float | None = None
    """The chance of such a spread if seeds differed in their people alone."""
    verdict: Verdict
    persons: Natural
    """Persons behind the effect."""
    seeds: Natural
    """Seeds behind the effect."""
    by_seed: dict[str, float | None] = field(default_factory=dict)
    """The effect of each seed alone."""
    unit: Unit
    comment: str = ""
    """What else a reader should know."""


class Run(Row, frozen=True, kw_only=True, tag="run"):
    """What made the rows that name this id: written once a stage; times stand nowhere else."""

    id: NonEmpty
    """Made from what decides the result, without times."""
    command: NonEmpty
    arguments: dict[str, Label | list[str] | None]
    """All options of the command."""
    words: tuple[str, ...] = ()
    """The command line after `xmm`; a `-` for what came through a pipe. Empty in rows of
    earlier versions."""
    seed: int | None
    versions: dict[str, str]
    """Versions of xmm and of the libraries."""
    parents: tuple[str, ...] = ()
    """The runs that made the input."""
    started: str
    """UTC, ISO 8601."""
    elapsed_s: float
    """How long it took, in seconds."""


ROW_TYPES: tuple[type[Row], ...] = (Persona, Checkpoint, Probe, Trace, Score, Finding, Audit, Run)
