"""The ledger: nobody is lost, nobody is mailed twice, whatever runs at once and whatever dies."""

import contextlib
import os
import signal
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mailer.errors import StoreError, UsageError
from mailer.ledger.delivery import DeliveryState, Result, SendState, StoredMessage
from mailer.lists.import_row import ImportRow
from mailer.lists.membership import SuppressionReason
from mailer.store import connect
from mailer.store.sql import deliveries
from mailer.throttle import Reservation
from tests.support.stores import address_of, kill

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
ACCEPTED, PENDING = DeliveryState.ACCEPTED, DeliveryState.PENDING


def hashes(email):
    return [f"hash of {email}"]


def address(number):
    return f"person{number}@example.org"


def enrol(store, numbers, list_name="members"):
    rows = [ImportRow(row=i, email=address(n)) for i, n in enumerate(numbers, 1)]
    store.imports.import_rows(list_name, rows, source="test", now=NOW)


def freeze(store, ids=None, *, campaign="vote", list_name="members", snapshot=b"words"):
    if ids is None:
        ids = [subscriber.id for subscriber in store.subscribers.audience(list_name)]
    words = {"query": "", "snapshot": snapshot, "digest": "d", "transport": "outbox"}
    return store.sends.freeze(campaign, list_name, ids, **words, now=NOW)


def start(store, **options):
    send, _ = freeze(store, **options)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    return send


def outcome(claims, state=ACCEPTED, **more):
    return [Result(claim.delivery_id, state, **more) for claim in claims]


def emails(claims):
    return [claim.subscriber.email for claim in claims]


def die(store):
    """As the kernel sees a process die: the lock is free, nothing is tidied up."""
    kill(store)
    store.database.connection.close()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "lists" / "mailer.db"


@pytest.fixture
def open_store(path):
    with contextlib.ExitStack() as stack:

        def opened():
            store = connect(path, hashes)
            stack.callback(store.close)
            return store

        yield opened


@pytest.fixture
def store(open_store):
    store = open_store()
    enrol(store, range(10))
    return store


@pytest.fixture
def other(open_store, store):  # noqa: ARG001 - opened after `store`, on the same file
    return open_store()


# ---------------------------------------------------------------- freezing


def test_freezing_makes_a_queued_send_with_everybody_pending(store):
    send, added = freeze(store)
    assert (send.campaign, send.list_name, send.state) == ("vote", "members", SendState.QUEUED)
    assert added == 10
    counts = store.sends.counts(send.id)
    assert (counts.audience, counts.pending) == (10, 10)


def test_freezing_again_adds_only_who_is_new_and_keeps_the_words(store):
    first, _ = freeze(store)
    enrol(store, range(8, 13))
    again, added = freeze(store, snapshot=b"other words")
    assert added == 3
    assert (again.id, again.snapshot) == (first.id, b"words")
    assert store.sends.counts(first.id).audience == 13


def test_a_campaign_reaches_a_person_once_whatever_lists_it_goes_to(store):
    start(store)
    enrol(store, range(5, 15), "friends")
    send, added = freeze(store, list_name="friends")
    assert added == 5
    assert store.sends.counts(send.id).audience == 5


def test_other_campaigns_are_free_to_reach_the_same_people(store):
    freeze(store)
    assert freeze(store, campaign="picnic")[1] == 10


def test_an_id_given_twice_or_of_nobody_counts_once_or_not(store):
    send, added = freeze(store, ids=[1, 2, 2, 999])
    assert added == 2
    assert store.sends.counts(send.id).audience == 2


def test_freezing_that_fails_half_way_leaves_nothing(store):
    def ids():
        yield from range(1, 8)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        freeze(store, ids=ids())
    assert store.sends.all() == []
    assert freeze(store, ids=[9])[1] == 1


def test_the_audience_may_stream_from_the_same_store_while_it_is_frozen(store):
    ids = (subscriber.id for subscriber in store.subscribers.audience("members"))
    assert freeze(store, ids=ids)[1] == 10


def test_others_can_write_while_an_audience_streams_in(store, other):
    def ids():
        for i in range(1, 11):
            other.suppressions.suppress(
                f"x{i}@example.org", SuppressionReason.MANUAL, detail="", now=NOW
            )
            yield i

    assert freeze(store, ids=ids())[1] == 10


