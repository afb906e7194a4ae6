"""From a view and a question to token ids, by the model's own processor and chat template.

A picture's features are computed once and kept: a conversation holds them instead of pixels.
"""

import warnings
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xmm_cli.errors import BadData, BadPicture, PictureLeftOut, Unavailable, XmmError
from xmm_cli.models.adapters.parts import sees_anew
from xmm_cli.models.chat import REWRITES, Chat
from xmm_cli.models.first_prompt import Drawn, FirstPrompts, Prompt
from xmm_cli.models.keeping import kept
from xmm_cli.models.loading import Base
from xmm_cli.models.oom import is_out_of_memory

if TYPE_CHECKING:
    from xmm_cli.models.vision.features import Features

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Context:
    """What a question is about: a picture, a description, or neither."""

    image: Path | Drawn | None = None
    text: str | None = None


Turn = tuple[str, str]
"""A question and its answer."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Token ids of prompt and answer, and the picture that is shown.

    `ids` are the prompt's and, where there is one, the answer's, which starts at `answer_start`.
    `features` are the picture's, where what sees is frozen; `shown` is what else the model wants
    of it, which otherwise is its pixels. `per_token` holds what the model wants for each token.
    Where several answers are to be learned, `asked` has start and end, in `ids`, of each question
    between them.
    """

    ids: list[int]
    answer_start: int
    features: "Features | None" = None
    per_token: dict[str, list[int]] = field(default_factory=dict)
    asked: tuple[tuple[int, int], ...] = ()
    shown: dict[str, Any] = field(default_factory=dict)


