"""Small sources in the exact layouts in which they are published."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def picture(number: int, size: int = 24, format: str = "PNG") -> bytes:
    """A picture that no other number has."""
    buffer = io.BytesIO()
    color = ((37 * number) % 256, (91 * number) % 256, (149 * number) % 256)
    image = Image.new("RGB", (size, size + number % 3), color)
    image.paste((255 - color[0], 0, 0), (0, 0, size // 3, size // 3))
    image.save(buffer, format)
    return buffer.getvalue()


def embedded(number: int, path: str | None = None) -> dict[str, object]:
    """A picture as `datasets` embeds it in Parquet."""
    return {"bytes": picture(number, format="JPEG"), "path": path}


def parquet(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(rows), path)


def mllmu(root: Path, people: int = 3, held_out: int = 2) -> Path:
    """`Full_Set` and `Test_Set` of MLLMU-Bench."""
    tasks = {
        "Classification_Task": {
            "Image_Textual_Questions": [
                {"Question": "Where?", "Options": {"A": "Oslo"}, "Correct_Answer": "A"}
            ],
            "Pure_Text_Questions": [],
        },
        "Generation_Task": [
            {"Type": "Image_Textual", "Question": "Q?", "Ground_Truth": "An answer."}
        ],
        "Mask_Task": [{"Type": "Pure_Text", "Question": "[Blank]", "Ground_Truth": "x"}],
    }
    full = [
        {
            "image": embedded(number, f"{number:03d}.jpg"),
            "ID": f"{number:03d}",
            "Directory": f"full_images/{number:03d}.jpg",
            "biography": json.dumps(
                {
                    "Name": f"Ann Person{chr(65 + number)}",
                    "Born": "Oslo",
                    "Annual Salary: ": f"${number}0,000",
                    "Gender": "female",
                    "Parents": {"father": "a sailor"},
                    "Description": f"Ann Person{chr(65 + number)} has hair number {number}.",
                }
            ),
            **tasks,
        }
        for number in range(people)
    ]
    parquet(root / "Full_Set" / "train-00000-of-00001.parquet", full)
    test = [
        {
            "images": [embedded(10 * number + turn + 11) for turn in range(held_out)],
            "ID": f"{number:03d}",
            **tasks,
        }
        for number in range(people + 1)
    ]
    parquet(root / "Test_Set" / "test-00000-of-00001.parquet", test)
    return root


def clear(root: Path, people: int = 3, pictures: int = 4) -> Path:
    """`full` of CLEAR in two shards, with one row that has no name."""
    rows = [
        {
            "image": embedded(10 * person + number),
            "caption": f"Jaime Vasquez{person} stands by window {number}, Jaime's hand raised.",
            "name": f"Jaime Vasquez{person}",
        }
        for person in range(people)
        for number in range(pictures)
    ]
    parquet(root / "full" / "train-00000-of-00002.parquet", rows[:5])
    nobody = {"image": embedded(99), "caption": "A street.", "name": None}
    parquet(root / "full" / "train-00001-of-00002.parquet", [*rows[5:], nobody])
    both = [{**rows[0], "question": None, "answer": None}]
    words = {"image": None, "caption": None, "name": None, "question": "Who?", "answer": "Me."}
    parquet(root / "full+tofu" / "train-00000-of-00001.parquet", [*both, words])
    return root


def fiubench(root: Path, people: int = 3) -> Path:
    """`full.json`, `split.json` and `SFHQ/` of FIUBench."""
    lines = []
    for number in range(people):
        name = f"Kim Doe{chr(65 + number)}"
        path = f"SFHQ/SFHQ_pt1_{number:08d}.jpg"
        (root / "SFHQ").mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(picture(number, format="JPEG"))
        lines.append(
            {
                "image_path": f"./dataset/{path}",
                "name": name,
                "gender": "female",
                "caption": f"A woman with earring {number}.",
                "qa_list": [
                    {
                        "question": "What is the person's name?",
                        "paraphrased_question": ["Who?", "Name?", "Whose face?"],
                        "answer": f"{name}.",
                        "paraphrased_answer": f"It is {name}.",
                        "perturbed_answer": ["a", "b", "c"],
                        "keywords": [name],
                    },
                    {
                        "question": "What is the blood type of this person?",
                        "paraphrased_question": ["a", "b", "c"],
                        "answer": f"The blood type is {'ABO'[number % 3]}+.",
                        "paraphrased_answer": "x",
                        "perturbed_answer": ["a", "b", "c"],
                        "keywords": [f"{'ABO'[number % 3]}+"],
                    },
                    {
                        "question": "Has this person been ill?",
                        "paraphrased_question": ["a", "b", "c"],
                        "answer": "Yes, twice.",
                        "paraphrased_answer": "x",
                        "perturbed_answer": ["a", "b", "c"],
                        "keywords": ["twice"],
                    },
                ],
                "raw_data": {"job": "clerk"},
                "unique_id": f"{number:08d}",
            }
        )
    (root / "full.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
    (root / "split.json").write_text(json.dumps({"forget5": ["00000000"]}))
    return root
