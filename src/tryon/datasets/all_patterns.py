"""The two sides of the CycleGAN that draws every pattern: the garment says which, so side B holds all of them.

Patterns kept for the test alone are seen by no training: neither their garments nor worn shirts that look like them.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tryon.config import ALL_PATTERNS
from tryon.datasets.domains import (
    SIDES,
    SPLITS,
    TARGET_LOOK,
    CutOutPicture,
    Sides,
    is_like_source,
    listed_garments,
    read_cutouts,
    require_pictures,
)
from tryon.errors import DataError
from tryon.formats.tables import read_table
from tryon.images.patterns import Look, look_distance, mean_look


def gather_all_sides(
    cutouts: Path, garments_manifest: Path, source: str, unseen: Sequence[str], min_pictures: int
) -> Sides:
    """Sides of all patterns of the manifest; the test's B side alone has garments of the unseen ones.

    A worn shirt is on side A where it is as even as the source garments. It joins side B where the training garment
    that it looks most like is of a seen pattern.

    Raises:
        DataError: there is no source or no such unseen pattern, or a side has too few pictures.
    """
    garments = listed_garments(cutouts / "garments.npz", garments_manifest)
    _require_listed(garments, [source, *unseen], garments_manifest)
    training = {name: cuts for (name, split), cuts in garments.items() if split == "train"}
    sources = [cut.look for cut in training[source]]
    sides: dict[str, list[CutOutPicture]] = {side: [] for side in SIDES}
    for short, split in SPLITS.items():
        sides[short + "A"] += garments.get((source, split), [])
        for pattern in sorted(name for name, of in garments if of == split):
            if pattern not in unseen or split == "test":
                sides[short + "B"] += garments[pattern, split]
        for worn in read_cutouts(cutouts / f"worn_{split}.npz", "worn"):
            if is_like_source(worn.look, sources):
                sides[short + "A"].append(worn)
            if split != "test" and belongs_to(worn.look, training) not in (None, *unseen):
                sides[short + "B"].append(worn)
    require_pictures(sides, ALL_PATTERNS, source, min_pictures)
    return Sides(sides, mean_look([cut.look for cut in sides["trainB"] if cut.pattern]))


def patterns_tested(folder: Path) -> tuple[list[str], list[str]]:
    """The pattern of each picture of a domain's testB in the order of its files, and those that training lacks."""
    rows = read_table(folder / "manifest.csv", ("file", "side", "pattern"))
    tested = [row["pattern"] for row in sorted(rows, key=lambda row: row["file"]) if row["side"] == "testB"]
    trained = {row["pattern"] for row in rows if row["side"] == "trainB"}
    return tested, sorted(set(tested) - trained)


def belongs_to(look: Look, garments: Mapping[str, Sequence[CutOutPicture]]) -> str | None:
    """The pattern of the garment that a worn shirt looks most like; None where it is like none of them."""
    distances = {name: min(look_distance(look, cut.look) for cut in cuts) for name, cuts in garments.items()}
    nearest = min(sorted(distances), key=lambda name: distances[name])
    return nearest if distances[nearest] <= TARGET_LOOK else None


def _require_listed(
    garments: Mapping[tuple[str, str], Sequence[CutOutPicture]], patterns: Sequence[str], manifest: Path
) -> None:
    listed = sorted({name for name, split in garments if split == "train"})
    missing = [name for name in patterns if name not in listed]
    if missing:
        raise DataError(
            f"{manifest}: no training garment of {', '.join(missing)} has a cut-out",
            received=", ".join(listed) or "no pattern",
            needed=", ".join(missing),
            remedy="add garments, or mend `garments.select`, `domains.source` or `cyclegan.unseen_patterns`",
        )
