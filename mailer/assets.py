"""The files that come with mailer: templates, campaign starters and documentation.

In a wheel they lie inside the package; in a clone of the repository, beside it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

_PACKAGE = Path(__file__).parent


def folder(name: Literal["templates", "docs"]) -> Path:
    """The folder that holds files of this kind."""
    installed = _PACKAGE / name
    return installed if installed.is_dir() else _PACKAGE.parent / name


def templates() -> dict[str, str]:
    """Every layout, part, component file and starter: name inside `templates/` → text."""
    root = folder("templates")
    return {
        path.relative_to(root).as_posix(): path.read_text(encoding="utf-8")
        for path in sorted(root.rglob("*"))
        if path.suffix in {".mjml", ".txt", ".md"}
    }


def digest(text: str) -> str:
    """SHA-256 of a template, hex: tells whether a project's copy is of this version."""
    return hashlib.sha256(text.encode()).hexdigest()
