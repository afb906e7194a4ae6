"""Questions that leave as a file, and answers that come back as one, from whatever gave them.

A question is a line `{"id", "modality", "task", "question", "image" or "text", "max_tokens"}`, or a
line of an OpenAI batch file. An answer is a line `{"id", "answer"}`, or a line of the output of an
OpenAI batch. Ids are those of `engines.chat_request.id_of`.
"""

import os
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from xmm_cli.errors import BadData, BadPicture, InputNotFound, PartlyFailed, PictureLeftOut
from xmm_cli.models.conversation import Drawn
from xmm_cli.probing.answering import ProbeSettings, Reply
from xmm_cli.probing.engines import Model
from xmm_cli.probing.engines.chat_request import (
    ServedAnswer,
    body_of,
    data_url,
    id_of,
    most_tokens,
    told_of,
)
from xmm_cli.probing.engines.openai import served
from xmm_cli.probing.probe import rows_of
from xmm_cli.probing.questions import Question
from xmm_cli.rows.pictures import read_picture
from xmm_cli.rows.types import Probe

SHOWN = 3
"""So many ids are named in a message."""


def question_lines(questions: Sequence[Question], settings: ProbeSettings) -> Iterator[bytes]:
    """A line for each question, in order; the right answer is not in it.

    Raises `InputNotFound`; pictures that cannot be used are left out, with a warning.
    """
    return _lines(questions, partial(_question, settings=settings))


def batch_lines(
    questions: Sequence[Question], model: str, settings: ProbeSettings
) -> Iterator[bytes]:
    """The same as lines of an OpenAI batch file."""
    return _lines(questions, partial(_request, model=model, settings=settings))


def _lines(
    questions: Sequence[Question], line: Callable[[Question], dict[str, Any]]
) -> Iterator[bytes]:
    for one in questions:
        try:
            yield msgspec.json.encode(line(one)) + b"\n"
        except BadPicture as error:
            warnings.warn(f"{error}; it is left out", PictureLeftOut, stacklevel=1)


def _question(one: Question, settings: ProbeSettings) -> dict[str, Any]:
    line: dict[str, Any] = {"id": id_of(one), "modality": one.modality, "task": one.task}
    line["question"] = one.asked.question
    if isinstance(one.context.image, Drawn):
        line["image"] = data_url(one.context.image)
    elif one.context.image is not None:
        read_picture(one.context.image)
        line["image"] = os.fspath(one.context.image.absolute())
    if one.context.text is not None:
        line["text"] = one.context.text
    return line | {"max_tokens": most_tokens(one, settings)}


def _request(one: Question, model: str, settings: ProbeSettings) -> dict[str, Any]:
    body = body_of(one, model, settings)
    return {"custom_id": id_of(one), "method": "POST", "url": "/v1/chat/completions", "body": body}


@dataclass(slots=True)
class AnswerFile:
    """The answers of a file by id, and what is to be said of the file."""

    by_id: dict[str, ServedAnswer] = field(default_factory=dict)
    repeated: list[str] = field(default_factory=list)
    """Ids that came again; their first answer counts."""
    failed: dict[str, str] = field(default_factory=dict)
    """Ids whose request failed, as a batch says, and why."""


def read_answers(file: Path) -> AnswerFile:
    """All answers of a file, in whatever order they stand there.

    Raises `InputNotFound`, and `BadData` where a line is no answer.
    """
    answers = AnswerFile()
    try:
        with file.open("rb") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    _take(answers, line, f"{file}:{number}")
    except OSError as error:
        raise InputNotFound(f"{file}: {error.strerror}") from error
    return answers


def _take(answers: AnswerFile, line: bytes, where: str) -> None:
    try:
        row = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadData(f"{where}: no JSON object: {error}", _FORM) from error
    name = row.get("custom_id", row.get("id"))
    if not isinstance(name, str):
        raise BadData(f"{where}: an answer without an id", _FORM)
    told: ServedAnswer | None
    if "custom_id" in row and "response" in row:
        response = row["response"] if isinstance(row["response"], dict) else {}
        told = told_of(response.get("body"))
        if told is None or response.get("status_code") != 200:
            why = row.get("error") or f"status {response.get('status_code')}"
            answers.failed.setdefault(name, str(why))
            return
    elif isinstance(row.get("answer"), str):
        told = ServedAnswer(row["answer"].strip())
    else:
        raise BadData(f"{where}: no text in the field answer", _FORM)
    if name in answers.by_id:
        answers.repeated.append(name)
    answers.by_id.setdefault(name, told)


_FORM = 'write each answer as {"id": …, "answer": …}, or give the output of an OpenAI batch'


class AnswersEngine:
    """Finds answers in a file, by the ids of the questions."""

    def __init__(self, answers: AnswerFile, file: Path, note: Callable[[str], None]) -> None:
        self.answers, self.file, self.note = answers, file, note

    def ask(
        self,
        model: Model,
        parts: Sequence[Sequence[Question]],
        settings: ProbeSettings,
        *,
        run: str,
    ) -> Iterator[list[Probe]]:
        """The rows of the questions that are answered there.

        Raises `BadData` before any row where none is, `PartlyFailed` in the end where some are not.
        """
        subject, known = served(model), self.answers.by_id
        ids = [[id_of(question) for question in batch] for batch in parts]
        asked = {name for batch in ids for name in batch}
        self._say(asked)
        for batch, names in zip(parts, ids, strict=True):
            there = [pair for pair in zip(batch, names, strict=True) if pair[1] in known]
            replies = [Reply(question.asked.question, known[name].text) for question, name in there]
            yield list(rows_of(subject, [one for one, _ in there], replies, settings, run))
        missing = asked - known.keys()
        if missing:
            raise PartlyFailed(
                f"{self.file}: {len(missing)} of {len(asked)} questions have no answer there",
                "all other rows are written",
            )

    def _say(self, asked: set[str]) -> None:
        """Say what of the file is not used. Raises `BadData` where nothing is."""
        known, failed = self.answers.by_id, self.answers.failed
        unknown = [name for name in (known | failed) if name not in asked]
        if asked.isdisjoint(known):
            raise BadData(
                f"{self.file}: no answer to any of these {len(asked)} questions",
                "give the same people and options as for --questions",
            )
        if unknown:
            self.note(f"{self.file}: {_named(unknown)}: no question has this id; left out")
        if self.answers.repeated:
            self.note(f"{self.file}: {_named(self.answers.repeated)}: again; the first counts")
        if failed:
            why = next(iter(failed.values()))
            self.note(f"{self.file}: {_named(list(failed))}: the request failed ({why[:200]})")


def _named(ids: list[str]) -> str:
    more = f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else ""
    return ", ".join(ids[:SHOWN]) + more
