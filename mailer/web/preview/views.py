"""What each part of the preview's pages shows, as HTML made here: the browser only puts it in place."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from mailer import colors
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
    from mailer.store.base import Store
    from mailer.web.preview.check_runner import CheckOutcome, CheckRunner
    from mailer.web.preview.compile_cache import CompileCache, PreviewResult
    from mailer.web.preview.store_pool import StorePool

_MOST_FOUND = 20
_SOON, _LATER = 500, 5_000
"""Milliseconds after which a page asks again: while something is under way, and otherwise."""
_IDLE = 20
"""A page that took so long to answer asks again after so many times as long."""
_SIGNALS = {"error": "#b3261e", "warning": "#8a5a00", "good": "#1d6b3a"}


class Views:
    """Any thread may ask.

    Args:
        workshop: has the campaigns.
        examiner: has what is found about them.
        pool: of connections to the store.
        clock: aware UTC time.
        token: with which the pages may act.
    """

    def __init__(
        self,
        workshop: CompileCache,
        examiner: CheckRunner,
        pool: StorePool,
        *,
        clock: Callable[[], datetime],
        token: str,
    ) -> None:
        self._workshop = workshop
        self._examiner = examiner
        self._pool = pool
        self._clock = clock
        self._people = SampleRecipients()
        self._pulses: dict[int, tuple[Counts, str]] = {}
        self._templates = Environment(
            loader=PackageLoader("mailer.web.preview", "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals |= {"token": token, "difficult": DIFFICULT}
        self._templates.filters["clock"] = lambda at: f"{at.astimezone():%H:%M:%S}"

    def _page(self, template: str, **shown: Any) -> str:
        return self._templates.get_template(template).render(shown)

    def style(self) -> str:
        """The brand's colours, and those of good and bad, so that words in them can be read."""
        brand = self._workshop.project().settings.brand
        modes = [
            colours
            | {name: colors.readable(it, colours["surface"]) for name, it in _SIGNALS.items()}
            for colours in (colors.light(brand.colors), colors.dark(brand.colors))
        ]
        # not HTML: escaping would spoil the quotation marks around fonts
        template = self._templates.overlay(autoescape=False).get_template("preview.css")
        return template.render(
            light=modes[0], dark=modes[1], fonts=brand.fonts, charts=charts.STYLE
        )

    # ---------------------------------------------------------------- all campaigns

    def overview(self) -> str:
        return self._page("overview.html")

    def rows(self) -> dict[str, Any]:
        with self._pool.borrow() as store:
            sends = store.sends()
            rows = [self._row(store, name, sends) for name in self._workshop.names()]
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
            words = self._workshop.words(name)
        except MailerError as err:
            return row | {"problem": err}
        row["subject"] = words.subject
        if own:
            return row
        look = self._examiner.look(name, words, first=False)
        if look.outcome and not look.running:
            row["subject"] = look.outcome.subject or words.subject
            row["findings"] = _glance(look.outcome)
            row["problem"] = look.outcome.problem
        row["running"] = look.running
        return row

    # ---------------------------------------------------------------- one campaign

    def campaign(self, name: str) -> str:
        return self._page("campaign.html", name=name)

    def sheet(self, name: str, who: str) -> PreviewResult:
        with self._pool.borrow() as store:
            return self._workshop.show(name, lambda words: self._people.find(store, words, who))

    def state(self, name: str, who: str, view: str) -> dict[str, str]:
        """What stands around the mail, and the mail itself as text, source or headers."""
        sheet = self.sheet(name, who)
        excerpt = []
        place = sheet.problem.place if sheet.problem else None
        if place and place.line:
            excerpt = self._workshop.excerpt(place.path, place.line)
        return {
            "subject": sheet.merged.subject if sheet.merged else "",
            "letter": self._page("letter.html", sheet=sheet, size=_size(sheet)),
            "problem": self._page("problem.html", sheet=sheet, excerpt=excerpt),
            "paper": self._paper(sheet, view),
        }

    def _paper(self, sheet: PreviewResult, view: str) -> str:
        if not sheet.merged or not sheet.compiled:
            return ""
        if view == "text":
            return sheet.merged.text
        if view == "source":
            return sheet.merged.html
        if view == "headers":
            words = sheet.compiled.words
            envelope = message.Envelope.of(words.content, list_name=words.list_name)
            mail = message.encode(
                sheet.merged, envelope, message_id=f"{words.campaign}.preview", date=self._clock()
            )
            return mail.partition(b"\r\n\r\n")[0].decode()
        return ""

    def side(self, name: str) -> dict[str, Any]:
        """Findings, variants and audience, as far as they are known."""
        try:
            words = self._workshop.words(name)
        except MailerError:
            return {"side": self._page("unread.html"), "again": 0}
        look = self._examiner.look(name, words, first=True)
        found = look.outcome.findings if look.outcome else ()
        lines = {
            finding.place: self._workshop.excerpt(finding.place.path, finding.place.line, 0)
            for finding in found
            if finding.place and finding.place.line
        }
        html = self._page("side.html", look=look, lines=lines, words=words)
        return {"side": html, "again": _SOON if look.running else 0}

    def found(self, name: str, wanted: str) -> str:
        """People of the campaign's list."""
        try:
            list_name = self._workshop.words(name).list_name
        except MailerError:
            return self._page("people.html", people=[], more=False, list_name="")
        with self._pool.borrow() as store:
            people = store.search(list_name, wanted, _MOST_FOUND + 1)
        more = len(people) > _MOST_FOUND
        return self._page(
            "people.html", people=people[:_MOST_FOUND], more=more, list_name=list_name
        )

    # ---------------------------------------------------------------- sends

    def sends(self, name: str) -> dict[str, Any]:
        began = time.perf_counter()
        with self._pool.borrow() as store:
            states = [self._state(store, send) for send in store.sends(name)]
            for state in states:
                state["pulse"] = self._pulse(store, state["send"], state["counts"])
        took = (time.perf_counter() - began) * 1000
        again = _SOON * 2 if any(state["moving"] for state in states) else _LATER
        try:
            digest = self._workshop.words(name).digest
        except MailerError:
            digest = ""
        html = self._page("sends.html", states=states, digest=digest)
        return {"sends": html, "again": max(again, int(took * _IDLE))}

    def _state(self, store: Store, send: Send) -> dict[str, Any]:
        counts = store.counts(send.id)
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
        """Its chart, drawn again only when something has changed."""
        known, chart = self._pulses.get(send.id, (None, ""))
        if known != counts:
            minutes = [(m.at.astimezone(), m.accepted) for m in store.pulse(send.id)]
            chart = charts.over_time(minutes, what="messages")
            self._pulses[send.id] = counts, chart
        return chart


def _size(sheet: PreviewResult) -> int:
    return len(sheet.merged.html.encode()) if sheet.merged else 0


def _glance(outcome: CheckOutcome) -> dict[str, int]:
    number = Counter(finding.severity for finding in outcome.findings)
    return {"errors": number[Severity.ERROR], "warnings": number[Severity.WARNING]}
