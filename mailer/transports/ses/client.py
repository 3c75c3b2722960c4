"""boto3 clients for all calls to AWS: one session, one Config for each purpose."""

from __future__ import annotations

from enum import Enum
from threading import Lock
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mailer.transports.ses.error_mapping import UNREADABLE
from mailer.transports.ses.sender import RequestSender

if TYPE_CHECKING:
    from collections.abc import Callable

READ_TIMEOUT = 60.0
"""Seconds to wait for the answer to a message: giving up sooner makes more recipients uncertain."""
QUEUE_CONNECTIONS = 8

AwsError = (BotoCoreError, ClientError, *UNREADABLE)
"""Exceptions for a missing answer, or one that is cut, empty or not Amazon's; see
`error_mapping.of_question`."""


class Purpose(Enum):
    """Purpose of a client."""

    SENDING = "sending"
    READING = "reading"
    PROBING = "probing"
    SUPPRESSIONS = "suppressions"
    INSIGHTS = "insights"
    QUEUE = "queue"

    @property
    def service(self) -> str:
        return "sqs" if self is Purpose.QUEUE else "sesv2"


_CONFIGS = {
    Purpose.READING: Config(
        retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=10
    ),
    # a person waits for the answer, and a probe that fails is itself a finding
    Purpose.PROBING: Config(
        retries={"mode": "standard", "total_max_attempts": 2}, connect_timeout=3, read_timeout=5
    ),
    # one call for each address, and SES limits how many a second: adaptive goes as fast as it lets us
    Purpose.SUPPRESSIONS: Config(
        retries={"mode": "adaptive", "total_max_attempts": 8}, connect_timeout=5, read_timeout=20
    ),
    # each operation once a second for the whole account, which others use, too
    Purpose.INSIGHTS: Config(
        retries={"mode": "standard", "total_max_attempts": 8}, connect_timeout=5, read_timeout=20
    ),
    Purpose.QUEUE: Config(
        retries={"mode": "standard", "total_max_attempts": 3},
        connect_timeout=5,
        read_timeout=20,  # well above what a call waits for a message
        max_pool_connections=QUEUE_CONNECTIONS,
    ),
}


def _sending_config(connections: int, read_timeout: float) -> Config:
    # boto3 retries by default, since 1.44 three times in all: three copies of one message. An explicit
    # setting overrides AWS_MAX_ATTEMPTS.
    return Config(
        retries={"mode": "standard", "total_max_attempts": 1},
        connect_timeout=5,
        read_timeout=read_timeout,
        max_pool_connections=connections,
        tcp_keepalive=True,
        # boto3 assembles its own twice for each call, of twenty parts: 0.1 of the 1.4 ms of CPU of a
        # raw call.
        user_agent=f"mailer Boto3/{boto3.__version__}",
        # Requests are built here, and SES checks them anyway. It takes 1.5 of the 5.2 ms of CPU of a
        # bulk call.
        parameter_validation=False,
    )


class AwsClients:
    """Creates each client when it is first needed; only then are credentials looked up.

    Args:
        region: "" for the one of boto3's own environment.
        connections: kept open for sending.
        read_timeout: seconds to wait for the answer to a message.
        before_call: called when a message's request is about to be signed, with its `params`.
        before_send: called when a message's request is signed, and written to the network next.
    """

    def __init__(
        self,
        region: str,
        *,
        connections: int = 10,
        read_timeout: float = READ_TIMEOUT,
        before_call: Callable[..., None] = lambda **_: None,
        before_send: Callable[..., None] = lambda **_: None,
    ) -> None:
        self._region = region or None
        self._configs = {**_CONFIGS, Purpose.SENDING: _sending_config(connections, read_timeout)}
        self._core = botocore.session.Session()
        self._session: boto3.session.Session | None = None
        self._clients: dict[Purpose, Any] = {}
        self._before_call = before_call
        self._before_send = before_send
        self._lock = Lock()

    @property
    def session(self) -> boto3.session.Session:
        """One for all clients: it reads the API's description once, in 0.1 s."""
        self._session = self._session or boto3.session.Session(
            region_name=self._region, botocore_session=self._core
        )
        return self._session

    def client(self, purpose: Purpose) -> Any:
        """The client for a purpose.

        Raises:
            BotoCoreError: no region is set, or the named profile does not exist.
        """
        # creating a client is not safe in several threads, using one is
        with self._lock:
            if purpose not in self._clients:
                config = self._configs[purpose]
                client = self.session.client(purpose.service, config=config)
                if purpose is Purpose.SENDING:
                    events = client.meta.events
                    events.register_first("before-call.sesv2.*", self._before_call)
                    events.register("before-send.sesv2", self._before_send)
                    bundle = self._core.get_config_variable("ca_bundle")
                    events.register_last("before-call.sesv2.*", RequestSender(client, bundle))
                self._clients[purpose] = client
            return self._clients[purpose]
