"""Marks of a ledger's progress, kept outside the database, so that restoring it does not restore them.

One lies beside a database file, another in the user's state directory of each machine that sends. Both are written after a claim is on
disk and before its mail is handed over. So a mark is never ahead of an intact ledger, and a ledger behind
its mark is an old copy.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_SIZE = 4096
"""Bytes of a mark. Always the same, so that one write replaces the whole."""

_SUFFIX = ".mark"


@dataclass(frozen=True, slots=True)
class Mark:
    epoch: str
    """The ledger's id; a new one after each restore."""
    claimed: int
    """Deliveries claimed so far, in all."""
    path: str
    """The database file, or its address without user and password."""
    machine: str
    boot: str
    at: str
    """When the mark was written, in ISO 8601."""
    campaigns: dict[str, int] = field(default_factory=dict)
    """Campaign → `claimed` after its last claim; the last ones only."""


def machine_id() -> str:
    """An id of this machine; "" where there is none, as in most containers."""
    return _read(Path("/etc/machine-id"))


def boot_id() -> str:
    return _read(Path("/proc/sys/kernel/random/boot_id"))


def boot_time() -> datetime:
    """When this boot began."""
    return datetime.now(UTC) - timedelta(seconds=time.clock_gettime(time.CLOCK_BOOTTIME))


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeError):
        return ""


class Marks:
    """The marks of one database, kept open during claims.

    Args:
        database: its file, or the address of one on a server, which has no mark beside it.
    """

    def __init__(self, database: Path | str) -> None:
        self.place = str(database.resolve()) if isinstance(database, Path) else database
        # in the user's state directory (XDG Base Directory Specification)
        name = hashlib.sha256(os.fsencode(self.place)).hexdigest()[:32]
        state = _state_folder()
        self._state = state / (name + _SUFFIX) if state else None
        beside = Path(self.place + _SUFFIX) if isinstance(database, Path) else None
        self.paths = [path for path in (beside, self._state) if path]
        self._files: dict[Path, int] = {}

    def own(self) -> list[Mark]:
        """The marks of this database, as far as they can be read."""
        return [mark for path in self.paths if (mark := _load(path))]

    def all(self, epoch: str) -> list[Mark]:
        """The marks of this database, and those of all others with the same ledger."""
        folder = self._state.parent if self._state else None
        others = (_load(path) for path in (folder.glob(f"*{_SUFFIX}") if folder else ()))
        return self.own() + [mark for mark in others if mark and mark.epoch == epoch]

    def prove(self, epoch: str, claimed: int) -> bool:
        """Whether the mark in the state directory agrees; the one beside the file is copied with it."""
        mark = _load(self._state) if self._state else None
        return mark is not None and mark.epoch == epoch and mark.claimed >= claimed

    def highest(self) -> Mark | None:
        """The mark that is nearest to the database: one read, as it is asked for with each claim."""
        try:
            return _parse(os.pread(self._open(self.paths[0]), _SIZE, 0)) if self.paths else None
        except OSError:
            return None

    def advance(self, mark: Mark, campaign: str) -> None:
        """Raise both marks to this one, unless another process has raised them further."""
        for path in self.paths:
            # a service may have no home: then only the mark beside the database is left
            with suppress(OSError), _locked(self._open(path)) as file:
                before = _parse(os.pread(file, _SIZE, 0))
                same = before is not None and before.epoch == mark.epoch
                if same and before is not None and before.claimed >= mark.claimed:
                    continue
                campaigns = before.campaigns if same and before is not None else {}
                campaigns.pop(campaign, None)
                campaigns[campaign] = mark.claimed
                os.pwrite(file, _dump(mark, campaigns), 0)

    def replace(self, mark: Mark) -> None:
        """Write both marks over what they were before."""
        for path in self.paths:
            with suppress(OSError), _locked(self._open(path)) as file:
                os.pwrite(file, _dump(mark, mark.campaigns), 0)

    def close(self) -> None:
        while self._files:
            _, file = self._files.popitem()
            os.close(file)

    def _open(self, path: Path) -> int:
        if path not in self._files:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._files[path] = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        return self._files[path]


def _state_folder() -> Path | None:
    """None for a user without a home."""
    base = Path(os.environ.get("XDG_STATE_HOME", ""))
    if not base.is_absolute():  # as the specification has it
        try:
            base = Path("~/.local/state").expanduser()
        except RuntimeError:
            return None
    return base / "mailer" / "ledgers"


@contextmanager
def _locked(file: int) -> Iterator[int]:
    """Lock the file: of two processes that advance a mark at once, the one behind must not win."""
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield file
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


def _load(path: Path) -> Mark | None:
    try:
        return _parse(path.read_bytes())
    except OSError:
        return None


def _parse(content: bytes) -> Mark | None:
    """None when there is no mark, or a power cut has left half of one."""
    try:
        mark = Mark(**json.loads(content))
        has_time = not mark.at or datetime.fromisoformat(mark.at).tzinfo
    except (ValueError, TypeError, RecursionError):
        return None
    numbers = [mark.claimed, *mark.campaigns.values()] if isinstance(mark.campaigns, dict) else [""]
    texts = (mark.epoch, mark.path, mark.machine, mark.boot)
    is_whole = all(type(number) is int for number in numbers) and all(
        isinstance(text, str) for text in texts
    )
    return mark if is_whole and has_time else None


def _dump(mark: Mark, campaigns: dict[str, int]) -> bytes:
    """The mark as bytes, with as many of the last campaigns as there is room for."""
    kept = dict(campaigns)
    while len(content := json.dumps({**asdict(mark), "campaigns": kept}).encode()) >= _SIZE:
        del kept[next(iter(kept))]
    return content.ljust(_SIZE - 1) + b"\n"
