"""The outbox: whole files, one for each delivery, and the truth after a crash."""

import json
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest

from mailer.errors import TransportError
from mailer.ledger.delivery import Claim, DeliveryState
from mailer.lists.subscriber import Subscriber
from mailer.mail.message import Envelope, message_id
from mailer.transports.base import OutgoingMessage
from mailer.transports.outbox import EVENTS, Outbox
from tests.support.campaigns import make_merger, make_sources

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ENVELOPE = Envelope.of(make_sources("Hello").content, list_name="members")


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "outbox" / "vote"


@pytest.fixture
def outbox(folder):
    return Outbox(folder, campaign="vote", envelope=ENVELOPE, clock=lambda: NOW)


def outgoing(delivery_id, email="ana@example.org"):
    merger = make_merger("Dear {{ recipient.email }}, hello.")
    return OutgoingMessage(delivery_id, merger.merge(Subscriber(delivery_id, email)))


def claim(delivery_id, email="ana@example.org"):
    return Claim(delivery_id, Subscriber(delivery_id, email))


def files(folder):
    return sorted(file.name for file in folder.iterdir())


def states(results):
    return {result.delivery_id: result.state for result in results}


def test_each_letter_becomes_a_mail_that_parses(outbox, folder):
    results = outbox.deliver([outgoing(7), outgoing(8, "bo@example.org")]).results
    assert states(results) == {7: DeliveryState.ACCEPTED, 8: DeliveryState.ACCEPTED}
    assert files(folder) == ["00000007-ana@example.org.eml", "00000008-bo@example.org.eml"]
    mail = message_from_bytes((folder / files(folder)[1]).read_bytes(), policy=policy.default)
    assert mail.defects == []
    assert mail["To"] == "bo@example.org"
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == results[1].message_id == f"<{message_id('vote', 8)}@example.org>"
    assert "Dear bo@example.org" in mail.get_body(("plain",)).get_content()


def test_the_same_delivery_has_one_file_however_often_it_is_tried(outbox, folder):
    first, second = outbox.deliver([outgoing(7)]), outbox.deliver([outgoing(7)])
    assert first == second
    assert files(folder) == ["00000007-ana@example.org.eml"]


@pytest.mark.parametrize(
    ("email", "name"),
    [
        ("a/../../b@example.org", "00000007-a_.._.._b@example.org.eml"),
        ("o'neil+x_y-z@example.org", "00000007-o_neil+x_y-z@example.org.eml"),
        (f"{'x' * 300}@example.org", f"00000007-{'x' * 120}.eml"),
    ],
)
def test_no_address_leads_out_of_the_folder(outbox, folder, email, name):
    outbox.deliver([outgoing(7, email)])
    assert files(folder) == [name]


def test_a_folder_that_cannot_be_made_is_refused_before_anything_is_claimed(tmp_path):
    (tmp_path / "outbox").write_text("a file where the folder should be")
    with pytest.raises(TransportError, match="outbox/vote cannot be written") as refusal:
        Outbox(tmp_path / "outbox" / "vote", campaign="vote", envelope=ENVELOPE, clock=lambda: NOW)
    assert "disk is not full" in refusal.value.hint


def test_checking_the_folder_leaves_nothing_in_it(outbox, folder):
    assert outbox.name == "outbox"
    assert files(folder) == []


def test_a_folder_that_goes_away_stops_the_send(outbox, folder):
    folder.rmdir()
    batch_result = outbox.deliver([outgoing(7)])
    assert states(batch_result.results) == {7: DeliveryState.PENDING}
    assert "cannot be written: No such file" in str(batch_result.stop)
    with pytest.raises(TransportError, match="cannot be written: No such file"):
        outbox.settle([claim(7)])


