"""The list of all campaigns: subject, audience, time of saving or sending, and findings."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from mailer.errors import MailerError
from mailer.ledger.delivery import SendState
from mailer.sending.status import status_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mailer.checks.finding import Severity
    from mailer.config import Content
    from mailer.ledger.delivery import Counts, Send
    from mailer.store import Store
    from mailer.web.preview.check_runner import CheckRunner
    from mailer.web.preview.compile_cache import CompileCache


_JINJA = re.compile(r"{{.*?}}|{%.*?%}")


@dataclass(frozen=True, slots=True)
class SendStatus:
    """A send, with its numbers."""

    send: Send
    counts: Counts
    name: str
    """Description of the state."""
    when: datetime

    @property
    def is_moving(self) -> bool:
        return self.name == SendState.SENDING

    @property
    def done(self) -> int:
        return self.counts.audience - self.counts.pending - self.counts.sending

    @property
    def parts(self) -> dict[str, int]:
        """Numbers by state, where there are any."""
        return {name: n for name, n in asdict(self.counts).items() if n and name != "audience"}


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign."""

    name: str
    saved: datetime
    sends: Sequence[SendStatus]
    subject: str = ""
    lists: str = ""
    """Their names, as they are shown."""
    audience: str = ""
    sender_profile: str = ""
    """Sender and brand, where they are not the usual ones."""
    problem: MailerError | None = None
    findings: Mapping[Severity, int] | None = None
    """None while it is not checked."""
    is_checked_now: bool = False

    @property
    def is_running(self) -> bool:
        return self.is_checked_now or any(status.is_moving for status in self.sends)

    @property
    def search_text(self) -> str:
        return (
            f"{self.name} {self.subject} {self.lists} {self.audience} {self.sender_profile}".lower()
        )


class Overview:
    """Reads the rows of the list.

    Args:
        compile_cache: of the campaigns.
        check_runner: of the findings.
        clock: aware UTC time.
    """

    def __init__(
        self, compile_cache: CompileCache, check_runner: CheckRunner, clock: Callable[[], datetime]
    ) -> None:
        self._compile_cache = compile_cache
        self._check_runner = check_runner
        self._clock = clock

    def rows(self, store: Store) -> list[Row]:
        """Return a row for each campaign, the one saved last first."""
        sends: dict[str, list[SendStatus]] = {}
        for send in store.sends.all():
            sends.setdefault(send.campaign, []).append(self.status(store, send))
        return [
            self._row(name, saved, sends.get(name, []))
            for name, saved in self._compile_cache.saved().items()
        ]

    def status(self, store: Store, send: Send) -> SendStatus:
        name = status_of(store, send, self._clock())
        return SendStatus(
            send,
            store.sends.counts(send.id),
            "sent" if name == SendState.FINISHED else name,
            datetime.fromisoformat(send.created),
        )

    def _row(self, name: str, saved: datetime, sends: Sequence[SendStatus]) -> Row:
        try:
            snapshot = self._compile_cache.snapshot(name)
        except MailerError as err:
            return Row(name, saved, sends, problem=err)
        audience = snapshot.shown_lists, snapshot.audience, self.sender_profile(snapshot.content)
        if sends:
            return Row(name, saved, sends, _legible(snapshot.subject), *audience)
        checked = self._check_runner.findings(name, snapshot, first=False)
        outcome = checked.outcome
        if not outcome or checked.running:
            return Row(
                name,
                saved,
                sends,
                _legible(snapshot.subject),
                *audience,
                is_checked_now=checked.running,
            )
        return Row(
            name,
            saved,
            sends,
            outcome.subject or _legible(snapshot.subject),
            *audience,
            problem=outcome.problem,
            findings=Counter(finding.severity for finding in outcome.findings),
        )

    def sender_profile(self, content: Content) -> str:
        """A campaign's sender and brand, where they are not the usual ones."""
        settings = self._compile_cache.project().settings
        sender, brand = content.sender.name, content.brand.name
        parts = [f"From {sender}"] if sender != settings.sender.name else []
        parts += [f"Brand: {brand}"] if brand != settings.brand.name else []
        return " · ".join(parts)


def _legible(subject: str) -> str:
    """A subject as it is written, "…" for what is each recipient's own."""
    return _JINJA.sub("…", subject)
