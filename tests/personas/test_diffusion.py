"""Photographs: drawn by a real pipeline of random weights, kept to a face, drawn again if alike."""

import random
import sys
from pathlib import Path

import pytest
from PIL import Image

pytest.importorskip("diffusers")

from tests.personas.tiny_pipeline import save, save_ip_adapter, tiny_editor
from xmm_cli.errors import Unavailable, WrongUsage
from xmm_cli.personas.plan import Plan
from xmm_cli.personas.rendering import diffusion, near_duplicates
from xmm_cli.personas.rendering.diffusion import Diffusion, DiffusionPainter
from xmm_cli.personas.rendering.identity import AUTOMATIC, IDENTITIES, NotThisWay
from xmm_cli.personas.rendering.prompting import picture_prompt
from xmm_cli.personas.sampling import Identity, sample_identities

PLAN = Plan(views=3, heldout=2, size=32, renderer="diffusers")


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return save(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def someone() -> Identity:
    return sample_identities(1, 0, seed=3)[0]


@pytest.fixture(scope="module")
def notes() -> list[str]:
    return []


@pytest.fixture(scope="module")
def painter(model, notes) -> DiffusionPainter:
    return DiffusionPainter(Diffusion(model=str(model), steps=2), 32, "cpu", notes.append)


def paint(painter: DiffusionPainter, someone: Identity, folder: Path) -> list[bytes]:
    (folder / "images" / someone.id).mkdir(parents=True, exist_ok=True)
    painter.paint(someone, PLAN, folder)
    return [file.read_bytes() for file in sorted((folder / "images" / someone.id).iterdir())]


def test_views_are_drawn_and_drawn_alike_again(painter, someone, tmp_path, notes):
    first = paint(painter, someone, tmp_path / "one")
    assert len(set(first)) == 5
    for view in range(5):
        with Image.open(tmp_path / "one" / f"images/{someone.id}/{view:02d}.png") as image:
            assert (image.size, image.mode) == ((32, 32), "RGB")
    assert paint(painter, someone, tmp_path / "two") == first
    assert "faces are kept by image-to-image" in notes[0]


def test_what_is_there_is_not_drawn_again(painter, someone, tmp_path):
    paint(painter, someone, tmp_path)
    kept = tmp_path / f"images/{someone.id}/01.png"
    before = kept.stat().st_mtime_ns
    (tmp_path / f"images/{someone.id}/04.png").unlink()
    assert len(paint(painter, someone, tmp_path)) == 5
    assert kept.stat().st_mtime_ns == before
    assert painter.paint(someone, PLAN, tmp_path) == 0


def test_what_is_too_alike_is_drawn_again_and_no_more_than_so_often(
    painter, someone, tmp_path, monkeypatch
):
    monkeypatch.setattr(diffusion, "too_alike", lambda mark, others: bool(others))
    redrawn, given_up = painter.redrawn, painter.given_up
    assert len(paint(painter, someone, tmp_path)) == 5
    assert painter.redrawn - redrawn == 4 * diffusion.REDRAWN
    assert painter.given_up - given_up == 4


def test_a_view_without_a_face_is_drawn_again(painter, someone, tmp_path, monkeypatch):
    seen: list[tuple[int, int]] = []

    def has_face(picture: Image.Image) -> bool:
        seen.append(picture.size)
        return len(seen) > 2

    monkeypatch.setattr(painter, "has_face", has_face)
    before = painter.redrawn
    paint(painter, someone, tmp_path)
    assert painter.redrawn - before == 2
    assert len(seen) == 7


@pytest.mark.parametrize("way", [name for name in AUTOMATIC if name != "reference"])
def test_each_way_draws_a_picture_for_each_prompt(painter, way):
    import torch

    portrait = Image.new("RGB", (32, 32), "red")
    options = {"height": 32, "width": 32, "num_inference_steps": 2}
    options["generator"] = [torch.Generator("cpu").manual_seed(n) for n in range(2)]
    drawn = IDENTITIES.load(way)(painter.pipeline, None)(portrait, ["a", "b"], options)
    assert [one.size for one in drawn] == [(32, 32)] * 2
    assert drawn[0].tobytes() != drawn[1].tobytes()


@pytest.fixture(scope="module")
def adapted(model, tmp_path_factory) -> DiffusionPainter:
    adapter = save_ip_adapter(tmp_path_factory.mktemp("adapters"))
    settings = Diffusion(model=str(model), steps=2, identity="ip-adapter", ip_adapter=adapter)
    return DiffusionPainter(settings, 32, "cpu", lambda _: None)


def test_an_ip_adapter_draws_one_person_after_another(adapted, painter, tmp_path):
    for number, person in enumerate(sample_identities(2, 0, seed=3)):
        drawn = paint(adapted, person, tmp_path / "adapted")
        assert len(set(drawn)) == 5
        plain = paint(painter, person, tmp_path / "plain")
        assert drawn[0] == plain[0], f"the first view of person {number} needs no portrait"


def test_an_ip_adapter_looks_at_the_portrait(adapted):
    import torch

    def drawn(colour: str) -> bytes:
        options = {"height": 32, "width": 32, "num_inference_steps": 2}
        options["generator"] = [torch.Generator("cpu").manual_seed(0)]
        return adapted.keep(Image.new("RGB", (32, 32), colour), ["a"], options)[0].tobytes()

    assert drawn("red") == drawn("red")
    assert drawn("red") != drawn("blue")


@pytest.mark.parametrize("size", [32, 80])
def test_an_editor_draws_views_from_the_first(someone, tmp_path, notes, size):
    model = save(tmp_path / "editor", tiny_editor())
    settings = Diffusion(model=str(model), steps=2, guidance=1.0)
    editor = DiffusionPainter(settings, size, "cpu", notes.append)
    assert "faces are kept by reference" in notes[-1]
    drawn = paint(editor, someone, tmp_path)
    assert len(set(drawn)) == 5
    with Image.open(tmp_path / f"images/{someone.id}/04.png") as image:
        assert image.size == (size, size)


def test_weights_that_are_no_ip_adapter(model):
    settings = Diffusion(
        model=str(model),
        identity="ip-adapter",
        ip_adapter=f"{model}:unet/diffusion_pytorch_model.safetensors",
    )
    with pytest.raises(Unavailable, match="cannot be loaded"):
        DiffusionPainter(settings, 32, "cpu", lambda _: None)


class Editing:
    """The call of a pipeline that edits a reference, as FLUX.2's is."""

    def __init__(self) -> None:
        self.asked: list[dict] = []

    def __call__(self, image=None, prompt=None, generator=None, negative_prompt=None, **more):
        self.asked.append({"image": image, "prompt": prompt, "negative": negative_prompt})
        return type("Output", (), {"images": [Image.new("RGB", (32, 32))]})


def test_a_reference_is_edited_once_a_prompt():
    pipeline = Editing()
    keep = IDENTITIES.load("reference")(pipeline, None)
    options = {"generator": [1, 2], "negative_prompt": ["no", "no"]}
    portrait = Image.new("RGB", (64, 64))
    assert len(keep(portrait, ["a", "b"], options)) == 2
    assert pipeline.asked == [
        {"image": portrait, "prompt": prompt, "negative": "no"} for prompt in "ab"
    ]


def test_ways_that_this_pipeline_has_not(painter, model):
    with pytest.raises(NotThisWay, match="takes no reference picture"):
        IDENTITIES.load("reference")(painter.pipeline, None)
    with pytest.raises(WrongUsage, match="--ip-adapter REPO:FOLDER/FILE"):
        IDENTITIES.load("ip-adapter")(painter.pipeline, None)
    with pytest.raises(WrongUsage, match="in safetensors"):
        IDENTITIES.load("ip-adapter")(painter.pipeline, "repo:folder/file.bin")
    with pytest.raises(Unavailable, match="IP-Adapter"):
        IDENTITIES.load("ip-adapter")(painter.pipeline, f"{model}:folder/file.safetensors")
    with pytest.raises(WrongUsage, match="--identity reference"):
        DiffusionPainter(
            Diffusion(model=str(model), identity="reference"), 32, "cpu", lambda _: None
        )


def test_a_model_that_is_not_there(tmp_path, monkeypatch):
    for name in (str(tmp_path), "no/such-pipeline"):
        with pytest.raises(Unavailable, match="cannot be loaded"):
            DiffusionPainter(Diffusion(model=name), 32, "cpu", lambda _: None)
    monkeypatch.setitem(sys.modules, "diffusers", None)
    with pytest.raises(Unavailable, match=r"pip install 'xmm-cli\[diffusers\]'"):
        DiffusionPainter(Diffusion(model=str(tmp_path)), 32, "cpu", lambda _: None)


def test_weights_that_are_no_safetensors_are_refused(model, tmp_path):
    import shutil

    import torch

    bad = Path(shutil.copytree(model, tmp_path / "pickled"))
    torch.save({}, bad / "unet" / "diffusion_pytorch_model.bin")
    (bad / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(Unavailable, match="cannot be loaded"):
        DiffusionPainter(Diffusion(model=str(bad)), 32, "cpu", lambda _: None)


def test_a_prompt_tells_the_look_and_a_scene_of_its_split(someone):
    found = {
        split: {picture_prompt(someone.attributes, split, random.Random(n)) for n in range(40)}
        for split in ("train", "heldout")
    }
    looks = {text.rpartition(", wearing ")[0] for texts in found.values() for text in texts}
    assert len(looks) == 1
    scenes = [{text.rsplit(", ", 3)[place] for text in found["train"]} for place in (1, 2, 3)]
    others = [{text.rsplit(", ", 3)[place] for text in found["heldout"]} for place in (1, 2, 3)]
    assert all(not one & other for one, other in zip(scenes, others, strict=True))
    assert not any("{" in text for texts in found.values() for text in texts)


def test_the_hash_sees_what_is_coarse():
    ramp = Image.linear_gradient("L").rotate(90)
    back = ramp.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    marks = [
        near_duplicates.difference_hash(image) for image in (ramp, ramp.resize((40, 40)), back)
    ]
    assert {mark.bit_count() for mark in marks} == {0, 64}
    assert near_duplicates.too_alike(marks[0], [marks[1]])
    assert not near_duplicates.too_alike(marks[0], [marks[2]])
    assert not near_duplicates.too_alike(marks[0], [])
    assert near_duplicates.too_alike(0b111, [0])
    assert not near_duplicates.too_alike(0b1111, [0])


def test_without_a_face_detector(monkeypatch):
    from xmm_cli.personas.rendering.faces import face_detector

    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(Unavailable, match=r"pip install 'xmm-cli\[faces\]'"):
        face_detector()


def test_opencv_sees_no_face_in_noise():
    pytest.importorskip("cv2", reason="OpenCV is an extra")
    from xmm_cli.personas.rendering.faces import face_detector

    assert not face_detector()(Image.effect_noise((96, 96), 60).convert("RGB"))
