"""Who of a file left, by the columns that say so; what cannot be told is asked, never guessed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from mailer.errors import ImportFileError, Place, UsageError, suggest
from mailer.lists.dates import iso_date
from mailer.lists.leaving_columns import STANDING, Signal, signal_of
from mailer.lists.leaving_elsewhere import (
    are_answers,
    are_only_answers,
    is_address_in,
    may_ask_for_mail,
    says_left,
)
from mailer.lists.standing import STRENGTH, Standing, flag_of, standing_of
from mailer.lists.translation import in_english, is_foreign, plain_heading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mailer.lists.header_mapping import Column

BLANK = "blank"
"""Stands for a blank cell in `--status`."""

_MOST_VALUES = 1_000
"""Different values counted for each column: memory does not grow with the file."""
_SHOWN = 8
_LONGEST = 60

_FILES_OF_LEAVERS = (
    (Standing.COMPLAINED, re.compile(r"complain\w*|spam")),
    (Standing.BOUNCED, re.compile(r"cleaned|bounce[ds]?|hard.?bounces?|undeliverable")),
    (
        Standing.DO_NOT_MAIL,
        re.compile(
            r"suppress\w*|block.?list(ed)?|black.?list(ed)?|do.?not.?\w*|don'?t.?(e-?mail|mail|contact)"
            r"|no.?(e-?mails?|mail|contact)|dnc|deceased|blocked|banned"
        ),
    ),
    (
        Standing.UNSUBSCRIBED,
        re.compile(
            r"unsub\w*|(non|not).?subscribed|opt.?outs?|opted.?out|leavers?|(people )?who left"
            r"|removed|removals?|deleted|deactivated|inactive|archived|bajas?|cancell?ed|lapsed"
            r"|former.members"
        ),
    ),
)


def standing_of_file(path: str, titles: Iterable[str] = ()) -> Standing | None:
    """The standing of everybody in a file, by what it is called; None where that says nothing.

    Args:
        path: such as `cleaned_members.csv`.
        titles: the name of a workbook's sheet, and what stands above the headings.
    """
    name = re.split(r"[/\\]", path)[-1].rsplit(".", 1)[0]
    for title in (name, *titles):
        text = f"{title.lower()}\n{in_english(plain_heading(title))}"
        for standing, pattern in _FILES_OF_LEAVERS:
            if re.search(rf"(?<![a-z])({pattern.pattern})(?![a-z])", text):
                return standing
    return None


class Departure(NamedTuple):
    """The departure of one person, as a file records it."""

    standing: Standing
    since: str
    """ISO date, "" when the file does not say."""
    note: str
    """The file's own, as `Status: Cleaned`."""


class _Reading(NamedTuple):
    standing: Standing | None
    since: str = ""
    understood: bool = True


_NOTHING = _Reading(None)