class Conversations:
    """Encodes conversations for one model, and keeps the features of every picture it has seen."""

    def __init__(self, base: Base) -> None:
        from xmm_cli.models.vision.tower import Vision

        self.base = base
        self.vision = Vision(base)
        self._chat, self._first = Chat(base), FirstPrompts(base)
        self._told: set[Path | Drawn | None] = set()
        self._prompts: OrderedDict[tuple[Context, str], Prompt] = OrderedDict()
        self._answers: OrderedDict[str, list[int]] = OrderedDict()
        self._about_pictures: OrderedDict[tuple[Any, ...], str] = OrderedDict()
        self._end: list[int] | None = None
        known = base.tokenizer.added_tokens_decoder.values()
        self._control = [token.content for token in known if token.special]

    def encode(
        self,
        context: Context,
        question: str,
        answer: str | None = None,
        earlier: Sequence[Turn] = (),
    ) -> Conversation:
        """A question about a context, and its answer with the token that ends it.

        `earlier` turns come before the question. Where there is an answer, theirs are answers to
        learn too; without one they are part of the prompt.
        Raises `InputNotFound` where the picture is missing, `BadPicture` where it cannot be used,
        `BadData` where a text holds a token that steers the model, `Unavailable` where the model's
        chat template rewrites what was said before.
        """
        if earlier:
            return self._go_on(context, question, answer, earlier)
        asked = self._ask(context, question)
        if answer is None:
            return asked
        answer_tokens = self.answer_ids(answer)
        return replace(
            asked,
            ids=[*asked.ids, *answer_tokens],
            per_token=self._longer(asked.per_token, len(answer_tokens)),
        )

    def usable(self, context: Context, question: str) -> bool:
        """Whether this can be encoded; of each picture that cannot be used, one warning tells.

        Raises as `encode` does of whatever else.
        """
        try:
            self.encode(context, question)
        except BadPicture as error:
            if context.image not in self._told:
                self._told.add(context.image)
                warnings.warn(f"{error}; it is left out", PictureLeftOut, stacklevel=1)
            return False
        return True

    def look_at(self, asked: Iterable[tuple[Context, str]]) -> None:
        """Look at the pictures of these questions together, which is faster than one by one.

        Nothing is lost where this is not done. Raises as `encode` does, except that pictures which
        cannot be used are passed over.
        """
        from xmm_cli.models.vision.batched import AT_ONCE
        from xmm_cli.models.vision.tower import beside_features

        if sees_anew(self.base.model):
            return
        wanted = dict.fromkeys(
            (context, question)
            for context, question in asked
            if not (context.image is None or self.vision.knows(context.image))
        )
        new = list(wanted)
        for start in range(0, len(new), AT_ONCE):  # no more pixels than these are held
            prompts: dict[tuple[Context, str], Prompt] = {}
            for key in new[start : start + AT_ONCE]:
                with suppress(BadPicture):
                    prompts[key] = self._process(*key)
            try:
                self.vision.look({key[0].image: prompt.picture for key, prompt in prompts.items()})
            except Exception as error:  # `encode` finds out which of them the tower refuses
                if isinstance(error, XmmError) or is_out_of_memory(error):
                    raise
                continue
            for key, prompt in prompts.items():
                self._keep(key, replace(prompt, picture=beside_features(prompt.picture)))

    def _keep(self, key: tuple[Context, str], prompt: Prompt) -> None:
        kept(self._prompts, key, lambda: prompt)

    def _ask(self, context: Context, question: str) -> Conversation:
        """The first prompt; pixels are kept only until there are features."""
        from xmm_cli.models.vision.tower import beside_features, pixels

        key = (context, question)
        anew = sees_anew(self.base.model)
        prompt = self._prompts.get(key)
        known = context.image is None or anew or self.vision.knows(context.image)
        if prompt is None or (context.image is not None and (anew or not known)):
            prompt = self._process(context, question)
        if context.image is None:
            kept(self._prompts, key, lambda: prompt)
            return Conversation(prompt.ids, len(prompt.ids), None, prompt.per_token)
        if anew:
            shown = pixels(prompt.picture)
            return Conversation(prompt.ids, len(prompt.ids), None, prompt.per_token, shown=shown)
        features = self._first.features(self.vision, context.image, prompt)
        shown = beside_features(prompt.picture)
        kept(self._prompts, key, lambda: replace(prompt, picture=shown))
        return Conversation(prompt.ids, len(prompt.ids), features, prompt.per_token, shown=shown)

    def _go_on(
        self, context: Context, question: str, answer: str | None, earlier: Sequence[Turn]
    ) -> Conversation:
        """The conversation after the first prompt, which alone needs the processor."""
        first = self.encode(context, earlier[0][0])
        ids, asked = list(first.ids), []
        questions = [*(turn[0] for turn in earlier[1:]), question]
        for count, following in enumerate(questions, 1):
            done = earlier[:count]
            last = done[-1][1]
            prompt = self._render(context, done[-1][0], earlier=done[:-1])
            tokens, _ = self._written(
                prompt, self._render(context, *done[-1], earlier=done[:-1]), last
            )
            before = [*self._tokens(prompt), *tokens]
            whole = self._render(context, following, earlier=done)
            after = self._tokens(prompt + self._chat.rest(prompt, whole, last))
            if after[: len(before)] != before:
                raise Unavailable(f"base {self.base.name!r}: {REWRITES}")
            ids += tokens
            asked.append((len(ids), len(ids) + len(after) - len(before)))
            ids += after[len(before) :]
        start = len(first.ids) if answer is not None else len(ids)
        if answer is not None:
            ids += self.answer_ids(answer)
        per_token = self._longer(first.per_token, len(ids) - len(first.ids))
        between = tuple(asked) if answer is not None else ()
        return replace(first, ids=ids, answer_start=start, per_token=per_token, asked=between)

    def going_on(self, prompt: Conversation, ids: Sequence[int]) -> Conversation:
        """The same prompt with these tokens behind it."""
        whole = [*prompt.ids, *ids]
        per_token = self._longer(prompt.per_token, len(ids))
        return replace(prompt, ids=whole, answer_start=len(whole), per_token=per_token)

    def _longer(self, per_token: dict[str, list[int]], count: int) -> dict[str, list[int]]:
        """What the model wants for each token, with that of so many tokens after the prompt."""
        after = self.base.family.after_prompt
        return {key: row + [after.get(key, 0)] * count for key, row in per_token.items()}

    def answer_ids(self, answer: str) -> list[int]:
        """The tokens of an answer as the chat template writes it, up to its end token."""
        context = Context(text="")
        return kept(self._answers, answer, lambda: self._answer(context, answer)).copy()

    def _answer(self, context: Context, answer: str) -> list[int]:
        asked, whole = self._render(context, ""), self._render(context, "", answer)
        tokens, ended = self._written(asked, whole, answer)
        end = self.base.tokenizer.eos_token_id
        # where the template writes no end, that of the tokenizer is learned: else nothing would be
        return tokens if ended or end is None else [*tokens, end]

    def _written(self, prompt: str, whole: str, answer: str) -> tuple[list[int], bool]:
        """The tokens of the answer by which `whole` is longer, and whether they end with an end."""
        rest = self._chat.rest(prompt, whole, answer)
        known = len(self._tokens(prompt))
        tokens = self._tokens(prompt + rest)[known:]
        ends = [i for i, token in enumerate(tokens) if token in self.end_tokens]
        if ends:
            return tokens[: ends[0] + 1], True
        return self._tokens(prompt + rest.rstrip())[known:], False

    def _tokens(self, rendered: str) -> list[int]:
        return list(self.base.tokenizer(rendered, add_special_tokens=False).input_ids)

    @property
    def end_tokens(self) -> list[int]:
        """The tokens that end an answer: the model's, the tokenizer's, the chat template's."""
        if self._end is None:
            ends = self.base.model.generation_config.eos_token_id
            ends = ends if isinstance(ends, list) else [ends]
            own = [self.base.tokenizer.eos_token_id, self._closing()]
            self._end = [token for token in dict.fromkeys([*ends, *own]) if token is not None]
        return self._end

    def _closing(self) -> int | None:
        """The special token with which the chat template closes an answer, if it does."""
        prompt, whole = self._chat.render([""], False), self._chat.render(["", _WORD], False)
        rest = self._tokens(self._chat.rest(prompt, whole, _WORD).partition(_WORD)[2])
        special = set(self.base.tokenizer.all_special_ids)
        return rest[0] if rest and rest[0] in special else None

    def _render(
        self,
        context: Context,
        question: str,
        answer: str | None = None,
        earlier: Sequence[Turn] = (),
    ) -> str:
        """What is said, by the chat template; about pictures it says the same for all of them."""
        if context.image is None or context.text is not None:
            return self._write(context, question, answer, earlier)
        key = (question, answer, tuple(earlier))
        return kept(
            self._about_pictures, key, lambda: self._write(context, question, answer, earlier)
        )

    def _write(
        self, context: Context, question: str, answer: str | None, earlier: Sequence[Turn]
    ) -> str:
        said = [text for turn in (*earlier, (question, answer or "")) for text in turn]
        if context.text:
            said[0] = f"{context.text} {said[0]}"
        for token in self._control:
            if any(token in text for text in said):
                raise BadData(
                    f"a description or name holds {token!r}, which steers {self.base.name}",
                    "write it otherwise",
                )
        turns = said if answer is not None else said[:-1]
        return self._chat.render(turns, context.image is not None)

    def _process(self, context: Context, question: str) -> Prompt:
        text = self._render(context, question)
        if context.image is None:
            return self._first.of_text(text)
        return self._first.of_picture(text, context.image)


_WORD = "Oslo"
