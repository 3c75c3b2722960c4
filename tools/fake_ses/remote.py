"""A server in another process, commanded over /_fake/ with the methods of `FakeSes`."""

from __future__ import annotations

import base64
import json
import urllib.request
from typing import Any


class RemoteSes:
    """A server started with `python -m tools.fake_ses`."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def accepted(self, after: int = 0, *, mime: bool = False) -> list[dict[str, Any]]:
        """`Kept` as JSON; "mime" is bytes, where it is asked for."""
        rows = self._lines(f"accepted?after={after}{'&mime=1' if mime else ''}")
        for row in rows if mime else ():
            row["mime"] = base64.b64decode(row["mime"])
        return rows

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        return self._lines(f"events?after={after}")

    def requests(self, after: int = 0) -> list[dict[str, Any]]:
        return self._lines(f"requests?after={after}")

    def inject(self, kind: str, **fields: Any) -> None:
        self._send("POST", "faults", {"kind": kind, **fields})

    def clear(self) -> None:
        self._send("DELETE", "faults")

    def change(self, **fields: Any) -> None:
        self._send("PUT", "account", fields)

    def _lines(self, path: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self._send("GET", path).splitlines()]

    def _send(self, method: str, path: str, body: Any = None) -> bytes:
        request = urllib.request.Request(
            f"{self.endpoint}/_fake/{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Connection": "close"},
            method=method,
        )
        with urllib.request.urlopen(request) as response:
            data: bytes = response.read()
        return data
