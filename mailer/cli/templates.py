"""templates: list the templates and copy one to change it."""

from __future__ import annotations

from typing import Annotated

import typer

from mailer.cli.common import print_table, session

app = typer.Typer(
    no_args_is_help=True, help="The templates your mail is made with, and your copies of them."
)

Name = Annotated[
    str,
    typer.Argument(metavar="NAME", help="Such as newsletter, components or partials/footer.mjml."),
]


@app.command()
def show(context: typer.Context) -> None:
    """List the templates, and say which are your own or out of date."""
    from mailer.setup import template_copies

    statuses = template_copies.statuses(session(context).project)
    print_table(
        ("Template", "Where from"),
        [(template.name, template.origin.value) for template in statuses],
    )


@app.command()
def copy(
    context: typer.Context,
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...", help="Such as newsletter, components or partials/footer.mjml."
        ),
    ],
    *,
    keep: Annotated[
        bool,
        typer.Option("--keep", help="Keep your file, and record that it is up to date."),
    ] = False,
) -> None:
    """Copy a template into your project's templates/, to change it there."""
    from mailer.setup import template_copies

    for name in template_copies.copy(session(context).project, names, keep=keep):
        typer.echo(f"{'Kept' if keep else 'Made'} templates/{name}")


@app.command()
def diff(context: typer.Context, name: Name) -> None:
    """Show how your copy differs from the template that comes with mailer."""
    from mailer.setup import template_copies

    lines = template_copies.diff(session(context).project, name)
    typer.echo("\n".join(lines) if lines else "No difference.")
