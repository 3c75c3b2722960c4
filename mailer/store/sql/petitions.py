"""Signatures of petitions, and their counts.

Each change of a signature moves it from one count of its petition to another in the same transaction. The
table of counts refuses any sum that is not closed.
"""

from __future__ import annotations

import secrets
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mailer.campaigns.petition import Tally
from mailer.ledger.signature import (
    Consent,
    Signature,
    SignatureCounts,
    SignatureState,
    Signer,
)
from mailer.lists.request import RecipientRequest, RequestKind
from mailer.store.sql.mail_queue import queue
from mailer.store.sql.rows import PAGE, iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from mailer.store.sql.database import SqlDatabase

SMALLEST = 10
"""Signatures of a place that is counted on its own: fewer would name people."""
_ID_BITS = 52
"""Exact in JSON (RFC 8259, 6), and too many for two to be alike."""
_OF_SUBSCRIBERS = ("first_name", "last_name", "zip", "city", "state")
_DETAILS = (*_OF_SUBSCRIBERS, "comment")


class SqlPetitions:
    def __init__(self, database: SqlDatabase) -> None:
        self._db = database

    # ---------------------------------------------------------------- signing

    def sign(self, signer: Signer, *, now: datetime) -> Signature | None:
        row = _row(signer, "mail", now) | {"id": _new_id(), "status": SignatureState.SIGNED}
        with self._db.writing():
            values = self._db.row(_SIGN, row)
            if values is None:
                return self._sign_again(signer, row, now)
            signature = _signature(values)
            self._move(signer.petition, 1, None, SignatureState.SIGNED)
            queue(self._db, _receipt(signature), now)
            return signature

    def _sign_again(
        self, signer: Signer, row: Mapping[str, object], now: datetime
    ) -> Signature | None:
        """The signature that is there already; one that waits for its mailbox counts now."""
        known = self._of_subscriber(signer.petition, signer.subscriber_id)
        if known is None or known.status is not SignatureState.PENDING:
            return known
        person = self._db.row(_SUBSCRIBER, {"id": signer.subscriber_id})
        if person is None or self._is_closed(signer.petition):
            return None
        details = zip(("email", *_OF_SUBSCRIBERS), person, strict=True)
        return self._keep({**row, **dict(details)}, SignatureState.SIGNED, now, known)

    def _of_subscriber(self, petition: str, subscriber_id: int) -> Signature | None:
        """The signature of a person, under any of their addresses."""
        person = {"petition": petition, "subscriber_id": subscriber_id}
        row = self._db.row(_OF_SUBSCRIBER, person)
        return _signature(row) if row else None

    def expect(self, request: RecipientRequest, now: datetime) -> None:
        """Keep a signature that waits to be confirmed, unless there is one of this address."""
        if "signature" in request.details:
            return
        signer = _signer(request, 0)
        with self._db.writing():
            if self.find(signer.petition, email=signer.email) or self._is_closed(signer.petition):
                return
            empty = Signer(signer.petition, signer.wording, email=signer.email)
            self._keep(_row(empty, "page", now), SignatureState.PENDING, now)

    def confirm(self, request: RecipientRequest, subscriber_id: int, now: datetime) -> bool:
        """Sign for a person whose mailbox has confirmed it; return False when the petition is closed.

        A confirmation brings back what was withdrawn, and fills in what is blank in a signature. What
        staff set aside stays so.
        """
        if "signature" in request.details:
            return self._confirm_details(request, now)
        signer = _signer(request, subscriber_id)
        with self._db.writing():
            known = self.find(signer.petition, email=signer.email)
            if known is None and subscriber_id:
                known = self._of_subscriber(signer.petition, subscriber_id)
            if known is not None and known.status in {
                SignatureState.SIGNED,
                SignatureState.INVALID,
            }:
                self._fill_in(known.id, _row(signer, "page", now), now)
                return True
            if self._is_closed(signer.petition):
                return False
            self._keep(_row(signer, "page", now), SignatureState.SIGNED, now, known)
        return True

    def _confirm_details(self, request: RecipientRequest, now: datetime) -> bool:
        """Add what was typed beside a signature, while that counts."""
        signature = self.get(int(request.details["signature"], 16))
        if signature is None or signature.status is not SignatureState.SIGNED:
            return False
        if signature.email != request.email:
            return False
        typed = {name: request.details.get(name, "") for name in (*_DETAILS, "comment_public")}
        self.complete(signature.id, typed, now=now)
        return True

    def _keep(
        self,
        row: Mapping[str, object],
        state: SignatureState,
        now: datetime,
        known: Signature | None = None,
    ) -> Signature:
        """Write a signature, in the place of one that waits or was withdrawn, and queue its receipt."""
        petition = str(row["petition"])
        row = {**row, "id": known.id if known else _new_id(), "status": state}
        if known is None:
            self._db.execute(_INSERT, row)
            self._move(petition, 1, None, state)
        else:
            self._db.execute(_REPLACE, row)
            self._move(petition, 1, known.status, state)
        signature = _signature([row[name] for name in _COLUMNS])
        if state is SignatureState.SIGNED:
            queue(self._db, _receipt(signature), now)
        return signature

    def _move(
        self, petition: str, number: int, old: SignatureState | None, new: SignatureState
    ) -> None:
        """Count signatures under a new state, and no longer under the old one."""
        change: dict[str, Any] = dict.fromkeys(("received", *SignatureState), 0)
        change[new] += number
        change["received" if old is None else old] += number if old is None else -number
        change["petition"] = petition
        if not self._db.execute(_COUNT, change):
            self._db.execute(_ADD_PETITION, {"petition": petition})
            self._db.execute(_COUNT, change)

    def _is_closed(self, petition: str) -> bool:
        return bool(self.counts(petition).closed)

    # ---------------------------------------------------------------- one signature

    def get(self, signature_id: int) -> Signature | None:
        row = self._db.row(_BY_ID, {"id": signature_id})
        return _signature(row) if row else None

    def find(self, petition: str, *, email: str) -> Signature | None:
        row = self._db.row(_BY_EMAIL, {"petition": petition, "email": email}) if email else None
        return _signature(row) if row else None

    def complete(
        self, signature_id: int, details: Mapping[str, str], *, now: datetime
    ) -> Signature | None:
        blank = dict.fromkeys(
            (*_DETAILS, "consent", "consent_version", "consent_how", "consented"), ""
        )
        with self._db.writing():
            is_public = int(details.get("comment_public") == "yes")
            self._fill_in(signature_id, {**blank, **details, "comment_public": is_public}, now)
            return self.get(signature_id)

    def _fill_in(self, signature_id: int, row: Mapping[str, object], now: datetime) -> None:
        self._db.execute(_FILL_IN, {**row, "id": signature_id, "changed": iso(now)})

    def withdraw(self, signature_id: int, *, now: datetime) -> Signature | None:
        with self._db.writing():
            signature = self.get(signature_id)
            if signature and signature.status in {SignatureState.SIGNED, SignatureState.PENDING}:
                self._end(signature, SignatureState.WITHDRAWN, "", now)
            return self.get(signature_id)

    def invalidate(self, signature_ids: Iterable[int], reason: str, *, now: datetime) -> int:
        number = 0
        with self._db.writing():
            for signature_id in signature_ids:
                signature = self.get(signature_id)
                if signature and signature.status in {
                    SignatureState.SIGNED,
                    SignatureState.PENDING,
                }:
                    self._end(signature, SignatureState.INVALID, reason, now)
                    number += 1
        return number

    def hide_comments(self, signature_ids: Iterable[int], *, now: datetime) -> int:
        with self._db.writing():
            return self._db.execute_many(
                _HIDE_COMMENT, ({"id": id_, "changed": iso(now)} for id_ in signature_ids)
            )

    def _end(self, signature: Signature, state: SignatureState, reason: str, now: datetime) -> None:
        change = {"id": signature.id, "status": state, "reason": reason, "changed": iso(now)}
        self._db.execute(_END, change)
        self._move(signature.petition, 1, signature.status, state)

    def expire(self, before: datetime, *, now: datetime) -> None:
        limit = {"before": iso(before), "changed": iso(now)}
        if self._db.row(_ANY_TO_EXPIRE, limit):
            with self._db.writing():
                for petition, number in self._db.rows(_NUMBER_TO_EXPIRE, limit):
                    self._move(petition, number, SignatureState.PENDING, SignatureState.INVALID)
                self._db.execute(_EXPIRE, limit)

    # ---------------------------------------------------------------- all of a petition

    def close(self, petition: str, *, now: datetime) -> None:
        with self._db.writing():
            self._db.execute(_ADD_PETITION, {"petition": petition})
            self._db.execute(_CLOSE, {"petition": petition, "at": iso(now)})

    def counts(self, petition: str) -> SignatureCounts:
        row = self._db.row(_COUNTS, {"petition": petition})
        return SignatureCounts(*row) if row else SignatureCounts()

    def tallies(self, petitions: Sequence[str]) -> Mapping[str, Tally]:
        with self._db.reading():
            return {petition: self._tally(petition) for petition in petitions}

    def _tally(self, petition: str) -> Tally:
        place = {"petition": petition, "smallest": SMALLEST}
        counts = self.counts(petition)
        return Tally(
            counts.signed,
            dict(self._db.rows(_BY_STATE, place)),
            {f"{city}, {state}": number for city, state, number in self._db.rows(_BY_CITY, place)},
            bool(counts.closed),
        )

    def signers(self, petition: str) -> frozenset[int]:
        rows = self._db.rows(_SIGNERS, {"petition": petition})
        return frozenset(subscriber_id for (subscriber_id,) in rows)

    def wordings(self, petition: str) -> Mapping[str, int]:
        return dict(self._db.rows(_WORDINGS, {"petition": petition}))

    def all(self, petition: str, state: SignatureState | None = None) -> Iterator[Signature]:
        place: dict[str, object] = {"petition": petition, "at": "", "id": 0, "page": PAGE}
        place |= {"status": state or ""}
        while page := self._db.rows(_PAGE_OF_STATE if state else _PAGE, place):
            signatures = [_signature(row) for row in page]
            yield from signatures
            place |= {"at": signatures[-1].at, "id": signatures[-1].id}

    def comments(self, petition: str, number: int) -> Sequence[Signature]:
        rows = self._db.rows(_COMMENTS, {"petition": petition, "number": number})
        return [_signature(row) for row in rows]


