"""The rooms of the house keep their doors shut: what is pure stays pure, SQL stays in the store."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mailer"
IMPURE = {"boto3", "botocore", "sqlite3", "sqlite_utils", "typer", "rich"}
PURE = [
    "address", "approval", "audience", "campaign", "charts", "checks.proof", "checks.rules",
    "checks.audience", "checks.census", "checks.examination", "checks.expressions",
    "checks.oddities", "checks.weight",
    "checks.cascade", "checks.colours", "checks.contrast", "checks.css", "checks.elements", "checks.images", "checks.looks", "checks.structure",
    "checks.support", "checks.targets",
    "checks.footnotes", "checks.law", "checks.links", "checks.reading", "checks.urls", "checks.words",
    "columns", "compile", "config", "encoding", "environment",
    "errors", "escaping", "events", "intake", "reputation", "geography", "importing", "keepsake", "links", "lookups", "markdown", "merge",
    "message", "mjml", "personalize", "preferences", "redirects", "render", "report.page", "report.rows", "report.summary", "report.tilemap", "schedule", "slots", "sources", "spreadsheet", "subjects", "subscriber", "tagging", "throttle",
    "tree", "transports.base", "store.approvals", "store.base", "store.clicks", "store.feedback", "store.figures", "store.pages", "store.rates", "store.respite", "store.showing", "store.timetable",
]  # fmt: skip


def modules():
    return sorted(path for path in PACKAGE.rglob("*.py"))


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("name", PURE)
def test_a_pure_module_loads_no_database_network_or_command_line(name):
    code = f"import sys, mailer.{name}; print(*sorted(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()
    assert not IMPURE & set(loaded)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_stays_in_its_room(path):
    room = path.relative_to(PACKAGE).parts[0]
    found = set(imported(path))
    if room != "store":
        assert not found & {"sqlite3", "sqlite_utils"}
    if room != "transports":
        assert not found & {"boto3", "botocore"}
    if room != "cli":
        assert "typer" not in found
        calls = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
        names = {n.func.id for n in calls if isinstance(n.func, ast.Name)}
        assert not names & {"print", "exit"}


def test_every_pure_module_is_there():
    files = {str(path.relative_to(PACKAGE).with_suffix("")).replace("/", ".") for path in modules()}
    assert set(PURE) <= files
