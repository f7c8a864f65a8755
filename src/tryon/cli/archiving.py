"""`tryon unpack`: published archives as folders of pictures."""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tryon.cli.application import app
from tryon.errors import UsageError

if TYPE_CHECKING:
    from tryon.config import PhotosConfig
    from tryon.formats.deepfashion2 import Item

PASSWORD_VARIABLE = "TRYON_ARCHIVE_PASSWORD"  # noqa: S105 - the variable's name


@app.command()
def unpack(
    archives: Annotated[list[Path], typer.Argument(metavar="ARCHIVE...", help="train.zip, validation.zip.")],
    out: Annotated[Path, typer.Option(help="New folder to write, for photos.path.")],
    categories: Annotated[list[int] | None, typer.Option(min=1, max=13, help="In place of photos.categories.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="First so many that pass, of each archive.")] = None,
) -> None:
    """Take the wanted pictures out of DeepFashion2's archives.

    Filters are those of `photos` in params.yaml. The password is read from TRYON_ARCHIVE_PASSWORD, or asked for.

    \b
    Example:
    tryon unpack train.zip validation.zip --out data/deepfashion2
    """
    from dataclasses import asdict, replace
    from functools import partial

    from tryon.archives.unpacking import unpack as unpack_archives
    from tryon.config import load_params

    photos = load_params().photos
    if categories:
        photos = replace(photos, categories=categories)
    filters = {key: asdict(photos)[key] for key in ("categories", "viewpoints", "scales", "occlusions")}
    done = unpack_archives(
        archives, out, judge=partial(_reason, photos=photos), conditions=filters, password=_password, limit=limit
    )
    for one in done:
        dropped = "".join(f", {kind} {count}" for kind, count in sorted(one.dropped.items()))
        print(f"{one.folder}: {one.kept} of {one.pairs} pictures{dropped}, faulty {len(one.faults)}")


def _reason(items: "Mapping[str, Item]", photos: "PhotosConfig") -> str:
    """Why `curate_photos` would not take a picture with these items, or an empty text."""
    from tryon.curating.filters import passing_items

    return passing_items(items, photos, shop=False)[1]


def _password() -> str:
    """From the environment or a terminal; a command line could be read by every user of the machine."""
    if password := os.environ.get(PASSWORD_VARIABLE):
        return password
    if not sys.stdin.isatty():
        raise UsageError(
            "the archive is encrypted and there is no password",
            needed=f"the environment variable {PASSWORD_VARIABLE}, or a terminal to ask on",
            remedy=f"read -rs {PASSWORD_VARIABLE} && export {PASSWORD_VARIABLE}",
        )
    from getpass import getpass

    return getpass("password of the archive: ")
