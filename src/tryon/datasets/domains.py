"""The two sides of a CycleGAN as folders of RGBA pictures (trainA, trainB, valA, ..., testB), and back as arrays.

A is the source look (plain garments), B the target pattern; alpha is the garment's mask. Worn shirts join a side when
their measured look belongs to it. The checkpoint is picked on the validation sides; nothing is chosen on the test's.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.config import DomainsConfig
from tryon.errors import DataError
from tryon.formats.tables import read_table, write_table
from tryon.images.colour import to_float, to_u8
from tryon.images.cutouts import NEUTRAL_GROUND_U8
from tryon.images.files import read_rgba, write_png
from tryon.images.patterns import Look, look_distance, mean_look, measure_look
from tryon.images.resizing import resize
from tryon.images.shading import in_grey
from tryon.outputs import write_json

MANIFEST_COLUMNS = ("file", "side", "origin", "kind", "pattern", "look", "flip", "shift_x", "shift_y", "scale")
SIDES = ("trainA", "trainB", "testA", "testB", "valA", "valB")
# In units of `look_distance`, where 1 is the limit of being called the same. The target is held tighter: at 1 one of
# three purple worn shirts passes as blue, at 0.6 none (`python benchmarks/patterns.py`).
TARGET_LOOK, SAME_LOOK, FAR_LOOK = 0.6, 1.0, 1.5
# A worn shirt has folds that a flat garment has not: it may vary twice as much as the 90th percentile of the garments;
# dots, checks and prints vary more: none of 51 joins a source side (`python benchmarks/patterns.py`). The floor is for
# sources without any folds, beside which mere shading would count as uneven.
_UNEVEN, _LEAST_STD = 2.0, (6.0, 5.0, 5.0)
# The folder convention's names, and those of the same splits in manifests and cut-outs.
SPLITS = {"train": "train", "test": "test", "val": "validation"}
_LEAST_JUDGED = 2  # of one picture alone no unbiased kernel distance is defined
_HALF = 127  # of a mask in 8 bits


@dataclass(frozen=True, eq=False)
class CutOutPicture:
    """One cut-out with its origin: image (S, S, 3) uint8 on the neutral ground, mask (S, S) uint8 0 or 255.

    `pattern` is that of a garment as its manifest lists it; empty for a worn shirt.
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    name: str
    kind: str
    look: Look
    pattern: str = ""


@dataclass(frozen=True)
class Augmentation:
    """How a copy differs from its origin; shifts are fractions of the side."""

    flip: bool = False
    shift_x: float = 0.0
    shift_y: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, eq=False)
class Domain:
    """One side of a CycleGAN: pictures (N, S, S, 3) and masks (N, S, S) as float32 in [0, 1], and file names."""

    pictures: NDArray[np.float32]
    masks: NDArray[np.float32]
    names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Sides:
    """The cut-outs of each of `SIDES` before augmentation, and the look of the target."""

    pictures: Mapping[str, Sequence[CutOutPicture]]
    target: Look


def load_domain(folder: Path, size_px: int | None = None) -> Domain:
    """The RGBA pictures of one side, sorted by name.

    Args:
        size_px: the side they must have; any, but one for all, where it is None.

    Raises:
        DataError: the folder is empty or a picture is of another size.
    """
    files = sorted(Path(folder).glob("*.png"))
    if not files:
        raise DataError(
            f"{folder} holds no pictures", needed="RGBA pictures (*.png)", remedy="dvc repro prepare_domains"
        )
    pictures = [read_rgba(file) for file in files]
    side = size_px or pictures[0].shape[0]
    for file, picture in zip(files, pictures, strict=True):
        if picture.shape != (side, side, 4):
            raise DataError(
                f"{file} has another size than the domain",
                received="x".join(map(str, picture.shape)),
                needed=f"{side}x{side}x4",
                remedy="dvc repro prepare_domains",
            )
    stacked = np.stack(pictures).astype(np.float32) / 255.0
    return Domain(stacked[..., :3], stacked[..., 3], tuple(file.name for file in files))


