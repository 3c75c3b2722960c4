"""The keys that mark erased people: without them, an import brings erased people back."""

from __future__ import annotations

import stat
from typing import TYPE_CHECKING

from mailer import key_files
from mailer.address_keys import address_hashes
from mailer.doctor.finding import Diagnosis, Topic
from mailer.errors import ConfigError

if TYPE_CHECKING:
    from mailer.config import Project
    from mailer.store.health import Health

_AREA = Topic("Project")
_NAME = "keys of addresses"
_RESTORE = (
    "Restore it from your backup before you import anything: mailer restore DIR adds what it lacks."
)


def judge(project: Project, health: Health) -> list[Diagnosis]:
    """None where there is no file, and nobody was erased."""
    file = project.address_key_file
    name = project.show(file)
    people = f"{health.erased:,} erased {'person' if health.erased == 1 else 'people'}"
    if not file.exists():
        problem = f"{name} is gone: an import would bring back {people}"
        return [_AREA.error(_NAME, problem, _RESTORE)] if health.erased else []
    try:
        keys = key_files.read(file)
    except ConfigError as err:
        return [_AREA.error(_NAME, str(err), err.hint or "")]
    if not health.key_marks <= {*address_hashes(keys)("")}:
        return [_lacking(name, people, health)]
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        problem = (
            f"others on this machine may read {name} (mode {mode:04o}), and find out who was erased"
        )
        return [_AREA.error(_NAME, problem, f"chmod 600 {name}")]
    return [_AREA.ok(_NAME, f"{name}, for you alone (mode {mode:04o})")]


def _lacking(name: str, people: str, health: Health) -> Diagnosis:
    if health.server:
        problem = (
            f"{name} is not the one of the other machines on this store: an import here would bring "
            "erased people back"
        )
        return _AREA.error(_NAME, problem, "Copy it from one of them. See docs/many-machines.md.")
    problem = f"{name} lacks a key that marked some of {people}: an import would bring them back"
    return _AREA.error(_NAME, problem, _RESTORE)
