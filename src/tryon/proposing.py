"""`tryon propose`: garments that Mask R-CNN finds, as a VIA project that a person opens, corrects and imports back.

Each garment is one or more polygons of few points; landmarks are points of their own, so that they can be dragged. The
region attributes say what was found (`name`, `score`) and that nobody has looked at it yet (`proposed`). What a network
cannot see is filled with the commonest judgement of DeepFashion2, for the person to correct. Pictures are only read.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from tryon.console import track
from tryon.errors import DataError, ModelError
from tryon.formats.annotation_sets import PICTURE_ENDINGS
from tryon.formats.deepfashion2 import CATEGORIES, SOURCES
from tryon.formats.via import ViaFile, ViaProject, ViaRegion, as_project, write_via
from tryon.formats.via_garments import CATEGORY_IDS, landmark_names
from tryon.geometry.landmarks import HIDDEN, SHORT_SLEEVE_TOP, VISIBLE
from tryon.geometry.outlining import outline_mask
from tryon.geometry.polygons import area
from tryon.images.files import read_image

# A hand drags this many, and outlines stay close: IoU 0.989 in the mean and 0.964 at least with the masks of 54 real
# short sleeve tops (`python benchmarks/annotations.py --points 60`).
MAX_POINTS = 60
_BATCH = 8  # pictures in memory at once
_PROBABLE = 0.5
# Shares of the picture from which on a garment counts as of modest and of large scale.
_MODEST, _LARGE = 0.1, 0.4
# Frontal, hardly covered, no zoom, part of no pair: what most photos with a shirt are.
_ASSUMED = {"occlusion": "1", "zoom_in": "1", "viewpoint": "2", "style": "0"}
_LEVELS = {
    "scale": {"1": "small", "2": "modest", "3": "large"},
    "occlusion": {"1": "slight", "2": "medium", "3": "heavy"},
    "zoom_in": {"1": "none", "2": "medium", "3": "large"},
    "viewpoint": {"1": "not worn", "2": "frontal", "3": "side or back"},
}

logger = logging.getLogger("tryon")


class Predictor(Protocol):
    """What proposing needs of Mask R-CNN (`tryon.models.mask_rcnn.load_predictor`)."""

    config: Any

    def predict(self, images: Sequence[NDArray[np.uint8]]) -> Sequence[Any]:
        """One `Detections` for each picture."""
        ...


@dataclass(frozen=True)
class Proposals:
    """What was written: pictures, and for each garment the IoU of its outline with the mask that was found."""

    pictures: int
    ious: tuple[float, ...]
    unreadable: int


def find_pictures(paths: Sequence[Path]) -> list[Path]:
    """The picture files among the paths and in the folders among them, by name.

    Raises:
        DataError: a path is missing, there is no picture, or two have the same name and so cannot be told apart in VIA.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise DataError(f"{path} is missing", needed="a picture or a folder of pictures", remedy="check the path")
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        found += [one for one in inside if one.suffix.lower() in PICTURE_ENDINGS]
    twice = sorted({one.name for one in found if [other.name for other in found].count(one.name) > 1})
    if twice or not found:
        raise DataError(
            "these pictures cannot be annotated together" if twice else "there is no picture",
            received=", ".join(twice[:4]) or ", ".join(map(str, paths)),
            needed="JPEG, PNG or WebP files, each of another name",
            remedy="VIA knows a picture by its name: propose for one folder at a time",
        )
    return sorted(found, key=lambda path: path.name)


def propose(
    pictures: Sequence[Path], out: Path, predictor: Predictor, *, source: str, max_points: int = MAX_POINTS
) -> Proposals:
    """Write a VIA project with the garments that the network finds in the pictures.

    Args:
        pictures: files, each of another name.
        out: the project, JSON.
        predictor: a trained network; its classes are DeepFashion2's categories.
        source: `user` or `shop`, as DeepFashion2 has it.
        max_points: of an outline.

    Raises:
        DataError: no picture can be read.
        ModelError: the network looks for something that is no category.
    """
    names = _categories(predictor)
    entries: list[ViaFile] = []
    ious: list[float] = []
    for path, height, width, found in _found(pictures, predictor):
        regions: list[ViaRegion] = []
        items = 0
        for index in range(len(found)):
            outlined = outline_mask(found.masks[index], max_points)
            if outlined.polygons:
                items += 1
                common = {"name": names[found.class_ids[index] - 1], "item": f"item{items}"}
                regions += _outline_regions(outlined.polygons, common, float(found.scores[index]), height * width)
                regions += _landmark_regions(found, index, common, height, width)
                ious.append(outlined.iou)
        entries.append(ViaFile(path.name, path.stat().st_size, tuple(regions), {"source": source, "pair_id": "0"}))
    if not entries:
        raise DataError("no picture can be read", received=f"{len(pictures)} files", remedy="see the warnings above")
    project = ViaProject({entry.key: entry for entry in entries})
    write_via(out, as_project(project, out.stem, region=_region_attributes(names[0]), file=_FILE_ATTRIBUTES))
    return Proposals(len(entries), tuple(ious), len(pictures) - len(entries))


