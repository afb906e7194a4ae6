"""What a row says of the model behind it: labels that tell checkpoints apart, and the set.

A label stands on a row only where a checkpoint differs from a plain one.
"""

from xmm_cli.rows.types import Checkpoint, ForgetOrRetain, Label

PLAIN_RANK = 16
USUAL_UNLEARNING_RATE = 3e-3
RETRAIN = "retrain"
"""What was trained anew has the rate of its training."""


def labels_of(checkpoint: Checkpoint) -> dict[str, Label]:
    """The labels of a checkpoint's rows, from how it was made.

    `views` and `seed` always. `rank` where it is not `PLAIN_RANK`, `mitigation` where there was
    one, `names` where they were shuffled, `facts` where they were taught too, `adapter`, `train`,
    `dtype` and `quantize` where they were asked for. After unlearning: `training_seed` where it is
    another, `objective`, `through`, `steps`, and `lr` where it is not `USUAL_UNLEARNING_RATE`; once
    something was taught again, the steps are those of that (`relearned`, `relearn_steps`).
    """
    arguments = checkpoint.arguments
    found: dict[str, Label] = {"views": checkpoint.views, "seed": checkpoint.seed}
    rank, mitigation = arguments.get("rank"), arguments.get("mitigation")
    if isinstance(rank, int) and rank != PLAIN_RANK:
        found["rank"] = rank
    if isinstance(mitigation, str):
        found["mitigation"] = mitigation
    if arguments.get("shuffle_names"):
        found["names"] = "shuffled"
    if arguments.get("facts"):
        found["facts"] = True
    found |= _given(checkpoint, "adapter", "train", "dtype", "quantize")
    if checkpoint.forget:
        found["objective"] = checkpoint.objective
        seed = arguments.get("training_seed")
        if isinstance(seed, int) and seed != checkpoint.seed:
            found["training_seed"] = seed
        found |= _given(checkpoint, "through", "relearned", "relearn_steps")
        rate = arguments.get("learning_rate")
        unusual = isinstance(rate, float) and rate != USUAL_UNLEARNING_RATE
        if isinstance(rate, float) and unusual and checkpoint.objective != RETRAIN:
            found["lr"] = rate
        if "relearned" not in found:
            found["steps"] = checkpoint.steps
    return found


def _given(checkpoint: Checkpoint, *names: str) -> dict[str, Label]:
    """Those of the arguments that are set."""
    given = {name: checkpoint.arguments.get(name) for name in names}
    return {name: one for name, one in given.items() if one and not isinstance(one, list)}


def set_of(checkpoint: Checkpoint | None, persona: str) -> ForgetOrRetain | None:
    """Which set a person belongs to after unlearning; None where nothing was unlearned."""
    if checkpoint is None or not checkpoint.forget:
        return None
    again = checkpoint.arguments.get("relearn_people")
    if isinstance(again, list) and persona in again:
        return "relearned"
    return "forget" if persona in checkpoint.forget else "retain"
