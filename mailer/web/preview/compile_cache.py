"""Campaigns as they are on disk at this moment, kept compiled while they are edited."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailer import config
from mailer.campaigns import snapshot
from mailer.compiler.environment import TemplateCache
from mailer.errors import MailerError
from mailer.mail.merge import Merger

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path

    from mailer.campaigns.snapshot import Snapshot
    from mailer.config import Project
    from mailer.links import Keys
    from mailer.lists.subscriber import Subscriber
    from mailer.mail.merge import Merged

    Choose = Callable[[Snapshot], Subscriber]
    """Whose mail it is to be, which may depend on whom the campaign is for."""

_SETTLE = 0.1
"""Seconds: an editor may be in the middle of saving, so what looks broken is looked at again."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A campaign that could be read."""

    words: Snapshot
    merger: Merger
    at: datetime


@dataclass(frozen=True, slots=True)
class PreviewResult:
    """What there is to show."""

    compiled: Compiled | None
    """The last version that can be shown; None when none ever could."""
    merged: Merged | None
    """One recipient's mail of that version."""
    problem: MailerError | None
    """Why it is not the version on disk, None when it is."""


@dataclass
class _Bench:
    lock: threading.Lock = field(default_factory=threading.Lock)
    current: Compiled | None = None
    good: Compiled | None = None
    said: str = ""
    """The last problem."""


class CompileCache:
    """Any thread may ask; each campaign is worked on by one at a time.

    Args:
        root: the project's folder.
        keys: that sign links. They are those of no send, and act on nobody.
        fields: the names of the further columns that any subscriber has.
        clock: aware UTC time.
    """

    def __init__(
        self,
        root: Path,
        *,
        keys: Keys,
        fields: Callable[[], frozenset[str]],
        clock: Callable[[], datetime],
    ) -> None:
        self._root = root
        self._keys = keys
        self._fields = fields
        self._clock = clock
        self._memory = TemplateCache()
        self._benches: dict[str, _Bench] = {}

    def project(self) -> Project:
        """Raises ConfigError while mailer.toml is broken."""
        return config.load(self._root)

    def names(self) -> list[str]:
        """Of all campaigns, the one saved last first."""
        files = [(file.stat().st_mtime, file.stem) for file in self._root.glob("campaigns/*.md")]
        return [name for _, name in sorted(files, reverse=True)]

    def words(self, name: str) -> Snapshot:
        """Raises MailerError."""
        return snapshot.load(self.project(), name)

    def new_merger(self, words: Snapshot) -> Merger:
        return Merger(words, fields=self._fields(), keys=self._keys, send_id=0, memory=self._memory)

    def show(self, name: str, choose: Choose) -> PreviewResult:
        """The campaign as it is on disk, else as it last could be shown."""
        bench = self._benches.setdefault(name, _Bench())
        with bench.lock:
            sheet = self._try(bench, name, choose)
            if sheet.problem and str(sheet.problem) != bench.said:
                time.sleep(_SETTLE)
                sheet = self._try(bench, name, choose)
            bench.said = str(sheet.problem or "")
            return sheet

    def _try(self, bench: _Bench, name: str, choose: Choose) -> PreviewResult:
        try:
            words = self.words(name)
            if bench.current is None or bench.current.words.digest != words.digest:
                bench.current = Compiled(words, self.new_merger(words), self._clock())
            merged = bench.current.merger.merge(choose(bench.current.words))
        except MailerError as err:
            return self._last_good(bench, choose, err)
        bench.good = bench.current
        return PreviewResult(bench.good, merged, None)

    def _last_good(self, bench: _Bench, choose: Choose, problem: MailerError) -> PreviewResult:
        if bench.good is None:
            return PreviewResult(None, None, problem)
        try:
            merged = bench.good.merger.merge(choose(bench.good.words))
        except MailerError:
            return PreviewResult(bench.good, None, problem)
        return PreviewResult(bench.good, merged, problem)

    def excerpt(self, path: str, line: int, around: int = 2) -> list[tuple[int, str]]:
        """Numbered lines of a file of the project, as it is on disk; [] when it cannot be read."""
        file = (self._root / path).resolve()
        try:
            if not file.is_relative_to(self._root.resolve()):
                return []
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return []
        first = max(line - around, 1)
        return list(enumerate(lines[first - 1 : line + around], first))
