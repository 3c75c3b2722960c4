"""Cache of compiled campaigns, recompiled when their files change."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from mailer import config
from mailer.campaigns import snapshot as snapshots
from mailer.errors import MailerError
from mailer.mail.merge import Merger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from mailer.campaigns.petition import Tally
    from mailer.campaigns.snapshot import Snapshot
    from mailer.config import Project
    from mailer.links import Keys
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.merge import Merged

    Choose = Callable[[Snapshot], Subscriber]
    """Chooses the recipient, which may depend on the campaign's audience."""
    _Signature = frozenset[tuple[str, int, int, int]]

USUAL_BRAND = "[brand]"
"""The key of the brand that is not one of [brands]: a name cannot be like that by accident."""
_SETTLE = 0.1
"""Seconds until a broken file is read again: the editor may be in the middle of saving."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A campaign that could be read, with its merger."""

    snapshot: Snapshot
    merger: Merger
    at: datetime


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """The mail to show, and the problem if there is one."""

    compiled: Compiled | None
    """The last version that could be shown, None if none could."""
    merged: Merged | None
    """The chosen recipient's mail of that version."""
    problem: MailerError | None
    """Reason why `compiled` is not the version on disk, None when it is."""


@dataclass
class _Entry:
    lock: threading.Lock = field(default_factory=threading.Lock)
    current: Compiled | None = None
    good: Compiled | None = None
    last_problem: str = ""


def _signature(files: Iterable[Path]) -> _Signature:
    """Return a value that changes when one of the files does."""
    states = []
    for file in files:
        with contextlib.suppress(OSError):
            state = file.stat()
            states.append((str(file), state.st_mtime_ns, state.st_size, state.st_ino))
    return frozenset(states)


class CompileCache:
    """Compiles campaigns on demand. Thread-safe; each campaign is compiled by one thread at a time.

    Args:
        root: the project's folder.
        keys: that sign links. The links are of no send, and change nothing.
        fields: returns the names of further columns that subscribers have.
        tallies: counts the signatures of petitions by name.
        clock: aware UTC time.
    """

    def __init__(
        self,
        root: Path,
        *,
        keys: Keys,
        fields: Callable[[], frozenset[str]],
        tallies: Callable[[Sequence[str]], Mapping[str, Tally]],
        clock: Callable[[], datetime],
    ) -> None:
        self._root = root
        self._keys = keys
        self._fields = fields
        self._tallies = tallies
        self._clock = clock
        self._entries: dict[tuple[str, str], _Entry] = {}
        self._read: dict[str, tuple[_Signature, Snapshot]] = {}
        self._project: tuple[_Signature, Project] | None = None

    def project(self) -> Project:
        """Raises ConfigError while mailer.toml is broken."""
        signature = _signature([self._root / config.FILE])
        if self._project is None or self._project[0] != signature:
            self._project = signature, config.load(self._root)
        return self._project[1]

    def names(self) -> list[str]:
        """Return the names of all campaigns, most recently saved first."""
        return list(self.saved())

    def saved(self) -> dict[str, datetime]:
        """Return when each campaign was saved, by name, most recently saved first."""
        files = [(file.stat().st_mtime, file.stem) for file in self._root.glob("campaigns/*.md")]
        return {name: datetime.fromtimestamp(at, UTC) for at, name in sorted(files, reverse=True)}

    def petitions(self) -> list[str]:
        """Return the names of all petitions."""
        return sorted(file.stem for file in self._root.glob("campaigns/petitions/*.md"))

    def snapshot(self, name: str) -> Snapshot:
        """Read a campaign, unless no file that it may use has changed. Raises MailerError."""
        project = self.project()
        signature = _signature(self._files(project, name))
        cached = self._read.get(name)
        if cached is None or cached[0] != signature:
            cached = signature, snapshots.load(project, name, tallies=self._tallies)
            self._read[name] = cached
        return cached[1]

    def _files(self, project: Project, name: str) -> Iterator[Path]:
        """Yield every file that may be part of a campaign's snapshot."""
        yield self._root / config.FILE
        yield self._root / "campaigns" / f"{name}.md"
        yield from project.petitions.glob("*.md")
        for lookup in project.settings.lookups.values():
            yield self._root / lookup.file
        for folder, _, names in os.walk(self._root / "templates"):
            yield from (Path(folder) / file_name for file_name in names)

    def new_merger(self, snapshot: Snapshot) -> Merger:
        return Merger(snapshot, fields=self._fields(), keys=self._keys, send_id=0)

    def show(self, name: str, choose: Choose, brand: str = "") -> PreviewResult:
        """Merge the campaign on disk for one recipient, or the last version that could be shown.

        Args:
            name: of the campaign.
            choose: chooses the recipient.
            brand: one of [brands], `USUAL_BRAND`, or "" for the campaign's own.
        """
        entry = self._entries.setdefault((name, brand), _Entry())
        with entry.lock:
            result = self._try(entry, name, choose, brand)
            if result.problem and str(result.problem) != entry.last_problem:
                time.sleep(_SETTLE)
                result = self._try(entry, name, choose, brand)
            entry.last_problem = str(result.problem or "")
            return result

    def brands(self) -> dict[str, str]:
        """Names of brands to choose among, by the key of each; none where there is only one."""
        settings = self.project().settings
        if not settings.brands:
            return {}
        named = {key: brand.name for key, brand in settings.brands.items()}
        return {USUAL_BRAND: settings.brand.name, **named}

    def _branded(self, name: str, brand: str) -> Snapshot:
        snapshot, settings = self.snapshot(name), self.project().settings
        shown = settings.brand if brand == USUAL_BRAND else settings.brands.get(brand)
        if shown is None:
            return snapshot
        return replace(snapshot, content=snapshot.content.model_copy(update={"brand": shown}))

    def _try(self, entry: _Entry, name: str, choose: Choose, brand: str) -> PreviewResult:
        try:
            snapshot = self._branded(name, brand)
            if entry.current is None or entry.current.snapshot.digest != snapshot.digest:
                entry.current = Compiled(snapshot, self.new_merger(snapshot), self._clock())
            merged = entry.current.merger.merge(choose(entry.current.snapshot))
        except MailerError as err:
            return self._last_good(entry, choose, err)
        entry.good = entry.current
        return PreviewResult(entry.good, merged, None)

    def _last_good(self, entry: _Entry, choose: Choose, problem: MailerError) -> PreviewResult:
        if entry.good is None:
            return PreviewResult(None, None, problem)
        try:
            merged = entry.good.merger.merge(choose(entry.good.snapshot))
        except MailerError:
            return PreviewResult(entry.good, None, problem)
        return PreviewResult(entry.good, merged, problem)

    def excerpt(self, path: str, line: int, around: int = 2) -> list[tuple[int, str]]:
        """Return numbered lines of a file in the project; [] when it cannot be read."""
        file = (self._root / path).resolve()
        try:
            if not file.is_relative_to(self._root.resolve()):
                return []
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        first = max(line - around, 1)
        return list(enumerate(lines[first - 1 : line + around], first))
