"""The programs that measure label checks and drift, at a small size."""

import json
from pathlib import Path

import drift as drift_benchmark
import label_faults
import pytest

from tests.curating.made_data import picture
from tryon.formats.deepfashion2 import write_annotation
from tryon.images.files import write_jpeg
from tryon.rendering.annotation import annotate_photo
from tryon.rendering.dataset import draw_photo
from tryon.rendering.photo import wear


def test_each_kind_of_label_fault_is_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for index in range(4):
        drawn, worn, _ = draw_photo(9, "test", index, 160)
        write_jpeg(tmp_path / f"test/image/{index:06d}.jpg", wear(drawn, worn).image)
        write_annotation(tmp_path / f"test/annos/{index:06d}.json", annotate_photo(drawn))
    label_faults.main(["--photos", str(tmp_path), "--limit", "4"])
    result = json.loads(capsys.readouterr().out)
    assert result["pictures"] == 4
    assert set(result["recall"]) == set(label_faults.FAULTS)
    assert result["recall"]["left and right exchanged: a pair, all"]["1"] == 1.0
    assert result["recall"]["outline of another picture"]["1"] == 1.0
    assert result["false_alarms"][tmp_path.as_posix()] == {"pictures": 4, "alarms": 0, "by": {}}


def test_a_broken_promise_is_named() -> None:
    false_alarms = {"a": {"pictures": 100, "alarms": 2}, "b": {"pictures": 100, "alarms": 1}}
    result = {"recall": {"weak": {"0.1": 1.0, "0.2": 0.5}, "good": {"1": 1.0}}, "false_alarms": false_alarms}
    assert label_faults.broken(result) == ["weak", "a"]


def test_each_change_of_the_photos_raises_an_alarm(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number:03d}.jpg" for number in range(100)]
    for number, path in enumerate(paths):
        write_jpeg(path, picture(number, side=64))
    found = drift_benchmark.changed(paths)
    assert set(found) == set(drift_benchmark.CHANGES)
    assert {kind for kind, one in found.items() if one["moved"]} >= {
        "30 % darker",
        "blurred by 1 px",
        "0.8 of the size",
    }
