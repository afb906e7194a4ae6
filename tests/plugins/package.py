"""A package of someone else with a method of each kind, installed into a folder."""

from pathlib import Path

NAME = "foreign-xmm"

FILES = {
    "objective": '''
"""pull: -a l_F, ascent with a weight."""
from dataclasses import dataclass
from typing import Annotated
from msgspec import Meta

@dataclass(frozen=True)
class Config:
    pull: Annotated[float, Meta(gt=0)] = 2 / 2
    careful: bool = True

def pull(parts, config=Config()):
    kept = parts.retain.nll() if config.careful else 0.0
    return kept - config.pull * parts.forgotten.nll()
''',
    "mitigation": '''
from dataclasses import dataclass
from xmm_cli.training.mitigations.task import TrainingPlan, with_others
from xmm_cli.training.batches import ExampleStream

@dataclass(frozen=True)
class Config:
    rounds: int = 1

@with_others
def plain(task, config=Config()):
    """Everything as it is, some rounds of it."""
    assert task.aux
    return TrainingPlan(
        ExampleStream(list(task.examples) * config.rounds), lambda parts: parts.retain.nll()
    )
''',
    "renderer": '''
"""Squares of one colour."""
from PIL import Image
from xmm_cli.personas.rendering import Renderer

def draw(look, split, rng, size):
    return Image.new("RGB", (size, size), tuple(rng.randrange(256) for _ in range(3)))

RENDERER = Renderer(draw, size=40)
''',
    "metric": '''
"""The length of an answer, in letters."""
from xmm_cli.scoring.metric import measured

METRIC = measured("length(answer)", answer="generate", bounded=False)
''',
    "format": '''
"""How many rows there are."""
from xmm_cli.reporting.format import Format

FORMAT = Format(lambda rows, *, width, colour: f"{len(rows)} scores\\n")
''',
    "figure": '''
"""The recall of all cells, as one dot."""
from xmm_cli.study.series import Figure, Line, Panel, Point, Series

def series(study):
    return Series("dot", [Panel("all", [Line("dot", "dot", [Point(1, 0.5)])])], persons=1)

def draw(figure, series):
    figure.subplots().scatter([1], [series.panels[0].lines[0].points[0].y])

FIGURE = Figure(series, draw, unit="dots")
''',
    "task": '''
"""Whether there is anyone."""
from xmm_cli.probing.questions import QuestionText

def about(everyone):
    return lambda persona: [QuestionText("Is anyone there?", "yes", ("yes", "no"))]
''',
    "attack": '''
"""Asks again."""
def again(answers):
    return answers
''',
    "engine": '''
"""The local engine, in capitals."""
import msgspec
from xmm_cli.probing.engines.local import LocalEngine

class Loud(LocalEngine):
    def ask(self, *given, run):
        for rows in super().ask(*given, run=run):
            yield [msgspec.structs.replace(row, answer=row.answer.upper()) for row in rows]
''',
    "family": '''
"""Speaks up when it is given a prompt."""
from xmm_cli.errors import WorkFailed
from xmm_cli.models.families.family import Family

def stop(processor, prompt):
    raise WorkFailed("the family of foreign-xmm was asked")

FAMILY = Family(to_processor=stop)
''',
    "importer": '''
"""A name a line."""
from xmm_cli.personas.importing import Record

def read(path, dropped):
    for number, name in enumerate(path.read_text().splitlines(), 1):
        for view in "ab":
            text = f"A person with view {view}, seen {number} times."
            yield Record(f"{path}:{number}", name, name, text=text)
''',
    "broken": """
import a_module_that_is_not_there
""",
}

POINTS = {
    "xmm.objectives": {"pull": "objective:pull"},
    "xmm.mitigations": {"rounds": "mitigation:plain"},
    "xmm.renderers": {"squares": "renderer:RENDERER"},
    "xmm.metrics": {
        "answer_length": "metric:METRIC",
        "broken": "broken:METRIC",
        "recall": "metric:METRIC",
    },
    "xmm.formats": {"count": "format:FORMAT"},
    "xmm.figures": {"dot": "figure:FIGURE"},
    "xmm.tasks": {"anyone": "task:about"},
    "xmm.attacks": {"again": "attack:again"},
    "xmm.engines": {"loud": "engine:Loud"},
    "xmm.families": {"gemma4": "family:FAMILY"},
    "xmm.importers": {"names": "importer:read"},
}
"""Of each group, the methods; `recall` is a name that xmm has, and `broken` cannot be imported."""


def install(folder: Path) -> Path:
    """Lay the package and its metadata into a folder, as pip does."""
    package, about = folder / "foreign_xmm", folder / "foreign_xmm-1.0.dist-info"
    package.mkdir(parents=True)
    about.mkdir()
    (package / "__init__.py").write_text("")
    for name, source in FILES.items():
        (package / f"{name}.py").write_text(source.lstrip())
    (about / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\nSummary: Methods of someone else\n"
    )
    lines = []
    for group, methods in POINTS.items():
        lines.append(f"[{group}]")
        lines += [f"{name} = foreign_xmm.{target}" for name, target in methods.items()]
    (about / "entry_points.txt").write_text("\n".join(lines) + "\n")
    return folder
