"""What `mailer doctor` says of SPF and what it includes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from tests.support.dns_records import SPF, judged
from tests.support.doctor import ERROR, IDENTITY, OK, SKIPPED, one, troubles


def included(own, **others):
    """SPF of the MAIL FROM domain, and of a.example, b.example and so on, that it includes."""
    known = {(f"{name}.example", "TXT"): (record,) for name, record in others.items()}
    return one(judged(changed={SPF: (own,), **known}), "SPF")


def test_what_an_spf_record_includes_is_read_and_counted():
    a, b = "v=spf1 include:b.example ~all", "v=spf1 a mx include:amazonses.com ~all"
    found = included("v=spf1 include:a.example -all", a=a, b=b)
    assert (found.level, found.found) == (
        OK,
        "bounce.example.org allows Amazon, with 5 of 10 look-ups",
    )
    found = included("v=spf1 include:a.example -all", a="v=spf1 ip4:192.0.2.1 -all")
    assert (found.level, found.todo) == (ERROR, "Add include:amazonses.com to it.")
    assert included("v=spf1 redirect=a.example", a="v=spf1 include:amazonses.com -all").level is OK


def test_what_an_spf_record_includes_has_to_be_there():
    found = included("v=spf1 include:a.example include:amazonses.com -all", a="no SPF at all")
    assert found.level is ERROR
    assert "it includes a.example, which has no SPF record" in found.found


def test_includes_without_end_come_to_an_end():
    a, b = "v=spf1 include:b.example -all", "v=spf1 include:a.example -all"
    assert "includes itself" in included("v=spf1 include:a.example -all", a=a, b=b).found
    names = [f"n{number}" for number in range(40)]
    chain = {name: f"v=spf1 include:{after}.example -all" for name, after in pairwise(names)}
    assert "receivers stop at 10" in included("v=spf1 include:n0.example -all", **chain).found


def test_without_a_mail_from_domain_spf_is_amazons():
    findings = judged(replace(IDENTITY, mail_from="", mail_from_status=""))
    assert troubles(findings) == {"SPF": SKIPPED}
