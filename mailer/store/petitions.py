"""Signatures of petitions, and their counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mailer.campaigns.petition import Tally
    from mailer.ledger.signature import Signature, SignatureCounts, SignatureState, Signer


class Petitions(Protocol):
    def sign(self, signer: Signer, *, now: datetime) -> Signature | None:
        """Keep the signature of a person who signs from a mail, and that a receipt has to go out for it.

        One person signs a petition once, however often; so does a person whose address has changed. A
        signature that was withdrawn or set aside stays so.

        Return None when there is no such subscriber, or the petition is closed and was not signed before.
        """
        ...

    def get(self, signature_id: int) -> Signature | None: ...

    def find(self, petition: str, *, email: str) -> Signature | None: ...

    def complete(
        self, signature_id: int, details: Mapping[str, str], *, now: datetime
    ) -> Signature | None:
        """Fill in details that are blank; what is there stays.

        A comment is public where `comment_public` is "yes".
        """
        ...

    def withdraw(self, signature_id: int, *, now: datetime) -> Signature | None: ...

    def invalidate(self, signature_ids: Iterable[int], reason: str, *, now: datetime) -> int:
        """Set signatures aside; return how many were pending or signed until now."""
        ...

    def hide_comments(self, signature_ids: Iterable[int], *, now: datetime) -> int:
        """Hide comments; return how many were public until now. Their signatures count as before."""
        ...

    def close(self, petition: str, *, now: datetime) -> None:
        """Take no more signatures."""
        ...

    def counts(self, petition: str) -> SignatureCounts: ...

    def tallies(self, petitions: Sequence[str]) -> Mapping[str, Tally]:
        """Signed so far, in all and by place, of places with at least ten."""
        ...

    def signers(self, petition: str) -> frozenset[int]:
        """Ids of the subscribers who signed."""
        ...

    def wordings(self, petition: str) -> Mapping[str, int]:
        """Digest of a wording → how many signed it."""
        ...

    def all(self, petition: str, state: SignatureState | None = None) -> Iterator[Signature]:
        """Stream signatures in the order of signing."""
        ...

    def comments(self, petition: str, number: int) -> Sequence[Signature]:
        """The latest signatures with a comment that may be shown."""
        ...

    def expire(self, before: datetime, *, now: datetime) -> None:
        """Set aside what was not confirmed, and forget the person."""
        ...
