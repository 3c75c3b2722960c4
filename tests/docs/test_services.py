"""The units and the compose file in the documentation can be used as they are printed."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import yaml

from mailer.cli import app

ROOT = Path(__file__).parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
COMMAND = typer.main.get_command(app)


def blocks(language, mark):
    """Pages with the blocks in a language that hold a mark."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for number, block in enumerate(re.findall(rf"(?ms)^```{language}\n(.*?)^```$", text)):
            if mark in block:
                yield pytest.param(block, id=f"{page.name} {number}")


UNITS = list(blocks("ini", "[Service]"))
COMPOSE_FILES = list(blocks("yaml", "services:"))


def assert_runs(arguments):
    """Let the program read a command line, without doing what it says."""
    name, *rest = arguments
    COMMAND.commands[name].make_context(name, rest)


def test_both_kinds_are_in_the_documentation():
    assert len(UNITS) >= 3
    assert COMPOSE_FILES


@pytest.mark.parametrize("unit", UNITS)
def test_what_a_unit_starts_is_a_command(unit):
    starts = re.findall(r"(?m)^ExecStart=/srv/mailer/\.venv/bin/mailer (.*)$", unit)
    assert len(starts) == 1
    assert_runs(shlex.split(starts[0]))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
@pytest.mark.parametrize("unit", UNITS)
def test_systemd_accepts_a_unit(unit, tmp_path):
    path = tmp_path / "mailer.service"
    # the program has to be there, which it is in another place
    path.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={sys.executable}", unit))
    verify = ["systemd-analyze", "verify", "--recursive-errors=no", "--man=no", str(path)]
    done = subprocess.run(verify, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    complaints = [line for line in done.stderr.splitlines() if path.name in line]
    assert not complaints


@pytest.mark.parametrize("text", COMPOSE_FILES)
def test_a_compose_file_names_what_there_is(text):
    document = yaml.safe_load(text)
    assert set(document) <= {"services", "volumes", "secrets"}
    for name, service in document["services"].items():
        assert set(service) <= SERVICE_KEYS, name
        assert set(service.get("secrets", ())) <= set(document["secrets"])
        mounts = [volume.partition(":")[0] for volume in service.get("volumes", ())]
        assert {mount for mount in mounts if not mount.startswith(".")} <= set(document["volumes"])
        if service["image"] == "mailer":
            assert_runs(service["command"])


SERVICE_KEYS = {
    "image", "command", "environment", "env_file", "volumes", "secrets", "ports", "healthcheck", "deploy", "restart"
}  # fmt: skip
"""Of the Compose Specification, as far as the documentation uses it."""
