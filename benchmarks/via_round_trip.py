"""Whether annotations survive the VGG Image Annotator: DeepFashion2 -> VIA -> a person's work -> DeepFashion2 -> VIA.

python benchmarks/via_round_trip.py --pictures 1000

The person is played by this program, which does to a file what VIA 2.0.11 does when it imports, edits and saves one:
regions become a list, empty ones go, unknown attributes are declared as text, numbers are written as JavaScript writes
them, and keys that are whole numbers come first. Regions of every shape are added, with attributes of quotes, commas,
line breaks, pound signs and Korean. Prints JSON; the exit code is 1 unless every region, attribute and key is
byte-equal, and every DeepFashion2 file that the person left alone is what it was.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from tryon.conversion import Format, convert
from tryon.formats.deepfashion2 import ATTRIBUTES, CATEGORIES, LANDMARK_COUNTS
from tryon.formats.json_files import read_json, write_json
from tryon.images.files import write_jpeg

SIDE = 96
ODD = ('say "hi", twice', "£ 1,50", "반팔 티셔츠", "line\nbreak\ttab", "{'a': [1]}", "<b>&amp;</b>", "", "0012", " ")

JUDGED = {"name": "short sleeve top", "scale": "2", "occlusion": "1", "zoom_in": "1", "viewpoint": "2", "style": "0"}


def main(argv: list[str] | None = None) -> int:
    """Print what differs; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        found = round_trip(Path(folder), arguments.pictures, arguments.seed)
    print(json.dumps(found, indent=2))
    return int(bool(found["pictures_different_in_via"] or found["pictures_different_in_deepfashion2"]))


def round_trip(folder: Path, pictures: int, seed: int) -> dict[str, Any]:
    """Make a set in `folder`, send it round and say what came back."""
    rng = np.random.default_rng(seed)
    source = make_set(folder / "source", pictures, rng)
    images = source / "image"
    started = time.monotonic()
    convert(source, folder / "first.json", from_format=Format.DEEPFASHION2, to_format=Format.VIA)
    worked_on = saved_by_via(edited(read_json(folder / "first.json"), rng))
    write_json(folder / "saved.json", worked_on)
    convert(
        folder / "saved.json", folder / "back", from_format=Format.VIA, to_format=Format.DEEPFASHION2, images=images
    )
    convert(folder / "back", folder / "last.json", from_format=Format.DEEPFASHION2, to_format=Format.VIA, images=images)
    convert(
        folder / "first.json", folder / "same", from_format=Format.VIA, to_format=Format.DEEPFASHION2, images=images
    )
    seconds = time.monotonic() - started
    saved, last = worked_on["_via_img_metadata"], read_json(folder / "last.json")
    regions = [region for entry in saved.values() for region in entry["regions"]]
    same = [
        path for path in (source / "annos").iterdir() if as_text(path) == as_text(folder / "same/annos" / path.name)
    ]
    return {
        "pictures": len(saved),
        "regions": len(regions),
        "attributes": sum(len(region["region_attributes"]) for region in regions),
        "shapes": dict(sorted(Counter(region["shape_attributes"]["name"] for region in regions).items())),
        "pictures_different_in_via": sum(json.dumps(saved[key]) != json.dumps(last.get(key)) for key in saved)
        + len(last.keys() - saved.keys()),
        "pictures_different_in_deepfashion2": pictures - len(same),
        "seconds": round(seconds, 1),
    }


def make_set(folder: Path, pictures: int, rng: np.random.Generator) -> Path:
    """A DeepFashion2 folder of noise pictures with one to four garments each."""
    for number in range(1, pictures + 1):
        name = f"{number:06d}"
        write_jpeg(folder / "image" / f"{name}.jpg", rng.integers(0, 255, (SIDE, SIDE, 3), dtype=np.uint8))
        items = {f"item{index}": make_item(rng) for index in range(1, int(rng.integers(2, 6)))}
        content = {"source": "user", "pair_id": int(rng.integers(0, 9999)), **items, "note": odd(rng)}
        write_json(folder / "annos" / f"{name}.json", content)
    return folder


