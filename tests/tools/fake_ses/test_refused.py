"""Requests that the fake SES refuses, with the errors of SES."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ses_requests import RAW, TO, bulk, entry, error, mail, results, templated
from tools.fake_ses import errors as fake_errors
from tools.fake_ses.template import parse

pytestmark = pytest.mark.slow


LONG = b"x" * 999
HEADERS = [{"Name": f"X-{n}", "Value": "v"} for n in range(16)]


def with_header(name: str, value: str) -> dict[str, Any]:
    return {"ReplacementHeaders": [{"Name": name, "Value": value}]}


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (mail(data=RAW + LONG + b"\r\n"), "a line is longer than 1000"),
        (mail(data=b"A" * (30 * 1024 * 1024 + 1)), "Message length is more than 41943040"),
        (mail(data=b"Subject: no sender\r\n\r\n"), "must have From"),
        (mail(data=b"From: news@example.org\r\n"), "end with a blank line"),
        (mail(data=b"Subject: again\r\n" + RAW), "Duplicate header 'subject'"),
        (mail("añá@example.com"), "non-ASCII"),
        (mail("ana@exämple.com"), "Domain contains illegal character"),
        (mail("ana"), "Missing final '@domain'"),
        (mail("ana maria@example.com"), "Local address contains control or whitespace"),
        (mail(Destination={"ToAddresses": [f"a{n}@example.com" for n in range(51)]}), "exceeds 50"),
        (mail(Destination={"ToAddresses": []}), "At least one recipient"),
        (mail(EmailTags=[{"Name": "who", "Value": "ana@example.com"}]), "Invalid tag value <ana@"),
        (mail(EmailTags=[{"Name": "a b", "Value": "c"}]), "Invalid tag name <a b>"),
        (mail(EmailTags=[{"Name": "a", "Value": "v" * 257}]), "longer than 256"),
        (mail(FromEmailAddress="Añá <news@example.org>"), "RFC 2047"),
        (mail(Content={}), "Exactly one of"),
        (mail(ListManagementOptions={"ContactListName": "x"}), "no contact lists"),
    ],
)
def test_send_email_refuses(ses, client, request_, said):
    code, status, message = error(lambda: client.send_email(**request_))
    assert (code, status) == ("BadRequestException", 400)
    assert said in message
    assert ses.accepted == []
    assert (ses.requests[-1].status, ses.requests[-1].code) == (400, "BadRequestException")


def test_the_limits_themselves_are_allowed(ses, client):
    line = b"x" * 998 + b"\r\n"
    tag = {"Name": "n" * 256, "Value": "v" * 256}
    feedback = {"Name": "ses:feedback-id-a", "Value": "vote"}
    client.send_email(**mail(data=RAW + line, EmailTags=[tag, feedback]))
    headers = [{"Name": "X" * 126, "Value": "v" * 870}, *HEADERS[:14]]
    entries = [entry(ReplacementHeaders=headers) for _ in range(50)]
    style = "<style>@media print{p{color:red}}</style>"
    client.send_bulk_email(**bulk(*entries, template=templated(Html=style)))
    assert len(ses.accepted) == 51


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        (bulk(*[entry()] * 51), "1 to 50"),
        (bulk(entry(ReplacementHeaders=HEADERS)), "Header count exceeds 15"),
        (bulk(entry(**with_header("X" * 127, "v"))), "Header name"),
        (bulk(entry(**with_header("X:Y", "v"))), "Header name"),
        (bulk(entry(**with_header("X", "v" * 996))), "value of header <X>"),
        (bulk(entry(**with_header("X" * 10, "v" * 990))), "longer than 996"),
        (bulk(entry(**with_header("X", "é"))), "value of header <X>"),
        (bulk(entry(**with_header("X", "a\r\nBcc: x@example.net"))), "value of header <X>"),
        (bulk(entry(**with_header("Reply-To", "x@example.net"))), "not allowed as a custom header"),
        (bulk(entry(data=json.dumps({"s0": "x" * 262_144}))), "less than or equal to 262144"),
        (bulk(template=templated(Html="{{#if s0}}x{{/if}}")), "unsupported operations"),
        (bulk(template=templated(Html="{{a.b}}")), "unsupported operations"),
        (bulk(template=templated(Html="{{first_name}}")), "unsupported operations"),
        (bulk(template=templated(Html="{{{s0}}}")), "unsupported operations"),
        (bulk(template=templated(Subject="{{s0")), "unsupported operations"),
        (bulk(template=templated(Html="x" * 1024 * 1024)), "may have 1048576 bytes"),
        (bulk(template={"TemplateContent": {"Subject": "x"}}), "text or an HTML part"),
        (bulk(template={"TemplateData": "{}"}), "is required"),
        (bulk(DefaultEmailTags=[{"Name": "a@b", "Value": "c"}]), "Invalid tag name"),
    ],
)
def test_send_bulk_email_refuses_the_call(ses, client, request_, said):
    code, status, message = error(lambda: client.send_bulk_email(**request_))
    assert (code, status) == ("BadRequestException", 400)
    assert said in message
    assert ses.accepted == []


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        (entry(data="not json"), "template data is invalid"),
        (entry(data="[]"), "template data is invalid"),
        ({"Destination": {"ToAddresses": [TO]}}, "template data is invalid"),
        (entry(data={"s0": "a\r\nBcc: x@example.net"}), "control characters"),
        (entry("añá@example.com"), "non-ASCII"),
        (entry(ReplacementTags=[{"Name": "a", "Value": "b c"}]), "Invalid tag value"),
        (entry(ReplacementHeaders=HEADERS[:15]), "Header count exceeds 15"),
    ],
)
def test_a_bad_bulk_entry_fails_alone(ses, client, bad, said):
    template = templated() | {"Headers": [{"Name": "X-Z", "Value": "v"}]}
    answer = client.send_bulk_email(**bulk(entry(), bad, entry(), template=template))
    assert results(answer) == ["SUCCESS", "INVALID_PARAMETER", "SUCCESS"]
    assert said in answer["BulkEmailEntryResults"][1]["Error"]
    assert len(ses.accepted) == 2


def test_an_unknown_configuration_set_or_template_is_not_found(client):
    unknown = mail(ConfigurationSetName="other")
    assert error(lambda: client.send_email(**unknown))[:2] == ("NotFoundException", 404)
    unknown = bulk(template={"TemplateName": "other", "TemplateData": "{}"})
    assert error(lambda: client.send_bulk_email(**unknown))[:2] == ("NotFoundException", 404)


def test_only_verified_identities_may_send(client):
    other = RAW.replace(b"news@example.org", b"news@example.net")
    code, _, message = error(lambda: client.send_email(**mail(data=other)))
    assert code == "MessageRejected"
    assert message == (
        "Email address is not verified. The following identities failed the check in region "
        "US-EAST-1: news@example.net"
    )
    request = bulk(FromEmailAddress="news@example.net")
    assert error(lambda: client.send_bulk_email(**request))[0] == "MessageRejected"
    subdomain = RAW.replace(b"news@example.org", b"news@mail.example.org")
    client.send_email(**mail(data=subdomain))


@given(st.text("ab{} s0_#./", max_size=30))
def test_template_syntax_is_accepted_or_refused_never_lost(source):
    try:
        template = parse(source)
    except fake_errors.ApiError:
        assert "{{" in source
    else:
        names = "".join(template.names)
        assert names.isalnum() or not names
        text = "".join(template.pieces).replace(" ", "")
        assert text == source.replace("{{", "").replace(" ", "") or "{{" in source