def gather_sides(cutouts: Path, garments_manifest: Path, pattern: str, source: str, min_pictures: int) -> Sides:
    """Which cut-out belongs to which side: garments by their listed pattern, worn shirts by their measured look.

    Args:
        cutouts: folder with `garments.npz` and `worn_{train,validation,test}.npz`.
        garments_manifest: table with `file`, `pattern` and `split`.

    Raises:
        DataError: a side of the training has fewer than `min_pictures`, one of the validation fewer than two, or one
            of the test none.
    """
    garments = listed_garments(cutouts / "garments.npz", garments_manifest)
    sources = [cut.look for cut in _training_garments(garments, source, garments_manifest)]
    target = mean_look([cut.look for cut in _training_garments(garments, pattern, garments_manifest)])
    sides: dict[str, list[CutOutPicture]] = {side: [] for side in SIDES}
    for short, split in SPLITS.items():
        sides[short + "A"] += garments.get((source, split), [])
        listed = garments.get((pattern, split), [])
        # A label may cover several looks (`striped`: any colour); the pattern is what most of its garments look like.
        # What is learnt is held tighter than what it is judged on: of a few test garments all may lie in between.
        nearest = TARGET_LOOK if split == "train" else SAME_LOOK
        sides[short + "B"] += [cut for cut in listed if look_distance(cut.look, target) <= nearest]
        for worn in read_cutouts(cutouts / f"worn_{split}.npz", "worn"):
            letter = side_of(worn.look, sources, target)
            if letter is not None:
                sides[short + letter].append(worn)
    require_pictures(sides, pattern, source, min_pictures)
    return Sides(sides, target)


def side_of(look: Look, sources: Sequence[Look], target: Look) -> str | None:
    """The side that a worn shirt of this look belongs to: `A`, `B`, or None where it is neither or in between.

    It is the target's where it would be called the same; a source's where it is like one of the source garments (which
    are of many colours, so that no mean of them says anything), is as even as they are, and is far from the target.
    """
    to_target = look_distance(look, target)
    if to_target <= TARGET_LOOK:
        return "B"
    return "A" if to_target > FAR_LOOK and is_like_source(look, sources) else None


def is_like_source(look: Look, sources: Sequence[Look]) -> bool:
    """Whether a worn shirt is as even as the source garments and looks like one of them."""
    even = np.array(look.lab_std) <= np.maximum(
        _UNEVEN * np.percentile([s.lab_std for s in sources], 90, axis=0), _LEAST_STD
    )
    return bool(even.all()) and min(look_distance(look, one) for one in sources) <= SAME_LOOK


def write_domains(
    sides: Sides, folder: Path, size_px: int, config: DomainsConfig, seed: int, *, plain_in_grey: bool = False
) -> dict[str, int]:
    """Write the six folders, `manifest.csv` and `look.json`; the same cut-outs and seed give the same bytes.

    Training sides are filled with augmented copies up to `config.max_pictures`; the others hold each cut-out once.

    Returns:
        Pictures by side.
    """
    rows: list[dict[str, object]] = []
    for number, side in enumerate(SIDES):
        rng = np.random.default_rng([seed, number])
        target = folder / side
        target.mkdir(parents=True, exist_ok=True)
        for index, (cut, change) in enumerate(_plan(sides.pictures[side], side, config, rng)):
            file = f"{index:06d}.png"
            painted = plain_in_grey and side.endswith("A")
            image = to_u8(in_grey(to_float(cut.image), cut.mask > _HALF)) if painted else cut.image
            write_png(target / file, render_copy(image, cut.mask, change, size_px))
            rows.append(_row(f"{side}/{file}", side, cut, change))
    write_table(folder / "manifest.csv", MANIFEST_COLUMNS, rows)
    write_json(folder / "look.json", sides.target.to_dict())
    return {side: sum(row["side"] == side for row in rows) for side in SIDES}


def render_copy(
    image: NDArray[np.uint8], mask: NDArray[np.uint8], change: Augmentation, size_px: int
) -> NDArray[np.uint8]:
    """A cut-out moved, scaled or mirrored together with its mask, (size_px, size_px, 4) uint8 on the neutral ground."""
    if change.flip:
        image, mask = image[:, ::-1], mask[:, ::-1]
    if (change.shift_x, change.shift_y, change.scale) != (0.0, 0.0, 1.0):
        side = image.shape[0]
        centre = (side - 1) / 2
        move_x, move_y = (shift * side + centre * (1 - change.scale) for shift in (change.shift_x, change.shift_y))
        matrix = np.array([[change.scale, 0, move_x], [0, change.scale, move_y]], np.float32)
        ground = (NEUTRAL_GROUND_U8,) * 3
        image = cv2.warpAffine(
            np.ascontiguousarray(image), matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=ground
        )
        mask = cv2.warpAffine(np.ascontiguousarray(mask), matrix, (side, side), flags=cv2.INTER_LINEAR, borderValue=0)
    colours = resize(np.ascontiguousarray(image), size_px, size_px)
    alpha = resize(np.ascontiguousarray(mask), size_px, size_px)
    return np.dstack([colours, alpha]).astype(np.uint8)


