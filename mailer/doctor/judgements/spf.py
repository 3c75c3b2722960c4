"""SPF (RFC 7208): does the record of the MAIL FROM domain let Amazon send, within its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mailer.doctor.judgements.answers import AREA, Answers, silent
from mailer.http_probe import NoAnswer

if TYPE_CHECKING:
    from mailer.doctor.facts import Question, Records
    from mailer.doctor.finding import Diagnosis

_AMAZON = "amazonses.com"
_WANTED = f"v=spf1 include:{_AMAZON} ~all"
_MOST = 10
"""Look-ups that a receiver makes for one mail; with more, the result is an error (4.6.4)."""
_COSTLY = {"include", "a", "mx", "ptr", "exists"}


@dataclass(slots=True)
class _Walk:
    """A record and all that it includes, read as a receiver does."""

    answers: Answers
    lookups: int = 0
    allows: bool = False
    """Amazon is included, by a term that passes."""
    broken: str = ""
    """Faults that make the result an error by themselves."""
    unanswered: list[Question] = field(default_factory=list)

    def read(self, domain: str, above: tuple[str, ...] = ()) -> None:
        record = self._record(domain)
        redirect = ""
        for term in record.lower().split()[1:]:
            name, target = _split(term.lstrip("+-~?"))
            if name == "all":
                return  # nothing behind it is read, and no redirect
            if name == "redirect":
                redirect = target
            elif name in _COSTLY:
                self.lookups += 1
                if name == "include":
                    self._include(target, (*above, domain), passes=term[0] not in "-~?")
        if redirect:
            self.lookups += 1
            self._include(redirect, (*above, domain), passes=True)

    def _include(self, domain: str, above: tuple[str, ...], *, passes: bool) -> None:
        if domain == _AMAZON:
            self.allows = self.allows or passes
        elif domain in above:
            self.broken = self.broken or f"it includes itself by way of {domain}"
        elif self.lookups <= _MOST:
            self.read(domain, above)

    def _record(self, domain: str) -> str:
        records = self.answers.get((domain, "TXT"))
        if records is None or isinstance(records, NoAnswer):
            self.unanswered.append((domain, "TXT"))
            return ""
        spf_records = _records(records)
        if len(spf_records) != 1:
            count = "no SPF record" if not spf_records else f"{len(spf_records)} SPF records"
            self.broken = self.broken or f"it includes {domain}, which has {count}"
            return ""
        return spf_records[0]


def unanswered(domain: str, answers: Answers) -> list[Question]:
    """Records that are referred to, and were not asked for yet."""
    walk = _Walk(answers)
    walk.read(domain)
    return [question for question in dict.fromkeys(walk.unanswered) if question not in answers]


def judge(domain: str, answers: Answers) -> Diagnosis:
    """Whether the record lets Amazon send, within what receivers look up.

    Args:
        domain: MAIL FROM, whose bounces come back to Amazon.
        answers: its TXT records, and those of the records they include, as far as known.
    """
    records = answers[domain, "TXT"]
    if isinstance(records, NoAnswer):
        return silent("SPF", (domain, "TXT"), records)
    spf_records = _records(records)
    if not spf_records:
        return AREA.error(
            "SPF", f"{domain} has no SPF record", f'Publish: {domain} TXT "{_WANTED}"'
        )
    if len(spf_records) > 1:
        return AREA.error(
            "SPF",
            f"{domain} has {len(spf_records)} SPF records, so that none counts",
            "Make them one record.",
        )
    walk = _Walk(answers)
    walk.read(domain)
    return _judge(domain, spf_records[0], walk)


def _judge(domain: str, record: str, walk: _Walk) -> Diagnosis:
    if walk.lookups > _MOST:
        return AREA.error(
            "SPF",
            f"{domain} needs {walk.lookups} look-ups, and receivers stop at {_MOST}: {record}",
            "Take out what does not send for you. MAIL FROM needs nothing but Amazon: "
            f'{domain} TXT "{_WANTED}"',
        )
    if walk.broken:
        return AREA.error(
            "SPF",
            f"{domain} is not valid, since {walk.broken}",
            "Correct or take out that include.",
        )
    if walk.allows:
        count = f", with {walk.lookups} of {_MOST} look-ups" if walk.lookups > 1 else ""
        return AREA.ok("SPF", f"{domain} allows Amazon{count}")
    unread, todo = walk.unanswered, f"Add include:{_AMAZON} to it."
    if unread:
        problem = f"{domain} does not name Amazon: {record}"
        names = ", ".join(name for name, _ in unread)
        return AREA.warning(
            "SPF", problem, f"{names} could not be read. If it does not allow Amazon: {todo}"
        )
    return AREA.error("SPF", f"{domain} does not name Amazon: {record}", todo)


def _records(records: Records) -> list[str]:
    return [text for text in records if text.lower().split(" ")[0] == "v=spf1"]


def _split(term: str) -> tuple[str, str]:
    """A term's name and its domain: "include:a.example" and "redirect=a.example"."""
    for mark in ":=":
        name, separator, target = term.partition(mark)
        if separator:
            return name, target.rstrip(".").partition("/")[0]
    return term.partition("/")[0], ""
