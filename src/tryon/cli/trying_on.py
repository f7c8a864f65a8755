"""`tryon fit` and `tryon render`: results and rendered examples as pictures."""

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tryon.cli.application import app
from tryon.errors import ModelError, UsageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_PHOTO_PX = 4096  # a phone's photo keeps its size; larger ones are shrunk to this


@app.command()
def fit(
    photo: Annotated[Path, typer.Option(help="Photo of a person who wears a shirt (JPEG, PNG, WebP).")],
    garment: Annotated[Path, typer.Option(help="Picture of the T-shirt to put on.")],
    out: Annotated[Path, typer.Option(help="The result, a PNG.")],
    pattern: Annotated[str | None, typer.Option(help="Draw this pattern instead of recognising it.")] = None,
    models: Annotated[Path, typer.Option(help="Folder with mask_rcnn/ and cyclegan/PATTERN/.")] = Path("models"),
) -> None:
    """Put a garment on the person of a photo.

    Pixels outside the shirt stay exactly as they are. The result has the photo's size, up to 4096 pixels.

    \b
    Example:
    tryon fit --photo me.jpg --garment shirt.jpg --out result.png
    """
    _check_out(out)
    from tryon.config import load_params
    from tryon.images.decoding import DEFAULT_LIMITS, read_untrusted

    params = load_params()
    pictures = read_untrusted(photo, replace(DEFAULT_LIMITS, long_side_px=_PHOTO_PX)), read_untrusted(garment)
    if not (models / "mask_rcnn/model.json").is_file():  # the loader says it too, after seconds of importing
        raise ModelError(
            f"{models / 'mask_rcnn/model.json'} is missing: there is no trained model",
            needed=f"mask_rcnn/ and cyclegan/PATTERN/ in {models}",
            remedy="run `make repro`, or name the folder with --models",
        )
    from tryon.fitting.files import write_result
    from tryon.fitting.fitter import Fitter
    from tryon.tracking import run_key

    fitter = Fitter.load(models / "mask_rcnn", models / "cyclegan", params.fitting, params.cutouts.margin)
    result = fitter.fit(*pictures, pattern)
    write_result(out, result, run_key())
    redrawn = float((result.alpha > 0).mean())
    print(f"{out}: pattern {result.pattern}, {redrawn:.1%} of the photo redrawn")


@app.command()
def render(
    out: Annotated[Path, typer.Option(help="The sheet, a PNG.")],
    count: Annotated[int, typer.Option(min=1, max=200, help="Examples: photo, garment, exact answer.")] = 12,
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same sheet.")] = 1,
    size: Annotated[int, typer.Option(min=64, max=512, help="Side of each picture, in pixels.")] = 192,
) -> None:
    """Draw a contact sheet of rendered examples.

    \b
    Example:
    tryon render --out sheet.png --count 12 --seed 1
    """
    _check_out(out)
    from tryon.images.files import write_png
    from tryon.images.sheets import grid

    cells = [cell for index in range(count) for cell in _example(seed, index, size)]
    columns = 3 * (2 if count > 1 else 1)
    rows = [cells[start : start + columns] for start in range(0, len(cells), columns)]
    write_png(out, grid(rows, cell_px=size))
    print(f"{out}: {count} examples of photo, garment and exact answer")


def _example(seed: int, index: int, size_px: int) -> "tuple[NDArray[np.uint8], ...]":
    """A photo, a garment and the same scene in it; blue and striped garments in turn."""
    from tryon.rendering.dataset import draw_photo, stream
    from tryon.rendering.looks import sample_look
    from tryon.rendering.photo import exact_answer, wear
    from tryon.rendering.shop import render_garment, sample_layout

    drawn, worn, _ = draw_photo(seed, "train", index, size_px)
    rng = stream(seed, index)
    look = sample_look(rng, ("blue", "striped")[index % 2])
    photo = wear(drawn, worn).image
    return photo, render_garment(sample_layout(rng, size_px), look).image, exact_answer(photo, drawn, look)


def _check_out(out: Path) -> None:
    """Refuse a place where no picture can be written before anything is loaded."""
    if out.suffix.lower() != ".png":
        raise UsageError("--out must be a PNG file", received=out, remedy=f"use {out.with_suffix('.png')}")
    try:
        if out.is_dir():
            raise IsADirectoryError
        with tempfile.TemporaryFile(dir=next(folder for folder in out.absolute().parents if folder.exists())):
            pass
    except OSError as error:
        raise UsageError(
            "--out cannot be written",
            received=out,
            needed="a file in a folder that you may write, or one that is made there",
            remedy="name another place",
        ) from error
