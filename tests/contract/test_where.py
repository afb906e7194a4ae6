"""Where xmm runs: folders, homes, letters and streams as machines really have them."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.families.tiny import save
from tests.forked.start import INSTALLED, environment, xmm

PLAIN = {"PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}


def run(*words: object, cwd: Path, env: dict[str, str] | None = None, python: tuple[str, ...] = ()):
    """Run `xmm` with these variables, too; with `python`, under these options of Python."""
    program = [sys.executable, *python, "-m", "xmm_cli"] if python else [xmm()]
    given = environment() | {"XMM_CACHE": str(cwd / "cache"), **(env or {})}
    done = subprocess.run(
        [*program, *map(str, words)], cwd=cwd, env=given, capture_output=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert b"a defect of xmm" not in done.stderr, done.stderr
    assert b"Traceback" not in done.stderr, done.stderr
    return done


def a_row(persona: str, modality: str, right: bool) -> str:
    answer = "Ann Lee" if right else "Bo Quist"
    row = {"kind": "probe", "schema": 1, "checkpoint": "c", "base": "xmm-base", "source": "text"}
    row |= {"modality": modality, "task": "name", "persona": persona, "role": "eval", "view": 0}
    row |= {"split": "heldout", "question": "Who?", "expected": "Ann Lee", "answer": answer}
    return json.dumps(row | {"correct": right, "condition": {"base": "xmm-base"}})


@pytest.fixture
def rows(tmp_path) -> Path:
    """Rows with a gap, so that the table has a minus sign."""
    file = tmp_path / "rows.jsonl"
    pairs = [(f"e{n}", modality) for n in range(6) for modality in ("image", "text")]
    lines = [a_row(one, modality, modality == "image") for one, modality in pairs]
    file.write_text("\n".join(lines) + "\n")
    return file


def test_a_working_folder_that_was_deleted(rows, tmp_path):
    gone = tmp_path / "gone"
    for words in (f"score {rows}", f"report {rows}", "report rows.jsonl", "gen-personas --out new"):
        shell = f"mkdir {gone}; cd {gone}; rmdir {gone}; {INSTALLED} {words}"
        done = subprocess.run(
            ["bash", "-c", shell], capture_output=True, check=False, env=PLAIN, text=True
        )
        assert "a defect of xmm" not in done.stderr
        assert (done.returncode == 0) == (str(rows) in words)
    assert done.stderr == (
        "xmm gen-personas: the working folder was deleted; cd to one that is there\n"
    )


def test_a_user_whom_the_system_does_not_know(rows, tmp_path):
    image = tmp_path / "a.png"
    words = f"{INSTALLED} report {rows} --plot {image} --quiet"
    unshare = ["unshare", "-U", "--map-user=54321", "--map-group=54321"]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no user namespaces here")
    tmp_path.chmod(0o777)
    done = subprocess.run(
        [*unshare, "env", "-i", *(f"{name}={value}" for name, value in PLAIN.items()),
         "bash", "-c", words], capture_output=True, check=False, text=True,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    script = (
        "from xmm_cli.models.cache_folder import cache_folder\n"
        "from xmm_cli.models.vision.cache import FeatureFolder\n"
        "print(cache_folder(), FeatureFolder.of_environment().usable)"
    )
    done = subprocess.run(
        [*unshare, "env", "-i", sys.executable, "-c", script], capture_output=True, check=True
    )
    assert done.stdout == b"None False\n"


def test_a_python_without_docstrings(rows, tmp_path):
    helped = run("train", "--help", cwd=tmp_path, python=("-OO",))
    assert (helped.returncode, b"Teach a vision-language model" in helped.stdout) == (0, True)
    assert run("report", rows, cwd=tmp_path, python=("-OO",)).returncode == 0
    refused = run("train", "people", cwd=tmp_path, python=("-OO",))
    assert (refused.returncode, refused.stdout) == (69, b"")
    assert refused.stderr.startswith(b"xmm train: models do not load under python -OO")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_minus_sign_stays_one_in_every_encoding(rows, tmp_path, encoding):
    done = run("report", rows, "-q", cwd=tmp_path, env={"PYTHONIOENCODING": encoding})
    assert done.returncode == 0
    told = done.stdout.decode(encoding)
    assert "?" not in told
    assert "-100 points" in told
    here = run("report", rows, "-q", cwd=tmp_path)
    lines = here.stdout.decode().splitlines()
    assert [len(line) for line in lines] == [len(line) for line in told.splitlines()]


@pytest.mark.slow
def test_data_is_utf8_whatever_the_terminal_has(rows, tmp_path):
    for format in ("json", "jsonl", "csv", "markdown", "html"):
        both = [
            run("report", rows, "-q", "-f", format, cwd=tmp_path, env={"PYTHONIOENCODING": one})
            for one in ("ascii", "utf-8")
        ]
        assert both[0].stdout == both[1].stdout != b""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize(
    "words", ["report probes -q", "help", "help rows --json", "help measuring"]
)
def test_closed_streams(rows, tmp_path, words, closed):
    words = words.replace("probes", str(rows))
    done = subprocess.run(
        ["bash", "-c", f"{INSTALLED} {words} {closed}"],
        capture_output=True, check=False, env=PLAIN, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == (73 if ">&-" in closed.replace("2>&-", "") else 0)
    assert b"Traceback" not in done.stderr


def test_places_that_cannot_be_used(rows, tmp_path):
    for names in (["HOME"], ["XMM_CACHE"], ["HOME", "TMPDIR", "XMM_CACHE", "MPLCONFIGDIR"]):
        image = tmp_path / f"{len(names)}{names[0]}.png"
        env = dict.fromkeys(names, "/proc/1/no")
        done = run("report", rows, "-q", "--plot", image, cwd=tmp_path, env=env)
        assert (done.returncode, done.stderr, image.is_file()) == (0, b"", True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("train --sorce text", "xmm train: no option --sorce; did you mean --source?"),
        ("train --source txt", "xmm train: --source 'txt'; did you mean text? known: image"),
        ("train --steps 0", "xmm train: --steps: must be at least 1"),
        ("train --steps many", "xmm train: --steps: not a whole number"),
        ("train --source", "xmm train: option '--source' requires an argument"),
        ("gen-personas", "xmm gen-personas: --out DIR is missing"),
        ("trian", "xmm: no command 'trian'; did you mean train?"),
        ("--verison", "xmm: no option --verison; did you mean --version?"),
        ("unlearn --method nop x", "xmm unlearn: --method 'nop'; did you mean npo?"),
        ("report -f cvs x", "xmm report: unknown format 'cvs'; did you mean csv?"),
    ],
)
def test_wrong_usage_is_one_line_with_the_nearest_word(tmp_path, words, said):
    done = run(*words.split(), cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.decode().startswith(said)
    assert done.stderr.count(b"\n") == 1


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> Path:
    """A small base, people with pictures and descriptions, and a checkpoint of them."""
    folder = tmp_path_factory.mktemp("world")
    save("llava", folder / "base")
    made = run(
        *("gen-personas", "-n", 3, "--views", 2, "--heldout", 1, "--size", 32, "--out", "people"),
        cwd=folder,
    )
    assert made.returncode == 0
    quick = ("--steps", 1, "--batch-size", 2, "-q")
    words = ("train", "people", "--base", "base", "--source", "both", "--out", "run", *quick)
    assert run(*words, cwd=folder).returncode == 0
    return folder


def rows_of(done: subprocess.CompletedProcess, kind: str) -> list[dict]:
    assert done.returncode == 0, done.stderr
    return [row for row in map(json.loads, done.stdout.splitlines()) if row["kind"] == kind]


ASK = ("--answer", "rank", "--views", 1, "-m", "text", "-q")


def test_a_base_is_its_weights_wherever_they_lie(world, tmp_path):
    first = rows_of(run("probe", world / "run", *ASK, cwd=tmp_path), "probe")
    assert len(first) == 3
    both = tmp_path / "both"
    shutil.copytree(world, both)
    (both / "base").rename(both / "renamed")
    (world / "base").rename(world / "away")
    try:
        told = run("probe", "run", "--base", "renamed", *ASK, cwd=both)
        unlearned = run(
            "unlearn", "run", "--base", "renamed", "--forget", 1, "--gate", 0, "--steps", 1,
            "--batch-size", 2, "-q", cwd=both,
        )  # fmt: skip
        (both / "renamed").rename(both / "base")
        beside = run("probe", both / "run", *ASK, cwd=tmp_path)
        shutil.rmtree(both / "base")
        missing = run("probe", "run", *ASK, cwd=both)
    finally:
        (world / "away").rename(world / "base")
    for done in (told, beside):
        again = rows_of(done, "probe")
        assert [row["logprob"] for row in again] == [row["logprob"] for row in first]
        assert [row["condition"] for row in again] == [row["condition"] for row in first]
    assert unlearned.returncode == 0, unlearned.stderr
    assert (missing.returncode, missing.stdout) == (69, b"")
    assert b"no such folder; was it moved?" in missing.stderr


def other_weights(file: Path) -> None:
    """Make all weights of a file twice as large."""
    from safetensors.torch import load_file, save_file

    weights = {name: 2 * weight for name, weight in load_file(file).items()}
    save_file(weights, file, metadata={"format": "pt"})


@pytest.mark.slow
def test_other_weights_under_the_same_path_are_another_run(world, tmp_path):
    shutil.copytree(world / "people", tmp_path / "people")
    ids = []
    for seed in (0, 1):
        shutil.rmtree(tmp_path / "base", ignore_errors=True)
        shutil.copytree(world / "base", tmp_path / "base")
        if seed:
            other_weights(tmp_path / "base" / "model.safetensors")
        words = ("train", "people", "--base", "base", "--steps", 1, "--batch-size", 2, "-q")
        ids.append(rows_of(run(*words, cwd=tmp_path), "checkpoint")[0]["run"])
    assert ids[0] != ids[1]


@pytest.mark.slow
def test_filtered_rows_find_their_pictures_again(world, tmp_path):
    people = (world / "people" / "personas.jsonl").read_bytes().splitlines(keepends=True)
    (world / "elsewhere").mkdir()
    (world / "elsewhere" / "some.jsonl").write_bytes(b"".join(people[:2]))
    ask = ("--base", "base", "--answer", "rank", "-m", "image", "--views", 1, "-q")
    words = ("probe", "--personas", "elsewhere/some.jsonl", *ask)
    assert len(rows_of(run(*words, cwd=world), "probe")) == 2
    train = ("train", "--base", "base", "--source", "image", "--steps", "1", "--batch-size", "2")
    done = subprocess.run(
        [xmm(), *train, "--out", "piped", "-q"], cwd=world, input=people[0],
        env={**PLAIN, "HOME": str(world)}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    kept = json.loads((world / "piped" / "personas.jsonl").read_bytes())
    assert (world / "piped" / kept["images"][0]["path"]).resolve().is_file()


@pytest.mark.slow
def test_a_data_set_is_taken_by_its_folder_and_people_by_their_names(world):
    probed = run("probe", "run", "--personas", "people", *ASK, cwd=world)
    assert len(rows_of(probed, "probe")) == 3
    people = [json.loads(line) for line in (world / "people" / "personas.jsonl").open()]
    name = people[1]["name"]
    quick = ("--gate", 0, "--steps", 1, "--batch-size", 2, "-q")
    unlearned = run(
        "unlearn", "run", "--forget", name.upper(), "--out", "by-name", *quick, cwd=world
    )
    assert rows_of(unlearned, "checkpoint")[0]["forget"] == [people[1]["id"]]
    wrong = run("unlearn", "run", "--forget", name[:-1], *quick, cwd=world)
    assert (wrong.returncode, f"did you mean {name}?" in wrong.stderr.decode()) == (2, True)
    wrong = run("train", "people/metadata.jsonl", cwd=world)
    assert b"did you mean people/personas.jsonl?" in wrong.stderr
    wrong = run("probe", "people", cwd=world)
    assert b"xmm train people, or xmm probe CHECKPOINT --personas people" in wrong.stderr


@pytest.mark.slow
def test_people_with_pictures_alone_are_asked_in_pictures(world):
    file = world / "people" / "pictures.jsonl"
    people = map(json.loads, (world / "people" / "personas.jsonl").open())
    file.write_text("".join(json.dumps(one | {"texts": []}) + "\n" for one in people))
    ask = ("--base", "base", "--answer", "rank", "--views", 1)
    probed = run("probe", "--personas", file, *ask, cwd=world)
    assert {row["modality"] for row in rows_of(probed, "probe")} == {"image"}
    assert b"asked in image alone" in probed.stderr
    wrong = run("train", file, "--base", "base", cwd=world)
    assert b"learn from what there is: --source image" in wrong.stderr
    wrong = run("probe", "--personas", file, "-m", "text", *ask, cwd=world)
    assert b"try --modality image" in wrong.stderr


@pytest.mark.slow
def test_the_page_shows_the_unlearned_first_and_commands_that_run(world):
    quick = ("--gate", 0, "--steps", 1, "--batch-size", 2, "-q")
    ask = ("--answer", "generate", "-q", "--max-new-tokens", 4)
    out = ("--through", "image", "--forget", 1, "--out", "a folder")
    made = [run("unlearn", "run", *out, *quick, cwd=world)]
    made += [run("probe", one, *ask, cwd=world) for one in ("run", "a folder")]
    (world / "all.jsonl").write_bytes(b"".join(done.stdout for done in made))
    assert run("report", "all.jsonl", "--html", "page.html", cwd=world).returncode == 0
    page = (world / "page.html").read_text()
    cards = [part.split("<", 1)[0] for part in page.split("<p><strong>")[1:]]
    assert cards[:2] == ["forget set, before unlearning", "forget set, after unlearning"]
    assert cards[2:4] == ["retain set, before unlearning", "retain set, after unlearning"]
    assert page.index("<p><strong>") < page.index('<article class="wrong"><blockquote>')
    commands = [part.split("</code>")[0] for part in page.split("<code>xmm ")[1:]]
    assert len(commands) == 3
    env = {**os.environ, **PLAIN, "HOME": str(world), "PATH": environment()["PATH"]}
    for command in commands:
        shell = "xmm " + command.replace("&#x27;", "'").replace("&amp;", "&")
        done = subprocess.run(
            ["bash", "-c", shell], cwd=world, env=env, capture_output=True, check=False
        )
        assert done.returncode == 0, (shell, done.stderr)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
@pytest.mark.parametrize("words", ["help", "help measuring", "help audit", "train --help"])
def test_the_guide_in_any_encoding(tmp_path, words, encoding):
    done = run(*words.split(), cwd=tmp_path, env={"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(done.stdout.decode(encoding)) > 500


@pytest.mark.parametrize("columns", ["1", "0", "-5", "none"])
def test_a_width_that_is_none(rows, tmp_path, columns):
    env = {"COLUMNS": columns, "TERM": "dumb"}
    for words in ("help", "help errors", f"report {rows}", "score --help"):
        done = run(*words.split(), cwd=tmp_path, env=env)
        assert done.returncode == 0
        lines = done.stdout.decode().splitlines()
        assert max(map(len, lines)) >= 30
        assert len(lines) < 600


def test_no_folder_for_temporary_files_is_one_plain_line(rows, tmp_path):
    """Where neither TMPDIR, /tmp, /var/tmp nor the working folder can be written."""
    script = (
        "import tempfile, sys\n"
        "def none(): raise FileNotFoundError(2, 'No usable temporary directory found in []')\n"
        "tempfile.gettempdir = tempfile._get_default_tempdir = none\n"
        "from xmm_cli.app import main\n"
        f"sys.exit(main(['report', {str(rows)!r}]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, check=False, text=True
    )
    assert done.returncode == 73
    assert done.stderr == (
        "xmm report: no folder for temporary files can be written; name one with TMPDIR\n"
    )
