"""Who gets a campaign, who is left out and why: every member exactly once."""

from collections import Counter
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from mailer.rehearsal import choose, rehearse
from mailer.store.base import Membership, Reason
from mailer.subscriber import Subscriber

people = st.lists(
    st.tuples(
        st.sampled_from(["subscribed", "unsubscribed"]),
        st.sampled_from([None, *Reason]),
        st.booleans(),
        st.booleans(),
    ),
    max_size=30,
)


def expected(status, suppression, wanted, delivered):
    if delivered:
        return "already in this campaign"
    if status != "subscribed":
        return "unsubscribed"
    if suppression:
        return suppression.value
    return "" if wanted else "not in the segment"


@given(people, st.sets(st.integers(1, 100)))
def test_everybody_is_chosen_or_left_out_for_the_first_reason_that_holds(facts, strangers):
    """The ids are every third, so that those who got it are often not on this list."""
    members, delivered, wanted, reasons = [], set(), set(), {}
    for number, (status, suppression, is_wanted, is_delivered) in enumerate(facts, 1):
        who = Subscriber(3 * number, f"person{number}@example.org")
        members.append((who, Membership("members", status, "", "import"), suppression))
        wanted |= {who.id} if is_wanted else set()
        delivered |= {who.id} if is_delivered else set()
        reasons[who.id] = expected(status, suppression, is_wanted, is_delivered)
    elsewhere = {3 * number + 1 for number in strangers}
    chosen = list(choose(members, sorted(delivered | elsewhere), lambda s: s.id in wanted))
    assert [(subscriber.id, why) for subscriber, why in chosen] == list(reasons.items())


def test_whoever_is_left_out_is_counted_and_not_merged():
    merged = []

    def merge(subscriber):
        merged.append(subscriber.id)
        return SimpleNamespace(email=subscriber.email)

    choices = [(Subscriber(n, f"{n}@example.org"), "bounced" if n % 2 else "") for n in range(6)]
    found = rehearse(choices, merge)
    assert list(found.ids) == merged == [0, 2, 4]
    assert found.left_out == Counter(bounced=3)
    assert found.example.email == "0@example.org"
