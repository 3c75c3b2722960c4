"""Renders each part of the preview's pages as HTML; the browser only puts it in place."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mailer import colors, page_templates, palettes
from mailer.errors import MailerError
from mailer.mail import message
from mailer.reports import charts
from mailer.web.preview import finding_groups
from mailer.web.preview.inbox_line import inbox_lines
from mailer.web.preview.overview import Overview
from mailer.web.preview.sample_recipients import DIFFICULT, SampleRecipients

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from mailer.errors import Place
    from mailer.ledger.delivery import Counts
    from mailer.store import Store
    from mailer.web.preview.check_runner import CheckRunner
    from mailer.web.preview.compile_cache import CompileCache, PreviewResult
    from mailer.web.preview.overview import SendStatus
    from mailer.web.preview.store_pool import StorePool

_MOST_PEOPLE = 20
_SOON, _LATER = 500, 5_000
"""Milliseconds until a page asks again: while something is running, and otherwise."""
_IDLE = 20
"""A page waits this many times as long as its last answer took to render."""
_BUSY = 4
"""The same for the overview, which is open while campaigns are checked."""
_SIGNALS = {"error": "#b3261e", "warning": "#8a5a00", "good": "#1d6b3a"}


class Views:
    """Renders the parts of the pages. Thread-safe.

    Args:
        compile_cache: of the campaigns.
        check_runner: of the findings.
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
        self._overview = Overview(compile_cache, check_runner, clock)
        self._pulses: dict[int, tuple[Counts, str]] = {}
        self._templates = page_templates.load("mailer.web.preview")
        self._templates.globals |= {"token": token, "difficult": DIFFICULT}
        self._templates.filters["clock"] = lambda at: f"{at.astimezone():%H:%M:%S}"
        self._templates.filters["day"] = lambda at: f"{at.astimezone():%b %-d, %Y}"

    def _page(self, template: str, **shown: Any) -> str:
        return self._templates.get_template(template).render(shown)

    def style(self) -> str:
        """Render the style sheet in the brand's colors, with readable colors for good and bad."""
        brand = self._compile_cache.project().settings.brand
        modes = [
            palette
            | {
                name: colors.readable(signal, palette["surface"])
                for name, signal in _SIGNALS.items()
            }
            for palette in (palettes.light(brand.colors), palettes.dark(brand.colors))
        ]
        template = self._templates.get_template("preview.css")
        return template.render(
            light=modes[0], dark=modes[1], fonts=brand.fonts, charts=charts.STYLE
        )

    # ---------------------------------------------------------------- all campaigns

    def overview(self) -> str:
        return self._page("overview.html", petitions=self._compile_cache.petitions())

    def rows(self) -> dict[str, Any]:
        began = time.perf_counter()
        with self._stores.borrow() as store:
            rows = self._overview.rows(store)
        took = (time.perf_counter() - began) * 1000
        again = _SOON if any(row.is_running for row in rows) else _LATER
        html = self._page("rows.html", rows=rows)
        return {"rows": html, "again": max(again, int(took * _BUSY))}

    # ---------------------------------------------------------------- one campaign

    def campaign(self, name: str) -> str:
        return self._page("campaign.html", name=name, brands=self._brands())

    def _brands(self) -> dict[str, str]:
        """The brands to choose among; none while mailer.toml is broken, which the page explains."""
        try:
            return self._compile_cache.brands()
        except MailerError:
            return {}

    def result(self, name: str, recipient: str, brand: str = "") -> PreviewResult:
        with self._stores.borrow() as store:
            return self._compile_cache.show(
                name,
                lambda snapshot: self._sample_recipients.find(store, snapshot, recipient),
                brand,
            )

    def state(self, name: str, recipient: str, view: str, brand: str = "") -> dict[str, str]:
        """Render the frame of the mail, and the mail itself as text, source or headers."""
        result = self.result(name, recipient, brand)
        excerpt = []
        place = result.problem.place if result.problem else None
        if place and place.line:
            excerpt = self._compile_cache.excerpt(place.path, place.line)
        return {
            "subject": result.merged.subject if result.merged else "",
            "envelope": self._envelope(name, result),
            "problem": self._page("problem.html", result=result, excerpt=excerpt),
            "as_text": self._as_text(result, view),
        }

    def _envelope(self, name: str, result: PreviewResult) -> str:
        if not result.merged or not result.compiled:
            return ""
        snapshot = result.compiled.snapshot
        variant = self._check_runner.variant(name, result.merged.variant.guards)
        return self._page(
            "envelope.html",
            result=result,
            sender=snapshot.sender_of(result.merged.variant.arm),
            brand=snapshot.content.brand.name if self._brands() else "",
            variant=variant,
            size=len(result.merged.html.encode()),
            inbox=inbox_lines(result.merged.subject, result.merged.html),
        )

    def _as_text(self, result: PreviewResult, view: str) -> str:
        if not result.merged or not result.compiled:
            return ""
        if view == "text":
            return result.merged.text
        if view == "source":
            return result.merged.html
        if view == "headers":
            snapshot = result.compiled.snapshot
            envelope = message.Envelope.of(
                snapshot.content, list_name=snapshot.shown_lists, senders=snapshot.senders
            )
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
        groups = finding_groups.group(outcome.findings if outcome else (), self._line)
        html = self._page("side.html", findings=preview_findings, groups=groups, snapshot=snapshot)
        return {"side": html, "again": _SOON if preview_findings.running else 0}

    def _line(self, place: Place) -> str:
        lines = self._compile_cache.excerpt(place.path, place.line or 0, 0)
        return lines[0][1] if lines else ""

    def people(self, name: str, query: str) -> str:
        """Render the people of the campaign's list who match a search."""
        try:
            lists = self._compile_cache.snapshot(name).lists
        except MailerError:
            return self._page("people.html", people=[], more=False, lists="")
        with self._stores.borrow() as store:
            matching = [store.preview.search(name, query, _MOST_PEOPLE + 1) for name in lists]
        people = list({person.id: person for page in matching for person in page}.values())
        more = len(people) > _MOST_PEOPLE
        return self._page(
            "people.html", people=people[:_MOST_PEOPLE], more=more, lists=", ".join(lists)
        )

    # ---------------------------------------------------------------- sends

    def sends(self, name: str) -> dict[str, Any]:
        began = time.perf_counter()
        with self._stores.borrow() as store:
            states = [self._overview.status(store, send) for send in store.sends.all(name)]
            pulses = {state.send.id: self._pulse(store, state) for state in states}
        took = (time.perf_counter() - began) * 1000
        again = _SOON * 2 if any(state.is_moving for state in states) else _LATER
        try:
            digest = self._compile_cache.snapshot(name).digest
        except MailerError:
            digest = ""
        html = self._page("sends.html", states=states, pulses=pulses, digest=digest)
        return {"sends": html, "again": max(again, int(took * _IDLE))}

    def _pulse(self, store: Store, state: SendStatus) -> str:
        """Return the chart of a send, drawn again only when its counts changed."""
        send, counts = state.send, state.counts
        last_counts, chart = self._pulses.get(send.id, (None, ""))
        if last_counts != counts:
            minutes = [
                (m.at.astimezone(), m.accepted) for m in store.preview.accepted_by_minute(send.id)
            ]
            chart = charts.over_time(minutes, what="messages")
            self._pulses[send.id] = counts, chart
        return chart
