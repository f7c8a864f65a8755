"""`tryon curate`: a person keeps or rejects pictures in a local web page."""

import getpass
from pathlib import Path
from typing import Annotated

import typer

from tryon.cli.application import app
from tryon.errors import ModelError, UsageError

PORT = 8360


@app.command()
def curate(
    folder: Annotated[Path, typer.Argument(help="A collection (data/collected/...) or a folder of pictures.")],
    decisions: Annotated[Path, typer.Option(help="File that the decisions go to.")] = Path("decisions/garments.csv"),
    models: Annotated[Path | None, typer.Option(help="Folder with mask_rcnn/: show the masks that it finds.")] = None,
    person: Annotated[str | None, typer.Option(help="Who decides; default: your login name.")] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Of this machine; 0: any free one.")] = PORT,
    browser: Annotated[bool, typer.Option("--open", help="Open the page in your browser.")] = False,
) -> None:
    """Keep or reject pictures by keyboard, in a local web page.

    Every decision is on the disk before the page shows it as saved.

    \b
    Example:
    tryon curate data/collected/blue_t_shirt --models models
    """
    if models is not None and not (models / "mask_rcnn/model.json").is_file():
        raise ModelError(
            f"{models / 'mask_rcnn/model.json'} is missing: there is no trained model",
            remedy="run `make repro`, name its folder, or leave --models away",
        )
    name = _login_name() if person is None else person.strip()
    if not name or not name.isprintable():
        raise UsageError("--person is no name", received=repr(name), needed="one line of text")
    from tryon.reviewing.pictures import read_collection
    from tryon.reviewing.running import load_mask_rcnn, open_review, serve

    load_finder = None if models is None else lambda: load_mask_rcnn(models / "mask_rcnn")
    with open_review(read_collection(folder), decisions, name, load_finder) as review:
        if review.store.replayed:
            print(f"{review.store.replayed} decisions of a review that was cut off are back")
        serve(review, port, lambda address: _announce(address, browser))
    counts = [decision.keep for decision in review.store.decisions().values()]
    print(f"{decisions}: {len(counts)} decisions, {sum(counts)} kept, {len(counts) - sum(counts)} rejected")


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:
        raise UsageError("who decides is not known", remedy="name yourself with --person") from error


def _announce(address: str, browser: bool) -> None:
    print(f"{address}\nOpen it in a browser; Ctrl-C ends the review.", flush=True)
    if browser:
        import webbrowser

        webbrowser.open(address)
