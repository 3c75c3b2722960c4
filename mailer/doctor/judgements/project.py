"""The project's folder: mailer.toml, the secret key, the store, layouts and look-ups."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import PurePath
from typing import TYPE_CHECKING

from mailer.campaigns.lookups import read_table
from mailer.campaigns.snapshot import Snapshot, read_lookup, read_templates
from mailer.compiler import page_words
from mailer.config import FILE
from mailer.doctor.finding import Diagnosis, Topic
from mailer.errors import CampaignError, ConfigError, MailerError
from mailer.links import Keys, load_keys
from mailer.lists.subscriber import Subscriber
from mailer.mail.merge import Merger
from mailer.setup import new_project, template_copies
from mailer.setup.template_copies import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mailer.config import Project, Settings
    from mailer.store.health import Health

AREA = Topic("Project")
_RESTORE = "Restore lists/mailer.db from your backup."
_MEGABYTE = 1_000_000
_FULL = 200 * _MEGABYTE
"""A ledger takes 190 bytes a recipient (measured): a million fit in this, just."""
_NEARLY_FULL = 1_000 * _MEGABYTE
_TINY = "---\nsubject: A test\nlayout: {layout}\n---\nA word.[^note]\n\n[^note]: Its source.\n"
_ANY_KEY = Keys(["signs nothing that is ever mailed"])
_READER = Subscriber(0, "reader@example.org")


def example_values(settings: Settings) -> list[Diagnosis]:
    """Whether the postal address of `mailer init` still stands in every mail."""
    if settings.brand.address != new_project.EXAMPLE.address:
        return []
    todo = "Write your own under [brand] address in mailer.toml: the law asks for it in every mail."
    return [AREA.warning("postal address", "is the example that mailer init wrote", todo)]


def unsubscribing_by_mail(settings: Settings) -> Diagnosis:
    """The `mailto:` of List-Unsubscribe, which staff have to answer (RFC 2369, 3.2)."""
    name = "unsubscribing by mail"
    senders = [settings.sender, *settings.senders.values()]
    offered = {settings.answered(sender).unsubscribe_email for sender in senders} - {""}
    unanswered = {sender.unsubscribe_email for sender in senders} - offered - {""}
    if unanswered:
        return AREA.warning(
            name,
            f"not offered: nothing brings in what people write to {' and '.join(sorted(unanswered))}",
            "Let SES receive that mail (docs/events.md, Unsubscribing by mail) and set queue_url under "
            "[ses]. Or write unsubscribe_mailbox = true beside the address, and import the mailbox "
            "every few days.",
        )
    if not offered:
        return AREA.ok(name, "not offered: List-Unsubscribe holds the web link alone")
    way = (
        "let SES hand that mail to the queue of events"
        if settings.ses.queue_url
        else "import it with mailer events import FILE.mbox"
    )
    return AREA.ok(name, f"offered at {' and '.join(sorted(offered))}: {way}")


def broken_settings(err: ConfigError) -> Diagnosis:
    return AREA.error(FILE, str(err), err.hint or "")


def settings() -> Diagnosis:
    return AREA.ok(FILE, "every key and value is understood")


# ---------------------------------------------------------------- the secret key


def read_key(project: Project, environment: str | None) -> Keys | MailerError | None:
    """None when there is none yet; unlike every other command, this one does not make one."""
    if environment is None and not project.secret_key_file.exists():
        return None
    try:
        return load_keys(environment, project.secret_key_file)
    except MailerError as err:
        return err


def key(
    project: Project, environment: str | None, keys: Keys | MailerError | None, sends: int
) -> Diagnosis:
    file = project.secret_key_file
    name = project.show(file)
    if keys is None:
        return _no_key(name, sends)
    if isinstance(keys, MailerError):
        return AREA.error("secret key", str(keys), keys.hint or "")
    if environment is not None:
        return AREA.ok("secret key", "in MAILER_SECRET_KEYS")
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & 0o077:
        return AREA.error(
            "secret key",
            f"others on this machine may read {name} (mode {mode:04o}), and unsubscribe anybody",
            f"chmod 600 {name}",
        )
    return AREA.ok("secret key", f"{name}, for you alone (mode {mode:04o})")


def _no_key(name: str, sends: int) -> Diagnosis:
    if sends:
        return AREA.error(
            "secret key",
            f"{name} is gone: unsubscribe links in mail already sent no longer work",
            "Restore it from your backup before anything else makes a new one.",
        )
    return AREA.warning(
        "secret key",
        "there is none yet",
        f"The first import or send makes {name}. Keep a copy of it with your backups.",
    )


# ---------------------------------------------------------------- personal files


def privacy(project: Project) -> Diagnosis:
    """Whether others on this machine can look into the folders that hold addresses."""
    folders = [folder for folder in (project.database.parent, project.outbox) if folder.is_dir()]
    open_ones = [
        project.show(folder) for folder in folders if stat.S_IMODE(folder.stat().st_mode) & 0o077
    ]
    if open_ones:
        names = " and ".join(f"{name}/" for name in open_ones)
        return AREA.warning(
            "personal files",
            f"others on this machine may look into {names}, where people's addresses are",
            f"chmod 700 {' '.join(open_ones)}",
        )
    return AREA.ok("personal files", "for you alone")


# ---------------------------------------------------------------- the store


def store(project: Project, health: Health) -> Diagnosis:
    file = project.database
    name = project.show(file)
    if not file.exists():
        return AREA.warning(
            "store",
            "there is none yet",
            "Import your list: mailer lists import FILE --list LIST",
        )
    if health.problem:
        return AREA.error("store", f"{name} cannot be read: {health.problem}", _RESTORE)
    if health.damage:
        return AREA.error("store", f"{name} is damaged: {_first_line(health.damage)}", _RESTORE)
    if health.newer:
        return AREA.error(
            "store",
            f"{name} was written by a later version of mailer ({', '.join(health.newer)})",
            "Install that version here.",
        )
    if health.network_drive:
        return AREA.error(
            "store",
            f"{name} is on a network drive ({health.network_drive}), where SQLite loses or damages what "
            "several programs write",
            "Move the project to a disk of this machine, or use PostgreSQL: docs/many-machines.md.",
        )
    if not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        return AREA.error(
            "store",
            f"{name} cannot be written",
            "Check the permissions of the folder and its files.",
        )
    if health.unfinished:
        return AREA.warning(
            "store",
            f"{name} opens; it is too large to look through for damage here",
            f"Overnight: sqlite3 {name} 'PRAGMA integrity_check'",
        )
    older = ", its tables are brought up to date by the next command" if health.older else ""
    return AREA.ok("store", f"{name} is whole{older}")


def _first_line(text: str) -> str:
    return text.replace("*** in database main ***\n", "").partition("\n")[0]


def petitions(project: Project, health: Health) -> list[Diagnosis]:
    """None where nobody has signed anything."""
    if health.miscounted:
        names = ", ".join(health.miscounted)
        todo = "Count by what is exported: mailer petition export NAME --csv. Then restore a backup, or ask for help."
        return [AREA.error("petitions", f"the counts of {names} are not those of their rows", todo)]
    if not health.petitions:
        return []
    lost = [name for name in health.petitions if not (project.petitions / f"{name}.md").is_file()]
    if lost:
        files = ", ".join(f"{project.show(project.petitions)}/{name}.md" for name in lost)
        todo = "Put it back: without its file a petition can be neither signed, confirmed nor exported."
        return [AREA.warning("petitions", f"people have signed what has no file: {files}", todo)]
    count = len(health.petitions)
    number = f"{count:,} {'petition' if count == 1 else 'petitions'}"
    return [AREA.ok("petitions", f"{number}, counted as their signatures are")]


def worker(health: Health) -> list[Diagnosis]:
    """None where nothing is scheduled."""
    if not health.scheduled:
        return []
    waiting = f"{health.scheduled:,} scheduled {'send' if health.scheduled == 1 else 'sends'}"
    if health.attended:
        return [AREA.ok("worker", f"runs, and starts {waiting}")]
    todo = "Start it where it keeps running: mailer worker. With mailer worker --once in cron, never mind."
    return [AREA.warning("worker", f"{waiting} to start, and no worker runs to do it", todo)]


def disk(project: Project) -> Diagnosis:
    free = shutil.disk_usage(project.root).free
    space = f"{free / _MEGABYTE:,.0f} MB free"
    todo = "Make room: a full disk stops a send in the middle."
    if free < _FULL:
        return AREA.error("disk", space, todo)
    return AREA.warning("disk", space, todo) if free < _NEARLY_FULL else AREA.ok("disk", space)


# ---------------------------------------------------------------- look-ups and layouts


def lookups(project: Project) -> list[Diagnosis]:
    return [_lookup(project, name) for name in project.settings.lookups]


def _lookup(project: Project, name: str) -> Diagnosis:
    lookup = project.settings.lookups[name]
    title = f"look-up {name}"
    try:
        table = read_table(lookup.file, read_lookup(project, name), lookup.key, many=lookup.many)
    except (CampaignError, ConfigError) as err:
        return _broken(title, err)
    rows = sum(len(values) for values in table.rows.values())
    if not rows:
        todo = f"Fill it, or take [lookups.{name}] out of mailer.toml."
        return AREA.warning(title, f"{lookup.file} has no rows", todo)
    return AREA.ok(title, f"{rows:,} rows in {lookup.file}")


def templates(project: Project) -> list[Diagnosis]:
    """Whether the project's copies of mailer's templates are of this version, and its pages have all words."""
    try:
        statuses = template_copies.statuses(project)
        page_words.load(project.root)
    except (CampaignError, ConfigError) as err:
        return [_broken("templates", err)]
    older = [status.name for status in statuses if status.origin is Origin.OLDER]
    copies = [status.name for status in statuses if status.origin is Origin.CURRENT]
    if older:
        todo = (
            f"See what differs with: mailer templates diff {older[0]}\nTake over what you want, then: "
            f"mailer templates copy --keep {' '.join(older)}"
        )
        return [AREA.warning("templates", f"copied from an older mailer: {', '.join(older)}", todo)]
    if copies:
        return [AREA.ok("templates", f"your copies are of this version: {', '.join(copies)}")]
    return []


def layouts(project: Project, fields: frozenset[str]) -> list[Diagnosis]:
    """Whether each compiles, with a campaign of one sentence and one footnote.

    Args:
        project: whose look-ups can be read.
        fields: names of the further columns that subscribers have.
    """
    try:
        files = read_templates(project)
    except CampaignError as err:
        return [_broken("layouts", err)]
    paths = [path for path, source in files.items() if "<mjml" in source]
    for name in project.settings.lookups:
        files[project.settings.lookups[name].file] = read_lookup(project, name)
    names = [PurePath(path).stem for path in paths]
    errors = [_compile(project, files, fields, name) for name in names]
    broken = [
        _broken(f"layout {name}", err) for name, err in zip(names, errors, strict=True) if err
    ]
    return broken or [AREA.ok("layouts", f"{', '.join(names)}: all compile")]


def _compile(
    project: Project, files: Mapping[str, str], fields: frozenset[str], layout: str
) -> MailerError | None:
    path = "campaigns/a-test.md"
    sources = Snapshot(path, {**files, path: _TINY.format(layout=layout)}, project.settings.content)
    try:
        Merger(sources, fields=fields, keys=_ANY_KEY, send_id=0).merge(_READER)
    except MailerError as err:
        return err
    return None


def _broken(name: str, err: MailerError) -> Diagnosis:
    return AREA.error(name, str(err), err.hint or "")
