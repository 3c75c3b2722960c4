"""send and status as JSON."""

import json


def test_json_is_one_object_and_nothing_else(mailer):
    code, said = mailer("send", "vote", "--yes", "--json")
    result = json.loads(said)
    assert code == 0
    assert (result["campaign"], result["state"], result["accepted"]) == ("vote", "finished", 9)
    assert result["balanced"] is True
    assert result["where"] == "outbox/vote/"
    assert json.loads(mailer("send", "vote", "--yes", "--json")[1])["state"] == "finished"


def test_a_dry_run_in_json_counts_variants(mailer):
    _, said = mailer("send", "vote", "--dry-run", "--json")
    plan = json.loads(said)
    assert plan["dry_run"] is True
    assert plan["recipients"] == 9
    assert sorted(variant["recipients"] for variant in plan["variants"]) == [3, 6]


def test_status_in_json_lists_every_send(mailer):
    assert json.loads(mailer("status", "--json")[1]) == []
    mailer("send", "vote", "--yes", "--limit", "2")
    (send,) = json.loads(mailer("status", "--json")[1])
    assert (send["state"], send["audience"], send["pending"]) == ("paused", 9, 7)
