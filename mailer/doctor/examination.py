"""Gathers all the facts at once, and puts the findings into one order."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mailer.doctor import dns, project, ses, site
from mailer.doctor.facts import Identity, NoAnswer, Refused, Ses, Trouble
from mailer.doctor.finding import Finding, Level
from mailer.links import Keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from mailer.config import Project, Settings
    from mailer.doctor.facts import Page, Records
    from mailer.store.health import Health

T = TypeVar("T")
_SECONDS = 20.0
"""More than the time limits of all questions to the site or to SES together."""
_LATE = f"no answer within {_SECONDS:g} seconds"


@dataclass(frozen=True, slots=True)
class Instruments:
    """How facts are found out."""

    health: Callable[[], Health]
    click_once: Callable[[str], Page | NoAnswer]
    inspect: Callable[[Settings], Ses]
    lookup: Callable[[str, str], Records | NoAnswer]
    environment_key: str | None
    """MAILER_SECRET_KEYS."""


def examine(found: Project, use: Instruments) -> list[Finding]:
    """Every finding, by area. Takes seconds, however silent the network is."""
    key = project.read_key(found, use.environment_key)
    keys = key if isinstance(key, Keys) else None
    patience = _Patience()
    page = patience.begin(lambda: use.click_once(_nobody(found.settings, keys)))
    account = patience.begin(lambda: use.inspect(found.settings)) if _uses_ses(found) else None
    health = use.health()
    local = [
        project.settings(),
        project.key(found, use.environment_key, key, health.sends),
        project.store(found, health),
        project.disk(found),
        *_files(found, health.fields),
    ]
    answer = patience.end(page, NoAnswer(_LATE))
    pages = site.judge(found.settings.site.base_url, answer, signed=keys is not None)
    if account is None:
        return [*local, *pages, ses.not_used(), dns.not_used()]
    late = Ses(found.settings.ses.region, Refused(Trouble.UNREACHABLE, _LATE))
    return [*local, *pages, *_amazon(found.settings, patience.end(account, late), use.lookup)]


def _uses_ses(found: Project) -> bool:
    return found.settings.send.transport == "ses"


def _nobody(settings: Settings, keys: Keys | None) -> str:
    """The unsubscribe link of a subscriber who does not exist: ids begin at 1."""
    token = keys.token("unsubscribe", 0, 0) if keys else "0-0"
    return f"{settings.site.base_url}/u/{token}"


def _files(found: Project, fields: frozenset[str]) -> list[Finding]:
    lookups = project.lookups(found)
    if any(finding.level is Level.ERROR for finding in lookups):
        late = project.AREA.skipped("layouts", "not compiled before the look-ups can be read")
        return [*lookups, late]
    return [*lookups, *project.layouts(found, fields)]


def _amazon(
    settings: Settings, facts: Ses, lookup: Callable[[str, str], Records | NoAnswer]
) -> list[Finding]:
    identity = facts.identity if isinstance(facts.identity, Identity) else None
    domain = settings.sender.email.rpartition("@")[2]
    asked = dns.questions(domain, identity)
    with ThreadPoolExecutor(max_workers=8) as pool:
        answers = dict(zip(asked, pool.map(lambda one: lookup(*one), asked), strict=True))
    return [*ses.judge(facts, settings), *dns.judge(domain, identity, facts.region, answers)]


class _Patience:
    """Runs work beside everything else, and stops waiting for all of it at one moment.

    On daemon threads: nothing can interrupt the resolving of a host name, which takes half a minute
    where name servers are silent, and an executor would wait for it at the end.
    """

    def __init__(self) -> None:
        self._until = time.monotonic() + _SECONDS

    def begin(self, work: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()

        def run() -> None:
            try:
                future.set_result(work())
            except BaseException as err:  # noqa: BLE001 - raised again in the thread that waits
                future.set_exception(err)

        threading.Thread(target=run, daemon=True).start()
        return future

    def end(self, future: Future[T], late: T) -> T:
        try:
            return future.result(max(0.0, self._until - time.monotonic()))
        except TimeoutError:
            return late
