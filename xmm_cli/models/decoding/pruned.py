r"""Ranks without reading every candidate: only those are read that the right one may lose to.

A candidate is at most as likely as any beginning of it. Behind each prompt the right answer is read
first; that tells of every candidate how likely its first token is, and more of those that begin
alike. A candidate that is less likely than the right answer by then ranks behind it, and is not
read to its end. So ranks are exact. What the model would rather have told is exact too: it is a
candidate whose beginning is likelier than the right answer, or no candidate at all. With a model
that knows its people, a few tokens are read behind each prompt instead of all of the tree.
"""

from collections.abc import Sequence
from typing import Any

import torch

from xmm_cli.compat import rows_of_cache
from xmm_cli.models.conversation import Conversation
from xmm_cli.models.decoding.batching import behind_prompts, ends_of, model_inputs, pad
from xmm_cli.models.decoding.last_layer import last_layer_at
from xmm_cli.models.decoding.rank import NOT_TOLD, Reading, rows_at_once
from xmm_cli.models.decoding.tree import ROOT, Tree, ancestry, inner, path_to
from xmm_cli.models.loading import Base

UNREAD = -1e30
"""The log-probability of a token that was not read: its candidate is behind the right one."""
CLOSE = 1e-3
"""Nats by which a candidate may look behind and still be read, for rounding."""
ALIKE = 2
"""Rows are read together if none has more nodes than so many times those of another."""


@torch.inference_mode()
def read_contenders(
    base: Base,
    model: Any,
    prompts: Sequence[Conversation],
    tree: Tree,
    rights: Sequence[int],
    *,
    tops: bool = True,
) -> Reading:
    """`rank.read_tree`, with `UNREAD` for the nodes of candidates that are behind anyway.

    `rights` has the number of the right candidate for each prompt. For a family and a model whose
    candidates can be read as a tree.
    """
    behind = PrunedCandidates(base, model, prompts, tree)
    behind.read([[tree.leaves[right]] for right in rights])
    behind.read(behind.left(rights))
    return Reading(behind.steps.cpu(), behind.tops.tolist() if tops else None)


