"""Pictures are put where recipients' mail programs fetch them, and looked at there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mailer.errors import TransportError
from mailer.http_probe import Deadline, HttpProbe, Response

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from mailer.config import Project
    from mailer.images.picture import Picture

_TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".gif": "image/gif"}
CACHE_CONTROL = "public, max-age=31536000, immutable"
"""The bytes behind a name never change."""
_SECONDS = 10.0


def push(project: Project, pictures: Iterable[Picture]) -> list[str]:
    """Upload to the bucket what is not in it. Without a bucket, `mailer serve` shows `published/`.

    Returns:
        The names of what was uploaded.

    Raises:
        TransportError: Amazon, or whoever keeps the bucket, refused or did not answer.
    """
    settings = project.settings.images
    if not settings.bucket:
        return []
    config = Config(
        retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=30
    )
    try:
        client = boto3.client("s3", region_name=settings.region or None, config=config)
        return [
            picture.name
            for picture in pictures
            if _upload(client, project, f"{settings.prefix}{picture.name}", picture)
        ]
    except (BotoCoreError, ClientError) as err:
        raise TransportError(
            f"the pictures cannot be put into the bucket {settings.bucket}: {err}",
            hint="Check the bucket's name, its region and your AWS permissions (s3:PutObject).",
        ) from err


def _upload(client: Any, project: Project, key: str, picture: Picture) -> bool:
    bucket = project.settings.images.bucket
    try:
        client.head_object(Bucket=bucket, Key=key)
    except ClientError as err:
        # without s3:ListBucket, what is not there is refused
        if err.response["ResponseMetadata"]["HTTPStatusCode"] not in {403, 404}:
            raise
    else:
        return False
    path = project.published / picture.name
    client.put_object(
        Bucket=bucket,
        Key=key,
        Body=path.read_bytes(),
        ContentType=_TYPES[path.suffix],
        CacheControl=CACHE_CONTROL,
    )
    return True


def problems(pictures: Sequence[Picture]) -> list[str]:
    """What keeps recipients from seeing pictures, one sentence for each that does not answer."""
    probe = HttpProbe(public=False)
    deadline = Deadline(_SECONDS)
    try:
        answers = [(picture, probe.request("GET", picture.url, deadline)) for picture in pictures]
    finally:
        probe.close()
    return [
        f"{picture.url}: {answer.reason}"
        if not isinstance(answer, Response)
        else f"{picture.url}: answers with status {answer.status}"
        for picture, answer in answers
        if not isinstance(answer, Response) or answer.status != 200  # noqa: PLR2004 - OK
    ]