def test_a_disk_that_fills_up_half_way_keeps_what_was_written(outbox, folder, monkeypatch):
    class Disk:
        room = 2

        def encode(self, *_, **__):
            if not self.room:
                raise OSError(28, "No space left on device")
            self.room -= 1
            return b"mail"

    monkeypatch.setattr("mailer.transports.outbox.message", disk := Disk())
    batch_result = outbox.deliver([outgoing(n) for n in (1, 2, 3, 4)])
    assert "No space left" in str(batch_result.stop)
    assert states(batch_result.results) == {
        1: DeliveryState.ACCEPTED,
        2: DeliveryState.ACCEPTED,
        3: DeliveryState.PENDING,
        4: DeliveryState.PENDING,
    }
    assert len(files(folder)) == 2
    assert disk.room == 0


def test_after_a_crash_the_files_tell_what_was_written(outbox, folder):
    outbox.deliver([outgoing(1), outgoing(3)])
    (folder / ".00000002.part").write_bytes(b"half a mai")
    (folder / ".00000009.part").write_bytes(b"another process is writing this one")
    results = outbox.settle([claim(1), claim(2), claim(3, email=""), claim(4)])
    assert states(results) == {
        1: DeliveryState.ACCEPTED,
        2: DeliveryState.PENDING,
        3: DeliveryState.ACCEPTED,
        4: DeliveryState.PENDING,
    }
    assert results[0].message_id == f"<{message_id('vote', 1)}@example.org>"
    assert ".00000002.part" not in files(folder)
    assert ".00000009.part" in files(folder)


@pytest.mark.parametrize(
    ("local", "kind", "detail"),
    [
        ("bounce", "Bounce", ("bounceType", "Permanent")),
        ("bounce+label", "Bounce", ("bounceSubType", "General")),
        ("suppressionlist", "Bounce", ("bounceSubType", "Suppressed")),
        ("complaint+x", "Complaint", ("complaintFeedbackType", "abuse")),
        ("success", "Delivery", ("timestamp", "2026-05-04T12:00:00.000Z")),
        ("ooto", "Delivery", ("timestamp", "2026-05-04T12:00:00.000Z")),
    ],
)
def test_the_simulators_addresses_cause_their_event(outbox, folder, local, kind, detail):
    email = f"{local}@simulator.amazonses.com"
    (result,) = outbox.deliver([outgoing(7, email)]).results
    assert result.state is DeliveryState.ACCEPTED
    (line,) = (folder / EVENTS).read_text().splitlines()
    event = json.loads(line)
    assert event["eventType"] == kind
    assert event["mail"]["messageId"] == result.message_id
    assert event["mail"]["destination"] == [email]
    assert event["mail"]["tags"] == {"campaign": ["vote"], "delivery": ["7"]}
    assert event[kind.lower()][detail[0]] == detail[1]


@pytest.mark.parametrize(
    "email", ["ana@example.org", "bounce@example.org", "bouncer@simulator.amazonses.com"]
)
def test_other_addresses_cause_none(outbox, folder, email):
    outbox.deliver([outgoing(7, email)])
    assert not (folder / EVENTS).exists()


def test_a_crash_between_event_and_mail_repeats_the_event_and_loses_none(folder, monkeypatch):
    times = iter([NOW, NOW + timedelta(hours=1)])
    outbox = Outbox(folder, campaign="vote", envelope=ENVELOPE, clock=lambda: next(times))
    bouncing = outgoing(7, "bounce@simulator.amazonses.com")
    with monkeypatch.context() as patch:
        patch.setattr("pathlib.Path.replace", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            outbox.deliver([bouncing])
    assert states(outbox.settle([claim(7)])) == {7: DeliveryState.PENDING}
    outbox.deliver([bouncing])
    first, second = map(json.loads, (folder / EVENTS).read_text().splitlines())
    assert first["mail"]["messageId"] == second["mail"]["messageId"]
    assert first["bounce"]["feedbackId"] == second["bounce"]["feedbackId"]


def test_what_is_not_here_may_lie_on_another_machine_that_sends_from_the_same_ledger(folder):
    shared = Outbox(folder, campaign="vote", envelope=ENVELOPE, clock=lambda: NOW, alone=False)
    shared.deliver([outgoing(1)])
    settled = shared.settle([claim(1), claim(2)])
    assert states(settled) == {1: DeliveryState.ACCEPTED, 2: DeliveryState.UNCERTAIN}
