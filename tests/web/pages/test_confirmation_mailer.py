"""Confirmations through Amazon SES."""

from __future__ import annotations

import email
import email.policy

import pytest

from tests.web.conftest import Site
from tools.fake_ses import FakeSes

FORM = {"email": "ana@example.com", "first_name": "Ana", "zip": "97212", "list-members": "yes"}


@pytest.fixture(params=["raw", "bulk"])
def site(request, root, monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    with (root / "mailer.toml").open("a", encoding="utf-8") as settings:
        settings.write(
            f'[send]\ntransport = "ses"\n[ses]\nregion = "us-east-1"\nmethod = "{request.param}"\n'
        )
    with FakeSes(rate=200, quota=-1) as ses:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.endpoint)
        found = Site(root)
        found.ses = ses
        with found.client:
            yield found
        found.store.close()


def test_a_confirmation_goes_through_ses_as_no_list_mail(site):
    assert site.post("/join", FORM).status_code == 200
    site.mails()  # waits for the postman
    (message,) = site.ses.accepted
    assert message.to == ("ana@example.com",)
    mail = email.message_from_bytes(message.mime, policy=email.policy.default)
    assert mail["Auto-Submitted"] == "auto-generated"
    assert not [name for name in mail if name.startswith("List-")]
    assert "https://mail.example.org/j/" in mail.get_body(("plain",)).get_content()
    assert site.rows("SELECT mail FROM requests") == [("sent",)]


def test_a_confirmation_whose_answer_was_lost_is_not_sent_again(site):
    site.ses.inject("drop", times=1)
    site.post("/join", FORM)
    site.mails()
    assert site.rows("SELECT mail FROM requests") == [("uncertain",)]
    assert len(site.ses.accepted) == 1
