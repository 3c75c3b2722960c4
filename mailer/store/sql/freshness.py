"""Freshness of the ledger: the number of claims in the database, compared with its marks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from os.path import samestat
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from mailer.errors import StaleLedger
from mailer.store.freshness import Settlement
from mailer.store.sql.marks import Mark, Marks, boot_id, boot_time, machine_id
from mailer.store.sql.rows import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mailer.store.sql.database import Row, SqlDatabase

_DAY = timedelta(days=1)
_CLOCKS_DIFFER = timedelta(minutes=2)
"""The most by which the clocks of two machines may differ."""
_FEW = 100
"""Messages that are in no ledger, such as test mail, or that another clock counts in another day."""

ACCEPT = "If this copy is to be the ledger from now on, and no other: mailer restore. See docs/backups.md."


class SqlFreshness:
    """Of a ledger in a file; a subclass tells what is different on a server.

    Args:
        database: of the ledger.
        marks: of its progress.
        name: of the database, for staff.
    """

    def __init__(self, database: SqlDatabase, marks: Marks, *, name: str) -> None:
        self._db = database
        self._marks = marks
        self._name = name

    def check(self) -> None:
        with self._db.writing():
            epoch, claimed, machine = self._ledger()
            self._refuse_older(epoch, claimed)
            self._refuse_copies(epoch, machine)
            if not machine:
                self._db.execute(_SET_MACHINE, {"machine": self._instance()})

    def claim(self, ledger: Row, number: int) -> Mark:
        """Count claims, inside the transaction that makes them; pass the mark to `advance` after it.

        Args:
            ledger: the row of LEDGER in this transaction.
            number: of claims.

        Raises:
            StaleLedger: the ledger is behind its mark.
        """
        epoch, claimed, _ = ledger
        mark = self._marks.highest()
        if mark and (mark.epoch != epoch or mark.claimed > claimed):
            raise _older(mark.claimed - claimed)
        self._db.execute_later(_CLAIM, [{"number": number}])
        return self._mark(epoch, claimed + number)

    def advance(self, mark: Mark, campaign: str) -> None:
        """Raise the marks, after the claims are on disk and before any mail is handed over."""
        self._marks.advance(mark, campaign)

    def has_to_settle(self, campaign: str) -> bool:
        """Whether people added to this campaign may have been mailed from another copy."""
        return bool(self._db.row(_HAS_TO_SETTLE, {"campaign": campaign}))

    def unrecorded(self, sent: int, *, now: datetime) -> int:
        epoch, claimed, _ = self._ledger()
        if self._marks.prove(epoch, claimed):
            return 0
        recorded = int(self._db.value(_RECORDED, {"since": iso(now - _DAY)}))
        unrecorded = sent - recorded
        return unrecorded if unrecorded > max(_FEW, recorded // 10) else 0

    def vouch(self) -> None:
        epoch, claimed, _ = self._ledger()
        self._marks.replace(self._mark(epoch, claimed))

    def accept(self, sent: Sequence[str], *, now: datetime) -> Settlement:
        epoch, claimed, _ = self._ledger()
        marks = [mark for mark in self._marks.all(epoch) if mark.epoch == epoch]
        certain = bool(marks) and all(mark.machine == self._instance() for mark in marks)
        later = {name for mark in marks for name, at in mark.campaigns.items() if at > claimed}
        campaigns = sorted({*sent, *later} if certain else {*sent, *later, *self._unfinished()})
        claimed = max([claimed, *(mark.claimed for mark in marks)])
        epoch = uuid4().hex
        with self._db.writing():
            self._db.execute(
                _RENEW, {"epoch": epoch, "machine": self._instance(), "claimed": claimed}
            )
            # staff type these numbers: they stay short
            self._db.number_from("imports", self._db.value(_LAST_IMPORT) + 1_000_001)
            self._db.execute_many(_SETTLE_LATER, ({"campaign": name} for name in campaigns))
            uncertain = sum(self._settle(name, now) for name in campaigns)
        self._marks.replace(self._mark(epoch, claimed))
        return Settlement(tuple(campaigns), uncertain, certain)

    def move_here(self) -> None:
        """Begin anew in a store into which everything was copied, out of one that sends no more.

        From then on, it can be written.
        """
        _, claimed, _ = self._ledger()
        epoch, instance = uuid4().hex, self._instance()
        renewed = {"epoch": epoch, "machine": instance, "claimed": claimed}
        with self._db.writing():
            self._db.execute(_RENEW, renewed)
            self._db.execute("DELETE FROM moved")
        self._marks.replace(self._mark(epoch, claimed))

    def _unfinished(self) -> list[str]:
        return [name for (name,) in self._db.rows(_UNFINISHED)]

    def _settle(self, campaign: str, now: datetime) -> int:
        change = {"campaign": campaign, "at": iso(now), "detail": RESTORED}
        self._db.execute(_PAUSE, change)
        return self._db.execute(_DOUBT, change)

    def close(self) -> None:
        self._marks.close()

    # ---------------------------------------------------------------- comparing

    def _instance(self) -> str:
        """An id of the machine or the server that the ledger belongs to."""
        return machine_id()

    def _ledger(self) -> tuple[str, int, str]:
        epoch, claimed, machine = self._db.row(LEDGER) or ("", 0, "")
        return epoch, claimed, machine

    def _mark(self, epoch: str, claimed: int) -> Mark:
        return Mark(
            epoch,
            claimed,
            path=self._marks.place,
            machine=self._instance(),
            boot=boot_id(),
            at=iso(datetime.now(UTC)),
        )

    def _refuse_older(self, epoch: str, claimed: int) -> None:
        marks = self._marks.all(epoch)
        highest = max((mark.claimed for mark in marks if mark.epoch == epoch), default=0)
        if highest > claimed:
            raise _older(highest - claimed)
        foreign = [mark for mark in self._marks.own() if mark.epoch != epoch and mark.claimed]
        if foreign:
            last = max(foreign, key=lambda mark: mark.at)
            raise StaleLedger(
                f"{self._name} is not the database that was here on {last.at[:10]}: from that "
                f"one, {last.claimed:,} were mailed, and this one does not know of it",
                hint=f"Put that database back. {ACCEPT}",
            )

    def _refuse_copies(self, epoch: str, machine: str) -> None:
        this_machine = self._instance()
        if machine and this_machine and machine != this_machine:
            raise StaleLedger(
                f"{self._name} was copied from another machine: if the original still sends, "
                f"everybody is mailed twice ({self._waiting():,} are pending here)",
                hint=f"Send from one machine only. {ACCEPT}",
            )
        for mark in self._marks.own():
            if mark.epoch == epoch and _is_elsewhere(mark):
                raise StaleLedger(
                    f"{self._name} was last used by another machine, while this one was running: "
                    f"if it still sends, everybody is mailed twice ({self._waiting():,} are pending here)",
                    hint=f"Send from one machine only. {ACCEPT}",
                )
        for mark in self._marks.all(epoch):
            original = Path(mark.path)
            is_of_ours = mark.epoch == epoch and mark.machine == this_machine
            if is_of_ours and mark.path != self._marks.place and self._is_another(original):
                raise StaleLedger(
                    f"{self._name} is a copy of {original}, which sends, too: everybody "
                    f"would be mailed twice ({self._waiting():,} are pending here)",
                    hint=f"Send from one of the two only. {ACCEPT}",
                )

    def _is_another(self, original: Path) -> bool:
        """Whether a path leads to another database: the same file by another name has another log."""
        try:
            status, own = original.stat(), Path(self._marks.place).stat()
        except (FileNotFoundError, NotADirectoryError):
            return False  # renamed or moved
        except OSError:
            return True  # hidden from this user, and perhaps there
        return not samestat(status, own) or own.st_nlink > 1

    def _waiting(self) -> int:
        return int(self._db.value(_WAITING))


RESTORED = "may have been mailed from another copy of the database"
"""The reason of deliveries that are uncertain after a restore."""


def _is_elsewhere(mark: Mark) -> bool:
    """Whether another boot has written a mark since this boot began.

    Two machines with the same id, or with none, as most containers, differ in their boots. A time in the
    future tells of a wrong clock only.
    """
    if not (mark.at and mark.boot and boot_id()) or mark.boot == boot_id():
        return False
    at, now = datetime.fromisoformat(mark.at), datetime.now(UTC)
    return boot_time() + _CLOCKS_DIFFER < at <= now + _CLOCKS_DIFFER


def _older(number: int) -> StaleLedger:
    return StaleLedger(
        f"the database is older than what was sent from it: {number:,} may already have had their "
        "mail, and this copy does not know of it",
        hint=f"Put the newest database back. {ACCEPT}",
    )


LEDGER = "SELECT epoch, claimed, machine FROM ledger"

_SET_MACHINE = "UPDATE ledger SET machine = :machine"

_CLAIM = "UPDATE ledger SET claimed = claimed + :number"

_RENEW = "UPDATE ledger SET epoch = :epoch, claimed = :claimed, machine = :machine"

_HAS_TO_SETTLE = "SELECT 1 FROM unsettled WHERE campaign = :campaign"

_LAST_IMPORT = "SELECT coalesce(max(id), 0) FROM imports"

_RECORDED = """
SELECT (SELECT count(*) FROM deliveries d JOIN sends ON sends.id = d.send_id
        WHERE sends.transport = 'ses' AND d.state IN ('sending', 'accepted', 'uncertain')
            AND d.changed >= :since)
    + (SELECT count(*) FROM requests
        WHERE mail IN ('sending', 'sent', 'uncertain') AND mail_changed >= :since)"""

_SETTLE_LATER = """
INSERT INTO unsettled (campaign) VALUES (:campaign) ON CONFLICT (campaign) DO NOTHING"""

_UNFINISHED = """
SELECT DISTINCT campaign FROM sends
WHERE EXISTS (SELECT 1 FROM deliveries d
    WHERE d.send_id = sends.id AND d.state IN ('pending', 'sending'))"""

_WAITING = "SELECT count(*) FROM deliveries WHERE state IN ('pending', 'sending')"

_PAUSE = """
UPDATE sends SET state = 'paused', note = :detail, changed = :at
WHERE campaign = :campaign AND state IN ('queued', 'sending')"""

_DOUBT = """
UPDATE deliveries SET state = 'uncertain', detail = :detail, changed = :at
WHERE campaign = :campaign AND state IN ('pending', 'sending')"""
