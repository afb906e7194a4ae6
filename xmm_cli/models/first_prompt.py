"""The first prompt of a conversation, as a model's own processor makes it.

Whether a picture is shown or not, a prompt begins with the tokens that the tokenizer puts before a
text, once, and ends where the answer begins: a token that ends a text has no place there.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from xmm_cli.errors import BadPicture, Doubtful, Unavailable, XmmError
from xmm_cli.models.loading import Base
from xmm_cli.models.oom import is_out_of_memory
from xmm_cli.models.usable import first_line
from xmm_cli.rows.pictures import read_picture

if TYPE_CHECKING:
    from xmm_cli.models.vision.features import Features
    from xmm_cli.models.vision.tower import Vision

PER_TOKEN = ("token_type_ids", "mm_token_type_ids")
"""What some models want for each token."""

_ORDINARY = (224, 224)
"""Width and height, in pixels, of a picture that every processor takes."""


@dataclass(frozen=True, eq=False, slots=True)
class Drawn:
    """A picture (a `PIL.Image`) that lies in no file; it equals itself alone."""

    pixels: Any

    def __str__(self) -> str:
        width, height = self.pixels.size
        return f"a picture of {width} x {height} pixels that was drawn"


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids, what the model wants for each of them, and the picture as the processor gives it.

    `picture` has tensors by the names of the model's arguments; it is empty where none is shown.
    """

    ids: list[int]
    per_token: dict[str, list[int]]
    picture: dict[str, Any]


class FirstPrompts:
    """Makes first prompts for one model."""

    def __init__(self, base: Base) -> None:
        self.base = base
        self._refused: dict[Path | Drawn, BadPicture] = {}
        self._warned = False

    def of_text(self, text: str) -> Prompt:
        """The prompt of a rendered text that shows nothing."""
        written = self.base.family.alone(self.base.processor, text)
        ids = list(self.base.tokenizer(written, add_special_tokens=False).input_ids)
        return self._begun(ids, {}, {})

    def of_picture(self, text: str, picture: Path | Drawn) -> Prompt:
        """The prompt of a rendered text with a picture in it.

        Raises `InputNotFound` where the picture is missing, `BadPicture` where it cannot be read
        or the processor refuses it, `Unavailable` where the processor refuses every picture.
        """
        if picture in self._refused:
            raise self._refused[picture]
        with self._judging(picture, text):
            inputs = self._process(text, opened(picture))
        given = {key: inputs[key][0].tolist() for key in PER_TOKEN if key in inputs}
        return self._begun(inputs["input_ids"][0].tolist(), given, dict(inputs))

    def features(self, vision: "Vision", picture: Path | Drawn, prompt: Prompt) -> "Features":
        """What the tower makes of a picture.

        Raises `BadPicture` where it refuses it, or makes more or less of it than the prompt has
        tokens for; `Unavailable` where it refuses every picture.
        """
        with self._judging(picture, self.base.family.placeholder(self.base.processor), vision):
            found = vision.features(picture, prompt.picture)
            held, count = sum(one == self._image_token for one in prompt.ids), len(found.tokens)
            if self._image_token is not None and held != count:
                raise ValueError(f"{held} tokens stand for it, and it has {count} features")
        return found

    @contextmanager
    def _judging(
        self, picture: Path | Drawn, text: str, vision: "Vision | None" = None
    ) -> Iterator[None]:
        """Find out whether what is raised inside is the picture's fault, or the model's.

        A processor and a tower may raise whatever they like; an ordinary picture tells.
        """
        try:
            yield
        except BadPicture as error:
            self._refused[picture] = BadPicture(error.message, error.hint)
            raise
        except Exception as error:
            if isinstance(error, XmmError) or is_out_of_memory(error):
                raise
            self._check_ordinary(text, vision)
            reason = first_line(error)
            said = f"{picture}: {self.base.name} cannot use this picture: {reason}"
            self._refused[picture] = BadPicture(said)
            raise self._refused[picture] from error

    def _check_ordinary(self, text: str, vision: "Vision | None") -> None:
        """Raise `Unavailable` where not even an ordinary picture can be used."""
        from PIL import Image

        drawn = Drawn(Image.new("RGB", _ORDINARY, "grey"))
        try:
            inputs = self._process(text, drawn.pixels)
            if vision is not None:
                vision.features(drawn, inputs)
        except Exception as error:
            problem = f"base {self.base.name!r} cannot use any picture: {first_line(error)}"
            raise Unavailable(problem) from error

    def _process(self, text: str, pixels: Any) -> Any:
        return self.base.processor(
            text=[self.base.family.to_processor(self.base.processor, text)],
            images=[[pixels]],
            return_tensors="pt",
            add_special_tokens=False,
        )

    def _begun(
        self, ids: list[int], given: dict[str, list[int]], picture: dict[str, Any]
    ) -> Prompt:
        """The prompt with the tokens that begin a text, unless it has them behind the picture."""
        begin = self.begin_tokens
        first = next((at for at, token in enumerate(ids) if token != self._image_token), 0)
        before = [] if ids[first : first + len(begin)] == begin else begin
        count = len(before) + len(ids)
        most = getattr(self.base.model.config.get_text_config(), "max_position_embeddings", None)
        if most is not None and count > most and not self._warned:
            self._warned = True
            warnings.warn(
                f"a prompt has {count} tokens, and {self.base.name} was made for {most}: nothing "
                "is cut, but what it makes of the rest may be poor; shorten the description",
                Doubtful,
                stacklevel=1,
            )
        wanted = {key: [0] * count for key in self.base.family.after_prompt}
        per_token = {key: [0] * len(before) + row for key, row in given.items()}
        return Prompt([*before, *ids], wanted | per_token, picture)

    @cached_property
    def begin_tokens(self) -> list[int]:
        """The tokens that the tokenizer puts before a text by itself."""
        plain = list(self.base.tokenizer(_WORD, add_special_tokens=False).input_ids)
        whole = list(self.base.tokenizer(_WORD).input_ids)
        places = range(len(whole) - len(plain) + 1)
        return next((whole[:at] for at in places if whole[at : at + len(plain)] == plain), [])

    @cached_property
    def _image_token(self) -> int | None:
        return getattr(self.base.model.config, "image_token_id", None)


_WORD = "Oslo"


def opened(picture: Path | Drawn) -> Any:
    """The picture, RGB. Raises as `read_picture` does."""
    return picture.pixels.convert("RGB") if isinstance(picture, Drawn) else read_picture(picture)
