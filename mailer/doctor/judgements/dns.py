"""SPF (RFC 7208), DKIM (RFC 6376), DMARC (RFC 7489) of the sending domain, as receivers see them."""

from __future__ import annotations

from collections.abc import Mapping

from mailer.doctor.facts import Identity, Question, Records
from mailer.doctor.finding import PAGE, Diagnosis, Topic
from mailer.hosts import with_parents
from mailer.http_probe import NoAnswer

AREA = Topic("DNS")
Answers = Mapping[Question, Records | NoAnswer]
_SPF = "v=spf1 include:amazonses.com ~all"
_TYPED_TWICE = "Many providers add your domain to the name themselves: then leave it out."


def policies(domain: str) -> list[Question]:
    """Where the DMARC record of a From address's domain may be: `judge` needs all of them."""
    return [(f"_dmarc.{name}", "TXT") for name in with_parents(domain)]


def records(identity: Identity) -> list[Question]:
    """What else `judge` needs, once SES has told of the identity."""
    if not identity.mail_from:
        return _keys(identity)
    return [*_keys(identity), (identity.mail_from, "TXT"), (identity.mail_from, "MX")]


def judge(domain: str, identity: Identity | None, region: str, answers: Answers) -> list[Diagnosis]:
    if identity is None:
        unknown = "SES has not told which records there should be"
        return [
            AREA.skipped("SPF", unknown),
            AREA.skipped("DKIM", unknown),
            _dmarc(domain, None, answers),
        ]
    return [
        *_mail_from(identity, region, answers),
        _dkim(identity, answers),
        _dmarc(domain, identity, answers),
    ]


def not_used() -> Diagnosis:
    return AREA.skipped("SPF, DKIM, DMARC", "not used: no mail leaves this machine")


def _silent(name: str, question: Question, answer: NoAnswer) -> Diagnosis:
    return AREA.error(
        name,
        f"{question[0]} ({question[1]}): {answer.reason}",
        "Check this machine's network, then run mailer doctor again.",
    )


# ---------------------------------------------------------------- SPF and where bounces go


def _mail_from(identity: Identity, region: str, answers: Answers) -> list[Diagnosis]:
    if not identity.mail_from:
        return [AREA.skipped("SPF", "is Amazon's own, as there is no MAIL FROM domain")]
    return [_spf(identity.mail_from, answers), _mx(identity.mail_from, region, answers)]


def _spf(domain: str, answers: Answers) -> Diagnosis:
    found = answers[domain, "TXT"]
    if isinstance(found, NoAnswer):
        return _silent("SPF", (domain, "TXT"), found)
    records = [text for text in found if text.lower().split(" ")[0] == "v=spf1"]
    if not records:
        return AREA.error("SPF", f"{domain} has no SPF record", f'Publish: {domain} TXT "{_SPF}"')
    if len(records) > 1:
        return AREA.error(
            "SPF",
            f"{domain} has {len(records)} SPF records, so that none counts",
            "Make them one record.",
        )
    terms = [term.lstrip("+?~-") for term in records[0].lower().split()]
    if "include:amazonses.com" in terms:
        return AREA.ok("SPF", f"{domain} allows Amazon")
    found_text = f"{domain} does not name Amazon: {records[0]}"
    todo = "Add include:amazonses.com to it."
    if any(term.startswith(("include:", "redirect=")) for term in terms):
        return AREA.warning("SPF", found_text, f"If what it includes does not allow it: {todo}")
    return AREA.error("SPF", found_text, todo)


def _mx(domain: str, region: str, answers: Answers) -> Diagnosis:
    found = answers[domain, "MX"]
    if isinstance(found, NoAnswer):
        return _silent("MAIL FROM MX", (domain, "MX"), found)
    host = f"feedback-smtp.{region}.amazonses.com"
    todo = f"Publish exactly one: {domain} MX 10 {host}"
    if not found:
        return AREA.error("MAIL FROM MX", f"{domain} has none: bounces cannot come back", todo)
    hosts = [record.rpartition(" ")[2] for record in found]
    if hosts != [host]:
        return AREA.error("MAIL FROM MX", f"{domain} leads to {', '.join(hosts)}", todo)
    return AREA.ok("MAIL FROM MX", host)


