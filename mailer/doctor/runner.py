"""Gathers all the facts at once, and puts the findings into one order."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from mailer.doctor.facts import ErrorKind, Identity, Refused, Ses
from mailer.doctor.finding import Diagnosis, Level
from mailer.doctor.judgements import dns, project, ses, site
from mailer.http_probe import NoAnswer
from mailer.links import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.config import Project, Settings
    from mailer.doctor.facts import Question, Records
    from mailer.doctor.judgements.dns import Answers
    from mailer.http_probe import Response
    from mailer.store.health import Health

T = TypeVar("T")
_SECONDS = 12.0
"""Two tries at SES with the time limits of `transports.ses.inspection` fit in."""
_LATE = f"no answer within {_SECONDS:g} seconds"


@dataclass(frozen=True, slots=True)
class Probes:
    """How facts are found out."""

    health: Callable[[], Health]
    click_once: Callable[[str], Response | NoAnswer]
    inspect: Callable[[Settings], Ses]
    lookup: Callable[[str, str], Records | NoAnswer]
    environment_key: str | None
    """MAILER_SECRET_KEYS."""


def diagnose(found: Project, use: Probes) -> list[Diagnosis]:
    """Every finding, by area. Takes seconds, however silent the network is."""
    key = project.read_key(found, use.environment_key)
    keys = key if isinstance(key, Keys) else None
    patience = _Patience()
    page = patience.begin(lambda: use.click_once(_nobody(found.settings, keys)))
    amazon = _Amazon(found.settings, use, patience) if _uses_ses(found) else None
    health = use.health()
    local = [
        project.settings(),
        *project.example_values(found.settings),
        project.key(found, use.environment_key, key, health.sends),
        project.privacy(found),
        project.store(found, health),
        *project.worker(health),
        project.disk(found),
        *_files(found, health.fields),
    ]
    answer = patience.end(page, NoAnswer(_LATE))
    pages = site.judge(found.settings.site.base_url, answer, signed=keys is not None)
    return [*local, *pages, *(amazon.findings() if amazon else [ses.not_used(), dns.not_used()])]


def _uses_ses(found: Project) -> bool:
    return found.settings.send.transport == "ses"


def _nobody(settings: Settings, keys: Keys | None) -> str:
    """The unsubscribe link of nobody, in no send: ids begin at 1."""
    token = keys.token("unsubscribe", 0, 0) if keys else "0-0"
    return f"{settings.site.base_url}/u/{token}"


def _files(found: Project, fields: frozenset[str]) -> list[Diagnosis]:
    lookups = project.lookups(found)
    if any(finding.level is Level.ERROR for finding in lookups):
        late = project.AREA.skipped("layouts", "not compiled before the look-ups can be read")
        return [*lookups, late]
    return [*lookups, *project.templates(found), *project.layouts(found, fields)]


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


class _Amazon:
    """Asks SES, and name servers for what can be asked before SES has answered."""

    def __init__(self, settings: Settings, use: Probes, patience: _Patience) -> None:
        self._settings = settings
        self._domain = settings.sender.email.rpartition("@")[2]
        self._use = use
        self._patience = patience
        self._account = patience.begin(lambda: use.inspect(settings))
        self._policies = patience.begin(lambda: self._ask(dns.policies(self._domain)))

    def findings(self) -> list[Diagnosis]:
        late = Ses(self._settings.ses.region, Refused(ErrorKind.UNREACHABLE, _LATE))
        facts = self._patience.end(self._account, late)
        identity = facts.identity if isinstance(facts.identity, Identity) else None
        silence: Answers = dict.fromkeys(dns.policies(self._domain), NoAnswer(_LATE))
        policies = self._patience.end(self._policies, silence)
        records = self._ask(dns.records(identity) if identity else [])
        told = dns.judge(self._domain, identity, facts.region, {**policies, **records})
        return [*ses.judge(facts, self._settings), *told]

    def _ask(self, questions: Sequence[Question]) -> Answers:
        with ThreadPoolExecutor(max_workers=8) as pool:
            answers = pool.map(lambda question: self._use.lookup(*question), questions)
            return dict(zip(questions, answers, strict=True))
