"""Labels: what tells the models apart that rows are of, made from how a checkpoint was made.

A label stands for each argument of `xmm train` and `xmm unlearn` that can change the weights, where
it is not the default; `views` and `seed` always. So models that have all labels but seeds in common
differ in nothing but seeds and people. What came before a run is told with a prefix:

- `training_`: the training that an unlearned, or further trained, model began with;
- `earlier_`: what was unlearned before, and taught again after that;
- `relearn_`: what was taught since the unlearning;
- `before_`: what was taught since the unlearning, before that.
"""

from collections.abc import Collection, Mapping
from dataclasses import fields

from xmm_cli.models.settings import SET, TrainSettings, UnlearnSettings
from xmm_cli.rows.types import Checkpoint, Label

TRAINING, UNLEARNING = TrainSettings(), UnlearnSettings()
RETRAIN = "retrain"
"""The method that trains anew without the forget set: no objective, but what others are compared
with. Such a model has all but its forget set and retain set from its training."""

Arguments = Mapping[str, Label | list[str] | None]

_NAMES = {"learning_rate": "lr", "shuffle_names": "names"}
_VALUES: dict[str, Label] = {"shuffle_names": "shuffled"}
_SAME_AS_NONE = {"adapter": "lora", "train": "language", "dtype": "auto"}

_NO_WEIGHTS = frozenset({"save_every", "gradient_checkpointing", "gate"})
"""Arguments that decide what is kept, which memory is used, and whether a run begins at all."""
_IN_THE_ROW = frozenset({"source", "base", "objective", "views", "seed", "steps", "epochs"})
"""Arguments that have a field of a row, or a label, of their own; epochs are told as steps."""
_OF_TRAINING = _NO_WEIGHTS | _IN_THE_ROW
_OF_UNLEARNING = _NO_WEIGHTS | _IN_THE_ROW | {"through", "forget", "retain", "fact"}

_ADAPTER = frozenset({"rank", "alpha", "adapter", "train", "dtype", "quantize"})
"""Labels that stay the same whatever is trained next."""
_KEPT = _ADAPTER | {"mitigation", "names", "facts"}
"""Labels of a model's training that it has under the same name once something was unlearned."""
_AS_RECORDED = frozenset({"people", "who", "rehearsed", "last_source", "last_views"}) | {
    "forgotten", "retained", "relearned", "unlearn_seed",
}  # fmt: skip
_PREFIXES = (SET, "training_", "earlier_", "relearn_", "before_")


def labels_of(checkpoint: Checkpoint) -> dict[str, Label]:
    """The labels of a checkpoint's rows.

    A seed of an earlier run stands there only where it is not `seed`; so do numbers of views.
    """
    found = _all_labels(checkpoint)
    return {name: value for name, value in found.items() if not _repeats(name, value, checkpoint)}


def unlearned_by(labels: Mapping[str, Label]) -> str | None:
    """The objective with which a model of these labels unlearned; None where it did not."""
    found = labels.get("objective")
    return None if found in (None, TRAINING.objective) else str(found)


def _repeats(name: str, value: Label, checkpoint: Checkpoint) -> bool:
    """Whether a label of an earlier run says the same as that of the last one."""
    if name.endswith("_seed"):
        return value == checkpoint.seed
    counted = name.endswith("_views") and not name.endswith("unlearn_views")
    return counted and value == checkpoint.views


def _all_labels(checkpoint: Checkpoint) -> dict[str, Label]:
    found: dict[str, Label] = {"views": checkpoint.views, "seed": checkpoint.seed}
    found |= _unlearned(checkpoint) if checkpoint.forget else _trained(checkpoint)
    for name, value in checkpoint.arguments.items():
        recorded = name in _AS_RECORDED or name.startswith(_PREFIXES)
        if name.startswith(SET) and checkpoint.objective == RETRAIN:
            continue  # those of its training, which stand there with a prefix
        if recorded and value is not None and not isinstance(value, list):
            found[name] = value
    return found


