"""What `mailer doctor` says of the recipients' pages."""

from __future__ import annotations

import pytest

from mailer.doctor.judgements import site
from mailer.http_probe import NoAnswer, Response
from tests.support.doctor import ERROR, SKIPPED, troubles

URL = "https://mail.example.org"


@pytest.mark.parametrize(
    ("url", "answer", "expected", "says"),
    [
        (URL, Response(200), {}, "one click is accepted"),
        (URL, Response(204), {}, "one click is accepted"),
        (URL, Response(302, "https://www.example.org/login"), {"unsubscribing": ERROR}, "(302) to https://www"),
        (URL, Response(401), {"unsubscribing": ERROR}, "password"),
        (URL, Response(403), {"unsubscribing": ERROR}, "firewall"),
        (URL, Response(404), {"unsubscribing": ERROR}, "copy lists/secret.key to it"),
        (URL, Response(405), {"unsubscribing": ERROR}, "POST"),
        (URL, Response(500), {"unsubscribing": ERROR}, "log of mailer serve"),
        (URL, Response(503), {"unsubscribing": ERROR}, "log of mailer serve"),
        (URL, NoAnswer("no such host"), {"base URL": ERROR, "unsubscribing": SKIPPED}, "no such host"),
        ("http://mail.example.org", Response(200), {"base URL": ERROR}, "is not https"),
    ],
)  # fmt: skip
def test_site(url, answer, expected, says):
    findings = site.judge(url, answer, signed=True)
    assert troubles(findings) == expected
    assert says in " ".join(finding.found + finding.todo for finding in findings)


def test_without_a_key_a_refusal_says_nothing():
    assert troubles(site.judge(URL, Response(404), signed=False)) == {"unsubscribing": SKIPPED}
    assert troubles(site.judge(URL, Response(302), signed=False)) == {"unsubscribing": ERROR}
