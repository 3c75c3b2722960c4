"""Everything a compile needs, as one value: loaded from disk once, or from a send's snapshot.

A send keeps its sources, so that the last recipient gets the same text as the first, even after
edits.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from mailer import assets
from mailer.campaigns import campaign as campaign_file
from mailer.campaigns import pasted
from mailer.campaigns import petition as petition_file
from mailer.campaigns.lookups import LookupTable, read_table
from mailer.campaigns.petition import Petition, Tally
from mailer.config import Content, Sender
from mailer.errors import CampaignError, ConfigError, Place, UsageError, suggest
from mailer.images import library
from mailer.images.picture import Picture

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

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
    """Pictures by the name that the campaign has for each, such as `images/rally.jpg`."""
    senders: tuple[Sender, ...] = ()
    """Senders of an A/B test, in the campaign's order; `content` holds the first."""
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    """Signatures of the campaign's petitions when it was loaded. Not part of what `digest` compares: they
    rise by themselves."""

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
    def lists(self) -> tuple[str, ...]:
        return self.parsed.front.list

    @property
    def list_name(self) -> str:
        """The first list, whose settings hold for the mail; "" for none."""
        return self.lists[0] if self.lists else ""

    @property
    def shown_lists(self) -> str:
        """Its lists, for staff and mail programs: "members, allies"."""
        return ", ".join(self.lists)

    @property
    def audience(self) -> str:
        return self.parsed.front.audience

    def sender_of(self, arm: int) -> Sender:
        """The sender of a variant in a test of senders; 0, and without such a test, the campaign's."""
        return self.senders[arm - 1] if arm and self.senders else self.content.sender

    @cached_property
    def tables(self) -> dict[str, LookupTable]:
        """The look-ups by name. Raises CampaignError for a table that cannot be used."""
        return {
            name: read_table(lookup.file, self.files[lookup.file], lookup.key, many=lookup.many)
            for name, lookup in self.content.lookups.items()
        }

    @cached_property
    def petitions(self) -> dict[str, Petition]:
        """The petitions that the campaign shows, by name."""
        names = petition_file.used_in(self.files.get(self.path, ""))
        paths = {name: f"{petition_file.FOLDER}/{name}.md" for name in names}
        return {
            name: petition_file.parse(path, self.files[path])
            for name, path in paths.items()
            if path in self.files
        }

    def to_bytes(self) -> bytes:
        tallies = {name: asdict(tally) for name, tally in self.tallies.items()}
        return zlib.compress(_as_json(self._content() | ({"tallies": tallies} if tallies else {})))

    @classmethod
    def from_bytes(cls, data: bytes) -> Snapshot:
        value = json.loads(zlib.decompress(data))
        pictures = {name: Picture(**picture) for name, picture in value.get("pictures", {}).items()}
        content = Content.model_validate(value["content"])
        tallies = {name: Tally(**tally) for name, tally in value.get("tallies", {}).items()}
        senders = tuple(map(Sender.model_validate, value.get("senders", ())))
        return cls(value["path"], value["files"], content, pictures, senders, tallies)

    @cached_property
    def digest(self) -> str:
        """SHA-256, hex: equal for equal content, on any machine and at any time."""
        return hashlib.sha256(_as_json(self._content())).hexdigest()

    def _content(self) -> dict[str, object]:
        value: dict[str, object] = {
            "path": self.path,
            "files": dict(self.files),
            "content": self.content.model_dump(mode="json"),
        }
        if self.pictures:
            value["pictures"] = {name: asdict(picture) for name, picture in self.pictures.items()}
        if self.senders:
            value["senders"] = [sender.model_dump(mode="json") for sender in self.senders]
        return value


def _as_json(value: Mapping[str, object]) -> bytes:
    return json.dumps(value, sort_keys=True, ensure_ascii=False).encode()


def _no_tallies(_: Sequence[str]) -> dict[str, Tally]:
    return {}


