"""The commands under /_fake/: JSON in, JSON or JSON lines out."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from tools.fake_ses import insights
from tools.fake_ses.account import SETUPS
from tools.fake_ses.faults import Fault
from tools.fake_ses.wire import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tools.fake_ses.app import App

PREFIX = "/_fake/"


def control(app: App, request: Request) -> Response:
    """
    GET accepted, events, requests   JSON lines; ?after=N skips the first N messages or requests,
                                     ?mime=1 adds the messages in base64
    GET exports/NUMBER               the file of an export of message insights
    POST faults, DELETE faults       inject one (the fields of `Fault`), clear all
    PUT account                      change fields of `Account`; "setup" names one of SETUPS
    """
    command = (request.method, request.path.removeprefix(PREFIX))
    try:
        match command:
            case ("GET", what) if what.startswith(insights.PATH):
                rows = app.insights.file(int(what.removeprefix(insights.PATH)))
                return Response(200, json.dumps(rows).encode())
            case ("GET", what):
                return _lines(_read(app, what, request.query))
            case ("POST", "faults"):
                app.faults.add(Fault(**json.loads(request.body)))
            case ("DELETE", "faults"):
                app.faults.clear()
            case ("PUT", "account"):
                change(app, **json.loads(request.body))
            case _:
                return Response(404, b"{}")
    except (KeyError, TypeError, ValueError) as err:
        return Response(400, json.dumps({"message": f"{type(err).__name__}: {err}"}).encode())
    return Response(200, b"{}")


def change(app: App, *, setup: str = "", **fields: Any) -> None:
    """Apply a set-up, then single fields."""
    changes = {**(SETUPS[setup] if setup else {}), **fields}
    app.send_api.account = dataclasses.replace(app.send_api.account, **changes)


def _read(app: App, what: str, query: Any) -> Iterable[dict[str, Any]]:
    after = int(query.get("after", ["0"])[0])
    if what == "accepted":
        mime = "mime" in query
        return [message.as_json(mime=mime) for message in app.record.accepted[after:]]
    if what == "events":
        return app.events(after)
    if what == "requests":
        return [dataclasses.asdict(call) for call in app.record.calls[after:]]
    raise KeyError(what)


def _lines(rows: Iterable[dict[str, Any]]) -> Response:
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    return Response(200, body, content_type="application/x-ndjson")
