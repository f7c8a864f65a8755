"""What the flow shows, computed without a server."""

import base64
import io
import json
from pathlib import Path

from PIL import Image

from flows.artifacts import SHEET_PICTURES, SHEET_WIDTH_PX, pattern_sheets, read_metrics, results_sheet, summary


def _sheet(uri: str | None) -> Image.Image:
    assert uri is not None
    return Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))


def test_metrics_are_rows_without_timing_and_text(tmp_path: Path) -> None:
    (tmp_path / "metrics" / "cyclegan").mkdir(parents=True)
    (tmp_path / "metrics" / "timing.json").write_text(json.dumps({"stages": {"a": 1}}))
    (tmp_path / "metrics" / "fitting.json").write_text(json.dumps({"ssim": 0.9, "pairs": 4, "note": "x", "slices": {}}))
    (tmp_path / "metrics" / "cyclegan" / "blue.json").write_text(json.dumps({"cycle_ssim": 0.5}))
    assert read_metrics(tmp_path) == [
        {"file": "metrics/cyclegan/blue.json", "metric": "cycle_ssim", "value": 0.5},
        {"file": "metrics/fitting.json", "metric": "pairs", "value": 4},
        {"file": "metrics/fitting.json", "metric": "ssim", "value": 0.9},
    ]


def test_without_pictures_there_is_no_sheet(tmp_path: Path) -> None:
    assert results_sheet(tmp_path) is None
    assert read_metrics(tmp_path) == []


def test_the_sheet_stacks_pictures_at_one_width(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "results"
    folder.mkdir(parents=True)
    Image.new("RGB", (100, 50)).save(folder / "a.png")
    Image.new("RGBA", (50, 50)).save(folder / "b.png")
    assert _sheet(results_sheet(tmp_path)).size == (100, 150)


def test_the_sheet_stays_small(tmp_path: Path) -> None:
    folder = tmp_path / "reports" / "fitting" / "cases"
    folder.mkdir(parents=True)
    for number in range(SHEET_PICTURES + 5):
        Image.new("RGB", (SHEET_WIDTH_PX * 2, 100)).save(folder / f"{number:02}.png")
    assert _sheet(results_sheet(tmp_path)).size == (SHEET_WIDTH_PX, 50 * SHEET_PICTURES)


def test_each_pattern_shows_its_first_and_its_last_grid(tmp_path: Path) -> None:
    colours = {4: (200, 30, 30), 8: (30, 200, 30), 17: (30, 30, 200)}
    for pattern, epochs in (("blue", (4, 8, 17)), ("wide_stripes", (4,)), ("unfinished", ())):
        folder = tmp_path / "models/cyclegan" / pattern / "grids"
        folder.mkdir(parents=True)
        (folder / "epochs.gif").write_bytes(b"not a page")
        for epoch in epochs:
            Image.new("RGB", (80, 40), colours[epoch]).save(folder / f"epoch_{epoch:03}.png")
    sheets = pattern_sheets(tmp_path)
    assert list(sheets) == ["blue", "wide_stripes"]
    blue = _sheet(sheets["blue"])
    assert blue.size == (80, 80)
    red, last = blue.getpixel((40, 20)), blue.getpixel((40, 60))
    assert red[0] > 150 > red[2] and last[2] > 150 > last[0]
    assert _sheet(sheets["wide_stripes"]).size == (80, 40)


def test_the_summary_counts_and_links_the_report(tmp_path: Path) -> None:
    rows = [{"stage": "a", "result": "ran", "seconds": 2.4}, {"stage": "b", "result": "cached", "seconds": 1.0}]
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "index.html").write_text("<html>")
    text = summary(
        tmp_path, rows, [{"file": "metrics/fitting.json", "metric": "ssim", "value": 0.91234}], "0123456789abcdef"
    )
    assert "1 ran, 1 cached" in text
    assert "run key `0123456789abcdef`" in text
    assert (tmp_path / "reports" / "index.html").as_uri() in text
    assert "| `metrics/fitting.json` ssim | 0.9123 |" in text
