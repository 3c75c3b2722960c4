"""Copies of mailer's templates that a project has made its own, and which of them are out of date.

`templates/copies.json` records for each copy the digest of the template that it was made from.
"""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from mailer import assets
from mailer.atomic import atomic_write
from mailer.errors import ConfigError, Place, UsageError, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from mailer.config import Project

_RECORD = "templates/copies.json"


class Origin(StrEnum):
    """Where the template that campaigns use comes from."""

    PACKAGE = "comes with mailer"
    CURRENT = "your copy"
    OLDER = "your copy, older than mailer's"
    OWN = "your own"


@dataclass(frozen=True)
class TemplateStatus:
    name: str
    """Inside `templates/`."""
    origin: Origin


def statuses(project: Project) -> list[TemplateStatus]:
    """Every template that campaigns of the project can use. Raises ConfigError for a broken record."""
    ours, record = assets.templates(), _read_record(project)
    names = {*ours, *_own_names(project)}
    return [TemplateStatus(name, _origin(project, name, ours, record)) for name in sorted(names)]


def copy(project: Project, wanted: Sequence[str], *, keep: bool = False) -> list[str]:
    """Copy templates into the project, and record what they were copied from.

    Args:
        project: gets the files.
        wanted: names such as `newsletter`, `components` (both files) or `partials/footer.mjml`.
        keep: leave the project's files as they are, and only record that they are up to date.

    Returns:
        The names of the templates.

    Raises:
        UsageError: there is no such template, the project has one of that name (or has none, with
            `keep`), or the folder cannot be written.
    """
    ours = assets.templates()
    names = [name for want in wanted for name in _resolve(want, ours)]
    for name in names:
        exists = _path(project, name).exists()
        if exists and not keep:
            raise UsageError(
                f"templates/{name} is there already",
                hint=f"See how it differs with: mailer templates diff {name}",
            )
        if keep and not exists:
            raise UsageError(
                f"the project has no templates/{name}",
                hint=f"Copy it with: mailer templates copy {name}",
            )
    record = _read_record(project) | {name: assets.digest(ours[name]) for name in names}
    texts = {} if keep else {_path(project, name): ours[name] for name in names}
    texts[project.root / _RECORD] = json.dumps(record, indent=2, sort_keys=True) + "\n"
    for path, text in texts.items():
        _write(path, text)
    return names


def diff(project: Project, wanted: str) -> list[str]:
    """Lines of a unified diff from mailer's template to the project's; empty when they are the same."""
    ours = assets.templates()
    lines: list[str] = []
    for name in _resolve(wanted, ours):
        path = _path(project, name)
        if path.is_file():
            own = path.read_text(encoding="utf-8").splitlines()
            labels = (f"mailer's {name}", f"templates/{name}")
            lines += difflib.unified_diff(ours[name].splitlines(), own, *labels, lineterm="")
    return lines


def _resolve(wanted: str, ours: Mapping[str, str]) -> list[str]:
    """The templates that a name means; a short one never means a starter."""
    name = wanted.removeprefix("templates/")
    if name in ours:
        return [name]
    paths = [PurePosixPath(each) for each in ours if not each.startswith("starters/")]
    names = [str(path) for path in paths if name in {path.stem, path.name}]
    if not names:
        known = {str(path.stem) for path in paths} | set(ours)
        raise UsageError(
            f'no template "{wanted}" comes with mailer',
            hint=suggest(wanted, known) or "See what there is with: mailer templates show",
        )
    return names


def _origin(
    project: Project, name: str, ours: Mapping[str, str], record: Mapping[str, str]
) -> Origin:
    if not _path(project, name).exists():
        return Origin.PACKAGE
    if name not in ours or name not in record:
        return Origin.OWN
    return Origin.CURRENT if record[name] == assets.digest(ours[name]) else Origin.OLDER


def _own_names(project: Project) -> list[str]:
    root = project.root / "templates"
    return [
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.suffix in {".mjml", ".txt", ".md"}
    ]


def _path(project: Project, name: str) -> Path:
    return project.root / "templates" / name


def _read_record(project: Project) -> dict[str, str]:
    path = project.root / _RECORD
    if not path.exists():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as err:
        record = err
    if not isinstance(record, dict) or not all(isinstance(each, str) for each in record.values()):
        raise ConfigError(
            "is not what mailer wrote",
            place=Place(_RECORD),
            hint="Take the file from your version control, or delete it.",
        )
    return record


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as file:
            file.write(text.encode())
    except OSError as err:
        raise UsageError(
            f"{path} cannot be written: {(err.strerror or str(err)).lower()}",
            hint="Check the permissions of the folder templates/.",
        ) from err
