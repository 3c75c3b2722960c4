"""What mailer is measured against: installed into an environment of its own, `build/peers/`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PLACE = HERE.parent.parent / "build" / "peers"


def python(program: str, *arguments: object) -> list[str]:
    """The command of one of the programs here; empty where its packages cannot be installed."""
    made = PLACE / "python" / "bin"
    if not (made / "mailmerge").exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE / "python"], check=True)
        wanted = [made / "pip", "install", "--quiet", "-r", HERE / "requirements.txt"]
        if subprocess.run(wanted, check=False).returncode:
            return []
    return [str(made / "python"), str(HERE / program), *map(str, arguments)]


def node(program: str, *arguments: object) -> list[str]:
    """The same for Node; empty where there is none."""
    if not shutil.which("node") or not shutil.which("npm"):
        return []
    if not (PLACE / "node_modules").exists():
        PLACE.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", PLACE)
        wanted = ["npm", "install", "--silent", "--no-audit", "--no-fund"]
        if subprocess.run(wanted, cwd=PLACE, check=False).returncode:
            return []
    # a program finds its modules in the folders above it
    shutil.copy(HERE / program, PLACE)
    return ["node", str(PLACE / program), *map(str, arguments)]


def ask(command: list[str]) -> dict[str, Any]:
    """What a program found."""
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found
