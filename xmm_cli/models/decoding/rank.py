r"""The log-probability of every candidate answer, with each prompt read once.

All candidates hang behind the prompt as one tree of tokens: shared beginnings are computed once,
and an attention mask lets a token see the prompt and its own ancestors alone. One forward pass
gives, for candidate y after prompt x, :math:`\sum_t \log p(y_t \mid x, y_{<t})`, the end token
included: the same numbers as a pass per candidate. A family whose layers have windows or a state,
or whose prompts see both ways, has its prompts read once too, and candidates follow one by one.
"""

from collections.abc import Collection, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

import torch

from xmm_cli.models.conversation import Conversation
from xmm_cli.models.decoding.batching import behind_prompts, model_inputs, pad
from xmm_cli.models.decoding.last_layer import last_layer_at
from xmm_cli.models.decoding.tree import ROOT, Tree, ancestry, inner, path_to
from xmm_cli.models.families import sees_everything
from xmm_cli.models.first_prompt import PER_TOKEN
from xmm_cli.models.loading import Base

ROWS_AT_ONCE = 64
"""Pairs of a prompt and a candidate whose caches are held together."""
LOGITS_BYTES = 2**29
"""What is held of the model's opinion on candidates at once."""
NOT_TOLD = -1
"""What the model would rather have told where it was not asked."""


def path_sums(steps: torch.Tensor, tree: Tree) -> torch.Tensor:
    """From each node's log-probability, `(prompts, nodes)`, to each candidate's, its path's sum."""
    return (steps.double() @ ancestry(tree).double().T)[:, torch.tensor(tree.leaves)]


class Reading(NamedTuple):
    """What a model makes of candidates behind prompts, on the CPU."""

    steps: torch.Tensor
    """float32 `(prompts, nodes)`: log-probability of each token after its ancestors."""
    tops: list[list[int]] | None
    """What it would rather have told, for each prompt: behind it, then behind each inner node.

    `NOT_TOLD` where a node was not read; None where that was not asked for, or the candidates were
    not read as a tree."""


@torch.inference_mode()
def read_tree(
    base: Base, model: Any, prompts: Sequence[Conversation], tree: Tree, *, tops: bool = True
) -> Reading:
    """All candidates behind every prompt; so many prompts at a time as `LOGITS_BYTES` allows.

    Without `tops` those are None.
    """
    if not takes_trees(base):
        return Reading(cached_logprobs(base, model, prompts, tree), None)
    shown, place = inner(tree)
    most = rows_at_once(base, len(shown.tokens) + 1)
    steps, best = [], []
    for start in range(0, len(prompts), most):
        logits = _tree_logits(base, model, prompts[start : start + most], shown)
        # position 0 is the prompt's last token, position i + 1 inner node i
        parents = torch.tensor([place[parent] + 1 for parent in tree.parents], device=logits.device)
        each = logits[:, parents, torch.tensor(tree.tokens, device=logits.device)]
        steps.append((each - logits.logsumexp(-1)[:, parents]).cpu())
        if tops:
            best += logits.argmax(-1).tolist()
    return Reading(torch.cat(steps), best if tops else None)


def takes_trees(base: Base) -> bool:
    """Whether candidates can be shown to a model as a tree."""
    return base.family.tree and sees_everything(base.model)


