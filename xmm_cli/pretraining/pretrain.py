"""Makes a shipped base: `python -m xmm_cli.pretraining --name NAME --out DIR`.

From nothing, or, where its name is in `GRAFTS`, from SmolLM2 (see `graft`). From nothing in four
parts, each of which is kept in `--work` and not done again: pictures of unnamed people and of
public figures; the vision tower (attributes from pictures); the language model (questions about
pictures and descriptions, with the tower frozen); alignment (the public figures' names). An
interrupted run goes on where it stopped, and bases made in the same `--work` share what they can.
"""

import os

# Threads that wait must not spin: beside another job a step takes ten times as long. Torch reads
# this when it is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "0")

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from transformers import set_seed

from xmm_cli.console import say
from xmm_cli.models.loading import pick_device
from xmm_cli.personas.sampling import public_figures
from xmm_cli.pretraining.architecture import build_model, build_processor
from xmm_cli.pretraining.base_card import base_card
from xmm_cli.pretraining.corpus import Corpus, Encoder
from xmm_cli.pretraining.evaluate import attribute_accuracy, figure_recall
from xmm_cli.pretraining.language import AnswerModel, ExampleBatches, feature_table
from xmm_cli.pretraining.recipe import GRAFTS, RECIPES, Recipe
from xmm_cli.pretraining.stages import Stage, run_stage
from xmm_cli.pretraining.unnamed_pictures import draw_figures, draw_pictures
from xmm_cli.pretraining.vision import AttributeTower, PictureBatches, PictureSamples, targets
from xmm_cli.processes import usable_cores
from xmm_cli.rows.files import atomic_folder, atomic_write_bytes

UNSEEN_VIEWS = 2
"""Pictures of each public figure that are kept for measuring its recall."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Make one base and save it with its processor and its card."""
    options = _parse(arguments)
    torch.set_num_threads(options.threads)
    options.work.mkdir(parents=True, exist_ok=True)
    if options.name in GRAFTS:
        return _graft(options)
    recipe = RECIPES[options.name]
    maker = Maker(recipe, options.work, options.threads)
    maker.run()
    maker.model.to(torch.bfloat16)  # what is saved is what is measured
    quality = maker.measure()
    with atomic_folder(options.out, replace=True) as folder:
        maker.model.to(torch.bfloat16).save_pretrained(folder)
        maker.processor.save_pretrained(folder)
        atomic_write_bytes(folder / "README.md", base_card(options.name, recipe, quality).encode())
    say.note(f"{options.out}: {quality}")
    return 0


def _graft(options: argparse.Namespace) -> int:
    """Teach SmolLM2, and save what ships of it with its card."""
    from xmm_cli.pretraining.graft import Graft
    from xmm_cli.pretraining.release import release

    recipe = GRAFTS[options.name]
    dtype = getattr(torch, options.dtype)
    device = pick_device(options.device)
    graft = Graft(recipe, options.work, options.threads, options.name, dtype, device)
    graft.run()
    say.note(f"{options.out}: {release(graft, options.name, options.out)}")
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="pretrain", description=__doc__)
    parser.add_argument("--name", choices=sorted(RECIPES | GRAFTS), default="xmm-base")
    parser.add_argument("--out", type=Path, required=True, help="the model's folder")
    parser.add_argument("--work", type=Path, default=Path("pretraining"), help="unfinished parts")
    parser.add_argument(
        "--dtype",
        choices=("bfloat16", "float32"),
        default="bfloat16",
        help="what SmolLM2 is computed in; float32 is faster without bfloat16 arithmetic",
    )
    parser.add_argument("--device", default="cpu", help="where SmolLM2 learns")
    parser.add_argument("--threads", type=int, default=usable_cores())
    return parser.parse_args(arguments)


