"""`tryon accept` and `tryon drift`: has the data moved since somebody accepted it?"""

from pathlib import Path
from typing import Annotated

import typer

from tryon.cli.application import app


@app.command()
def accept() -> None:
    """Accept the data as what drift is measured from.

    Writes decisions/accepted_data.json from the last data check; commit it.

    \b
    Example:
    tryon accept
    """
    from tryon.curating.accepting import ACCEPTED, accept_data

    count = accept_data(Path.cwd())
    print(f"{ACCEPTED}: distributions of {count} traits")


@app.command()
def drift(
    before: Annotated[Path, typer.Argument(help="Folder of pictures, a collection for instance.")],
    now: Annotated[Path, typer.Argument(help="Another one.")],
) -> None:
    """Compare the pictures of two folders.

    In size, sharpness, light and colour.

    \b
    Example:
    tryon drift data/collected/blue_t_shirt data/collected/plain_t_shirt
    """
    from tryon.console import print_table
    from tryon.curating.accepting import compare_folders

    moves = compare_folders(before, now)
    rows = [(move.trait, f"{move.psi:.2f}", f"{move.chance:.1g}", "moved" if move.moved else "") for move in moves]
    print_table(("trait", "stability index", "chance", ""), rows, {"moved": "red"})
