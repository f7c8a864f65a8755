"""`tryon convert` and `tryon propose`: annotations from one format to another, and from Mask R-CNN."""

from pathlib import Path
from typing import Annotated

import typer

from tryon.cli.application import app
from tryon.errors import UsageError


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="SRC", help="A DeepFashion2 folder, or a COCO or VIA file.")],
    target: Annotated[Path, typer.Argument(metavar="DST", help="A folder for DeepFashion2, else a JSON file.")],
    from_format: Annotated[str, typer.Option("--from", help="deepfashion2, coco or via.")],
    to_format: Annotated[str, typer.Option("--to", help="deepfashion2, coco or via.")],
    images: Annotated[Path | None, typer.Option(help="Folder of the picture files, if they lie elsewhere.")] = None,
    max_side: Annotated[
        int | None, typer.Option(min=32, help="Copy the pictures as well, no side longer than this.")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave faulty pictures out, at most 1 %.")] = False,
) -> None:
    """Convert annotations between DeepFashion2, COCO and VIA.

    \b
    Example:
    tryon convert data/photos/test test.json --from deepfashion2 --to coco
    """
    from tryon.conversion import Format
    from tryon.conversion import convert as convert_annotations

    for option, value in (("--from", from_format), ("--to", to_format)):
        if value not in list(Format):
            raise UsageError(f"{option} names no format", received=value, needed=", ".join(Format))
    converted = convert_annotations(
        source,
        target,
        from_format=Format(from_format),
        to_format=Format(to_format),
        images=images,
        skip_bad=skip_bad,
        max_side_px=max_side,
    )
    print(f"{target}: annotations of {converted.pictures} pictures")
    for reason, count in sorted(converted.skipped.items()):
        print(f"left out, {reason}: {count}")


@app.command()
def propose(
    pictures: Annotated[list[Path], typer.Argument(metavar="PICTURES...", help="Pictures, or folders of pictures.")],
    out: Annotated[Path, typer.Option(help="The VIA project, JSON.")],
    model: Annotated[Path, typer.Option(help="A trained Mask R-CNN.")] = Path("models/mask_rcnn"),
    source: Annotated[str, typer.Option(help="Where the pictures come from: user or shop.")] = "user",
    points: Annotated[
        int | None, typer.Option(min=4, max=1000, help="Most points of an outline; 60 if not given.")
    ] = None,
) -> None:
    """Propose outlines and landmarks of garments as a VIA project.

    A person corrects it in the VGG Image Annotator; `tryon convert --from via` takes it back.

    \b
    Example:
    tryon propose data/photos/test/image --out via_project.json
    """
    from tryon.errors import ModelError
    from tryon.formats.deepfashion2 import SOURCES
    from tryon.proposing import MAX_POINTS, find_pictures
    from tryon.proposing import propose as propose_garments

    if source not in SOURCES:
        raise UsageError("--source names no source", received=source, needed=", ".join(SOURCES))
    if out.suffix.lower() != ".json":
        raise UsageError("--out must be a JSON file", received=out, remedy=f"use {out.with_suffix('.json')}")
    found = find_pictures(pictures)
    if not (model / "model.json").is_file():  # the loader says it too, after seconds of importing
        raise ModelError(
            f"{model / 'model.json'} is missing: there is no trained model",
            needed="model.json and weights.h5",
            remedy="run `make repro`, or name the folder with --model",
        )
    from tryon.models.mask_rcnn.predictor import load_predictor

    proposals = propose_garments(found, out, load_predictor(model), source=source, max_points=points or MAX_POINTS)
    print(f"{out}: {len(proposals.ious)} garments in {proposals.pictures} pictures")
    if proposals.ious:
        mean = sum(proposals.ious) / len(proposals.ious)
        print(f"IoU of the outlines with the masks found: mean {mean:.3f}, least {min(proposals.ious):.3f}")
    if proposals.unreadable:
        print(f"left out, unreadable: {proposals.unreadable}")