def make_item(rng: np.random.Generator) -> dict[str, Any]:
    """A garment of one to four outlines, of whole numbers or of fractions."""
    category_id = int(rng.integers(1, 14))
    whole = bool(rng.integers(0, 2))
    outlines = [star(rng, whole) for _ in range(int(rng.integers(1, 5)))]
    points = np.concatenate(outlines)
    places = rng.integers(0, SIDE, (LANDMARK_COUNTS[category_id], 2))
    landmarks = np.column_stack([places, np.full(len(places), 2)])
    landmarks[rng.random(len(landmarks)) < 0.3] = 0
    return {
        "segmentation": [outline.reshape(-1).tolist() for outline in outlines],
        **{key: int(rng.integers(1, 4)) for key in ATTRIBUTES},
        "landmarks": landmarks.reshape(-1).tolist(),
        "style": int(rng.integers(0, 3)),
        "bounding_box": [*points.min(axis=0).tolist(), *(points.max(axis=0) + 1).tolist()],
        "category_id": category_id,
        "category_name": CATEGORIES[category_id],
        "brand": odd(rng),
    }


def star(rng: np.random.Generator, whole: bool) -> np.ndarray:
    """An outline round the picture's middle that does not cross itself."""
    angles = np.linspace(0, 2 * np.pi, int(rng.integers(5, 30)), endpoint=False)
    radii = rng.uniform(0.6, 1.0, len(angles)) * (SIDE // 2 - 4)
    points = SIDE / 2 + np.stack([np.cos(angles), np.sin(angles)], axis=1) * radii[:, None]
    return np.rint(points).astype(int) if whole else np.round(points, 2)


def odd(rng: np.random.Generator) -> str:
    """Text that a careless writer would break."""
    return ODD[int(rng.integers(len(ODD)))]


def edited(entries: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """What a person adds: in each picture a garment of each shape, landmarks as points, and attributes of their own."""
    for entry in entries.values():
        for number, shape in enumerate(drawn_shapes(rng), start=1):
            said: dict[str, Any] = {**JUDGED, "item": f"drawn {number}", "checked": {"a": True}}
            said |= {"7": odd(rng), "셔츠, £": odd(rng)}
            entry["regions"].append({"shape_attributes": shape, "region_attributes": said})
        for landmark in ("hem_left", "hem_right"):
            point = {"name": "point", "cx": int(rng.integers(0, SIDE)), "cy": float(rng.integers(0, SIDE))}
            said = {"item": "drawn 1", "landmark": landmark, "visibility": "1", "note": odd(rng)}
            entry["regions"].append({"shape_attributes": point, "region_attributes": said})
        entry["regions"].append({"shape_attributes": {}, "region_attributes": {}})
        entry["file_attributes"]["caption"] = odd(rng)
        rng.shuffle(entry["regions"])
    return entries


def drawn_shapes(rng: np.random.Generator) -> list[dict[str, Any]]:
    """One of each shape that encloses something, somewhere in the picture."""
    x, y, r = (int(value) for value in rng.integers(20, 60, 3) // (1, 1, 4))
    line = star(rng, whole=False).T.tolist()
    return [
        {"name": "circle", "cx": x, "cy": y, "r": r + 0.5},
        {"name": "ellipse", "cx": x, "cy": y, "rx": r, "ry": r / 2, "theta": round(float(rng.uniform(-1, 1)), 3)},
        {"name": "rect", "x": x - r, "y": y - r, "width": 2 * r, "height": r},
        {"name": "polyline", "all_points_x": line[0], "all_points_y": line[1]},
        {"name": "polygon", "all_points_x": [x, x + r, x + 0.5], "all_points_y": [y, float(y), y + r]},
    ]


def saved_by_via(entries: dict[str, Any]) -> dict[str, Any]:
    """The project that VIA saves after importing these annotations for pictures that it has loaded."""
    files = {
        key: {
            "filename": entry["filename"],
            "size": int(entry["size"]),
            "regions": [as_javascript(region) for region in entry["regions"] if any(region.values())],
            "file_attributes": as_javascript(entry.get("file_attributes", {})),
        }
        for key, entry in entries.items()
    }
    region_names = {
        name for entry in files.values() for region in entry["regions"] for name in region["region_attributes"]
    }
    return {
        "_via_settings": {"ui": {}, "core": {}, "project": {"name": "round trip"}},
        "_via_img_metadata": files,
        "_via_attributes": {"region": {name: {"type": "text"} for name in sorted(region_names)}, "file": {}},
        "_via_data_format_version": "2.0.10",
        "_via_image_id_list": list(files),
    }


def as_javascript(value: Any) -> Any:
    """The value as JavaScript reads and writes it: 2.0 as 2, and keys that are whole numbers first."""
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: (0, int(key)) if key.isascii() and key.isdigit() else (1, 0))
        return {key: as_javascript(value[key]) for key in keys}
    if isinstance(value, list):
        return [as_javascript(one) for one in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def as_text(path: Path) -> str:
    """The content of a JSON file without the order of an object's keys."""
    return json.dumps(read_json(path), sort_keys=True)


if __name__ == "__main__":
    sys.exit(main())
