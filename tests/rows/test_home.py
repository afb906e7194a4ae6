"""The folder of a data set, looked for near rows that were filtered into another place."""

from xmm_cli.rows.home import at_home
from xmm_cli.rows.types import ImageView, Persona
from xmm_cli.rows.writer import encode

ROW = Persona(
    run="0123456789ab",
    id="p0",
    dataset="a fingerprint",
    name="Ann Lee",
    role="eval",
    images=(ImageView(path="images/p0/00.png", view=0, split="train"),),
)


def test_a_near_folder_is_found_beside_one_that_holds_very_many(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for number in range(1100):
        (tmp_path / f"a/{number}").mkdir(parents=True)
    home = tmp_path / "z"
    (home / "images/p0").mkdir(parents=True)
    (home / "images/p0/00.png").touch()
    (home / "personas.jsonl").write_bytes(encode(ROW))
    elsewhere = tmp_path / "a/0"
    assert at_home(ROW, elsewhere) == (ROW, home)
