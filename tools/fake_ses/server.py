"""FakeSes: the server in a thread, for the length of a `with`."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from tools.fake_ses.account import Account
from tools.fake_ses.app import App
from tools.fake_ses.control import PREFIX, change, control
from tools.fake_ses.faults import Fault
from tools.fake_ses.listener import HOST, Listener

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tools.fake_ses.record import Call, Kept
    from tools.fake_ses.wire import Request, Response


class FakeSes:
    """`with FakeSes(rate=14) as ses: boto3.client("sesv2", endpoint_url=ses.endpoint)`.

    Args:
        setup: a key of SETUPS: what is wrong with the account.
        port: 0 takes a free one.
        record: a file that gets a JSON line for each message.
        clock: seconds since the epoch.
        account: fields of `Account`, such as rate and quota.
    """

    def __init__(
        self,
        *,
        setup: str = "healthy",
        port: int = 0,
        record: Path | None = None,
        clock: Callable[[], float] = time.time,
        **account: Any,
    ) -> None:
        self._listener = Listener(self._answer, port)
        self.app = App(
            Account(),
            record=record,
            clock=clock,
            nonce=uuid4().int >> 1,
            shut={"refuse": self._listener.close_for, "ignore": self._listener.ignore_for},
        )
        change(self.app, setup=setup, **account)
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True)
        self._ready = threading.Event()
        self._failure: OSError | None = None

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self._listener.port}"

    @property
    def accepted(self) -> list[Kept]:
        return self.app.record.accepted

    @property
    def events(self) -> list[dict[str, Any]]:
        return self.app.events()

    @property
    def requests(self) -> list[Call]:
        return self.app.record.calls

    def inject(self, kind: str, **fields: Any) -> None:
        """See `faults.KINDS` and the fields of `faults.Fault`."""
        self.app.faults.add(Fault(kind, **fields))

    def clear(self) -> None:
        """No more faults; a listener that is closed stays so for its time."""
        self.app.faults.clear()

    def change(self, *, setup: str = "", **fields: Any) -> None:
        """Another account from the next call on."""
        change(self.app, setup=setup, **fields)

    def refuse(self, seconds: float) -> None:
        """Refuse connections from now on, for some seconds."""
        asyncio.run_coroutine_threadsafe(self._refuse(seconds), self._loop).result()

    def __enter__(self) -> Self:
        self._thread.start()
        self._ready.wait()
        if self._failure:
            raise self._failure
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self.app.record.close()
        if crashes := self._listener.connections.crashes:
            raise crashes[0]

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        try:
            self._listener.open()
        except OSError as err:
            self._failure = err
            return
        finally:
            self._ready.set()
        await self._stop.wait()
        await self._listener.stop()

    async def _refuse(self, seconds: float) -> None:
        self._listener.close_for(seconds)
        await asyncio.sleep(0)  # idle connections close in the loop's next round

    async def _answer(self, request: Request) -> Response:
        if request.path.startswith(PREFIX):
            return control(self.app, request)
        return await self.app.answer(request)
