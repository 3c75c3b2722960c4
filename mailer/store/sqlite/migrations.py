"""The schema, as steps that are each applied once."""

from __future__ import annotations

from uuid import uuid4

from sqlite_utils import Database, Migrations

migrations = Migrations("mailer")


@migrations()
def first_tables(db: Database) -> None:
    """Subscribers, lists, the ledger of deliveries, and the shared throttles."""
    for statement in _FIRST_TABLES.split(";"):
        if statement.strip():
            db.execute(statement)


@migrations()
def recipients_pages(db: Database) -> None:
    """Departures, what waits to be confirmed, and mail as it was sent."""
    for statement in _RECIPIENTS_PAGES:
        db.execute(statement)


@migrations()
def slower_throttles(db: Database) -> None:
    """What is left of a rate after the other side asked for less."""
    db.execute("ALTER TABLE throttles ADD COLUMN share REAL NOT NULL DEFAULT 1")
    db.execute("ALTER TABLE throttles ADD COLUMN slowed_at REAL NOT NULL DEFAULT 0")


@migrations()
def approvals(db: Database) -> None:
    """Approvals of a snapshot for an audience; each snapshot once, however many people approve it."""
    for statement in _APPROVALS:
        db.execute(statement)


@migrations()
def events(db: Database) -> None:
    """Events of mail after it was handed over, and their totals for each send."""
    for statement in _EVENTS:
        db.execute(statement)


@migrations()
def quiet_period(db: Database) -> None:
    """How long people are left alone between campaigns, and how many were held back for it."""
    db.execute("ALTER TABLE sends ADD COLUMN quiet_hours REAL NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE sends ADD COLUMN held_back INTEGER NOT NULL DEFAULT 0")
    # holds all that is asked for: the rows themselves carry snapshots
    db.execute("CREATE INDEX sends_by_change ON sends (changed, state, campaign)")


@migrations()
def scheduled_sends(db: Database) -> None:
    """When a delivery is due and which subject it has; who took a send up last."""
    for statement in _SCHEDULED_SENDS:
        db.execute(statement)


@migrations()
def clicks(db: Database) -> None:
    """The links of a send's mail, and their click counts, without the persons."""
    db.execute("""CREATE TABLE links (
        -- AUTOINCREMENT: mail carries the id
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        send_id INTEGER NOT NULL REFERENCES sends(id),
        arm INTEGER NOT NULL,
        url TEXT NOT NULL,
        clicks INTEGER NOT NULL DEFAULT 0,
        UNIQUE (send_id, arm, url)
    )""")


@migrations()
def sends_unwatched(db: Database) -> None:
    """Sends that go on regardless of bounces and complaints, at a person's request."""
    db.execute("ALTER TABLE tallies ADD COLUMN watched INTEGER NOT NULL DEFAULT 1")


@migrations()
def sends_in_hand(db: Database) -> None:
    """What a worker asks for every second, beside the snapshots: those are large."""
    db.execute("CREATE INDEX sends_in_hand ON sends (state, plan, wait, winner, changed)")


@migrations()
def events_of_failures(db: Database) -> None:
    """Looked at with each outcome that is recorded, and all but empty."""
    db.execute(
        "CREATE INDEX events_never_sent ON events (delivery_id) WHERE outcome = 'never sent'"
    )


@migrations()
def memberships_of_somebody(db: Database) -> None:
    """An index, so that unsubscribing from everything does not scan all memberships."""
    db.execute("CREATE INDEX memberships_by_subscriber ON memberships (subscriber_id)")


@migrations()
def notes_of_memberships(db: Database) -> None:
    """The file's own reason for importing a person as unsubscribed."""
    db.execute("ALTER TABLE memberships ADD COLUMN note TEXT NOT NULL DEFAULT ''")


@migrations()
def requests_of_strangers(db: Database) -> None:
    """What limits mail to a mailbox or a domain; undoing what a visit did; changed details."""
    for statement in _REQUESTS_OF_STRANGERS:
        db.execute(statement)


