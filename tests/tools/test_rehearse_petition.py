"""The rehearsal of a petition in a small form, and whether it notices what goes wrong."""

from __future__ import annotations

import pytest

from tools.projects.project import open_store
from tools.rehearse import petition


@pytest.mark.slow
def test_scanners_sign_nothing_and_kills_lose_and_double_nobody(tmp_path):
    root, links = petition.make(tmp_path / "project", 60, mails=20)
    store, server = open_store(root), petition.Server(root)
    server.start()
    try:
        paths = petition.mailed(root)
        assert set(paths) < {path for _, path in links}
        assert (len(paths), petition.scan(server, paths), petition.browse(server, paths)) == (
            20,
            60,
            20,
        )
        assert store.petitions.counts(petition.NAME).received == 0
        result = petition.press(server, links, posts=100, clients=4, kills=2, store=store)
    finally:
        server.stop()
    assert result.problems == []
    assert (result.kills, result.posts, len(result.signers)) == (2, 100, 60)
    assert store.petitions.counts(petition.NAME).signed == 60
    assert petition.compare(store, result.signers | {-1}, exactly=False)
    assert petition.compare(store, set(list(result.signers)[1:]), exactly=True)
    store.close()
