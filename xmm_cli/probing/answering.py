"""Answers to batches of questions: generated, ranked, or both."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from xmm_cli.models.conversation import Context, Conversation, Conversations
from xmm_cli.models.loading import Base
from xmm_cli.models.prompts import CAPTION_QUESTIONS, NAME_QUESTIONS, by_name
from xmm_cli.probing.questions import DESCRIPTION_TOKENS, Known, Question
from xmm_cli.rows.types import Answer, Checkpoint, Label

if TYPE_CHECKING:
    from xmm_cli.models.decoding.generate import Told
    from xmm_cli.models.decoding.rank import Reading
    from xmm_cli.models.decoding.tree import Tree

Asking = Literal["plain", "describe-first", "name-first", "hop-by-hop"]
"""Otherwise than plain, the model answers `FIRST` about the view, and is asked in a second turn.

Hop by hop, the second question is a conversation of its own: it shows nothing, and asks by the name
that the model gave.
"""

FIRST: dict[Asking, str] = {
    "describe-first": CAPTION_QUESTIONS[0],
    "name-first": NAME_QUESTIONS[0],
    "hop-by-hop": NAME_QUESTIONS[0],
}


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """How answers are got; each default stands here and nowhere else."""

    answers: tuple[Answer, ...] = ("generate", "rank")
    prefix: bool = False
    """Give the first half of the answer's tokens, and let the model go on."""
    tokens: bool = False
    """Keep the log-probability of each token of the right answer, and that of wrong answers."""
    asking: Asking = "plain"
    max_new_tokens: int | None = None
    """None: as many as the longest candidate has with its end, and at least as the task says."""
    batch_size: int = 32
    labels: Mapping[str, Label] = field(default_factory=dict)
    attack: str | None = None
    sets: Checkpoint | None = None
    """Whose forget set tells the people of a model apart that has none of its own."""
    seed: int = 0
    """What an attack draws by."""


@dataclass(slots=True)
class Reply:
    """What came of one question; None where it was not wanted."""

    question: str
    answer: str | None = None
    cut: bool = False
    """Whether the answer, or what was completed, had no end within the tokens it might have."""
    rank: int | None = None
    candidates: int | None = None
    logprob: float | None = None
    token_logprobs: tuple[float, ...] | None = None
    wrong_logprob: float | None = None
    prefix: str | None = None
    completed: str | None = None
    """The beginning that was given, and what came after it."""