def listed_garments(path: Path, manifest: Path) -> dict[tuple[str, str], list[CutOutPicture]]:
    """Cut-outs of garments by listed pattern and split; a garment may serve several patterns."""
    by_name = {cut.name: cut for cut in read_cutouts(path, "garment")}
    listed: dict[tuple[str, str], list[CutOutPicture]] = {}
    for row in read_table(manifest, ("file", "pattern", "split")):
        cut = by_name.get(Path(row["file"]).name)
        if cut is not None and row.get("kept", "1") == "1":
            cut = replace(cut, pattern=row["pattern"])
            listed.setdefault((row["pattern"], row["split"]), []).append(cut)
    return listed


def read_cutouts(path: Path, kind: str) -> list[CutOutPicture]:
    """The cut-outs of a set that have a mask, with their looks.

    Raises:
        DataError: there is no such file, or it holds no cut-outs.
    """
    if not path.is_file():
        raise DataError(f"{path} is missing", needed="cut-outs", remedy="dvc repro segment_garments")
    try:
        with np.load(path, allow_pickle=False) as content:
            images, masks, names = content["images"], content["masks"], content["names"]
    except (KeyError, ValueError, OSError) as error:
        raise DataError(
            f"{path} holds no cut-outs",
            received=error,
            needed="images, masks, names",
            remedy="dvc repro segment_garments",
        ) from error
    return [
        CutOutPicture(image, mask, Path(str(name)).name, kind, measure_look(image, mask > 127))
        for image, mask, name in zip(images, masks, names, strict=True)
        if (mask > 127).any()
    ]


def _training_garments(
    garments: Mapping[tuple[str, str], Sequence[CutOutPicture]], pattern: str, manifest: Path
) -> Sequence[CutOutPicture]:
    found = garments.get((pattern, "train"), ())
    if not found:
        raise DataError(
            f"{manifest}: no training garment of pattern {pattern} has a cut-out",
            received=", ".join(sorted({name for name, split in garments if split == "train"})) or "no pattern",
            needed=pattern,
            remedy="add garments of this pattern, or mend `garments.select` in params.yaml",
        )
    return found


def require_pictures(
    sides: Mapping[str, Sequence[CutOutPicture]], pattern: str, source: str, min_pictures: int
) -> None:
    """Refuse sides with too few pictures.

    Raises:
        DataError: a side of the training has fewer than `min_pictures`, one of the validation fewer than two, or one
            of the test none.
    """
    for side in SIDES:
        name = source if side.endswith("A") else pattern
        least = min_pictures if side.startswith("train") else _LEAST_JUDGED if side.startswith("val") else 1
        if len(sides[side]) < least:
            raise DataError(
                f"side {side} ({name}) of pattern {pattern} has too few pictures",
                received=len(sides[side]),
                needed=f"{least} or more",
                remedy=_remedy(side),
            )


def _remedy(side: str) -> str:
    if side.startswith("train"):
        return "add garments of this pattern, or lower domains.min_pictures in params.yaml"
    split = "validation" if side.startswith("val") else "test"
    return f"add garments of this pattern to the {split} split (garments.validation_fraction divides the training's)"


def _plan(
    cuts: Sequence[CutOutPicture], side: str, config: DomainsConfig, rng: np.random.Generator
) -> list[tuple[CutOutPicture, Augmentation]]:
    """Every cut-out as it is (a random choice where there are too many), then augmented copies, in turn."""
    chosen = list(cuts)
    if len(chosen) > config.max_pictures:
        chosen = [chosen[i] for i in sorted(rng.choice(len(chosen), config.max_pictures, replace=False))]
    plan = [(cut, Augmentation()) for cut in chosen]
    if side.startswith("train"):
        draw: Callable[[float], float] = lambda limit: round(float(rng.uniform(-limit, limit)), 4)  # noqa: E731
        for index in range(config.max_pictures - len(chosen)):
            flip = bool(config.flips and rng.random() < 0.5)
            shift_x, shift_y = draw(config.max_shift), draw(config.max_shift)
            plan.append(
                (chosen[index % len(chosen)], Augmentation(flip, shift_x, shift_y, 1.0 + draw(config.max_scale)))
            )
    return plan


def _row(file: str, side: str, cut: CutOutPicture, change: Augmentation) -> dict[str, object]:
    origin = {"file": file, "side": side, "origin": cut.name, "kind": cut.kind, "pattern": cut.pattern}
    return {
        **origin,
        "look": f"stripes {cut.look.stripe_strength:.2f}",
        "flip": int(change.flip),
        "shift_x": change.shift_x,
        "shift_y": change.shift_y,
        "scale": round(change.scale, 4),
    }
