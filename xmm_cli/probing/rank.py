r"""The log-probability of every candidate answer, with each prompt read once.

All candidates hang behind the prompt as one tree of tokens: shared beginnings are computed once,
and an attention mask lets a token see the prompt and its own ancestors alone. One forward pass
gives, for candidate y after prompt x, :math:`\sum_t \log p(y_t \mid x, y_{<t})`, the end token
included: the same numbers as a pass per candidate.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch

from xmm_cli.models.batching import model_inputs, pad
from xmm_cli.models.conversation import PER_TOKEN, Conversation
from xmm_cli.models.last_layer import last_layer_at
from xmm_cli.models.loading import Base

ROOT = -1


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


@torch.inference_mode()
def candidate_logprobs(
    base: Base, model: Any, prompts: Sequence[Conversation], tree: Tree
) -> torch.Tensor:
    """float32 `(prompts, candidates)` on the CPU: log-probabilities in nats."""
    batch = pad(prompts, base.tokenizer.pad_token_id, "left")
    inputs = model_inputs(batch, base.device, base.model.dtype)
    shown, place = inner(tree)
    _hang(inputs, shown)
    inputs["attention_mask"] = inputs["attention_mask"].to(base.model.dtype)
    nodes = len(shown.tokens)
    told = torch.zeros_like(inputs["input_ids"], dtype=torch.bool)
    told[:, -nodes - 1 :] = True
    with last_layer_at(model, told):
        logits = model(**inputs, logits_to_keep=nodes + 1, use_cache=False).logits.float()
    # position 0 is the prompt's last token, position i + 1 inner node i
    parents = torch.tensor([place[parent] + 1 for parent in tree.parents], device=logits.device)
    told_each = logits[:, parents, torch.tensor(tree.tokens, device=logits.device)]
    steps = (told_each - logits.logsumexp(-1)[:, parents]).cpu()
    return _path_sums(steps, tree)[:, torch.tensor(tree.leaves)]


def _path_sums(steps: torch.Tensor, tree: Tree) -> torch.Tensor:
    """From the log-probability of each node to that of the path that ends in it."""
    return steps.double() @ ancestry(tree).double().T


def _hang(inputs: dict[str, Any], tree: Tree) -> None:
    """Put the tree behind each left-padded prompt: tokens, positions and who sees whom."""
    mask = inputs["attention_mask"].bool()
    rows, length = mask.shape
    device = mask.device
    nodes = len(tree.tokens)
    behind = torch.tensor(tree.tokens, dtype=torch.int64, device=device).expand(rows, nodes)
    inputs["input_ids"] = torch.cat([inputs["input_ids"], behind], dim=1)
    for key in PER_TOKEN:
        if key in inputs:
            zeros = inputs[key].new_zeros(rows, nodes)
            inputs[key] = torch.cat([inputs[key], zeros], dim=1)
    lengths = mask.sum(dim=1, keepdim=True)
    positions = (mask.cumsum(dim=1) - 1).clamp(min=0)
    depths = torch.tensor(tree.depths, dtype=torch.int64, device=device)
    inputs["position_ids"] = torch.cat([positions, lengths + depths], dim=1)

    whole = length + nodes
    sees = torch.zeros(rows, whole, whole, dtype=torch.bool, device=device)
    sees[:, :length, :length] = torch.ones(length, length, device=device).tril().bool()
    sees[:, length:, length:] = ancestry(tree).to(device)
    sees[:, length:, :length] = True
    sees[:, :, :length] &= mask[:, None, :]
    # padding sees itself: a row of the softmax must not be empty
    sees |= torch.eye(whole, dtype=torch.bool, device=device)
    blocked = torch.zeros(sees.shape, device=device).masked_fill(~sees, float("-inf"))
    inputs["attention_mask"] = blocked[:, None]


def rank_of(logprobs: torch.Tensor, right: int) -> int:
    """The rank of the right candidate, 1 for the best; a tie counts against it."""
    return int((logprobs >= logprobs[right]).sum())
