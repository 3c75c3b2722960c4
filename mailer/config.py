"""mailer.toml and the environment, read once into frozen settings.

The schema is these classes: a key that is not here is an error with a suggestion.
"""

from __future__ import annotations

import os
import re
import tomllib
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field, ValidationError, field_validator, model_validator

from mailer import toml_mistakes
from mailer.errors import ConfigError, Place, suggest
from mailer.hosts import ascii_host
from mailer.schema import Section, explain
from mailer.timezones import find_zone

if TYPE_CHECKING:
    from pathlib import Path

FILE = "mailer.toml"


def _https(url: str) -> str:
    if not re.match(r"https?://[^\s/]+", url):
        raise ValueError("must be a web address that begins with https://")
    return url.rstrip("/")


def _address(text: str) -> str:
    if not re.fullmatch(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+", text):
        raise ValueError("must be an e-mail address such as news@example.org")
    local, _, domain = text.rpartition("@")
    if not local.isascii():
        raise ValueError('must have letters from a to z before the "@": Amazon SES takes no others')
    if not re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", ascii_host(domain)):
        raise ValueError('must have a domain that can exist after the "@"')
    return f"{local}@{ascii_host(domain)}"


def _header_text(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of visible characters: it stands in a header")
    return text


def _color(text: str) -> str:
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", text):
        raise ValueError('must be a color such as "#1f5c4d"')
    return text


def _tag_name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._~-]+", text):
        raise ValueError('must be a name such as "utm_source"')
    return text


def _tag_value(text: str) -> str:
    if "@" in text:
        raise ValueError("must not hold an address")
    if re.search(r"[{}]", text.replace("{campaign}", "")):
        raise ValueError('can hold "{campaign}", and no other word in braces')
    return text


def _host(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", text):
        raise ValueError('must be a domain such as "example.org"')
    return text


def _time_zone(text: str) -> str:
    if text and not find_zone(text):
        raise ValueError('must be the name of a time zone: a continent, "/", and a city')
    return text


def _smtp_server(text: str) -> str:
    server = re.fullmatch(r"[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*(?::(\d{1,5}))?", text)
    if text and (not server or not 0 < int(server[1] or 1) <= _HIGHEST_PORT):
        raise ValueError('must be a server such as "smtp.example.org" or "smtp.example.org:465"')
    return text


_HIGHEST_PORT = 65_535


def _segment_name(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name in _TAKEN:
        raise ValueError(
            "must be a name of lower-case letters, digits and _, other than recipient, links and sample"
        )
    return name


_TAKEN = {
    "recipient",
    "links",
    "sample",
    *("and", "else", "false", "if", "in", "is", "none", "not", "or", "true"),
}
"""Names that mean something else in a condition."""


def _condition(text: str) -> str:
    if not text.strip():
        raise ValueError("must be a condition, as in 'recipient.state == \"OR\"'")
    return text


WebAddress = Annotated[str, AfterValidator(_https)]
EmailAddress = Annotated[str, AfterValidator(_address)]
Color = Annotated[str, AfterValidator(_color)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
Host = Annotated[str, AfterValidator(_host)]
Segments = dict[
    Annotated[str, AfterValidator(_segment_name)], Annotated[str, AfterValidator(_condition)]
]
Tags = dict[Annotated[str, AfterValidator(_tag_name)], Annotated[str, AfterValidator(_tag_value)]]


class Colors(Section):
    primary: Color = "#1f5c4d"
    accent: Color = "#b3401f"
    text: Color = "#22282a"
    muted: Color = "#5b6467"
    background: Color = "#eef1ee"
    surface: Color = "#ffffff"


class Fonts(Section):
    heading: str = "Georgia, 'Times New Roman', serif"
    body: str = "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif"


class Social(Section):
    label: str
    url: WebAddress


class Brand(Section):
    """The organization, as every mail and page shows it."""

    name: str
    website: WebAddress
    address: str
    """Postal address, required in every mail (CAN-SPAM, 16 CFR 316)."""
    legal: str
    """Legal status line, such as tax status and deductibility of donations."""
    about: str = ""
    logo: WebAddress | Literal[""] = ""
    """An image; without one the name is set in type."""
    logo_dark: WebAddress | Literal[""] = ""
    """The logo on a dark background; without one, the logo stands on a light plate there."""
    logo_width: Annotated[int, Field(ge=40, le=600)] = 180
    """Pixels."""
    donate: WebAddress | Literal[""] = ""
    language: str = "en"
    colors: Colors = Colors()
    fonts: Fonts = Fonts()
    social: tuple[Social, ...] = ()


class Sender(Section):
    """Who the mail is from."""

    name: Annotated[str, AfterValidator(_header_text)]
    email: EmailAddress
    reply_to: EmailAddress | Literal[""] = ""
    unsubscribe_email: EmailAddress | Literal[""] = ""
    """Adds a mailto beside the https List-Unsubscribe (RFC 2369), where what is written there is answered:
    the queue of events brings it in, or somebody imports the mailbox."""
    unsubscribe_mailbox: bool = False
    """Whether somebody imports the mailbox of unsubscribe_email: `mailer events import`."""


class SiteSettings(Section):
    base_url: WebAddress
    """Where recipients' pages answer: the beginning of every personal link."""


class LinkSettings(Section):
    """What is put on the links of a mail."""

    tags: Tags = Field(default_factory=dict)
    """For web analytics: name → value."""
    hosts: tuple[Host, ...] = ()
    """Where tagged links lead; without any, to the domain of the brand's website."""
    redirects: bool = False
    """Links lead over the recipients' pages, so that clicks can be counted."""


class SendSettings(Section):
    transport: Literal["outbox", "ses"] = "outbox"
    rate: Annotated[float, Field(gt=0)] | None = None
    """Messages a second, at most; None leaves it to the transport."""
    timezone: TimeZone = ""
    """What an order for later means that names none, and of recipients without a ZIP code."""
    most_bounces: Annotated[float, Field(gt=0, le=100)] = 5.0
    """Percent of the mail of which the outcome is known; above, the send pauses itself."""
    most_complaints: Annotated[float, Field(gt=0, le=100)] = 0.1
    """The same, of complaints."""
    judge_after: Annotated[int, Field(ge=1)] = 500
    """Outcomes: with fewer, nobody can tell."""
    approvals: Annotated[int, Field(ge=0, le=2)] = 0
    """How many people have to approve a campaign before it goes out."""
    quiet_hours: Annotated[float, Field(ge=0, le=8760)] = 0
    """Whoever had another campaign so lately is left alone."""


_IMPLICIT_TLS, _SUBMISSION = 465, 587
"""Ports (RFC 8314, RFC 6409)."""


class MailTestSettings(Section):
    """The way of test mail, where it is not the way of the campaigns."""

    smtp: Annotated[str, AfterValidator(_smtp_server)] = ""
    """The office's server, perhaps with a port; "" sends test mail as campaigns are sent."""
    user: str = ""
    """Without one, the server is not asked to let anybody in. The password is in the environment."""
    security: Literal["auto", "starttls", "tls", "none"] = "auto"

    @property
    def host(self) -> str:
        return self.smtp.partition(":")[0]

    @property
    def port(self) -> int:
        """Submission's own (RFC 6409), where none is named."""
        return int(
            self.smtp.partition(":")[2]
            or (_IMPLICIT_TLS if self.security == "tls" else _SUBMISSION)
        )

    @property
    def encryption(self) -> Literal["starttls", "tls", "none"]:
        """What `security` comes to: port 465 is encrypted from the first byte (RFC 8314)."""
        if self.security != "auto":
            return self.security
        return "tls" if self.port == _IMPLICIT_TLS else "starttls"


class Ses(Section):
    """Amazon SES. Credentials come from boto3's own environment, never from here."""

    region: str = ""
    """Such as us-west-2; "" leaves it to the environment."""
    configuration_set: str = ""
    method: Literal["auto", "raw", "bulk"] = "auto"
    """`SendEmail` for each recipient, `SendBulkEmail` for up to 50, or whichever the rate needs."""
    tenant: str = ""
    """The SES tenant that the mail counts for (multi-tenancy); "" is the account itself."""
    endpoint_id: str = ""
    """Of a multi-region endpoint; boto3 signs for it with awscrt."""
    identity_arn: str = ""
    """Of the sending identity, when another account owns it."""
    return_path: EmailAddress | Literal[""] = ""
    """Where bounces go by mail; "" leaves them to the configuration set's events."""
    queue_url: WebAddress | Literal[""] = ""
    """The SQS queue that events come in through."""
    reserve: Annotated[int, Field(ge=0)] = 0
    """Of the daily quota, messages that are left to other mail of the account's."""


class Bounces(Section):
    """What becomes of addresses that mail comes back from."""

    days: Annotated[int, Field(ge=1)] = 3
    """Transient bounces on so many days, and no mail that got through between them, suppress."""


class PublicList(Section):
    """A list that people may join and leave by themselves."""

    name: str
    label: str
    """What its readers call it."""
    about: str = ""


class Pages(Section):
    """The recipients' pages."""

    lists: tuple[PublicList, ...] = ()
    """Without any, nobody can sign up on the pages."""
    public_versions: bool = False
    """Whether anybody may read a campaign that does not say `public` itself."""
    confirmations_per_hour: Annotated[int, Field(ge=1)] = 1000
    """Mails that the pages send because a stranger asked for them."""
    confirmations_per_domain: Annotated[int, Field(ge=1)] = 200
    """The same, to addresses of one domain."""
    proxies: tuple[str, ...] = ()
    """Addresses or networks whose word about the real client is taken (X-Forwarded-For)."""


class Lookup(Section):
    """A CSV keyed by subscriber fields."""

    file: str
    key: Annotated[tuple[str, ...], Field(min_length=1)]
    many: bool = False


class ImageSettings(Section):
    """Where the pictures of campaigns are published."""

    bucket: str = ""
    """An S3 bucket; "" leaves them to `mailer serve`."""
    prefix: str = ""
    """Before each name in the bucket, such as "newsletter/"."""
    region: str = ""
    """Of the bucket; "" leaves it to the environment."""
    base_url: WebAddress | Literal[""] = ""
    """Where they answer; "" is /i below [site] base_url."""


class ListSettings(Section):
    """Who mail to one list comes from, where the campaign does not say so itself."""

    sender: str = ""
    """One of [senders]; "" is [sender]."""
    brand: str = ""
    """One of [brands]; "" is [brand]."""


class Content(Section):
    """What can change the words of a mail; kept with every send."""

    brand: Brand
    sender: Sender
    site: SiteSettings
    links: LinkSettings = LinkSettings()
    lookups: dict[str, Lookup] = Field(default_factory=dict)
    segments: Segments = Field(default_factory=dict)
    """By name, conditions that `audience` and `--where` may name."""


class Settings(Content):
    store: str = ""
    """The address of a PostgreSQL database; "" for lists/mailer.db. MAILER_STORE goes before it."""
    send: SendSettings = SendSettings()
    test: MailTestSettings = MailTestSettings()
    ses: Ses = Ses()
    bounces: Bounces = Bounces()
    pages: Pages = Pages()
    images: ImageSettings = ImageSettings()
    senders: dict[str, Sender] = Field(default_factory=dict)
    """By name. What one leaves out is as in [sender]."""
    brands: dict[str, Brand] = Field(default_factory=dict)
    """By name. What one leaves out is as in [brand]."""
    lists: dict[str, ListSettings] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _fill_in(cls, tables: Any) -> Any:
        """Give each sender and brand what it leaves out."""
        filled = dict(tables)
        for usual, several in (("sender", "senders"), ("brand", "brands")):
            default, named = tables.get(usual), tables.get(several)
            if isinstance(default, dict) and isinstance(named, dict):
                filled[several] = {
                    name: {**default, **table} if isinstance(table, dict) else table
                    for name, table in named.items()
                }
        return filled

    @field_validator("store")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        # the value is not shown: it may hold a password
        if value and not value.startswith(("postgresql://", "postgres://")):
            raise ValueError("begins with postgresql://, or is left out for lists/mailer.db")
        return value

    @property
    def content(self) -> Content:
        return self.content_for()

    def answered(self, sender: Sender) -> Sender:
        """A sender, without the address for unsubscribing by mail where nobody would answer it."""
        if self.ses.queue_url or sender.unsubscribe_mailbox:
            return sender
        return sender.model_copy(update={"unsubscribe_email": ""})

    def content_for(self, *, sender: str = "", brand: str = "", list_name: str = "") -> Content:
        """What a campaign is made with.

        Args:
            sender: the campaign's own, one of `senders`.
            brand: the campaign's own, one of `brands`.
            list_name: says both where the campaign does not.
        """
        usual = self.lists.get(list_name, ListSettings())
        sender, brand = sender or usual.sender, brand or usual.brand
        content = Content.model_validate(self.model_dump(include=set(Content.model_fields)))
        return content.model_copy(
            update={
                "sender": self.answered(self.senders[sender] if sender else content.sender),
                "brand": self.brands[brand] if brand else content.brand,
            }
        )


class Project:
    """The folder that holds mailer.toml, and the places inside it."""

    def __init__(self, root: Path, settings: Settings) -> None:
        self.root = root
        self.settings = settings

    @property
    def database(self) -> Path:
        """The store's file, where it is not on a server."""
        return self.root / "lists" / "mailer.db"

    @property
    def store(self) -> Path | str:
        """The store: a file, or the address of a PostgreSQL database, which other machines may share."""
        return os.environ.get("MAILER_STORE") or self.settings.store or self.database

    @property
    def secret_key_file(self) -> Path:
        return self.root / "lists" / "secret.key"

    @property
    def address_key_file(self) -> Path:
        return self.root / "lists" / "addresses.key"

    @property
    def junk_file(self) -> Path:
        """What came in as an event and is none."""
        return self.root / "lists" / "events-junk.jsonl"

    @property
    def outbox(self) -> Path:
        return self.root / "outbox"

    @property
    def build(self) -> Path:
        return self.root / "build"

    @property
    def published(self) -> Path:
        """Pictures, resized for mail, under names that never change."""
        return self.root / "published"

    @property
    def petitions(self) -> Path:
        return self.root / "campaigns" / "petitions"

    @property
    def pictures_url(self) -> str:
        """Where published pictures answer, without the slash before a name."""
        return self.settings.images.base_url or f"{self.settings.site.base_url}/i"

    def show(self, path: Path) -> str:
        """A path as staff would type it: relative to the project where it is inside it."""
        return str(path.relative_to(self.root)) if path.is_relative_to(self.root) else str(path)


def find_root(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that holds mailer.toml."""
    for folder in (start, *start.parents):
        if (folder / FILE).is_file():
            return folder
    raise ConfigError(
        f"no {FILE} in {start} or any folder above it",
        hint="Change into your project's folder, or name it with --project DIR.",
    )


def load(root: Path) -> Project:
    """Read and validate `root`/mailer.toml.

    Raises:
        ConfigError: with path and line, for TOML that does not parse and keys or values the schema
            does not allow.
    """
    path = root / FILE
    try:
        # Notepad begins a file with a byte order mark
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as err:
        raise ConfigError(
            f"there is no {FILE} in {root}", hint="Name your project's folder with --project DIR."
        ) from err
    except OSError as err:
        raise ConfigError(
            f"cannot be read: {err.strerror}",
            place=Place(FILE),
            hint="Check the file's permissions.",
        ) from err
    except UnicodeDecodeError as err:
        raise ConfigError(
            "is not UTF-8 text", place=Place(FILE), hint="Save it as UTF-8 in your editor."
        ) from err
    return Project(root, parse(text))


def parse(text: str) -> Settings:
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as err:
        position = re.search(r"line (\d+)", str(err))
        line = int(position[1]) if position else text.count("\n") + 1
        message, hint = toml_mistakes.explained(str(err).partition(" (at")[0].lower(), line, text)
        raise ConfigError(message, place=Place(FILE, line), hint=hint) from err
    try:
        settings = Settings.model_validate(table)
    except ValidationError as err:
        raise explain(err, Settings, lambda where: Place(FILE, _line_of(text, where))) from err
    for name, usual in settings.lists.items():
        for key, known in (("sender", settings.senders), ("brand", settings.brands)):
            value = getattr(usual, key)
            if value and value not in known:
                raise ConfigError(
                    f'there is no {key} "{value}"',
                    place=Place(FILE, _line_of(text, ["lists", name, key])),
                    hint=suggest(value, known) or f"Add a section [{key}s.{value}].",
                )
    return settings


def _line_of(text: str, where: list[int | str]) -> int | None:
    """The line of a key: the last part that is written out, looked for below its table's header."""
    line = None
    table: list[str] = []
    names = [str(part) for part in where if isinstance(part, str)]
    for number, content in enumerate(text.splitlines(), 1):
        header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]+", content)
        if header:
            table = [part.strip(" \"'") for part in header[1].split(".")]
            if table == names[: len(table)]:
                line = number
            continue
        key = re.match(r"\s*([\w.\"'-]+)\s*=", content)
        written = [*table, *key[1].replace('"', "").split(".")] if key else []
        if written == names:
            return number
        if written and written == names[: len(written)]:
            line = number  # it holds the key, as { key = … } does
    return line
