"""One run of a campaign's Jinja with one example → subject, MJML and plain text with tokens.

The body runs twice, with the components written for MJML and with those written for text; both runs
pass the same guards and share the footnotes' numbers, which are given out by the first.
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from jinja2 import (
    FunctionLoader,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.runtime import Macro

from mailer.campaigns import test_variants
from mailer.compiler import ascii_urls, libraries, limits, markdown, mistakes, petitions, sandbox
from mailer.compiler.environment import Environment, at_each_run, left_to_the_merge
from mailer.compiler.language import keep_numbers
from mailer.compiler.language_choice import LanguageChoice
from mailer.compiler.markdown import COMPONENT, Block, Document, Numbering
from mailer.compiler.places import NOWHERE, here, place_of
from mailer.compiler.roots import roots
from mailer.compiler.sandbox import Function
from mailer.compiler.symbolic import Symbol
from mailer.errors import CampaignError, Place, suggest
from mailer.lists.subscriber import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from mailer.campaigns.snapshot import Snapshot
    from mailer.compiler.recorder import Recorder

_FOLDER = "templates/"
_NEEDED = "needed"
"""Behind the name of a library: only the macros that the campaign may call."""
_REFERENCE = "partials/reference.mjml"
_TEXT_KEYS = ("preheader", "headline", "date")
MAX_BLOCKS = 1_000
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufeff]")
_ON_ITS_OWN = re.compile(r"^[ \t]*(zqb\d{4}qz)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Rendered:
    subject: str
    mjml: str
    blocks: tuple[str, ...]
    """The pieces of the body that stand in `mjml`."""
    text: str
    arm: int
    """The number of the variant in a test of senders; 0 without one."""


class Renderer:
    """Runs one campaign, once for each variant.

    Args:
        sources: of the campaign.
        fields: names of the further columns that any subscriber has.
    """

    def __init__(self, sources: Snapshot, fields: frozenset[str]) -> None:
        self._sources = sources
        self._campaign = sources.parsed
        self._fields = fields
        self._brand = sandbox.plain(sources.content.brand, "brand")
        self._petitions = petitions.shown(sources)
        self._labels = list(self._campaign.notes)
        self._numbering = Numbering(self._labels, markdown.reference)
        self._html = self._environment(self._markdown_html)
        self._text = self._environment(self._markdown_text)
        self._language = LanguageChoice(sources, self._text)
        self._check_layout()

    def run(self, recorder: Recorder) -> Rendered:
        """Run the campaign for the recorder's example, which then holds its slots and guards.

        Raises:
            CampaignError: with path and line.
        """
        try:
            with limits.run():
                return self._run(recorder)
        except CampaignError as err:
            if err.place == NOWHERE:
                err.place = self._place_of(err)
            raise
        except (MemoryError, RecursionError, SyntaxError) as err:  # of Python, which Jinja writes
            raise CampaignError(
                "this is nested too deeply",
                place=self._place_of(err),
                hint="Write it with fewer brackets, and fewer tags inside one another.",
            ) from err
        except TemplateError as err:
            raise self._explained(err) from err
        # NameError: Jinja writes a number without end as the name `inf`
        except (TypeError, ValueError, ArithmeticError, NameError) as err:
            message, hint = mistakes.explained(
                f"this cannot be worked out: {err}", "", self._names()
            )
            raise CampaignError(message, place=self._place_of(err), hint=hint) from err

    def _run(self, recorder: Recorder) -> Rendered:
        arm, written = self._arm(recorder), self._campaign.front
        names = self._sources.petitions
        shared = roots(recorder, self._sources.tables, self._fields, names) | {
            "brand": self._brand,
            "variant": test_variants.letter(arm),
            "petitions": self._petitions,
            "fail": Function("fail", self._fail),
        }
        shared |= self._language.choose(recorder, shared)
        subject = f"subjects.{arm}" if written.subjects else "subject"
        front = {"subject": self._front(subject, shared)}
        front |= {key: self._front(key, shared) for key in _TEXT_KEYS}
        shared |= {
            "front": front | {"layout": self._campaign.front.layout},
            "subject": front["subject"],
            "preheader": front["preheader"],
        }
        self._numbering = Numbering(self._labels, self._references(shared))
        document, blocks = self._html_body(shared)
        sources = markdown.sources(document, self._numbering)
        layout = self._html.get_template(f"{self._campaign.front.layout}.mjml")
        mjml = layout.render(
            shared,
            blocks=[_plain_block(block) for block in blocks],
            runs=_runs(blocks),
            sources=[asdict(source) for source in sources],
        )
        body = self._text_body(shared)
        text = self._text.get_template("message.txt").render(
            shared, body=body, sources=[asdict(source) for source in sources]
        )
        text = re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
        return Rendered(
            front["subject"],
            ascii_urls.in_html(mjml),
            tuple(ascii_urls.in_html(block.source) for block in blocks),
            ascii_urls.in_plain_text(text),
            arm if written.senders else 0,
        )

    def _arm(self, recorder: Recorder) -> int:
        """The number of the variant that the example gets; in a test, that is a guard."""
        campaign = self._campaign
        if campaign.arms == 1:
            return 1
        if campaign.front.subjects or campaign.front.senders:
            tested = "the subject" if campaign.front.subjects else "the sender"
            return int(recorder.ask(Symbol(recorder, tested, attrgetter("arm")), int))
        letter = recorder.ask(Symbol(recorder, "the variant", attrgetter("variant")), str)
        return test_variants.number(letter)

    def _references(self, shared: Mapping[str, Any]) -> Callable[[int, str], str]:
        """What stands in the HTML for a footnote's number, by the project's own template."""
        if _FOLDER + _REFERENCE not in self._sources.files:
            return markdown.reference
        template = self._html.get_template(_REFERENCE)
        return lambda number, anchor: template.render(shared, number=number, anchor=anchor).strip()

    def _front(self, key: str, shared: Mapping[str, Any]) -> str:
        template = self._text.get_template(f"{self._campaign.path}#{key}")
        return " ".join(template.render(shared).split())

    # --- the body, for MJML and for text

    def _html_body(self, shared: Mapping[str, Any]) -> tuple[Document, list[Block]]:
        components = self._components(self._html, ".mjml", shared)
        document = self._document(self._html, shared, components)
        blocks = [
            Block(block.kind, self._numbering.html(block.source))
            for block in document.blocks(components.outputs)
        ]
        for block in blocks:
            components.refuse_nested(block.source)
        self._check_notes(document)
        return document, blocks

    def _text_body(self, shared: Mapping[str, Any]) -> str:
        components = self._components(self._text, ".txt", shared)
        document = self._document(self._text, shared, components)
        return document.text(components.outputs, self._number)

    def _components(
        self, environment: Environment, suffix: str, shared: Mapping[str, Any]
    ) -> _Components:
        """The components that come with mailer, then those of the project's own libraries, which may replace them."""
        names = [
            f"{path.removeprefix(_FOLDER)}#{_NEEDED}" for path in _libraries(self._sources, suffix)
        ]
        return _Components(environment, names, shared)

    def _document(
        self, environment: Environment, shared: Mapping[str, Any], components: _Components
    ) -> Document:
        template = environment.get_template(self._campaign.path)
        text = template.render(shared, **components.macros)
        if shared["direction"] == "rtl" or _RIGHT_TO_LEFT.search(text):
            text = keep_numbers(text)
        text = _ON_ITS_OWN.sub(r"\n\1\n", text)
        return markdown.parse(text, tuple(self._labels), shared["direction"])

    def _markdown_html(self, text: str, *, inline: bool = False) -> str:
        return markdown.to_html(text, self._labels, inline=inline)

    def _markdown_text(self, text: str, *, inline: bool = False) -> str:
        return markdown.to_text(text, self._number, inline=inline)

    # --- footnotes

    def _number(self, label: str) -> int:
        if label not in self._numbering.anchors:
            raise CampaignError(
                f"the footnote [^{label}] is in the text part only",
                place=self._campaign.place(line=self._campaign.notes.get(label)),
                hint="A component must show the same footnotes in components.mjml and .txt.",
            )
        return self._numbering.number(label)

    def _check_notes(self, document: Document) -> None:
        nested = document.references_in_notes()
        missing = [label for label in self._numbering.anchors if label not in document.notes]
        for label in nested:
            raise CampaignError(
                f"the footnote [^{label}] is referred to inside another footnote",
                place=self._campaign.place(line=self._campaign.notes.get(label)),
                hint="Repeat the source there instead.",
            )
        for label in missing:
            raise CampaignError(
                f"the footnote [^{label}] is not defined for every recipient who sees it",
                place=self._campaign.place(line=self._campaign.notes.get(label)),
                hint="Move the note out of the {% if %}, to the end of the file.",
            )

    # --- Jinja

    def _environment(self, to_markdown: Callable[..., str]) -> Environment:
        environment = Environment(loader=FunctionLoader(self._load))
        # footnotes have other numbers in the next variant, and in the text other signs
        environment.filters["markdown"] = at_each_run(left_to_the_merge(to_markdown))
        environment.filters["markdown_inline"] = at_each_run(
            left_to_the_merge(lambda text: to_markdown(text, inline=True))
        )
        return environment

    def _load(self, name: str) -> tuple[str, str, Callable[[], bool]]:
        campaign = self._campaign
        path, _, key = name.partition("#")
        if key == _NEEDED:
            source, path, _ = self._load(path)
            return libraries.needed(source, self._names_used), path, lambda: True
        if key:
            blank = "\n" * (campaign.lines.get(key, 1) - 1)
            return blank + campaign.front.text(key), path, lambda: True
        if path == campaign.path:
            return campaign.body, path, lambda: True
        path = _FOLDER + path
        if path not in self._sources.files:
            raise TemplateNotFound(name, f"there is no template {path}")
        return self._sources.files[path], path, lambda: True

    @cached_property
    def _names_used(self) -> frozenset[str]:
        """The names by which the campaign's components may be called."""
        files = self._sources.files
        paths = [*_libraries(self._sources, ".mjml"), *_libraries(self._sources, ".txt")]
        templates = [source for path, source in files.items() if path.startswith(_FOLDER)]
        return libraries.names_used(
            self._campaign.body, [files[path] for path in paths if path in files], templates
        )

    def _fail(self, message: str) -> str:
        raise CampaignError(message, place=here(), hint="See docs/components.md.")

    def _check_layout(self) -> None:
        layout = self._campaign.front.layout
        layouts = [
            path.removeprefix(_FOLDER).removesuffix(".mjml")
            for path, source in self._sources.files.items()
            if path.startswith(_FOLDER) and "<mjml" in source
        ]
        if layout not in layouts:
            raise CampaignError(
                f'there is no layout "{layout}"',
                place=self._campaign.place("layout"),
                hint=suggest(layout, layouts) or "Put one into templates/.",
            )

    # --- what went wrong

    def _explained(self, err: TemplateError) -> CampaignError:
        message = err.message or str(err)
        place = self._place_of(err)
        if isinstance(err, TemplateSyntaxError):
            path = err.filename or self._campaign.path
            unclosed = re.search(r"block that needs to be closed is '(\w+)'", message)
            unknown = re.match(r"Encountered unknown tag '(\w+)'\. (?!You)", message)
            if unclosed and not unknown:
                return _unclosed(unclosed[1], Place(path), self._sources.files[path])
            place = Place(path, err.lineno)
        message, hint = mistakes.explained(message, self._line(place), self._names())
        only = re.match(r"'(\w+)' is undefined", message)
        if only and only[1] in self._names().components:
            message = f"{only[1]}() is not in every file that needs it"
            hint = (
                f"Put {{% macro {only[1]}(…) %}} into the file of the text part, too: components.txt "
                "beside components.mjml."
            )
        return CampaignError(message, place=place, hint=hint)

    def _line(self, place: Place) -> str:
        """The source of a line; "" where it is not known."""
        lines = self._sources.files.get(place.path, "").split("\n")
        return lines[place.line - 1] if place.line and place.line <= len(lines) else ""

    def _names(self) -> mistakes.Names:
        components = [
            name
            for path in _libraries(self._sources, ".mjml")
            for name in re.findall(
                r"{%-?\s*macro\s+([a-zA-Z]\w*)", self._sources.files.get(path, "")
            )
        ]
        fields = [*COLUMNS, *(f"fields.{name}" for name in self._fields)]
        return mistakes.Names(fields, components, [*self._html.filters, *self._html.tests])

    def _place_of(self, err: BaseException) -> Place:
        return place_of(err, self._sources.files) or self._campaign.place()


