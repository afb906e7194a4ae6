r"""The log-probability of every candidate answer, with each prompt read once.

All candidates hang behind the prompt as one tree of tokens: shared beginnings are computed once,
and an attention mask lets a token see the prompt and its own ancestors alone. One forward pass
gives, for candidate y after prompt x, :math:`\sum_t \log p(y_t \mid x, y_{<t})`, the end token
included: the same numbers as a pass per candidate. A family whose layers have windows or a state,
or whose prompts see both ways, has its prompts read once too, and candidates follow one by one.
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch

from xmm_cli.models.batching import model_inputs, pad
from xmm_cli.models.conversation import PER_TOKEN, Conversation
from xmm_cli.models.families import sees_everything
from xmm_cli.models.last_layer import last_layer_at
from xmm_cli.models.loading import Base

ROOT = -1

ROWS_AT_ONCE = 64
"""Pairs of a prompt and a candidate whose caches are held together."""


@dataclass(frozen=True, slots=True)
class Tree:
    """Candidates as a tree of tokens; a node comes after its parent, `ROOT` is the prompt's end."""

    tokens: list[int]
    parents: list[int]
    depths: list[int]
    leaves: list[int]
    """The last node of each candidate."""


def build_tree(candidates: Sequence[Sequence[int]]) -> Tree:
    """One tree of all candidates, none of which is empty."""
    tokens: list[int] = []
    parents: list[int] = []
    depths: list[int] = []
    known: dict[tuple[int, int], int] = {}
    leaves = []
    for candidate in candidates:
        node = ROOT
        for depth, token in enumerate(candidate):
            if (node, token) not in known:
                known[node, token] = len(tokens)
                tokens.append(token)
                parents.append(node)
                depths.append(depth)
            node = known[node, token]
        leaves.append(node)
    return Tree(tokens, parents, depths, leaves)


def inner(tree: Tree) -> tuple[Tree, dict[int, int]]:
    """The tree without the nodes that nothing follows, and where each node that is left stands.

    A token that nothing follows, such as an end token, is told from its parent and need not be
    read. `leaves` of the smaller tree is empty; `ROOT` stays itself.
    """
    kept = sorted(set(tree.parents) - {ROOT})
    place = {ROOT: ROOT} | {node: number for number, node in enumerate(kept)}
    smaller = Tree(
        [tree.tokens[node] for node in kept],
        [place[tree.parents[node]] for node in kept],
        [tree.depths[node] for node in kept],
        [],
    )
    return smaller, place


def ancestry(tree: Tree) -> torch.Tensor:
    """Bool `(nodes, nodes)`: whether the column's node is the row's or one of its ancestors."""
    sees = torch.zeros(len(tree.tokens), len(tree.tokens), dtype=torch.bool)
    for node, parent in enumerate(tree.parents):
        if parent != ROOT:
            sees[node] = sees[parent]
        sees[node, node] = True
    return sees


def candidate_logprobs(
    base: Base, model: Any, prompts: Sequence[Conversation], tree: Tree
) -> torch.Tensor:
    """float64 `(prompts, candidates)` on the CPU: log-probabilities in nats."""
    return path_sums(node_logprobs(base, model, prompts, tree), tree)


def path_sums(steps: torch.Tensor, tree: Tree) -> torch.Tensor:
    """From each node's log-probability, `(prompts, nodes)`, to each candidate's, its path's sum."""
    return (steps.double() @ ancestry(tree).double().T)[:, torch.tensor(tree.leaves)]


def path_to(tree: Tree, leaf: int) -> list[int]:
    """The nodes from the first token of a candidate to its leaf."""
    nodes = []
    while leaf != ROOT:
        nodes.append(leaf)
        leaf = tree.parents[leaf]
    return nodes[::-1]


@torch.inference_mode()
def node_logprobs(
    base: Base, model: Any, prompts: Sequence[Conversation], tree: Tree
) -> torch.Tensor:
    """float32 `(prompts, nodes)` on the CPU: log-probability of each token after its ancestors."""
    if not base.family.tree or not sees_everything(base.model):
        return cached_logprobs(base, model, prompts, tree)
    batch = pad(prompts, base.tokenizer.pad_token_id, "left")
    inputs = model_inputs(batch, base.device, base.model.dtype)
    shown, place = inner(tree)
    _hang(inputs, shown, base)
    nodes = len(shown.tokens)
    told = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    told[:, -nodes - 1 :] = True
    with last_layer_at(model, told):
        logits = model(**inputs, logits_to_keep=nodes + 1, use_cache=False).logits.float()
    # position 0 is the prompt's last token, position i + 1 inner node i
    parents = torch.tensor([place[parent] + 1 for parent in tree.parents], device=logits.device)
    told_each = logits[:, parents, torch.tensor(tree.tokens, device=logits.device)]
    return (told_each - logits.logsumexp(-1)[:, parents]).cpu()


def _hang(inputs: dict[str, Any], tree: Tree, base: Base) -> None:
    """Put the tree behind each left-padded prompt: tokens, positions and who sees whom."""
    mask = inputs["attention_mask"].bool()
    rows, length = mask.shape
    device = mask.device
    nodes = len(tree.tokens)
    positions = base.family.positions(base.model, inputs)
    depths = torch.tensor(tree.depths, dtype=torch.int64, device=device)
    inputs["position_ids"] = torch.cat([positions, _next(positions, mask) + depths], dim=-1)
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


def _next(positions: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Int64 `(…, n, 1)`: the position of a token behind each prompt, the same on every axis."""
    last = positions.masked_fill(~mask, -1).amax(dim=-1, keepdim=True)
    if positions.dim() > 2:
        last = last.amax(dim=0, keepdim=True).expand(len(positions), -1, -1)
    return last + 1


@torch.inference_mode()
def cached_logprobs(
    base: Base, model: Any, prompts: Sequence[Conversation], tree: Tree
) -> torch.Tensor:
    """As `node_logprobs`, by the model's own cache: for models that no tree can be shown to.

    Prompts are read once; `ROWS_AT_ONCE` pairs of a prompt and a candidate follow at a time.
    """
    batch = pad(prompts, base.tokenizer.pad_token_id, "left")
    inputs = model_inputs(batch, base.device, base.model.dtype)
    mask = inputs["attention_mask"]
    positions = base.family.positions(base.model, inputs)
    read = model(**inputs, position_ids=positions, logits_to_keep=1, use_cache=True)
    first = read.logits[:, -1].float().log_softmax(-1)
    following = _next(positions, mask.bool())
    paths = [path_to(tree, leaf) for leaf in dict.fromkeys(tree.leaves)]
    pairs = [(row, path) for path in paths for row in range(len(prompts))]
    found = torch.zeros(len(prompts), len(tree.tokens))
    for start in range(0, len(pairs), ROWS_AT_ONCE):
        part = pairs[start : start + ROWS_AT_ONCE]
        rows = torch.tensor([row for row, _ in part], device=base.device)
        told = [Conversation([tree.tokens[node] for node in path], len(path)) for _, path in part]
        behind = pad(told, 0, "right")
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
            found[row, path] = values[: len(path)]
    return found


def rank_of(logprobs: torch.Tensor, right: int) -> int:
    """The rank of the right candidate, 1 for the best; a tie counts against it."""
    return int((logprobs >= logprobs[right]).sum())
