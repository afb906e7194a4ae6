"""Pictures that a model cannot use: one line each, the rest is done, and code 4."""

import json

import msgspec
import pytest
from PIL import Image

from tests.families.tiny import save
from xmm_cli.errors import Unavailable
from xmm_cli.models.conversation import Context, Conversations
from xmm_cli.models.loading import load_base
from xmm_cli.rows.writer import encode

QUICK = ["--steps", 2, "--batch-size", 2, "--rank", 2]
ODD_SIZES = [(1200, 4), (4, 1200), (1, 1), (3, 3), (1, 300), (3000, 5)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return save("qwen3_vl", tmp_path_factory.mktemp("family") / "qwen3_vl")


@pytest.fixture
def rows(people, tmp_path):
    """Two people; the first view and the first held-out view of the first are 1200 by 4."""
    Image.linear_gradient("L").resize((1200, 4)).save(tmp_path / "wide.png")
    written = []
    for number, (persona, origin) in enumerate(people[:2]):
        spoilt = set()
        images = []
        for view in persona.images:
            path = str(origin / view.path)
            if number == 0 and view.split not in spoilt:
                spoilt.add(view.split)
                path = str(tmp_path / "wide.png")
            images.append(msgspec.structs.replace(view, path=path))
        written.append(encode(msgspec.structs.replace(persona, images=tuple(images))))
    file = tmp_path / "people.jsonl"
    file.write_bytes(b"".join(written))
    return file


def left_out(result, times=1) -> list[dict]:
    """The rows of a command that has left out the wide picture, and said so once."""
    assert result.code == 4, result.err
    told = [line for line in result.err.splitlines() if "wide.png" in line]
    assert len(told) == times
    assert "cannot use this picture: absolute aspect ratio" in told[0]
    assert "defect" not in result.err
    return [json.loads(row) for row in result.rows]


def views(found: list[dict]) -> list[tuple[str, int]]:
    return [(row["persona"], row["view"]) for row in found if row["kind"] == "probe"]


def test_train_probe_and_unlearn_leave_it_out(xmm, folder, rows, people):
    train = ["train", rows, "--base", folder, "--source", "image", *QUICK, "--out", "run"]
    left_out(xmm(*train))
    asked = views(left_out(xmm("probe", "run", "-m", "image")))
    first, second = (persona for persona, _ in people[:2])
    heldout = [view.view for view in first.images if view.split == "heldout"]
    assert (first.id, heldout[0]) not in asked
    assert [view for who, view in asked if who == first.id] == heldout[1:]
    assert [view for who, view in asked if who == second.id] == heldout
    forget = ["--forget", 1, "--gate", 0, "--steps", 2, "--batch-size", 2]
    for method in ("idk", "npo"):
        left_out(xmm("unlearn", "run", "--method", method, *forget, "--out", f"gone-{method}"))
    left_out(xmm("probe", "run", "--trace"))


def test_a_probe_that_left_something_out_is_gone_on_with(xmm, folder, rows, tmp_path):
    ask = ["probe", "--base", folder, "--personas", rows, "-m", "image", "--batch-size", 2]
    whole = left_out(xmm(*ask))
    log = tmp_path / "log.jsonl"
    log.write_bytes(b"".join(encode_line(row) for row in whole[:2]))
    assert xmm(*ask, "--resume", log).code in (0, 4)
    found = [json.loads(line) for line in log.read_text().splitlines()]
    assert views(found) == views(whole)


def encode_line(row: dict) -> bytes:
    return json.dumps(row, separators=(",", ":")).encode() + b"\n"


def test_a_damaged_or_too_large_picture_is_left_out_too(xmm, folder, rows, tmp_path):
    wide = tmp_path / "wide.png"
    train = ["train", rows, "--base", folder, "--source", "image", *QUICK, "--overwrite"]
    for said, data in (("cannot be read", b""), ("cannot be read", wide.read_bytes()[:60])):
        wide.write_bytes(data)
        result = xmm(*train, "--out", "run")
        assert result.code == 4, result.err
        assert said in result.err
    Image.new("1", (50_001, 1000)).save(wide)
    result = xmm(*train, "--out", "run")
    assert result.code == 4
    assert "50001 x 1000 pixels" in result.err


def test_where_no_picture_is_left_nothing_is_learned(xmm, folder, rows, tmp_path):
    text = rows.read_text().splitlines()
    persona = json.loads(text[0])
    persona["images"] = persona["images"][:1]
    rows.write_bytes(encode_line(persona))
    result = xmm("train", rows, "--base", folder, "--source", "image", *QUICK, "--out", "run")
    assert (result.code, result.out) == (65, b"")
    assert "xmm train: no picture of anyone can be used" in result.err
    assert result.err.count("wide.png") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("size", ODD_SIZES)
@pytest.mark.parametrize("name", ["llava", "qwen3_vl", "paligemma"])
def test_a_picture_of_any_size_is_used_or_left_out(name, size, tmp_path):
    conversations = Conversations(load_base(str(save(name, tmp_path / name)), "cpu"))
    Image.new("RGB", size, "red").save(tmp_path / "odd.png")
    context = Context(image=tmp_path / "odd.png")
    long = max(size) / min(size) > 200 and name == "qwen3_vl"
    if long:
        with pytest.warns(UserWarning, match=r"odd.png: .* cannot use this picture: .*left out"):
            assert not conversations.usable(context, "Who?")
    else:
        assert conversations.usable(context, "Who?")
    assert conversations.usable(Context(text="A person."), "Who?")


def test_a_processor_that_takes_no_picture_is_no_fault_of_the_picture(folder, tmp_path):
    base = load_base(str(folder), "cpu")
    base.processor.image_processor.patch_size = 0
    Image.new("RGB", (64, 64), "red").save(tmp_path / "plain.png")
    with pytest.raises(Unavailable, match="cannot use any picture"):
        Conversations(base).usable(Context(image=tmp_path / "plain.png"), "Who?")
