"""Events from a queue and from files, on the command line; moto is the queue, the fake is SES."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path

import boto3
import pytest
from moto.server import ThreadedMotoServer

from mailer.links import load_keys
from mailer.lists.import_row import ImportRow
from mailer.lists.membership import SuppressionReason
from tests.support.uncertain_sends import event, make_send, write
from tools.fake_ses import FakeSes
from tools.projects.project import NOW, SETTINGS, address, make_project, open_store, start

KEYS = {
    "AWS_ACCESS_KEY_ID": "fake",
    "AWS_SECRET_ACCESS_KEY": "fake",
    "AWS_DEFAULT_REGION": "us-west-2",
}
TOPIC_WORKS = "Successfully validated SNS topic for Amazon SES event publishing."


@pytest.fixture
def root(tmp_path, monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.delenv("MAILER_SECRET_KEYS", raising=False)
    return make_project(tmp_path / "project", people=6)


@pytest.fixture
def store(store):
    make_send(store)
    return store


def bounce(delivery):
    found = event(delivery, "Bounce")
    bounced = [{"emailAddress": address(delivery - 1), "status": "5.1.1"}]
    return found | {"bounce": {"bounceType": "Permanent", "bouncedRecipients": bounced}}


def junk(root):
    file = root / "lists" / "events-junk.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


# ---------------------------------------------------------------- files


def test_a_file_is_taken_in_once(mailer, store, tmp_path):
    file = write(tmp_path / "events.jsonl", bounce(1), event(2), event(2))
    code, said = mailer("events", "import", file)
    assert code == 0
    assert "2 new events, 1 known before." in said
    assert "1 address suppressed" in said
    assert "1 delivery settled." in said
    assert store.subscribers.history(address(0)).suppression is SuppressionReason.BOUNCED
    code, said = mailer("events", "import", file)
    assert "0 new events, 3 known before." in said


def test_junk_goes_to_its_file_and_stops_nothing(mailer, store, root, tmp_path):
    file = tmp_path / "events.jsonl"
    lines = [b"{", json.dumps(bounce(1)).encode(), b"\xff\xfe\x00", b"", TOPIC_WORKS.encode()]
    file.write_bytes(b"\r\n".join(lines))
    code, said = mailer("events", "import", str(file))
    assert code == 1
    assert "1 new event, 0 known before." in said
    assert "2 that are no events" in said
    assert "lists/events-junk.jsonl" in said
    assert store.subscribers.history(address(0)).suppression is SuppressionReason.BOUNCED
    found = junk(root)
    assert [each["body"] for each in found] == ["{\r\n", "\ufffd\ufffd\0\r\n"]
    assert all("not JSON" in each["why"] for each in found)


def test_what_was_never_sent_is_an_alarm_and_shown_in_status(mailer, store, tmp_path):
    assert store
    failed = event(1, "Rendering Failure") | {"failure": {"errorMessage": "s0 is missing"}}
    code, said = mailer("events", "import", write(tmp_path / "events.jsonl", failed))
    assert code == 1
    assert "1 accepted by Amazon SES but never sent" in said
    assert "mailer status vote" in said
    _, said = mailer("status", "vote")
    assert "Amazon SES did not send it: Rendering Failure, s0 is missing" in said


def test_other_mail_that_was_never_sent_is_an_alarm_too(mailer, store, tmp_path):
    assert store
    failed = {
        "eventType": "Reject",
        "mail": {"messageId": "x"},
        "reject": {"reason": "Bad content"},
    }
    code, said = mailer("events", "import", write(tmp_path / "events.jsonl", failed))
    assert code == 1
    assert said.endswith("\n1 accepted by Amazon SES but never sent\n")


def test_scripts_get_the_totals_as_json(mailer, store, tmp_path):
    assert store
    file = write(tmp_path / "events.jsonl", bounce(1), event(2))
    code, said = mailer("events", "import", file, "--json")
    assert code == 0
    assert json.loads(said) == {
        "stored": 2, "known": 0, "suppressed": 1, "settled": 1, "alarms": [], "junk": 0,
        "not_tried": 0, "unrecognized": 0,
    }  # fmt: skip


CASES = Path(__file__).parent.parent / "events" / "cases"
HOSTILE = CASES / "hostile"


@pytest.fixture
def known(store):
    """People that the cases name, on a list; nobody of them has had a mail."""
    emails = [
        "ana@example.com", "cy@example.com", "aiko.corrigan@example.net", "aiko.eriksen@example.org",
    ]  # fmt: skip
    rows = [ImportRow(row=n, email=email) for n, email in enumerate(emails, 1)]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    return lambda: {
        email.partition("@")[0]: str(suppression)
        for email in emails
        if (suppression := store.subscribers.history(email).suppression)
    }


@pytest.mark.parametrize(
    ("case", "suppressed"),
    [
        ("P1-display-name.jsonl", {"cy": "bounced"}),
        ("Q1-pretty.json", {"ana": "bounced"}),
        ("Q3-lambda.jsonl", {"ana": "bounced"}),
        ("Q4-sqs-receive.json", {"ana": "bounced"}),
        ("hostile/forged_by_address.jsonl", {"aiko.corrigan": "complained"}),
        ("hostile/forged_two.jsonl", {}),
        ("hostile/forged_wrong_tags.jsonl", {}),
        ("hostile/nul.jsonl", {"aiko.corrigan": "bounced"}),
        ("hostile/surrogate.jsonl", {"aiko.corrigan": "bounced"}),
        ("hostile/surrogate2.jsonl", {"aiko.corrigan": "bounced"}),
        ("hostile/wrap.jsonl", {"aiko.corrigan": "bounced"}),
    ],
)
def test_each_file_suppresses_whom_it_is_about_and_nobody_else(mailer, known, case, suppressed):
    code, said = mailer("events", "import", str(CASES / case))
    assert (code, "1 new event" in said) == (0, True)
    assert known() == suppressed


def test_events_of_wrong_types_suppress_nobody_and_end_in_no_traceback(mailer, known):
    code, said = mailer("events", "import", str(HOSTILE / "types.jsonl"))
    assert code == 1
    assert "that are no events" in said
    assert known() == {}


def test_what_amazon_predicts_is_counted_apart_and_suppresses_nobody(mailer, store, root):
    lines = (CASES / "validation-events.jsonl").read_text().splitlines()
    bounces = [json.loads(line) for line in lines if '"Bounce"' in line]
    for number, found in enumerate(bounces, 1):
        found["mail"]["tags"] |= {"campaign": ["vote"], "delivery": [str(number)]}
        found["mail"]["destination"] = [address(number - 1)]
        found["bounce"]["bouncedRecipients"][0]["emailAddress"] = address(number - 1)
    file = root / "validation.jsonl"
    file.write_text("\n".join(map(json.dumps, bounces)))
    code, said = mailer("events", "import", str(file))
    assert code == 0
    assert f"{len(bounces)} mails not tried" in said
    assert "suppressed, because" not in said
    (send,) = store.sends.all()
    assert store.events.stats(send.id).bounced == 0
    assert store.statistics.of_send(send.id).outcomes["not tried"] == 6
    assert not any(store.subscribers.history(address(number)).suppression for number in range(6))


def test_a_bounce_for_an_unknown_reason_is_said_and_suppresses_nobody(mailer, store, tmp_path):
    found = bounce(1)
    found["bounce"]["bounceSubType"] = "SomethingNew"
    code, said = mailer("events", "import", write(tmp_path / "events.jsonl", found))
    assert code == 0
    assert "1 permanent bounce for a reason mailer does not know" in said
    assert store.subscribers.history(address(0)).suppression is None


def test_what_the_outbox_reports_of_simulated_addresses_is_understood(mailer, root):
    names = ("success", "bounce", "complaint", "ooto")
    store = open_store(root)
    rows = [
        ImportRow(row=n, email=f"{name}@simulator.amazonses.com") for n, name in enumerate(names, 1)
    ]
    store.imports.import_rows("members", rows, source="test", now=NOW)
    assert mailer("send", "vote", "--yes", "--accept-warnings")[0] == 0
    code, said = mailer("events", "import", str(root / "outbox" / "vote" / ".events.jsonl"))
    assert code == 0
    assert "2 addresses suppressed" in said
    found = [store.subscribers.history(row.email).suppression for row in rows]
    assert found == [None, SuppressionReason.BOUNCED, SuppressionReason.COMPLAINED, None]
    store.close()


def test_a_file_that_is_not_there_is_told(mailer, tmp_path):
    code, said = mailer("events", "import", str(tmp_path / "none.jsonl"))
    assert code == 2
    assert "none.jsonl cannot be read" in said


# ---------------------------------------------------------------- the queue


@pytest.fixture(scope="module")
def aws():
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def queue(aws, root, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_SQS", aws)
    sqs = boto3.client("sqs", endpoint_url=aws)
    url = sqs.create_queue(QueueName=f"events-{time.time_ns()}")["QueueUrl"]
    (root / "mailer.toml").write_text(f'{SETTINGS}[ses]\nqueue_url = "{url}"\n')
    return Queue(sqs, url)


class Queue:
    def __init__(self, sqs, url):
        self.sqs = sqs
        self.url = url

    def put(self, *bodies):
        for body in bodies:
            text = body if isinstance(body, str) else json.dumps(body)
            self.sqs.send_message(QueueUrl=self.url, MessageBody=text)

    @property
    def left(self):
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        return sum(int(number) for number in found["Attributes"].values())


def test_the_queue_is_emptied_into_the_store(mailer, store, root, queue):
    envelope = {
        "Type": "Notification",
        "TopicArn": "arn:aws:sns:x",
        "Message": json.dumps(event(2)),
    }
    queue.put(TOPIC_WORKS, bounce(1), envelope, "junk", *[event(4)] * 20)
    code, said = mailer("events", "pull", "--once")
    assert code == 1
    assert "3 new events, 19 known before." in said
    assert "1 that are no events" in said
    assert queue.left == 0
    assert store.subscribers.history(address(0)).suppression is SuppressionReason.BOUNCED
    assert store.sends.counts(1).uncertain == 1
    assert [each["body"] for each in junk(root)] == ["junk"]


def test_what_cannot_be_stored_stays_in_the_queue(mailer, root, queue):
    queue.put(event(1))
    (root / "lists" / "mailer.db").write_bytes(
        b"not a database, and long enough to be read as one" * 9
    )
    code, said = mailer("events", "pull", "--once")
    assert code == 2
    assert "database" in said
    assert queue.left == 1


def test_junk_that_cannot_be_set_aside_stays_in_the_queue(mailer, store, root, queue):
    assert store
    (root / "lists" / "events-junk.jsonl").mkdir()
    queue.put("junk")
    code, said = mailer("events", "pull", "--once")
    assert code == 2
    assert "events-junk.jsonl cannot be written" in said
    assert queue.left == 1


def test_a_queue_that_is_not_there_is_told(mailer, root, queue):
    (root / "mailer.toml").write_text(f'{SETTINGS}[ses]\nqueue_url = "{queue.url}x"\n')
    code, said = mailer("events", "pull")
    assert code == 2
    assert "the queue of events cannot be read" in said
    assert "queue_url" in said


def test_without_a_queue_it_says_what_to_set(mailer):
    code, said = mailer("events", "pull", "--once")
    assert code == 2
    assert "queue_url" in said


def test_ctrl_c_ends_it_cleanly(store, root, queue):
    process = start(root, "events", "pull")
    assert process.stdout.readline() == "Waiting for events. Ctrl-C stops.\n"
    queue.put(bounce(1))
    wait_for(lambda: store.subscribers.history(address(0)).suppression)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate()
    assert process.returncode == 0
    assert "Traceback" not in said
    assert "1 new event" in said
    assert queue.left == 0


def test_the_pages_server_takes_events_in_too(store, root, queue):
    process = start(root, "serve", "--port", "0", "--events")
    assert "Recipients' pages" in process.stdout.readline()
    queue.put(bounce(1))
    wait_for(lambda: store.subscribers.history(address(0)).suppression)
    process.send_signal(signal.SIGTERM)
    said, _ = process.communicate()
    assert "Traceback" not in said
    assert queue.left == 0


def wait_for(condition, seconds=20):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.05)


# ---------------------------------------------------------------- the account's suppression list


@pytest.fixture
def ses(monkeypatch):
    with FakeSes() as ses:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.endpoint)
        yield ses


def put(ses, address, reason):
    request = {"EmailAddress": address, "Reason": reason}
    ses.app.suppressed.put(request, 0.0)


def test_both_suppression_lists_are_compared_and_nothing_is_changed(mailer, store, ses):
    put(ses, address(1), "BOUNCE")
    store.suppressions.suppress(address(2), SuppressionReason.COMPLAINED, detail="", now=NOW)
    code, said = mailer("events", "suppressions")
    assert code == 0
    assert "1 missing there (--push)." in said
    assert "1 unknown here (--pull)." in said
    assert ses.app.suppressed.addresses() == {address(1)}
    assert store.subscribers.history(address(1)).suppression is None


def test_push_and_pull_make_them_the_same(mailer, store, ses):
    store.subscribers.erase(address(4), now=NOW)
    store.suppressions.suppress(address(2), SuppressionReason.BOUNCED, detail="", now=NOW)
    store.suppressions.suppress(address(3), SuppressionReason.UNSUBSCRIBED, detail="", now=NOW)
    store.suppressions.suppress(address(5), SuppressionReason.MANUAL, detail="", now=NOW)
    put(ses, address(1).upper(), "COMPLAINT")
    put(ses, address(4), "BOUNCE")
    put(ses, address(5), "BOUNCE")
    put(ses, "stranger@example.com", "BOUNCE")
    code, _ = mailer("events", "suppressions", "--push", "--pull")
    assert code == 0
    theirs = {address(1), address(2), address(4), address(5), "stranger@example.com"}
    assert ses.app.suppressed.addresses() == theirs
    complained = store.subscribers.history(address(1))
    assert complained.suppression is SuppressionReason.COMPLAINED
    assert {membership.status for membership in complained.memberships} == {"unsubscribed"}
    assert (
        store.subscribers.history("stranger@example.com").suppression is SuppressionReason.BOUNCED
    )
    assert store.subscribers.history(address(4)).suppression is SuppressionReason.ERASED
    assert store.subscribers.history(address(5)).suppression is SuppressionReason.MANUAL
    rows = store.database.connection.execute(
        "SELECT 1 FROM suppressions WHERE address = ?", (address(4),)
    )
    assert rows.fetchall() == []


def test_a_long_list_comes_in_pages(mailer, store, ses):
    assert store
    for number in range(2_500):
        put(ses, f"gone{number}@example.com", "BOUNCE")
    code, said = mailer("events", "suppressions", "--pull", "--json")
    assert code == 0
    assert json.loads(said) == {
        "here_only": 0,
        "there_only": 2_500,
        "pushed": False,
        "requested": True,
    }
    assert sum(1 for _ in store.suppressions.addresses([SuppressionReason.BOUNCED])) == 2_500


def test_what_is_no_address_to_us_is_suppressed_as_it_is(mailer, store, ses):
    ses.app.suppressed._rows["Jörg@example.com"] = ("BOUNCE", 0.0)
    assert mailer("events", "suppressions", "--pull")[0] == 0
    assert list(store.suppressions.addresses([SuppressionReason.BOUNCED])) == [
        ("jörg@example.com", SuppressionReason.BOUNCED)
    ]


def test_no_permission_is_told(mailer, store, ses):
    assert store
    ses.change(denied=("ListSuppressedDestinations",))
    code, said = mailer("events", "suppressions")
    assert code == 2
    assert "the suppression list of Amazon SES cannot be used" in said
    assert "AccessDenied" in said


def test_a_mailbox_file_unsubscribes_who_wrote_it(mailer, store, root, tmp_path):
    assert store
    token = load_keys(None, root / "lists" / "secret.key").token("unsubscribe", 1, 1)
    mails = [
        f"From a\nFrom: a@example.org\nSubject: {token}\n\n\n",
        f"From b\nSubject: Automatic reply: {token}\nAuto-Submitted: auto-replied\n\n\n",
    ]
    file = tmp_path / "unsubscribe.mbox"
    file.write_text("".join(mails))
    code, said = mailer("events", "import", str(file))
    assert code == 0
    assert "1 person unsubscribed by mail, 0 had before; 1 automatic reply ignored." in said
    file.write_text("From c\nFrom: c@example.org\nSubject: Please stop\n\n\n")
    code, said = mailer("events", "import", str(file))
    assert code == 1
    (line,) = junk(root)
    assert "a mail from c@example.org to unsubscribe names nobody" in line["why"]
