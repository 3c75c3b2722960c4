"""Lists: their people, and who of them may be mailed."""

from mailer.lists.membership import SuppressionReason
from mailer.store.sql import audience_facts
from tests.support.subscribers import LATER, NOW, audience, bring, row, subscriber


def test_lists_count_their_people(store):
    bring(store, row("ana"), row("bo", 2), row("cy", 3))
    bring(store, row("bo"), to="board")
    store.subscribers.unsubscribe("members", "ana@example.org", how="form", now=NOW)
    store.suppressions.suppress("bo@example.org", SuppressionReason.BOUNCED, detail="", now=NOW)
    store.suppressions.suppress("ana@example.org", SuppressionReason.BOUNCED, detail="", now=NOW)
    assert [
        (s.name, s.subscribed, s.unsubscribed, s.suppressed) for s in store.subscribers.lists()
    ] == [
        ("board", 1, 0, 1),
        ("members", 2, 1, 1),
    ]


def test_the_audience_is_who_may_be_mailed_and_members_are_all(store):
    bring(store, row("ana"), row("bo", 2), row("cy", 3))
    bring(store, row("dee"), to="board")
    store.subscribers.unsubscribe("members", "ana@example.org", how="one-click", now=LATER)
    store.suppressions.suppress("bo@example.org", SuppressionReason.COMPLAINED, detail="", now=NOW)
    assert audience(store) == ["cy"]
    found = [
        (s.email[:2], m.status, m.how, reason)
        for s, m, reason in store.subscribers.members("members")
    ]
    assert found == [
        ("an", "unsubscribed", "one-click", None),
        ("bo", "subscribed", "import", SuppressionReason.COMPLAINED),
        ("cy", "subscribed", "import", None),
    ]
    assert list(store.subscribers.members("nobody")) == []


def test_a_long_list_is_read_in_pages_without_loss_while_it_changes(store, monkeypatch):
    monkeypatch.setattr("mailer.store.sql.subscribers.PAGE", 7)
    bring(store, *(row(f"p{i}", i) for i in range(50)))
    seen = []
    for member in store.subscribers.audience("members"):
        seen.append(member.email)
        store.subscribers.unsubscribe("members", member.email, how="form", now=NOW)
    assert len(set(seen)) == len(seen) == 50


def test_a_list_of_many_pages_is_read_once(store, monkeypatch):
    monkeypatch.setattr("mailer.store.sql.subscribers.PAGE", 7)
    everybody = [f"p{i:02}" for i in range(49)]
    bring(store, *map(row, everybody))
    assert audience(store) == everybody
    assert [
        s.email.partition("@")[0] for s, *_ in store.subscribers.members("members")
    ] == everybody


def test_facts_of_people_are_the_same_however_the_pages_of_the_store_fall(store, monkeypatch):
    names = "abcdefghij"
    bring(store, *(row(name, number) for number, name in enumerate(names, 1)))
    bring(store, *(row(name, number) for number, name in enumerate(names[::2], 1)), to="allies")
    people = {name: subscriber(store, name).id for name in names}
    expected = {
        person: ("allies", "members") if name in names[::2] else ("members",)
        for name, person in people.items()
    }
    for page in (3, 4, 5, 100):
        monkeypatch.setattr(audience_facts, "_PAGE", page)
        facts = store.subscribers.facts()
        assert {person: facts.lists(person) for person in sorted(expected)} == expected
        assert {p: facts.lists(p) for p in sorted(expected, reverse=True)} == expected
        assert facts.lists(max(expected) + 1) == ()