class Responder:
    """Answers batches; candidates that come again and again are encoded once."""

    def __init__(
        self, base: Base, model: Any, conversations: Conversations, settings: ProbeSettings
    ) -> None:
        self.base, self.model = base, model
        self.conversations, self.settings = conversations, settings
        self._told_first: dict[Context, str] = {}
        self._trees: dict[tuple[str, ...], Tree] = {}
        self._most: dict[tuple[str, ...], int] = {}

    def usable(self, batch: Sequence[Question]) -> list[Question]:
        """Those whose pictures the model can use; a warning tells of each other picture."""
        shown = [one for one in batch if one.context.image is not None]
        asked = {one.context: self._first(one) for one in shown}
        self.conversations.look_at(asked.items())
        left_out = [one for one in asked.items() if not self.conversations.usable(*one)]
        unusable = {context for context, _ in left_out}
        return [one for one in batch if one.context not in unusable]

    def _first(self, question: Question) -> str:
        """What is asked first about a question's view."""
        return FIRST.get(self.settings.asking, question.asked.question)

    def __call__(self, batch: Sequence[Question]) -> list[Reply]:
        """One reply a question. All of a batch show something, or none of them does."""
        prompts, questions = self.prompts(batch)
        replies = [Reply(question) for question in questions]
        told: list[list[int]] = [[] for _ in batch]
        if "rank" in self.settings.answers:
            told = self._rank(batch, prompts, replies)
        if "generate" in self.settings.answers:
            for reply, answer in zip(replies, self._answers(batch, prompts, told), strict=True):
                reply.answer, reply.cut = answer
        if self.settings.prefix:
            self._go_on(batch, prompts, replies)
        return replies

    def _answers(
        self, batch: Sequence[Question], prompts: list[Conversation], told: list[list[int]]
    ) -> "list[Told]":
        """What each prompt is answered with, where ranking may have `told` it already."""
        from xmm_cli.models.decoding.generate import Told

        ends, longest = self.conversations.end_tokens, self._longest(batch)
        decoded = self.base.tokenizer.batch_decode(told, skip_special_tokens=True)
        answers = [Told(text.strip(), cut=False) for text in decoded]
        unknown = [
            place
            for place, tokens in enumerate(told)
            if not tokens or tokens[-1] not in ends or len(tokens) > longest[place]
        ]
        if unknown:
            generated = self._generate(
                [prompts[place] for place in unknown],
                [longest[place] for place in unknown],
                guesses=[self._tree(batch[place].asked.candidates) for place in unknown],
            )
            for place, answer in zip(unknown, generated, strict=True):
                answers[place] = answer
        return answers

    def _longest(self, batch: Sequence[Question]) -> list[int]:
        """The most tokens of each answer, which depend on no other question."""
        if self.settings.max_new_tokens is not None:
            return [self.settings.max_new_tokens] * len(batch)
        return [max(one.asked.tokens, self._needed(one.asked.candidates)) for one in batch]

    def _needed(self, known: tuple[str, ...]) -> int:
        """How many tokens the longest of these answers has, its end among them."""
        if known not in self._most:
            lengths = [len(self.conversations.answer_ids(one)) for one in known]
            self._most[known] = max(lengths, default=0)
        return self._most[known]

    def prompts(self, batch: Sequence[Question]) -> tuple[list[Conversation], list[str]]:
        """What the model is given, up to where its answer starts, and the last question in it."""
        asked = [question.asked.question for question in batch]
        contexts = [question.context for question in batch]
        encode = self.conversations.encode
        if self.settings.asking == "plain" or not batch[0].asked.shown:
            self.conversations.look_at(zip(contexts, asked, strict=True))
            return list(map(encode, contexts, asked)), asked
        self._tell_first(list(dict.fromkeys(contexts)), batch[0].known)
        said = [self._told_first[context] for context in contexts]
        if self.settings.asking == "hop-by-hop":
            asked = list(map(by_name, asked, said))
            return [encode(Context(), question) for question in asked], asked
        first = FIRST[self.settings.asking]
        turns = zip(contexts, asked, said, strict=True)
        return [encode(one, last, earlier=[(first, told)]) for one, last, told in turns], asked

    def _tell_first(self, contexts: Sequence[Context], of: Known) -> None:
        """Ask the first turn; of earlier views, only those still asked about are kept."""
        known = {one: self._told_first[one] for one in contexts if one in self._told_first}
        new = [one for one in contexts if one not in known]
        if new:
            first = FIRST[self.settings.asking]
            expected = of.looks if self.settings.asking == "describe-first" else of.names
            longest = max(DESCRIPTION_TOKENS, self._needed(expected))
            self.conversations.look_at((one, first) for one in new)
            prompts = [self.conversations.encode(one, first) for one in new]
            told = self._generate(prompts, [longest] * len(new))
            known |= {one: answer.text for one, answer in zip(new, told, strict=True)}
        self._told_first = known

    def _generate(
        self,
        prompts: Sequence[Conversation],
        longest: Sequence[int],
        begun: Sequence[int] | None = None,
        guesses: "Sequence[Tree] | None" = None,
    ) -> "list[Told]":
        from xmm_cli.models.decoding.generate import answer

        return answer(self.base, self.model, self.conversations, prompts, longest, begun, guesses)

    def _rank(
        self, batch: Sequence[Question], prompts: list[Conversation], replies: list[Reply]
    ) -> list[list[int]]:
        """Rank the candidates; how each answer begins, as far as reading them has told it."""
        from xmm_cli.models.decoding.rank import greedy, path_sums, rank_of

        told: list[list[int]] = [[] for _ in batch]
        by_candidates: dict[tuple[str, ...], list[int]] = {}
        for place, question in enumerate(batch):
            by_candidates.setdefault(question.asked.candidates, []).append(place)
        for candidates, places in by_candidates.items():
            tree = self._tree(candidates)
            rights = [candidates.index(batch[at].asked.expected) for at in places]
            reading = self._read([prompts[at] for at in places], tree, rights)
            if reading.tops is not None:
                begun = greedy(reading, tree, self.conversations.end_tokens)
                for at, tokens in zip(places, begun, strict=True):
                    told[at] = tokens
            found = path_sums(reading.steps, tree)
            for row, (at, right, logprobs) in enumerate(zip(places, rights, found, strict=True)):
                replies[at].rank = rank_of(logprobs, right)
                replies[at].candidates = len(candidates)
                replies[at].logprob = round(float(logprobs[right]), 5)
                if self.settings.tokens:
                    _keep_tokens(replies[at], reading.steps[row], logprobs, tree, right)
        return told

    def _read(
        self, prompts: Sequence[Conversation], tree: "Tree", rights: Sequence[int]
    ) -> "Reading":
        """What the model makes of the candidates: of all, or of those that may lie in front."""
        from xmm_cli.models.decoding.pruned import read_contenders
        from xmm_cli.models.decoding.rank import read_tree, takes_trees

        tops = "generate" in self.settings.answers
        given = (self.base, self.model, prompts, tree)
        if self.settings.tokens or not takes_trees(self.base):
            return read_tree(*given, tops=tops)
        return read_contenders(*given, rights, tops=tops)

    def _go_on(
        self, batch: Sequence[Question], prompts: list[Conversation], replies: list[Reply]
    ) -> None:
        """Give the first half of the right answer's tokens, and let the model tell the rest."""
        begun, given = [], []
        for question, prompt, reply in zip(batch, prompts, replies, strict=True):
            whole = self.conversations.answer_ids(question.asked.expected)
            told = [token for token in whole if token not in self.conversations.end_tokens]
            half = told[: len(told) // 2]
            reply.prefix = self.base.tokenizer.decode(half, skip_special_tokens=True).strip()
            begun.append(self.conversations.going_on(prompt, half))
            given.append(len(half))
        completed = self._generate(begun, self._longest(batch), given)
        for reply, answer in zip(replies, completed, strict=True):
            reply.completed, reply.cut = answer

    def _tree(self, candidates: tuple[str, ...]) -> "Tree":
        from xmm_cli.models.decoding.tree import build_tree

        if candidates not in self._trees:
            encoded = [self.conversations.answer_ids(name) for name in candidates]
            self._trees[candidates] = build_tree(encoded)
        return self._trees[candidates]


def _keep_tokens(reply: Reply, steps: Any, logprobs: Any, tree: "Tree", right: int) -> None:
    """The right answer token by token; of wrong ones, the mean probability by token, in logs.

    `steps`: of each node of the tree; `logprobs`: of each candidate.
    """
    from xmm_cli.models.decoding.tree import path_to

    path = path_to(tree, tree.leaves[right])
    reply.token_logprobs = tuple(round(float(steps[node]), 5) for node in path)
    depths = logprobs.new_tensor([tree.depths[leaf] + 1 for leaf in tree.leaves])
    by_token = logprobs / depths
    wrong = [at for at, leaf in enumerate(tree.leaves) if leaf != tree.leaves[right]]
    if wrong:
        mean = by_token[wrong].logsumexp(0) - math.log(len(wrong))
        reply.wrong_logprob = round(float(mean), 5)