def load(
    project: Project,
    campaign: str | Path,
    list_name: str = "",
    *,
    tallies: Callable[[Sequence[str]], Mapping[str, Tally]] = _no_tallies,
) -> Snapshot:
    """Read a campaign, named or given by its path, with all that it may use.

    Args:
        project: that the campaign belongs to.
        campaign: its name or path.
        list_name: the list it goes to; "" is the one of its front matter.
        tallies: counts the signatures of petitions by name; called where the campaign shows any.

    Raises:
        UsageError: there is no such campaign.
        ConfigError: a look-up's file is missing.
        CampaignError: a file cannot be read as UTF-8 text, or the campaign does not parse.
    """
    path = _find(project, str(campaign))
    files = {project.show(path): pasted.tidy(_read(project, path)), **read_templates(project)}
    for name, lookup in project.settings.lookups.items():
        files[lookup.file] = read_lookup(project, name)
    parsed = campaign_file.parse(project.show(path), files[project.show(path)])
    content = _content(project.settings, parsed, list_name or (parsed.front.list or ("",))[0])
    pictures = library.load(project, parsed.path, files[parsed.path])
    petitions = petition_file.used_in(files[parsed.path])
    files |= _read_petitions(project, petitions)
    settings = project.settings
    senders = tuple(settings.answered(settings.senders[name]) for name in parsed.front.senders)
    snapshot = Snapshot(parsed.path, files, content, pictures, senders)
    if not snapshot.petitions:
        return snapshot
    return replace(snapshot, tallies=tallies(tuple(snapshot.petitions)))


def load_petition(project: Project, name: str) -> Petition:
    """Read a petition.

    Raises:
        UsageError: there is no such petition.
        CampaignError: its file cannot be read, does not parse, or names a brand or sender that is not there.
    """
    name = Path(name).name.removesuffix(".md")
    files = _read_petitions(project, [name])
    if not files:
        raise UsageError(
            f'there is no petition "{name}"',
            hint=suggest(name, petition_names(project))
            or f"Write {petition_file.FOLDER}/{name}.md.",
        )
    ((path, text),) = files.items()
    petition = petition_file.parse(path, text)
    front, settings = petition.front, project.settings
    _refuse_unknown(petition, "brand", "brand", front.brand, settings.brands)
    _refuse_unknown(petition, "sender", "sender", front.sender, settings.senders)
    return petition


def petition_names(project: Project) -> list[str]:
    return sorted(path.stem for path in project.petitions.glob("*.md"))


def _read_petitions(project: Project, names: Sequence[str]) -> dict[str, str]:
    """Path inside the project → text, of those that have a file."""
    paths = [project.petitions / f"{name}.md" for name in names]
    return {
        project.show(path): pasted.tidy(_read(project, path)) for path in paths if path.is_file()
    }


def _content(settings: Settings, campaign: Campaign, list_name: str) -> Content:
    """The settings that show in the campaign's mail, with its own sender and brand."""
    front = campaign.front
    _refuse_unknown(campaign, "brand", "brand", front.brand, settings.brands)
    _refuse_unknown(campaign, "sender", "sender", front.sender, settings.senders)
    for number, name in enumerate(front.senders, 1):
        _refuse_unknown(campaign, f"senders.{number}", "sender", name, settings.senders)
    sender = front.senders[0] if front.senders else front.sender
    return settings.content_for(sender=sender, brand=front.brand, list_name=list_name)


def _refuse_unknown(
    file: Campaign | Petition, key: str, kind: str, name: str, sections: Mapping[str, object]
) -> None:
    if name and name not in sections:
        raise CampaignError(
            f'there is no {kind} "{name}"',
            place=file.place(key),
            hint=suggest(name, sections) or f"Add a section [{kind}s.{name}] to mailer.toml.",
        )


def read_templates(project: Project) -> dict[str, str]:
    """Path inside the project → text: mailer's own templates, and the project's in their place.

    Raises:
        CampaignError: a file of the project is not UTF-8 text.
    """
    ours = {
        f"templates/{name}": text for name, text in assets.templates().items() if _is_for_mail(name)
    }
    theirs = {
        project.show(path): _read(project, path)
        for path in sorted((project.root / "templates").rglob("*"))
        if _is_for_mail(path.relative_to(project.root / "templates").as_posix())
    }
    return ours | theirs


def _is_for_mail(name: str) -> bool:
    """Whether a file of `templates/` can show in mail: the words of the pages do not."""
    return name.endswith(_TEMPLATES) and not name.startswith("pages/")


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
            _refuse_petition(project, path.resolve())
            return path.resolve()
    names = [path.stem for path in folder.glob("*.md") if path.is_file()]
    file = folder / f"{Path(campaign).name.removesuffix('.md')}.md"
    if file.is_dir():
        raise UsageError(
            f"{project.show(file)} is a folder, not a campaign",
            hint="Move it out of campaigns/, and write the campaign as a file.",
        )
    raise UsageError(
        f'there is no campaign "{campaign}"',
        hint=suggest(Path(campaign).stem, names) or "Make one with: mailer new NAME",
    )


def _refuse_petition(project: Project, path: Path) -> None:
    if path.parent == project.petitions.resolve():
        raise UsageError(
            f"{project.show(path)} is a petition, not a campaign",
            hint=f"Look at it with: mailer petition check {path.stem}",
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
