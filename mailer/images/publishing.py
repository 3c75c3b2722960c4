"""Pictures are put where recipients' mail programs fetch them, and looked at there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from mailer.errors import FindingsError, TransportError
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
        TransportError: Amazon, or another owner of the bucket, refused or did not answer.
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
            name
            for picture in pictures
            for name, _ in picture.files
            if _upload(client, project, name)
        ]
    except (BotoCoreError, ClientError) as err:
        raise TransportError(
            f"the pictures cannot be put into the bucket {settings.bucket}: {err}",
            hint="Check the bucket's name, its region and your AWS permissions (s3:PutObject).",
        ) from err


def _upload(client: Any, project: Project, name: str) -> bool:
    """Put one file into the bucket; False if it is there already."""
    bucket = project.settings.images.bucket
    key = f"{project.settings.images.prefix}{name}"
    try:
        client.head_object(Bucket=bucket, Key=key)
    except ClientError as err:
        # without s3:ListBucket, what is not there is refused
        if err.response["ResponseMetadata"]["HTTPStatusCode"] not in {403, 404}:
            raise
    else:
        return False
    path = project.published / name
    client.put_object(
        Bucket=bucket,
        Key=key,
        Body=path.read_bytes(),
        ContentType=_TYPES[path.suffix],
        CacheControl=CACHE_CONTROL,
    )
    return True


def refuse_missing(project: Project, pictures: Iterable[Picture]) -> None:
    """Raises FindingsError when a published picture does not answer where recipients fetch it."""
    urls = [url for picture in pictures for _, url in picture.files]
    problems = _problems(urls) if urls else []
    if problems:
        bucket = project.settings.images.bucket
        where = (
            f"the bucket {bucket} may be read by everybody"
            if bucket
            else "`mailer serve` runs there, with the same published/ folder"
        )
        raise FindingsError(
            f"recipients would not see a picture: {problems[0]}", hint=f"Make sure that {where}."
        )


def _problems(urls: Sequence[str]) -> list[str]:
    """What keeps recipients from seeing pictures, one sentence for each that does not answer."""
    probe = HttpProbe(public=False)
    deadline = Deadline(_SECONDS)
    try:
        answers = [(url, probe.request("GET", url, deadline)) for url in urls]
    finally:
        probe.close()
    return [
        f"{url}: {answer.reason}"
        if not isinstance(answer, Response)
        else f"{url}: answers with status {answer.status}"
        for url, answer in answers
        if not isinstance(answer, Response) or answer.status != 200  # noqa: PLR2004 - OK
    ]
