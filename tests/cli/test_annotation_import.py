"""The 72 bad inputs of annotation import (A01 to A72): refused with place and remedy and nothing written, or taken.

A refusal is an expected failure, exit code 1 (2 is wrong usage); each fault is one line. `None` stands for input that
the formats allow, so that it has to go through.
"""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask

from tests.cli.annotation_sets import change, coco_file, content, deepfashion2_folder, via_file, write_picture
from tryon import conversion
from tryon.cli import main
from tryon.formats.json_files import MAX_FILE_BYTES, write_json
from tryon.images.files import read_image, write_jpeg

MAKERS: dict[str, Callable[[Path], Path]] = {"deepfashion2": deepfashion2_folder, "coco": coco_file, "via": via_file}
FIRST = "annos/000001.json"
Damage = Callable[[Path], object]


def raw(content: bytes) -> Damage:
    """Other bytes instead of the first annotation file."""
    return lambda folder: (folder / FIRST).write_bytes(content)


def photo(edit: Callable[[dict[str, Any]], Any]) -> Damage:
    """An edit of the first DeepFashion2 file."""
    return lambda folder: change(folder / FIRST, edit)


def without(key: str) -> Damage:
    """The first DeepFashion2 file without a key."""
    return photo(lambda content: {name: value for name, value in content.items() if name != key})


def item(**fields: Any) -> Damage:
    """Other fields of the first item."""
    return photo(lambda content: content["item1"].update(fields))


def outline(*polygons: list[Any]) -> Damage:
    """Other polygons of the first item."""
    return item(segmentation=list(polygons))


def coco(edit: Callable[[dict[str, Any]], Any]) -> Damage:
    """An edit of the COCO file."""
    return lambda path: change(path, edit)


def image(**fields: Any) -> Damage:
    """Other fields of the first COCO image."""
    return coco(lambda content: content["images"][0].update(fields))


def garment(**fields: Any) -> Damage:
    """Other fields of the first COCO annotation."""
    return coco(lambda content: content["annotations"][0].update(fields))


def entry(edit: Callable[[dict[str, Any]], Any]) -> Damage:
    """An edit of the first VIA entry."""
    return lambda path: change(path, lambda content: edit(next(iter(content.values()))))


def region(shape: dict[str, Any] | None = None, **attributes: str) -> Damage:
    """Another shape or other attributes of the first VIA region."""

    def edit(content: dict[str, Any]) -> None:
        first = content["regions"][0]
        first["shape_attributes"] = shape or first["shape_attributes"]
        first["region_attributes"].update(attributes)

    return entry(edit)


def points(count: int) -> list[int]:
    """An outline of many points round the square of the first item."""
    return [2, 2, 30, 2] * (count // 2)


def save_again(picture: Path) -> None:
    write_jpeg(picture, read_image(picture), quality=50)


def huge_file(path: Path) -> None:
    os.truncate(path, 500_000_000)  # takes no room on the disk


def turn_by_exif(folder: Path) -> None:
    """The first picture 30 x 40 with an orientation that makes it 40 x 30, as a set made without it says 30 x 40."""
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.full((40, 30, 3), 90, np.uint8)).save(folder.parent / "000001.jpg", exif=exif)
    image(height=40, width=30)(folder)


def as_project(path: Path) -> None:
    change(path, lambda entries: {"_via_settings": {}, "_via_img_metadata": entries, "_via_attributes": {}})


def as_version_1(content: dict[str, Any]) -> None:
    content["regions"] = {str(number): one for number, one in enumerate(content["regions"])}


def _square() -> np.ndarray:
    filled = np.zeros((40, 40), np.uint8, order="F")
    filled[2:31, 2:31] = 1
    return filled


SQUARE_RLE = {"size": [40, 40], "counts": [40 * 2 + 2] + [29, 11] * 28 + [29, 40 * 40 - 40 * 2 - 2 - 29 * 29 - 11 * 28]}
PACKED_RLE = {"size": [40, 40], "counts": mask.encode(_square())["counts"].decode()}
CIRCLE = {"name": "circle", "cx": 16, "cy": 17, "r": 15}
SQUARE, SQUARE_BACK = [2, 2, 30, 2, 30, 30, 2, 30], [2, 30, 30, 30, 30, 2, 2, 2]

