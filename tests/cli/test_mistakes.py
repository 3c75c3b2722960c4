"""Every mistake staff can make gets one line that says what, where, and what to do.

Each folder in tests/cli/mistakes/ holds the files that make the mistake, laid over a small project, a
`command`, and `expected`: the exit code, then exactly what is printed. Without `command` it is
`mailer build sample`.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import pytest

from mailer import cli
from tests.support.campaigns import TEMPLATES

FOLDER = Path(__file__).parent / "mistakes"
CASES = sorted(path.name for path in FOLDER.iterdir())

PROJECT = {
    "mailer.toml": """[brand]
name = "Juniper Street Action"
website = "https://www.example.org"
address = "PO Box 118, Portland, OR 97207"
legal = "A fictional organization."

[sender]
name = "Juniper Street Action"
email = "news@example.org"

[site]
base_url = "https://mail.example.org"

[lookups.cities]
file = "lists/lookups/cities.csv"
key = ["city", "state"]
""",
    "lists/lookups/cities.csv": "city,state,mayor\nPortland,OR,Nia Brook\n",
    "lists/members.csv": "Email,First Name,Zip,State\n"
    + "".join(f"p{i}@example.org,P{i},97212,S{i}\n" for i in range(501)),
    "campaigns/sample.md": "---\nsubject: News\nlist: members\n---\nHello.\n",
    **TEMPLATES,
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    for name, text in PROJECT.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MAILER_SECRET_KEYS", raising=False)
    return tmp_path


def run(monkeypatch, *arguments):
    monkeypatch.setattr(sys, "argv", ["mailer", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return ended.value.code or 0


@pytest.mark.parametrize("name", CASES)
def test_a_mistake_gets_its_message_place_and_hint(name, project, monkeypatch, capsys):
    case = FOLDER / name
    for path in case.rglob("*"):
        if path.is_file() and path.name not in {"command", "expected"}:
            target = project / path.relative_to(case)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    command = case / "command"
    lines = command.read_text().splitlines() if command.exists() else ["build sample"]
    for line in lines[:-1]:
        assert run(monkeypatch, *shlex.split(line)) == 0, capsys.readouterr().err
    capsys.readouterr()
    setting, _, arguments = lines[-1].rpartition("$ ")
    for pair in setting.split():
        monkeypatch.setenv(*pair.split("=", 1))
    code = run(monkeypatch, *shlex.split(arguments))
    said = capsys.readouterr().err.replace(str(project), "PROJECT")
    assert f"{code}\n{said}" == (case / "expected").read_text()


def test_a_damaged_database_is_no_traceback(project, monkeypatch, capsys):
    assert run(monkeypatch, "lists", "import", "lists/members.csv", "--list", "members") == 0
    database = project / "lists" / "mailer.db"
    whole = database.read_bytes()
    database.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))
    capsys.readouterr()
    assert run(monkeypatch, "lists", "export", "members") == 2
    said = capsys.readouterr().err
    assert said.startswith("the database ")
    assert "mailer doctor" in said