def _trained(row: Checkpoint) -> dict[str, Label]:
    """What the last run of `xmm train` was told; `of_steps` of a checkpoint along a run."""
    found = _changed(row.arguments, TRAINING, _OF_TRAINING)
    if row.steps != TRAINING.steps:
        found["steps"] = row.steps
    planned = row.arguments.get("of_steps")
    if planned is None and row.arguments.get("epochs") is None:
        planned = row.arguments.get("steps")
    if isinstance(planned, int) and planned != row.steps:
        found["of_steps"] = planned
    return found


def _unlearned(row: Checkpoint) -> dict[str, Label]:
    """What the last run of `xmm unlearn` was told, and what is kept of the training."""
    arguments = row.arguments
    training = _changed(arguments, TRAINING, _OF_TRAINING)
    found = {name: value for name, value in training.items() if name in _KEPT}
    found["objective"] = row.objective
    through = arguments.get("through")
    if isinstance(through, str):
        found["through"] = through
    fact = arguments.get("fact")
    if isinstance(fact, str):
        found["fact"] = fact
    steps = arguments.get("unlearned_steps") if "relearned" in arguments else row.steps
    if isinstance(steps, int):
        found["steps"] = steps
    if row.objective != RETRAIN:
        found |= _changed(arguments, UNLEARNING, _OF_UNLEARNING)
        planned, views = arguments.get("steps"), arguments.get("views")
        if isinstance(planned, int) and planned != UNLEARNING.steps:
            found["of_steps"] = planned
        if isinstance(views, int):
            found["unlearn_views"] = views
    return found | _sizes(row)


def _sizes(row: Checkpoint) -> dict[str, Label]:
    """How many were to be forgotten, where not as many as by default, and kept, where chosen."""
    found: dict[str, Label] = {}
    forget = row.arguments.get("forget_count", len(row.forget))
    if isinstance(forget, int) and str(forget) != UNLEARNING.forget:
        found["forget"] = forget
    retain = row.arguments.get("retain")
    if isinstance(retain, list):
        found["retain"] = len(retain)
    return found


def _changed(
    arguments: Arguments, defaults: TrainSettings | UnlearnSettings, but: Collection[str]
) -> dict[str, Label]:
    """A label for each argument that is not the default; alpha counts by the rank."""
    found: dict[str, Label] = {}
    for name in (field.name for field in fields(defaults)):
        value, usual = arguments.get(name), getattr(defaults, name)
        if name == "alpha":
            rank = arguments.get("rank")
            usual = 2 * rank if isinstance(rank, int) else usual
        if name in but or value is None or isinstance(value, list):
            continue
        if value not in (usual, _SAME_AS_NONE.get(name, usual)):
            found[_NAMES.get(name, name)] = _VALUES.get(name, value)
    return found


def before_unlearning(parent: Checkpoint) -> dict[str, Label]:
    """The labels of a checkpoint, as arguments of what is unlearned from it.

    What a row has as arguments anyway is left out.
    """
    found = {}
    for name, value in _all_labels(parent).items():
        if name == "views" or name in _KEPT:
            continue
        if not parent.forget:
            found[f"training_{name}"] = value
        elif name.startswith("training_"):
            found[name] = value
        else:
            found[f"earlier_{name}"] = value
    return found


def before_training(parent: Checkpoint) -> dict[str, Label]:
    """The labels of a trained checkpoint, as arguments of what is trained further."""
    found = _all_labels(parent)
    told = {f"training_{name}": found[name] for name in found if name not in _ADAPTER}
    return told | {"training_source": parent.source}


def taught_again(row: Checkpoint, parent: Checkpoint) -> dict[str, Label]:
    """The labels of a run of `xmm train` by itself, as arguments of an unlearned `parent`."""
    own = {
        f"relearn_{'only' if name == 'people' else name}": value
        for name, value in _all_labels(row).items()
        if name not in _ADAPTER | {"seed"}
    }
    found = {"relearned": row.source, **own, "relearn_steps": row.steps}
    if "relearned" not in parent.arguments:
        return found | {"unlearn_seed": parent.seed, "unlearned_steps": parent.steps}
    earlier = {
        f"before_{name}": value
        for name, value in parent.arguments.items()
        if name.startswith(("relearn", "before_")) and value is not None
        if not isinstance(value, list)
    }
    return found | earlier | {"before_seed": parent.seed}
