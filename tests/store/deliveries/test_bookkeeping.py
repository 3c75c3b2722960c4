"""Any order of claims, results, deaths and cancellations keeps the ledger balanced."""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.lists.membership import SuppressionReason
from mailer.store import connect
from tests.support.ledger import (
    ACCEPTED,
    NOW,
    PENDING,
    address,
    die,
    enrol,
    freeze,
    hashes,
    outcome,
)


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
        Bookkeeping, settings=settings(max_examples=30, stateful_step_count=30)
    )
    assert SendState.SENDING in Bookkeeping.balanced
