"""Two boto3 clients: one that sends and never tries twice, one that reads and may."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mailer.config import Ses

READ_TIMEOUT = 60
"""Seconds to wait for the answer to a message: giving up sooner makes more recipients uncertain."""


class SesClients:
    """Made when they are first needed, and only then in need of a region and credentials.

    Args:
        most: connections that are kept open.
        read_timeout: seconds to wait for the answer to a message.
    """

    def __init__(self, settings: Ses, *, most: int, read_timeout: float) -> None:
        self._region = settings.region or None
        # boto3 retries by default, since 1.44 three times in all: three copies of one message. What
        # is given here is stronger than AWS_MAX_ATTEMPTS.
        self._once = Config(
            retries={"mode": "standard", "total_max_attempts": 1},
            connect_timeout=5,
            read_timeout=read_timeout,
            max_pool_connections=most,
            tcp_keepalive=True,
            # boto3 puts its own together twice for each call, of twenty parts: 0.1 of the 1.4 ms of
            # CPU of a raw call.
            user_agent=f"mailer Boto3/{boto3.__version__}",
            # What is called is made here, and SES checks it anyway. It takes 1.5 of the 5.2 ms of
            # CPU of a bulk call.
            parameter_validation=False,
        )
        self._patiently = Config(
            retries={"mode": "standard", "total_max_attempts": 3},
            connect_timeout=5,
            read_timeout=10,
        )
        self._session: Any = None
        self._made: dict[str, Any] = {}
        self._lock = Lock()

    @property
    def sending(self) -> Any:
        return self._client("sending", self._once)

    @property
    def reading(self) -> Any:
        return self._client("reading", self._patiently)

    def _client(self, purpose: str, config: Config) -> Any:
        # making a client is not safe in several threads, using one is
        with self._lock:
            if purpose not in self._made:
                # one session for both: it reads the API's description once, in 0.1 s
                self._session = self._session or boto3.session.Session(region_name=self._region)
                self._made[purpose] = self._session.client("sesv2", config=config)
            return self._made[purpose]
