"""Collect all facts concurrently, and return the diagnoses in a fixed order."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from mailer.doctor.facts import ErrorKind, Identity, Refused, SesFacts
from mailer.doctor.finding import Diagnosis, Level
from mailer.doctor.judgements import address_keys, dns, server, ses, site
from mailer.doctor.judgements import identity as identity_judgement
from mailer.doctor.judgements import project as project_judgements
from mailer.http_probe import NoAnswer
from mailer.links import Keys

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mailer.config import Project, Settings
    from mailer.doctor.facts import Question, Records
    from mailer.doctor.judgements.answers import Answers
    from mailer.http_probe import Response
    from mailer.store.health import Health

T = TypeVar("T")
_SECONDS = 12.0
"""Two tries at SES with the time limits of `transports.ses.inspection` fit in."""
_LATE = f"no answer within {_SECONDS:g} seconds"


@dataclass(frozen=True, slots=True)
class Probes:
    """The probes that collect facts."""

    health: Callable[[], Health]
    click_once: Callable[[str], Response | NoAnswer]
    inspect: Callable[[Settings], SesFacts]
    lookup: Callable[[str, str], Records | NoAnswer]
    environment_key: str | None
    """MAILER_SECRET_KEYS."""


def diagnose(project: Project, use: Probes) -> list[Diagnosis]:
    """Every finding, by area. Takes seconds, however silent the network is."""
    key = project_judgements.read_key(project, use.environment_key)
    keys = key if isinstance(key, Keys) else None
    patience = _Patience()
    page = patience.begin(lambda: use.click_once(_nobody(project.settings, keys)))
    amazon = _Amazon(project.settings, use, patience) if _uses_ses(project) else None
    others = (
        [_Amazon(settings, use, patience) for settings in _other_senders(project)] if amazon else []
    )
    health = use.health()
    local = [
        project_judgements.settings(),
        *project_judgements.example_values(project.settings),
        project_judgements.unsubscribing_by_mail(project.settings),
        project_judgements.key(project, use.environment_key, key, health.sends),
        *address_keys.judge(project, health),
        project_judgements.privacy(project),
        *_store(project, health, keys),
        *project_judgements.worker(health),
        *project_judgements.petitions(project, health),
        project_judgements.disk(project),
        *_files(project, health.fields),
    ]
    answer = patience.end(page, NoAnswer(_LATE))
    pages = site.judge(project.settings.site.base_url, answer, signed=keys is not None)
    if not amazon:
        return [*local, *pages, ses.not_used(), dns.not_used()]
    senders = [finding for other in others for finding in other.sender_findings()]
    return [*local, *pages, *amazon.findings(), *senders]


def _store(project: Project, health: Health, keys: Keys | None) -> list[Diagnosis]:
    if isinstance(project.store, str):
        return server.judge(health, keys.fingerprints() if keys else [])
    return [project_judgements.store(project, health)]


def _uses_ses(project: Project) -> bool:
    return project.settings.send.transport == "ses"


def _other_senders(project: Project) -> list[Settings]:
    """The settings with each sender of [senders] as the sender, one for each address."""
    usual = project.settings.sender.email
    senders = {
        sender.email: sender
        for sender in project.settings.senders.values()
        if sender.email != usual
    }
    return [project.settings.model_copy(update={"sender": sender}) for sender in senders.values()]


def _nobody(settings: Settings, keys: Keys | None) -> str:
    """An unsubscribe link without recipient and send: ids begin at 1."""
    token = keys.token("unsubscribe", 0, 0) if keys else "0-0"
    return f"{settings.site.base_url}/u/{token}"


def _files(project: Project, fields: frozenset[str]) -> list[Diagnosis]:
    lookups = project_judgements.lookups(project)
    if any(finding.level is Level.ERROR for finding in lookups):
        late = project_judgements.AREA.skipped(
            "layouts", "not compiled before the look-ups can be read"
        )
        return [*lookups, late]
    return [
        *lookups,
        *project_judgements.templates(project),
        *project_judgements.layouts(project, fields),
    ]


class _Patience:
    """Runs probes in threads, with one deadline for all of them.

    On daemon threads: nothing can interrupt the resolving of a host name, which takes half a minute
    where name servers are silent, and an executor would wait for it at the end.
    """

    def __init__(self) -> None:
        self._until = time.monotonic() + _SECONDS

    @property
    def left(self) -> float:
        """Seconds, never less than none."""
        return max(0.0, self._until - time.monotonic())

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
            return future.result(self.left)
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
        """About the account, the sender and its domain."""
        facts, dns_findings = self._facts()
        return [*ses.judge(facts, self._settings), *dns_findings]

    def sender_findings(self) -> list[Diagnosis]:
        """About one more sender: its identity at SES and its domain, each named with its address."""
        facts, dns_findings = self._facts()
        sender = identity_judgement.judge(facts.identity, self._settings, facts.region)
        return [
            replace(finding, name=f"{finding.name} of {self._settings.sender.email}")
            for finding in (*sender, *dns_findings)
        ]

    def _facts(self) -> tuple[SesFacts, list[Diagnosis]]:
        late = SesFacts(self._settings.ses.region, Refused(ErrorKind.UNREACHABLE, _LATE))
        facts = self._patience.end(self._account, late)
        identity = facts.identity if isinstance(facts.identity, Identity) else None
        silence: Answers = dict.fromkeys(dns.policies(self._domain), NoAnswer(_LATE))
        policies = self._patience.end(self._policies, silence)
        answers = {**policies, **(self._records(identity) if identity else {})}
        return facts, dns.judge(self._domain, identity, facts.region, answers)

    def _records(self, identity: Identity) -> Answers:
        """Answers for the identity's records, and for what its SPF record includes, step by step."""
        answers = dict(self._ask(dns.records(identity)))
        while self._patience.left and (questions := dns.included(identity, answers)):
            answers.update(self._ask(questions))
        return answers

    def _ask(self, questions: Sequence[Question]) -> Answers:
        with ThreadPoolExecutor(max_workers=8) as pool:
            answers = pool.map(lambda question: self._use.lookup(*question), questions)
            return dict(zip(questions, answers, strict=True))