class _SignalColumn:
    """One column that says who may be mailed. What a value means is worked out once."""

    def __init__(
        self, column: Column, index: int, statuses: Mapping[str, Standing], signal: Signal
    ) -> None:
        self.heading = column.heading
        self.index = index
        self.signal = signal
        self.trusted = column.mapped
        self.unknown: Counter[str] = Counter()
        self.blank = 0
        self.filled = False
        self._statuses = statuses
        self._readings: dict[str, _Reading] = {}

    def read(self, cell: str) -> _Reading:
        reading = self._readings.get(cell)
        if reading is None:
            reading = self.interpret(cell)
            if len(self._readings) < _MOST_VALUES:
                self._readings[cell] = reading
        if not reading.understood:
            self.count(cell)
        self.filled = self.filled or bool(cell)
        return reading

    @property
    def asked_about(self) -> Counter[str]:
        """The values that are not understood, with their numbers."""
        values = self.unknown.copy()
        if self.blank and self.filled:
            values[""] = self.blank
        return values

    def count(self, cell: str) -> None:
        if not cell:
            self.blank += 1
        elif cell in self.unknown or len(self.unknown) < _MOST_VALUES:
            self.unknown[cell[:_LONGEST]] += 1

    def interpret(self, cell: str) -> _Reading:
        """What a value says; nothing is counted."""
        blank = BLANK if self.signal in {Signal.STATUS, Signal.OPT_IN} else ""
        override = self._statuses.get(cell.lower() or blank)
        if override is not None:
            return _Reading(override)
        if self.signal is Signal.DOUBTFUL:
            return _Reading(None, understood=cell in {"", "0"})
        if self.signal is Signal.REASON:
            is_complaint = standing_of(cell) is Standing.COMPLAINED
            return _Reading(Standing.COMPLAINED if is_complaint else None)
        if self.signal is Signal.STATUS:
            standing = standing_of(cell) if cell else None
            return _Reading(standing, understood=standing is not None)
        return self._flag(cell)

    def _flag(self, cell: str) -> _Reading:
        positive = self.signal is Signal.OPT_IN
        if not cell:
            return _Reading(None, understood=not positive)
        flag = False if cell.lower() == "never" and not positive else flag_of(cell)
        since = "" if flag is not None else iso_date(cell)
        standing = None if flag is not None or since else standing_of(cell)
        if flag is None and standing is None:
            flag = True if since or (self.trusted and not positive) else None
        if flag is not None:
            left = flag is not positive
            return _Reading(STANDING[self.signal], "" if positive else since) if left else _NOTHING
        if standing is Standing.SUBSCRIBED and not positive:
            standing = None
        return _Reading(standing, understood=standing is not None)


class _AnswerColumn(_SignalColumn):
    """A further column that is asked about only if it holds answers: "Mailing list: Yes"."""

    @property
    def asked_about(self) -> Counter[str]:
        return self.unknown if are_answers(self.unknown) else Counter()


class _UnreadableColumn(_SignalColumn):
    """A further column under a heading that cannot be read, asked about if it holds answers alone.

    Or if one of its values says, as a status, that somebody left.
    """

    @property
    def asked_about(self) -> Counter[str]:
        is_status = any(
            standing_of(value) not in {None, Standing.SUBSCRIBED} for value in self.unknown
        )
        return self.unknown if is_status or are_only_answers(self.unknown) else Counter()


