"""Drift: the index against a slow sum, alarms where something moved, none by chance."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2

from tests.curating.made_data import picture
from tryon.curating import drift
from tryon.curating.accepting import accept_data, compare_folders
from tryon.errors import DataError, GateError
from tryon.images.files import write_jpeg

RNG = np.random.default_rng(3)


def values(numbers: np.ndarray, words: list[str]) -> dict[str, dict[str, list[float | str]]]:
    return {"photos": {"luminance": numbers.tolist(), "viewpoint": list(words)}}


def test_the_index_is_the_sum_of_its_definition() -> None:
    before, now = np.array([10, 30, 60]), np.array([40, 40, 0])
    p = [10.5 / 101.5, 30.5 / 101.5, 60.5 / 101.5]
    q = [40.5 / 81.5, 40.5 / 81.5, 0.5 / 81.5]
    expected = sum((b - a) * np.log(b / a) for a, b in zip(p, q, strict=True))
    psi, chance = drift.stability(before, now)
    assert psi == pytest.approx(expected)
    assert chance == pytest.approx(chi2.sf(expected * 100 * 80 / 180, 2))


def test_two_draws_of_the_same_raise_no_alarm_and_a_shift_does() -> None:
    alarms = 0
    for _ in range(50):
        accepted = drift.describe(values(RNG.normal(0.5, 0.1, 80), ["2"] * 70 + ["3"] * 10))
        moves = drift.compare(accepted, values(RNG.normal(0.5, 0.1, 80), ["2"] * 72 + ["3"] * 8))
        alarms += sum(move.moved for move in moves)
    assert alarms == 0
    moves = drift.compare(accepted, values(RNG.normal(0.65, 0.1, 80), ["3"] * 60 + ["4"] * 20))
    assert [(move.name, move.moved) for move in moves] == [("photos/luminance", True), ("photos/viewpoint", True)]
    assert moves[1].bins == ("2", "3", "other")
    assert moves[1].now == (0.0, 0.75, 0.25)


def test_a_sure_but_small_shift_is_no_alarm() -> None:
    accepted = drift.describe(values(RNG.normal(0, 1, 50_000), ["1"]))
    [luminance, _] = drift.compare(accepted, values(RNG.normal(0.1, 1, 50_000), ["1"]))
    assert luminance.chance < 1e-6
    assert not luminance.moved


def test_few_values_are_counted_by_value() -> None:
    described = drift.describe({"photos": {"long_side_px": [256.0] * 9 + [512.0]}})
    assert described == {"photos": {"long_side_px": {"counts": {"256": 9, "512": 1}}}}
    [move] = drift.compare(described, {"photos": {"long_side_px": [256.0] * 900 + [100.0] * 100}})
    assert move.bins == ("256", "512", "other")
    assert move.now == (0.9, 0.0, 0.1)


def test_every_value_falls_into_one_bin() -> None:
    column = RNG.normal(size=333).tolist()
    described = drift.describe({"photos": {"x": column}})["photos"]["x"]
    assert sum(described["counts"]) == 333
    assert len(described["counts"]) == len(described["edges"]) + 1
    assert max(described["counts"]) - min(described["counts"]) <= 2


def test_what_only_one_version_has_is_not_compared() -> None:
    accepted = drift.describe({"photos": {"x": [1.0]}, "shop": {"x": [1.0]}})
    assert [move.name for move in drift.compare(accepted, {"photos": {"x": [1.0], "y": [2.0]}, "shop": {"x": []}})] == [
        "photos/x"
    ]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"photos": {"x": {}}}', '{"photos": {"x": {"edges": [1], "counts": [1]}}}']
)
def test_an_accepted_file_that_is_damaged_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "accepted.json").write_text(content)
    with pytest.raises(DataError, match="tryon accept"):
        drift.read_accepted(tmp_path / "accepted.json")


def test_accepting_needs_data_that_is_good(tmp_path: Path) -> None:
    described = drift.describe(values(RNG.normal(size=40), ["1"]))
    with pytest.raises(DataError, match="no data check"):
        accept_data(tmp_path)
    for name, content in (("reports/data/distributions.json", described), ("metrics/data.json", {"failed": []})):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(json.dumps(content))
    (tmp_path / "metrics/data.json").write_text(json.dumps({"failed": [{"expectation": "photos.decodable"}]}))
    with pytest.raises(GateError, match=r"photos\.decodable"):
        accept_data(tmp_path)
    (tmp_path / "metrics/data.json").write_text(json.dumps({"failed": [{"expectation": "drift.steady"}]}))
    assert accept_data(tmp_path) == 2
    assert drift.read_accepted(tmp_path / "decisions/accepted_data.json") == described


def test_folders_of_pictures_are_compared(tmp_path: Path) -> None:
    for number in range(40):
        write_jpeg(tmp_path / f"a/{number}.jpg", picture(number, side=64))
        write_jpeg(tmp_path / f"b/{number}.jpg", picture(100 + number, side=64))
        write_jpeg(tmp_path / f"dark/{number}.jpg", picture(number, side=64) // 2)
    assert not any(move.moved for move in compare_folders(tmp_path / "a", tmp_path / "b"))
    moved = {move.trait for move in compare_folders(tmp_path / "a", tmp_path / "dark") if move.moved}
    assert {"luminance", "sharpness"} <= moved
    with pytest.raises(DataError, match="no picture to compare"):
        compare_folders(tmp_path / "a", tmp_path / "none")
