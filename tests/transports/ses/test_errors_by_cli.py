"""Every row of the table of errors, through the command line: state, message, exit code.

What the rows mean is in docs/amazon-ses.md.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time

import pytest

from mailer.ledger.delivery import SendState
from mailer.sending import circuit_breaker
from mailer.transports.in_flight import InFlightMarks, Progress, boot_id
from mailer.transports.ses import client
from mailer.transports.ses.transport import SesTransport
from tools.fake_ses import FakeSes
from tools.projects.project import address, enrol, make_project, start
from tools.tls import listening, plain, self_signed

pytestmark = pytest.mark.slow

CONFIG = '[send]\ntransport = "ses"\n[ses]\nregion = "us-east-1"\nconfiguration_set = "mailer"\n'
QUOTA = "Daily message quota exceeded."
UNVERIFIED = "Email address is not verified. The following identities failed the check: x@y.org"
METHODS = pytest.mark.parametrize("method", ["raw", "bulk"])


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "fake")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "fake")
    monkeypatch.delenv("MAILER_SECRET_KEYS", raising=False)


@pytest.fixture
def ses(monkeypatch):
    with FakeSes(rate=200, quota=-1) as ses:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", ses.endpoint)
        yield ses


@pytest.fixture
def root(tmp_path):
    root = make_project(tmp_path / "project", people=9)
    use(root, "raw")
    return root


def use(root, method):
    settings = (root / "mailer.toml").read_text().partition("[send]")[0]
    (root / "mailer.toml").write_text(f'{settings}{CONFIG}method = "{method}"\n')


@pytest.fixture
def mailer(mailer):
    def run(*arguments):
        code, said = mailer(*arguments)
        assert "Traceback" not in said
        return code, said

    return run


def counts(store):
    found = store.sends.counts(1)
    assert found.balanced
    assert found.sending == 0
    return found


def state(store):
    return store.sends.find("vote", "members").state


def received(ses):
    return sorted(to for message in ses.accepted for to in message.to)


def everybody(number=9):
    return sorted(address(n) for n in range(number))


# ---------------------------------------------------------------- all is well


@METHODS
def test_everybody_is_mailed_once(mailer, root, ses, store, method):
    use(root, method)
    code, said = mailer("send", "vote", "--yes")
    assert code == 0
    assert "Transport   ses: Amazon SES in us-east-1" in said
    assert "Rate        190 a second, the most that the account allows" in said
    assert "vote: 9 accepted" in said
    assert "They went to Amazon SES in us-east-1." in said
    assert received(ses) == everybody()
    assert state(store) is SendState.FINISHED
    kept = {message.message_id for message in ses.accepted}
    assert {
        id_ for (id_,) in store.database.connection.execute("SELECT message_id FROM deliveries")
    } == kept
    assert mailer("send", "vote", "--yes")[0] == 0
    assert received(ses) == everybody()


# ---------------------------------------------------------------- not sent: tried again, slower


@METHODS
@pytest.mark.parametrize("code", ["TooManyRequestsException", "ThrottlingException"])
def test_too_fast_is_tried_again_at_half_the_speed(mailer, root, ses, *, store, method, code):
    use(root, method)
    ses.inject("exception", code=code, message="Maximum sending rate exceeded.", times=1)
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 0
    assert received(ses) == everybody()
    assert counts(store).accepted == 9
    assert f"being told once: Maximum sending rate exceeded. ({code})" in said
    (share,) = store.database.connection.execute(
        "SELECT share FROM throttles WHERE key = 'ses'"
    ).fetchone()
    assert share < 1


@pytest.mark.parametrize("status", ["ACCOUNT_THROTTLED", "TRANSIENT_FAILURE"])
def test_entries_of_a_bulk_call_are_tried_again(mailer, root, ses, store, status):
    use(root, "bulk")
    ses.inject("partial", statuses=["SUCCESS", status, status], times=1)
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 0
    assert received(ses) == everybody()
    assert counts(store).accepted == 9
    assert f"({status})" in said


@pytest.mark.parametrize(
    ("method", "fault", "told"),
    [
        ("raw", "refuse", "Could not connect"),
        ("raw", "ignore", "Connect timeout"),
        ("bulk", "ignore", "Connect timeout"),
    ],
)
def test_a_connection_that_cannot_be_made_is_tried_again(
    mailer, root, ses, *, store, method, fault, told, monkeypatch
):
    use(root, method)
    config = client.Config
    monkeypatch.setattr(
        client, "Config", lambda **given: config(**given | {"connect_timeout": 0.2})
    )
    ses.inject(fault, seconds=0.5, times=1)
    # slowly, so that no call is under way when the connections are cut
    ended, said = mailer("send", "vote", "--yes", "--rate", "5")
    assert ended == 0
    assert received(ses) == everybody()
    assert counts(store).accepted == 9
    assert f"Amazon SES cannot be reached: {told}" in said


# ---------------------------------------------------------------- the day's quota


@METHODS
@pytest.mark.parametrize(
    "code", ["TooManyRequestsException", "ThrottlingException", "LimitExceededException"]
)
def test_the_quota_pauses_and_says_when_to_go_on(mailer, root, ses, *, store, method, code):
    use(root, method)
    ses.change(quota=4, quota_error=code)
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 3
    assert "Quota       4 in 24 hours, 4 left" in said
    assert "Takes       3 days: it pauses when the quota is used up" in said
    assert "vote is paused: the daily quota of Amazon SES is used up" in said
    assert re.search(r"it can go on at the latest on \w+day, \w+ \d+, \d\d:\d\d", said)
    assert "mailer resume vote" in said
    assert state(store) is SendState.PAUSED
    assert (counts(store).accepted, counts(store).pending) == (4, 5)
    assert "daily quota" in mailer("status", "vote")[1]
    ses.change(quota=-1)
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert received(ses) == everybody()


def test_an_entry_of_a_bulk_call_may_find_the_quota_used_up(mailer, root, ses, store):
    use(root, "bulk")
    ses.inject("partial", statuses=["SUCCESS", "ACCOUNT_DAILY_QUOTA_EXCEEDED"], times=1)
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 3
    assert "vote is paused: the daily quota of Amazon SES is used up" in said
    assert state(store) is SendState.PAUSED
    assert counts(store).failed == counts(store).uncertain == 0
    assert counts(store).accepted == len(received(ses))
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert received(ses) == everybody()


def test_an_exhausted_quota_is_said_before_and_after(mailer, ses, store):
    ses.change(quota=50, sent=50)
    ended, said = mailer("send", "vote", "--dry-run")
    assert ended == 0
    assert "Quota       50 in 24 hours, none left" in said
    assert "Takes       2 days" in said
    assert store.sends.all() == []
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 3
    assert counts(store).pending == 9


# ---------------------------------------------------------------- stop


@METHODS
@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("AccountSuspendedException", "", "Amazon SES has suspended this account"),
        ("SendingPausedException", "", "Sending is paused at Amazon SES"),
        ("MailFromDomainNotVerifiedException", "", "The MAIL FROM domain is not verified"),
        ("NotFoundException", "Configuration set <x> does not exist.", "Check configuration_set"),
        ("UnrecognizedClientException", "The token is invalid.", "Check the AWS credentials"),
        ("ExpiredTokenException", "The token has expired.", "Check the AWS credentials"),
        ("InvalidSignatureException", "Signature expired.", "Check the AWS credentials"),
        ("AccessDeniedException", "Not authorized to perform", "Check the AWS credentials"),
        ("MessageRejected", UNVERIFIED, "Verify the address or domain in the SES console"),
    ],
)
def test_what_is_wrong_with_the_account_stops_the_send(
    mailer, root, ses, *, store, method, code, message, said
):
    use(root, method)
    mailer("send", "vote", "--yes", "--limit", "2")
    ses.inject("exception", code=code, message=message)
    ended, output = mailer("resume", "vote", "--yes")
    assert ended == 3
    assert "vote is paused: " in output
    assert said in output
    assert message in output
    assert "mailer resume vote" in output
    assert state(store) is SendState.PAUSED
    assert (counts(store).accepted, counts(store).pending) == (2, 7)
    ses.clear()
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert received(ses) == everybody()


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("ACCOUNT_SUSPENDED", "Amazon SES has suspended this account"),
        ("ACCOUNT_SENDING_PAUSED", "Sending is paused at Amazon SES"),
        ("CONFIGURATION_SET_SENDING_PAUSED", "Sending is paused at Amazon SES"),
        ("MAIL_FROM_DOMAIN_NOT_VERIFIED", "The MAIL FROM domain is not verified"),
        ("CONFIGURATION_SET_NOT_FOUND", "Check configuration_set"),
        ("TEMPLATE_NOT_FOUND", "Check configuration_set and region"),
        ("INVALID_SENDING_POOL_NAME", "Check configuration_set and region"),
        ("MESSAGE_REJECTED", "Verify the address or domain in the SES console"),
        ("INVALID_PARAMETER", "Verify the address or domain in the SES console"),
    ],
)
def test_an_entry_of_a_bulk_call_may_stop_the_send(mailer, root, ses, *, store, status, said):
    use(root, "bulk")
    ses.inject("partial", statuses=["SUCCESS", status, "SUCCESS"], message=UNVERIFIED, times=1)
    ended, output = mailer("send", "vote", "--yes")
    assert ended == 3
    assert said in output
    assert UNVERIFIED in output
    assert state(store) is SendState.PAUSED
    assert counts(store).failed == counts(store).uncertain == 0
    assert counts(store).pending >= 1
    assert counts(store).accepted == len(received(ses))
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert received(ses) == everybody()


@METHODS
def test_a_sender_that_is_not_verified_stops_the_send(mailer, root, ses, store, method):
    use(root, method)
    ses.change(identities=("elsewhere.example",))
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 3
    assert "vote is paused: Amazon SES does not send for this address: " in said
    assert "The following identities failed the check in region US-EAST-1: news@example.org" in said
    assert "Verify the address or domain in the SES console" in said
    assert state(store) is SendState.PAUSED
    assert (counts(store).pending, received(ses)) == (9, [])
    ses.change(identities=("example.org",))
    assert mailer("resume", "vote", "--yes")[0] == 0
    assert received(ses) == everybody()


@pytest.mark.parametrize(
    "setup", ["bad-credentials", "expired-credentials", "access-denied", "sending-disabled"]
)
def test_an_account_that_cannot_send_is_found_before_anything_begins(mailer, ses, store, setup):
    ses.change(setup=setup)
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 2
    assert "mailer doctor" in said
    assert store.sends.all() == []


def test_without_credentials_nothing_begins(mailer, ses, store, monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 2
    assert "There are no AWS credentials" in said
    assert "mailer doctor" in said
    assert store.sends.all() == []
    assert ses.requests == []


def test_without_a_region_nothing_begins(mailer, root, ses, store, monkeypatch):
    for name in ("AWS_DEFAULT_REGION", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    (root / "mailer.toml").write_text((root / "mailer.toml").read_text().replace("us-east-1", ""))
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 2
    assert "You must specify a region" in said
    assert store.sends.all() == []
    assert ses.requests == []


# ---------------------------------------------------------------- this recipient


@METHODS
@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("BadRequestException", "Domain contains illegal character"),
        ("MessageRejected", "Message rejected: it contains a virus."),
    ],
)
def test_a_refused_recipient_fails_alone(mailer, root, ses, *, store, method, code, message):
    use(root, method)
    ses.inject("exception", code=code, message=message, to=address(3))
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 1
    assert "1 failed and 0 are uncertain" in said
    assert (counts(store).accepted, counts(store).failed) == (8, 1)
    assert state(store) is SendState.FINISHED
    _, said = mailer("status", "vote")
    assert f"{address(3)}: {message}" in said
    assert mailer("send", "vote", "--yes")[0] == 0
    assert len(received(ses)) == 8


@pytest.mark.parametrize("status", ["INVALID_PARAMETER", "MESSAGE_REJECTED", "FAILED"])
def test_a_refused_entry_of_a_bulk_call_fails_alone(mailer, root, ses, *, store, status):
    use(root, "bulk")
    ses.inject("partial", statuses=["SUCCESS", status], times=1)
    ended, said = mailer("send", "vote", "--yes")
    assert ended == 1
    assert "1 failed and 0 are uncertain" in said
    assert (counts(store).accepted, counts(store).failed) == (8, 1)
    assert f"({status})" in mailer("status", "vote")[1]
    assert len(received(ses)) == 8


@METHODS
def test_ten_refusals_for_the_same_reason_are_the_campaigns_fault(mailer, root, ses, store, method):
    use(root, method)
    enrol(store, range(300))
    ses.inject("exception", code="BadRequestException", message="Header is invalid.")
    ended, said = mailer("send", "vote", "--yes", "--rate", "40")
    assert ended == 3
    assert "10 messages in a row were refused with the same answer: Header is invalid." in said
    assert "it is the campaign or the account that is wrong, not the recipients" in said
    assert state(store) is SendState.PAUSED
    found = counts(store)
    assert 10 <= found.failed <= 10 + 80
    assert found.pending == 300 - found.failed
    assert received(ses) == []


# ---------------------------------------------------------------- nobody knows


@METHODS
@pytest.mark.parametrize(
    ("fault", "taken", "said"),
    [
        ({"kind": "hang", "seconds": 0.2}, True, "there was no answer, it may have been sent"),
        ({"kind": "drop"}, True, "there was no answer, it may have been sent"),
        ({"kind": "drop-before"}, False, "there was no answer, it may have been sent"),
        ({"kind": "error"}, False, "Amazon SES is in trouble, it may have been sent"),
        ({"kind": "error", "accepted": True}, True, "Amazon SES is in trouble"),
        ({"kind": "unavailable"}, False, "Amazon SES is in trouble, it may have been sent"),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if isinstance(value, dict) else "",
)
def test_a_lost_answer_leaves_its_recipients_uncertain_for_good(
    mailer, root, ses, *, store, method, fault, taken, said
):
    use(root, method)
    ses.inject(**fault, times=1)
    ended, output = mailer("send", "vote", "--yes")
    assert ended == 1
    assert "mailer reconcile vote" in output
    found = counts(store)
    assert found.uncertain == (1 if method == "raw" else found.uncertain) > 0
    assert found.accepted == 9 - found.uncertain
    assert state(store) is SendState.FINISHED
    for command in ("send", "resume"):
        mailer(command, "vote", "--yes")
        assert counts(store) == found
    ended, output = mailer("reconcile", "vote", "--json")
    assert ended == 1
    (report,) = json.JSONDecoder().raw_decode(output)[0]
    assert all(said in doubt["why"] for doubt in report["uncertain"])
    doubtful = {doubt["email"] for doubt in report["uncertain"]}
    assert (doubtful <= set(received(ses))) is taken
    assert len(set(received(ses))) == len(received(ses))


@METHODS
def test_an_answer_that_takes_too_long_leaves_its_recipients_uncertain(
    mailer, root, ses, *, store, method, monkeypatch
):
    use(root, method)
    monkeypatch.setitem(SesTransport.__init__.__kwdefaults__, "read_timeout", 0.5)
    ses.inject("hang", seconds=3, times=1)
    assert mailer("send", "vote", "--yes")[0] == 1
    found = counts(store)
    assert found.uncertain > 0
    assert found.accepted == 9 - found.uncertain
    assert "ReadTimeoutError" in mailer("reconcile", "vote")[1]
    assert received(ses) == everybody()


@METHODS
def test_an_outage_pauses_the_send(mailer, root, ses, *, store, method, monkeypatch):
    monkeypatch.setattr(circuit_breaker, "PATIENCE", 0)
    use(root, method)
    enrol(store, range(300))
    ses.inject("unavailable")
    ended, said = mailer("send", "vote", "--yes", "--rate", "20")
    assert ended == 3
    assert "most calls were lost: Amazon SES is in trouble" in said
    assert state(store) is SendState.PAUSED
    assert counts(store).pending > 0
    assert counts(store).uncertain + counts(store).pending == 300


def test_death_between_the_call_and_the_record_leaves_them_uncertain(mailer, root, ses, store):
    ses.inject("slow", seconds=30)
    with start(root, "send", "vote", "--yes", "--rate", "5") as process:
        deadline = time.monotonic() + 30
        while not any(has_left(root, number) for number in range(1, 10)):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.kill()
        process.communicate()
    left = sum(has_left(root, number) for number in range(1, 10))
    ses.clear()
    ended, _ = mailer("resume", "vote", "--yes")
    assert ended == 1
    assert (counts(store).uncertain, counts(store).accepted) == (left, 9 - left)
    _, said = mailer("reconcile", "vote")
    assert "the program ended between the request to Amazon SES and its answer" in said


def has_left(root, delivery_id):
    """Whether the sender's marks say that the call of a delivery was on its way."""
    marks = InFlightMarks(root / "lists" / "mailer.db-in-flight", boot=boot_id())
    return marks.get(delivery_id) is Progress.LEFT


