"""Small campaigns and people for the tests of the compiler."""

from __future__ import annotations

from mailer.campaigns.snapshot import Snapshot
from mailer.config import Content
from mailer.links import Keys
from mailer.lists.subscriber import Subscriber
from mailer.mail.merge import Merger

KEYS = Keys(["a key that only the tests know"])

LAYOUT = """<mjml><mj-head><mj-title>{{ subject | e }}</mj-title></mj-head><mj-body>
{% for run in runs %}
{% if run.level == "column" %}
<mj-section><mj-column>
{% for block in run.blocks %}
{% if block.kind == "text" %}
<mj-text>{{ block.source }}</mj-text>
{% else %}
{{ block.source }}
{% endif %}
{% endfor %}
</mj-column></mj-section>
{% else %}
{% for block in run.blocks %}
{{ block.source }}
{% endfor %}
{% endif %}
{% endfor %}
<mj-section><mj-column><mj-text>
{% for source in sources %}
<p class="source">{{ source.number }}. {{ source.html }}</p>
{% endfor %}
</mj-text></mj-column></mj-section></mj-body></mjml>
"""

MESSAGE = """{{ body }}
{% if sources %}

Sources
{% for source in sources %}
[{{ source.number }}] {{ source.text }}
{% endfor %}
{% endif %}
"""

TEMPLATES = {
    "templates/newsletter.mjml": LAYOUT,
    "templates/message.txt": MESSAGE,
    "templates/components.mjml": (
        "{% macro button(text, url) %}"
        '<mj-button href="{{ url }}">{{ text | e }}</mj-button>{% endmacro %}\n'
        "{% macro box(quote) %}"
        "<mj-text><div>{{ quote | markdown_inline }}</div>{{ caller() | markdown }}</mj-text>"
        "{% endmacro %}\n"
        "{% macro band() %}<mj-section><mj-column><mj-text>band</mj-text></mj-column></mj-section>"
        "{% endmacro %}\n"
        '{% macro strict(alt=none) %}{% if not alt %}{{ fail("strict() needs alt") }}{% endif %}'
        "<mj-text>{{ alt }}</mj-text>{% endmacro %}\n"
    ),
    "templates/components.txt": (
        "{% macro button(text, url) %}{{ text }}: <{{ url }}>{% endmacro %}\n"
        "{% macro box(quote) %}{{ quote | markdown_inline }}\n\n{{ caller() | markdown }}{% endmacro %}\n"
        "{% macro band() %}band{% endmacro %}\n"
        '{% macro strict(alt=none) %}{% if not alt %}{{ fail("strict() needs alt") }}{% endif %}'
        "{{ alt }}{% endmacro %}\n"
    ),
}

CONTENT = {
    "brand": {
        "name": "Juniper Street Action",
        "website": "https://www.example.org",
        "address": "PO Box 118, Portland, OR 97207",
        "legal": "A fictional organization.",
    },
    "sender": {"name": "Juniper Street Action", "email": "news@example.org"},
    "site": {"base_url": "https://mail.example.org"},
}

SENATORS = "state,name,phone\nOR,Ida Fern,202-555-0101\nOR,Sol Reed,202-555-0102\nWA,Uma Park,202-555-0103\n"
CITIES = "city,state,mayor\nPortland,OR,Nia Brook\nSalem,OR,Tod & Lane\n"


def make_sources(
    body: str, *, subject: str = "News", front: str = "", files: dict[str, str] | None = None
) -> Snapshot:
    text = f"---\nsubject: '{subject}'\n{front}---\n{body}"
    lookups = {
        "senators": {"file": "lists/lookups/senators.csv", "key": ["state"], "many": True},
        "cities": {"file": "lists/lookups/cities.csv", "key": ["city", "state"]},
    }
    return Snapshot(
        "campaigns/sample.md",
        {
            "campaigns/sample.md": text,
            "lists/lookups/senators.csv": SENATORS,
            "lists/lookups/cities.csv": CITIES,
            **TEMPLATES,
            **(files or {}),
        },
        Content.model_validate({**CONTENT, "lookups": lookups}),
    )


def make_merger(body: str, **options) -> Merger:
    fields = frozenset({"chapter", "gifts"})
    return Merger(make_sources(body, **options), fields=fields, keys=KEYS, send_id=7)


ANA = Subscriber(
    1,
    "ana@example.org",
    "Ana",
    "Silva",
    "97212",
    "Portland",
    "OR",
    "Multnomah County",
    "America/Los_Angeles",
    {"chapter": "North", "gifts": "3"},
    ("donor", "volunteer"),
)
BO = Subscriber(2, "bo@example.org")
UMA = Subscriber(3, "uma@example.net", "Uma", "Chen", "98101", "Seattle", "WA")
