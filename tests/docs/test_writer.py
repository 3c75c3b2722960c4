"""The page on the generated functions shows what is generated for its sample."""

from pathlib import Path
from unittest import mock

from mailer.checks import message_size
from mailer.checks.audience_stats import AudienceStats
from mailer.compiler import slots
from mailer.config import Content
from mailer.mail import message
from mailer.mail.message import Envelope
from tests.support.campaigns import ANA, CONTENT, make_merger, make_sources

PAGE = (Path(__file__).parents[2] / "docs" / "writer.md").read_text(encoding="utf-8")
ENVELOPE = Envelope.of(Content.model_validate(CONTENT), list_name="members")


def blocks(language):
    return [part.partition("```")[0].strip() for part in PAGE.split(f"```{language}\n")[1:]]


def generated():
    """The source of the sample's functions, in the order of the page."""
    (body,) = blocks("markdown")
    subject = '{{ recipient.first_name | default("Friend") }}, the vote is Tuesday'
    sources = []

    def show(signature, lines, names):
        sources.append("\n    ".join([f"def {signature}:", *lines]))
        return generate(signature, lines, names)

    generate = slots.generate
    merger = make_merger(body, subject=subject)
    with (
        mock.patch.object(slots, "generate", show),
        mock.patch.object(message_size, "generate", show),
    ):
        merged = merger.merge(ANA)
        AudienceStats(make_sources(body, subject=subject)).count(ANA, merged)
    join = message.source(merged.variant, ENVELOPE, merged.links.base_url)
    sources.insert(1, "\n    ".join(["def write(merged, message_id, date):", *join.lines()]))
    return sources


def test_the_page_shows_the_functions_of_its_sample():
    assert blocks("python") == generated()


if __name__ == "__main__":
    print("\n\n".join(generated()))