def _unclosed(tag: str, file: Place, source: str) -> CampaignError:
    """Where Jinja names the end of the file, name the line that the tag opens on."""
    open_lines: list[int] = []
    for match in re.finditer(rf"{{%[-+]?\s*(end)?{tag}\b", source):
        if not match[1]:
            open_lines.append(source.count("\n", 0, match.start()) + 1)
        elif open_lines:
            open_lines.pop()
    return CampaignError(
        f"{{% {tag} %}} is not closed",
        place=Place(file.path, open_lines[-1] if open_lines else None),
        hint=f"Write {{% end{tag} %}} where it ends.",
    )


def _libraries(sources: Snapshot, suffix: str) -> list[str]:
    """Paths of the files that define components: `components.mjml`, then `components/*.mjml`."""
    own = f"{_FOLDER}components/"
    return [
        f"{_FOLDER}components{suffix}",
        *sorted(path for path in sources.files if path.startswith(own) and path.endswith(suffix)),
    ]


class _Components:
    """The macros of some files; each call becomes a block of its own."""

    def __init__(
        self, environment: Environment, names: Sequence[str], shared: Mapping[str, Any]
    ) -> None:
        self.outputs: list[str] = []
        self._calls: list[tuple[str, Place]] = []
        modules = [environment.get_template(name).make_module(dict(shared)) for name in names]
        self.macros = {
            name: self._block(macro)
            for module in modules
            for name, macro in vars(module).items()
            if isinstance(macro, Macro) and not name.startswith("_")
        }

    def _block(self, macro: Macro) -> Function:
        def call(*args: Any, **kwargs: Any) -> str:
            try:
                output = str(
                    macro(
                        *map(_trimmed, args),
                        **{name: _trimmed(value) for name, value in kwargs.items()},
                    )
                )
            except (UndefinedError, TypeError) as err:
                explanation = mistakes.missing_argument(macro.name, macro.arguments, str(err))
                if explanation is None:
                    raise
                message, hint = explanation
                raise CampaignError(message, place=here(), hint=hint) from err
            self.outputs.append(output)
            self._calls.append((macro.name, here()))
            if len(self.outputs) > MAX_BLOCKS:
                raise CampaignError(
                    f"the campaign has more than {MAX_BLOCKS:,} components",
                    place=here(),
                    hint="Look for a loop that is longer than you meant.",
                )
            return f"zqb{len(self.outputs) - 1:04d}qz"

        return Function(macro.name, call)

    def refuse_nested(self, source: str) -> None:
        """A component may not stand inside a paragraph, a list, a quotation or another component."""
        match = COMPONENT.search(source)
        if match:
            name, place = self._calls[int(match[1])]
            raise CampaignError(
                f"{name}() does not stand on its own",
                place=place,
                hint="Put it on a line of its own, outside lists, quotations and other components.",
            )


_ADDRESS = re.compile(r"\s*(?:https?|mailto|tel):\S*\s*", re.IGNORECASE)


def _trimmed(argument: Any) -> Any:
    """An address without the blanks around it, which would become a part of it."""
    is_address = isinstance(argument, str) and _ADDRESS.fullmatch(argument)
    return argument.strip() if is_address else argument


def _runs(blocks: list[Block]) -> list[dict[str, Any]]:
    """Neighboring blocks of one level together: what a layout wraps into one section."""
    return [
        {"level": level, "blocks": [_plain_block(block) for block in group]}
        for level, group in groupby(blocks, key=lambda block: block.level)
    ]


def _plain_block(block: Block) -> dict[str, str]:
    return {"kind": block.kind, "level": block.level, "source": block.source}