def test_freezing_for_a_list_that_is_not_there_is_an_error(store):
    with pytest.raises(UsageError, match='no list "nobody"'):
        freeze(store, ids=[1], list_name="nobody")


def test_people_added_to_a_finished_send_queue_it_again(store):
    send = start(store)
    store.deliveries.record(outcome(store.deliveries.claim(send.id, 99, now=NOW)), now=NOW)
    store.sends.set_state(send.id, SendState.FINISHED, now=NOW)
    assert freeze(store)[0].state is SendState.FINISHED
    enrol(store, [50])
    assert freeze(store)[0].state is SendState.QUEUED


# ---------------------------------------------------------------- claiming and recording


def test_a_claim_is_committed_before_it_is_handed_out(store, other):
    send = start(store)
    claims = store.deliveries.claim(send.id, 4, now=NOW)
    assert len(claims) == 4
    assert other.sends.counts(send.id).sending == 4


def test_nobody_is_claimed_twice(store, other):
    send = start(store)
    claims = [
        *store.deliveries.claim(send.id, 6, now=NOW),
        *other.deliveries.claim(send.id, 6, now=NOW),
    ]
    assert sorted(emails(claims)) == sorted(address(n) for n in range(10))
    assert store.deliveries.claim(send.id, 6, now=NOW) == []


@pytest.mark.parametrize("state", [s for s in SendState if s is not SendState.SENDING])
def test_nothing_is_claimed_unless_the_send_is_sending(store, state):
    send, _ = freeze(store)
    store.sends.set_state(send.id, state, now=NOW)
    assert store.deliveries.claim(send.id, 5, now=NOW) == []


def test_a_claim_brings_the_whole_subscriber(store):
    row = ImportRow(
        row=1, email="a@example.org", first_name="Ana", last_name="Oyelaran", zip="97212",
        city="Portland", state="OR", county="Multnomah County", timezone="America/Los_Angeles",
        fields={"chapter": "East"}, tags=("donor", "volunteer"),
    )  # fmt: skip
    store.imports.import_rows("solo", [row], source="test", now=NOW)
    send = start(store, list_name="solo")
    (expected,) = store.subscribers.audience("solo")
    assert [claim.subscriber for claim in store.deliveries.claim(send.id, 5, now=NOW)] == [expected]
    assert expected.fields == {"chapter": "East"}


def test_whoever_left_since_is_skipped_with_the_reason_and_others_take_their_place(store):
    send = start(store)
    store.subscribers.unsubscribe("members", address(0), how="one-click", now=NOW)
    store.suppressions.suppress(address(1), SuppressionReason.COMPLAINED, detail="", now=NOW)
    store.subscribers.erase(address(2), now=NOW)
    reasons = {
        r.claim.subscriber.email: r.left_out for r in store.deliveries.remaining(send.id, now=NOW)
    }
    assert reasons[address(0)] == "unsubscribed"
    assert reasons[address(1)] == "complained"
    claims = store.deliveries.claim(send.id, 3, now=NOW)
    assert emails(claims) == [address(3), address(4), address(5)]
    counts = store.sends.counts(send.id)
    assert (counts.skipped, counts.sending, counts.pending) == (3, 3, 4)
    assert counts.balanced


def test_a_claim_passes_over_a_page_of_people_and_no_more(store, monkeypatch):
    monkeypatch.setattr(deliveries, "PAGE", 3)
    send = start(store)
    for number in range(4):
        store.subscribers.unsubscribe("members", address(number), how="form", now=NOW)
    assert store.deliveries.claim(send.id, 2, now=NOW) == []
    assert store.sends.counts(send.id).skipped == 3
    assert store.schedule.is_due(send.id, now=NOW)
    assert emails(store.deliveries.claim(send.id, 2, now=NOW)) == [address(4), address(5)]


def test_a_pending_delivery_whose_subscriber_is_missing_is_skipped_as_erased(store):
    send = start(store, ids=[1, 2])
    with store.database.writing():
        store.database.connection.execute("DELETE FROM memberships WHERE subscriber_id = 1")
        store.database.connection.execute("DELETE FROM subscribers WHERE id = 1")
    assert [r.left_out for r in store.deliveries.remaining(send.id, now=NOW)] == ["erased", ""]
    assert [claim.subscriber.id for claim in store.deliveries.claim(send.id, 5, now=NOW)] == [2]
    assert store.sends.counts(send.id).skipped == 1


