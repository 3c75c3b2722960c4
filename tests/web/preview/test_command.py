"""`mailer preview` as a command."""

from __future__ import annotations

import socket

from tools.projects.project import start


def test_a_port_that_is_taken_is_said_in_a_sentence(root):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said, _ = start(root, "preview", "--port", port).communicate()
    assert said.startswith(f"127.0.0.1:{port} cannot be listened on")
    assert "Choose another with --port." in said
