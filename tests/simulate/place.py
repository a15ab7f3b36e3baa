"""Where the simulator's processes find the code, and what must be the same in all of them."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
LAYER = ROOT / "layers" / "lastunit"


def environment(layer: Path = LAYER) -> Mapping[str, str]:
    """Sets are walked in the order of hashes, so these must not differ from run to run."""
    return {"PYTHONHASHSEED": "0", "PYTHONPATH": f"{layer}{os.pathsep}{ROOT}"}


def settle(module: str) -> None:
    """Begins the program again unless it runs in that environment."""
    wanted = environment()
    if any(os.environ.get(name) != value for name, value in wanted.items()):
        command = [sys.executable, "-m", module, *sys.argv[1:]]
        os.execve(sys.executable, command, {**os.environ, **wanted})  # noqa: S606 - ourselves
