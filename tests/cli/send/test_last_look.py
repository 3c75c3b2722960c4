"""What `mailer send` shows before it asks, and its dry run."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from mailer.ledger.delivery import SendState
from mailer.lists.membership import SuppressionReason
from mailer.transports import registry
from mailer.transports.base import Allowance
from tools.projects.project import NOW, address, files


def test_the_last_look_shows_all_that_will_happen(mailer, store):
    store.subscribers.unsubscribe("members", address(1), how="one-click", now=NOW)
    store.suppressions.suppress(address(2), SuppressionReason.BOUNCED, detail="", now=NOW)
    code, said = mailer("send", "vote", "--where", 'recipient.state == "WA"', "--rate", "2",
                        "--dry-run")  # fmt: skip
    assert code == 0
    for line in (
        r"Campaign +vote, from campaigns/vote.md",
        r"Subject +Persone, the vote is Tuesday\n +as person4@example.org gets it",
        r"List +members",
        r'Audience +recipient.state == "WA"',
        r"Recipients +4",
        r"Left out +3 not in the segment, 1 unsubscribed, 1 suppressed \(bounced\)",
        r"Transport +outbox: a file for each, in outbox/vote/",
        r"Rate +2 a second",
        r"Takes +about 2 seconds",
        r"1 +4 +everybody",
    ):
        assert re.search(line, said), line


def test_every_variant_is_shown_with_its_number_and_what_tells_it_apart(mailer):
    _, said = mailer("send", "vote", "--dry-run")
    assert re.search(r"6 +state: not OR", said)
    assert re.search(r"3 +state: OR", said)


def test_a_dry_run_writes_nothing_and_never_says_sent(mailer, root, store):
    code, said = mailer("send", "vote", "--dry-run")
    assert code == 0
    assert "nothing was written" in said
    assert "sent" not in said
    assert not (root / "outbox").exists()
    assert store.sends.all() == []


class SesStub:
    """As far as a rehearsal and an order for later may use it: it delivers nothing."""

    name, lanes = "ses", 1

    def allowance(self):
        return Allowance(rate=14.0)

    def batch_size(self, _rate):
        return 1


def test_a_dry_run_through_ses_leaves_a_paused_order_as_it_is(mailer, store, monkeypatch):
    monkeypatch.setattr(registry, "open_transport", lambda *_, **__: SesStub())
    later = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d %H:%M} UTC"
    assert mailer("send", "vote", "--transport", "ses", "--at", later, "--yes")[0] == 0
    assert mailer("pause", "vote")[0] == 0
    before = list(store.database.connection.iterdump())
    code, said = mailer("send", "vote", "--dry-run")
    assert (code, "sent" in said) == (0, False)
    assert store.sends.find("vote", "members").state is SendState.PAUSED
    assert list(store.database.connection.iterdump()) == before


def test_front_matter_and_where_must_both_be_true(mailer, root, store):
    path = root / "campaigns" / "vote.md"
    front = "list: members\naudience: recipient.state == 'WA'"
    path.write_text(path.read_text().replace("list: members", front))
    code, _ = mailer("send", "vote", "--where", 'recipient.first_name == "Persone"', "--yes")
    assert code == 0
    assert files(root) == [address(4)]
    expression = "(recipient.state == 'WA') and (recipient.first_name == \"Persone\")"
    assert store.sends.find("vote", "members").audience_query == expression


def test_segments_of_the_settings_are_used_by_name(mailer, root):
    settings = root / "mailer.toml"
    washington = "\n[segments]\nwashington = \"recipient.state == 'WA'\"\n"
    settings.write_text(settings.read_text() + washington)
    path = root / "campaigns" / "vote.md"
    front = "list: members\naudience: washington"
    path.write_text(path.read_text().replace("list: members", front))
    code, _ = mailer("send", "vote", "--where", 'recipient.first_name == "Persone"', "--yes")
    assert code == 0
    assert files(root) == [address(4)]


def test_a_sample_is_a_part_of_the_condition(mailer, store):
    mailer("send", "vote", "--where", "recipient.email", "--sample", "100%", "--yes")
    expression = '(recipient.email) and sample("100%")'
    assert store.sends.find("vote", "members").audience_query == expression


@pytest.mark.parametrize("share", ["5", "0%", "101%", '5%") or ("'])
def test_a_sample_that_is_no_share_mails_nobody(mailer, root, share):
    code, said = mailer("send", "vote", "--sample", share, "--yes")
    assert code != 0
    assert "--where" in said
    assert not files(root)
