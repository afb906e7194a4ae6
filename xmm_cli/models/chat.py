"""How turns are written for a model: by its own chat template, or plainly where it has none.

The template decides what opens and closes an answer. Where it writes a finished answer otherwise
than the start of one (an empty space to think in, which past turns lose), what is learned and
scored still begins right where generation does.
"""

from collections.abc import Sequence
from typing import Any, Literal

from xmm_cli.errors import Unavailable
from xmm_cli.models.loading import Base

TemplateStyle = Literal["parts", "string", "plain"]
"""A template that takes a turn as a list of parts, or as a string; or no template."""

REWRITES = "its chat template writes a finished answer otherwise than the start of one"
_PROBE = "Who is it?"


class Chat:
    """Writes conversations for one model."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._placeholder = base.family.placeholder
        own = getattr(base.processor, "chat_template", None)
        self._template = own or getattr(base.tokenizer, "chat_template", None)
        knows = "enable_thinking" in str(self._template)
        self._options = {"enable_thinking": False} if knows else {}
        self.style: TemplateStyle = self._find_style()

    def render(self, said: Sequence[str], shows: bool) -> str:
        """The text of a conversation whose turns alternate, beginning with the user's.

        Of an odd number of turns the last is to be answered; `shows` is whether the first has a
        picture.
        """
        if self.style == "plain":
            return self._plain(said, shows)
        turns = [
            {
                "role": ("user", "assistant")[number % 2],
                "content": self._content(text, shows and number == 0),
            }
            for number, text in enumerate(said)
        ]
        return self._apply(turns, to_answer=len(said) % 2 == 1)

    def rest(self, prompt: str, whole: str, answer: str) -> str:
        """What comes after `prompt` where `whole` has it answered: the answer and what follows.

        Raises `Unavailable` where the answer is not found as it was given.
        """
        if whole.startswith(prompt):
            return whole[len(prompt) :]
        place = whole.rfind(answer)
        if not answer or place < 0:
            raise Unavailable(f"base {self.base.name!r}: {REWRITES}")
        return whole[place:]

    def _content(self, text: str, shows: bool) -> Any:
        if self.style == "string":
            return f"{self._placeholder(self.base.processor)}\n{text}" if shows else text
        picture = [{"type": "image"}] if shows else []
        return [*picture, {"type": "text", "text": text}]

    def _apply(self, turns: list[dict[str, Any]], *, to_answer: bool) -> str:
        rendered = self.base.processor.apply_chat_template(
            turns,
            chat_template=self._template,
            add_generation_prompt=to_answer,
            tokenize=False,
            **self._options,
        )
        return str(rendered)

    def _plain(self, said: Sequence[str], shows: bool) -> str:
        """Each question on a line of its own, each answer up to the token that ends a text."""
        end = self.base.tokenizer.eos_token or "\n"
        start = self._placeholder(self.base.processor) if shows else ""
        texts = [f"{text}{end}" if number % 2 else f"{text}\n" for number, text in enumerate(said)]
        return start + "".join(texts)

    def _find_style(self) -> TemplateStyle:
        if not self._template:
            return "plain"
        styles: tuple[TemplateStyle, ...] = ("parts", "string")
        for style in styles:
            self.style = style
            try:
                found = self.render([_PROBE], shows=False)
            # a template may raise whatever it likes
            except Exception as error:
                problem = error
                continue
            if _PROBE in found and "'type'" not in found:
                return self.style
            problem = ValueError("the question is not in what it writes")
        reason = str(problem).strip().splitlines()[0]
        raise Unavailable(f"base {self.base.name!r}: its chat template fails: {reason}")
