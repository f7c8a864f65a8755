"""Cut-outs of kept garments (S1) and worn shirts (S2), and the test photos without their shirt (S3): `data/cutouts`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tryon.config import load_params
from tryon.console import run_stage, track

COLUMNS = ("name", "kind", "split", "found", "score", "area", "box", "side_px")
GROUPS = ("garments", "worn_train", "worn_validation", "worn_test")


class Source(NamedTuple):
    """A picture to segment: `kind` is `worn` or `garment`."""

    path: Path
    kind: str
    split: str


def main(argv: Sequence[str]) -> None:
    """Segment every kept picture; what was not found stands in the manifest only."""
    arguments = _parse(argv)
    config = load_params().cutouts
    from tryon.formats.tables import write_table
    from tryon.images.cutout_sets import cut_main_shirt, detect_in_files, without_shirt, write_cutout_set
    from tryon.images.files import write_png
    from tryon.models.mask_rcnn import load_predictor
    from tryon.outputs import new_folder

    sets: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    limits = {"size_px": config.size_px, "margin": config.margin, "min_area": config.min_area}
    sources, rows = _sources(arguments.photos, arguments.garments, config.max_train_photos), []
    with new_folder(arguments.out) as building:
        (building / "without").mkdir()
        found = detect_in_files(load_predictor(arguments.model), [source.path for source in sources])
        for source, (image, detections) in zip(sources, track(found, "segmented", len(sources)), strict=True):
            shirt = cut_main_shirt(image, detections, **limits)
            facts = (source.path.name, source.kind, source.split, int(shirt is not None))
            row: dict[str, object] = dict(zip(COLUMNS, facts, strict=False))
            rows.append(row | (shirt.facts if shirt else {}))
            if shirt is None:
                continue
            group = "garments" if source.kind == "garment" else f"worn_{source.split}"
            sets[group][source.path.name] = shirt.cut
            if group == "worn_test":
                write_png(building / "without" / f"{source.path.stem}.png", without_shirt(image, shirt.mask))
        for group, cuts in sets.items():
            write_cutout_set(building / f"{group}.npz", cuts, config.size_px)
        write_table(building / "manifest.csv", COLUMNS, rows)


def _sources(photos: Path, garments: Path, max_train_photos: int) -> list[Source]:
    """Kept photos of people, of the training split the first few only, then kept garments, each once."""
    from tryon.formats.tables import read_table

    people = read_table(photos / "manifest.csv", ("file", "split", "source", "kept"))
    worn = [row for row in people if row["kept"] == "1" and row["source"] == "user"]
    late = {row["file"] for row in [row for row in worn if row["split"] == "train"][max_train_photos:]}
    worn = [row for row in worn if row["file"] not in late]
    listed = read_table(garments / "manifest.csv", ("file", "pattern", "split", "kept"))
    once = {row["file"]: row for row in reversed(listed) if row["kept"] == "1"}
    return [Source(photos / row["split"] / "image" / row["file"], "worn", row["split"]) for row in worn] + [
        Source(garments / row["pattern"] / name, "garment", row["split"]) for name, row in sorted(once.items())
    ]


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="segment_garments", description=__doc__)
    for name in ("photos", "garments", "model", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True, help="folder, as in docs/reference/artifacts.md")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(run_stage("segment_garments", main))
