"""Approvals of a campaign, and the changes since the last one."""

from __future__ import annotations

import difflib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from mailer.campaigns.snapshot import Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mailer.config import Content


_SETTINGS = "mailer.toml"
_AUDIENCE = "the audience"


@dataclass(frozen=True, slots=True)
class Change:
    """One difference from the approved content."""

    name: str
    """A file, or "the audience"."""
    lines: tuple[str, ...]
    """As in a unified diff: the old ones begin with "-", the new ones with "+"."""


@dataclass(frozen=True, slots=True)
class ApprovalStatus:
    """The approvals of a campaign as it is now, and the changes since earlier ones."""

    approvals: tuple[Approval, ...]
    """Approvals of exactly this content for exactly this audience, the first of each person."""
    last: Approval | None
    """The latest of anything else."""
    changes: tuple[Change, ...]
    """Since `last`."""

    @property
    def people(self) -> tuple[str, ...]:
        return tuple(approval.person for approval in self.approvals)


def approval_status(
    approvals: Sequence[Approval], snapshot: Snapshot, query: str
) -> ApprovalStatus:
    """Compare what is about to go out with what was approved.

    People who join or leave the list change nothing: the rule is approved, not the people.
    """
    by_person: dict[str, Approval] = {}
    last, before = None, None
    for approval in approvals:
        then = Snapshot.from_bytes(approval.snapshot)
        # worked out anew: what it was signed under may have been made by an older version
        if then.digest == snapshot.digest and approval.query == query:
            by_person.setdefault(same(approval.person), approval)
        else:
            last, before = approval, then
    changes = _changes(last, before, snapshot, query) if last and before else ()
    return ApprovalStatus(tuple(by_person.values()), last, tuple(changes))


def same(person: str) -> str:
    """What two spellings of one name have in common."""
    return " ".join(person.split()).casefold()


def _changes(last: Approval, before: Snapshot, snapshot: Snapshot, query: str) -> Iterator[Change]:
    for path in sorted(
        {*before.files, *snapshot.files}, key=lambda path: (path != snapshot.path, path)
    ):
        lines = _difference(before.files.get(path, ""), snapshot.files.get(path, ""))
        if lines:
            yield Change(path, lines)
    settings = _difference(_written(before.content), _written(snapshot.content))
    if settings:
        yield Change(_SETTINGS, settings)
    everybody = "everybody on the list"
    audience = _difference(last.query or everybody, query or everybody)
    if audience:
        yield Change(_AUDIENCE, audience)


def _difference(old: str, new: str) -> tuple[str, ...]:
    if old == new:
        return ()
    # not splitlines(): a line end that came or went at the end of a file is a change, too
    diff = difflib.unified_diff(old.split("\n"), new.split("\n"), lineterm="", n=0)
    return tuple(diff)[2:]


def _written(content: Content) -> str:
    """The settings that show in mail, one in a line, in an order that means nothing."""
    return "\n".join(sorted(_flat(content.model_dump(mode="json"), "")))


def _flat(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else key)
    else:
        yield f"{name} = {json.dumps(value, ensure_ascii=False)}"


@dataclass(frozen=True, slots=True)
class Approval:
    """One person's approval of a content and an audience."""

    person: str
    at: str
    query: str
    """The audience's expression, "" for the whole list."""
    snapshot: bytes
    """`Sources.to_bytes()`, as they were looked at."""