@migrations()
def numbered_imports(db: Database) -> None:
    """The changes of each import, so that it can be undone."""
    for statement in _IMPORTS:
        db.execute(statement)


@migrations()
def orders_of_sends(db: Database) -> None:
    """What was asked for when a send was started, and how often its state was changed."""
    db.execute("ALTER TABLE sends ADD COLUMN rate REAL NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE sends ADD COLUMN stop_after INTEGER NOT NULL DEFAULT 0")
    db.execute("ALTER TABLE sends ADD COLUMN version INTEGER NOT NULL DEFAULT 0")


@migrations()
def freshness(db: Database) -> None:
    """How far the ledger has come, to be compared with marks outside the database."""
    # `machine` is filled by the first process that sends
    db.execute(
        "CREATE TABLE ledger (epoch TEXT NOT NULL, claimed INTEGER NOT NULL, machine TEXT NOT NULL)"
    )
    db.execute("INSERT INTO ledger VALUES (?, 0, '')", (uuid4().hex,))
    # campaigns that were sent from another copy of the database
    db.execute("CREATE TABLE unsettled (campaign TEXT PRIMARY KEY)")


@migrations()
def petitions(db: Database) -> None:
    """Signatures of petitions, and their counts, which the database itself holds closed."""
    for statement in _PETITIONS:
        db.execute(statement)


@migrations()
def all_reasons_of_suppressions(db: Database) -> None:
    """Every reason that an address was ever suppressed for: in `suppressions`, the strongest holds."""
    db.execute("""CREATE TABLE suppression_reasons (
        address TEXT NOT NULL,
        reason TEXT NOT NULL,
        detail TEXT NOT NULL DEFAULT '',
        created TEXT NOT NULL,
        import_id INTEGER NOT NULL DEFAULT 0,
        PRIMARY KEY (address, reason)
    ) WITHOUT ROWID""")
    db.execute("""INSERT INTO suppression_reasons (address, reason, detail, created)
        SELECT address, reason, detail, created FROM suppressions WHERE reason <> 'erased'""")


@migrations()
def keys_of_erased_people(db: Database) -> None:
    """A hash of no address under each key that has marked erased people: a lost key is noticed."""
    db.execute("CREATE TABLE address_key_marks (hash TEXT PRIMARY KEY) WITHOUT ROWID")


@migrations()
def sends_to_several_lists(db: Database) -> None:
    """The lists of a send beyond its first."""
    db.execute("""CREATE TABLE further_lists (
        send_id INTEGER NOT NULL REFERENCES sends(id),
        list_id INTEGER NOT NULL REFERENCES lists(id),
        PRIMARY KEY (send_id, list_id)
    ) WITHOUT ROWID""")


@migrations()
def key_of_all_machines(db: Database) -> None:
    """The fingerprint of the key that signs links, on a store that several machines share."""
    db.execute("CREATE TABLE shared_key (fingerprint TEXT PRIMARY KEY) WITHOUT ROWID")


@migrations()
def moved_stores(db: Database) -> None:
    """The store that this one was copied to: from then on, this one can only be read."""
    db.execute("CREATE TABLE moved (place TEXT NOT NULL)")


@migrations()
def shared_by_page_servers(db: Database) -> None:
    """What several page servers share: the rate limits of visitors, and what one has compiled for all."""
    # keyed hashes of networks, for as long as their requests count: half an hour after the last one
    db.execute("""CREATE TABLE visitors (
        mark TEXT PRIMARY KEY,
        busy_until REAL NOT NULL,
        read_at REAL NOT NULL
    ) WITHOUT ROWID""")
    db.execute("""CREATE TABLE public_versions (
        send_id INTEGER NOT NULL,
        -- the subject of an A/B test; 1 without one
        arm INTEGER NOT NULL,
        program TEXT NOT NULL,
        -- when a server began to compile it, in seconds since 1970
        begun REAL NOT NULL,
        content BLOB,
        PRIMARY KEY (send_id, arm)
    )""")