class PrunedCandidates:
    """What is known of a tree of candidates behind each prompt of a batch."""

    def __init__(self, base: Base, model: Any, prompts: Sequence[Conversation], tree: Tree) -> None:
        self.base, self.model, self.tree = base, model, tree
        shown, self.place = inner(tree)
        self.tokens = torch.tensor(tree.tokens, device=base.device)
        self.depths = torch.tensor(tree.depths, device=base.device)
        self.parents = torch.tensor(tree.parents, device=base.device)
        self.sees = ancestry(tree).to(base.device)
        batch = pad(prompts, base.pad_token_id, "left")
        inputs = model_inputs(batch, base.device, base.model.dtype)
        positions = base.family.positions(base.model, inputs)
        with last_layer_at(model, ends_of(batch, base.device)):
            read = model(**inputs, position_ids=positions, logits_to_keep=1, use_cache=True)
        self.cache, self.mask = read.past_key_values, inputs["attention_mask"].bool()
        self.following = behind_prompts(positions, self.mask)
        first = read.logits[:, -1].float()
        self.steps = first.new_full((len(prompts), len(tree.tokens)), UNREAD)
        self.tops = torch.full((len(prompts), 1 + len(shown.tokens)), NOT_TOLD)
        self.tops[:, 0] = first.argmax(-1).cpu()
        roots = (self.parents == ROOT).nonzero()[:, 0]
        self.steps[:, roots] = first.log_softmax(-1)[:, self.tokens[roots]]

    def left(self, rights: Sequence[int]) -> list[list[int]]:
        """The leaves that may lie before the right one, for each prompt, as far as is known."""
        steps = self.steps.cpu().double()  # not every device has doubles
        paths = self.sees.cpu()[torch.tensor(self.tree.leaves)].double()
        known = steps > UNREAD
        sums = steps.masked_fill(~known, 0.0) @ paths.T
        whole = known.double() @ paths.T == paths.sum(1)
        right = sums.gather(1, torch.tensor(rights)[:, None])
        open_ = (sums >= right - CLOSE) & ~whole
        return [[self.tree.leaves[at] for at in row.nonzero()[:, 0].tolist()] for row in open_]

    def read(self, leaves: Sequence[Sequence[int]]) -> None:
        """Read the paths to some leaves behind each prompt: together where as many are behind each.

        So many rows at a time as `rank.LOGITS_BYTES` allows.
        """
        wanted = [
            sorted({node for leaf in some for node in path_to(self.tree, leaf)} & self.place.keys())
            for some in leaves
        ]
        rows = sorted(
            (row for row, some in enumerate(wanted) if some), key=lambda r: -len(wanted[r])
        )
        while rows:
            most = len(wanted[rows[0]])
            alike = [row for row in rows if len(wanted[row]) * ALIKE >= most]
            together = alike[: rows_at_once(self.base, most)]
            rows = rows[len(together) :]
            self._behind(together, [wanted[row] for row in together])

    def _behind(self, rows: list[int], nodes: Sequence[Sequence[int]]) -> None:
        """One pass over some nodes behind some of the prompts, and what it tells."""
        device = self.base.device
        most = max(map(len, nodes))
        chosen = torch.tensor(rows, device=device)
        # what is missing of a row is the node after the last
        beyond = [[*some, *[len(self.tokens)] * (most - len(some))] for some in nodes]
        shown = torch.tensor(beyond, device=device)
        own = shown.clamp(max=len(self.tokens) - 1)
        logits = self.model(
            input_ids=self.tokens[own],
            attention_mask=self._mask(chosen, own, shown < len(self.tokens)),
            position_ids=self.following[..., chosen, :] + self.depths[own],
            past_key_values=rows_of_cache(self.cache, chosen),
            use_cache=True,
        ).logits.float()
        self._keep(chosen, shown, logits)
        best = logits.argmax(-1).tolist()
        for row, some, tokens in zip(rows, nodes, best, strict=True):
            for node, token in zip(some, tokens, strict=False):
                self.tops[row, self.place[node] + 1] = token

    def _mask(self, rows: torch.Tensor, own: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
        """What each node sees: the prompt, its ancestors among the nodes, and itself.

        Float `(rows, 1, nodes, prompt + nodes)` from `own`, the nodes' numbers, of which those that
        are not `real` fill the row up; both `(rows, nodes)`.
        """
        count = own.shape[1]
        sees = self.sees[own[:, :, None], own[:, None, :]] & real[:, None, :]
        # what fills a row up sees itself: a row of the softmax must not be empty
        sees |= torch.eye(count, dtype=torch.bool, device=own.device)
        prompts = self.mask[rows][:, None, :].expand(-1, count, -1)
        blocked = ~torch.cat([prompts, sees], dim=2)[:, None]
        whole = torch.zeros(blocked.shape, dtype=self.base.model.dtype, device=own.device)
        return whole.masked_fill(blocked, float("-inf"))

    def _keep(self, rows: torch.Tensor, shown: torch.Tensor, logits: torch.Tensor) -> None:
        """Of each node whose parent was read, how likely it is there.

        `shown` int64 `(rows, nodes)`; `logits` float32 `(rows, nodes, vocabulary)`.
        """
        # where each node was read; the last place is of none, and of the prompt, which is no node
        place = shown.new_full((len(rows), len(self.tokens) + 1), ROOT)
        place.scatter_(1, shown, torch.arange(shown.shape[1], device=rows.device).expand_as(shown))
        place[:, -1] = ROOT
        parent = place[:, self.parents]
        at = parent.clamp(min=0)
        row = torch.arange(len(rows), device=rows.device)[:, None]
        told = logits[row, at, self.tokens] - logits.logsumexp(-1).gather(1, at)
        self.steps[rows] = torch.where(parent == ROOT, self.steps[rows], told)
