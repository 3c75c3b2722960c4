"""What `mailer doctor` says of DMARC, alignment and BIMI."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.doctor.judgements import dns
from mailer.http_probe import NoAnswer
from tests.support.dns_records import DMARC, judged
from tests.support.doctor import ERROR, IDENTITY, OK, WARNING, one, troubles


@pytest.mark.parametrize(("records", "says"), [((), "p=reject"), (("192.0.2.1",), "p=quarantine")])
def test_a_subdomain_that_does_not_exist_has_a_policy_of_its_own(records, says):
    changed = {
        DMARC: ("v=DMARC1; p=none; sp=quarantine; np=reject",),
        ("mail.example.org", "A"): records,
    }
    found = one(judged(changed=changed), "DMARC").found
    assert found.startswith(says)
    assert ("neither addresses nor MX" in found) is not records


def test_whether_a_subdomain_exists_has_to_be_known_where_it_matters():
    silence = {("mail.example.org", "MX"): NoAnswer("silence")}
    assert not troubles(judged(changed=silence))
    asked = {**silence, DMARC: ("v=DMARC1; p=none; np=reject",)}
    assert one(judged(changed=asked), "DMARC").found == "mail.example.org (MX): silence"


def deep(records, domain="a.b.c.d.e.f.g.h.example.org"):
    answers = dict.fromkeys(dns.policies(domain), ())
    names = [name for name, kind in answers if name.startswith("_dmarc")]
    answers |= {(f"_dmarc.{name}", "TXT"): (record,) for name, record in records.items()}
    return names, one(dns.judge(domain, None, "us-east-1", answers), "DMARC").found


def test_the_way_up_skips_to_seven_labels_and_ends_at_the_top():
    names, _ = deep({})
    assert names == [
        "_dmarc.a.b.c.d.e.f.g.h.example.org",
        "_dmarc.d.e.f.g.h.example.org",
        "_dmarc.e.f.g.h.example.org",
        "_dmarc.f.g.h.example.org",
        "_dmarc.g.h.example.org",
        "_dmarc.h.example.org",
        "_dmarc.example.org",
        "_dmarc.org",
    ]


@pytest.mark.parametrize(
    ("records", "counts"),
    [
        (
            {"h.example.org": "v=DMARC1; p=reject", "example.org": "v=DMARC1; p=none"},
            "_dmarc.example.org",
        ),
        (
            {"h.example.org": "v=DMARC1; p=reject; psd=n", "example.org": "v=DMARC1; p=none"},
            "_dmarc.h.example.org",
        ),
        (
            {"example.org": "v=DMARC1; p=reject", "org": "v=DMARC1; p=none; psd=y"},
            "_dmarc.example.org",
        ),
        ({"org": "v=DMARC1; p=none; psd=y"}, "_dmarc.org"),
    ],
)
def test_the_record_of_the_organization_counts(records, counts):
    assert f"at {counts};" in deep(records)[1]


@pytest.mark.parametrize(
    ("policy", "bimi", "level", "says"),
    [
        ("v=DMARC1; p=reject", (), OK, "strict enough"),
        (
            "v=DMARC1; p=quarantine",
            ("v=BIMI1; l=https://example.org/l.svg; a=https://example.org/c.pem",),
            OK,
            "its certificate",
        ),
        (
            "v=DMARC1; p=quarantine",
            ("v=BIMI1; l=https://example.org/l.svg;",),
            OK,
            "without a certificate",
        ),
        ("v=DMARC1; p=none", ("v=BIMI1; l=https://example.org/l.svg;",), WARNING, "p=none"),
        (
            "v=DMARC1; p=quarantine; t=y",
            ("v=BIMI1; l=https://example.org/l.svg;",),
            WARNING,
            "p=none",
        ),
    ],
)
def test_a_logo_needs_a_strict_policy_and_a_certificate(policy, bimi, level, says):
    changed = {DMARC: (policy,), ("default._bimi.example.org", "TXT"): bimi}
    found = one(judged(changed=changed), "BIMI")
    assert found.level is level
    assert says in found.found


def test_a_silent_name_server_is_no_fault_of_a_logo():
    changed = {("default._bimi.mail.example.org", "TXT"): NoAnswer("silence")}
    assert not troubles(judged(changed=changed))


def test_nearest_dmarc_record_counts():
    own = {("_dmarc.mail.example.org", "TXT"): ("v=DMARC1; p=reject; sp=none",)}
    assert one(judged(changed=own), "DMARC").found.startswith("p=reject at _dmarc.mail.example.org")


def test_strict_alignment_is_met_by_the_domain_itself():
    identity = replace(IDENTITY, name="example.org")
    strict = {DMARC: ("v=DMARC1; p=none; adkim=s",)}
    assert one(judged(identity, "example.org", changed=strict), "DMARC").level is OK
    found = one(judged(changed=strict), "DMARC")
    assert "verify mail.example.org itself" in found.todo


@pytest.mark.parametrize(
    ("identity", "level", "says"),
    [
        (replace(IDENTITY, mail_from="", mail_from_status=""), OK, "agrees with DKIM"),
        (replace(IDENTITY, dkim_status="FAILED"), WARNING, "MAIL FROM only"),
        (replace(IDENTITY, dkim_signing=False, mail_from_status="PENDING"), ERROR, "would fail"),
        (None, WARNING, "whether mail passes is not known"),
    ],
)
def test_dmarc_needs_something_that_agrees_with_from(identity, level, says):
    found = one(judged(identity), "DMARC")
    assert found.level is level
    assert says in found.found