def _signer(request: RecipientRequest, subscriber_id: int) -> Signer:
    """What a confirmed request of the public page says."""
    details = request.details
    consent = (
        Consent(details["consent"], details["consent_version"], details["consent_how"])
        if request.lists
        else None
    )
    typed = {name: details.get(name, "") for name in _DETAILS}
    is_public = details.get("comment_public") == "yes"
    signer = Signer(details["petition"], details["wording"], request.email, subscriber_id)
    return replace(signer, **typed, comment_public=is_public, consent=consent)  # type: ignore[arg-type] # texts


def _new_id() -> int:
    return secrets.randbits(_ID_BITS)


def _row(signer: Signer, how: str, now: datetime) -> dict[str, object]:
    consent = signer.consent
    return {
        "petition": signer.petition,
        "wording": signer.wording,
        "email": signer.email,
        "subscriber_id": signer.subscriber_id,
        "send_id": signer.send_id,
        "how": how,
        "at": iso(now),
        "changed": iso(now),
        "comment_public": int(signer.comment_public),
        "consent": consent.text if consent else "",
        "consent_version": consent.version if consent else "",
        "consent_how": consent.how if consent else "",
        "consented": iso(now) if consent else "",
        **{name: getattr(signer, name) for name in _DETAILS},
    }


