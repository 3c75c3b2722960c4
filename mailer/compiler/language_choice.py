"""The language of a campaign's mail: named by the writer, of the recipient, guessed, or the brand's."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mailer.compiler import language as languages
from mailer.compiler.symbolic import Symbol
from mailer.errors import CampaignError, Place, suggest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.campaigns.snapshot import Snapshot
    from mailer.compiler.environment import Environment
    from mailer.compiler.recorder import Recorder

_FOLDER = "templates/languages/"


def of_everybody(snapshot: Snapshot) -> str | None:
    """The language of a campaign's mail; None where it is each recipient's own."""
    written, source = snapshot.parsed.front.language.strip(), snapshot.files[snapshot.path]
    if "{" in written or (not written and languages.asked_for(source)):
        return None
    code = written or languages.guessed(source)
    return languages.nearest(code, available(snapshot)) or snapshot.content.brand.language


def available(snapshot: Snapshot) -> list[str]:
    """Codes of the languages that a campaign's templates have words for."""
    return [
        path.removeprefix(_FOLDER).removesuffix(".txt")
        for path in snapshot.files
        if path.startswith(_FOLDER)
    ]


class LanguageChoice:
    """Chooses the language of each variant.

    Args:
        snapshot: of the campaign.
        environment: that can load the campaign's front matter.
    """

    def __init__(self, snapshot: Snapshot, environment: Environment) -> None:
        self._snapshot = snapshot
        self._campaign = snapshot.parsed
        self._environment = environment

    def choose(self, recorder: Recorder, shared: Mapping[str, Any]) -> dict[str, str]:
        """The mail's language and direction, for the recorder's example.

        Raises:
            CampaignError: the writer names a language without words.
        """
        if self._campaign.front.language:
            language = self._named(recorder, shared)
        else:
            language = self._recipients(shared) or languages.nearest(self._guessed, self._available)
        language = language or self._snapshot.content.brand.language
        language = languages.nearest(language, self._available) or language
        if self._available and language not in self._available:
            raise self._unknown(language, Place("mailer.toml"), 'language = "{}" under [brand]')
        return {"language": language, "direction": languages.direction(language)}

    @cached_property
    def _available(self) -> list[str]:
        return available(self._snapshot)

    @cached_property
    def _source(self) -> str:
        return self._snapshot.files[self._campaign.path]

    @cached_property
    def _compared(self) -> list[str]:
        return languages.asked_for(self._source)

    @cached_property
    def _guessed(self) -> str:
        """The language of the text for readers whose language the campaign does not compare with."""
        code = languages.guessed(self._source)
        return "" if code in self._compared else code

    def _named(self, recorder: Recorder, shared: Mapping[str, Any]) -> str:
        written = self._campaign.front.language.strip()
        value = re.fullmatch(r"\{\{(.*)\}\}", written, re.DOTALL)
        if value is None:
            template = self._environment.get_template(f"{self._campaign.path}#language")
            code = " ".join(template.render(shared).split())
        else:
            place = self._campaign.place("language")
            result = self._evaluate(value[1], shared, place)
            if isinstance(result, Symbol):
                result = recorder.ask(result, str, "the value of {}")
            code = str(result)
        language = languages.nearest(code, self._available)
        if code == written and not language:
            raise self._unknown(code, self._campaign.place("language"), "language: {}")
        return language

    def _recipients(self, shared: Mapping[str, Any]) -> str:
        """The first of the languages the campaign compares with that is the recipient's."""
        for code in self._compared:
            expression = f"recipient.fields.language == '{code}'"
            language = languages.nearest(code, self._available)
            if language and self._evaluate(expression, shared, self._line_of(code)):
                return language
        return ""

    def _evaluate(self, expression: str, shared: Mapping[str, Any], place: Place) -> Any:
        try:
            return self._environment.compile_expression(expression)(shared)
        except CampaignError as err:
            err.place = place
            raise

    def _line_of(self, code: str) -> Place:
        """Where the campaign compares the recipient's language with this one."""
        before = re.split(rf"language\s*==\s*[\"']{re.escape(code)}", self._source, maxsplit=1)[0]
        return self._campaign.place(line=before.count("\n") + 1)

    def _unknown(self, code: str, place: Place, setting: str) -> CampaignError:
        meant = languages.nearest(languages.named(code), self._available)
        return CampaignError(
            f'there are no words for the language "{code}"',
            place=place,
            hint=f"Write {setting.format(meant)}"
            if meant
            else f"{suggest(code, self._available)} To add one, copy templates/languages/en.txt "
            "and translate it.",
        )
