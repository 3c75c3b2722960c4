"""Whatever mailer reads of its own files goes with it when it is installed."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mailer"
TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
FILES = [
    path
    for path in PACKAGE.rglob("*")
    # setuptools takes py.typed along by itself
    if path.is_file() and path.suffix not in {".py", ".pyc"} and path.name != "py.typed"
]


@pytest.mark.parametrize("file", [str(path.relative_to(ROOT)) for path in sorted(FILES)])
def test_a_file_that_is_no_module_is_named_as_data_of_its_package(file):
    named = {
        path
        for package, patterns in TOOLS["setuptools"]["package-data"].items()
        for pattern in patterns
        for path in (ROOT / package.replace(".", "/")).glob(pattern)
    }
    assert ROOT / file in named


def test_a_folder_with_modules_is_a_package():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert [path for path in folders if not (path / "__init__.py").exists()] == []
