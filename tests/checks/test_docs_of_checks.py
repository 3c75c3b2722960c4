"""Every code that a check can give has its section in docs/checks.md, and every section its code."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

import mailer.checks

FOLDER = Path(mailer.checks.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(FOLDER).with_suffix("").parts)
    for path in FOLDER.rglob("*.py")
    if path.stem != "__init__"
)
PAGE = (FOLDER.parent.parent / "docs" / "checks.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
CODE = re.compile(r"[a-z]+(?:-[a-z]+)*")


def constants(name):
    """The codes of a module: its public constants that are words joined by hyphens."""
    return {
        value
        for key, value in vars(import_module(f"mailer.checks.{name}")).items()
        if key.isupper() and not key.startswith("_") and isinstance(value, str)
    }


CODES = sorted({code for name in MODULES for code in constants(name)})


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_its_section(code):
    assert CODE.fullmatch(code)
    assert SECTIONS.count(code) == 1


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_is_of_a_code_and_says_how_grave_it_is(section):
    assert section in CODES
    text = PAGE.partition(f"\n## {section}\n")[2].partition("\n## ")[0].strip()
    assert re.match(r"\*(Error|Warning)", text)
    assert len(text) > 60


def test_the_table_at_the_top_leads_to_every_section():
    listed = re.findall(r"\[([a-z-]+)\]\(#\1\)", PAGE.partition("\n## ")[0])
    assert listed == SECTIONS


@pytest.mark.parametrize("name", MODULES)
def test_no_finding_is_given_a_code_that_is_no_constant(name):
    tree = ast.parse((FOLDER / f"{name.replace('.', '/')}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Finding", "Fault"}:
            given = {keyword.arg: keyword.value for keyword in node.keywords}
            code = node.args[0] if node.args else given["code"]
            assert not isinstance(code, ast.Constant)