# id, format, what is done to the set, what the message says (None: it is fine)
ROWS: list[tuple[str, str, Damage, str | None]] = [
    ("A01", "deepfashion2", raw(b""), r"000001\.json is not readable JSON"),
    ("A02", "deepfashion2", raw(b'{"source": "user", "item1": {"scale"'), r"000001\.json is not readable JSON"),
    ("A03", "deepfashion2", raw('{"source": "user"}'.encode("utf-16")), r"000001\.json is not readable JSON"),
    ("A03", "deepfashion2", raw(b'\xef\xbb\xbf{"source": "user"}'), r"000001\.json is not readable JSON.*BOM"),
    ("A04", "deepfashion2", raw(b'{"pair_id": NaN}'), r"000001\.json .*NaN is not a number"),
    ("A05", "deepfashion2", raw(b'{"pair_id": 1, "pair_id": 2}'), r"key 'pair_id' stands twice"),
    ("A06", "deepfashion2", raw(b"[" * 100_000), r"000001\.json is not readable JSON"),
    ("A06", "coco", lambda path: path.write_bytes(b'{"images":' * 100_000), r"set\.json is not readable JSON"),
    ("A07", "coco", huge_file, rf"set\.json is too large; received: 500000000; needed: at most {MAX_FILE_BYTES} bytes"),
    ("A07", "deepfashion2", lambda f: huge_file(f / FIRST), r"000001\.json is too large"),
    ("A08", "deepfashion2", raw(b"[1, 2]"), r"000001\.json is not usable.*needed: an object"),
    ("A08", "coco", lambda path: path.write_bytes(b"[]"), r"set\.json is not usable.*needed: an object"),
    ("A09", "deepfashion2", raw(b'{"source": "user", "pair_id": 1,}'), r"000001\.json is not readable JSON"),
    ("A10", "deepfashion2", item(bounding_box=[1, 2, 10**400, 8]), r"item1\.bounding_box\[2\]"),
    ("A10", "deepfashion2", raw(b'{"pair_id": 1' + b"0" * 9000 + b"}"), r"000001\.json is not readable JSON"),
    ("A11", "deepfashion2", without("item1"), r"000001\.json: item1 is missing"),
    ("A12", "deepfashion2", photo(lambda c: c.update(item3=c["item1"])), None),  # a person may have removed one in VIA
    ("A13", "deepfashion2", item(category_id=0), r"item1\.category_id is not usable; received: 0; needed: .* 1 to 13"),
    ("A14", "deepfashion2", item(category_id=14), r"item1\.category_id is not usable; received: 14"),
    ("A15", "deepfashion2", item(category_id="3"), r"item1\.category_id is not usable; received: '3'"),
    (
        "A16",
        "deepfashion2",
        item(category_name="trousers"),
        r"item1\.category_name is not usable; received: 'trousers'",
    ),
    ("A17", "deepfashion2", item(bounding_box=[1, 2, 3]), r"item1\.bounding_box .*3 values'; needed: 4 numbers"),
    ("A18", "deepfashion2", item(bounding_box=[30, 2, 3, 30]), r"item1\.bounding_box .*x1 < x2"),
    ("A19", "deepfashion2", item(bounding_box=[-9, 2, 31, 31]), r"item1\.bounding_box .*within the picture"),
    (
        "A20",
        "deepfashion2",
        item(bounding_box=[2, 2, 50, 31]),
        r"item1\.bounding_box .*within the picture of 40 x 40 px",
    ),
    ("A21", "deepfashion2", item(bounding_box=[9, 9, 9, 9]), r"item1\.bounding_box .*x1 < x2"),
    ("A22", "deepfashion2", item(bounding_box=[2, 2, "30", 30]), r"item1\.bounding_box\[2\] .*received: '30'"),
    (
        "A23",
        "deepfashion2",
        item(segmentation=[[20, 20, 39, 20, 39, 39, 20, 39]], bounding_box=[15, 15, 25, 25]),
        r"item1\.bounding_box .*remedy: write x1, y1, x2, y2 instead of x, y, width, height",
    ),
    ("A24", "deepfashion2", outline([1, 2, 3, 4, 5, 6, 7]), r"item1\.segmentation\[0\] .*7 numbers"),
    ("A25", "deepfashion2", outline([1, 2, 3, 4]), r"item1\.segmentation\[0\] .*three to"),
    ("A26", "deepfashion2", outline([1, 2]), r"item1\.segmentation\[0\] .*2 numbers"),
    ("A27", "deepfashion2", outline([]), r"item1\.segmentation\[0\] .*0 numbers"),
    ("A27", "deepfashion2", outline(), r"item1\.segmentation .*at least one polygon"),
    ("A28", "deepfashion2", outline([2, 2, 30, 30, 30, 2, 2, 30]), r"item1\.segmentation\[0\] .*crosses itself"),
    ("A29", "deepfashion2", outline([2, 2, 16, 16, 30, 30]), r"item1\.segmentation .*points on a line"),
    ("A30", "deepfashion2", outline([2, 2, 60, 2, 30, 30]), r"item1\.segmentation\[0\] lies outside"),
    ("A31", "deepfashion2", outline(points(10**6)), r"item1\.segmentation\[0\] .*2000000 numbers"),
    ("A32", "deepfashion2", outline(SQUARE, [9, 9, 20, 9, 20, 20]), None),  # cannot be told from a panel
    ("A33", "deepfashion2", outline(SQUARE, SQUARE_BACK), None),  # the union is the same
    ("A34", "deepfashion2", outline([[2, 2, 30, 2, 30, 30]]), r"item1\.segmentation\[0\]\[0\] .*a number"),
    ("A35", "deepfashion2", outline([2, 2, 30, 2, 30, 30, 2, 30, 2, 2, 2, 2]), None),
    ("A36", "deepfashion2", item(bounding_box=[2, 2, 12, 12]), r"item1\.bounding_box .*a box like the outlines' own"),
    ("A37", "deepfashion2", item(landmarks=[0] * 72), r"item1\.landmarks .*72 values'; needed: 75 numbers"),
    ("A38", "deepfashion2", item(landmarks=[5, 5, 3] + [0] * 72), r"item1\.landmarks\[2\] .*visibility"),
    ("A39", "deepfashion2", without("pair_id"), r"000001\.json has no `pair_id`"),
    ("A40", "deepfashion2", photo(lambda c: c.update(source="shop")), None),
    (
        "A41",
        "deepfashion2",
        photo(lambda c: c.update(source="User")),
        r"source .*received: 'User'; needed: one of user",
    ),
    ("A42", "deepfashion2", item(scale=0, zoom_in=4), r"item1\.scale .*1 to 3"),
    ("A42", "deepfashion2", item(scale=0, zoom_in=4), r"item1\.zoom_in .*received: 4"),
    ("A43", "deepfashion2", lambda f: (f / "image/000001.jpg").unlink(), r"annos/000001\.json has no picture"),
    ("A44", "deepfashion2", lambda f: (f / FIRST).unlink(), r"image/000001\.jpg has no annotation"),
    ("A45", "coco", turn_by_exif, r"000001\.jpg .*received: 40 x 30 pixels with the orientation in its EXIF data"),
    (
        "A46",
        "deepfashion2",
        lambda f: (f / "image/000001.jpg").rename(f / "image/1.jpg"),
        r"image/1\.jpg has no annotation.*remedy: rename it like 000001: the names must be equal, zeros included",
    ),
    ("A47", "coco", coco(lambda c: c["images"][1].update(id=1)), r"images\[1\]\.id .*stands there once"),
    ("A48", "coco", coco(lambda c: c["annotations"][1].update(id=1)), r"annotations\[1\]\.id .*stands there once"),
    ("A49", "coco", garment(image_id=77), r"annotations\[0\]\.image_id .*the id of one of the images"),
    ("A50", "coco", garment(category_id=77), r"annotations\[0\]\.category_id .*the id of one of the categories"),
    ("A51", "coco", garment(id=9000), None),
    ("A52", "coco", garment(iscrowd=1), r"annotations\[0\]\.iscrowd .*set iscrowd to 0"),
    ("A53", "coco", garment(segmentation=PACKED_RLE), None),
    ("A53", "coco", garment(segmentation=SQUARE_RLE), None),
    ("A54", "coco", garment(segmentation={**SQUARE_RLE, "size": [40, 41]}), r"segmentation\.size .*height and width"),
    ("A55", "coco", garment(segmentation={"size": [40, 40], "counts": [9, 9]}), r"counts .*18 pixels'; needed: 1600"),
    ("A56", "coco", garment(segmentation={"size": [40, 40], "counts": [-9, 1609]}), r"counts\[0\] .*0 or more pixels"),
    ("A57", "coco", garment(area=0), r"annotations\[0\]\.area .*above 0"),
    ("A58", "coco", image(file_name="../../etc/passwd"), r"images\.1\.file_name|images\[1\]\.file_name"),
    ("A59", "coco", image(file_name="/etc/passwd"), r"file_name .*within the folder of pictures"),
    ("A60", "coco", image(file_name="..\\000001.jpg"), r"file_name .*within the folder of pictures"),
    ("A61", "coco", image(file_name="https://example.org/1.jpg"), r"file_name .*within the folder of pictures"),
    ("A62", "coco", image(license=0), None),  # the data set's own converter writes it; licences stand in the ledger
    ("A63", "via", entry(as_version_1), None),
    ("A64", "via", region(CIRCLE), None),
    ("A64", "via", region({"name": "ellipse", "cx": 16, "cy": 16, "rx": 15, "ry": 14}), None),
    ("A64", "via", region({"name": "polyline", "all_points_x": [2, 30, 16], "all_points_y": [2, 2, 31]}), None),
    (
        "A64",
        "via",
        region({"name": "point", "cx": 3, "cy": 4}),
        r"000001\.jpg\d+\.item1 .*remedy: draw the outline in VIA",
    ),
    ("A65", "via", region({"name": "polygon", "all_points_x": [1, 2, 3], "all_points_y": [1, 2]}), r"all_points_y .*3"),
    ("A66", "via", lambda path: save_again(path.parent / "000001.jpg"), r"of the picture 000001\.jpg that is there"),
    ("A66", "via", entry(lambda c: c.update(size=5)), r"000001\.jpg\d+ .*the key '000001\.jpg5'"),
    ("A67", "via", as_project, None),
    ("A68", "via", entry(lambda c: c["regions"][0].update(region_attributes={})), r"region1\.name is missing"),
    ("A69", "via", region(name="셔츠"), r"item1\.name .*received: '셔츠'; needed: one of short sleeve top"),
    ("A70", "via", region({"name": "polygon", "all_points_x": [2.5, 30.0, 9], "all_points_y": [2, 2.25, 30]}), None),
    (
        "A71",
        "coco",
        coco(lambda c: c["images"][1].update(file_name="test/000001.jpg")),
        r"000001\.jpg is not the only picture of its name",
    ),
    ("A72", "coco", lambda path: change(path, lambda c: c.update(images=[], annotations=[])), r"describes no picture"),
]


