"""Campaign + templates → variants: finished documents, cut where a recipient's values go."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cached_property, partial
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from mailer.compiler import escaping, mjml, url_parts
from mailer.compiler.decision_tree import DecisionTree
from mailer.compiler.escaping import UnsafePlaceError
from mailer.compiler.recorder import TOKEN, Recorder
from mailer.compiler.render import Renderer
from mailer.compiler.slots import AnswerCache, SlotGroup, filler, group_by_columns
from mailer.compiler.utm import UtmTagger
from mailer.errors import CampaignError, Place
from mailer.images import picture

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator, Sequence

    from mailer.campaigns.snapshot import Snapshot
    from mailer.compiler.escaping import Context
    from mailer.compiler.render import Rendered
    from mailer.compiler.slots import Fillings, Guard, Recipient, Slot

MAX_VARIANTS = 500
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class CutText:
    """A text cut at its slots: `static[0] value static[1] value … static[n]`."""

    static: tuple[str, ...]
    places: tuple[tuple[int, Context], ...]
    """(index of the slot, how its value is escaped), one fewer than `static`."""

    def fill(self, values: Sequence[str]) -> str:
        parts = [self.static[0]]
        for (slot, context), static in zip(self.places, self.static[1:], strict=True):
            parts += (escaping.ESCAPES[context](values[slot]), static)
        return "".join(parts)


@dataclass(frozen=True, eq=False)
class Variant:
    """One finished version of a campaign."""

    number: int
    subject: CutText
    html: CutText
    text: CutText
    facets: tuple[SlotGroup, ...]
    guards: tuple[str, ...]
    """What is true of the recipient it was compiled for, of all that was asked; where nothing is,
    what is not."""
    arm: int = 0
    """Its number in a test of senders; 0 without one."""
    is_blank: bool = False
    """Whether nothing is left of the campaign's text."""

    @property
    def slots(self) -> list[Slot]:
        return [slot for facet in self.facets for slot in facet.slots]

    @cached_property
    def fill(self) -> Callable[[Recipient], Fillings]:
        """Fill all facets for a recipient. Raises CampaignError."""
        return filler(self.facets)

    @property
    def forms(self) -> Iterator[tuple[int, Context]]:
        """Yield (slot of the variant, context) for all facets, one after another."""
        first = 0
        for facet in self.facets:
            yield from ((first + slot, context) for slot, context in facet.forms)
            first += len(facet.slots)


