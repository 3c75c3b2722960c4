"""DMARC (RFC 9989) and BIMI of the domain that mail is from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailer.doctor.judgements.answers import AREA, Answers, silent
from mailer.hosts import with_parents
from mailer.http_probe import NoAnswer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.doctor.facts import Identity, Question
    from mailer.doctor.finding import Diagnosis

_POLICIES = ("none", "quarantine", "reject")
"""Policies from the mildest to the strictest."""
_DEEPEST = 7
"""Labels from which the walk goes up one by one (RFC 9989, 4.10)."""
_RECORD = re.compile(r"v\s*=\s*DMARC1\s*(?:;|$)")
_EXISTS = ("A", "AAAA", "MX")
"""A domain with none of these does not exist, as far as DMARC goes (3.2.13)."""


@dataclass(frozen=True, slots=True)
class _Policy:
    name: str
    """Where the record stands, behind _dmarc."""
    record: str
    tags: Mapping[str, str]

    @property
    def is_suffix(self) -> bool:
        """It is of a public suffix, such as one of a country."""
        return self.tags.get("psd") == "y"


def questions(domain: str) -> list[Question]:
    """All that `judge` needs."""
    return [
        *((f"_dmarc.{name}", "TXT") for name in _walk(domain)),
        *((domain, kind) for kind in _EXISTS),
        *_bimi_questions(domain),
    ]


def _walk(domain: str) -> list[str]:
    """The domain, and those above it that are asked: at most eight in all."""
    domain = domain.lower()
    names = [*with_parents(domain), domain.rpartition(".")[2]]
    return [names[0], *names[1:][-_DEEPEST:]]


def judge(domain: str, identity: Identity | None, answers: Answers) -> list[Diagnosis]:
    """Whether mail passes DMARC, and the policy for mail that does not.

    Args:
        domain: of the From address.
        identity: that SES sends as; None when SES did not answer.
        answers: to `questions`.
    """
    records = _records(domain, answers)
    if not isinstance(records, list):
        return [records]
    policy = _choose(domain.lower(), records)
    if policy is None:
        return [
            AREA.error(
                "DMARC",
                f"{domain} has no DMARC record: Gmail and Yahoo refuse bulk mail without one",
                f'Publish: _dmarc.{domain} TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"',
            )
        ]
    return _judge(policy, domain.lower(), identity, answers)


def _records(domain: str, answers: Answers) -> list[_Policy] | Diagnosis:
    """The records from the domain upwards, or the diagnosis when none can be selected."""
    policies = []
    for name in _walk(domain):
        question = (f"_dmarc.{name}", "TXT")
        texts = answers[question]
        if isinstance(texts, NoAnswer):
            return silent("DMARC", question, texts)
        records = [text for text in texts if _RECORD.match(text)]
        if len(records) > 1:
            problem = f"_dmarc.{name} has {len(records)} records, so that none counts"
            return AREA.error("DMARC", problem, "Keep one.")
        policies += [_Policy(name, record, _tags(record)) for record in records]
    return policies


def _choose(domain: str, policies: list[_Policy]) -> _Policy | None:
    """The record of the domain itself, else of the organization (RFC 9989, 4.10.1)."""
    chosen = None
    for policy in policies:
        if policy.name == domain:
            return policy
        if policy.tags.get("psd") == "n":
            return policy
        if not (policy.is_suffix and chosen):
            chosen = policy
    return chosen


def _judge(
    policy: _Policy, domain: str, identity: Identity | None, answers: Answers
) -> list[Diagnosis]:
    requested, tag = _effective(policy, domain, answers)
    if isinstance(requested, NoAnswer):
        return [silent("DMARC", (domain, tag), requested)]
    if requested not in _POLICIES:
        problem = f"the record at _dmarc.{policy.name} has no valid policy: {policy.record}"
        todo = "Write p=none, p=quarantine or p=reject right after v=DMARC1."
        return [AREA.error("DMARC", problem, todo)]
    testing = policy.tags.get("t") == "y"
    applied = _POLICIES[max(_POLICIES.index(requested) - testing, 0)]
    policy_text = f"p={requested} at _dmarc.{policy.name}"
    if tag not in policy.tags:
        policy_text += ", which has no p= (RFC 9989)"
    if tag == "np":
        policy_text += f", as {domain} has neither addresses nor MX (np=)"
    if testing:
        policy_text += f"; in test mode (t=y), applied as p={applied}"
    return [_aligned(policy_text, domain, policy.tags, identity), *_bimi(domain, applied, answers)]


def _effective(policy: _Policy, domain: str, answers: Answers) -> tuple[str | NoAnswer, str]:
    """What the record asks for, and the tag that says so; the type of a question without an answer."""
    if policy.name != domain and "np" in policy.tags:
        records = {kind: answers[domain, kind] for kind in _EXISTS}
        for kind, answer in records.items():
            if isinstance(answer, NoAnswer):
                return answer, kind
        if not any(records.values()):
            return policy.tags["np"], "np"
    if policy.name != domain and "sp" in policy.tags:
        return policy.tags["sp"], "sp"
    # without p, a record that is otherwise in order is p=none (RFC 9989, 4.7)
    return policy.tags.get("p", "none"), "p"


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def _aligned(
    policy_text: str, domain: str, tags: Mapping[str, str], identity: Identity | None
) -> Diagnosis:
    """Whether From aligns with the domains that DKIM and SPF authenticate.

    The identity is the domain of From or one above it, and its MAIL FROM domain lies below it: in
    the relaxed mode, which is the default, they always agree.
    """
    if identity is None:
        unknown = f"{policy_text}; whether mail passes is not known"
        return AREA.warning("DMARC", unknown, "Mend what SES reports above.")
    dkim = identity.signs and (tags.get("adkim") != "s" or identity.domain == domain)
    spf = identity.mail_from_status == "SUCCESS" and (
        tags.get("aspf") != "s" or identity.mail_from == domain
    )
    if dkim:
        return AREA.ok(
            "DMARC", f"{policy_text}; From agrees with DKIM{' and MAIL FROM' if spf else ''}"
        )
    strict = (
        f" It asks for adkim=s, but mail is signed as {identity.domain}: verify {domain} itself."
        if identity.signs
        else ""
    )
    if spf:
        return AREA.warning(
            "DMARC",
            f"{policy_text}; From agrees with MAIL FROM only, which forwarded mail loses",
            f"Have mail signed with DKIM as {domain}.{strict}",
        )
    return AREA.error(
        "DMARC",
        f"{policy_text}; mail would fail it: From agrees neither with DKIM nor with MAIL FROM",
        f"Have mail signed with DKIM as {domain}.{strict}",
    )


# ---------------------------------------------------------------- a logo beside the mail


def _bimi_questions(domain: str) -> list[Question]:
    return [(f"default._bimi.{name}", "TXT") for name in with_parents(domain)]


def _bimi(domain: str, policy: str, answers: Answers) -> list[Diagnosis]:
    """Whether inboxes can show a logo: a hint, never a fault (BIMI, RFC draft brand-indicators)."""
    for question in _bimi_questions(domain):
        records = answers[question]
        for text in () if isinstance(records, NoAnswer) else records:
            if text.partition(";")[0].strip().upper() == "V=BIMI1":
                return [_logo(question[0], _tags(text), policy)]
    if policy == "none":
        return []
    todo = (
        "Publish a logo (SVG Tiny PS) and its certificate, a VMC for a trademark or a CMC for a logo "
        f'in use for a year: default._bimi.{domain} TXT "v=BIMI1; l=https://…; a=https://…"'
    )
    return [AREA.ok("BIMI", f"p={policy} is strict enough for inboxes to show your logo", todo)]


def _logo(name: str, tags: Mapping[str, str], policy: str) -> Diagnosis:
    if policy == "none":
        return AREA.warning(
            "BIMI",
            f"{name} names a logo, which nobody shows while DMARC is p=none",
            "When reports show that all your mail passes, write p=quarantine or p=reject.",
        )
    if not tags.get("a"):
        return AREA.ok(
            "BIMI",
            f"{name} names a logo without a certificate: Gmail and Apple Mail do not show it",
            "Get a VMC (for a trademark) or a CMC (for a logo in use for a year), and add a=https://….",
        )
    return AREA.ok("BIMI", f"{name} names a logo and its certificate")
