"""Everything a compile needs, as one value: loaded from disk once, or from a send's snapshot.

A send keeps its sources, so that the last recipient gets the same text as the first, even after
edits.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mailer import assets
from mailer.campaigns import campaign as campaign_file
from mailer.campaigns.lookups import LookupTable, read_table
from mailer.config import Content
from mailer.errors import CampaignError, ConfigError, Place, UsageError, suggest
from mailer.images import library
from mailer.images.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.campaigns.campaign import Campaign
    from mailer.config import Project, Settings

_TEMPLATES = (".mjml", ".txt")


@dataclass(frozen=True)
class Snapshot:
    path: str
    """The campaign's file, one of `files`."""
    files: Mapping[str, str]
    """Path inside the project → text: the campaign, every template, the look-ups."""
    content: Content
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    """By the name that the campaign has for each, such as `images/rally.jpg`."""

    @cached_property
    def parsed(self) -> Campaign:
        return campaign_file.parse(self.path, self.files[self.path])

    @property
    def campaign(self) -> str:
        return self.parsed.name

    @property
    def subject(self) -> str:
        return self.parsed.front.subject

    @property
    def list_name(self) -> str:
        return self.parsed.front.list

    @property
    def audience(self) -> str:
        return self.parsed.front.audience

    @cached_property
    def tables(self) -> dict[str, LookupTable]:
        """The look-ups by name. Raises CampaignError for a table that cannot be used."""
        return {
            name: read_table(lookup.file, self.files[lookup.file], lookup.key, many=lookup.many)
            for name, lookup in self.content.lookups.items()
        }

    def to_bytes(self) -> bytes:
        return zlib.compress(self._canonical())

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        value = json.loads(zlib.decompress(data))
        pictures = {name: Picture(**picture) for name, picture in value.get("pictures", {}).items()}
        content = Content.model_validate(value["content"])
        return cls(value["path"], value["files"], content, pictures)

    @cached_property
    def digest(self) -> str:
        """SHA-256, hex: equal for equal content, on any machine and at any time."""
        return hashlib.sha256(self._canonical()).hexdigest()

    def _canonical(self) -> bytes:
        value = {
            "path": self.path,
            "files": dict(self.files),
            "content": self.content.model_dump(mode="json"),
        }
        if self.pictures:
            value["pictures"] = {name: asdict(picture) for name, picture in self.pictures.items()}
        return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()


def load(project: Project, campaign: str | Path, list_name: str = "") -> Snapshot:
    """Read a campaign, named or given by its path, with all that it may use.

    Args:
        project: that the campaign belongs to.
        campaign: its name or path.
        list_name: the list it goes to; "" is the one of its front matter.

    Raises:
        UsageError: there is no such campaign.
        ConfigError: a look-up's file is missing.
        CampaignError: a file cannot be read as UTF-8 text, or the campaign does not parse.
    """
    path = _find(project, str(campaign))
    files = {project.show(path): _read(project, path), **read_templates(project)}
    for name, lookup in project.settings.lookups.items():
        files[lookup.file] = read_lookup(project, name)
    parsed = campaign_file.parse(project.show(path), files[project.show(path)])
    content = _content(project.settings, parsed, list_name or parsed.front.list)
    pictures = library.load(project, parsed.path, files[parsed.path])
    return Snapshot(parsed.path, files, content, pictures)


def _content(settings: Settings, campaign: Campaign, list_name: str) -> Content:
    """The settings that show in the campaign's mail, with its own sender and brand."""
    front = campaign.front
    for key, sections in (("sender", settings.senders), ("brand", settings.brands)):
        name = getattr(front, key)
        if name and name not in sections:
            raise CampaignError(
                f'there is no {key} "{name}"',
                place=campaign.place(key),
                hint=suggest(name, sections) or f"Add a section [{key}s.{name}] to mailer.toml.",
            )
    return settings.content_for(sender=front.sender, brand=front.brand, list_name=list_name)


def read_templates(project: Project) -> dict[str, str]:
    """Path inside the project → text: mailer's own templates, and the project's in their place.

    Raises:
        CampaignError: a file of the project is not UTF-8 text.
    """
    ours = {
        f"templates/{name}": text
        for name, text in assets.templates().items()
        if name.endswith(_TEMPLATES)
    }
    theirs = {
        project.show(path): _read(project, path)
        for path in sorted((project.root / "templates").rglob("*"))
        if path.name.endswith(_TEMPLATES)
    }
    return ours | theirs


def read_lookup(project: Project, name: str) -> str:
    """The text of a look-up's file.

    Raises:
        ConfigError: the file is missing, or lies outside the project.
        CampaignError: it cannot be read as UTF-8 text.
    """
    lookup = project.settings.lookups[name]
    table = project.root / lookup.file
    if not table.resolve().is_relative_to(project.root.resolve()):
        raise ConfigError(
            f'the look-up "{name}" names {lookup.file}, which is outside the project',
            place=Place("mailer.toml"),
            hint="Copy the file into lists/lookups/: what is in it can reach everybody's mail.",
        )
    if not table.is_file():
        raise ConfigError(
            f'the look-up "{name}" names {lookup.file}, which is not there',
            place=Place("mailer.toml"),
            hint=f"Put the file there, or correct file = … under [lookups.{name}].",
        )
    return _read(project, table)


def _find(project: Project, campaign: str) -> Path:
    folder = project.root / "campaigns"
    for path in (Path(campaign), project.root / campaign, folder / f"{campaign}.md"):
        if path.suffix == ".md" and path.is_file():
            return path.resolve()
    names = [path.stem for path in folder.glob("*.md")]
    raise UsageError(
        f'there is no campaign "{campaign}"',
        hint=suggest(Path(campaign).stem, names) or "Make one with: mailer new NAME",
    )


def _read(project: Project, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as err:
        line = path.read_bytes()[: err.start].count(b"\n") + 1
        raise CampaignError(
            "is not UTF-8 text",
            place=Place(project.show(path), line),
            hint="Save the file as UTF-8 in your editor.",
        ) from err
    except OSError as err:
        raise CampaignError(
            f"cannot be read: {err.strerror}",
            place=Place(project.show(path)),
            hint="Check the file's permissions.",
        ) from err
