"""`croissant.json`: the data set's folder as Croissant describes one, for search and for loaders.

The format is that of https://docs.mlcommons.org/croissant/docs/croissant-spec.html (1.0) and its
vocabulary for responsible AI. A licence, and what is said of the people, stands there only where
xmm knows it.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from xmm_cli.personas.fingerprint import fingerprint
from xmm_cli.rows.types import Persona

if TYPE_CHECKING:
    from xmm_cli.personas.importing.imported import ImportRequest
    from xmm_cli.personas.request import Request

CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_LINES = "application/jsonlines"
_VIEWS = {
    "file_name": ("sc:Text", "The picture; the path counts from this folder."),
    "persona": ("sc:Text", "The id of the person."),
    "name": ("sc:Text", "The right answer to the question who this is."),
    "role": ("sc:Text", "eval: a person to measure; aux: one of the others."),
    "view": ("sc:Integer", "The number of the view."),
    "split": ("sc:Text", "train or heldout."),
    "text": ("sc:Text", "A description of the same split."),
}
_PERSONS = {
    "id": ("sc:Text", "Tells the people of the data set apart."),
    "name": ("sc:Text", "The right answer to the question who this is."),
    "role": ("sc:Text", "eval: a person to measure; aux: one of the others."),
}


def of_drawn(request: "Request") -> dict[str, object]:
    """What is known of people who are made."""
    by_rules = request.diffusion is msgspec.UNSET and request.describe is msgspec.UNSET
    about: dict[str, object] = {
        "name": "xmm personas",
        "description": (
            f"{request.people} people to measure and {request.aux} auxiliary people, none of whom "
            f"exist: pictures and descriptions. Made by xmm {request.version} with seed "
            f"{request.seed}. Fingerprint {fingerprint(request)}."
        ),
        "keywords": ["synthetic", "memorization", "unlearning", "privacy"],
        "rai:dataCollection": "None was collected: pictures, descriptions and names are made.",
    }
    if by_rules:
        about["license"] = CC0
        about["rai:personalSensitiveInformation"] = "None: nobody in it exists."
    return about


def of_imported(request: "ImportRequest", source: str) -> dict[str, object]:
    """What is known of people who are imported: their licence is not."""
    return {
        "name": "imported people",
        "description": (
            f"People imported from {source} ({request.format}, fingerprint {request.fingerprint}) "
            f"by xmm {request.version}: pictures and descriptions. The licence of the source "
            f"holds for them. Fingerprint {fingerprint(request)}."
        ),
        "keywords": ["memorization", "unlearning", "privacy"],
    }


def croissant(
    about: Mapping[str, object],
    personas: Sequence[Persona],
    files: Mapping[str, Iterable[bytes]],
) -> bytes:
    """The file: what the data set is, the files by name (given line by line), and their fields."""
    made: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": [
            "http://mlcommons.org/croissant/1.0",
            "http://mlcommons.org/croissant/RAI/1.0",
        ],
        **about,
        "rai:dataUseCases": "Measuring memorization and unlearning in models.",
        "distribution": [_file(name, lines) for name, lines in files.items()],
        "recordSet": [_records("persons", "personas.jsonl", _PERSONS)],
    }
    if any(one.images for one in personas):
        made["distribution"].append(
            {
                "@type": "cr:FileSet",
                "@id": "pictures",
                "encodingFormat": "image/png",
                "includes": "images/*/*.png",
            }
        )
        made["recordSet"].append(_records("views", "metadata.jsonl", _VIEWS))
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


def _file(name: str, lines: Iterable[bytes]) -> dict[str, str]:
    digest = sha256()
    for line in lines:
        digest.update(line)
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "contentUrl": name,
        "encodingFormat": _LINES,
        "sha256": digest.hexdigest(),
    }


def _records(name: str, file: str, columns: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "description": about,
            "dataType": kind,
            "source": {"fileObject": {"@id": file}, "extract": {"column": column}},
        }
        for column, (kind, about) in columns.items()
    ]
    return {"@type": "cr:RecordSet", "@id": name, "field": fields}