def test_outcomes_are_recorded_with_their_details(store):
    send = start(store)
    good, bad, lost, back = store.deliveries.claim(send.id, 4, now=NOW)
    store.deliveries.record(
        [
            Result(good.delivery_id, ACCEPTED, message_id="<1@example.org>"),
            Result(bad.delivery_id, DeliveryState.FAILED, detail="550 no such person"),
            Result(lost.delivery_id, DeliveryState.UNCERTAIN, detail="timed out"),
            Result(back.delivery_id, PENDING),
        ],
        now=NOW,
    )
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.failed, counts.uncertain, counts.pending) == (1, 1, 1, 7)
    assert store.deliveries.failures(send.id, 10) == [
        (address(1), "550 no such person"),
        (address(2), "timed out"),
    ]
    assert store.deliveries.failures(send.id, 1) == [(address(1), "550 no such person")]


def test_what_comes_back_unsent_is_claimed_again_and_what_was_accepted_is_not(store):
    send = start(store)
    first, second = store.deliveries.claim(send.id, 2, now=NOW)
    store.deliveries.record([*outcome([first]), *outcome([second], PENDING)], now=NOW)
    assert emails(store.deliveries.claim(send.id, 99, now=NOW)) == [
        address(n) for n in range(1, 10)
    ]


def test_somebody_erased_while_in_flight_stays_in_the_counts(store):
    send = start(store)
    claims = store.deliveries.claim(send.id, 2, now=NOW)
    store.subscribers.erase(claims[0].subscriber.email, now=NOW)
    store.deliveries.record(outcome(claims, DeliveryState.FAILED, detail="refused"), now=NOW)
    assert store.sends.counts(send.id).failed == 2
    assert "(erased)" in dict(store.deliveries.failures(send.id, 9))


def test_of_somebody_erased_while_in_flight_no_copy_is_kept(store):
    send = start(store)
    claims = store.deliveries.claim(send.id, 2, now=NOW)
    store.subscribers.erase(claims[0].subscriber.email, now=NOW)
    store.deliveries.record(
        outcome(claims, kept=StoredMessage("digest", b"words", '["Ana"]')), now=NOW
    )
    copies = [store.web_versions.find(claim.subscriber.id, send.id) for claim in claims]
    assert copies == [None, StoredMessage("digest", b"words", '["Ana"]')]


def test_already_delivered_lists_everybody_with_a_delivery_in_order(store):
    freeze(store, ids=[3, 1])
    enrol(store, range(10), "friends")
    freeze(store, ids=[2], list_name="friends")
    assert list(store.deliveries.already_delivered("vote")) == [1, 2, 3]
    assert list(store.deliveries.already_delivered("picnic")) == []


# ---------------------------------------------------------------- states


def test_cancelling_skips_the_rest_and_is_final(store):
    send = start(store)
    claims = store.deliveries.claim(send.id, 2, now=NOW)
    store.sends.set_state(send.id, SendState.CANCELLED, now=NOW)
    store.deliveries.record([*outcome(claims[:1]), *outcome(claims[1:], PENDING)], now=NOW)
    counts = store.sends.counts(send.id)
    assert (counts.accepted, counts.skipped, counts.pending) == (1, 9, 0)
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert store.sends.find("vote", "members").state is SendState.CANCELLED
    with pytest.raises(UsageError, match="cancelled"):
        freeze(store, ids=[1])


def test_a_send_with_something_left_is_never_finished(store):
    send = start(store)
    claims = store.deliveries.claim(send.id, 10, now=NOW)
    store.sends.set_state(send.id, SendState.FINISHED, now=NOW)
    assert store.sends.find("vote", "members").state is SendState.SENDING
    store.deliveries.record(outcome(claims), now=NOW)
    store.sends.set_state(send.id, SendState.FINISHED, now=NOW)
    assert store.sends.find("vote", "members").state is SendState.FINISHED


