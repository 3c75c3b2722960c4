"""Small lists, and who of them may be mailed."""

import io

from mailer.errors import ImportFileError
from mailer.lists.importing import AcceptedRow, SubscriberFile

ASKED = None


def mailable(text, path="people.csv", **options):
    """Letters of the addresses that may be mailed; None where the import stops and asks."""
    file = SubscriberFile(io.BytesIO(text.encode()), path, **options)
    try:
        rows = [row.row for row in file.rows() if isinstance(row, AcceptedRow)]
    except ImportFileError:
        return ASKED
    return "".join(row.email[0] for row in rows if row.standing is None)


def table(headings, *rows):
    """A file of people whose addresses begin with a, b, c…"""
    people = (f"{'abcdefgh'[i]}@example.org,{row}" for i, row in enumerate(rows))
    return "\n".join([f"Email,{headings}", *people, ""])