def _receipt(signature: Signature) -> RecipientRequest:
    return RecipientRequest(
        RequestKind.RECEIPT,
        signature.email,
        signature.subscriber_id,
        signature.send_id,
        details={"petition": signature.petition, "signature": f"{signature.id:x}"},
    )


def _signature(row: Sequence[Any]) -> Signature:
    values = dict(zip(_COLUMNS, row, strict=True))
    values |= {
        "status": SignatureState(values["status"]),
        "comment_public": bool(values["comment_public"]),
    }
    return Signature(**values)


_COLUMNS = (
    *("id", "petition", "status", "email", "subscriber_id", "send_id", "how", "wording", "at"),
    *_DETAILS,
    *("comment_public", "consent"),
)
_SELECT = f"SELECT {', '.join(f'g.{name}' for name in _COLUMNS)} FROM signatures g"

_BY_ID = f"{_SELECT} WHERE g.id = :id"

_BY_EMAIL = f"{_SELECT} WHERE g.petition = :petition AND g.email = :email AND g.email <> ''"

# under the address of now, or one that this person had before
_OF_PERSON = f"""
{_SELECT} WHERE g.subscriber_id = :subscriber_id AND g.subscriber_id > 0 AND g.petition = :petition
UNION ALL {_SELECT} JOIN subscribers s ON s.email = g.email
WHERE s.id = :subscriber_id AND g.petition = :petition AND g.email <> ''
UNION ALL {_SELECT} JOIN moves m ON m.formerly = g.subscriber_id
WHERE m.subscriber_id = :subscriber_id AND g.subscriber_id > 0 AND g.petition = :petition"""

