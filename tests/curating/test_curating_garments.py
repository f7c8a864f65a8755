"""From a collection to the garments of each pattern."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.curating.made_data import GARMENTS, add_garment, bytes_of, manifest
from tryon.config import GarmentsConfig
from tryon.curating.garments import GARMENT_COLUMNS, curate_garments
from tryon.errors import DataError
from tryon.formats.decisions import Decision
from tryon.images.files import write_png


@pytest.fixture
def collection(tmp_path: Path) -> Path:
    folder = tmp_path / "garments"
    add_garment(folder, "000001")
    add_garment(folder, "000002", colour="red", split="validation")
    add_garment(folder, "000003", split="test", annotated=False)
    add_garment(folder, "000004", pattern="striped")
    return folder


def curate(folder: Path, out: Path, config: GarmentsConfig = GARMENTS, **changes: Any) -> Counter[str]:
    return curate_garments(folder, out, **({"garments": config, "decisions": {}, "seed": 7} | changes))


def test_a_garment_serves_every_pattern_that_its_labels_match(collection: Path, tmp_path: Path) -> None:
    assert curate(collection, tmp_path / "out") == {"kept train": 1, "kept validation": 1, "kept test": 1}
    rows = manifest(tmp_path / "out")
    assert list(rows) == [
        "blue/000001.jpg",
        "blue/000003.jpg",
        "plain/000001.jpg",
        "plain/000002.jpg",
        "plain/000003.jpg",
    ]
    assert tuple(rows["blue/000001.jpg"]) == GARMENT_COLUMNS
    assert rows["plain/000003.jpg"]["split"] == "test"
    for name, row in rows.items():
        assert (tmp_path / "out" / name).read_bytes() == (collection / row["source_path"]).read_bytes()


def test_twice_gives_the_same_bytes(collection: Path, tmp_path: Path) -> None:
    curate(collection, tmp_path / "one")
    curate(collection, tmp_path / "two")
    assert bytes_of(tmp_path / "one") == bytes_of(tmp_path / "two")


def test_view_size_duplicates_and_decisions(collection: Path, tmp_path: Path) -> None:
    add_garment(collection, "000011", view="closeup")
    add_garment(collection, "000012", seed=10_003)
    rejected = add_garment(collection, "000013")
    curate(collection, tmp_path / "before")
    sha256 = manifest(tmp_path / "before")["blue/000013.jpg"]["sha256"]
    decisions = {sha256: Decision(sha256, "reject", "a dress", "Ada")}
    curate(collection, tmp_path / "out", replace(GARMENTS, min_side_px=161), decisions=decisions)
    assert manifest(tmp_path / "out")["blue/000001.jpg"]["reason"] == "too small: 160 x 160"
    curate(collection, tmp_path / "out", decisions=decisions)
    rows = manifest(tmp_path / "out")
    assert rows["blue/000011.jpg"]["reason"] == "view: closeup"
    assert rows["blue/000012.jpg"]["reason"] == "near-duplicate: 000003.jpg (0 bits)"
    assert rows["blue/000013.jpg"]["reason"] == rows["plain/000013.jpg"]["reason"] == "decision: a dress (Ada)"
    assert not (tmp_path / "out" / "blue" / rejected.name).exists()


def test_train_garments_are_divided_and_test_stays_test(collection: Path, tmp_path: Path) -> None:
    for number in range(100, 120):
        add_garment(collection, f"{number:06d}")
    curate(collection, tmp_path / "out", replace(GARMENTS, validation_fraction=0.5))
    rows = [row for name, row in manifest(tmp_path / "out").items() if name.startswith("blue/")]
    assert 4 <= sum(row["split"] == "validation" for row in rows) <= 17  # of 21, fair coin
    assert [row["file"] for row in rows if row["split"] == "test"] == ["000003.jpg"]


def test_a_png_becomes_a_jpeg_name_and_file(collection: Path, tmp_path: Path) -> None:
    from tests.curating.made_data import picture

    add_garment(collection, "000020", file="000020.png")
    write_png(collection / "images" / "000020.png", picture(20))
    curate(collection, tmp_path / "out")
    assert (tmp_path / "out" / "blue" / "000020.jpg").read_bytes()[:3] == b"\xff\xd8\xff"


def test_a_missing_picture_is_set_aside_and_many_are_refused(collection: Path, tmp_path: Path) -> None:
    (collection / "images" / "000001.jpg").unlink()
    curate(collection, tmp_path / "out")
    assert manifest(tmp_path / "out")["blue/000001.jpg"]["reason"] == "picture missing"
    for path in (collection / "images").iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"3 of 3 pictures .* are faulty"):
        curate(collection, tmp_path / "out")


def test_a_pattern_that_no_label_matches_is_named(collection: Path, tmp_path: Path) -> None:
    config = replace(GARMENTS, select={"dotted": {"pattern": ["dotted"]}})
    with pytest.raises(DataError, match="matches the pattern dotted") as raised:
        curate(collection, tmp_path / "out", config)
    assert "remedy" in str(raised.value)


def test_a_rule_about_an_unknown_column_is_refused(collection: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="sleeves"):
        curate(collection, tmp_path / "out", replace(GARMENTS, select={"long": {"sleeves": ["long"]}}))