def _categories(predictor: Predictor) -> list[str]:
    names = list(predictor.config.class_names)
    if unknown := [name for name in names if name not in CATEGORY_IDS]:
        raise ModelError(
            "the network's classes are no garments",
            received=", ".join(unknown[:4]),
            needed="some of: " + ", ".join(CATEGORIES.values()),
            remedy="name a model that was trained on DeepFashion2's categories with --model",
        )
    return names


def _found(pictures: Sequence[Path], predictor: Predictor) -> Iterator[tuple[Path, int, int, Any]]:
    """Each readable picture with its height, width and detections; of the others a warning."""
    for start in track(range(0, len(pictures), _BATCH), "proposing, in batches of pictures"):
        images = {}
        for path in pictures[start : start + _BATCH]:
            try:
                images[path] = read_image(path)
            except DataError as error:
                logger.warning("left out: %s", error.line)
        for (path, image), found in zip(images.items(), predictor.predict(list(images.values())), strict=True):
            yield path, *image.shape[:2], found


def _outline_regions(
    polygons: Sequence[NDArray[np.int32]], common: dict[str, str], score: float, picture_area: int
) -> list[ViaRegion]:
    share = sum(map(area, polygons)) / picture_area
    scale = 1 + int(share >= _MODEST) + int(share >= _LARGE)
    attributes = {**common, "score": f"{score:.3f}", "proposed": "yes", "scale": str(scale), **_ASSUMED}
    return [
        ViaRegion(
            {"name": "polygon", "all_points_x": polygon[:, 0].tolist(), "all_points_y": polygon[:, 1].tolist()},
            attributes,
        )
        for polygon in polygons
    ]


def _landmark_regions(found: Any, index: int, common: dict[str, str], height: int, width: int) -> list[ViaRegion]:
    """A point for each landmark that is probably within the picture; only short sleeve tops have any."""
    if found.landmarks is None or common["name"] != CATEGORIES[1]:
        return []
    regions = []
    for name, (x, y, present), seen in zip(
        SHORT_SLEEVE_TOP, found.landmarks[index].tolist(), found.visible[index].tolist(), strict=True
    ):
        if present > _PROBABLE:
            visibility = VISIBLE if seen > _PROBABLE else HIDDEN
            place = {"cx": round(min(max(x, 0), width - 1)), "cy": round(min(max(y, 0), height - 1))}
            said = {"landmark": name, "visibility": str(visibility), "proposed": "yes"}
            regions.append(ViaRegion({"name": "point", **place}, {**common, **said}))
    return regions


def _region_attributes(name: str) -> dict[str, Any]:
    """What VIA offers for each region; a region that a person adds starts with the defaults."""
    return {
        "name": _choice("the garment's category", dict.fromkeys(CATEGORIES.values()), name),
        "item": _text("regions of one garment share it: item1, item2, ..."),
        "score": _text("the network's confidence"),
        "proposed": _choice("yes until somebody has looked at it", {"yes": None, "no": None}, "no"),
        "landmark": _choice("for points: which one", dict.fromkeys(landmark_names(1))),
        "visibility": _choice("for points", {str(HIDDEN): "hidden", str(VISIBLE): "visible"}),
        **{key: _choice(f"DeepFashion2's {key}", levels, ("2" if key == "scale" else _ASSUMED[key]))
           for key, levels in _LEVELS.items()},
        "style": _text("0: part of no pair", _ASSUMED["style"]),
    }  # fmt: skip


def _text(description: str, default: str = "") -> dict[str, Any]:
    return {"type": "text", "description": description, "default_value": default}


def _choice(description: str, options: Mapping[str, str | None], default: str = "") -> dict[str, Any]:
    return {
        "type": "dropdown",
        "description": description,
        "options": {key: word or key for key, word in options.items()},
        "default_options": {default: True} if default else {},
    }


_FILE_ATTRIBUTES = {
    "source": _choice("where the picture comes from", dict.fromkeys(SOURCES)),
    "pair_id": _text("pictures of one garment share it", "0"),
}