class Compiler:
    """Compiles a variant the first time a recipient needs it.

    Args:
        sources: of the campaign.
        fields: names of the further columns that any subscriber has.
    """

    def __init__(self, sources: Snapshot, fields: frozenset[str]) -> None:
        self.sources = sources
        self.variants: list[Variant] = []
        self._renderer = Renderer(sources, fields)
        self._tree: DecisionTree[Variant] = DecisionTree(self._grow)
        self._answers = AnswerCache()
        self._finished: dict[tuple[Rendered, tuple[str, ...]], Variant] = {}
        self._facets: dict[Hashable, SlotGroup] = {}
        self._tagger = UtmTagger.of(sources)
        self._refuse_tokens()

    def variant(self, recipient: Recipient) -> Variant:
        """The variant a recipient gets.

        Raises:
            CampaignError: it does not compile, or it would be one too many.
        """
        return self._tree.find(recipient)

    def asked(self) -> Iterator[tuple[Guard, list[Any]]]:
        """Every guard so far with the different answers it got; one may come several times."""
        return self._tree.asked()

    def _grow(self, example: Recipient) -> tuple[list[tuple[Guard, Any]], Variant]:
        recorder = Recorder(example, self._answers)
        rendered = self._renderer.run(recorder)
        # Different answers may lead to the same words
        key = (rendered, tuple(slot.text for slot in recorder.slots))
        if key not in self._finished:
            self._refuse_too_many()
            self._finished[key] = self._finish(rendered, recorder)
            self.variants.append(self._finished[key])
        return recorder.path, self._finished[key]

    def _finish(self, rendered: Rendered, recorder: Recorder) -> Variant:
        pictures = self.sources.pictures
        sized = picture.size_mjml(rendered.mjml, pictures)
        html = mjml.to_html(sized, rendered.blocks, self.sources.files)
        html = picture.place(html, pictures)
        self._refuse_lost(recorder.slots, rendered.subject + html + rendered.text)
        html = url_parts.in_html(html, recorder)
        text = url_parts.in_plain_text(rendered.text, recorder)
        left = _written(rendered.subject + html + text)
        # a facet's slots stand together, so that its values do
        groups = list(group_by_columns(recorder.slots, left))
        order = [index for group in groups for index in group]
        cut = partial(self._cut, slots=recorder.slots, order=order)
        variant = Variant(
            len(self.variants) + 1,
            cut(rendered.subject, escaping.places_in_header),
            cut(self._tagger.html(html), escaping.places_in_html),
            cut(self._tagger.text(text), escaping.places_in_plain_text),
            (),
            _descriptions(recorder.path),
            rendered.arm,
            not _COMMENT.sub("", "".join(rendered.blocks)).strip(),
        )
        first, facets = 0, []
        for group in groups:
            facets.append(self._facet([recorder.slots[index] for index in group], first, variant))
            first += len(group)
        return replace(variant, facets=tuple(facets))

    def _facet(self, slots: Sequence[Slot], first: int, variant: Variant) -> SlotGroup:
        """One of a variant's, shared with variants that write the same in the same way."""
        places = (*variant.subject.places, *variant.text.places, *variant.html.places)
        mine = range(first, first + len(slots))
        forms = dict.fromkeys((slot - first, how) for slot, how in places if slot in mine)
        in_order = tuple(sorted(forms, key=itemgetter(0)))
        key = (tuple(slot.text for slot in slots), in_order)
        if key not in self._facets:
            self._facets[key] = SlotGroup(slots, in_order, len(self._facets))
        return self._facets[key]

    def _refuse_lost(self, slots: Sequence[Slot], documents: str) -> None:
        written = _written(documents)
        for index, slot in enumerate(slots):
            if index not in written:
                raise CampaignError(
                    f"{{{{ {slot.text} }}}} is written, but does not come through to the mail",
                    place=slot.place,
                    hint="Apply filters to the value itself, {{ recipient.city | upper }}, not to a "
                    "text that already holds it.",
                )

    def _cut(
        self,
        text: str,
        places: Callable[[str], list[tuple[str, Context]]],
        *,
        slots: Sequence[Slot],
        order: Sequence[int],
    ) -> CutText:
        try:
            contexts = places(text)
        except UnsafePlaceError as err:
            slot = slots[_index(err.token)]
            raise CampaignError(
                f"{{{{ {slot.text} }}}} stands {err.where}, where no value of a recipient is safe",
                place=slot.place,
                hint="Write personal values in text, in alt texts, or in links after the host name.",
            ) from err
        except ValueError as err:
            raise CampaignError(
                str(err),
                place=Place(self.sources.path),
                hint="Look for a quotation mark or a bracket that is not closed in your HTML.",
            ) from err
        static = escaping.SLOT.split(text)[::2]
        return CutText(
            tuple(static),
            tuple(
                (order.index(_index(token)), slots[_index(token)].context(context))
                for token, context in contexts
            ),
        )

    def _refuse_tokens(self) -> None:
        for path, source in self.sources.files.items():
            match = TOKEN.search(source)
            if match:
                raise CampaignError(
                    f'"{match[0]}" is a word that mailer keeps for itself',
                    place=Place(path, source.count("\n", 0, match.start()) + 1),
                    hint="Write it another way.",
                )

    def _refuse_too_many(self) -> None:
        if len(self.variants) < MAX_VARIANTS:
            return
        guard = self._tree.busiest()
        raise CampaignError(
            f"the campaign has more than {MAX_VARIANTS} variants, most of them made by asking "
            f"{guard.text}",
            place=guard.place,
            hint="Write the value out with {{ … }} instead of deciding on it, or keep what differs "
            "in a look-up.",
        )


def _written(documents: str) -> set[int]:
    """The indexes of the slots in these texts."""
    return set(map(int, escaping.SLOT.findall(documents)))


def _index(token: str) -> int:
    return int(token[3:7])


def _descriptions(path: Sequence[tuple[Guard, Any]]) -> tuple[str, ...]:
    """No two variants are described alike: they differ in a yes, or in a value."""
    yes = [guard.text if answer is True else f"{guard.text} = {answer}"
           for guard, answer in path if answer is not False]  # fmt: skip
    return tuple(yes or [f"not {guard.text}" for guard, _ in path])