def test_sends_are_found_by_campaign_and_list(store):
    enrol(store, range(3), "friends")
    one, _ = freeze(store)
    two, _ = freeze(store, list_name="friends")
    three, _ = freeze(store, campaign="picnic")
    assert store.sends.find("vote", "friends") == two
    assert store.sends.find("vote", "nobody") is None
    assert store.sends.all("vote") == [one, two]
    assert store.sends.all() == [one, two, three]


def test_the_note_says_why_a_send_is_paused_and_goes_when_it_goes_on(store):
    send = start(store)
    store.sends.set_state(send.id, SendState.PAUSED, note="the disk is full", now=NOW)
    assert store.sends.find("vote", "members").note == "the disk is full"
    store.sends.set_state(send.id, SendState.SENDING, now=NOW)
    assert store.sends.find("vote", "members").note == ""


# ---------------------------------------------------------------- the dead


def test_what_a_living_sender_holds_is_not_abandoned(store, other):
    send = start(store)
    store.deliveries.claim(send.id, 3, now=NOW)
    assert other.deliveries.abandoned(send.id) == []
    assert store.deliveries.abandoned(send.id) == []


def test_what_a_dead_sender_held_is_abandoned_and_taken_over_once(store, other, open_store):
    send = start(store)
    held = store.deliveries.claim(send.id, 3, now=NOW)
    die(store)
    assert other.deliveries.abandoned(send.id) == held
    assert open_store().deliveries.abandoned(send.id) == []
    other.deliveries.record(outcome(held), now=NOW)
    assert other.sends.counts(send.id).accepted == 3


def test_what_was_taken_over_is_abandoned_again_when_that_sender_dies(store, other, open_store):
    send = start(store)
    held = store.deliveries.claim(send.id, 3, now=NOW)
    die(store)
    other.deliveries.abandoned(send.id)
    die(other)
    assert open_store().deliveries.abandoned(send.id) == held


def test_what_another_took_over_cannot_be_recorded_any_more(store, other):
    send = start(store)
    held = store.deliveries.claim(send.id, 3, now=NOW)
    kill(store)
    other.deliveries.record(outcome(other.deliveries.abandoned(send.id)[:2], PENDING), now=NOW)
    with pytest.raises(StoreError, match="3 deliveries were no longer"):
        store.deliveries.record(outcome(held), now=NOW)
    assert other.sends.counts(send.id).accepted == 0


def test_an_abandoned_delivery_of_somebody_erased_has_no_address(store, other):
    send = start(store)
    held = store.deliveries.claim(send.id, 1, now=NOW)
    store.subscribers.erase(held[0].subscriber.email, now=NOW)
    die(store)
    (found,) = other.deliveries.abandoned(send.id)
    assert found.delivery_id == held[0].delivery_id
    assert found.subscriber.email == ""


@pytest.mark.sqlite_only("its leases are files")
def test_a_store_that_was_closed_leaves_no_lock_file(store, path):
    send = start(store)
    store.deliveries.claim(send.id, 1, now=NOW)
    assert len(list((path.parent / "workers").iterdir())) == 1
    store.close()
    assert list((path.parent / "workers").iterdir()) == []


@pytest.mark.sqlite_only("its leases are files")
def test_lock_files_of_the_dead_are_cleared_away_and_those_of_the_living_kept(
    store, other, open_store, path
):
    send = start(store)
    dead, living = (
        store.deliveries.claim(send.id, 1, now=NOW),
        other.deliveries.claim(send.id, 1, now=NOW),
    )
    die(store)
    third = open_store()
    assert third.deliveries.abandoned(send.id) == dead
    assert len(list((path.parent / "workers").iterdir())) == 2
    other.deliveries.record(outcome(living), now=NOW)


CLAIM_AND_HANG = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from mailer.store import connect
place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
store = connect(place, lambda email: [email])
print(len(store.deliveries.claim(int(sys.argv[2]), 3, now=datetime.now(UTC))), flush=True)
time.sleep(60)
"""


def test_kill_9_abandons_what_a_process_held(store):
    send = start(store)
    with subprocess.Popen(
        [sys.executable, "-c", CLAIM_AND_HANG, address_of(store), str(send.id)],
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"3\n"
        assert store.deliveries.abandoned(send.id) == []
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    assert len(store.deliveries.abandoned(send.id)) == 3


CLAIM_ALL = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from mailer.ledger.delivery import DeliveryState, Result
from mailer.store import connect
place = sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])
store, now = connect(place, lambda email: [email]), datetime.now(UTC)
while claims := store.deliveries.claim(int(sys.argv[2]), 7, now=now):
    print(*(claim.subscriber.email for claim in claims), sep="\\n")
    store.deliveries.record([Result(c.delivery_id, DeliveryState.ACCEPTED) for c in claims], now=now)
store.close()
"""


