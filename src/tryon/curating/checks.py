"""The expectations, as data: which table, what is expected, and in words what it means."""

from collections.abc import Container, Mapping
from dataclasses import dataclass
from typing import Any

from tryon.config import ValidationConfig
from tryon.curating.garments import GARMENT_COLUMNS
from tryon.curating.photos import PHOTO_COLUMNS
from tryon.curating.splitting import SPLITS

ROW_COUNT = "ExpectTableRowCountToBeBetween"  # every row of such a table is a fault


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


def checks(validation: ValidationConfig, tables: Container[str] = ()) -> list[Check]:
    """All expectations, in the order in which they are reported.

    Args:
        validation: what is expected.
        tables: those that there are besides the curated data's: `ledger` and its companions, `drift`.
    """
    return [
        *_photo_checks(validation),
        *_item_checks(validation),
        *_garment_checks(validation),
        *_set_checks(validation),
        *(_ledger_checks() if "ledger" in tables else []),
        *([_drift_check(validation)] if "drift" in tables else []),
    ]


def _photo_checks(validation: ValidationConfig) -> list[Check]:
    return [
        _columns("photos_manifest", PHOTO_COLUMNS),
        _true("photos", "listed", "the folder holds no picture that the manifest does not list as kept"),
        _true("photos", "decodable", "every picture is there and can be decoded"),
        _true("photos", "as_curated", "every picture is the one that was curated under its name"),
        _true("photos", "allowed", "no picture was forgotten"),
        _true("photos", "annotated", "every picture has an annotation that can be read"),
        Check("photos.file", "photos", "no two pictures have the same name", *_unique("file")),
        Check("photos.split", "photos", "every picture is in a known split", *_in_set("split", SPLITS)),
        Check("photos.source", "photos", "every picture is a user's or a shop's", *_in_set("source", ("user", "shop"))),
        _at_least("photos", "side_px", validation.min_side_px, "no picture is too small"),
        _at_least("photos", "wanted", 1, f"every picture has an item of category {_words(validation.categories)}"),
    ]


def _item_checks(validation: ValidationConfig) -> list[Check]:
    outlines, boxes = 1 - validation.max_invalid_polygons, 1 - validation.max_boxes_off
    doubts = 1 - validation.max_label_doubts
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
        _true("items", "landmarks_near", "visible landmarks lie on the shirt or close to it", doubts),
        _true("items", "landmarks_agree", "the outline through the landmarks covers the mask", doubts),
        _true("items", "sides_agree", "left landmarks are left, and all go round the shirt in order", doubts),
        _true("items", "on_edges", "outlines follow the edges of their own picture, not beside them", doubts),
        _true("items", "single", "no item is annotated twice"),
    ]


def _garment_checks(validation: ValidationConfig) -> list[Check]:
    return [
        _columns("garments_manifest", GARMENT_COLUMNS),
        _true("garments", "listed", "the folder holds no garment that the manifest does not list as kept"),
        _true("garments", "decodable", "every garment is there and can be decoded"),
        _true("garments", "as_curated", "every garment is the one that was curated under its name"),
        _true("garments", "allowed", "no garment was forgotten"),
        Check("garments.split", "garments", "every garment is in a known split", *_in_set("split", SPLITS)),
        _at_least("garments", "side_px", validation.min_side_px, "no garment picture is too small"),
    ]


def _set_checks(validation: ValidationConfig) -> list[Check]:
    leaks = _no_more_than(validation.max_split_leaks)
    counts = {"column_A": "count", "column_B": "minimum", "or_equal": True}
    return [
        Check("photos.split_leaks", "photo_leaks", "no photo has a near-duplicate in another split", *leaks),
        Check("garments.split_leaks", "garment_leaks", "no garment has a near-duplicate in another split", *leaks),
        Check(
            "photos.garment_leaks",
            "cross_leaks",
            "no photo has a near-duplicate among another split's garments",
            *leaks,
        ),
        Check(
            "counts.enough", "counts", "there are enough pictures", "ExpectColumnPairValuesAToBeGreaterThanB", counts
        ),
    ]


def _ledger_checks() -> list[Check]:
    """Of the collections that the data comes from."""
    one_each = "no two kept pictures have the same"
    return [
        _true("ledger", "there", "every kept row has its picture"),
        _true("collected_files", "listed", "every picture has a kept row"),
        _true("ledger", "as_collected", "every picture is the one that was collected"),
        _true("ledger", "licence_given", "every kept row names a licence"),
        _true("ledger", "licence_allowed", "every licence is among the accepted (validation.licences)"),
        _true("ledger", "attributed", "the author is named wherever the licence asks for it"),
        _true("ledger", "origin", "source, address and page are complete"),
        _true("ledger", "dated", "the time is given, in UTC"),
        _true("ledger", "robots_allowed", "robots.txt and the opt-out headers allowed every fetched picture"),
        _true("ledger", "sha256_formed", "every sha256 is one"),
        _true("ledger", "phash_formed", "every perceptual hash is one"),
        Check("ledger.sha256", "ledger", f"{one_each} content", *_unique("sha256")),
        Check("ledger.phash", "ledger", f"{one_each} perceptual hash after cleaning", *_unique("phash")),
        _true("ledger", "allowed", "nothing that was forgotten is there"),
        Check(
            "ledger.near_forgotten",
            "near_forgotten",
            "a person has decided about every picture that looks like a forgotten one",
            *_no_more_than(0),
        ),
        Check(
            "ledger.split_leaks",
            "collection_leaks",
            "no collected picture has a twin in another split",
            *_no_more_than(0),
        ),
    ]


def _drift_check(validation: ValidationConfig) -> Check:
    return _true(
        "drift",
        "steady",
        "the data is distributed as in the version that was accepted (decisions/accepted_data.json)",
        1.0 if validation.drift == "fail" else 0.0,
    )


def _no_more_than(count: int) -> tuple[str, dict[str, Any]]:
    return ROW_COUNT, {"min_value": 0, "max_value": count}


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
