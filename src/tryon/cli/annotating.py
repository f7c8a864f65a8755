"""`tryon convert`: annotations from one format to another."""

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
    )
    print(f"{target}: annotations of {converted.pictures} pictures")
    for reason, count in sorted(converted.skipped.items()):
        print(f"left out, {reason}: {count}")