class Maker:
    """One base in the making."""

    def __init__(self, recipe: Recipe, work: Path, threads: int) -> None:
        self.recipe, self.work, self.threads = recipe, work, threads
        set_seed(recipe.seed)
        self.processor = build_processor(recipe.size)
        self.model = build_model(recipe.size, self.processor.tokenizer)
        self.encoder = Encoder(self.processor.tokenizer, recipe.size.image_tokens)
        self.figures = public_figures(recipe.figures)
        self.views = recipe.figure_views + UNSEEN_VIEWS
        self.unnamed = range(recipe.held_out, recipe.pictures)
        self.batches: ExampleBatches

    def run(self) -> None:
        """Do all stages that are not done."""
        say.note(f"pictures: {self.recipe.pictures} of unnamed people")
        pictures = draw_pictures(self.recipe.pictures, self.work / "pictures.npy", self.threads)
        figures = draw_figures(self.figures, self.views)
        self._stage(self.recipe.vision, self.model.model.vision_tower, self._learn_to_see, pictures)
        say.note("features of all pictures")
        table = self._features(pictures, figures)
        self.batches = ExampleBatches(table, self.processor.tokenizer.pad_token_id)
        self._stage(self.recipe.language, self.model, self._learn_to_tell, False)
        if self.recipe.figures:
            self._stage(self.recipe.alignment, self.model, self._learn_to_tell, True)

    def _stage(self, stage: Stage, part: Any, learn: Any, given: Any) -> None:
        """Learn, or load what was learned; the file's name says how."""
        key = self._key(stage)
        done = self.work / f"{key}.safetensors"
        if not done.exists():
            say.note(f"{stage.name}: {stage.steps} steps of {stage.batch}")
            learn(stage, key, given)
            weights = {name: value.contiguous() for name, value in part.state_dict().items()}
            weights.pop("lm_head.weight", None)
            save_file(weights, self.work / "unfinished.safetensors")
            (self.work / "unfinished.safetensors").rename(done)
        part.load_state_dict(load_file(done), strict=False)

    def _key(self, stage: Stage) -> str:
        """What tells the result of a stage from others in the same folder."""
        size = self.recipe.size
        key = f"{stage.name}-{stage.steps}"
        if stage is self.recipe.vision:
            return f"{key}-{size.vision_width}x{size.vision_layers}"
        key += f"-{size.width}x{size.layers}"
        return f"{key}-{self.recipe.figures}" if stage is self.recipe.alignment else key

    def _learn_to_see(self, stage: Stage, key: str, pictures: np.ndarray) -> None:
        labels = np.array([targets(index) for index in range(len(pictures))])
        samples = PictureSamples(stage.steps * stage.batch, self.unnamed, self.recipe.seed)
        tower = AttributeTower(self.model.model.vision_tower)
        batches = PictureBatches(pictures, labels, augment=True)
        run_stage(stage, tower, samples, batches, self.work / key)

    def _features(self, pictures: np.ndarray, figures: np.ndarray) -> torch.Tensor:
        tower = self.model.model.vision_tower.eval()
        path = self.work / "features.npy"
        if not path.exists():
            np.save(path, feature_table(tower, pictures).numpy())
        table = torch.from_numpy(np.load(path))
        return torch.cat([table, feature_table(tower, figures)]) if len(figures) else table

    def _learn_to_tell(self, stage: Stage, key: str, with_figures: bool) -> None:
        recipe = self.recipe
        corpus = Corpus(
            encoder=self.encoder,
            size=stage.steps * stage.batch,
            seed=f"{stage.name} {recipe.seed}",
            unnamed=self.unnamed,
            first_figure=recipe.pictures,
            figures=self.figures if with_figures else (),
            figure_stride=self.views,
            figure_views=recipe.figure_views,
            figure_share=recipe.figure_share if with_figures else 0.0,
        )
        # on a CPU the backward pass of fused attention in bfloat16 takes a third of a step
        self.model.set_attn_implementation({"text_config": "eager"})
        run_stage(stage, AnswerModel(self.model), corpus, self.batches, self.work / key)
        self.model.set_attn_implementation({"text_config": "sdpa"})

    def measure(self) -> dict[str, Any]:
        """Accuracy by attribute and modality, and recall of the figures, on unseen pictures."""
        module = AnswerModel(self.model.to(torch.float32)).eval()
        rows = range(self.recipe.held_out)
        first = self.recipe.pictures + self.recipe.figure_views
        unseen = {
            figure.id: [first + number * self.views + view for view in range(UNSEEN_VIEWS)]
            for number, figure in enumerate(self.figures)
        }
        return {
            "attributes": attribute_accuracy(module, self.batches, self.encoder, rows),
            "figures": figure_recall(module, self.batches, self.encoder, self.figures, unseen),
            "recipe": asdict(self.recipe),
        }


if __name__ == "__main__":
    sys.exit(main())
