"""The Jinja environment of HTML pages, reports and small mails that the program itself writes."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape


def load(package: str, folder: str = "templates") -> Environment:
    """Return an environment that escapes `.html` templates and refuses undefined values.

    Args:
        package: dotted name of the package that holds the templates.
        folder: inside that package.
    """
    return Environment(
        loader=PackageLoader(package, folder),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,  # a page of the server would look at nine files
    )
