"""The list of campaigns."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.recipients import everybody
from tools.projects.project import make_project


@pytest.fixture
def root(tmp_path):
    return make_project(tmp_path / "project", people=9)


def test_campaigns_are_listed_as_drafts_scheduled_and_sent(mailer, root):
    text = (root / "campaigns" / "vote.md").read_text()
    for name in ("draft", "later"):
        (root / "campaigns" / f"{name}.md").write_text(text)
    (root / "campaigns" / "broken.md").write_text("---\nsubjct: x\n---\n")
    later = f"{datetime.now(UTC) + timedelta(days=3):%Y-%m-%d %H:%M} UTC"
    mailer("send", "vote", "--yes")
    mailer("send", "later", "--at", later, "--yes")
    code, said = mailer("campaigns", "--json")
    assert code == 0
    rows = {row["campaign"]: row for row in json.loads(said)}
    states = {name: row["state"] for name, row in rows.items()}
    assert states == {
        "broken": "draft", "draft": "draft", "later": "scheduled", "vote": "finished",
    }  # fmt: skip
    assert "campaigns/broken.md" in rows["broken"]["note"]
    assert rows["vote"]["accepted"] == len(everybody())
    assert "scheduled" in mailer("campaigns")[1]
