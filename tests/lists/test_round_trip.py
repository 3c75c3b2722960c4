"""A list that is exported and imported into a new project is the same there."""

import io
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from mailer.lists.csv_file import clean
from mailer.lists.export import write_members
from mailer.lists.import_row import ImportedStanding, ImportRow
from mailer.lists.importing import AcceptedRow, SubscriberFile
from mailer.lists.membership import SuppressionReason
from mailer.store import connect

NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 6, 1, 9, 30, tzinfo=UTC)

TEXT = st.sampled_from(["null", "#N/A", "bounced", "&amp;", "JosÃ©"]) | st.text(
    st.characters(codec="utf-8") | st.sampled_from("='\"@,;\n"), max_size=12
).map(clean)
NAME = st.sampled_from(["", "Ana", "O'Brien", "=1+1", "Núñez", "unsubscribed", "AT&T", "Zoë"]) | (
    st.text(st.characters(categories=["L"]), max_size=8)
)
FIELDS = st.dictionaries(
    st.sampled_from(["gift", "other_email", "status_2", "unsub_reason", "country", "confirm_time"]),
    TEXT.filter(bool),
    max_size=3,
)
TAGS = st.lists(
    st.sampled_from(["donor", "faith leader", "do not email", "unsubscribed", "50%"]), unique=True
)
DAY = st.sampled_from(["", "2019-01-25", "2024-02-29"])
STANDING = st.builds(
    ImportedStanding,
    st.sampled_from(["subscribed", "unsubscribed"]),
    DAY,
    st.sampled_from(["import", "form", "one-click", "staff"]),
    TEXT,
    st.sampled_from(["", "bounced", "complained", "manual", "unsubscribed"]),
    DAY,
    TEXT,
    st.sampled_from(["", "a fair", "=petition"]),
    DAY,
)
PERSON = st.builds(
    ImportRow,
    st.just(1),
    st.sampled_from([f"{name}@example.org" for name in ("ana", "bo", "cy", "dee", "x-1")]),
    NAME,
    NAME,
    st.sampled_from(["", "97212", "02139"]),
    st.sampled_from(["", "Portland", "San José"]),
    st.sampled_from(["OR", "MA", ""]),
    st.sampled_from(["", "Multnomah County"]),
    st.sampled_from(["", "America/New_York"]),
    FIELDS,
    TAGS.map(lambda tags: tuple(sorted(tags))),
    DAY,
    st.none() | STANDING,
)


def exported(store):
    stream = io.BytesIO()
    fields = sorted(store.subscribers.field_names())
    write_members(stream, store.subscribers.export("members"), fields, "utf-8-sig")
    return stream.getvalue()


def imported(data, store):
    rows = list(SubscriberFile(io.BytesIO(data), "members.csv").rows())
    assert all(isinstance(row, AcceptedRow) for row in rows)
    store.imports.import_rows("members", [row.row for row in rows], source="file", now=LATER)


@settings(max_examples=40)
@given(st.lists(PERSON, max_size=6))
def test_export_into_a_new_project_and_export_again_is_the_identity(people):
    with TemporaryDirectory() as folder:
        old, new = (connect(Path(folder) / name, lambda _: ["hash"]) for name in ("old", "new"))
        old.imports.import_rows("members", people, source="petition", now=NOW)
        old.subscribers.unsubscribe("members", "bo@example.org", how="staff", now=LATER)
        old.suppressions.suppress(
            "cy@example.org", SuppressionReason.BOUNCED, detail="550 no such user", now=LATER
        )
        before = exported(old)
        imported(before, new)
        assert exported(new) == before
        mailable = [
            [p.email for p in store.subscribers.audience("members")] for store in (old, new)
        ]
        assert mailable[0] == mailable[1]
        old.close()
        new.close()
