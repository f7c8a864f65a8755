"""How well the measured look of a garment tells striped from plain, and one pattern from the others.

python benchmarks/patterns.py [--worn 300] [--garments ../shared/data/garments]

Looks are measured under true masks: of the default garment collection, of worn shirts drawn like the training photos,
and of a folder of real garments if one is given (plain ones with a logo left out). Four tables:
- stripe strength of plain and striped cloth, at the measuring size and shrunk to 128 pixels before; `area` is that
  under the ROC curve, `right` the share on the right side of `HALF_STRIPED`;
- distance of the garments of each pattern to the pattern's typical look (`garments.select` of the parameter file, for
  real garments of experiments/real.yaml), and the share of all other garments that comes as near;
- distance of worn shirts to the typical look of each default pattern, by what they are;
- the side that `domains` gives worn shirts: A source, B target.
"""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.config import load_params
from tryon.console import print_table
from tryon.datasets.domains import side_of
from tryon.formats.deepfashion2 import read_annotation
from tryon.formats.tables import read_table
from tryon.geometry import boxes
from tryon.images.files import read_image
from tryon.images.patterns import HALF_STRIPED, STRIPED_FROM, Look, look_distance, mean_look, measure_look
from tryon.images.resizing import resize
from tryon.rendering.annotation import visible_mask
from tryon.rendering.dataset import draw_photo, plan_garments
from tryon.rendering.photo import wear
from tryon.rendering.shop import render_garment
from tryon.yaml_files import read_yaml

Select = Mapping[str, Mapping[str, Sequence[str]]]
DISTANCES = (0.6, 0.8, 1.0, 1.5)
SHRUNK_PX = 128


@dataclass(frozen=True)
class Sample:
    """One garment: its labels, its look, and its stripe strength when measured in a smaller picture."""

    labels: Mapping[str, str]
    look: Look
    shrunk_strength: float


def main() -> None:
    """Measure everything and print the four tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--worn", type=int, default=300, help="worn shirts that are drawn")
    parser.add_argument("--garments", type=Path, help="folder with images, annos and labels.csv")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    params = load_params()
    drawn, worn = list(drawn_garments()), list(worn_shirts(arguments.worn))
    sets = {"drawn garments": drawn, "drawn worn shirts": worn}
    selects: dict[str, Select] = {"drawn garments": params.garments.select}
    if arguments.garments:
        sets["real garments"] = list(real_garments(arguments.garments))
        selects["real garments"] = read_yaml(Path("experiments/real.yaml"))["garments"]["select"]
    print_strengths(sets)
    for name, select in selects.items():
        print_distances(name, sets[name], {pattern: select[pattern] for pattern in params.patterns})
    print_worn(worn, drawn, params.garments.select, params.patterns, params.domains.source)


def print_strengths(sets: Mapping[str, Sequence[Sample]]) -> None:
    """How far apart the stripe strengths of plain and striped cloth lie."""
    rows = []
    for name, samples in sets.items():
        for pattern in ("plain", "striped"):
            if not any(one.labels["pattern"] == pattern for one in samples):
                raise SystemExit(f"no {pattern} one among {len(samples)} {name}: more are needed")
        rows.append(strength_row(name, samples, lambda one: one.look.stripe_strength))
        rows.append(strength_row(f"{name}, {SHRUNK_PX} px", samples, lambda one: one.shrunk_strength))
    print_table(
        ("stripe strength", "plain / striped", "plain 50/95/100 %", "striped 0/5/50 %", "area",
         f"right ({HALF_STRIPED})", f"over {STRIPED_FROM}"),
        rows,
    )  # fmt: skip


def strength_row(name: str, samples: Sequence[Sample], strength: Callable[[Sample], float]) -> tuple[str, ...]:
    """Numbers, percentiles and how well the strengths of plain and striped cloth can be told apart."""
    plain, striped = (
        np.array([strength(one) for one in samples if one.labels["pattern"] == pattern])
        for pattern in ("plain", "striped")
    )
    right = np.concatenate([plain < HALF_STRIPED, striped >= HALF_STRIPED]).mean()
    return (
        name,
        f"{len(plain)} / {len(striped)}",
        " / ".join(f"{value:.2f}" for value in np.percentile(plain, [50, 95, 100])),
        " / ".join(f"{value:.2f}" for value in np.percentile(striped, [0, 5, 50])),
        f"{(striped[:, None] > plain).mean():.3f}",
        f"{right:.1%}",
        f"{(plain >= STRIPED_FROM).mean():.0%} / {(striped >= STRIPED_FROM).mean():.0%}",
    )


def print_distances(name: str, samples: Sequence[Sample], select: Select) -> None:
    """How far the garments of each pattern, and all others, are from the pattern's typical look."""
    rows = []
    for pattern, rule in select.items():
        own = [one.look for one in samples if belongs(one, rule)]
        typical = mean_look(own)
        others = [one.look for one in samples if not belongs(one, rule)]
        for label, looks in ((pattern, own), (f"all but {pattern}", others)):
            rows.append((label, *spread([look_distance(look, typical) for look in looks])))
    print_table((f"look distance, {name}", "number", *SPREAD_COLUMNS), rows)


