"""A file and a server are asked the same in the same order, and answer the same; then they hold the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from mailer.errors import MailerError, StoreError
from mailer.ledger.delivery import DeliveryState, Result, SendState
from mailer.ledger.event import Event, EventOutcome
from mailer.ledger.signature import Signer
from mailer.lists.import_row import ImportedStanding, ImportRow
from mailer.lists.membership import SuppressionReason
from mailer.store import postgres, sqlite
from mailer.store.sql import petitions
from tests.support.postgres import Files

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
CONTENT = {"query": "", "snapshot": b"\0\xff", "digest": "d", "transport": "outbox"}

ADDRESSES = [
    "ana@example.org",
    "ana_b@example.net",
    "b%o@example.org",
    "zoë@example.org",
    "o'neil@example.com",
    "z@xn--caf-dma.example",
]
TEXTS = [
    "",
    " ",
    "Ana",
    "ana",
    "ANA",
    "Äna",
    "äna",
    "Ana\u0308",
    "ß",
    "SS",
    "İ",
    "100%",
    "a_b",
    "a\\b",
    "\\",
    "'",
    '"',
    "{}",
    "null",
    "\u2028",
    "tab\there",
    "🗳️",
    "x" * 300,
    ":name %s %(a)s",
]
texts = st.sampled_from(TEXTS) | st.text(
    st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=6
)
addresses = st.sampled_from(ADDRESSES)
lists = st.sampled_from(["members", "Members", "mem_bers", "allies"])
moments = st.integers(0, 5).map(lambda hours: NOW + timedelta(hours=hours))
reasons = st.sampled_from([r for r in SuppressionReason if r != SuppressionReason.ERASED])


def one_of_all(**verbs):
    """Steps: a verb with its arguments."""
    return st.one_of(*(st.tuples(st.just(verb), *given) for verb, given in verbs.items()))


standings = st.builds(
    ImportedStanding,
    status=st.sampled_from(["subscribed", "unsubscribed"]),
    since=st.sampled_from(["", "2024-02-29", "2025-01-01T10:00:00+00:00"]),
    how=st.sampled_from(["import", "export"]),
    note=texts,
    suppressed=st.sampled_from(["", "2024-02-29"]),
    consent=texts,
    created=st.just(""),
    suppression=st.sampled_from(["", "bounced", "complained"]),
    suppression_note=texts,
)
rows = st.lists(
    st.builds(
        ImportRow,
        row=st.integers(1, 99),
        email=addresses,
        first_name=texts,
        last_name=texts,
        zip=st.sampled_from(["", "02134", "97212-0001"]),
        fields=st.dictionaries(st.sampled_from(["Größe", "a b", "size"]), texts, max_size=2),
        tags=st.lists(texts, max_size=3, unique=True).map(tuple),
        standing=standings,
    ),
    max_size=6,
)
STEPS = one_of_all(
    load=(lists, rows, moments),
    undo=(st.integers(1, 3), moments),
    search=(lists, texts | st.text("an\0 ", max_size=4), st.integers(0, 5)),
    look=(lists, addresses),
    unsubscribe=(lists, addresses, moments),
    suppress=(addresses, reasons, texts, moments),
    edit=(addresses, texts, st.dictionaries(st.sampled_from(["size", "a b"]), texts, max_size=2)),
    tag=(st.lists(addresses, max_size=3), texts, st.booleans()),
    erase=(addresses, moments),
    rename=(lists, lists),
    copy=(lists, lists),
    empty=(lists,),
    begin=(st.sampled_from(["vote", "gala"]), lists, st.sampled_from([0, 2.5]), moments),
    claim=(st.integers(1, 4), moments),
    record=(st.lists(st.sampled_from(list(DeliveryState)), min_size=4, max_size=4), texts, moments),
    happen=(st.sampled_from(list(EventOutcome)), texts, addresses, st.integers(0, 9), moments),
    sign=(st.integers(1, 6), texts, moments),
    leave=(st.integers(1, 6), st.booleans(), texts, moments),
    reserve=(st.floats(0.1, 50), st.integers(1, 9), st.floats(0, 1e9)),
)


ALWAYS = [
    *(("search", "members", text, 9) for text in [*TEXTS, "\0", "\0Ana", "an\0zz"]),
    *(("look", "members", address) for address in ADDRESSES),
]
"""What is asked at the end of each example."""


class Asked:
    """One store, and what is asked of it."""

    def __init__(self, store):
        self.store = store
        self.send = None
        self.claims = []
        self.randbits = random.Random("ids of signatures").getrandbits

    def ask(self, verb, *arguments):
        petitions.secrets = self  # its random numbers are the same for both
        try:
            answer = getattr(self, verb)(*arguments)
            return list(answer) if isinstance(answer, Iterator) else answer
        except StoreError as err:
            return type(err)  # in the database's own words
        except MailerError as err:
            return type(err), err.message

    def load(self, name, people, at):
        return self.store.imports.import_rows(name, people, source="test", now=at)

    def undo(self, number, at):
        return self.store.import_log.undo(number, now=at)

    def search(self, name, text, limit):
        return self.store.preview.search(name, text, limit)

    def look(self, name, email):
        people, suppressions = self.store.subscribers, self.store.suppressions
        return (
            people.lists(),
            people.history(email),
            list(people.members(name, "allies")),
            list(people.members()),
            list(people.audience(name)),
            list(people.export(name)),
            sorted(people.field_names()),
            list(suppressions.export()),
            list(suppressions.addresses([])),
            self.store.import_log.imports(),
            self.store.lists.unfinished_sends(name),
            self.store.petitions.counts("bus"),
            self.store.petitions.tallies([]),
            list(self.store.petitions.all("bus")),
            people.get(2**62),
        )

    def unsubscribe(self, name, email, at):
        return self.store.subscribers.unsubscribe(name, email, how="staff", now=at)

    def suppress(self, email, reason, detail, at):
        self.store.suppressions.suppress(email, reason, detail=detail, now=at)
        return self.store.suppressions.suppress_reported(email, reason, detail=detail, now=at)

    def edit(self, email, name, fields):
        return self.store.subscribers.edit(email, {"first_name": name}, fields)

    def tag(self, emails, tag, remove):
        return self.store.lists.tag(emails, tag, remove=remove)

    def erase(self, email, at):
        return self.store.subscribers.erase(email, now=at)

    def rename(self, old, new):
        return self.store.lists.rename(old, new)

    def copy(self, name, new):
        return self.store.lists.copy(name, new)

    def empty(self, name):
        return self.store.lists.empty(name)

    def begin(self, campaign, name, hours, at):
        ids = [person.id for person in self.store.subscribers.audience(name)]
        self.send, added = self.store.sends.freeze(
            campaign, name, ids, **CONTENT, quiet_hours=hours, now=at
        )
        self.store.sends.set_state(self.send.id, SendState.SENDING, now=at)
        return added, self.store.sends.counts(self.send.id)

    def claim(self, number, at):
        if self.send:
            left = list(self.store.deliveries.remaining(self.send.id, now=at))
            claims = self.store.deliveries.claim(self.send.id, number, now=at)
            self.claims += claims
            return left, claims
        return None

    def record(self, states, detail, at):
        claims, self.claims = self.claims[:4], self.claims[4:]
        results = [
            Result(claim.delivery_id, state, f"id-{claim.delivery_id}", detail)
            for claim, state in zip(claims, states, strict=False)
            if state not in {DeliveryState.SENDING, DeliveryState.SKIPPED}
        ]
        self.store.deliveries.record(results, now=at)
        if not self.send:
            return None
        number = self.send.id
        return (
            self.store.sends.counts(number),
            self.store.statistics.of_send(number),
            self.store.deliveries.failures(number, 3),
            list(self.store.deliveries.uncertain(number)),
            self.store.preview.accepted_by_minute(number),
            self.store.events.stats(number),
            self.store.quiet_period.held_back(number),
        )

    def happen(self, outcome, text, email, delivery, at):
        event = Event(
            key=f"{outcome} {delivery} {text}".encode(),
            kind="Bounce",
            at=at.isoformat(timespec="seconds"),
            message_id=f"id-{delivery}",
            campaign="vote",
            delivery=delivery,
            recipient=email,
            destination=(email,),
            alone=True,
            outcome=outcome,
            type=text,
            subtype="",
            status="5.1.1",
            diagnostic=text,
            raw=text,
        )
        return self.store.events.ingest([event], patience=1, now=at)

    def sign(self, subscriber, comment, at):
        signer = Signer("bus", "w1", subscriber_id=subscriber, send_id=1)
        signature = self.store.petitions.sign(signer, now=at)
        if signature:
            details = {"comment": comment, "comment_public": "yes"}
            self.store.petitions.complete(signature.id, details, now=at)
        return signature, self.store.petitions.comments("bus", 3)

    def leave(self, subscriber, everything, reason, at):
        unsubscribes = self.store.unsubscribes
        departure = unsubscribes.leave(subscriber, 1, everything=everything, how="page", now=at)
        if departure:
            return unsubscribes.give_reason(departure, reason), unsubscribes.get(departure)
        return None

    def reserve(self, rate, number, at):
        return self.store.throttle.reserve("ses", number, rate=rate, burst=9, clock=lambda: at)


def _parts(answer):
    return answer if isinstance(answer, tuple | list) else [answer]


@pytest.fixture
def files(postgres_server, monkeypatch):
    monkeypatch.setattr(petitions, "secrets", None)
    monkeypatch.setattr(postgres.PostgresDatabase, "now", lambda _, clock: clock())
    made = Files(postgres_server)
    yield made
    made.empty()


def hashes(email):
    return [f"hash of {email}"]


def differences(one, other):
    """Tables that do not hold the same, beside numbers that a database gives out by itself."""
    databases = one.store.database, other.store.database
    held = {}
    for table, columns in databases[0].tables().items():
        compared = ["name"] if table == "lists" else [c for c in columns if c not in OWN_NUMBERS]
        rows = [
            sorted(database.rows(f"SELECT {', '.join(compared)} FROM {table}"), key=repr)
            for database in databases
        ]
        if table != "ledger" and rows[0] != rows[1]:
            held[table] = [set(rows[0]) - set(rows[1]), set(rows[1]) - set(rows[0])]
    return held


OWN_NUMBERS = {"list_id", "worker"}
"""A file gives the number of a list that is gone to the next one, a server does not; a worker's is random."""


@given(st.lists(STEPS, max_size=14))
@settings(
    max_examples=25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # to shrink takes minutes
)
def test_a_file_and_a_server_answer_alike(tmp_path_factory, files, steps):
    folder = tmp_path_factory.mktemp("example")
    with (
        closing(sqlite.connect(folder / "mailer.db", hashes, lambda _: None)) as file,
        closing(files.connect(folder / "server", hashes, lambda _: None)) as server,
    ):
        first = [ImportRow(n, email, email[:3]) for n, email in enumerate(ADDRESSES, 1)]
        pair = [Asked(store) for store in (file, server)]
        for step in [("load", "members", first, NOW), *steps, *ALWAYS]:
            answers = [asked.ask(*step) for asked in pair]
            assert answers[0] == answers[1], step
        assert differences(*pair) == {}
    files.empty()