def test_processes_that_claim_at_once_share_everybody_between_them(store):
    enrol(store, range(400))
    send = start(store)
    command = [sys.executable, "-c", CLAIM_ALL, address_of(store), str(send.id)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    shares = [process.communicate()[0].split() for process in processes]
    assert Counter(email for share in shares for email in share) == Counter(
        address(n) for n in range(400)
    )
    assert store.sends.counts(send.id).accepted == 400


# ---------------------------------------------------------------- the throttle


def test_stores_share_one_rate(store, other):
    waits = [
        s.throttle.reserve("ses", 10, rate=10, burst=10, clock=lambda: 100.0).wait
        for s in (store, other, store)
    ]
    assert waits == [0, 1, 2]
    assert other.throttle.reserve("outbox", 10, rate=10, burst=10, clock=lambda: 100.0).wait == 0


def test_time_that_passes_pays_for_what_was_reserved(store, other):
    store.throttle.reserve("ses", 10, rate=10, burst=10, clock=lambda: 100.0)
    assert other.throttle.reserve("ses", 10, rate=10, burst=10, clock=lambda: 100.75).wait == 0.25


def test_stores_share_what_is_left_of_a_rate(store, other):
    store.throttle.slow_down("ses", clock=lambda: 100.0)
    turns = [
        s.throttle.reserve("ses", 10, rate=10, burst=10, clock=lambda: 100.0)
        for s in (other, store)
    ]
    assert turns == [Reservation(wait=0, rate_factor=0.5), Reservation(wait=2, rate_factor=0.5)]
    assert other.throttle.reserve("ses", 1, rate=10, burst=10, clock=lambda: 150.0).rate_factor == 1
    assert (
        other.throttle.reserve("outbox", 1, rate=10, burst=10, clock=lambda: 100.0).rate_factor == 1
    )


@pytest.mark.sqlite_only("a server has one clock for all")
def test_the_clock_is_read_when_it_is_this_reservations_turn(store, other):
    """Of two that ask at once, the later is not taken for one whose clock was set back."""
    other.database.connection.execute("PRAGMA busy_timeout = 10")
    refused = []

    def clock():
        with pytest.raises(StoreError, match="locked") as refusal:
            other.throttle.reserve("ses", 1, rate=10, burst=1, clock=lambda: 0.0)
        refused.append(refusal)
        return 100.0

    store.throttle.reserve("ses", 1, rate=10, burst=1, clock=clock)
    assert len(refused) == 1


# ---------------------------------------------------------------- everything at once


class Bookkeeping(RuleBasedStateMachine):
    """Two senders on one database, any verbs in any order, either dying at any moment.

    `every_ledger_is_balanced` fails the test after any step that loses somebody.
    """

    PEOPLE = 12
    balanced: ClassVar[set[SendState]] = set()
    """The states in which sends with somebody in their ledger were balanced."""

    def __init__(self):
        super().__init__()
        self.folder = TemporaryDirectory()
        self.path = Path(self.folder.name) / "mailer.db"
        self.stores = [connect(self.path, hashes) for _ in range(2)]
        for name in ("members", "friends"):
            enrol(self.stores[0], range(self.PEOPLE), name)
        self.ids = {s.email: s.id for s in self.stores[0].subscribers.audience("members")}
        self.in_flight = [[], []]
        self.orphans = set()
        self.over = {}
        self.gone = set()

    def teardown(self):
        for store in self.stores:
            store.close()
        self.folder.cleanup()

    senders = st.integers(0, 1)
    people = st.integers(0, PEOPLE - 1).map(address)
    sends = st.sampled_from(
        [(c, name) for c in ("vote", "picnic") for name in ("members", "friends")]
    )

    def find(self, sender, which):
        return self.stores[sender].sends.find(*which)

    @rule(sender=senders, which=sends, who=st.lists(people, max_size=8))
    def freeze(self, sender, which, who):
        send = self.find(sender, which)
        if send and send.state is SendState.CANCELLED:
            return
        freeze(
            self.stores[sender],
            ids=[self.ids[email] for email in who],
            campaign=which[0],
            list_name=which[1],
        )

    @rule(sender=senders, which=sends, state=st.sampled_from(SendState))
    def set_state(self, sender, which, state):
        if send := self.find(sender, which):
            self.stores[sender].sends.set_state(send.id, state, now=NOW)

    @rule(sender=senders, which=sends, limit=st.integers(1, 5))
    def claim(self, sender, which, limit):
        send = self.find(sender, which)
        if send is None:
            return
        self.stores[sender].sends.set_state(send.id, SendState.SENDING, now=NOW)
        for claim in self.stores[sender].deliveries.claim(send.id, limit, now=NOW):
            assert claim.delivery_id not in self.over
            assert claim.delivery_id not in self.orphans
            assert claim not in self.in_flight[0] + self.in_flight[1]
            assert claim.subscriber.email not in self.gone
            self.in_flight[sender].append(claim)

    @rule(sender=senders, data=st.data())
    def record(self, sender, data):
        states = st.sampled_from([ACCEPTED, DeliveryState.FAILED, DeliveryState.UNCERTAIN, PENDING])
        held = self.in_flight[sender]
        results = [
            Result(claim.delivery_id, data.draw(states))
            for claim in held[: data.draw(st.integers(0, len(held)))]
        ]
        del held[: len(results)]
        self.stores[sender].deliveries.record(results, now=NOW)
        self.over |= {r.delivery_id: r.state for r in results if r.state is not PENDING}

    @rule(sender=senders)
    def die(self, sender):
        die(self.stores[sender])
        self.orphans |= {claim.delivery_id for claim in self.in_flight[sender]}
        self.in_flight[sender] = []
        self.stores[sender] = connect(self.path, hashes)

    @precondition(lambda self: self.orphans)
    @rule(sender=senders, which=sends, state=st.sampled_from([ACCEPTED, PENDING]))
    def settle(self, sender, which, state):
        if send := self.find(sender, which):
            found = self.stores[sender].deliveries.abandoned(send.id)
            assert {claim.delivery_id for claim in found} <= self.orphans
            self.orphans -= {claim.delivery_id for claim in found}
            self.stores[sender].deliveries.record(outcome(found, state), now=NOW)
            if state is ACCEPTED:
                self.over |= {claim.delivery_id: state for claim in found}

    @rule(sender=senders, email=people)
    def suppress(self, sender, email):
        self.stores[sender].suppressions.suppress(
            email, SuppressionReason.BOUNCED, detail="", now=NOW
        )
        self.gone.add(email)

    @rule(sender=senders, email=people)
    def erase(self, sender, email):
        self.stores[sender].subscribers.erase(email, now=NOW)
        self.gone.add(email)

    @rule(sender=senders, email=people, name=st.sampled_from(["members", "friends"]))
    def unsubscribe(self, sender, email, name):
        self.stores[sender].subscribers.unsubscribe(name, email, how="one-click", now=NOW)

    @invariant()
    def every_ledger_is_balanced(self):
        totals = Counter()
        for send in self.stores[0].sends.all():
            counts = self.stores[1].sends.counts(send.id)
            assert counts.balanced
            if counts.audience:
                self.balanced.add(send.state)
            totals.update(
                {state: getattr(counts, state) for state in DeliveryState if state != "pending"}
            )
            if send.state is SendState.CANCELLED:
                assert counts.pending == 0
            if send.state is SendState.FINISHED:
                assert counts.pending == counts.sending == 0
        held = len(self.orphans) + sum(map(len, self.in_flight))
        assert totals["sending"] == held
        for state, number in Counter(self.over.values()).items():
            assert totals[state] == number


def test_the_books_balance_whatever_two_senders_do():
    Bookkeeping.balanced.clear()
    run_state_machine_as_test(
        Bookkeeping, settings=settings(max_examples=30, stateful_step_count=30, deadline=None)
    )
    assert SendState.SENDING in Bookkeeping.balanced
