"""One HTTP request to a foreign address, with a limit for all of it, and errors in words."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3 import exceptions as http
from urllib3.connection import HTTPConnection, HTTPSConnection

from mailer import hosts

if TYPE_CHECKING:
    from collections.abc import Mapping

_AGENT = "Mozilla/5.0 (compatible; mailer, checking links)"
_SHORTEST = 0.001
"""Seconds: urllib3 takes no limit of nothing."""


class Deadline:
    """The end of a request, or of several.

    Args:
        seconds: from now on.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds, never less than none."""
        return max(0.0, self._end - time.monotonic())


_DEADLINE: ContextVar[Deadline] = ContextVar("deadline")
"""The deadline of the request that this thread has open."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    location: str = ""
    """Of a redirect; "" for any other answer."""


@dataclass(frozen=True, slots=True)
class NoAnswer:
    reason: str
    """Reads on from the name of a host."""
    lasting: bool = False
    """The next try will end alike."""


class _NotPublicError(http.HTTPError):
    pass


class _Limited:
    """Closes a connection at the deadline: a read timeout begins anew with each byte."""

    _alarm: _Alarm | None = None

    def _new_conn(self) -> socket.socket:
        connection: socket.socket = super()._new_conn()  # type: ignore[misc]
        self._alarm = _Alarm(connection, _DEADLINE.get().left)
        return connection

    def close(self) -> None:
        if self._alarm:
            self._alarm.cancel()
        super().close()  # type: ignore[misc]


class _Alarm:
    def __init__(self, connection: socket.socket, seconds: float) -> None:
        # TLS takes the socket over and leaves the object without it: a copy stays valid
        self._copy = connection.dup()
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True
        self._timer.start()

    def _end(self) -> None:
        with contextlib.suppress(OSError):
            self._copy.shutdown(socket.SHUT_RDWR)

    def cancel(self) -> None:
        self._timer.cancel()
        self._copy.close()


class _Public(_Limited):
    """Refuses a connection into this machine or its network before anything is sent.

    The address is that of the connection itself: a name server may change its answer in between.
    """

    def _new_conn(self) -> socket.socket:
        connection = super()._new_conn()
        if not hosts.is_public_peer(connection.getpeername()[0]):
            self.close()
            connection.close()
            raise _NotPublicError
        return connection


class _Http(_Limited, HTTPConnection):
    pass


class _Https(_Limited, HTTPSConnection):
    pass


class _PublicHttp(_Public, HTTPConnection):
    pass


class _PublicHttps(_Public, HTTPSConnection):
    pass


def _pool(scheme: type[urllib3.HTTPConnectionPool], connection: Any) -> Any:
    return type("Pool", (scheme,), {"ConnectionCls": connection})


_POOLS = {
    "http": _pool(urllib3.HTTPConnectionPool, _Http),
    "https": _pool(urllib3.HTTPSConnectionPool, _Https),
}
_PUBLIC_POOLS = {
    "http": _pool(urllib3.HTTPConnectionPool, _PublicHttp),
    "https": _pool(urllib3.HTTPSConnectionPool, _PublicHttps),
}


class HttpProbe:
    """Asks without cookies and without following redirects. Usable in several threads.

    Args:
        public: whether only hosts on the public internet may be asked.
    """

    def __init__(self, *, public: bool) -> None:
        self._pools = urllib3.PoolManager(
            retries=False,
            # a connection that is used again would keep the deadline of its first request
            headers={"User-Agent": _AGENT, "Accept": "*/*", "Connection": "close"},
        )
        self._pools.pool_classes_by_scheme = _PUBLIC_POOLS if public else _POOLS

    def close(self) -> None:
        self._pools.clear()

    def request(
        self,
        method: str,
        url: str,
        deadline: Deadline,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response | NoAnswer:
        """Send one request and read the head of its answer.

        Args:
            method: GET, HEAD or POST.
            url: of http or https; anything else has no answer.
            deadline: when the request is given up, even while the other side still sends.
            body: to send.
            headers: beside the usual ones.
        """
        token = _DEADLINE.set(deadline)
        try:
            response = self._pools.request(
                method,
                url,
                body=body,
                headers={**self._pools.headers, **(headers or {})},
                timeout=urllib3.Timeout(total=max(deadline.left, _SHORTEST)),
                redirect=False,
                preload_content=False,
            )
        except http.HTTPError as err:
            return _explain(err, deadline)
        finally:
            _DEADLINE.reset(token)
        response.close()
        if not deadline.left:  # what was cut off in its head looks like an answer
            return _late(deadline)
        return Response(response.status, response.get_redirect_location() or "")


def _explain(err: http.HTTPError, deadline: Deadline) -> NoAnswer:
    match err:
        case _NotPublicError():
            return NoAnswer("it leads into a private network", lasting=True)
        case http.NameResolutionError():
            cause = err.__cause__
            if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_AGAIN:
                return NoAnswer("its name could not be looked up: no name server answered")
            return NoAnswer("there is no such host", lasting=True)
        case http.NewConnectionError():
            return NoAnswer("nothing answers there")
        case _ if isinstance(err, http.TimeoutError) or not deadline.left:
            return _late(deadline)
        case http.SSLError():
            return NoAnswer(f"no secure connection is possible ({err})", lasting=True)
        case http.LocationValueError():
            return NoAnswer("it is redirected to something that is no web address", lasting=True)
    return NoAnswer(f"the connection broke off ({err})")


def _late(deadline: Deadline) -> NoAnswer:
    return NoAnswer(f"no answer within {deadline.seconds:g} seconds")
