"""A campaign reaches plain data and nothing else, by whatever way it asks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType, NoneType

import pytest
from jinja2.environment import TemplateModule
from jinja2.runtime import BlockReference, LoopContext, Macro, StrictUndefined, TemplateReference
from jinja2.utils import Cycler, Joiner, Namespace
from markupsafe import Markup

from mailer.compiler import sandbox
from mailer.compiler.audience import condition
from mailer.compiler.environment import Environment
from mailer.compiler.sandbox import Function, Method
from mailer.compiler.symbolic import Symbol
from mailer.errors import CampaignError
from tests.support.campaigns import ANA, BO, make_merger, make_sources

CASES = Path(__file__).parent / "security"

PLAIN = {str, int, float, bool, NoneType, list, tuple, dict, range, MappingProxyType, Markup}
JINJA = {
    BlockReference, Cycler, Joiner, LoopContext, Macro, Namespace, StrictUndefined, TemplateModule,
    TemplateReference,
}  # fmt: skip
OURS = {Function, Method, Symbol}
GLOBALS = {"colors", "cycler", "dict", "joiner", "namespace", "range"}
PROBES = """
{% macro probe_macro(a, b=2) %}{{ caller is defined }}{% endmacro %}
{% import "components.mjml" as module %}
{% set space = namespace(x=1) %}{% set cycle = cycler(1, 2) %}{% set join = joiner() %}
{% block here %}{% endblock %}
{% for item in [1, 2] %}{{ probe(loop, self, module, space, cycle, join, probe_macro, self.here) }}{% endfor %}
{% call(x) probe_call() %}{% endcall %}
{{ probe([{"a": 1}] | groupby("a"), "x" | e, 1.5, "a".upper, [1].count, {"a": 1}.items, {"a": 1}.items()) }}
"""


def test_whatever_a_template_reaches_is_on_the_list(monkeypatch):
    """Walks from everything in the render context along attributes, items and filters."""
    reached: list[object] = []
    environment = Environment()
    contexts: list[dict[str, object]] = []
    original = Environment._load_template

    def loading(self, name, globals_):
        template = original(self, name, globals_)
        root = template.root_render_func
        if not getattr(root, "is_spied_on", False):

            def spying(context):
                contexts.append(dict(context.get_all()))
                yield from root(context)

            spying.is_spied_on = True
            template.root_render_func = spying
        return template

    monkeypatch.setattr(Environment, "_load_template", loading)
    make_merger("Hello[^n].\n\n{{ button('a', 'https://example.org') }}\n\n[^n]: A note.\n").merge(
        ANA
    )

    def probe(*values, caller=None):
        reached.extend(values)
        return str(caller) and ""

    components = (
        "{% macro button(text, url) %}x{% endmacro %}{% set open = 1 %}"
        "{% macro asked() %}{{ caller() }}{% endmacro %}"
    )
    environment = Environment(loader=_Loader({"components.mjml": components, "p": PROBES}))
    environment.get_template("p").render(
        probe=Function("probe", probe),
        probe_call=Function("probe_call", lambda caller: reached.append(caller) or ""),
    )
    reached.extend(value for context in contexts for value in context.values())
    assert len(contexts) > 4
    walk(environment, reached)


def walk(environment, values):
    seen: set[int] = set()
    kept = list(values)
    pending = list(values)
    while pending:
        value = pending.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        is_global = any(value is environment.globals[name] for name in GLOBALS)
        assert is_global or type(value) in PLAIN | JINJA | OURS or isinstance(value, tuple), value
        if callable(value) and type(value) not in {Symbol, StrictUndefined}:
            assert is_global or isinstance(value, sandbox.CALLABLES), value
        if isinstance(value, (Symbol, StrictUndefined, str, int, float)) or is_global:
            continue
        following = [*neighbors(environment, value)]
        kept.extend(following)
        pending.extend(following)


def neighbors(environment, value):
    """All that dots, brackets and filters lead to, for every name that the object has at all."""
    names = {*dir(value), *getattr(value, "__dict__", ()), "here", "keys", "id", "parse_raw"}
    keys = [*names, 0, 1, *(value if isinstance(value, (dict, MappingProxyType)) else ())]
    attribute = environment.filters["attr"]
    for name in keys:
        for reach in (
            lambda: environment.getattr(value, name) if isinstance(name, str) else None,  # noqa: B023
            lambda: environment.getitem(value, name),  # noqa: B023
            lambda: attribute(environment, value, name),  # noqa: B023
        ):
            found = reach()
            if not isinstance(found, StrictUndefined):
                assert not str(name).startswith("_"), (value, name)
                yield found
    if isinstance(value, (list, tuple)):
        yield from value


class _Loader:
    has_source_access = True

    def __init__(self, sources):
        self.sources = sources

    def load(self, environment, name, globals_):
        code = environment.compile(self.sources[name], name)
        return environment.template_class.from_code(environment, code, globals_, lambda: True)


def test_the_list_of_what_can_be_called_is_this_one():
    assert (Function, Macro, BlockReference, LoopContext, Joiner) == sandbox.CALLABLES
    assert set(Environment().globals) == GLOBALS
    functions = Environment().globals["colors"]
    assert {name: str(function) for name, function in functions.items()} == {
        name: f"{name}()" for name in ("ink_on", "mix", "readable")
    }
    changing = {"append", "clear", "copy", "extend", "insert", "pop", "popitem", "remove", "reverse", "setdefault", "sort", "update"}  # fmt: skip
    assert not changing & set().union(*sandbox.METHODS.values())


@pytest.mark.parametrize("name", ["rce-campaign.md", "rce-sleeper-campaign.md"])
def test_a_hostile_campaign_is_refused_and_runs_nothing(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    body = (CASES / name).read_text().split("---\n", 2)[2]
    sleeper = replace(BO, email="one of our subscribers <a@example.org>")
    with pytest.raises(CampaignError, match="parse_raw") as caught:
        make_merger(body).merge(sleeper)
    assert caught.value.place.path == "campaigns/sample.md"
    assert caught.value.place.line
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "expression",
    [
        "(links|attr('keys')).token('view', 1, 1)",
        "([links]|map(attribute='keys')|first).token('view', 1, 1)",
        "links|attr('keys')",
        "links.keys",
        "recipient|attr('id')",
        "recipient['id']",
        "recipient.id",
        "brand|attr('model_dump')",
        "brand.model_dump()",
        "[brand]|map('attr', 'model_dump')|first",
        "[brand]|map(attribute='__class__')|first",
        "brand.parse_file('mailer.toml')",
        "brand.__class__",
        "''.__class__.__mro__",
        "'{0.__class__}'.format(brand)",
        "'{0.__class__}'.format(recipient.email)",
        "'{0.__init__}'.format(button)",
        "button.__globals__",
        "button._run",
        "fail.__call__",
        "fail",
        "button",
        "(recipient.first_name|attr('upper')).__self__",
        "cycler.__init__.__globals__",
        "joiner('x').__class__",
        "namespace.__init__",
        "self._TemplateReference__context",
        "self['_TemplateReference__context']",
        "dict.__subclasses__()",
        "range.__globals__",
        "[1].append(2)",
        "{'a': 1}.update({'b': 2})",
        "'a'.encode('utf-8')",
        "'a'.translate({97: 98})",
        "'{a}'.format_map({'a': 1})",
        "recipient.first_name.encode('utf-8')",
        "recipient.first_name.upper",
        "brand.name.upper.run('x')",
        "recipient.lookups.senators|map(attribute='secret')|join",
        "recipient.lookups.senators|selectattr('secret')|list|length",
        "lipsum()",
        "'a'|pprint()|random",
    ],
)
def test_no_way_leads_to_anything_else(expression):
    with pytest.raises(CampaignError):
        make_merger(f"x {{{{ {expression} }}}} y").merge(ANA)


@pytest.mark.parametrize(
    "expression",
    [
        'brand.parse_raw("x")',
        'brand["parse_raw"]("x")',
        '(brand|attr("parse_raw"))("x")',
        '(links|attr("keys")).token("view", 1, 1)',
        "recipient.email.encode()",
        "recipient.fields.x.mro()",
        "front.subject.title().__class__()",
        "petitions.items().pop()",
    ],
)
def test_a_call_of_what_no_data_has_is_refused_also_where_nobody_gets_to(expression):
    body = f"Dear {{{{ recipient.first_name }}}},\n{{% if recipient.zip == '00000' %}}{{{{ {expression} }}}}{{% endif %}}\n"
    with pytest.raises(CampaignError, match="this has no") as caught:
        make_merger(body).merge(ANA)
    assert caught.value.place.line is not None


@pytest.mark.parametrize(
    "filter_",
    ["selectattr('keys')", "rejectattr('id')", "groupby('id')", "sum(attribute='send_id')"],
)
def test_filters_of_the_recipient_or_the_links_find_nothing(filter_):
    for root in ("recipient", "links", "[links]", "[recipient]"):
        try:
            merged = make_merger(f"x {{{{ {root}|{filter_}|list|length }}}} y").merge(ANA)
        except CampaignError:
            continue
        assert merged.text.strip() in {"x 0 y", "x 1 y"}, root


def test_an_audience_expression_reaches_no_more():
    for expression in (
        "recipient|attr('id') == 1",
        "recipient.id == 1",
        "recipient.email.encode()",
    ):
        with pytest.raises(CampaignError):
            condition(expression, make_sources("x"), frozenset())(ANA)


def test_the_brand_is_data_and_read_only():
    assert (
        make_merger("{{ brand.name }} {{ brand.colors.primary }}")
        .merge(ANA)
        .text.startswith("Juniper Street Action #1f5c4d")
    )
    with pytest.raises(TypeError):
        sandbox.plain(make_sources("x").content.brand)["name"] = "x"
