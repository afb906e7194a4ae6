"""Several processes, and processes that are killed."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def environment() -> dict[str, str]:
    bin_folder = str(Path(sys.executable).parent)
    return os.environ | {
        "PATH": bin_folder + os.pathsep + os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "XMM_DEVICE": "cpu",
        "HF_HUB_OFFLINE": "1",
    }


def together(
    *arguments: object, cwd: Path, processes: int = 2, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """Run a module or script in several processes."""
    command = ["torchrun", "--standalone", "--nproc_per_node", str(processes)]
    return subprocess.run(
        [*command, *[str(one) for one in arguments]],
        input=stdin,
        capture_output=True,
        cwd=cwd,
        env=environment(),
        check=False,
        timeout=550,
    )