def import_set(source: Path, target: Path, from_format: str, *options: str) -> int:
    """Run `tryon convert` to a format that needs the pictures; returns the exit code."""
    to_format = "coco" if from_format == "via" else "via"
    with pytest.raises(SystemExit) as ended:
        main(["convert", str(source), str(target), "--from", from_format, "--to", to_format, *options])
    return int(ended.value.code or 0)


def test_there_is_a_test_for_each_row_of_the_table() -> None:
    assert sorted({row[0] for row in ROWS}) == [f"A{number:02d}" for number in range(1, 73)]


@pytest.mark.parametrize(
    ("from_format", "damage", "words"),
    [pytest.param(*row[1:], id=f"{row[0]}-{number}") for number, row in enumerate(ROWS)],
)
def test_bad_input_is_handled_as_the_table_says(
    from_format: str,
    damage: Damage,
    words: str | None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = MAKERS[from_format](tmp_path / "in")
    damage(source)
    target = tmp_path / "out.json"
    target.write_text("old")
    started = time.process_time()
    code = import_set(source, target, from_format)
    assert time.process_time() - started < 5  # bounded, whatever the file holds; 0.02 s is usual
    output = capsys.readouterr()
    assert "Traceback" not in output.err
    if words is None:
        assert code == 0, output.err
        assert output.out == f"{target}: annotations of 3 pictures\n"
        return
    assert (code, output.out, target.read_text()) == (1, "", "old")
    assert list(tmp_path.glob("out*")) == [target]
    assert_line(output.err, words)


def assert_line(message: str, words: str) -> None:
    """One fault stands in one line; a single fault is shown on several, which are joined here."""
    lines = message.splitlines()
    joined = lines[1:] if " faults" in lines[0] else ["; ".join(line.strip() for line in lines)]
    assert any(re.search(words, line) and "remedy: " in line for line in joined) or "describes no picture" in message, (
        message
    )


def damage_all(folder: Path) -> None:
    for path in sorted((folder / "annos").iterdir()):
        change(path, lambda content: content["item1"].update(scale=9, style=-1, bounding_box=[1, 2, 3]))


def test_all_faults_of_a_set_are_told_at_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = deepfashion2_folder(tmp_path / "in")
    damage_all(source)
    (source / "image/000003.jpg").unlink()
    assert import_set(source, tmp_path / "out.json", "deepfashion2") == 1
    first, *lines = capsys.readouterr().err.splitlines()
    assert first == f"tryon: {source}: 7 faults"
    assert len(lines) == 7 and all("; needed: " in line and "; remedy: " in line for line in lines)
    assert [re.search(r"0000\d\d\S*( item1\.\w+)?", line)[0] for line in lines] == [
        *(f"00000{n}.json: item1.{key}" for n in (1, 2) for key in ("scale", "style", "bounding_box")),
        "000003.json",
    ]


@pytest.mark.parametrize("from_format", ["deepfashion2", "coco", "via"])
def test_a_long_list_of_faults_is_cut(from_format: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = MAKERS[from_format](tmp_path / "in")
    wrong = [[1, 2]] * 2000
    if from_format == "deepfashion2":
        outline(*wrong)(source)
    elif from_format == "coco":
        garment(segmentation=wrong)(source)
    else:
        entry(lambda content: content.update(regions=[5] * 2000))(source)
    assert import_set(source, tmp_path / "out.json", from_format) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].endswith(": 2000 faults") and len(lines) == 52 and lines[-1] == "  ... and 1950 more"


def large_set(folder: Path, count: int) -> Path:
    for number in range(1, count + 1):
        write_json(folder / "annos" / f"{number:06d}.json", content(number))
        write_picture(folder / "image" / f"{number:06d}.jpg")
    return folder


def test_skip_bad_leaves_out_one_in_a_hundred_and_counts_by_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, target = large_set(tmp_path / "in", 200), tmp_path / "out.json"
    item(scale=9)(source)
    (source / "annos/000002.json").write_bytes(b"")
    assert import_set(source, target, "deepfashion2", "--skip-bad") == 0
    assert capsys.readouterr().out == (
        f"{target}: annotations of 198 pictures\nleft out, no JSON: 1\nleft out, scale: 1\n"
    )
    assert "000001" not in target.read_text() and "000003" in target.read_text()
    (source / "image/000003.jpg").unlink()
    before = target.read_bytes()
    assert import_set(source, target, "deepfashion2", "--skip-bad") == 1
    assert "3 of 200 pictures are faulty, more than 1%" in capsys.readouterr().err
    assert target.read_bytes() == before


@pytest.mark.parametrize("from_format", ["coco", "via"])
def test_skip_bad_leaves_out_the_whole_picture(from_format: str, tmp_path: Path) -> None:
    source = MAKERS[from_format](tmp_path / "in")
    (garment(scale=9) if from_format == "coco" else region(scale="9"))(source)
    formats = {"from_format": conversion.Format(from_format), "to_format": conversion.Format.DEEPFASHION2}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(conversion, "MAX_SKIPPED", 0.5)
        converted = conversion.convert(source, tmp_path / "out", **formats, skip_bad=True)
    assert (converted.pictures, dict(converted.skipped)) == (2, {"scale": 1})
    assert [path.name for path in sorted((tmp_path / "out/annos").iterdir())] == ["000002.json", "000003.json"]
