"""Features on disk: exact, bounded, and never in the way."""

import os
import threading

import pytest
import torch

from xmm_cli.errors import WrongUsage
from xmm_cli.models.cache_folder import cache_folder
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.loading import Precision, load_base
from xmm_cli.models.vision.cache import FeatureFolder, parse_size
from xmm_cli.models.vision.features import Features

MUCH = 2**30


def some(seed: int = 0) -> Features:
    """Of every form: for all pictures, for each, and for deeper layers."""
    draw = torch.Generator().manual_seed(seed)
    made = [torch.randn(4, 8, generator=draw).bfloat16() for _ in range(5)]
    return Features((made[0], made[1]), (made[2], (made[3], made[4])))


def same(one: Features, other: Features) -> bool:
    mine, theirs = one.named(), other.named()
    return list(mine) == list(theirs) and all(torch.equal(mine[k], theirs[k]) for k in mine)


def files(folder) -> list:
    return [path for path in folder.rglob("*") if path.is_file()]


def test_what_is_put_comes_back_to_the_last_bit(tmp_path):
    folder = FeatureFolder(tmp_path, MUCH)
    assert folder.get("ab12") is None
    folder.put("ab12", some())
    assert same(folder.get("ab12"), some())
    assert same(FeatureFolder(tmp_path, MUCH).get("ab12"), some())
    assert folder.get("ab13") is None


@pytest.mark.parametrize("damage", ["torn", "empty", "flipped", "other"])
def test_a_damaged_file_is_as_good_as_none(tmp_path, damage):
    folder = FeatureFolder(tmp_path, MUCH)
    folder.put("ab", some())
    (file,) = files(tmp_path)
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(
        {"torn": data[:50], "empty": b"", "flipped": data, "other": b"hello " * 20}[damage]
    )
    assert folder.get("ab") is None
    assert files(tmp_path) == []
    folder.put("ab", some())
    assert same(folder.get("ab"), some())


def test_a_folder_that_cannot_be_written_is_no_trouble(tmp_path):
    (tmp_path / "file").write_text("here")
    folder = FeatureFolder(tmp_path / "file", MUCH)
    folder.put("ab", some())
    assert folder.get("ab") is None
    assert not folder.usable


def test_it_stays_within_its_size_and_the_longest_unused_go_first(tmp_path):
    FeatureFolder(tmp_path, MUCH).put("00", some())
    size = files(tmp_path)[0].stat().st_size
    folder = FeatureFolder(tmp_path, 5 * size)
    for number in range(1, 5):
        folder.put(f"{number:02d}", some(number))
        os.utime(folder._path(f"{number:02d}"), (number, number))
    os.utime(folder._path("00"), (0, 0))
    assert folder.get("00") is not None  # it is the newest now
    for number in range(5, 30):
        folder.put(f"{number:02d}", some(number))
        assert sum(path.stat().st_size for path in files(tmp_path)) <= 5 * size
        assert folder.get("00") is not None
    assert folder.get("01") is None
    assert same(folder.get("29"), some(29))


def test_what_is_larger_than_the_folder_may_be_changes_nothing(tmp_path):
    FeatureFolder(tmp_path, MUCH).put("00", some())
    folder = FeatureFolder(tmp_path, files(tmp_path)[0].stat().st_size)
    folder.put("01", Features(torch.zeros(100, 100)))
    assert folder.get("01") is None
    assert folder.get("00") is not None


def test_what_another_process_is_writing_stays_and_what_a_killed_one_left_goes(tmp_path):
    FeatureFolder(tmp_path, MUCH).put("00", some())
    now, old = (tmp_path / "features" / "00" / name for name in (".now.tmp", ".old.tmp"))
    for path in (now, old):
        path.write_bytes(b"half")
    os.utime(old, (0, 0))
    FeatureFolder(tmp_path, files(tmp_path)[0].stat().st_size + 8).put("01", some(1))
    assert now.exists()
    assert not old.exists()


def test_several_write_the_same_at_once(tmp_path):
    def write() -> None:
        folder = FeatureFolder(tmp_path, MUCH)
        for number in range(20):
            folder.put(f"{number % 4:02d}", some(number % 4))
            found = folder.get(f"{number % 4:02d}")
            wrong.extend([] if found and same(found, some(number % 4)) else [number])

    wrong: list[int] = []
    threads = [threading.Thread(target=write) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert wrong == []
    assert len(files(tmp_path)) == 4


def test_nothing_is_kept_where_none_is_wanted(tmp_path, monkeypatch):
    monkeypatch.setenv("XMM_CACHE", str(tmp_path))
    monkeypatch.setenv("XMM_CACHE_SIZE", "0")
    folder = FeatureFolder.of_environment()
    assert (folder.usable, folder.folder) == (False, tmp_path / "features")
    monkeypatch.delenv("XMM_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "here"))
    monkeypatch.setattr("sys.platform", "linux")
    assert cache_folder() == tmp_path / "here" / "xmm"


@pytest.mark.parametrize(
    ("text", "size"), [("0", 0), ("1000", 1000), ("2k", 2048), ("1.5M", 1572864), ("2G", 2**31)]
)
def test_a_size(text, size):
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["-1", "G", "nan", "much", "1e99", ""])
def test_what_is_no_size(text):
    with pytest.raises(WrongUsage, match="write it like 500M"):
        parse_size(text)


@pytest.fixture
def looks(fresh_base, monkeypatch, tmp_path):
    """How often the tower was asked; features go to a folder of the test's own."""
    monkeypatch.setenv("XMM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XMM_CACHE_SIZE", "1G")
    seen = []
    before = fresh_base.model.get_image_features

    def get_image_features(pixel_values, **options):
        seen.append(1)
        return before(pixel_values, **options)

    monkeypatch.setattr(fresh_base.model, "get_image_features", get_image_features)
    return seen


def of(base, people) -> Features:
    persona, folder = people[0]
    context = Context(image=folder / persona.images[0].path)
    return Conversations(base).encode(context, "Who is this?").features


def test_the_second_run_asks_no_tower(fresh_base, people, looks):
    first, second = of(fresh_base, people), of(fresh_base, people)
    assert len(looks) == 1
    assert first is not second
    assert same(first, second)


def test_another_tower_has_features_of_its_own(fresh_base, people, looks):
    first = of(fresh_base, people)
    fresh_base.model.model.multi_modal_projector.linear_2.bias.data += 1e-3
    second = of(fresh_base, people)
    assert len(looks) == 2
    assert not torch.equal(first.tokens, second.tokens)


def test_a_tower_that_normalises_otherwise_has_features_of_its_own(fresh_base, people, looks):
    fresh_base.model.model.vision_tower.register_buffer("mean", torch.zeros(3))
    of(fresh_base, people)
    fresh_base.model.model.vision_tower.mean += 1
    of(fresh_base, people)
    assert len(looks) == 2


def test_a_tower_is_given_pixels_in_its_own_precision(people, monkeypatch):
    base = load_base("xmm-base-xs", "cpu", Precision("bfloat16"))
    look, given = base.model.get_image_features, []

    def get_image_features(pixel_values, **options):
        given.append(pixel_values.dtype)
        return look(pixel_values, **options)

    monkeypatch.setattr(base.model, "get_image_features", get_image_features)
    of(base, people)
    assert given == [torch.bfloat16]


def test_another_language_model_has_the_same(fresh_base, people, looks):
    of(fresh_base, people)
    fresh_base.model.get_decoder().layers[0].mlp.up_proj.weight.data *= 1.01
    of(fresh_base, people)
    assert len(looks) == 1
