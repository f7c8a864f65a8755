"""The pictures that benchmarks/cleaning.py measures: good ones, labelled faults, made ones, and other garments."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
from faulty_pictures import MARKS, PIXEL_FAULTS, SHIRT_FAULTS, Mask, Picture, marked, saved, together

from tryon.cleaning import checks
from tryon.cleaning.checks import Finding, check_pixels, check_shirts
from tryon.cleaning.measuring import Model
from tryon.cleaning.pixels import PixelFacts, measure_pixels, unpack_overlay
from tryon.cleaning.shirts import ShirtFacts, measure_shirts
from tryon.cleaning.watermarks import agreement
from tryon.config_collections import CleaningConfig
from tryon.console import track
from tryon.curating.candidates import read_labels
from tryon.formats.deepfashion2 import Item, read_annotation
from tryon.images.files import read_image

Label = dict[str, str]

GOOD_VIEWS = ("flat", "hanging")
HOST = 16  # pictures that share a mark, as those of one host do
AT_ONCE = 32  # pictures in memory
SEVERAL, OTHER = "several shirts", "other garment"
OTHER_GARMENTS = ("trousers", "shorts", "skirt")
MIN_GARMENT_PX = 100
FOUND_BY = {
    "out of focus": checks.BLURRED,
    "shaken": checks.BLURRED,
    "dark": checks.EXPOSURE,
    "overexposed": checks.EXPOSURE,
    "framed": checks.BORDER,
    **{f"mark, {kind}": checks.WATERMARK for kind in MARKS},
    "close-up": checks.CLOSE_UP,
    "labelled close-up": checks.CLOSE_UP,
    "folded": checks.NOT_FRONTAL,
    "lying sideways": checks.NOT_UPRIGHT,
    "turned away": checks.NOT_FRONTAL,
    "no shirt, filled in": checks.NO_SHIRT,
    "no shirt, ground": checks.NO_SHIRT,
    OTHER: checks.NO_SHIRT,
    SEVERAL: checks.SEVERAL_SHIRTS,
}


@dataclass(frozen=True)
class Sample:
    """One picture with what was measured; `fault` is empty for a good one, `host` for one without a host."""

    fault: str
    train: bool
    pixels: PixelFacts
    shirts: ShirtFacts
    host: str = ""
    watermark: float = 0.0

    def findings(self, limits: CleaningConfig) -> list[Finding]:
        """All checks."""
        return [*check_pixels(self.pixels, self.watermark, limits), *check_shirts(self.shirts, limits)]

    def refused(self, limits: CleaningConfig, check: str = "") -> bool:
        """Whether the check refuses it, or any."""
        return any(one.refused and check in ("", one.check) for one in self.findings(limits))


@dataclass(frozen=True)
class Shown:
    """A picture before it is measured; those of one `host` are compared with each other."""

    fault: str
    train: bool
    picture: Picture
    host: str = ""


def write_samples(path: Path, samples: Sequence[Sample]) -> None:
    """Keep what was measured: new limits need no new measurement."""
    path.write_text("".join(json.dumps(asdict(one)) + "\n" for one in samples), encoding="utf-8")


def read_samples(path: Path) -> list[Sample]:
    """What `write_samples` kept."""
    return [
        Sample(**row | {"pixels": PixelFacts(**row["pixels"]), "shirts": ShirtFacts(**row["shirts"])})
        for row in map(json.loads, path.read_text(encoding="utf-8").splitlines())
    ]


def sample(folder: Path, photos: Path | None, model: Model, train: int, count: int) -> Iterator[Sample]:
    """All pictures, measured; not yet compared with those of their hosts."""
    shown = iter(track(show(folder, photos, train, count), "pictures"))
    while chunk := list(islice(shown, AT_ONCE)):
        pictures = [one.picture for one in chunk]
        found = measure_shirts(pictures, model.find, model.glance)
        for one, picture, shirts in zip(chunk, pictures, found, strict=True):
            yield Sample(one.fault, one.train, measure_pixels(picture), shirts, one.host)


def compared(samples: Sequence[Sample]) -> list[Sample]:
    """The samples, those of a host with their agreement."""
    hosts: dict[str, list[int]] = {}
    for number, one in enumerate(samples):
        if one.host:
            hosts.setdefault(one.host, []).append(number)
    found = list(samples)
    for members in hosts.values():
        values = agreement([unpack_overlay(samples[number].pixels.overlay) for number in members])
        for number, value in zip(members, values, strict=True):
            found[number] = replace(samples[number], watermark=float(value))
    return found


def show(folder: Path, photos: Path | None, train: int, count: int) -> Iterator[Shown]:
    """Good pictures, labelled faults, and made ones, of both sides.

    Good pictures of the train split are those without an outline: no model was trained on them.
    """
    labels = read_labels(folder)
    good = [label for label in labels if label["view"] in GOOD_VIEWS]
    for of_train, wanted in ((True, train), (False, count)):
        side = [label for label in good if (label["split"] == "train") == of_train]
        outlined = [label for label in side if has_outline(folder, label)]
        unseen = [label for label in side if not has_outline(folder, label)] if of_train else side
        yield from as_hosts("", folder, unseen, of_train)
        chosen = evenly(outlined, wanted)
        yield from made_faulty(folder, chosen, of_train)
        for kind in MARKS:
            yield from as_hosts(f"mark, {kind}", folder, chosen, of_train)
        if photos is not None:
            yield from other_garments(photos / ("train" if of_train else "validation"), of_train)
    for label in labels:
        if label["view"] in ("closeup", "bad"):
            yield Shown("labelled close-up", label["split"] == "train", read_picture(folder, label))


def as_hosts(fault: str, folder: Path, labels: Sequence[Label], train: bool) -> Iterator[Shown]:
    """Pictures as if so many were of one host; those with a fault carry one mark a host, in a whole host only."""
    side = "train" if train else "held out"
    for number, index in enumerate(np.random.default_rng(5).permutation(len(labels))):
        host = number // HOST
        picture = read_picture(folder, labels[index])
        if not fault:
            yield Shown(fault, train, picture, f"{side} {min(host, max(0, len(labels) // HOST - 1))}")
        elif (host + 1) * HOST <= len(labels):
            drawn = marked(picture, np.random.default_rng([9, host, train]), fault.removeprefix("mark, "))
            yield Shown(fault, train, saved(drawn), f"{side} {fault} {host}")


def made_faulty(folder: Path, labels: Sequence[Label], train: bool) -> Iterator[Shown]:
    """Each picture with each fault of the pixels and of the shirt."""
    for number, label in enumerate(labels):
        picture, mask = read_outlined(folder, label)
        rng = np.random.default_rng([7, number])
        for fault, spoil in PIXEL_FAULTS.items():
            yield Shown(fault, train, saved(spoil(picture, rng)))
        for fault, change in SHIRT_FAULTS.items():
            yield Shown(fault, train, saved(change(picture, mask, rng)))
        other = read_picture(folder, labels[(number + 1) % len(labels)])
        yield Shown(SEVERAL, train, saved(together(picture, other, rng)))


def other_garments(photos: Path, train: bool) -> Iterator[Shown]:
    """Trousers and skirts cut out of photos of people, from below what is worn above them."""
    for path in sorted((photos / "annos").glob("*.json")):
        items = list(read_annotation(path).items.values())
        for item in items:
            if item.category_name in OTHER_GARMENTS:
                picture = read_image(photos / "image" / f"{path.stem}.jpg")
                cut = cut_below(picture, item, [one for one in items if one is not item])
                if min(cut.shape[:2]) >= MIN_GARMENT_PX:
                    yield Shown(OTHER, train, cut)


def cut_below(picture: Picture, item: Item, others: Sequence[Item]) -> Picture:
    """A garment's box with some room at the sides and below; what lies above it ends at its top."""
    left, top, right, bottom = (float(edge) for edge in item.bounding_box)
    above = [
        float(one.bounding_box[3])
        for one in others
        if one.category_name not in OTHER_GARMENTS
        and one.bounding_box[1] < top
        and one.bounding_box[0] < right
        and one.bounding_box[2] > left
    ]
    room, under = 0.15 * (right - left), 0.1 * (bottom - top)
    rows = slice(int(min(bottom, max(top, *above, 0.0))), int(bottom + under))
    return np.ascontiguousarray(picture[rows, max(0, int(left - room)) : int(right + room)])


def has_outline(folder: Path, label: Label) -> bool:
    """Whether there is an annotation, and so a picture that a model may have been trained on."""
    return annotation_of(folder, label).is_file()


def read_picture(folder: Path, label: Label) -> Picture:
    """The picture of a row."""
    return read_image(folder / "images" / label["file"])


def read_outlined(folder: Path, label: Label) -> tuple[Picture, Mask]:
    """A picture with the mask of its shirt."""
    picture = read_picture(folder, label)
    items = read_annotation(annotation_of(folder, label)).items.values()
    return picture, next(iter(items)).mask(*picture.shape[:2])


def annotation_of(folder: Path, label: Label) -> Path:
    """Where the outline of a row is, if there is one."""
    return folder / "annos" / f"{Path(label['file']).stem}.json"


def evenly(labels: Sequence[Label], count: int) -> list[Label]:
    """So many rows, evenly chosen by file."""
    if not labels:
        return []
    return [labels[index] for index in np.unique(np.linspace(0, len(labels) - 1, count).round().astype(int))]