def print_worn(
    worn: Sequence[Sample], drawn: Sequence[Sample], select: Select, patterns: Sequence[str], source: str
) -> None:
    """How far worn shirts are from the typical looks, and which side they are given."""
    sources = [one.look for one in drawn if belongs(one, select[source])]
    families = {
        "plain blue": {"pattern": ["plain"], "colour": ["blue"]},
        "plain purple": {"pattern": ["plain"], "colour": ["purple"]},
        "plain": {"pattern": ["plain"], "colour": [*select[source]["colour"]]},
        "striped navy": {"pattern": ["striped"], "colour": ["navy"]},
        "no plain, no stripes": {"pattern": ["dotted", "checked", "print", "other"]},
    }
    for pattern in patterns:
        target = mean_look([one.look for one in drawn if belongs(one, select[pattern])])
        rows = []
        for family, rule in families.items():
            looks = [one.look for one in worn if belongs(one, rule)]
            sides = [side_of(look, sources, target) for look in looks]
            given = [f"{sides.count(side) / max(len(sides), 1):.0%}" for side in ("A", "B")]
            rows.append((family, *spread([look_distance(look, target) for look in looks]), *given))
        print_table((f"worn, to {pattern}", "number", *SPREAD_COLUMNS, "side A", "side B"), rows)


SPREAD_COLUMNS = ("least", "median", "90 %", *(f"within {limit}" for limit in DISTANCES))


def spread(distances: Sequence[float]) -> list[str]:
    """Number, least, median, 90th percentile, and the share within each of `DISTANCES`."""
    if not distances:
        return ["0", *["-"] * len(SPREAD_COLUMNS)]
    values = np.array(distances)
    figures = [f"{value:.2f}" for value in np.percentile(values, [0, 50, 90])]
    return [str(len(values)), *figures, *(f"{(values <= limit).mean():.0%}" for limit in DISTANCES)]


def belongs(sample: Sample, rule: Mapping[str, Sequence[str]]) -> bool:
    """Whether a garment has an accepted value in every column of the rule."""
    return all(sample.labels[column] in accepted for column, accepted in rule.items())


def drawn_garments() -> Iterator[Sample]:
    """The default garment collection."""
    params = load_params()
    for entry in plan_garments(params.render, params.seed):
        garment = render_garment(entry.layout, entry.look)
        labels = {"pattern": entry.look.pattern, "colour": entry.look.colour}
        yield sample(garment.image, visible_mask(garment.alpha), labels)


def worn_shirts(count: int) -> Iterator[Sample]:
    """Shirts of drawn people, as in the training photos."""
    params = load_params()
    for index in range(count):
        drawn, look, _ = draw_photo(params.seed, "train", index, params.render.size_px)
        labels = {"pattern": look.pattern, "colour": look.colour}
        yield sample(wear(drawn, look).image, visible_mask(drawn.alpha), labels)


def real_garments(folder: Path) -> Iterator[Sample]:
    """The garments of a collection that have an outline and, if plain, no logo."""
    for row in read_table(folder / "labels.csv", ("file", "pattern", "colour", "small_logo")):
        annotation = folder / "annos" / f"{Path(row['file']).stem}.json"
        if annotation.is_file() and not (row["pattern"] == "plain" and row["small_logo"] == "1"):
            image = read_image(folder / "images" / row["file"])
            item = next(iter(read_annotation(annotation).items.values()))
            yield sample(image, item.mask(*image.shape[:2]), row)


def sample(image: NDArray[np.uint8], mask: NDArray[np.bool_], labels: Mapping[str, str]) -> Sample:
    """One garment with its look, measured twice."""
    left, top, right, bottom = boxes.from_mask(mask).astype(int)
    scale = min(1.0, SHRUNK_PX / (right - left), SHRUNK_PX / (bottom - top))
    height, width = max(1, round((bottom - top) * scale)), max(1, round((right - left) * scale))
    small = resize(np.ascontiguousarray(image[top:bottom, left:right]), height, width)
    region = resize(np.ascontiguousarray(mask[top:bottom, left:right]), height, width)
    return Sample(labels, measure_look(image, mask), measure_look(small, region).stripe_strength)


if __name__ == "__main__":
    main()