@dataclass
class Departures:
    """Read from each row whether the person left.

    Args:
        columns: of the file.
        statuses: from `--status`: word → standing.
        everybody: the standing of `--as`, when the file as a whole is such a list.
        ignored: indexes of columns that say nothing about leaving, by `--ignore`.
        asks: whether the file is refused where it is not certain who left.
    """

    columns: Sequence[Column]
    statuses: Mapping[str, Standing] = field(default_factory=dict)
    everybody: Standing | None = None
    ignored: frozenset[int] = frozenset()
    asks: bool = True

    def __post_init__(self) -> None:
        self._signals = [
            _SignalColumn(column, i, self.statuses, Signal(column.target))
            for i, column in enumerate(self.columns)
            if column.target in set(Signal)
        ]
        self._quiet = self.ignored | {signal.index for signal in self._signals}
        self._elsewhere: dict[int, Counter[str]] = {}
        self._unreadable: list[int] = []
        self._part: tuple[int, str] | None = None
        self._left = 0
        primary = any(
            signal.signal not in {Signal.REASON, Signal.DOUBTFUL} for signal in self._signals
        )
        for signal in self._signals:
            if signal.signal is Signal.REASON and not primary:
                signal.signal = Signal.DOUBTFUL
        self.says_who_left = bool(self._signals)
        self.tells_apart = any(
            signal.signal in {Signal.STATUS, Signal.OPT_IN} for signal in self._signals
        )
        self._signals += self._further_columns()
        self.speaks = bool(self._signals) or self.everybody is not None

    def _further_columns(self) -> Iterator[_SignalColumn]:
        """Columns that are about something else, by their headings, and may say who left."""
        in_other_language = any(is_foreign(column.heading) for column in self.columns)
        for i, column in enumerate(self.columns):
            if i in self._quiet:
                continue
            if column.target == "member_since" and not self.tells_apart:
                # somebody without a date of opting in may never have done so
                if signal_of(column.heading) is Signal.OPT_IN:
                    yield _SignalColumn(column, i, self.statuses, Signal.OPT_IN)
            elif not column.target and column.field and may_ask_for_mail(column.heading):
                yield _AnswerColumn(column, i, self.statuses, Signal.DOUBTFUL)
            elif not column.target and column.field and in_other_language:
                yield _UnreadableColumn(column, i, self.statuses, Signal.DOUBTFUL)

    def read(self, cells: Sequence[str]) -> Departure | None:
        """The departure in a row with a usable address; None for a person who may be mailed."""
        strongest = Standing.SUBSCRIBED if self.everybody is None else self.everybody
        since = ""
        notes = []
        for column in self._signals:
            cell = cells[column.index]
            reading = column.read(cell)
            if reading.standing in {None, Standing.SUBSCRIBED}:
                continue
            notes.append(f"{column.heading}: {cell}")
            since = since or reading.since
            strongest = max(strongest, reading.standing, key=STRENGTH.__getitem__)
        if strongest is Standing.SUBSCRIBED:
            self._ask_about_reasons(cells)
        return self._departure(strongest, since, notes)

    def _ask_about_reasons(self, cells: Sequence[str]) -> None:
        """A reason for leaving, of somebody who did not leave by the other columns, is asked about."""
        for column in self._signals:
            cell = cells[column.index]
            if column.signal is Signal.REASON and flag_of(cell) is not False:
                column.count(cell)

    def read_elsewhere(self, values: Iterable[tuple[int, str]]) -> Departure | None:
        """What columns that are not about leaving say of a person.

        Args:
            values: index of a column and what it holds that may be about leaving.
        """
        strongest = Standing.SUBSCRIBED
        notes = []
        for index, value in values:
            if index in self._quiet or not value:
                continue
            standing = self.statuses.get(value.lower())
            if standing is None:
                self._elsewhere.setdefault(index, Counter())[value] += 1
                continue
            notes.append(f"{self.columns[index].heading}: {value}")
            strongest = max(strongest, standing, key=STRENGTH.__getitem__)
        return self._departure(strongest, "", notes)

    def _departure(self, standing: Standing, since: str, notes: list[str]) -> Departure | None:
        if standing is Standing.SUBSCRIBED:
            return None
        self._left += 1
        return Departure(standing, since, "; ".join(notes) or f"imported as {standing}")

    def note_rejected(self, line: int, cells: Sequence[str]) -> None:
        """Note a row that cannot be read but seems to say that somebody left.

        Args:
            line: of the file.
            cells: of the row; too many or too few may have shifted them out of their columns.
        """
        if not any(map(is_address_in, cells)):
            return
        left_by_file = self.everybody not in {None, Standing.SUBSCRIBED}
        if left_by_file or any(map(says_left, cells)) or self._may_say_left(cells):
            self._unreadable.append(line)

    def note_part(self, line: int, text: str) -> None:
        """Note that another part of the file begins: other headings, or people who left.

        Args:
            line: of the file.
            text: of the row.
        """
        self._part = self._part or (line, text)

    def _may_say_left(self, cells: Sequence[str]) -> bool:
        shift = abs(len(cells) - len(self.columns))
        return any(
            column.interpret(cell).standing not in {None, Standing.SUBSCRIBED}
            for column in self._signals
            for cell in cells[max(column.index - shift, 0) : column.index + shift + 1]
        )

    def check(self, path: str, line: int, titles: Iterable[str] = ()) -> None:
        """Stop the import of a file that was read to its end, if something could not be told.

        Args:
            path: of the file.
            line: of its headings.
            titles: the name of a workbook's sheet, and what stands above the headings.

        Raises:
            ImportFileError: with the values that are not understood, their counts, and what to type;
                or the line at which another part of the file begins.
        """
        if self._unreadable:
            raise self._lost(path)
        if self._part:
            at, text = self._part
            raise ImportFileError(
                f'another part of the file begins here: "{text[:_LONGEST]}"',
                place=Place(path, at),
                hint="Save what follows as a file of its own, with its headings, and import both.",
            )
        if self.everybody is not None or not self.asks:
            return
        problems = [*self._unknown_values(), *self._values_elsewhere()]
        place = Place(path, line)
        if problems:
            raise ImportFileError(
                "it is not certain who of this file left, so nothing was imported"
                + "".join(f"\n  {problem}" for problem, _ in problems),
                place=place,
                hint="\n  ".join(hint for _, hint in problems),
            )
        standing = standing_of_file(path, titles)
        if standing and not self._left and not self.tells_apart:
            raise ImportFileError(
                f"is called as if its people were {standing}, but no column says that anybody left",
                place=Place(path),
                hint=f"Add --as {standing} if they must not be mailed, --as subscribed if they may be.",
            )

    def _lost(self, path: str) -> ImportFileError:
        first, *others = self._unreadable
        lines = ", ".join(map(str, self._unreadable[:_SHOWN]))
        more = f" (lines {lines}{'…' if len(others) >= _SHOWN else ''})" if others else ""
        return ImportFileError(
            "this row cannot be read, and seems to say that somebody left, so nothing was imported"
            if not others
            else f"{len(self._unreadable):,} rows cannot be read, and seem to say that somebody left"
            f"{more}, so nothing was imported",
            place=Place(path, first),
            hint="Correct the file there, and import it again: a value with a comma in it stands in"
            ' quotation marks, and one with a " has it twice.',
        )

    def _unknown_values(self) -> list[tuple[str, str]]:
        problems = []
        for column in self._signals:
            values = column.asked_about
            if not values:
                continue
            heading = column.heading
            if column.signal is Signal.DOUBTFUL:
                problem = f'"{heading}" may say who must not be mailed: {_shown(values)}'
                hint = (
                    f'Say what a yes in it means: --map "{heading}=opt_in" (may be mailed), =opt_out,'
                    f' =bounced, =do_not_mail, =list_status; or --ignore "{heading}"'
                )
            else:
                problem = f'"{heading}" holds what is not understood: {_shown(values)}'
                word = values.most_common(1)[0][0] or BLANK
                hint = (
                    f'Say what each means: --status "{word}=subscribed" (or unsubscribed, bounced,'
                    f' complained, do-not-mail); or --ignore "{heading}" if it is about something else'
                )
            problems.append((problem, hint))
        return problems

    def _values_elsewhere(self) -> list[tuple[str, str]]:
        problems = []
        for index, values in self._elsewhere.items():
            heading, word = self.columns[index].heading, values.most_common(1)[0][0]
            problem = f'"{heading}" seems to say that somebody left: {_shown(values)}'
            hint = (
                f'Say what each means: --status "{word}=unsubscribed" (or bounced, complained,'
                f' do-not-mail); or --ignore "{heading}" if it is about something else'
            )
            if self.columns[index].target == "state":
                hint += f'; or --map "{heading}=list_status" if it holds no states at all'
            problems.append((problem, hint))
        return problems


def parse_statuses(pairs: Sequence[str]) -> dict[str, Standing]:
    """What `--status WORD=STANDING` says, as typed; words in lower case.

    Raises:
        UsageError: a pair is not understood.
    """
    statuses = {}
    for pair in pairs:
        word, sign, standing = (part.strip() for part in pair.rpartition("="))
        if not sign or not word:
            raise UsageError(
                f'--status "{pair}" is not WORD=STANDING',
                hint='For example: --status "Gold=subscribed"',
            )
        statuses[word.lower()] = parse_standing(standing, f'--status "{pair}"')
    return statuses


def parse_standing(text: str, option: str) -> Standing:
    try:
        return Standing(text.lower())
    except ValueError as err:
        raise UsageError(
            f'{option}: there is no standing "{text}"',
            hint=suggest(text, [*Standing]) or f"One of: {', '.join(Standing)}",
        ) from err


def _shown(values: Counter[str]) -> str:
    shown = [
        f'"{value}" ({n:,})' if value else f"blank ({n:,})"
        for value, n in values.most_common(_SHOWN)
    ]
    more = len(values) - _SHOWN
    return ", ".join(shown) + (f" and {more:,} more" if more > 0 else "")
