"""How an adapter is trained; each option, its default and its help stand here and nowhere else."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Annotated, cast

from xmm_cli.flags import DATA, HARDWARE, LEARNED, OPTIMISATION, UNLEARNED, Flag, Seed
from xmm_cli.models.adapters.lora import AdapterKind
from xmm_cli.models.adapters.parts import Trained
from xmm_cli.models.loading import Dtype, Precision, Quantize
from xmm_cli.rows.types import Label, Source

INHERITED = ("adapter", "train", "dtype", "quantize")
"""What a checkpoint has from its parent: without it, it could not be loaded as it was made."""

SET = "set_"
"""What stands before a hyper-parameter's name in arguments and labels."""

TOLD = ("rank", "alpha", "mitigation", "facts", "shuffle_names")
"""What an unlearned checkpoint's row tells of its parent's training, beside its seed."""

LearningRate = Annotated[
    float, Flag("Learning rate at its highest.", OPTIMISATION, "--lr", metavar="X", min=0.0)
]
Steps = Annotated[int, Flag("Optimiser steps.", OPTIMISATION, metavar="N", min=1)]
Dtyped = Annotated[
    Dtype | None, Flag("Numbers of the base; auto: as saved, on a CPU float32.", HARDWARE)
]
Checkpointing = Annotated[bool, Flag("Less memory, more time.", HARDWARE)]
SaveEvery = Annotated[
    int | None, Flag("Also leave DIR/steps/NNNN.", OPTIMISATION, metavar="N", min=1)
]
TrainingViews = Annotated[
    int | None, Flag("Training views a person; all if absent.", DATA, metavar="K", min=1)
]


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """The arguments of a training run, as they are saved beside the weights.

    `views` None is all training views; `epochs`, where given, decides the steps instead of `steps`.
    The scale of LoRA is `alpha / rank`; `alpha` None becomes twice the rank. The learning rate
    falls linearly to zero after `warmup` steps. `aux` None is all auxiliary people, for a
    mitigation that needs some. `shuffle_names` gives each view a name of someone, for a control. A
    checkpoint is left every `save_every` steps. None means the usual value: see `kind` and
    `part`, and `models.loading.Precision`. `hyperparameters` are those of the mitigation that are
    not its defaults. The order of the fields is that of the row.
    """

    source: Annotated[
        Source, Flag("The modality the people are learned in.", LEARNED, "--source -s")
    ] = "text"
    base: Annotated[
        str, Flag("A shipped name, a folder or a hub id.", HARDWARE, metavar="NAME")
    ] = "xmm-base"
    objective: str = "memorize"
    mitigation: Annotated[str | None, Flag("Close the gap: {known}.", LEARNED, metavar="NAME")] = (
        None
    )
    aux: Annotated[
        int | None,
        Flag("Auxiliary people for it; all in the data if absent.", LEARNED, metavar="N", min=1),
    ] = None
    shuffle_names: Annotated[
        bool, Flag("A control: each view gets the name of anyone, by chance.", LEARNED)
    ] = False
    views: TrainingViews = None
    facts: Annotated[bool, Flag("Also teach the facts, in text, by name.", LEARNED)] = False
    steps: Steps = 300
    epochs: Annotated[
        float | None,
        Flag("Passes, in place of --steps.", OPTIMISATION, metavar="X", min=0.01),
    ] = None
    batch_size: Annotated[
        int,
        Flag("Views a step, of all processes together.", OPTIMISATION, metavar="N", min=1),
    ] = 16
    learning_rate: LearningRate = 2e-3
    warmup: int = 20
    rank: Annotated[int, Flag("Rank of LoRA.", OPTIMISATION, metavar="R", min=1)] = 16
    alpha: Annotated[float, Flag("2 x rank if absent.", OPTIMISATION, metavar="X", min=0.0)] = cast(
        "float", None
    )
    dropout: float = 0.0
    max_grad_norm: float = 1.0
    save_every: SaveEvery = None
    adapter: Annotated[
        AdapterKind | None,
        Flag("What is trained; lora if absent, full: own weights.", HARDWARE),
    ] = None
    train: Annotated[Trained | None, Flag("Where; in the language model if absent.", HARDWARE)] = (
        None
    )
    dtype: Dtyped = None
    quantize: Annotated[
        Quantize | None, Flag("Pack the base's weights; needs CUDA and bitsandbytes.", HARDWARE)
    ] = None
    gradient_checkpointing: Checkpointing = False
    hyperparameters: Mapping[str, Label] = field(default_factory=dict)
    seed: Seed = 0

    def __post_init__(self) -> None:
        if cast("float | None", self.alpha) is None:
            object.__setattr__(self, "alpha", 2.0 * self.rank)

    @property
    def kind(self) -> AdapterKind:
        """What is put on the model."""
        return self.adapter or "lora"

    @property
    def part(self) -> Trained:
        """Where it is put."""
        return self.train or "language"

    @property
    def precision(self) -> Precision:
        """How the base is loaded."""
        return Precision(self.dtype, self.quantize)