def test_a_second_ctrl_c_does_not_wait_for_an_answer(root, ses, store):
    ses.inject("slow", seconds=40)
    with start(root, "send", "vote", "--yes") as process:
        deadline = time.monotonic() + 30
        while not store.sends.all() or not store.sends.counts(1).sending:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(1)
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=15)
    assert process.returncode == 130
    assert "vote was stopped at once" in said
    assert store.sends.counts(1).balanced


# ---------------------------------------------------------------- encryption


@pytest.fixture
def divert(monkeypatch):
    """Messages go to another endpoint than the questions about the account."""

    def divert(endpoint):
        make = client.AwsClients.client

        def elsewhere(self, purpose):
            with monkeypatch.context() as patch:
                if purpose is client.Purpose.SENDING:
                    patch.setenv("AWS_ENDPOINT_URL_SESV2", endpoint)
                return make(self, purpose)

        monkeypatch.setattr(client.AwsClients, "client", elsewhere)

    return divert


@METHODS
def test_a_certificate_that_cannot_be_trusted_stops_the_send(
    mailer, root, ses, *, store, method, tmp_path, divert
):
    use(root, method)
    with listening(self_signed(tmp_path)) as endpoint:
        divert(endpoint)
        ended, said = mailer("send", "vote", "--yes")
    assert ended == 3
    assert "vote is paused: Amazon SES cannot be trusted: " in said
    assert "certificate verify failed" in said
    assert "Check this machine's clock, its certificates" in said
    assert state(store) is SendState.PAUSED
    assert (counts(store).pending, received(ses)) == (9, [])


