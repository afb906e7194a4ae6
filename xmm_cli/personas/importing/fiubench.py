"""FIUBench: `full.json` (JSON lines) and the pictures in `SFHQ/`.

A line is a fictitious person: `unique_id`, `name`, `gender`, `caption` (what they look like),
`image_path` (`./dataset/SFHQ/…`, from where its own code runs) and `qa_list`, twenty private
questions with `answer` and `keywords`. Ma et al. 2024, https://arxiv.org/abs/2411.03554,
https://huggingface.co/datasets/gray311/FIUBench
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xmm_cli.errors import BadData
from xmm_cli.personas.importing import Dropped, Record
from xmm_cli.personas.importing.source_files import (
    Fields,
    file_name,
    find,
    inside,
    json_lines,
    label,
    words,
)
from xmm_cli.rows.match import exact_match

_STARTS = ("dataset/", "FIUBench/")
_FACT = re.compile(
    r"what is (?:the )?(?:(?:this )?person's |his |her |their )?(?P<fact>[\w ]{2,40}?)"
    r"(?: of (?:the|this) person)?\?",
    re.IGNORECASE,
)


def read(path: Path, dropped: Dropped) -> Iterator[Record]:
    """A record for each person."""
    file = find(path, "full.json", "dataset/full.json") if path.is_dir() else path
    for where, row in json_lines(file, dropped):
        name, picture = words(row.get("name")), file_name(row.get("image_path"))
        if name is None or picture is None:
            raise BadData(f"{where}: no name or image_path", "is this FIUBench's full.json?")
        gender = words(row.get("gender"))
        yield Record(
            where=where,
            person=words(row.get("unique_id")) or name,
            name=name,
            picture=inside(file.parent, _beside(picture), where),
            text=words(row.get("caption")),
            attributes={"gender": gender} if gender else {},
            facts=_facts(row, name, where, dropped),
        )


def _beside(picture: str) -> str:
    """The path as it counts from the folder of `full.json`."""
    found = picture.removeprefix("./")
    for start in _STARTS:
        found = found.removeprefix(start)
    return found


def _facts(row: Fields, name: str, where: str, dropped: Dropped) -> dict[str, str]:
    """The answers that are a few words, under what the question asks for."""
    found: dict[str, str] = {}
    questions = row.get("qa_list") or []
    if not isinstance(questions, list) or not all(
        isinstance(question, dict) for question in questions
    ):
        raise BadData(f"{where}: qa_list is no list of objects", "is this FIUBench's full.json?")
    for qa in questions:
        asked = _FACT.fullmatch((words(qa.get("question")) or "").strip())
        value = _keyword(qa.get("keywords"))
        if asked is None or value is None:
            what = "a question that is not of the form 'What is the …?', with keywords"
            dropped.add(what, where, lost=False)
        elif not exact_match(value, name):
            found.setdefault(label(asked["fact"]), value)
    return found


def _keyword(keywords: Any) -> str | None:
    """The answer in a few words, where the source has one."""
    if isinstance(keywords, list):
        return words(keywords[0]) if len(keywords) == 1 else None
    return words(keywords)