@dataclass(frozen=True, slots=True)
class UnlearnSettings:
    """The arguments of an unlearning run.

    `through` is the modality in which the forget set is shown while it is unlearned. `forget` is a
    number of people, a share, ids or names by comma, or a file; `retain` likewise, from those
    who are left, and all of them if None. `fact` is the one fact of the forget set that is to be
    forgotten; None is the person. `gate` is the recall that the forget set must have had
    before. A checkpoint is left every `save_every` steps. The run ends when the recall of retained
    people falls below `utility_floor`. `hyperparameters` are those of the objective that are not
    its defaults. The order of the fields is that of the row.
    """

    objective: Annotated[
        str, Flag("{known}.", UNLEARNED, "--method --objective", metavar="NAME")
    ] = "npo"
    through: Annotated[Source, Flag("The modality in which people are unlearned.", UNLEARNED)] = (
        "both"
    )
    forget: Annotated[
        str, Flag("A number, a share, ids or names by comma, or a file.", UNLEARNED, metavar="WHO")
    ] = "8"
    retain: Annotated[
        str | None,
        Flag("Who is kept, likewise; everyone else if absent.", UNLEARNED, metavar="WHO"),
    ] = None
    fact: Annotated[
        str | None,
        Flag("One fact of theirs, like city; all else is kept.", UNLEARNED, metavar="FACT"),
    ] = None
    views: TrainingViews = None
    steps: Steps = 100
    batch_size: Annotated[
        int, Flag("Views to forget, and to keep, a step.", OPTIMISATION, metavar="N", min=1)
    ] = 16
    learning_rate: LearningRate = 3e-3
    warmup: int = 4
    max_grad_norm: float = 1.0
    gate: Annotated[
        float, Flag("Least recall before.", UNLEARNED, metavar="X", min=0.0, max=1.0)
    ] = 0.9
    save_every: SaveEvery = None
    utility_floor: Annotated[
        float | None,
        Flag("Least recall of who is kept.", UNLEARNED, metavar="X", min=0.0, max=1.0),
    ] = None
    gradient_checkpointing: Checkpointing = False
    hyperparameters: Mapping[str, Label] = field(default_factory=dict)
    seed: Seed = 0


def told(settings: TrainSettings | UnlearnSettings) -> dict[str, object]:
    """Settings by name as rows have them: each hyper-parameter that was set as `set_NAME`."""
    arguments = asdict(settings)
    chosen = arguments.pop("hyperparameters")
    return arguments | {f"{SET}{name}": value for name, value in chosen.items()}


def set_by(arguments: Mapping[str, Label | list[str] | None]) -> dict[str, Label]:
    """The hyper-parameters that a row's arguments say were set."""
    return {
        name.removeprefix(SET): value
        for name, value in arguments.items()
        if name.startswith(SET) and value is not None and not isinstance(value, list)
    }
