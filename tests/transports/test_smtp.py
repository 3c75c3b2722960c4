"""Test mail through the office's SMTP server: a real server on loopback, with its own certificate."""

from __future__ import annotations

import email
import email.policy
import socket
from contextlib import contextmanager

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from mailer import config
from mailer.errors import ConfigError
from tools import tls
from tools.projects.project import SETTINGS, make_project

PASSWORD = "correct horse"


class Mailbox:
    """What a server took, and what it refuses."""

    def __init__(self):
        self.envelopes = []
        self.refuse_sender = self.refuse_recipient = self.refuse_data = ""

    async def handle_MAIL(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802 - aiosmtpd's
        if self.refuse_recipient:
            return self.refuse_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, session, envelope):  # noqa: N802 - aiosmtpd's
        if self.refuse_data:
            return self.refuse_data
        self.envelopes.append((envelope, session.ssl is not None, session.authenticated))
        return "250 OK"


def authenticate(server, session, envelope, mechanism, credentials):
    del server, session, envelope, mechanism
    right = isinstance(credentials, LoginPassword) and credentials.password == PASSWORD.encode()
    return AuthResult(success=right, handled=False)


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", people=3)


@pytest.fixture
def mailbox():
    return Mailbox()


@pytest.fixture
def certificate(tmp_path, monkeypatch):
    context, path = tls.server_context(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    return context


@contextmanager
def serving(mailbox, *, starttls=None, implicit=None, **options):
    class Server(Controller):
        def factory(self):
            return SMTP(self.handler, tls_context=starttls, **options)

    controller = Server(mailbox, hostname=tls.HOST, port=free_port(), ssl_context=implicit)
    controller.start()
    try:
        yield f"{tls.HOST}:{controller.port}"
    finally:
        controller.stop()


def free_port():
    with socket.socket() as listener:
        listener.bind((tls.HOST, 0))
        return listener.getsockname()[1]


def configure(root, server, more=""):
    (root / "mailer.toml").write_text(f'{SETTINGS}\n[test]\nsmtp = "{server}"\n{more}')


def test_a_test_mail_goes_over_starttls_with_the_password_of_the_environment(
    mailer, root, mailbox, certificate, monkeypatch
):
    monkeypatch.setenv("MAILER_SMTP_PASSWORD", PASSWORD)
    with serving(mailbox, starttls=certificate, authenticator=authenticate) as server:
        configure(root, server, 'user = "office"\n')
        code, printed = mailer("test", "vote", "you@example.com", "boss@example.com")
    assert code == 0, printed
    assert f"Sent through {server}." in printed
    (first, encrypted, authenticated), (second, *_) = mailbox.envelopes
    assert encrypted
    assert authenticated
    assert (first.mail_from, first.rcpt_tos) == ("news@example.org", ["you@example.com"])
    assert second.rcpt_tos == ["boss@example.com"]
    mails = [
        email.message_from_bytes(envelope.content, policy=email.policy.default)
        for envelope in (first, second)
    ]
    assert [mail["To"] for mail in mails] == ["you@example.com", "boss@example.com"]
    assert all(mail["Subject"].startswith("[TEST] ") for mail in mails)
    assert "Dear" in mails[0].get_body(("plain",)).get_content()
    assert len({mail["Message-ID"] for mail in mails}) == 2
    assert not (root / "outbox").exists()


def test_tls_from_the_first_byte(mailer, root, mailbox, certificate):
    with serving(mailbox, implicit=certificate) as server:
        configure(root, server, 'security = "tls"\n')
        assert mailer("test", "vote", "you@example.com")[0] == 0
    assert len(mailbox.envelopes) == 1


def test_a_send_never_goes_through_smtp(mailer, root, mailbox):
    with serving(mailbox) as server:
        configure(root, server, 'security = "none"\n')
        assert mailer("send", "vote", "--yes")[0] == 0
        code, printed = mailer("send", "vote", "--yes", "--transport", "smtp")
    assert code == 2
    assert "smtp" in printed
    assert mailbox.envelopes == []
    assert len(list((root / "outbox" / "vote").glob("*.eml"))) == 3


@pytest.mark.parametrize(("refusal", "answer", "message"), [
    ("refuse_sender", "553 5.7.1 Not yours", "does not take mail from news@example.org: 5.7.1 Not yours"),
    ("refuse_recipient", "550 5.1.1 No such user", "does not take mail for you@example.com: 5.1.1 No such user"),
    ("refuse_data", "554 5.7.1 Looks like spam", "does not take the mail: 554 5.7.1 Looks like spam"),
])  # fmt: skip
def test_what_the_server_refuses_is_said_in_its_words(mailer, root, refusal, answer, message):
    mailbox = Mailbox()
    setattr(mailbox, refusal, answer)
    with serving(mailbox) as server:
        configure(root, server, 'security = "none"\n')
        code, printed = mailer("test", "vote", "you@example.com")
    assert code == 2
    assert f"{server} {message}" in printed
    assert "Traceback" not in printed


def test_a_wrong_password_is_said(mailer, root, mailbox, certificate, monkeypatch):
    monkeypatch.setenv("MAILER_SMTP_PASSWORD", "wrong")
    with serving(mailbox, starttls=certificate, authenticator=authenticate) as server:
        configure(root, server, 'user = "office"\n')
        code, printed = mailer("test", "vote", "you@example.com")
    assert code == 2
    assert f"{server} refuses the password of office" in printed
    assert "MAILER_SMTP_PASSWORD" in printed
    assert "wrong" not in printed


def test_a_missing_password_is_said_before_anything_is_asked(mailer, root, monkeypatch):
    monkeypatch.delenv("MAILER_SMTP_PASSWORD", raising=False)
    configure(root, "smtp.example.org", 'user = "office"\n')
    code, printed = mailer("test", "vote", "you@example.com")
    assert code == 2
    assert "there is no password for office at smtp.example.org" in printed
    assert "MAILER_SMTP_PASSWORD" in printed


def test_a_password_never_goes_unencrypted_over_the_network(mailer, root, monkeypatch):
    monkeypatch.setenv("MAILER_SMTP_PASSWORD", PASSWORD)
    configure(root, "smtp.example.org", 'user = "office"\nsecurity = "none"\n')
    code, printed = mailer("test", "vote", "you@example.com")
    assert code == 2
    assert "would be sent without encryption" in printed


def test_a_server_without_starttls_gets_neither_password_nor_mail(
    mailer, root, mailbox, monkeypatch
):
    monkeypatch.setenv("MAILER_SMTP_PASSWORD", PASSWORD)
    with serving(mailbox) as server:
        configure(root, server, 'user = "office"\n')
        code, printed = mailer("test", "vote", "you@example.com")
    assert code == 2
    assert "does not offer what is needed" in printed
    assert mailbox.envelopes == []


def test_a_certificate_that_nobody_vouches_for_gets_no_mail(mailer, root, mailbox, tmp_path):
    context, _ = tls.server_context(tmp_path)
    with serving(mailbox, starttls=context) as server:
        configure(root, server)
        code, printed = mailer("test", "vote", "you@example.com")
    assert code == 2
    assert f"the certificate of {server} cannot be trusted" in printed
    assert mailbox.envelopes == []


def test_tls_where_the_server_begins_without_is_said(mailer, root, mailbox):
    with serving(mailbox) as server:
        configure(root, server, 'security = "tls"\n')
        code, printed = mailer("test", "vote", "you@example.com")
    assert code == 2
    assert f"{server} does not encrypt as expected" in printed


def test_a_server_that_is_not_there_is_said(mailer, root):
    server = f"{tls.HOST}:{free_port()}"
    configure(root, server)
    code, printed = mailer("test", "vote", "you@example.com")
    assert code == 2
    assert f"{server} cannot be reached" in printed
    assert "Connection refused" in printed


@pytest.mark.parametrize(("value", "security", "port", "encryption"), [
    ("smtp.example.org", "auto", 587, "starttls"),
    ("smtp.example.org:465", "auto", 465, "tls"),
    ("smtp.example.org:2525", "auto", 2525, "starttls"),
    ("smtp.example.org", "tls", 465, "tls"),
    ("127.0.0.1:1025", "none", 1025, "none"),
])  # fmt: skip
def test_port_and_encryption_follow_from_each_other(value, security, port, encryption):
    settings = config.MailTestSettings(smtp=value, security=security)
    assert (settings.port, settings.encryption) == (port, encryption)


@pytest.mark.parametrize("value", ["smtp://smtp.example.org", "smtp.example.org:0", "smtp.example.org:70000",
                                   "a b", "smtp.example.org:port"])  # fmt: skip
def test_a_server_that_cannot_be_one_has_its_line(value):
    with pytest.raises(ConfigError) as err:
        config.parse(f'{SETTINGS}\n[test]\nsmtp = "{value}"\n')
    assert err.value.message.startswith('"test.smtp": must be a server such as')
    assert err.value.place.line == SETTINGS.count("\n") + 3
