"""From a view and a question to token ids, by the model's own processor and chat template.

A picture's features are computed once and kept: a conversation holds them instead of pixels.
"""

import inspect
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from xmm_cli.errors import BadData, InputNotFound, Unavailable
from xmm_cli.models.loading import Base

IGNORED = -100

PER_TOKEN = ("token_type_ids", "mm_token_type_ids")
_TEXT_KEYS = ("input_ids", "attention_mask", "labels", *PER_TOKEN)
_MOST_KEPT = 20_000
_REWRITES = "its chat template writes a finished answer otherwise than the start of one"

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """A picture (a `PIL.Image`) that lies in no file; it equals itself alone."""

    pixels: Any


@dataclass(frozen=True, slots=True)
class Context:
    """What a question is about: a picture, a description, or neither."""

    image: Path | Drawn | None = None
    text: str | None = None


Turn = tuple[str, str]
"""A question and its answer."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """Token ids of prompt and answer, and the features of the picture that is shown.

    `ids` are the prompt's and, where there is one, the answer's, which starts at `answer_start`.
    `features` is a tensor `(image tokens, width)`; `per_token` holds what else the model wants
    for each token. Where several answers are to be learned, `asked` has start and end, in `ids`,
    of each question between them.
    """

    ids: list[int]
    answer_start: int
    features: Any = None
    per_token: dict[str, list[int]] = field(default_factory=dict)
    asked: tuple[tuple[int, int], ...] = ()


class Conversations:
    """Encodes conversations for one model, and keeps the features of every picture it has seen."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._features: OrderedDict[Path | Drawn, Any] = OrderedDict()
        self._prompts: OrderedDict[tuple[Context, str], Conversation] = OrderedDict()
        self._answers: OrderedDict[str, list[int]] = OrderedDict()
        self._about_pictures: OrderedDict[tuple[Any, ...], str] = OrderedDict()
        self._end: list[int] | None = None
        known = base.tokenizer.added_tokens_decoder.values()
        self._control = [token.content for token in known if token.special]
        self._wanted = set(inspect.signature(base.model.get_image_features).parameters)
        if not base.processor.chat_template and not base.tokenizer.chat_template:
            raise Unavailable(
                f"base {base.name!r} has no chat template", "use its instruction-tuned version"
            )

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
        Raises `InputNotFound` where the picture is missing or cannot be read, `BadData` where a
        text holds a token that steers the model, `Unavailable` where the model's chat template
        rewrites what was said before.
        """
        if earlier:
            return self._go_on(context, question, answer, earlier)
        asked = _kept(self._prompts, (context, question), lambda: self._ask(context, question))
        if answer is None:
            return asked
        told = self.answer_ids(answer)
        per_token = {key: row + [0] * len(told) for key, row in asked.per_token.items()}
        return Conversation([*asked.ids, *told], len(asked.ids), asked.features, per_token)

    def _ask(self, context: Context, question: str) -> Conversation:
        inputs = self._process(context, self._render(context, question))
        ids = inputs["input_ids"][0].tolist()
        per_token = {key: inputs[key][0].tolist() for key in PER_TOKEN if key in inputs}
        features = None
        if context.image is not None:
            features = _kept(self._features, context.image, lambda: self._compute(inputs))
        return Conversation(ids, len(ids), features, per_token)

    def _go_on(
        self, context: Context, question: str, answer: str | None, earlier: Sequence[Turn]
    ) -> Conversation:
        """The conversation after the first prompt, which alone needs the processor."""
        first = self.encode(context, earlier[0][0])
        ids, asked = list(first.ids), []
        questions = [*(turn[0] for turn in earlier[1:]), question]
        for count, following in enumerate(questions, 1):
            done = earlier[:count]
            prompt = self._render(context, done[-1][0], earlier=done[:-1])
            told = self._told(prompt, self._render(context, *done[-1], earlier=done[:-1]))
            before = [*self._tokens(prompt), *told]
            after = self._tokens(self._render(context, following, earlier=done))
            if after[: len(before)] != before:
                raise Unavailable(f"base {self.base.name!r}: {_REWRITES}")
            ids += told
            asked.append((len(ids), len(ids) + len(after) - len(before)))
            ids += after[len(before) :]
        start = len(first.ids) if answer is not None else len(ids)
        if answer is not None:
            ids += self.answer_ids(answer)
        grown = len(ids) - len(first.ids)
        per_token = {key: row + [0] * grown for key, row in first.per_token.items()}
        between = tuple(asked) if answer is not None else ()
        return Conversation(ids, start, first.features, per_token, between)

    def answer_ids(self, answer: str) -> list[int]:
        """The tokens of an answer as the chat template writes it, up to its end token."""
        context = Context(text="")

        def tell() -> list[int]:
            return self._told(self._render(context, ""), self._render(context, "", answer))

        return _kept(self._answers, answer, tell).copy()

    def _told(self, prompt: str, whole: str) -> list[int]:
        """The tokens of the answer by which `whole` is longer than `prompt`, and its end token."""
        if not whole.startswith(prompt):
            raise Unavailable(f"base {self.base.name!r}: {_REWRITES}")
        told = self._tokens(whole)[len(self._tokens(prompt)) :]
        ends = [i for i, token in enumerate(told) if token in self.end_tokens]
        return told[: ends[0] + 1] if ends else told

    def _tokens(self, rendered: str) -> list[int]:
        return list(self.base.tokenizer(rendered, add_special_tokens=False).input_ids)

    @property
    def end_tokens(self) -> list[int]:
        """The tokens that end an answer."""
        if self._end is None:
            ends = self.base.model.generation_config.eos_token_id
            ends = ends if isinstance(ends, list) else [ends]
            own = [self.base.tokenizer.eos_token_id]
            self._end = [token for token in dict.fromkeys([*ends, *own]) if token is not None]
        return self._end

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
        return _kept(
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
        turns: list[dict[str, Any]] = [
            {"role": ("user", "assistant")[i % 2], "content": [{"type": "text", "text": text}]}
            for i, text in enumerate(said if answer is not None else said[:-1])
        ]
        if context.image is not None:
            turns[0]["content"].insert(0, {"type": "image"})
        rendered = self.base.processor.apply_chat_template(
            turns, add_generation_prompt=answer is None, tokenize=False
        )
        return str(rendered)

    def _process(self, context: Context, prompt: str) -> Any:
        image = _open(context.image) if context.image is not None else None
        starts = self.base.tokenizer.bos_token
        return self.base.processor(
            text=[prompt],
            images=None if image is None else [image],
            return_tensors="pt",
            add_special_tokens=not (starts and prompt.startswith(starts)),
        )

    def _compute(self, inputs: Any) -> Any:
        """The frozen features of one picture, `(image tokens, width)`, on the CPU."""
        import torch

        with torch.inference_mode():
            output = self.base.model.get_image_features(
                **{
                    key: value.to(self.base.device)
                    for key, value in inputs.items()
                    if key in self._wanted and key not in _TEXT_KEYS
                },
                return_dict=True,
            )
        found = output.pooler_output
        return torch.cat([part.flatten(0, -2) for part in found]).cpu().clone()


def _kept(store: OrderedDict[K, V], key: K, make: Callable[[], V]) -> V:
    """What the store has under `key`, made if it is absent; the longest unused goes first."""
    if key not in store:
        store[key] = make()
        if len(store) > _MOST_KEPT:
            store.popitem(last=False)
    store.move_to_end(key)
    return store[key]


def _open(picture: Path | Drawn) -> Any:
    from PIL import Image

    if isinstance(picture, Drawn):
        return picture.pixels.convert("RGB")
    path = picture
    try:
        with Image.open(path) as image:
            return image.convert("RGB")
    except FileNotFoundError as error:
        hint = "are the persona rows in the folder they were made in?"
        raise InputNotFound(f"{path}: picture not found", hint) from error
    # Pillow's decoders raise whatever they meet in a damaged file
    except (OSError, ValueError, SyntaxError, RuntimeError, Image.DecompressionBombError) as error:
        raise InputNotFound(f"{path}: the picture cannot be read: {error}") from error