# ---------------------------------------------------------------- DKIM


def _keys(identity: Identity) -> list[Question]:
    kind = "TXT" if identity.own_key else "CNAME"
    return [(f"{token}._domainkey.{identity.domain}", kind) for token in identity.dkim_tokens]


def _dkim(identity: Identity, answers: Answers) -> Diagnosis:
    asked = _keys(identity)
    if not asked:
        return AREA.error(
            "DKIM", f"SES has no keys for {identity.name}", f"See {PAGE}, Your domain."
        )
    wrong = []
    for name, kind in asked:
        found = answers[name, kind]
        if isinstance(found, NoAnswer):
            return _silent("DKIM", (name, kind), found)
        if not _is_key(name, found):
            wrong.append(name)
    if not wrong:
        return AREA.ok("DKIM", f"all {len(asked)} records of {identity.domain} are there")
    return AREA.error(
        "DKIM",
        f"{len(wrong)} of {len(asked)} records are missing or lead elsewhere",
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


# ---------------------------------------------------------------- DMARC


def _dmarc(domain: str, identity: Identity | None, answers: Answers) -> Diagnosis:
    for name, question in zip(with_parents(domain), policies(domain), strict=True):
        found = answers[question]
        if isinstance(found, NoAnswer):
            return _silent("DMARC", question, found)
        records = [text for text in found if text.partition(";")[0].strip() == "v=DMARC1"]
        if len(records) > 1:
            return AREA.error(
                "DMARC",
                f"_dmarc.{name} has {len(records)} records, so that none counts",
                "Keep one.",
            )
        if records:
            return _policy(name, domain, records[0], identity)
    return AREA.error(
        "DMARC",
        f"{domain} has no DMARC record: Gmail and Yahoo refuse bulk mail without one",
        f'Publish: _dmarc.{domain} TXT "v=DMARC1; p=none; rua=mailto:dmarc@{domain}"',
    )


def _policy(name: str, domain: str, record: str, identity: Identity | None) -> Diagnosis:
    tags = _tags(record)
    inherited = name != domain.lower()
    policy = tags.get("sp", tags.get("p", "")) if inherited else tags.get("p", "")
    if policy not in {"none", "quarantine", "reject"}:
        return AREA.error(
            "DMARC",
            f"the record at _dmarc.{name} has no valid policy: {record}",
            "Write p=none, p=quarantine or p=reject right after v=DMARC1.",
        )
    found = f"p={policy} at _dmarc.{name}"
    if identity is None:
        return AREA.warning(
            "DMARC", f"{found}; whether mail passes is not known", "Mend what SES reports above."
        )
    return _alignment(found, domain.lower(), tags, identity)


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip().lower() for name, _, value in pairs}


def _alignment(found: str, domain: str, tags: Mapping[str, str], identity: Identity) -> Diagnosis:
    """Whether From agrees with what DKIM and SPF prove.

    The identity is the domain of From or one above it, and its MAIL FROM domain lies below it: in
    the relaxed mode, which is the default, they always agree.
    """
    dkim = identity.signs and (tags.get("adkim") != "s" or identity.domain == domain)
    spf = identity.mail_from_status == "SUCCESS" and (
        tags.get("aspf") != "s" or identity.mail_from == domain
    )
    if dkim:
        return AREA.ok("DMARC", f"{found}; From agrees with DKIM{' and MAIL FROM' if spf else ''}")
    strict = (
        f" It asks for adkim=s, but mail is signed as {identity.domain}: verify {domain} itself."
        if identity.signs
        else ""
    )
    if spf:
        return AREA.warning(
            "DMARC",
            f"{found}; From agrees with MAIL FROM only, which forwarded mail loses",
            f"Have mail signed with DKIM as {domain}.{strict}",
        )
    return AREA.error(
        "DMARC",
        f"{found}; mail would fail it: From agrees neither with DKIM nor with MAIL FROM",
        f"Have mail signed with DKIM as {domain}.{strict}",
    )
