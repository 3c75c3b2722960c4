"""Renders each part of the preview's pages as HTML; the browser only puts it in place."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from mailer import colors, page_templates
from mailer.checks.finding import Severity
from mailer.errors import MailerError
from mailer.ledger.delivery import SendState
from mailer.mail import message
from mailer.reports import charts
from mailer.sending.status import status_of
from mailer.web.preview.sample_recipients import DIFFICULT, SampleRecipients

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailer.ledger.delivery import Counts, Send
    from mailer.store import Store
    from mailer.web.preview.check_runner import CheckOutcome, CheckRunner
    from mailer.web.preview.compile_cache import CompileCache, PreviewResult
    from mailer.web.preview.store_pool import StorePool

_MOST_PEOPLE = 20
_SOON, _LATER = 500, 5_000
"""Milliseconds until a page asks again: while something is running, and otherwise."""
_IDLE = 20
"""A page waits this many times as long as its last answer took to render."""
_SIGNALS = {"error": "#b3261e", "warning": "#8a5a00", "good": "#1d6b3a"}


class Views:
    """Renders the parts of the pages. Thread-safe.

    Args:
        compile_cache: has the campaigns.
        check_runner: has the findings.
        stores: connections to the store.
        clock: aware UTC time.
        token: that the pages send with every action.
    """

    def __init__(
        self,
        compile_cache: CompileCache,
        check_runner: CheckRunner,
        stores: StorePool,
        *,
        clock: Callable[[], datetime],
        token: str,
    ) -> None:
        self._compile_cache = compile_cache
        self._check_runner = check_runner
        self._stores = stores
        self._clock = clock
        self._sample_recipients = SampleRecipients()
        self._pulses: dict[int, tuple[Counts, str]] = {}
        self._templates = page_templates.load("mailer.web.preview")
        self._templates.globals |= {"token": token, "difficult": DIFFICULT}
        self._templates.filters["clock"] = lambda at: f"{at.astimezone():%H:%M:%S}"

    def _page(self, template: str, **shown: Any) -> str:
        return self._templates.get_template(template).render(shown)

    def style(self) -> str:
        """Render the style sheet in the brand's colors, with readable colors for good and bad."""
        brand = self._compile_cache.project().settings.brand
        modes = [
            palette
            | {name: colors.readable(it, palette["surface"]) for name, it in _SIGNALS.items()}
            for palette in (colors.light(brand.colors), colors.dark(brand.colors))
        ]
        template = self._templates.get_template("preview.css")
        return template.render(
            light=modes[0], dark=modes[1], fonts=brand.fonts, charts=charts.STYLE
        )

    # ---------------------------------------------------------------- all campaigns

    def overview(self) -> str:
        return self._page("overview.html")

    def rows(self) -> dict[str, Any]:
        with self._stores.borrow() as store:
            sends = store.sends.all()
            rows = [self._row(store, name, sends) for name in self._compile_cache.names()]
        soon = any(row["running"] for row in rows)
        return {"rows": self._page("rows.html", rows=rows), "again": _SOON if soon else _LATER}

    def _row(self, store: Store, name: str, sends: list[Send]) -> dict[str, Any]:
        own = [self._state(store, send) for send in sends if send.campaign == name]
        row: dict[str, Any] = {
            "name": name,
            "sends": own,
            "subject": "",
            "problem": None,
            "findings": None,
            "running": any(state["moving"] for state in own),
        }
        try:
            snapshot = self._compile_cache.snapshot(name)
        except MailerError as err:
            return row | {"problem": err}
        row["subject"] = snapshot.subject
        if own:
            return row
        preview_findings = self._check_runner.findings(name, snapshot, first=False)
        if preview_findings.outcome and not preview_findings.running:
            row["subject"] = preview_findings.outcome.subject or snapshot.subject
            row["findings"] = _severities(preview_findings.outcome)
            row["problem"] = preview_findings.outcome.problem
        row["running"] = preview_findings.running
        return row

    # ---------------------------------------------------------------- one campaign

    def campaign(self, name: str) -> str:
        return self._page("campaign.html", name=name)

    def result(self, name: str, who: str) -> PreviewResult:
        with self._stores.borrow() as store:
            return self._compile_cache.show(
                name, lambda snapshot: self._sample_recipients.find(store, snapshot, who)
            )

    def state(self, name: str, who: str, view: str) -> dict[str, str]:
        """Render what surrounds the mail, and the mail itself as text, source or headers."""
        result = self.result(name, who)
        excerpt = []
        place = result.problem.place if result.problem else None
        if place and place.line:
            excerpt = self._compile_cache.excerpt(place.path, place.line)
        return {
            "subject": result.merged.subject if result.merged else "",
            "envelope": self._page("envelope.html", result=result, size=_size(result)),
            "problem": self._page("problem.html", result=result, excerpt=excerpt),
            "as_text": self._as_text(result, view),
        }

    def _as_text(self, result: PreviewResult, view: str) -> str:
        if not result.merged or not result.compiled:
            return ""
        if view == "text":
            return result.merged.text
        if view == "source":
            return result.merged.html
        if view == "headers":
            snapshot = result.compiled.snapshot
            envelope = message.Envelope.of(snapshot.content, list_name=snapshot.list_name)
            mail = message.encode(
                result.merged,
                envelope,
                message_id=f"{snapshot.campaign}.preview",
                date=self._clock(),
            )
            return mail.partition(b"\r\n\r\n")[0].decode()
        return ""

    def side(self, name: str) -> dict[str, Any]:
        """Render findings, variants and audience, as far as they are known."""
        try:
            snapshot = self._compile_cache.snapshot(name)
        except MailerError:
            return {"side": self._page("unread.html"), "again": 0}
        preview_findings = self._check_runner.findings(name, snapshot, first=True)
        outcome = preview_findings.outcome
        findings = outcome.findings if outcome else ()
        lines = {
            finding.place: self._compile_cache.excerpt(finding.place.path, finding.place.line, 0)
            for finding in findings
            if finding.place and finding.place.line
        }
        html = self._page("side.html", findings=preview_findings, lines=lines, snapshot=snapshot)
        return {"side": html, "again": _SOON if preview_findings.running else 0}

    def people(self, name: str, query: str) -> str:
        """Render the people of the campaign's list who match a search."""
        try:
            list_name = self._compile_cache.snapshot(name).list_name
        except MailerError:
            return self._page("people.html", people=[], more=False, list_name="")
        with self._stores.borrow() as store:
            people = store.preview.search(list_name, query, _MOST_PEOPLE + 1)
        more = len(people) > _MOST_PEOPLE
        return self._page(
            "people.html", people=people[:_MOST_PEOPLE], more=more, list_name=list_name
        )

    # ---------------------------------------------------------------- sends

    def sends(self, name: str) -> dict[str, Any]:
        began = time.perf_counter()
        with self._stores.borrow() as store:
            states = [self._state(store, send) for send in store.sends.all(name)]
            for state in states:
                state["pulse"] = self._pulse(store, state["send"], state["counts"])
        took = (time.perf_counter() - began) * 1000
        again = _SOON * 2 if any(state["moving"] for state in states) else _LATER
        try:
            digest = self._compile_cache.snapshot(name).digest
        except MailerError:
            digest = ""
        html = self._page("sends.html", states=states, digest=digest)
        return {"sends": html, "again": max(again, int(took * _IDLE))}

    def _state(self, store: Store, send: Send) -> dict[str, Any]:
        counts = store.sends.counts(send.id)
        name = status_of(store, send, self._clock())
        return {
            "send": send,
            "counts": counts,
            "moving": name == SendState.SENDING,
            "name": "sent" if name == SendState.FINISHED else name,
            "done": counts.audience - counts.pending - counts.sending,
            "parts": {k: n for k, n in asdict(counts).items() if n and k != "audience"},
        }

    def _pulse(self, store: Store, send: Send, counts: Counts) -> str:
        """Return the chart of a send, drawn again only when its counts changed."""
        last_counts, chart = self._pulses.get(send.id, (None, ""))
        if last_counts != counts:
            minutes = [
                (m.at.astimezone(), m.accepted) for m in store.preview.accepted_by_minute(send.id)
            ]
            chart = charts.over_time(minutes, what="messages")
            self._pulses[send.id] = counts, chart
        return chart


def _size(result: PreviewResult) -> int:
    return len(result.merged.html.encode()) if result.merged else 0


def _severities(outcome: CheckOutcome) -> dict[str, int]:
    number = Counter(finding.severity for finding in outcome.findings)
    return {"errors": number[Severity.ERROR], "warnings": number[Severity.WARNING]}
