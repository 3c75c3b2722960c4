"""Who gets a campaign, who is left out and why: every member exactly once."""

from collections import Counter
from types import SimpleNamespace

from hypothesis import given
from hypothesis import strategies as st

from mailer.lists.membership import Membership, SuppressionReason
from mailer.lists.subscriber import Subscriber
from mailer.mail.dry_run import merge_all, select_recipients

people = st.lists(
    st.tuples(
        st.sampled_from(["subscribed", "unsubscribed"]),
        st.sampled_from([None, *SuppressionReason]),
        st.booleans(),
        st.booleans(),
        st.booleans(),
    ),
    max_size=30,
)


def expected(status, suppression, wanted, delivered, held):
    if delivered:
        return "already in this campaign"
    if status != "subscribed":
        return "unsubscribed"
    if suppression:
        return suppression.value
    if not wanted:
        return "not in the segment"
    return "had another campaign lately" if held else ""


@given(people, st.sets(st.integers(1, 100)))
def test_everybody_is_chosen_or_left_out_for_the_first_reason_that_holds(facts, strangers):
    """The ids are every third, so that those who got it are often not on this list."""
    members, delivered, wanted, held, reasons = [], set(), set(), set(), {}
    for number, (status, suppression, is_wanted, has_it, is_held) in enumerate(facts, 1):
        who = Subscriber(3 * number, f"person{number}@example.org")
        members.append((who, Membership("members", status, "", "import"), suppression))
        wanted |= {who.id} if is_wanted else set()
        delivered |= {who.id} if has_it else set()
        held |= {who.id} if is_held else set()
        reasons[who.id] = expected(status, suppression, is_wanted, has_it, is_held)
    elsewhere = {3 * number + 1 for number in strangers}
    done, lately = sorted(delivered | elsewhere), sorted(held | elsewhere)
    chosen = list(select_recipients(members, done, lambda s: s.id in wanted, lately))
    assert [(subscriber.id, why) for subscriber, why in chosen] == list(reasons.items())


def test_whoever_is_left_out_is_counted_and_not_merged():
    merged = []

    def merge(subscriber):
        merged.append(subscriber.id)
        return SimpleNamespace(email=subscriber.email)

    choices = [(Subscriber(n, f"{n}@example.org"), "bounced" if n % 2 else "") for n in range(6)]
    found = merge_all(choices, merge)
    assert list(found.ids) == merged == [0, 2, 4]
    assert found.left_out == Counter(bounced=3)
    assert found.example.email == "0@example.org"
