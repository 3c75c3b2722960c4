"""A send of 25 people, a clock that moves on demand and a transport that answers as it is told."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from mailer.compiler.compile import CutText, Variant
from mailer.ledger.delivery import DeliveryState, Result
from mailer.lists.import_row import ImportRow
from mailer.sending.loop import SendLoop
from mailer.transports.base import Allowance, BatchResult

ACCEPTED, PENDING = DeliveryState.ACCEPTED, DeliveryState.PENDING
START = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)


class Time:
    """A clock that moves only when somebody waits; its brake can be pulled at a moment."""

    def __init__(self):
        self.now = START
        self.requested = False
        self.waits = []

    def __call__(self):
        return self.now

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += timedelta(seconds=seconds)


class Way:
    """A transport that keeps what it is given, and says what it is told to say."""

    name = "fake"
    connections = 1

    def __init__(self):
        self.got = []
        self.sizes = []
        self.say = lambda outgoing: Result(outgoing.delivery_id, ACCEPTED)
        self.meanwhile = lambda: None
        self.slow_down = lambda: ""
        self.stop = lambda: None
        self.allowed = Allowance()
        self.most = 500

    def allowance(self):
        return self.allowed

    def batch_size(self, _rate):
        return self.most

    def batches(self, messages, size):
        return [messages[i : i + size] for i in range(0, len(messages), size)]

    def expect(self, claims):
        pass

    def deliver(self, messages):
        self.meanwhile()
        results = []
        for outgoing in messages:
            results.append(self.say(outgoing))
            self.got.append(outgoing.merged.email)
        self.sizes.append(len(messages))
        return BatchResult(results, self.slow_down(), self.stop())

    def settle(self, claims):
        return [
            Result(c.delivery_id, ACCEPTED if c.subscriber.email in self.got else PENDING)
            for c in claims
        ]


BLANK = Variant(1, CutText(("",), ()), CutText(("",), ()), CutText(("",), ()), (), ())


def merge(subscriber, _arm):
    return SimpleNamespace(email=subscriber.email, variant=BLANK, fillings=())


def address(number):
    return f"person{number:02}@example.org"


def enrol(store, numbers):
    rows = [ImportRow(row=i, email=address(n)) for i, n in enumerate(numbers, 1)]
    store.imports.import_rows("members", rows, source="test", now=START)
    ids = [subscriber.id for subscriber in store.subscribers.audience("members")]
    words = {"query": "", "snapshot": b"", "digest": "", "transport": "fake"}
    return store.sends.freeze("vote", "members", ids, **words, now=START)[0]


class LookingSendLoop(SendLoop):
    """Begins as somebody who has looked at the send just now."""

    def run(self, send):
        current = self._store.sends.find(send.campaign, send.list_name)
        return super().run(replace(send, version=current.version))


def state(store):
    return store.sends.find("vote", "members").state
