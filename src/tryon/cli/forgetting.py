"""`tryon forget`: a picture out of the data, for good."""

from pathlib import Path
from typing import Annotated

import typer

from tryon.cli.application import app


@app.command()
def forget(
    target: Annotated[str, typer.Argument(metavar="ADDRESS|SHA256", help="As the ledger has them.")],
    reason: Annotated[str, typer.Option(help="Kept with the tombstone.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
    remote: Annotated[str | None, typer.Option(help="A DVC remote to remove its copies from as well.")] = None,
) -> None:
    """Remove a picture and all made from it, for good.

    Run again after an interruption, it completes.

    \b
    Example:
    tryon forget https://example.org/shirt.jpg --reason "the author asked" --dry-run
    """
    from tryon.console import print_table
    from tryon.forgetting import forget as forget_picture

    lines = forget_picture(Path.cwd(), target, reason=reason, dry_run=dry_run, remote=remote)
    print_table(("what", "where", "outcome"), [(line.what, line.where, line.outcome) for line in lines])
