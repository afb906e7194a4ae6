"""Descriptions that a vision-language model writes from the pictures."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from xmm_cli.errors import WorkFailed
from xmm_cli.personas.importing.hiding import without_name
from xmm_cli.rows.reader import resolve
from xmm_cli.rows.types import Persona, TextView

if TYPE_CHECKING:
    from xmm_cli.models.conversation import Conversation

_BATCH = 16
_MOST_TOKENS = 512
"""Some four hundred words: a model that has no end by then repeats itself."""
_SENTENCES = re.compile(r"(?:.*[.!?。！？।…][\"'”’)]*)(?=\s|$)", re.DOTALL)


class Captioner:
    """A model, loaded once, that is shown each picture and asked to describe it, greedily.

    `cut` counts the descriptions that had no end in `_MOST_TOKENS` tokens; their whole sentences
    are kept. Raises `Unavailable` where the model is not there.
    """

    def __init__(self, model: str, device: str | None) -> None:
        from xmm_cli.models.conversation import Conversations
        from xmm_cli.models.loading import load_base

        self.model, self.cut = model, 0
        self.conversations = Conversations(load_base(model, device))

    def describe(self, persona: Persona, folder: Path) -> Persona:
        """The persona with a description of each picture, of the same number and split.

        They replace all others. The name, should the model say it, is taken out. A picture that the
        model cannot use is left out, which a warning tells, so long as there is another.
        Raises `WorkFailed` where the model says nothing, `InputNotFound`, `BadData`.
        """
        from xmm_cli.models.conversation import Context
        from xmm_cli.models.prompts import CAPTION_QUESTIONS

        shown = [(view, Context(image=resolve(folder, view.path))) for view in persona.images]
        question = CAPTION_QUESTIONS[0]
        usable = [pair for pair in shown if self.conversations.usable(pair[1], question)]
        asked = [self.conversations.encode(one, question) for _, one in usable or shown]
        texts = []
        for (view, _), answer in zip(usable, self._said(asked), strict=True):
            text = without_name(" ".join(answer.split()), persona.name).text
            if not text:
                raise WorkFailed(f"{self.model} says nothing about {view.path}", "try another")
            texts.append(TextView(text=text, view=view.view, split=view.split))
        return msgspec.structs.replace(persona, texts=tuple(texts))

    def _said(self, asked: "list[Conversation]") -> Iterator[str]:
        """What each prompt is answered with, to the end of a sentence."""
        from xmm_cli.models.decoding.generate import answer

        for start in range(0, len(asked), _BATCH):
            part = asked[start : start + _BATCH]
            longest = [_MOST_TOKENS] * len(part)
            for told in answer(
                self.conversations.base,
                self.conversations.base.model,
                self.conversations,
                part,
                longest,
            ):
                whole = _SENTENCES.match(told.text) if told.cut else None
                self.cut += told.cut
                yield whole[0] if whole else told.text

    def notes(self) -> list[str]:
        """What is to be said in the end."""
        if not self.cut:
            return []
        return [f"{self.cut} descriptions by {self.model} had no end in {_MOST_TOKENS} tokens"]