@METHODS
def test_encryption_that_breaks_leaves_its_recipients_uncertain(
    mailer, root, ses, *, store, method, divert
):
    use(root, method)
    with listening(plain) as endpoint:
        divert(endpoint)
        ended, said = mailer("send", "vote", "--yes")
    assert ended == 1
    assert "0 failed and 9 are uncertain" in said
    assert "mailer reconcile vote" in said
    assert (counts(store).uncertain, received(ses)) == (9, [])
    assert "WRONG_VERSION_NUMBER" in mailer("reconcile", "vote")[1]


def test_an_account_that_cannot_be_asked_in_confidence_is_not_sent_through(
    mailer, store, tmp_path, monkeypatch
):
    for answer, told in [(self_signed(tmp_path), "be trusted"), (plain, "be asked")]:
        with listening(answer) as endpoint:
            monkeypatch.setenv("AWS_ENDPOINT_URL_SESV2", endpoint)
            ended, said = mailer("send", "vote", "--yes")
        assert ended == 2
        assert f"Amazon SES cannot {told}" in said
        assert store.sends.all() == []


# ---------------------------------------------------------------- proofs


def test_a_proof_goes_through_ses_and_leaves_no_trace_in_the_ledger(mailer, ses, store):
    ended, said = mailer("test", "vote", "ana@example.org", "bo@example.org")
    assert ended == 0
    assert "Sent through Amazon SES in us-east-1." in said
    assert received(ses) == ["ana@example.org", "bo@example.org"]
    assert all(b"Subject: [TEST] " in message.mime for message in ses.accepted)
    assert {message.tags["delivery"] for message in ses.accepted} == {"0"}
    assert store.sends.all() == []


def test_a_refused_proof_says_why(mailer, ses):
    ses.change(setup="sandbox", identities=("example.org",))
    ended, said = mailer("test", "vote", "ana@elsewhere.example")
    assert ended == 2
    assert "Email address is not verified" in said
    assert "ask for production access" in said


def test_an_uncertain_proof_says_so(mailer, ses):
    ses.inject("drop", times=1)
    ended, said = mailer("test", "vote", "ana@example.org")
    assert ended == 2
    assert "ana@example.org: there was no answer, it may have been sent" in said