@migrations()
def shared_values_of_web_versions(db: Database) -> None:
    """Values that many recipients of a send have in common, beside those of each delivery in `copies`."""
    db.execute("""CREATE TABLE shared_values (
        id INTEGER PRIMARY KEY,
        send_id INTEGER NOT NULL REFERENCES sends(id),
        -- stands in the rows of `copies` that have these values
        digest TEXT NOT NULL,
        content TEXT NOT NULL,
        UNIQUE (send_id, digest)
    )""")


_FIRST_TABLES = """
CREATE TABLE subscribers (
    -- AUTOINCREMENT: the id of somebody erased stands in deliveries and in links already mailed
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    email TEXT NOT NULL UNIQUE,
    first_name TEXT NOT NULL DEFAULT '',
    last_name TEXT NOT NULL DEFAULT '',
    zip TEXT NOT NULL DEFAULT '',
    city TEXT NOT NULL DEFAULT '',
    state TEXT NOT NULL DEFAULT '',
    county TEXT NOT NULL DEFAULT '',
    timezone TEXT NOT NULL DEFAULT '',
    fields TEXT NOT NULL DEFAULT '{}',
    tags TEXT NOT NULL DEFAULT '[]',
    created TEXT NOT NULL,
    consent_source TEXT NOT NULL DEFAULT ''
);
CREATE TABLE lists (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
);
CREATE TABLE memberships (
    list_id INTEGER NOT NULL REFERENCES lists(id),
    subscriber_id INTEGER NOT NULL REFERENCES subscribers(id),
    status TEXT NOT NULL CHECK (status IN ('subscribed', 'unsubscribed')),
    since TEXT NOT NULL,
    how TEXT NOT NULL,
    PRIMARY KEY (list_id, subscriber_id)
) WITHOUT ROWID;
CREATE TABLE field_names (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE suppressions (
    address TEXT PRIMARY KEY,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE sends (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,
    list_id INTEGER NOT NULL REFERENCES lists(id),
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'paused', 'finished', 'cancelled')),
    audience_query TEXT NOT NULL,
    transport TEXT NOT NULL,
    audience INTEGER NOT NULL DEFAULT 0,
    snapshot BLOB NOT NULL,
    digest TEXT NOT NULL,
    note TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL,
    changed TEXT NOT NULL,
    UNIQUE (campaign, list_id)
);
CREATE TABLE deliveries (
    id INTEGER PRIMARY KEY,
    campaign TEXT NOT NULL,
    subscriber_id INTEGER NOT NULL,
    send_id INTEGER NOT NULL REFERENCES sends(id),
    state TEXT NOT NULL DEFAULT 'pending' CHECK
        (state IN ('pending', 'sending', 'accepted', 'failed', 'uncertain', 'skipped')),
    worker TEXT NOT NULL DEFAULT '',
    message_id TEXT NOT NULL DEFAULT '',
    detail TEXT NOT NULL DEFAULT '',
    changed TEXT NOT NULL DEFAULT '',
    UNIQUE (campaign, subscriber_id)
);
CREATE INDEX deliveries_by_state ON deliveries (send_id, state);
CREATE TABLE throttles (
    key TEXT PRIMARY KEY,
    busy_until REAL NOT NULL,
    read_at REAL NOT NULL
) WITHOUT ROWID
"""


