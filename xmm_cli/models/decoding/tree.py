"""Candidate answers as one tree of tokens: shared beginnings stand in it once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import torch

ROOT = -1
"""The prompt's end."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A node comes after its parent."""

    tokens: list[int]
    parents: list[int]
    depths: list[int]
    leaves: list[int]
    """The last node of each candidate."""
    children: dict[int, dict[int, int]] = field(default_factory=dict)
    """By node and token, the node that follows."""

    def follow(self, told: Sequence[int]) -> int | None:
        """The node where `told` ends; None where it leaves the tree."""
        node: int | None = ROOT
        for token in told:
            node = None if node is None else self.children.get(node, {}).get(token)
        return node

    def guess(self, told: Sequence[int]) -> list[int]:
        """How an answer that began so would go on, if it were a candidate; without its last token.

        That one need not be read to be told. Of several candidates it is the first.
        """
        node = self.follow(told)
        ahead: list[int] = []
        while node is not None and node in self.children:
            token, node = next(iter(self.children[node].items()))
            ahead.append(token)
        return ahead[:-1]


def build_tree(candidates: Sequence[Sequence[int]]) -> Tree:
    """One tree of all candidates, none of which is empty."""
    tree = Tree([], [], [], [])
    for candidate in candidates:
        node = ROOT
        for depth, token in enumerate(candidate):
            following = tree.children.setdefault(node, {})
            if token not in following:
                following[token] = len(tree.tokens)
                tree.tokens.append(token)
                tree.parents.append(node)
                tree.depths.append(depth)
            node = following[token]
        tree.leaves.append(node)
    return tree


def inner(tree: Tree) -> tuple[Tree, dict[int, int]]:
    """The tree without the nodes that nothing follows, and where each node that is left stands.

    A token that nothing follows, such as an end token, is told from its parent and need not be
    read. `leaves` and `children` of the smaller tree are empty; `ROOT` stays itself.
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


def path_to(tree: Tree, leaf: int) -> list[int]:
    """The nodes from the first token of a candidate to its leaf."""
    nodes = []
    while leaf != ROOT:
        nodes.append(leaf)
        leaf = tree.parents[leaf]
    return nodes[::-1]
