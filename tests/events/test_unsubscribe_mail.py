"""People who unsubscribe by mail, from the queue and from a mailbox file, and programs that do not."""

from __future__ import annotations

import base64
import json
import mailbox
from email.message import EmailMessage

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.events.ingest import Ingestor
from mailer.events.unsubscribe_mail import UnsubscribeResult, is_mailbox, mails_in, take
from mailer.links import Keys
from mailer.store import connect
from tests.support.uncertain_sends import make_send
from tools.projects.project import NOW, enrol

KEYS = Keys(["a key that only these tests know 1"])


@pytest.fixture
def store(tmp_path):
    opened = connect(tmp_path / "mailer.db", lambda email: [email])
    enrol(opened, range(6))
    make_send(opened)
    yield opened
    opened.close()


def token(subscriber: int = 1, send: int = 1, purpose="unsubscribe") -> str:
    return KEYS.token(purpose, subscriber, send)


def mail(subject: str = "", text: str = "", html: str = "", **headers: str) -> bytes:
    message = EmailMessage()
    message["From"] = headers.pop("From", "Ana <ana@example.org>")
    message["To"] = "unsubscribe@example.org"
    message["Subject"] = subject
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    if html:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


def count(store) -> int:
    return len(list(store.subscribers.audience("members")))


def took(store, *mails: bytes) -> UnsubscribeResult:
    total = UnsubscribeResult()
    for each in mails:
        total = total.plus(take(each, store, KEYS, now=NOW))
    return total


@pytest.mark.parametrize(
    "request_",
    [
        mail(token()),
        mail(f"  {token()} "),
        mail(f"unsubscribe {token()}"),
        mail("", f"Please unsubscribe me: {token()}."),
        mail("Fwd: News", f"https://mail.example.org/u/{token()}"),
        mail("", "", f'<a href="https://mail.example.org/u/{token()}">unsubscribe</a>'),
        mail(token(), Auto_Submitted="auto-generated"),
        mail(token(), Auto_Submitted="no"),
        mail(token(), f"as I said, {token(2)}"),  # the subject is what a program writes
    ],
)
def test_a_mail_with_a_token_unsubscribes_its_reader_once(store, request_):
    before = count(store)
    assert took(store, request_) == UnsubscribeResult(unsubscribed=1)
    assert count(store) == before - 1
    assert took(store, request_) == UnsubscribeResult(known=1)
    assert count(store) == before - 1


@pytest.mark.parametrize(
    "reply",
    [
        mail(f"Automatic reply: {token()}", Auto_Submitted="auto-replied"),
        mail(token(), Auto_Submitted="auto-replied; owner-email=x@example.org"),
        mail(f"Re: {token()}", Auto_Submitted="auto-generated"),
        mail(token(), Auto_Submitted="auto-notified"),
        mail(token(), Precedence="bulk"),
        mail(token(), Precedence="auto_reply"),
        mail(token(), X_Autoreply="yes"),
        mail(token(), Return_Path="<>"),
        mail(token(), From="MAILER-DAEMON@example.org"),
        mail(token(), From="Mail Delivery <mailer-daemon@example.org>"),
        mail("Out of office", f"You wrote: {token()}", Auto_Submitted="auto-replied"),
        mail("Away", Auto_Submitted="auto-replied"),
        mail("A newsletter", f"{token()}", List_Id="<news.example.com>"),
    ],
)
def test_what_a_program_answers_by_itself_changes_nothing(store, reply):
    before = count(store)
    assert took(store, reply) == UnsubscribeResult(automatic=1)
    assert count(store) == before


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (mail("Please stop", "I have had enough"), "names nobody"),
        (mail(token()[:-1] + "x"), "names nobody"),
        (mail(token(purpose="update")), "names nobody"),
        (mail("", f"{token(1)} {token(2)}"), "names several people"),
        (mail(Keys(["another key that is long enough 2"]).token("unsubscribe", 1, 1)), "names nobody"),
        (b"", "names nobody"),
        (b"\xff\xfe\x00no mail at all", "names nobody"),
    ],
)  # fmt: skip
def test_a_mail_that_names_nobody_for_certain_is_left_to_staff(store, request_, why):
    before = count(store)
    result = take(request_, store, KEYS, now=NOW)
    ((_, told),) = result.unreadable
    assert why in told
    assert count(store) == before


def test_the_token_of_a_test_mail_changes_nothing(store):
    before = count(store)
    assert took(store, mail(token(send=0))) == UnsubscribeResult(known=1)
    assert count(store) == before


def notification(content: str | None) -> dict[str, object]:
    found = {"notificationType": "Received", "mail": {"messageId": "1"}, "receipt": {}}
    return found if content is None else {**found, "content": content}


def envelope(inner: dict[str, object]) -> dict[str, object]:
    return {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:us-west-2:123456789012:mail",
        "Message": json.dumps(inner),
    }


def ingestor(store, tmp_path) -> Ingestor:
    return Ingestor(store, tmp_path / "junk.jsonl", patience=3, clock=lambda: NOW, keys=KEYS)


@pytest.mark.parametrize("wrap", [lambda found: found, envelope])
@pytest.mark.parametrize(
    "encode", [lambda data: data.decode(), lambda data: base64.b64encode(data).decode()]
)
def test_what_ses_receives_comes_through_the_queue_of_events(store, tmp_path, wrap, encode):
    clerk = ingestor(store, tmp_path)
    before = count(store)
    result = clerk.take([json.dumps(wrap(notification(encode(mail(token())))))])
    assert clerk.by_mail == UnsubscribeResult(unsubscribed=1)
    assert (result.stored, clerk.junk) == (0, 0)
    assert count(store) == before - 1


def test_what_is_no_request_is_set_aside_with_the_reason(store, tmp_path):
    clerk = ingestor(store, tmp_path)
    clerk.take([json.dumps(notification(mail("Stop").decode())), json.dumps(notification(None))])
    lines = (tmp_path / "junk.jsonl").read_text().splitlines()
    reasons = [json.loads(line)["why"] for line in lines]
    assert "a mail from Ana <ana@example.org> to unsubscribe names nobody" in reasons[0]
    assert "SNS action" in reasons[1]
    assert clerk.junk == 2


def test_a_mailbox_file_is_read_mail_by_mail(store, tmp_path):
    box = mailbox.mbox(tmp_path / "unsubscribe.mbox")
    for each in (mail(token(1)), mail(token(2)), mail("Away", Auto_Submitted="auto-replied")):
        box.add(each)
    box.close()
    single = tmp_path / "one.eml"
    single.write_bytes(mail(token(3)))
    events = tmp_path / "events.jsonl"
    events.write_text("{}\n")
    assert [is_mailbox(path) for path in (tmp_path / "unsubscribe.mbox", single, events)] == [
        True, True, False,
    ]  # fmt: skip
    clerk = ingestor(store, tmp_path)
    before = count(store)
    clerk.take_mail(mails_in(tmp_path / "unsubscribe.mbox"))
    clerk.take_mail(mails_in(single))
    assert clerk.by_mail == UnsubscribeResult(unsubscribed=3, automatic=1)
    assert count(store) == before - 3


@given(
    st.binary(max_size=400)
    | st.text(max_size=400).map(lambda text: mail(text="x") + text.encode("utf-8", "replace"))
)
@settings(max_examples=60)
def test_no_mail_however_broken_stops_the_rest(store, data):
    before = count(store)
    took(store, data)
    assert count(store) == before
