"""A project whose campaign "vote" went out with two subjects, with many events reported since."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from mailer.events.ses import read
from mailer.lists.import_row import ImportRow
from tools.projects.project import NOW, SETTINGS, make_project, open_store, start

if TYPE_CHECKING:
    from pathlib import Path

    from mailer.store import Store

DOMAINS = ("example.org", "example.com", "mail.example.net", "old.example")
STATES = ("OR", "OR", "OR", "OR", "WA", "WA", "CA", "CA", "CA", "TX", "NY", "ME", "HI", "AK", "")
BOUNCES = (
    ("Permanent", "General"),
    ("Permanent", "General"),
    ("Permanent", "NoEmail"),
    ("Transient", "MailboxFull"),
)
REASONS = ("Too many e-mails", "Too many e-mails", "Something else: Dana Reed asked for this")
VOTE = """---
subjects:
  - The vote is Tuesday
  - "{{ recipient.first_name | default('Friend') }}, can you call by Tuesday?"
subject_test:
  share: 50 %
preheader: Two calls, five minutes.
list: members
---
Dear {{ recipient.first_name | default("neighbor") }},

{% if recipient.state == "OR" %}
Oregon votes first: [call your council](https://example.net/call).
{% else %}
[See what happens in your state](https://example.net/states).
{% endif %}
"""


def make_reported(root: Path, people: int) -> Path:
    """Everybody in the test has been mailed, and the first subject has won."""
    make_project(root, 0)
    (root / "mailer.toml").write_text(SETTINGS + "[links]\nredirects = true\n")
    (root / "campaigns" / "vote.md").write_text(VOTE)
    store = open_store(root)
    store.imports.import_rows("members", map(_row, range(people)), source="test", now=NOW)
    for _ in range(2):
        said, _ = start(root, "send", "vote", "--yes", "--accept-warnings").communicate()
        send = store.sends.find("vote", "members")
        assert send, said
        store.schedule.declare_winner(send.id, 1, now=NOW)
    _hear(store, people)
    store.close()
    return root


def address(number: int) -> str:
    # in the order of addresses, in which people are numbered
    return f"person{number:06}@{DOMAINS[number % 7 % len(DOMAINS)]}"


def _row(number: int) -> ImportRow:
    return ImportRow(
        row=number + 1,
        email=address(number),
        first_name=("Ana", "Bo", "Uma", "")[number % 4],
        state=STATES[number % len(STATES)],
    )


def _hear(store: Store, people: int) -> None:
    """Of every delivery in ten something else; the numbers of deliveries are those of subscribers."""
    store.database.connection.execute(
        "UPDATE deliveries SET changed = strftime('%Y-%m-%dT%H:%M:%S+00:00', ?, "
        "(id / 20 + (id > ?) * 45) || ' minutes')",
        (NOW.isoformat(), people * 3 // 5),
    )
    events = [one for number in range(people) for one in read(json.dumps(_event(number)))]
    store.events.ingest(events, patience=9, now=NOW)
    for number in range(0, people, 40):
        left = store.unsubscribes.leave(number + 1, 1, how="form", now=NOW)
        store.unsubscribes.give_reason(left, REASONS[number // 40 % len(REASONS)])
    for number, link in enumerate(
        store.database.connection.execute("SELECT id FROM links").fetchall(), 1
    ):
        store.clicks.add({link[0]: people // (4 * number)})


def kind(number: int) -> str:
    """What is heard of the mail to a person: one of these, Permanent and Transient being bounces."""
    if number % 25 == 3:
        return BOUNCES[number // 25 % len(BOUNCES)][0]
    return "Complaint" if number % 200 == 7 else "Delivery"


def _event(number: int) -> dict[str, object]:
    email, at = address(number), (NOW + timedelta(minutes=number)).isoformat()
    tags = {"campaign": ["vote"], "delivery": [str(number + 1)]}
    mail = {"timestamp": at, "messageId": "", "destination": [email], "tags": tags}
    recipients = [{"emailAddress": email}]
    match kind(number):
        case "Delivery":
            return {"eventType": "Delivery", "mail": mail, "delivery": {"timestamp": at}}
        case "Complaint":
            detail = {"timestamp": at, "complainedRecipients": recipients}
            return {"eventType": "Complaint", "mail": mail, "complaint": detail}
        case bounce:
            subtype = BOUNCES[number // 25 % len(BOUNCES)][1]
            detail = {"timestamp": at, "bounceType": bounce, "bounceSubType": subtype}
            detail |= {"bouncedRecipients": recipients}
            return {"eventType": "Bounce", "mail": mail, "bounce": detail}
