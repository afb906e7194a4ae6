"""Makes `xmm-smollm2` and `xmm-smollm2-bare`: SmolLM2 learns to see through xmm's vision tower.

The tower and the language model's own weights stay as they are; a projector and a low-rank delta
are learned. The bare rung learns attributes and captions of unnamed people; the other goes on from
what ships of it, with the public figures. A finished file in the working folder is not made again.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from xmm_cli.console import say
from xmm_cli.errors import Unavailable
from xmm_cli.models import smollm
from xmm_cli.models.put_together import PARTS, around, shipped_folder
from xmm_cli.pretraining.corpus import PretrainingExample
from xmm_cli.pretraining.language import AnswerModel, ExampleBatches, feature_table
from xmm_cli.pretraining.plain import plain_examples
from xmm_cli.pretraining.projector import start_projector
from xmm_cli.pretraining.recipe import GraftRecipe
from xmm_cli.pretraining.talk import ChatEncoder, Talk, distant_figures
from xmm_cli.pretraining.teach import teach
from xmm_cli.pretraining.temporary_lora import LoraLinear, add_lora
from xmm_cli.pretraining.unnamed_pictures import draw_figures, draw_pictures

FEATURE_SCALE = 0.25
"""Brings the tower's hidden states near unit variance; a power of two, so that it goes into the
projector's weights without rounding."""


class Graft:
    """A rung in the making."""

    def __init__(
        self,
        recipe: GraftRecipe,
        work: Path,
        threads: int,
        name: str,
        dtype: Any = torch.bfloat16,
        device: Any = "cpu",
    ) -> None:
        """`dtype`: what the language model computes in; `device`: where it learns.

        Raises `Unavailable` where the package is not installed.
        """
        self.device = device
        self.recipe, self.work, self.threads, self.dtype = recipe, work, threads, dtype
        file = smollm.packed_file(name)
        self.model, self.processor = around(smollm.language_model(file, dtype), file)
        self.model.requires_grad_(False)
        self.encoder = ChatEncoder(self.processor, self.model.config.image_seq_length)
        self.figures = distant_figures(recipe.figures)
        self.views = recipe.figure_views + recipe.unseen_views
        self.table: torch.Tensor
        self.layers: dict[str, LoraLinear]

    def run(self) -> None:
        """Learn the lesson of the recipe, or load what was learned."""
        recipe = self.recipe
        say.note(f"pictures: {recipe.pictures}, and answers to {recipe.plain} plain questions")
        self.table = self._features()
        plain = plain_examples(
            self.model.eval(), self.processor, self.encoder, recipe.plain, self.work / "plain.json"
        )
        done = self.work / f"{recipe.lesson.name}-{recipe.lesson.steps}.safetensors"
        self.model.model.multi_modal_projector.float()
        if recipe.begins is None and not done.exists():
            self._start_projector()
        self.layers = add_lora(self.model.model.language_model, recipe.seed)
        if recipe.begins is not None and not done.exists():
            copy_parts(shipped_parts(recipe.begins), self.tensors())
        # on a CPU the backward pass of fused attention in bfloat16 takes a third of a step
        self.model.set_attn_implementation({"text_config": "eager"})
        if not done.exists():
            self._learn(plain)
            save_file(self.tensors(), self.work / "unfinished.safetensors")
            (self.work / "unfinished.safetensors").rename(done)
        copy_parts(load_file(done), self.tensors())

    def _start_projector(self) -> None:
        say.note("a projector that speaks in words")
        start_projector(
            self.model.model.multi_modal_projector.float(),
            self.model.get_input_embeddings().weight,
            self.processor.tokenizer,
            self.table * FEATURE_SCALE,
            range(self.recipe.first_taught, self.recipe.pictures),
            self.recipe.seed,
        )

    def _features(self) -> torch.Tensor:
        path = self.work / "features.npy"
        tower = self.model.model.vision_tower.eval()
        if not path.exists():
            pictures = draw_pictures(self.recipe.pictures, self.work / "pictures.npy", self.threads)
            np.save(path, feature_table(tower, pictures).numpy())
        table = torch.from_numpy(np.load(path))
        if not self.figures:
            return table
        return torch.cat([table, feature_table(tower, draw_figures(self.figures, self.views))])

    def _learn(self, plain: tuple[PretrainingExample, ...]) -> None:
        recipe, lesson = self.recipe, self.recipe.lesson
        say.note(f"{lesson.name}: {lesson.steps} steps of {lesson.batch}")
        talk = Talk(
            encoder=self.encoder,
            seed=f"{lesson.name} {recipe.seed}",
            unnamed=range(recipe.first_taught, recipe.pictures),
            plain=plain,
            plain_share=recipe.plain_share,
            shown_share=recipe.shown_share,
            figures=self.figures,
            first_figure=recipe.pictures,
            figure_stride=self.views,
            figure_views=recipe.figure_views,
            figure_share=recipe.figure_share,
        )
        collate = ExampleBatches(self.table * FEATURE_SCALE, self.processor.tokenizer.pad_token_id)
        place = self.work / f"{lesson.name}-{lesson.steps}"
        module = AnswerModel(self.model.to(self.device))
        teach(lesson, module, self.parameters(), talk.__getitem__, collate, place)
        self.model.to("cpu")

    def parameters(self) -> dict[str, dict[str, nn.Parameter]]:
        """What is learned, by group and name; all are float32."""
        projector = dict(self.model.model.multi_modal_projector.named_parameters())
        delta = {
            f"{name}.{part}": getattr(layer, part)
            for name, layer in self.layers.items()
            for part in ("a", "b")
        }
        for parameter in [*projector.values(), *delta.values()]:
            parameter.requires_grad_(True)
        return {"projector": projector, "delta": delta}

    def tensors(self) -> dict[str, torch.Tensor]:
        """The same, flat and without gradients: they share the parameters' memory."""
        groups = self.parameters()
        return {
            f"{group}.{name}": parameter.detach()
            for group, part in groups.items()
            for name, parameter in part.items()
        }


def parts_to_ship(tensors: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """bfloat16; the projector takes the tower's hidden states as they are, not scaled."""
    scaled = {**tensors, _FIRST: tensors[_FIRST] * FEATURE_SCALE}
    return {key: value.to(torch.bfloat16).contiguous() for key, value in scaled.items()}


def shipped_parts(name: str) -> dict[str, torch.Tensor]:
    """What ships of a rung, as it is learned. Raises `Unavailable` where it is not made."""
    path = shipped_folder(name) / PARTS
    if not path.is_file():
        raise Unavailable(f"{path} is not there", f"make {name} first, and put it there")
    tensors = load_file(path)
    return tensors | {_FIRST: tensors[_FIRST] / FEATURE_SCALE}


def copy_parts(source: Mapping[str, torch.Tensor], target: Mapping[str, torch.Tensor]) -> None:
    """Copy into tensors in place; all of them have to be there."""
    for name, tensor in target.items():
        tensor.copy_(source[name])


_FIRST = "projector.linear_1.weight"