def rows_at_once(base: Base, positions: int) -> int:
    """Behind how many prompts so many positions are read together, for `LOGITS_BYTES` to do."""
    vocabulary: int = base.model.get_output_embeddings().weight.shape[0]
    return max(1, LOGITS_BYTES // (4 * vocabulary * positions))


def _tree_logits(
    base: Base, model: Any, prompts: Sequence[Conversation], shown: Tree
) -> torch.Tensor:
    """float32 `(prompts, 1 + nodes)` by vocabulary: behind each prompt, and behind each node."""
    batch = pad(prompts, base.pad_token_id, "left")
    inputs = model_inputs(batch, base.device, base.model.dtype)
    _hang(inputs, shown, base)
    nodes = len(shown.tokens)
    asked = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    asked[:, -nodes - 1 :] = True
    with last_layer_at(model, asked):
        logits = model(**inputs, logits_to_keep=nodes + 1, use_cache=False).logits
    return torch.as_tensor(logits.float())


def greedy(reading: Reading, tree: Tree, ends: Collection[int]) -> list[list[int]]:
    """The tokens that the model tells after each prompt, as far as they were read.

    They end with one of `ends` where the whole answer is known, else with the first token that no
    inner node stands for. Raises `ValueError` where `tops` are not known.
    """
    if reading.tops is None:
        raise ValueError("what the model would rather have told is not known")
    _, place = inner(tree)
    answers = []
    for tops in reading.tops:
        tokens: list[int] = []
        node: int | None = ROOT
        while node is not None and node in place and tops[place[node] + 1] != NOT_TOLD:
            tokens.append(tops[place[node] + 1])
            node = None if tokens[-1] in ends else tree.children[node].get(tokens[-1])
        answers.append(tokens)
    return answers


def _hang(inputs: dict[str, Any], tree: Tree, base: Base) -> None:
    """Put the tree behind each left-padded prompt: tokens, positions and who sees whom."""
    mask = inputs["attention_mask"].bool()
    rows, length = mask.shape
    device = mask.device
    nodes = len(tree.tokens)
    positions = base.family.positions(base.model, inputs)
    depths = torch.tensor(tree.depths, dtype=torch.int64, device=device)
    inputs["position_ids"] = torch.cat(
        [positions, behind_prompts(positions, mask) + depths], dim=-1
    )
    behind = torch.tensor(tree.tokens, dtype=torch.int64, device=device).expand(rows, nodes)
    inputs["input_ids"] = torch.cat([inputs["input_ids"], behind], dim=1)
    for key in PER_TOKEN:
        if key in inputs:
            zeros = inputs[key].new_zeros(rows, nodes)
            inputs[key] = torch.cat([inputs[key], zeros], dim=1)

    whole = length + nodes
    sees = torch.zeros(rows, whole, whole, dtype=torch.bool, device=device)
    sees[:, :length, :length] = torch.ones(length, length, device=device).tril().bool()
    sees[:, length:, length:] = ancestry(tree).to(device)
    sees[:, length:, :length] = True
    sees[:, :, :length] &= mask[:, None, :]
    # padding sees itself: a row of the softmax must not be empty
    sees |= torch.eye(whole, dtype=torch.bool, device=device)
    blocked = torch.zeros(sees.shape, device=device).masked_fill(~sees, float("-inf"))
    inputs["attention_mask"] = blocked[:, None].to(base.model.dtype)


@torch.inference_mode()
def cached_logprobs(
    base: Base, model: Any, prompts: Sequence[Conversation], tree: Tree
) -> torch.Tensor:
    """The `steps` of `read_tree` by the model's own cache, where no tree can be shown to the model.

    Prompts are read once; `ROWS_AT_ONCE` pairs of a prompt and a candidate follow at a time.
    """
    batch = pad(prompts, base.pad_token_id, "left")
    inputs = model_inputs(batch, base.device, base.model.dtype)
    mask = inputs["attention_mask"]
    positions = base.family.positions(base.model, inputs)
    read = model(**inputs, position_ids=positions, logits_to_keep=1, use_cache=True)
    first = read.logits[:, -1].float().log_softmax(-1)
    following = behind_prompts(positions, mask.bool())
    paths = [path_to(tree, leaf) for leaf in dict.fromkeys(tree.leaves)]
    pairs = [(row, path) for path in paths for row in range(len(prompts))]
    logprobs_by_node = torch.zeros(len(prompts), len(tree.tokens))
    for start in range(0, len(pairs), ROWS_AT_ONCE):
        part = pairs[start : start + ROWS_AT_ONCE]
        rows = torch.tensor([row for row, _ in part], device=base.device)
        answers = [
            Conversation([tree.tokens[node] for node in path], len(path)) for _, path in part
        ]
        behind = pad(answers, 0, "right")
        ids, ours = behind["input_ids"].to(base.device), behind["attention_mask"].to(base.device)
        cache = deepcopy(read.past_key_values)
        cache.reorder_cache(rows)
        steps = torch.arange(ids.shape[1], device=base.device)
        output = model(
            input_ids=ids,
            attention_mask=torch.cat([mask[rows], ours], dim=1),
            position_ids=following[..., rows, :] + steps,
            past_key_values=cache,
            use_cache=True,
        )
        logprobs = torch.cat([first[rows, None], output.logits.float().log_softmax(-1)], dim=1)
        each = logprobs[:, :-1].gather(-1, ids[..., None])[..., 0].cpu()
        for (row, path), values in zip(part, each, strict=True):
            logprobs_by_node[row, path] = values[: len(path)]
    return logprobs_by_node


def rank_of(logprobs: torch.Tensor, right: int) -> int:
    """The rank of the right candidate, 1 for the best; a tie counts against it."""
    return int((logprobs >= logprobs[right]).sum())
