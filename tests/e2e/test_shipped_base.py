"""The model that ships can see and read: the attribute control, through the entry point."""

import json

from xmm_cli.app import main


def test_attributes_are_told_from_pictures_and_descriptions(tmp_path, capfd):
    people = tmp_path / "people"
    assert (
        main(
            [
                "gen-personas",
                "-n",
                "8",
                "--views",
                "1",
                "--heldout",
                "4",
                "-q",
                "--out",
                str(people),
            ]
        )
        == 0
    )
    capfd.readouterr()
    asked = ["--base", "xmm-base", "--personas", str(people / "personas.jsonl"), "-q"]
    assert main(["probe", *asked, "--task", "attribute"]) == 0
    rows = [json.loads(line) for line in capfd.readouterr().out.splitlines()]
    for modality, least in (("image", 0.93), ("text", 0.88)):
        right = [row["correct"] for row in rows if row.get("modality") == modality]
        assert len(right) == 8 * 4 * 7
        assert sum(right) / len(right) >= least, modality
