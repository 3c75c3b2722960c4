"""What `mailer doctor` says of DNS records."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.http_probe import NoAnswer
from tests.support.dns_records import DKIM, DMARC, MX, RECORDS, SPF, judged
from tests.support.doctor import ERROR, IDENTITY, OK, WARNING, one, troubles, unexplained


def test_sound_records():
    assert {finding.name: finding.found for finding in judged()} == {
        "SPF": "bounce.example.org allows Amazon",
        "MAIL FROM MX": "feedback-smtp.us-east-1.amazonses.com",
        "DKIM": "all 3 records of example.org are there",
        "DMARC": "p=none at _dmarc.example.org; From agrees with DKIM and MAIL FROM",
    }
    assert not troubles(judged())


@pytest.mark.parametrize(
    ("question", "records", "name", "level", "says"),
    [
        (SPF, (), "SPF", ERROR, "has no SPF record"),
        (SPF, ("v=spf1 include:example.net -all",), "SPF", WARNING, "does not name Amazon"),
        (SPF, ("v=spf1 -all include:amazonses.com",), "SPF", ERROR, "does not name Amazon"),
        (SPF, ("v=spf1 -include:amazonses.com +all",), "SPF", ERROR, "does not name Amazon"),
        (SPF, ("v=spf1 redirect=amazonses.com",), "SPF", OK, "allows Amazon"),
        (SPF, ("v=spf1 include:bounce.example.org -all",), "SPF", ERROR, "includes itself"),
        (
            SPF,
            (f"v=spf1 {'a:a.example ' * 9}include:amazonses.com -all",),
            "SPF",
            OK,
            "with 10 of 10",
        ),
        (
            SPF,
            (f"v=spf1 {'a:a.example ' * 10}include:amazonses.com -all",),
            "SPF",
            ERROR,
            "needs 11 look-ups",
        ),
        (SPF, ("v=spf1 mx -all",), "SPF", ERROR, "does not name Amazon"),
        (SPF, ("v=spf1 include:amazonses.com -all", "v=spf1 -all"), "SPF", ERROR, "none counts"),
        (SPF, ("v=spf10 include:amazonses.com",), "SPF", ERROR, "has no SPF record"),
        (MX, (), "MAIL FROM MX", ERROR, "bounces cannot come back"),
        (MX, ("10 mx.example.org",), "MAIL FROM MX", ERROR, "leads to mx.example.org"),
        (MX, (*RECORDS[MX], "20 mx.example.org"), "MAIL FROM MX", ERROR, "mx.example.org"),
        (DKIM, (), "DKIM", ERROR, "1 of 3 records are missing"),
        (DKIM, ("fakeses1.dkim.amazonses.com",), "DKIM", ERROR, "lead elsewhere"),
        (DKIM, ("fakeses2.dkim.af-south-1.amazonses.com",), "DKIM", OK, "all 3"),
        (DMARC, (), "DMARC", ERROR, "has no DMARC record"),
        (DMARC, ("v=spf1 -all",), "DMARC", ERROR, "has no DMARC record"),
        (
            DMARC,
            ("v=DMARC1; rua=mailto:a@example.org",),
            "DMARC",
            OK,
            "p=none at _dmarc.example.org, which has no p=",
        ),
        (DMARC, ("v = DMARC1 ; p = reject",), "DMARC", OK, "p=reject"),
        (
            DMARC,
            ("v=DMARC1; p=reject; t=y",),
            "DMARC",
            OK,
            "in test mode (t=y), applied as p=quarantine",
        ),
        (DMARC, ("v=DMARC1; p=none; t=y",), "DMARC", OK, "applied as p=none"),
        (DMARC, ("v=DMARC1; p=none; np=reject",), "DMARC", OK, "p=none"),
        (DMARC, ("v=DMARC1; p=none; sp=quarantine; np=reject",), "DMARC", OK, "p=quarantine"),
        (DMARC, ("v=DMARC1; p=none; sp=often",), "DMARC", ERROR, "no valid policy"),
        (DMARC, ("v=DMARC1; p=maybe",), "DMARC", ERROR, "no valid policy"),
        (DMARC, ("v=DMARC1; p=none", "v=DMARC1; p=reject"), "DMARC", ERROR, "none counts"),
        (DMARC, ("v=DMARC1;p=none;sp=reject",), "DMARC", OK, "p=reject"),
        (DMARC, ("v=DMARC1; p=none; aspf=s",), "DMARC", OK, "agrees with DKIM"),
        (DMARC, ("v=DMARC1; p=none; adkim=s",), "DMARC", WARNING, "MAIL FROM only"),
        (DMARC, ("v=DMARC1; p=none; adkim=s; aspf=s",), "DMARC", ERROR, "would fail"),
    ],
)
def test_records(question, records, name, level, says):
    findings = judged(changed={question: records})
    found = one(findings, name)
    assert found.level is level
    assert says in found.found
    assert set(troubles(findings)) <= {name}


@pytest.mark.parametrize("question", RECORDS)
def test_silent_name_server_is_an_error_that_names_the_record(question):
    findings = judged(changed={question: NoAnswer("no name server answered within 5 seconds")})
    (found,) = [finding for finding in findings if finding.level is not OK]
    assert found.level is ERROR
    assert found.found == f"{question[0]} ({question[1]}): no name server answered within 5 seconds"


def test_missing_dkim_record_is_shown_ready_to_copy():
    found = one(judged(changed={DKIM: ()}), "DKIM")
    assert "\nfakeses2._domainkey.example.org CNAME fakeses2.dkim.amazonses.com\n" in found.todo
    assert "fakeses1" not in found.todo


def test_key_of_ones_own():
    identity = replace(IDENTITY, own_key=True, dkim_tokens=("ours",))
    asked = ("ours._domainkey.example.org", "TXT")
    assert one(judged(identity, changed={asked: ("v=DKIM1; p=MIIB",)}), "DKIM").level is OK
    missing = one(judged(identity, changed={asked: ()}), "DKIM")
    assert "ours._domainkey.example.org TXT" in missing.todo


@given(st.dictionaries(st.sampled_from(list(RECORDS)), st.lists(st.text(), max_size=3).map(tuple)))
def test_no_record_however_odd_breaks_the_judgement(changed):
    findings = judged(changed=changed)
    assert {finding.name for finding in findings} >= {"SPF", "DKIM", "DMARC"}
    assert unexplained(findings) == []
