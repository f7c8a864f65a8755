"""The VIA round trip at a small size, and that it would notice a loss."""

import json
from pathlib import Path

import numpy as np
import pytest
import via_round_trip

from tryon.formats import via_memory
from tryon.formats.via_garments import from_entry
from tryon.geometry.polygons import is_valid


def test_every_region_attribute_and_key_comes_back(capsys: pytest.CaptureFixture[str]) -> None:
    assert via_round_trip.main(["--pictures", "15"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["pictures"] == 15 and printed["regions"] > 100
    assert set(printed["shapes"]) == {"circle", "ellipse", "point", "polygon", "polyline", "rect"}


def test_a_lost_attribute_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(via_memory, "read_entry", from_entry)
    assert via_round_trip.round_trip(tmp_path, 2, seed=1)["pictures_different_in_via"] == 2


def test_the_client_that_is_played_writes_as_javascript_does() -> None:
    assert json.dumps(via_round_trip.as_javascript({"b": 2.0, "10": 1, "9": [1.5, -0.0]})) == (
        '{"9": [1.5, 0], "10": 1, "b": 2}'
    )
    region = {"shape_attributes": {"name": "point", "cx": 1, "cy": 2}, "region_attributes": {}}
    empty = {"shape_attributes": {}, "region_attributes": {}}
    entry = {"filename": "a.jpg", "size": "7", "regions": [region, empty]}
    saved = via_round_trip.saved_by_via({"a.jpg7": entry})["_via_img_metadata"]["a.jpg7"]
    assert saved == {"filename": "a.jpg", "size": 7, "regions": [region], "file_attributes": {}}


def test_outlines_are_simple() -> None:
    rng = np.random.default_rng(0)
    assert all(is_valid(via_round_trip.star(rng, whole)) for whole in (True, False) for _ in range(50))
