"""The fake SES and clients of real boto3."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config

from tools.fake_ses import FakeSes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    return boto3.Session("fake", "fake", region_name="us-east-1")


@pytest.fixture
def connect(session) -> Iterator[Callable[[str], Any]]:
    """A client as the mailer's: one attempt, no retries."""
    with contextlib.ExitStack() as stack:

        def client(endpoint: str, *, connect_timeout: float = 5, read_timeout: float = 30):
            config = Config(
                retries={"mode": "standard", "total_max_attempts": 1},
                connect_timeout=connect_timeout,
                read_timeout=read_timeout,
            )
            made = session.client("sesv2", endpoint_url=endpoint, config=config)
            return stack.enter_context(contextlib.closing(made))

        yield client


@pytest.fixture
def ses() -> Iterator[FakeSes]:
    with FakeSes(rate=1000) as server:
        yield server


@pytest.fixture
def client(ses, connect):
    return connect(ses.endpoint)
