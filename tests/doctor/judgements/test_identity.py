"""Which identity of SES counts, and whether it signs."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from mailer.doctor.facts import ErrorKind
from mailer.doctor.judgements import ses
from mailer.doctor.probes import ses_account
from mailer.doctor.probes.ses_account import inspect
from tests.support.doctor import ERROR, OK, WARNING, one, settings, troubles


@pytest.mark.parametrize(
    ("identities", "expected"),
    [
        (("example.org",), "example.org"),
        (("example.org", "mail.example.org"), "mail.example.org"),
        (("news@mail.example.org", "mail.example.org"), "news@mail.example.org"),
    ],
)
def test_identity_nearest_to_the_address_counts(amazon, identities, expected):
    amazon.change(identities=identities)
    assert inspect(settings()).identity.name == expected


class Client:
    """SES with identities that differ: name → whether it is verified, or the error it gets."""

    def __init__(self, **identities):
        self.identities = {
            "address": "NotFoundException",
            "domain": "NotFoundException",
            "parent": "NotFoundException",
        } | identities

    def get_email_identity(self, EmailIdentity):  # noqa: N803 - boto3's name
        names = {"news@mail.example.org": "address", "mail.example.org": "domain"}
        state = self.identities[names.get(EmailIdentity, "parent")]
        if isinstance(state, str):
            error = {"Error": {"Code": state, "Message": "no"}}
            raise ClientError(error, "GetEmailIdentity")
        dkim = {"SigningEnabled": True, "Status": "SUCCESS"}
        return {"VerifiedForSendingStatus": state, "DkimAttributes": dkim, "MailFromAttributes": {}}


@pytest.mark.parametrize(
    ("identities", "name"),
    [
        ({"address": False, "domain": True}, "mail.example.org"),
        ({"address": False, "parent": True}, "example.org"),
        ({"address": False, "domain": False}, "news@mail.example.org"),
        ({"address": "AccessDeniedException", "parent": False}, "example.org"),
    ],
)
def test_identity_that_is_verified_counts_before_nearer_ones(identities, name):
    assert ses_account._identity(Client(**identities), "News@mail.example.org").name == name


def test_refusal_to_tell_counts_before_an_identity_that_is_not_there():
    found = ses_account._identity(Client(domain="AccessDeniedException"), "news@mail.example.org")
    assert found.why is ErrorKind.DENIED
    found = ses_account._identity(Client(), "news@mail.example.org")
    assert found.why is ErrorKind.MISSING


def test_address_that_is_verified_without_its_domain_does_not_sign(amazon):
    amazon.change(identities=("news@mail.example.org",), dkim_status="NOT_STARTED")
    found = one(ses.judge(inspect(settings()), settings()), "DKIM")
    assert "Verify the domain, not only the address" in found.todo


def test_identity_of_another_account_is_not_looked_for(amazon):
    theirs = settings(identity_arn="arn:aws:ses:us-east-1:210987654321:identity/example.org")
    assert troubles(ses.judge(inspect(theirs), theirs)) == {"identity": WARNING}
    assert "GetEmailIdentity" not in {call.operation for call in amazon.requests}


@pytest.mark.parametrize(
    ("address", "level"), [("bounces@example.org", OK), ("bounces@example.net", ERROR)]
)
@pytest.mark.usefixtures("amazon")
def test_return_path_must_be_verified_too(address, level):
    given = settings(return_path=address)
    assert one(ses.judge(inspect(given), given), "return path").level is level


def test_return_path_that_nobody_may_look_at(amazon):
    given = settings(return_path="bounces@example.net")
    amazon.change(denied=("GetEmailIdentity",))
    assert "ses:GetEmailIdentity" in one(ses.judge(inspect(given), given), "return path").todo
