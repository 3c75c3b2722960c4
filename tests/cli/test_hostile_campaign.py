"""A campaign that reaches for more than words, or would run for ever, is refused by every command."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.projects.project import address, make_project

CASES = Path(__file__).parents[1] / "compiler" / "security"
ENDLESS = "---\nsubject: Hello\nlist: members\n---\nHello.\n\n{{ 'a' * 9999999999 }}\n"


@pytest.fixture
def root(tmp_path, monkeypatch):
    root = make_project(tmp_path / "project", people=3)
    monkeypatch.chdir(root)
    return root


@pytest.mark.parametrize(
    ("campaign", "line"),
    [((CASES / "rce-campaign.md").read_text(encoding="utf-8"), 6), (ENDLESS, 7)],
    ids=["reaches", "endless"],
)
@pytest.mark.parametrize(
    "command",
    [
        ["build", "hostile"],
        ["check", "hostile"],
        ["send", "hostile", "--dry-run"],
        ["send", "hostile", "--yes"],
        ["approve", "hostile", "--yes"],
        ["test", "hostile", address(0)],
    ],
    ids=" ".join,
)
def test_every_command_refuses_it_with_its_line(mailer, root, campaign, line, command):
    (root / "campaigns" / "hostile.md").write_text(campaign, encoding="utf-8")
    code, printed = mailer(*command)
    assert code in {1, 2}, printed
    assert f"campaigns/hostile.md:{line}" in printed
    assert "Traceback" not in printed
    assert not list(root.rglob("pwned*"))
