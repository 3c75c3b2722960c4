"""SPF, DKIM (RFC 6376), DMARC and BIMI of the sending domain, as receivers see them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailer.doctor.finding import PAGE, Diagnosis
from mailer.doctor.judgements import dmarc, spf
from mailer.doctor.judgements.answers import AREA, Answers, silent
from mailer.http_probe import NoAnswer

if TYPE_CHECKING:
    from mailer.doctor.facts import Identity, Question, Records

_TYPED_TWICE = "Many providers add your domain to the name themselves: then leave it out."


def policies(domain: str) -> list[Question]:
    """The DNS questions about a From address's domain that do not depend on SES."""
    return dmarc.questions(domain)


def records(identity: Identity) -> list[Question]:
    """The further DNS questions, once the identity is known."""
    if not identity.mail_from:
        return _keys(identity)
    return [*_keys(identity), (identity.mail_from, "TXT"), (identity.mail_from, "MX")]


def included(identity: Identity, answers: Answers) -> list[Question]:
    """Open questions of an SPF record; () when all are answered."""
    return spf.unanswered(identity.mail_from, answers) if identity.mail_from else []


def judge(domain: str, identity: Identity | None, region: str, answers: Answers) -> list[Diagnosis]:
    """Judge the DNS records.

    Args:
        domain: of the From address.
        identity: that SES sends as; None when SES did not answer.
        region: of SES.
        answers: to `policies`, `records` and, as far as they came in, `included`.
    """
    if identity is None:
        unknown = "SES has not answered which records there should be"
        skipped = [AREA.skipped("SPF", unknown), AREA.skipped("DKIM", unknown)]
        return [*skipped, *dmarc.judge(domain, None, answers)]
    return [
        *_mail_from(identity, region, answers),
        _dkim(identity, answers),
        *dmarc.judge(domain, identity, answers),
    ]


def not_used() -> Diagnosis:
    return AREA.skipped("SPF, DKIM, DMARC", "not used: no mail leaves this machine")


def _mail_from(identity: Identity, region: str, answers: Answers) -> list[Diagnosis]:
    if not identity.mail_from:
        return [AREA.skipped("SPF", "is Amazon's own, as there is no MAIL FROM domain")]
    return [spf.judge(identity.mail_from, answers), _mx(identity.mail_from, region, answers)]


def _mx(domain: str, region: str, answers: Answers) -> Diagnosis:
    records = answers[domain, "MX"]
    if isinstance(records, NoAnswer):
        return silent("MAIL FROM MX", (domain, "MX"), records)
    host = f"feedback-smtp.{region}.amazonses.com"
    todo = f"Publish exactly one: {domain} MX 10 {host}"
    if not records:
        return AREA.error("MAIL FROM MX", f"{domain} has none: bounces cannot come back", todo)
    hosts = [record.rpartition(" ")[2] for record in records]
    if hosts != [host]:
        return AREA.error("MAIL FROM MX", f"{domain} leads to {', '.join(hosts)}", todo)
    return AREA.ok("MAIL FROM MX", host)


# ---------------------------------------------------------------- DKIM


def _keys(identity: Identity) -> list[Question]:
    kind = "TXT" if identity.own_key else "CNAME"
    return [(f"{token}._domainkey.{identity.domain}", kind) for token in identity.dkim_tokens]


def _dkim(identity: Identity, answers: Answers) -> Diagnosis:
    keys = _keys(identity)
    if not keys:
        return AREA.error(
            "DKIM", f"SES has no keys for {identity.name}", f"See {PAGE}, Your domain."
        )
    wrong = []
    for name, kind in keys:
        records = answers[name, kind]
        if isinstance(records, NoAnswer):
            return silent("DKIM", (name, kind), records)
        if not _is_key(name, records):
            wrong.append(name)
    if not wrong:
        return AREA.ok("DKIM", f"all {len(keys)} records of {identity.domain} are there")
    return AREA.error(
        "DKIM",
        f"{len(wrong)} of {len(keys)} records are missing or lead elsewhere",
        "\n".join(["Publish:", *(_key(name, identity) for name in wrong), _TYPED_TWICE]),
    )


def _key(name: str, identity: Identity) -> str:
    if identity.own_key:
        return f'{name} TXT "p=…", with your public key'
    return f"{name} CNAME {name.partition('.')[0]}.{identity.dkim_zone}"


def _is_key(name: str, records: Records) -> bool:
    token = name.partition(".")[0]
    # The zone differs from region to region, the token does not. Some providers follow the CNAME
    # themselves and answer with the key.
    return any(
        "p=" in record or (record.startswith(f"{token}.") and record.endswith(".amazonses.com"))
        for record in records
    )
