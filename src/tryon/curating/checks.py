"""The expectations, as data: which table, what is expected, and in words what it means."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tryon.config import ValidationConfig
from tryon.curating.garments import GARMENT_COLUMNS
from tryon.curating.photos import PHOTO_COLUMNS
from tryon.curating.splitting import SPLITS


@dataclass(frozen=True)
class Check:
    """One expectation on one table.

    Args:
        name: what it is called in metrics and messages, `table.property`.
        table: which of the fact tables.
        meaning: a sentence for people.
        expectation: class name in `great_expectations.expectations`.
        arguments: its arguments.
    """

    name: str
    table: str
    meaning: str
    expectation: str
    arguments: Mapping[str, Any]


def checks(validation: ValidationConfig) -> list[Check]:
    """All expectations, in the order in which they are reported."""
    return [
        *_photo_checks(validation),
        *_item_checks(validation),
        *_garment_checks(validation),
        *_set_checks(validation),
    ]


def _photo_checks(validation: ValidationConfig) -> list[Check]:
    return [
        _columns("photos_manifest", PHOTO_COLUMNS),
        _true("photos", "listed", "the folder holds no picture that the manifest does not list as kept"),
        _true("photos", "decodable", "every picture is there and can be decoded"),
        _true("photos", "as_curated", "every picture is the one that was curated under its name"),
        _true("photos", "annotated", "every picture has an annotation that can be read"),
        Check("photos.file", "photos", "no two pictures have the same name", *_unique("file")),
        Check("photos.split", "photos", "every picture is in a known split", *_in_set("split", SPLITS)),
        Check("photos.source", "photos", "every picture is a user's or a shop's", *_in_set("source", ("user", "shop"))),
        _at_least("photos", "side_px", validation.min_side_px, "no picture is too small"),
        _at_least("photos", "wanted", 1, f"every picture has an item of category {_words(validation.categories)}"),
    ]


def _item_checks(validation: ValidationConfig) -> list[Check]:
    outlines, boxes = 1 - validation.max_invalid_polygons, 1 - validation.max_boxes_off
    return [
        _true("items", "filled", "every item's mask has pixels", outlines),
        _true("items", "valid", "outlines enclose an area and do not cross themselves", outlines),
        _true("items", "inside", "outlines lie inside their picture", outlines),
        _true("items", "box_agrees", "bounding boxes agree with the outlines", boxes),
        _true(
            "items",
            "landmarks_inside",
            "visible landmarks lie within the mask's box",
            1 - validation.max_landmarks_outside,
        ),
    ]


def _garment_checks(validation: ValidationConfig) -> list[Check]:
    return [
        _columns("garments_manifest", GARMENT_COLUMNS),
        _true("garments", "listed", "the folder holds no garment that the manifest does not list as kept"),
        _true("garments", "decodable", "every garment is there and can be decoded"),
        _true("garments", "as_curated", "every garment is the one that was curated under its name"),
        Check("garments.split", "garments", "every garment is in a known split", *_in_set("split", SPLITS)),
        _at_least("garments", "side_px", validation.min_side_px, "no garment picture is too small"),
    ]


def _set_checks(validation: ValidationConfig) -> list[Check]:
    leaks = ("ExpectTableRowCountToBeBetween", {"min_value": 0, "max_value": validation.max_split_leaks})
    counts = {"column_A": "count", "column_B": "minimum", "or_equal": True}
    return [
        Check("photos.split_leaks", "photo_leaks", "no photo has a near-duplicate in another split", *leaks),
        Check("garments.split_leaks", "garment_leaks", "no garment has a near-duplicate in another split", *leaks),
        Check(
            "counts.enough", "counts", "there are enough pictures", "ExpectColumnPairValuesAToBeGreaterThanB", counts
        ),
    ]


def _true(table: str, column: str, meaning: str, mostly: float = 1.0) -> Check:
    arguments = {"column": column, "value_set": [True], "mostly": mostly}
    return Check(f"{table}.{column}", table, meaning, "ExpectColumnValuesToBeInSet", arguments)


def _at_least(table: str, column: str, minimum: int, meaning: str) -> Check:
    arguments = {"column": column, "min_value": minimum}
    return Check(
        f"{table}.{column}", table, f"{meaning} (at least {minimum})", "ExpectColumnValuesToBeBetween", arguments
    )


def _columns(table: str, columns: tuple[str, ...]) -> Check:
    arguments = {"column_set": sorted(columns), "exact_match": False}
    return Check(f"{table}.columns", table, "all columns are there", "ExpectTableColumnsToMatchSet", arguments)


def _unique(column: str) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnValuesToBeUnique", {"column": column}


def _in_set(column: str, values: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
    return "ExpectColumnValuesToBeInSet", {"column": column, "value_set": list(values)}


def _words(values: list[int]) -> str:
    return " or ".join(map(str, values))