_OF_SUBSCRIBER = f"{_OF_PERSON} LIMIT 1"

_SUBSCRIBER = f"SELECT email, {', '.join(_OF_SUBSCRIBERS)} FROM subscribers WHERE id = :id"

_FIELDS = (
    *("petition", "status", "email", "subscriber_id", "send_id", "how", "wording", "at", "changed"),
    *_DETAILS,
    *("comment_public", "consent", "consent_version", "consent_how", "consented"),
)

_INSERT = f"""
INSERT INTO signatures (id, {", ".join(_FIELDS)}) VALUES (:id, {", ".join(f":{f}" for f in _FIELDS)})"""

_OF_SIGNER = {name: f"s.{name}" for name in ("email", *_OF_SUBSCRIBERS)}

_SIGN = f"""
INSERT INTO signatures (id, {", ".join(_FIELDS)})
SELECT :id, {", ".join(_OF_SIGNER.get(name, f":{name}") for name in _FIELDS)}
FROM subscribers s
WHERE s.id = :subscriber_id AND NOT EXISTS ({_OF_PERSON})
    AND NOT EXISTS (SELECT 1 FROM petitions WHERE name = :petition AND closed <> '')
RETURNING {", ".join(_COLUMNS)}"""

_REPLACE = f"""
UPDATE signatures SET reason = '', {", ".join(f"{f} = :{f}" for f in _FIELDS)} WHERE id = :id"""

_ADD_PETITION = "INSERT INTO petitions (name) VALUES (:petition) ON CONFLICT (name) DO NOTHING"

_COUNT = """
UPDATE petitions SET received = received + :received, pending = pending + :pending,
    signed = signed + :signed, withdrawn = withdrawn + :withdrawn, invalid = invalid + :invalid
WHERE name = :petition"""

_COUNTS = """
SELECT received, pending, signed, withdrawn, invalid, closed FROM petitions WHERE name = :petition"""

_CLOSE = "UPDATE petitions SET closed = :at WHERE name = :petition AND closed = ''"


def _unless_blank(name: str) -> str:
    return f"{name} = CASE {name} WHEN '' THEN :{name} ELSE {name} END"


