from __future__ import annotations

import socket
import time

import pytest

from mailer.lists.request import RecipientRequest, RequestKind, RequestLimits
from mailer.web.pages import confirmation_mailer
from tests.web.conftest import Site
from tools.projects.project import NOW, address, start

pytestmark = pytest.mark.slow


def test_a_port_in_use_is_said_in_one_line(root):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = start(root, "serve", "--port", str(port))
        said, _ = server.communicate(timeout=30)
    assert server.returncode == 2
    assert said.startswith(f"127.0.0.1:{port} cannot be listened on: ")
    assert "Traceback" not in said


def test_what_waits_when_a_server_stops_is_sent_by_the_next(root):
    stopped = Site(root)
    wish = RecipientRequest(RequestKind.JOIN, "ana@example.net", lists=("members",))
    stopped.store.requests.add(wish, limits=RequestLimits(3, 9, 9), now=stopped.clock())
    # as a server leaves it that dies while it hands the mail over
    stopped.store.requests.take_mails(1, now=NOW, stale=NOW)
    stopped.store.close()
    site = Site(root)
    with site.client:
        assert [mail["To"] for mail in site.mails()] == ["ana@example.net"]
    site.store.close()


def test_a_closed_way_out_keeps_the_mail_until_it_is_open(root, monkeypatch):
    monkeypatch.setattr(confirmation_mailer, "_PAUSE", 0.05)
    blocked = root / "outbox" / "confirmations"
    blocked.write_text("a file where the folder should be")
    site = Site(root)
    with site.client:
        assert site.post("/unsubscribe", {"email": address(0)}).status_code == 200
        time.sleep(0.3)
        blocked.unlink()
        assert [mail["To"] for mail in site.mails()] == [address(0)]
    site.store.close()
