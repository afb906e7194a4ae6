"""How an adapter is trained; each default stands here and nowhere else."""

from dataclasses import dataclass

from xmm_cli.models.adapters.lora import AdapterKind
from xmm_cli.models.adapters.parts import Trained
from xmm_cli.models.loading import Dtype, Precision, Quantize
from xmm_cli.rows.types import Source

INHERITED = ("adapter", "train", "dtype", "quantize")
"""What a checkpoint has from its parent: without it, it could not be loaded as it was made."""

TOLD = ("rank", "alpha", "mitigation", "facts", "shuffle_names")
"""What an unlearned checkpoint's row tells of its parent's training, beside its seed."""


@dataclass(frozen=True, slots=True)
class TrainSettings:
    """The arguments of a training run, as they are saved beside the weights.

    `views` None is all training views; `epochs`, where given, decides the steps instead of `steps`.
    The scale of LoRA is `alpha / rank`. The learning rate falls linearly to zero after `warmup`
    steps. `aux` None is all auxiliary people, for a mitigation that needs some. `shuffle_names`
    gives each view a name of someone, for a control. A checkpoint is left every `save_every` steps.
    What is None keeps what is usual: see `kind` and `part`, and `models.loading.Precision`.
    """

    source: Source = "text"
    base: str = "xmm-base"
    objective: str = "memorize"
    mitigation: str | None = None
    aux: int | None = None
    shuffle_names: bool = False
    views: int | None = None
    facts: bool = False
    steps: int = 300
    epochs: float | None = None
    batch_size: int = 16
    learning_rate: float = 2e-3
    warmup: int = 20
    rank: int = 16
    alpha: float = 32.0
    dropout: float = 0.0
    max_grad_norm: float = 1.0
    save_every: int | None = None
    adapter: AdapterKind | None = None
    train: Trained | None = None
    dtype: Dtype | None = None
    quantize: Quantize | None = None
    gradient_checkpointing: bool = False
    seed: int = 0

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
    number of people, a share of them, ids by comma, or a file of ids; `retain` likewise, from those
    who are left, and all of them if None. `gate` is the recall that the forget set must have had
    before. A checkpoint is left every `save_every` steps. The run ends when the recall of retained
    people falls below `utility_floor`.
    """

    objective: str = "npo"
    through: Source = "both"
    forget: str = "8"
    retain: str | None = None
    views: int | None = None
    steps: int = 100
    batch_size: int = 16
    learning_rate: float = 3e-3
    warmup: int = 4
    max_grad_norm: float = 1.0
    gate: float = 0.9
    save_every: int | None = None
    utility_floor: float | None = None
    gradient_checkpointing: bool = False
    seed: int = 0
