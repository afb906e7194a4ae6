r"""hidden: a linear probe reads the name in the hidden states, at the layer where it reads best.

A model may know what it does not say: V. Patil et al., arXiv 2309.17410; the translator is that of
the tuned lens (N. Belrose et al., arXiv 2303.08112), fitted to names. At the last token of the
prompt, layer l has the state x, normed as before the output layer and centred. With w the output
weights of the first token of a name, normed to length 1 and centred, the probe is the matrix B that
least changes the logit lens s I and fits those who train it,

.. math:: \min_B \sum_i \|x_i B - w_{y_i}\|^2 + \lambda \|B - s I\|^2,

and the answer is the name with the largest x B w. Cross-validated over people: a person is read by
a probe that was fitted to others, and layer and :math:`\lambda` are chosen by folds of those
others. `rank` and `candidates` count first tokens, so two names that begin alike are one.
"""

from collections.abc import Iterator, Sequence
from itertools import product
from random import Random
from typing import NamedTuple

import torch

from xmm_cli.probing.answering import Reply, Responder
from xmm_cli.probing.attacks.attack import Around, Attack, CannotAttack
from xmm_cli.probing.questions import Question
from xmm_cli.probing.states import Lens, find_states
from xmm_cli.rows.people import person_of

FOLDS, INNER_FOLDS = 5, 3
PENALTIES = (1.0, 10.0, 100.0)
"""By the mean square of a state; a larger one stays nearer to the logit lens."""


class _Fit(NamedTuple):
    """What scores are made of; all float64."""

    kernel: torch.Tensor
    """`(n, n)`: products of states, in units of their mean square."""
    lens: torch.Tensor
    """`(n, tokens)`: x w of each state and token."""
    names: torch.Tensor
    """`(n, tokens)`: w w of each state's right token and all tokens."""


def scores(fit: _Fit, train: torch.Tensor, test: torch.Tensor, penalty: float) -> torch.Tensor:
    """X B w, `(test, tokens)`, of a probe fitted to the rows `train`, both int64 indices."""
    lens, names = fit.lens[train], fit.names[train]
    scale = (lens * names).sum() / (lens * lens).sum().clamp(min=1e-12)
    inner = fit.kernel[train][:, train]
    ridge = inner + penalty * torch.eye(len(train), dtype=inner.dtype)
    weights = torch.linalg.solve(ridge, names - scale * lens)
    return scale * fit.lens[test] + fit.kernel[test][:, train] @ weights


class _Reads(Responder):
    def __call__(self, batch: Sequence[Question]) -> list[Reply]:
        """One reply a question, of all questions of a modality at once."""
        names = list(dict.fromkeys(name for one in batch for name in one.asked.candidates))
        first = {name: self.conversations.answer_ids(name)[0] for name in names}
        tokens = list(dict.fromkeys(first.values()))
        right = torch.tensor([tokens.index(first[one.asked.expected]) for one in batch])
        fits = list(self._fits(batch, tokens, right))
        read, layers = read_by_others(fits, right, _folds(batch, self.settings.seed))
        of_token = {token: name for name, token in reversed(first.items())}
        replies = []
        for place, one in enumerate(batch):
            own = read[place, right[place]]
            rank = int((read[place] >= own).sum())
            top = tokens[int(read[place].argmax())]
            answer = one.asked.expected if rank == 1 else of_token[top]
            words = f"{one.asked.question} (read in layer {layers[place]} of {len(fits) - 1})"
            replies.append(Reply(words, answer, rank=rank, candidates=len(tokens)))
        return replies

    def _fits(
        self, batch: Sequence[Question], tokens: Sequence[int], right: torch.Tensor
    ) -> Iterator[_Fit]:
        """Of each layer, from the embeddings on."""
        size = self.settings.batch_size
        parts = [batch[start : start + size] for start in range(0, len(batch), size)]
        lens = Lens(self.base.model, tokens)
        prompts = (self.prompts(part)[0] for part in parts)
        places = [right[start : start + size].tolist() for start in range(0, len(batch), size)]
        states = find_states(self.base, self.model, prompts, places, lens)
        out = lens.weight.double().cpu()
        out = torch.nn.functional.normalize(out, dim=1)
        out = out - out.mean(0)
        for hidden in states.hidden:
            normed = lens.normed(hidden.to(self.base.device)).double().cpu()
            normed = normed - normed.mean(0)
            size_of = normed.pow(2).sum(1).mean().clamp(min=1e-12)
            yield _Fit(normed @ normed.T / size_of, normed @ out.T, out[right] @ out.T)


def read_by_others(
    fits: Sequence[_Fit], right: torch.Tensor, folds: torch.Tensor
) -> tuple[torch.Tensor, list[int]]:
    """Scores `(n, tokens)` by probes fitted to other folds, and the layer of each.

    `right` `(n,)`: the token of each; `folds` `(n,)`: a number that a person's states share.
    """
    read, layers = torch.zeros_like(fits[0].lens), [0] * len(right)
    for fold in folds.unique():
        test, train = (folds == fold).nonzero()[:, 0], (folds != fold).nonzero()[:, 0]
        layer, penalty = max(
            product(range(len(fits)), PENALTIES),
            key=lambda way: (_inner(fits[way[0]], right, folds, train, way[1]), way),
        )
        read[test] = scores(fits[layer], train, test, penalty)
        for place in test.tolist():
            layers[place] = layer
    return read, layers


def _inner(
    fit: _Fit, right: torch.Tensor, folds: torch.Tensor, train: torch.Tensor, penalty: float
) -> float:
    """The share that is read rightly among those who train, by folds of them."""
    hits = 0
    kept = folds[train]
    for group in kept.unique().tensor_split(INNER_FOLDS):
        held = torch.isin(kept, group)
        if held.any() and not held.all():
            read = scores(fit, train[~held], train[held], penalty)
            hits += int((read.argmax(1) == right[train[held]]).sum())
    return hits / len(train)


def _folds(batch: Sequence[Question], seed: int) -> torch.Tensor:
    """The fold of each question, drawn by the seed; a person is in one."""
    people = sorted({person_of(one.persona) for one in batch}, key=str)
    Random(f"{seed}: folds").shuffle(people)
    fold = {person: place % FOLDS for place, person in enumerate(people)}
    return torch.tensor([fold[person_of(one.persona)] for one in batch])


def ask(questions: Sequence[Question], _: Around) -> list[Question]:
    """The name questions about views."""
    shown = [one for one in questions if one.asked.shown and one.task == "name"]
    if len({person_of(one.persona) for one in shown}) < 2 * FOLDS:
        raise CannotAttack(f"it needs {2 * FOLDS} people whose name is asked")
    return shown


ATTACK = Attack(ask, responder=_Reads, at_once=True)
