"""What `mailer new` begins a campaign with, and `mailer petition new` a petition."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mailer import assets
from mailer.campaigns.snapshot import read_templates
from mailer.errors import UsageError, suggest

if TYPE_CHECKING:
    from mailer.config import Project

_PLAIN = "newsletter"
_PETITION = "petitions/petition"


def starter(project: Project, layout: str) -> str:
    """The text that a campaign of this layout starts with: the project's own starter, or mailer's.

    A layout without a starter gets the newsletter's.

    Raises:
        UsageError: there is no such layout.
    """
    files = read_templates(project)
    layouts = {PurePosixPath(path).stem for path, text in files.items() if "<mjml" in text}
    if layout not in layouts:
        names = ", ".join(sorted(layouts))
        raise UsageError(
            f'there is no layout "{layout}"', hint=suggest(layout, layouts) or f"There are {names}."
        )
    text = _text(project, layout) or _text(project, _PLAIN)
    return re.sub(r"^layout:.*$", f"layout: {layout}", text, count=1, flags=re.MULTILINE)


def petition_starter(project: Project) -> str:
    """The text that a petition's file starts with: the project's own starter, or mailer's."""
    return _text(project, _PETITION)


def _text(project: Project, layout: str) -> str:
    own = project.root / "templates" / "starters" / f"{layout}.md"
    if own.is_file():
        return own.read_text(encoding="utf-8")
    return assets.templates().get(f"starters/{layout}.md", "")