# A ZIP code comes with its city and state. A comment is public as it was chosen with it.
_FILL_IN = f"""
UPDATE signatures SET changed = :changed,
    {", ".join(map(_unless_blank, ("first_name", "last_name", "zip")))},
    city = CASE zip WHEN '' THEN :city ELSE city END,
    state = CASE zip WHEN '' THEN :state ELSE state END,
    comment_public = CASE comment WHEN '' THEN :comment_public ELSE comment_public END,
    {_unless_blank("comment")},
    consent_version = CASE consent WHEN '' THEN :consent_version ELSE consent_version END,
    consent_how = CASE consent WHEN '' THEN :consent_how ELSE consent_how END,
    consented = CASE consent WHEN '' THEN :consented ELSE consented END,
    {_unless_blank("consent")}
WHERE id = :id"""

_END = """
UPDATE signatures SET status = :status, reason = :reason, changed = :changed WHERE id = :id"""

_HIDE_COMMENT = """
UPDATE signatures SET comment_public = 0, changed = :changed
WHERE id = :id AND comment_public = 1 AND comment <> ''"""

_OLD = "status = 'pending' AND at < :before"

_ANY_TO_EXPIRE = f"SELECT 1 FROM signatures WHERE {_OLD} LIMIT 1"

_NUMBER_TO_EXPIRE = f"SELECT petition, count(*) FROM signatures WHERE {_OLD} GROUP BY petition"

_EXPIRE = f"""
UPDATE signatures SET status = 'invalid', reason = 'not confirmed', changed = :changed,
    email = '', subscriber_id = 0
WHERE {_OLD}"""

_OF_PLACES = "FROM signatures WHERE petition = :petition AND status = 'signed' AND state <> ''"

_BY_STATE = f"""
SELECT state, count(*) {_OF_PLACES} GROUP BY state HAVING count(*) >= :smallest ORDER BY state"""

_BY_CITY = f"""
SELECT city, state, count(*) {_OF_PLACES} AND city <> ''
GROUP BY city, state HAVING count(*) >= :smallest ORDER BY city, state"""

_SIGNED = "g.petition = :petition AND g.status = 'signed'"

_SIGNERS = f"""
SELECT g.subscriber_id FROM signatures g WHERE {_SIGNED} AND g.subscriber_id > 0
UNION SELECT s.id FROM signatures g JOIN subscribers s ON s.email = g.email
    WHERE {_SIGNED} AND g.subscriber_id = 0 AND g.email <> ''
UNION SELECT m.subscriber_id FROM signatures g JOIN moves m ON m.formerly = g.subscriber_id
    WHERE {_SIGNED} AND g.subscriber_id > 0"""

_WORDINGS = """
SELECT wording, count(*) FROM signatures WHERE petition = :petition AND status = 'signed'
GROUP BY wording"""

_PAGE = f"""
{_SELECT} WHERE g.petition = :petition AND (g.at > :at OR (g.at = :at AND g.id > :id))
ORDER BY g.at, g.id LIMIT :page"""

_PAGE_OF_STATE = f"""
{_SELECT} WHERE g.petition = :petition AND g.status = :status
    AND (g.at > :at OR (g.at = :at AND g.id > :id))
ORDER BY g.at, g.id LIMIT :page"""

_NUMBER_OF = "-sum(CASE status WHEN '{state}' THEN 1 ELSE 0 END) AS {state}"
_STATES = ", ".join(_NUMBER_OF.format(state=state) for state in SignatureState)

MISCOUNTED = f"""
SELECT name FROM (
    SELECT name, pending, signed, withdrawn, invalid FROM petitions
    UNION ALL SELECT petition, {_STATES} FROM signatures GROUP BY petition) counted
GROUP BY name
HAVING sum(pending) <> 0 OR sum(signed) <> 0 OR sum(withdrawn) <> 0 OR sum(invalid) <> 0
ORDER BY name"""
"""Petitions whose counts are not those of their rows."""

PETITIONS = "SELECT name FROM petitions WHERE received > 0 ORDER BY name"

_COMMENTS = f"""
{_SELECT} WHERE {_SIGNED} AND g.comment <> '' AND g.comment_public = 1
ORDER BY g.at DESC, g.id DESC LIMIT :number"""
