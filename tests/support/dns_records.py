"""Sound DNS records of the sender's domain, and what `mailer doctor` makes of changed ones."""

from __future__ import annotations

from mailer.doctor.judgements import dns
from mailer.http_probe import NoAnswer
from tests.support.doctor import IDENTITY

RECORDS = {
    ("_dmarc.mail.example.org", "TXT"): (),
    ("_dmarc.example.org", "TXT"): ("v=DMARC1; p=none; rua=mailto:dmarc@example.org",),
    **{
        (f"{token}._domainkey.example.org", "CNAME"): (f"{token}.dkim.amazonses.com",)
        for token in IDENTITY.dkim_tokens
    },
    ("bounce.example.org", "TXT"): ("some-verification=1", "v=spf1 include:amazonses.com ~all"),
    ("bounce.example.org", "MX"): ("10 feedback-smtp.us-east-1.amazonses.com",),
}
EXTRA = {
    ("_dmarc.org", "TXT"): (),
    **{
        question: ()
        for domain in ("mail.example.org", "example.org")
        for question in [(f"default._bimi.{domain}", "TXT"), (domain, "AAAA"), (domain, "MX")]
    },
    ("mail.example.org", "A"): ("192.0.2.1",),
    ("example.org", "A"): ("192.0.2.1",),
}
"""Answers to further questions, which seldom matter."""
SPF = ("bounce.example.org", "TXT")
MX = ("bounce.example.org", "MX")
DKIM = ("fakeses2._domainkey.example.org", "CNAME")
DMARC = ("_dmarc.example.org", "TXT")


def judged(identity=IDENTITY, domain="mail.example.org", *, changed=None):
    """Findings for the domain of `identity`, with some records `changed`."""
    known = {**RECORDS, **EXTRA, **(changed or {})}
    asked = {*dns.policies(domain), *(dns.records(identity) if identity else ())}
    assert asked <= set(known)
    answers = {question: known[question] for question in asked}
    while identity and (further := dns.included(identity, answers)):
        answers |= {question: known.get(question, NoAnswer("silence")) for question in further}
    return dns.judge(domain, identity, "us-east-1", answers)
