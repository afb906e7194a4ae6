"""With the shipped base nothing is asked of the network, whatever the hub's settings are."""

import os
import subprocess
import sys

SCRIPT = """
import os, socket, sys

def refuse(*_, **__):
    os._exit(99)  # an exception would be swallowed on the way

socket.getaddrinfo = refuse
socket.socket.connect = refuse
socket.create_connection = refuse
from xmm_cli.app import main
from xmm_cli.training.run import loop

loop._SAVE_EVERY = 2  # steps: a state is saved, too
people, out = sys.argv[1:]
for command in (
    ["train", people, "--source", "both", "--steps", "2", "--out", out + "/a"],
    ["unlearn", out + "/a", "--forget", "2", "--gate", "0", "--steps", "3", "--out", out + "/b"],
    ["probe", out + "/b", "--untrained", "--answer", "rank"],
):
    code = main([*command, "--quiet"])
    if code:
        sys.exit(code)
"""


def test_no_connection_is_tried(people_folder, tmp_path):
    environment = {k: v for k, v in os.environ.items() if k != "HF_HUB_OFFLINE"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(people_folder / "personas.jsonl"), str(tmp_path)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.count('"kind":"checkpoint"') == 2
    assert '"kind":"probe"' in done.stdout
