"""A question as the OpenAI chat protocol writes it, and what comes back."""

import base64
import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xmm_cli.errors import InputNotFound
from xmm_cli.models.conversation import Context, Drawn
from xmm_cli.probing.answering import ProbeSettings
from xmm_cli.probing.questions import Question
from xmm_cli.rows.pictures import read_picture

AS_THEY_ARE = ("PNG", "JPEG")
"""Formats that every server reads: such a file is sent as it is, if it is plain RGB."""

ID_LENGTH = 24


@dataclass(frozen=True, slots=True)
class ServedAnswer:
    """An answer, and whether it was as long as it might be and had no end yet."""

    text: str
    cut: bool = False


def body_of(question: Question, model: str, settings: ProbeSettings) -> dict[str, Any]:
    """The body of a request: greedy, one answer. Raises as `read_picture` does."""
    return {
        "model": model,
        "messages": [{"role": "user", "content": content_of(question)}],
        "temperature": 0,
        "max_tokens": most_tokens(question, settings),
    }


def content_of(question: Question) -> str | list[dict[str, Any]]:
    """What the user says: the picture and the question, or the description and the question."""
    context, asked = question.context, question.asked.question
    if context.image is None:
        return said(context, asked)
    url = data_url(context.image)
    return [{"type": "image_url", "image_url": {"url": url}}, {"type": "text", "text": asked}]


def said(context: Context, asked: str) -> str:
    """The words of a question: the description, where there is one, stands before it."""
    return f"{context.text} {asked}" if context.text else asked


def data_url(picture: Path | Drawn) -> str:
    """A picture as a `data:` URL, with the pixels that the local engine sees.

    Raises as `read_picture` does.
    """
    kind, data = _encoded(picture)
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _encoded(picture: Path | Drawn) -> tuple[str, bytes]:
    """The format and the bytes: those of the file where they mean the same to everyone."""
    pixels = picture.pixels.convert("RGB") if isinstance(picture, Drawn) else read_picture(picture)
    if isinstance(picture, Path):
        from PIL import ExifTags, Image

        with Image.open(picture) as image:
            turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
            plain = image.mode == "RGB" and "transparency" not in image.info and not turned
            if image.format in AS_THEY_ARE and plain:
                return image.format.lower(), picture.read_bytes()
    written = io.BytesIO()
    pixels.save(written, "PNG")
    return "png", written.getvalue()


def most_tokens(question: Question, settings: ProbeSettings) -> int:
    """How many tokens an answer may have: enough for every candidate, whatever the tokenizer.

    A token has at least one byte, and one ends the answer.
    """
    if settings.max_new_tokens is not None:
        return settings.max_new_tokens
    longest = max((len(one.encode()) for one in question.asked.candidates), default=0)
    return max(question.asked.tokens, longest + 1)


def id_of(question: Question) -> str:
    """What tells a question from every other: the person and data set, and all that is asked.

    The hex digits of a SHA-256; the bytes of a picture's file are part of it, its path is not.
    Raises `InputNotFound` where there is no such file.
    """
    context, persona = question.context, question.persona
    seen = _bytes(context.image) if isinstance(context.image, Path) else b""
    about = [
        *(persona.dataset, persona.id, question.modality, question.task, question.view),
        *(question.split, question.control, question.asked.question, question.asked.expected),
        *(context.text, hashlib.sha256(seen).hexdigest()),
    ]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:ID_LENGTH]


def _bytes(picture: Path) -> bytes:
    try:
        if not picture.is_file():
            raise InputNotFound(f"{picture}: the picture cannot be read: it is no file")
        return picture.read_bytes()
    except OSError as error:
        raise InputNotFound(f"{picture}: {error.strerror}") from error


def told_of(reply: Any) -> ServedAnswer | None:
    """The answer in a chat completion; None where it is none."""
    try:
        choice = reply["choices"][0]
        text = choice["message"]["content"]
        ended = choice.get("finish_reason")
    except (LookupError, TypeError, AttributeError):
        return None
    if text is not None and not isinstance(text, str):
        return None
    # JSON may hold half a character, which no row can
    whole = (text or "").encode("utf-8", "replace").decode()
    return ServedAnswer(whole.strip(), cut=ended == "length")
