"""images: publish the pictures of campaigns for recipients' mail programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.common import Session, session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from mailer.images.picture import Picture

app = typer.Typer(no_args_is_help=True, help="Publish the pictures of your campaigns.")


@app.command()
def push(
    context: typer.Context,
    campaigns: Annotated[
        list[str] | None,
        typer.Argument(metavar="[CAMPAIGN]...", help="The campaigns. Default: all of them."),
    ] = None,
) -> None:
    """Publish pictures and check that they answer. A send does this by itself."""
    from mailer.campaigns.snapshot import load

    run = session(context)
    folder = run.project.root / "campaigns"
    names = campaigns or sorted(path.stem for path in folder.glob("*.md"))
    pictures = {
        picture.name: picture
        for name in names
        for picture in load(run.project, name).pictures.values()
    }
    if not pictures:
        typer.echo("No campaign names a picture in campaigns/images/.")
        return
    uploaded = publish(run, pictures.values())
    for picture in pictures.values():
        size = (run.project.published / picture.name).stat().st_size
        state = "uploaded" if picture.name in uploaded else "published"
        typer.echo(
            f"{picture.url}  {picture.width} x {picture.height}, {size / 1000:.0f} kB, {state}"
        )


def publish(run: Session, pictures: Iterable[Picture]) -> list[str]:
    """Upload pictures that are not there yet; return their names.

    Raises:
        TransportError: they cannot be uploaded.
        FindingsError: a published picture does not answer.
    """
    wanted = list(pictures)
    if not wanted:
        return []
    from mailer.images import publishing

    uploaded = publishing.push(run.project, wanted)
    publishing.refuse_missing(run.project, wanted)
    return uploaded
