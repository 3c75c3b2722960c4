"""What doctor says of a store on a PostgreSQL server."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.doctor.judgements import server
from mailer.store.health import Health, ServerHealth

SOUND = ServerHealth(
    pooled=False,
    skew=0.1,
    standby=False,
    synchronous_commit="on",
    fsync=True,
    synchronous_standbys="",
    standbys=0,
)


def levels(state=SOUND, fingerprints=("ours",), **health):
    findings = server.judge(Health(server=state, **health), list(fingerprints))
    return [str(finding.level) for finding in findings]


def test_a_sound_server_is_fine():
    assert levels(shared_key="ours") == ["ok"]


@pytest.mark.parametrize(
    ("change", "level"),
    [
        ({"pooled": True}, "error"),
        ({"standby": True}, "error"),
        ({"fsync": False}, "error"),
        ({"skew": -2.5}, "warning"),
        ({"skew": 1.9}, None),
        ({"standbys": 1}, "warning"),
        ({"standbys": 1, "synchronous_standbys": "*"}, None),
        ({"synchronous_standbys": "*", "synchronous_commit": "local"}, "warning"),
    ],
)
def test_what_may_lose_mail_or_leases_is_told(change, level):
    assert levels(replace(SOUND, **change)) == ([level] if level else []) + ["ok"]


def test_another_key_is_an_error_and_an_older_one_of_ours_is_not():
    assert levels(shared_key="theirs") == ["error", "ok"]
    assert levels(shared_key="older", fingerprints=("ours", "older")) == ["ok"]


@pytest.mark.parametrize("health", [{"problem": "it does not answer"}, {"newer": ("later",)}])
def test_a_server_that_cannot_be_used_is_one_error(health):
    assert levels(**health) == ["error"]