_RECIPIENTS_PAGES = (
    """CREATE TABLE departures (
        id INTEGER PRIMARY KEY,
        subscriber_id INTEGER NOT NULL,
        send_id INTEGER NOT NULL,
        how TEXT NOT NULL,
        at TEXT NOT NULL,
        lists TEXT NOT NULL,
        suppressed TEXT NOT NULL DEFAULT '',
        reason TEXT NOT NULL DEFAULT '',
        undone TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE INDEX departures_by_subscriber ON departures (subscriber_id)",
    """CREATE TABLE requests (
        -- AUTOINCREMENT: links that were mailed carry the id
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('join', 'move', 'leave', 'settle')),
        email TEXT NOT NULL,
        subscriber_id INTEGER NOT NULL,
        send_id INTEGER NOT NULL,
        move_id INTEGER NOT NULL,
        lists TEXT NOT NULL,
        details TEXT NOT NULL,
        asked TEXT NOT NULL,
        settled TEXT NOT NULL DEFAULT '',
        departure_id INTEGER NOT NULL DEFAULT 0,
        outcome TEXT NOT NULL DEFAULT '{}',
        mail TEXT NOT NULL DEFAULT 'pending'
            CHECK (mail IN ('pending', 'sending', 'sent', 'failed', 'uncertain')),
        mail_changed TEXT NOT NULL DEFAULT ''
    )""",
    "CREATE INDEX requests_by_email ON requests (email)",
    "CREATE INDEX requests_by_subscriber ON requests (subscriber_id) WHERE subscriber_id > 0",
    "CREATE INDEX requests_to_mail ON requests (id) WHERE mail IN ('pending', 'sending')",
    """CREATE TABLE variants (
        id INTEGER PRIMARY KEY,
        send_id INTEGER NOT NULL REFERENCES sends(id),
        digest TEXT NOT NULL,
        content BLOB NOT NULL,
        UNIQUE (send_id, digest)
    )""",
    """CREATE TABLE copies (
        delivery_id INTEGER PRIMARY KEY REFERENCES deliveries(id),
        variant_id INTEGER NOT NULL REFERENCES variants(id),
        slot_values TEXT NOT NULL
    )""",
    # Who moved to a new address is one person: no campaign goes to both.
    """CREATE TABLE moves (
        subscriber_id INTEGER NOT NULL,
        formerly INTEGER NOT NULL,
        PRIMARY KEY (subscriber_id, formerly)
    ) WITHOUT ROWID""",
    # Erasing a person removes their rows here; departures stay in the counts, without the text.
    """CREATE TRIGGER forget_a_subscriber AFTER DELETE ON subscribers BEGIN
        DELETE FROM requests WHERE email = OLD.email OR subscriber_id = OLD.id;
        DELETE FROM copies WHERE delivery_id IN
            (SELECT id FROM deliveries
                WHERE campaign IN (SELECT campaign FROM sends) AND subscriber_id = OLD.id);
        UPDATE departures SET reason = '', suppressed = '' WHERE subscriber_id = OLD.id;
    END""",
)


_EVENTS = (
    """CREATE TABLE events (
        id INTEGER PRIMARY KEY,
        -- the same for the same event, however often it is reported
        key BLOB NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        outcome TEXT NOT NULL,
        at TEXT NOT NULL,
        stored TEXT NOT NULL,
        -- 0 where it is about none of ours
        send_id INTEGER NOT NULL,
        delivery_id INTEGER NOT NULL,
        subscriber_id INTEGER NOT NULL,
        type TEXT NOT NULL,
        subtype TEXT NOT NULL,
        status TEXT NOT NULL,
        message_id TEXT NOT NULL,
        diagnostic TEXT NOT NULL,
        domain TEXT NOT NULL,
        raw TEXT NOT NULL
    )""",
    "CREATE INDEX events_by_send ON events (send_id, outcome, at)",
    "CREATE INDEX events_by_delivery ON events (delivery_id, outcome) WHERE delivery_id > 0",
    "CREATE INDEX events_by_subscriber ON events (subscriber_id, outcome, at)",
    "CREATE INDEX deliveries_by_message ON deliveries (message_id) WHERE message_id <> ''",
    """CREATE TABLE tallies (
        send_id INTEGER PRIMARY KEY,
        known INTEGER NOT NULL,
        delivered INTEGER NOT NULL,
        bounced INTEGER NOT NULL,
        complained INTEGER NOT NULL
    )""",
)


_APPROVALS = (
    "CREATE TABLE approved (digest TEXT PRIMARY KEY, snapshot BLOB NOT NULL)",
    """CREATE TABLE approvals (
        id INTEGER PRIMARY KEY,
        campaign TEXT NOT NULL,
        list_name TEXT NOT NULL,
        person TEXT NOT NULL,
        query TEXT NOT NULL,
        digest TEXT NOT NULL REFERENCES approved(digest),
        at TEXT NOT NULL
    )""",
)


_SCHEDULED_SENDS = (
    "ALTER TABLE sends ADD COLUMN plan TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE sends ADD COLUMN wait INTEGER",
    "ALTER TABLE sends ADD COLUMN winner INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE sends ADD COLUMN worker TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE deliveries ADD COLUMN due INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE deliveries ADD COLUMN arm INTEGER NOT NULL DEFAULT 1",
    "DROP INDEX deliveries_by_state",
    "CREATE INDEX deliveries_by_due ON deliveries (send_id, state, due)",
)


_REQUESTS_OF_STRANGERS = (
    # Created again, because SQLite cannot change a CHECK: there are further kinds and states.
    "DROP TRIGGER forget_a_subscriber",
    "DROP INDEX requests_by_email",
    "DROP INDEX requests_by_subscriber",
    "DROP INDEX requests_to_mail",
    "ALTER TABLE requests RENAME TO requests_before",
    """CREATE TABLE requests (
        -- AUTOINCREMENT: links that were mailed carry the id
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL,
        email TEXT NOT NULL,
        -- of the address: without its sub-address
        mailbox TEXT NOT NULL DEFAULT '',
        domain TEXT NOT NULL DEFAULT '',
        subscriber_id INTEGER NOT NULL,
        send_id INTEGER NOT NULL,
        move_id INTEGER NOT NULL,
        lists TEXT NOT NULL,
        details TEXT NOT NULL,
        asked TEXT NOT NULL,
        settled TEXT NOT NULL DEFAULT '',
        departure_id INTEGER NOT NULL DEFAULT 0,
        outcome TEXT NOT NULL DEFAULT '{}',
        mail TEXT NOT NULL DEFAULT 'pending',
        mail_changed TEXT NOT NULL DEFAULT ''
    )""",
    """INSERT INTO requests (id, kind, email, subscriber_id, send_id, move_id, lists, details, asked,
        settled, departure_id, outcome, mail, mail_changed)
    SELECT id, kind, email, subscriber_id, send_id, move_id, lists, details, asked,
        settled, departure_id, outcome, mail, mail_changed FROM requests_before""",
    "DELETE FROM sqlite_sequence WHERE name = 'requests'",
    "UPDATE sqlite_sequence SET name = 'requests' WHERE name = 'requests_before'",
    "DROP TABLE requests_before",
    "CREATE INDEX requests_by_email ON requests (email)",
    "CREATE INDEX requests_by_mailbox ON requests (mailbox, asked)",
    "CREATE INDEX requests_by_time ON requests (asked, domain)",
    "CREATE INDEX requests_by_subscriber ON requests (subscriber_id) WHERE subscriber_id > 0",
    "CREATE INDEX requests_to_mail ON requests (id) WHERE mail IN ('pending', 'sending')",
    """CREATE TRIGGER forget_a_subscriber AFTER DELETE ON subscribers BEGIN
        DELETE FROM requests WHERE email = OLD.email OR subscriber_id = OLD.id;
        DELETE FROM copies WHERE delivery_id IN
            (SELECT id FROM deliveries
                WHERE campaign IN (SELECT campaign FROM sends) AND subscriber_id = OLD.id);
        UPDATE departures SET reason = '', suppressed = '' WHERE subscriber_id = OLD.id;
    END""",
    "ALTER TABLE departures ADD COLUMN visit TEXT NOT NULL DEFAULT ''",
    # keyed hashes of mailboxes that want no more mail that strangers ask for
    "CREATE TABLE blocked_mailboxes (mailbox TEXT PRIMARY KEY, at TEXT NOT NULL) WITHOUT ROWID",
)


_DETAILS = ("first_name", "last_name", "zip", "city", "state", "county", "timezone")


_IMPORTS = (
    """CREATE TABLE imports (
        -- AUTOINCREMENT: staff know an import by its number
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at TEXT NOT NULL,
        list_name TEXT NOT NULL,
        file TEXT NOT NULL,
        source TEXT NOT NULL,
        new INTEGER NOT NULL,
        updated INTEGER NOT NULL,
        -- the highest id of a subscriber before it
        last_id INTEGER NOT NULL,
        -- and the highest after it
        newest_id INTEGER NOT NULL DEFAULT 0,
        new_list INTEGER NOT NULL,
        undone TEXT NOT NULL DEFAULT ''
    )""",
    "ALTER TABLE memberships ADD COLUMN import_id INTEGER NOT NULL DEFAULT 0",
    f"""CREATE TABLE import_people (
        import_id INTEGER NOT NULL,
        subscriber_id INTEGER NOT NULL,
        -- before or after
        moment TEXT NOT NULL,
        {", ".join(f"{name} TEXT NOT NULL" for name in (*_DETAILS, "fields", "tags"))},
        PRIMARY KEY (subscriber_id, import_id, moment)
    ) WITHOUT ROWID""",
    """CREATE TABLE import_memberships (
        import_id INTEGER NOT NULL,
        list_id INTEGER NOT NULL,
        subscriber_id INTEGER NOT NULL,
        since TEXT NOT NULL,
        how TEXT NOT NULL,
        note TEXT NOT NULL,
        new_since TEXT NOT NULL,
        PRIMARY KEY (subscriber_id, import_id, list_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE import_suppressions (
        import_id INTEGER NOT NULL,
        address TEXT NOT NULL,
        -- "" where there was none
        reason TEXT NOT NULL,
        detail TEXT NOT NULL,
        created TEXT NOT NULL,
        new_reason TEXT NOT NULL,
        new_created TEXT NOT NULL,
        PRIMARY KEY (address, import_id)
    ) WITHOUT ROWID""",
    """CREATE TABLE import_fields (
        import_id INTEGER NOT NULL,
        name TEXT NOT NULL,
        PRIMARY KEY (import_id, name)
    ) WITHOUT ROWID""",
)


_PETITIONS = (
    """CREATE TABLE petitions (
        name TEXT PRIMARY KEY,
        received INTEGER NOT NULL DEFAULT 0,
        pending INTEGER NOT NULL DEFAULT 0,
        signed INTEGER NOT NULL DEFAULT 0,
        withdrawn INTEGER NOT NULL DEFAULT 0,
        invalid INTEGER NOT NULL DEFAULT 0,
        closed TEXT NOT NULL DEFAULT '',
        CHECK (received = pending + signed + withdrawn + invalid)
    )""",
    """CREATE TABLE signatures (
        -- at random: links carry it, and tell nobody how many there are
        id INTEGER PRIMARY KEY,
        petition TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('pending', 'signed', 'withdrawn', 'invalid')),
        -- "" once the person is erased
        email TEXT NOT NULL,
        subscriber_id INTEGER NOT NULL,
        send_id INTEGER NOT NULL,
        how TEXT NOT NULL,
        wording TEXT NOT NULL,
        at TEXT NOT NULL,
        changed TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        first_name TEXT NOT NULL,
        last_name TEXT NOT NULL,
        zip TEXT NOT NULL,
        city TEXT NOT NULL,
        state TEXT NOT NULL,
        comment TEXT NOT NULL,
        comment_public INTEGER NOT NULL,
        consent TEXT NOT NULL,
        consent_version TEXT NOT NULL,
        consent_how TEXT NOT NULL,
        consented TEXT NOT NULL
    )""",
    "CREATE UNIQUE INDEX signatures_once ON signatures (petition, email) WHERE email <> ''",
    "CREATE INDEX signatures_in_order ON signatures (petition, status, at, id)",
    """CREATE INDEX signatures_with_comment ON signatures (petition, status, at, id)
        WHERE comment <> '' AND comment_public = 1""",
    "CREATE INDEX signatures_by_email ON signatures (email)",
    """CREATE INDEX signatures_by_subscriber ON signatures (subscriber_id, petition)
        WHERE subscriber_id > 0""",
)
