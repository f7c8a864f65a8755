"""The dataset on disk."""

import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest

from tryon.config import RenderConfig
from tryon.errors import ConfigError
from tryon.formats.deepfashion2 import read_annotation
from tryon.formats.tables import read_table
from tryon.images.files import read_image
from tryon.rendering.dataset import (
    FAMILIES,
    LABEL_COLUMNS,
    PAIR_COLUMNS,
    SPLITS,
    draw_photo,
    plan_garments,
    stream,
    write_dataset,
)

SEED = 7


def config(**changes) -> RenderConfig:
    values = {
        "size_px": 64,
        "photos": {"train": 3, "validation": 1, "test": 4},
        "garments_per_pattern": {"train": 2, "validation": 1, "test": 2},
        "answer_patterns": ["blue", "striped"],
    }
    return RenderConfig(**(values | changes))


def write(folder: Path, **changes) -> Path:
    write_dataset(config(**changes), SEED, folder / "photos", folder / "garments", folder / "pairs")
    return folder


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> Path:
    return write(tmp_path_factory.mktemp("rendered"))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_any_number_of_workers_writes_the_same_bytes_and_each_picture_is_watched(written, tmp_path):
    watched = []

    def watch(items):
        for item in items:
            watched.append(item)
            yield item

    folders = (tmp_path / "photos", tmp_path / "garments", tmp_path / "pairs")
    write_dataset(config(), SEED, *folders, workers=2, watch=watch)
    assert contents(tmp_path) == contents(written)
    assert len(watched) == sum(config().photos.values()) + len(
        read_table(written / "garments/labels.csv", LABEL_COLUMNS)
    )


def test_workers_end_with_a_killed_parent(tmp_path):
    program = (
        "from pathlib import Path; from tests.rendering.test_dataset import config; "
        "from tryon.rendering.dataset import write_dataset; "
        f"write_dataset(config(photos={{'train': 500, 'validation': 0, 'test': 0}}), 1, "
        f"*(Path({str(tmp_path)!r}) / n for n in 'abc'), workers=2)"
    )
    parent = subprocess.Popen([sys.executable, "-c", program], cwd=Path(__file__).parents[2])
    try:
        workers = wait_for(lambda: len(children(parent.pid)) >= 3 and children(parent.pid))
    finally:
        parent.kill()
        parent.wait()
    wait_for(lambda: not any(alive(worker) for worker in workers))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False


def wait_for(condition, seconds: float = 30.0):
    end = time.monotonic() + seconds
    while not (met := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return met


def test_the_layout_is_as_agreed(written):
    for split, count in config().photos.items():
        images = sorted(path.stem for path in (written / "photos" / split / "image").glob("*.jpg"))
        annos = sorted(path.stem for path in (written / "photos" / split / "annos").glob("*.json"))
        assert images == annos
        assert len(images) == count
    assert {path.name for path in (written / "garments").iterdir()} == {"images", "annos", "labels.csv"}
    assert {path.name for path in (written / "pairs").iterdir()} == {"answers", "pairs.csv"}


def test_numbers_are_unique_over_all_pictures(written):
    names = [path.name for path in written.rglob("*.jpg")]
    assert len(names) == len(set(names))


def test_labels_name_every_garment(written):
    rows = read_table(written / "garments" / "labels.csv", LABEL_COLUMNS)
    assert [row["file"] for row in rows] == sorted(path.name for path in (written / "garments" / "images").iterdir())
    assert {row["pattern"] for row in rows} == {"plain", "striped", "dotted", "checked", "print", "other"}
    assert {row["view"] for row in rows} <= {"flat", "hanging"}
    assert {row["split"] for row in rows} == set(SPLITS)
    blue = [row for row in rows if row["pattern"] == "plain" and row["colour"] == "blue"]
    assert len(blue) == 5


def test_every_picture_has_a_readable_annotation(written):
    for path in written.rglob("annos/*.json"):
        annotation = read_annotation(path)
        picture = path.parent.parent / ("image" if annotation.source == "user" else "images") / f"{path.stem}.jpg"
        assert read_image(picture).shape == (64, 64, 3)
        assert annotation.items["item1"].mask(64, 64).mean() > 0.015


def test_pairs_are_plain_test_photos_with_test_garments(written):
    rows = read_table(written / "pairs" / "pairs.csv", PAIR_COLUMNS)
    labels = {row["file"]: row for row in read_table(written / "garments" / "labels.csv", LABEL_COLUMNS)}
    assert len(rows) == 2 * 3  # photos 0, 1 and 3 of four wear plain
    for row in rows:
        assert (written / "photos" / "test" / "image" / row["photo"]).is_file()
        garment = labels[row["garment"]]
        assert garment["split"] == "test"
        assert garment["colour"] == {"blue": "blue", "striped": "navy"}[row["pattern"]]
        assert row["answer"] == f"answers/{row['photo'][:-4]}__{row['garment'][:-4]}.png"


def test_answers_differ_from_their_photo_at_the_shirt_only(written):
    for row in read_table(written / "pairs" / "pairs.csv", PAIR_COLUMNS):
        photo = read_image(written / "photos" / "test" / "image" / row["photo"])
        answer = read_image(written / "pairs" / row["answer"])
        changed = (photo != answer).any(axis=2)
        item = read_annotation(written / "photos" / "test" / "annos" / f"{row['photo'][:-4]}.json").items["item1"]
        mask = item.mask(64, 64).astype(np.uint8)
        assert changed[mask.astype(bool)].mean() > 0.9
        assert not changed[~cv2.dilate(mask, np.ones((7, 7), np.uint8)).astype(bool)].any()


def test_the_same_seed_twice_is_byte_equal(written, tmp_path):
    assert contents(write(tmp_path)) == contents(written)


def test_a_picture_does_not_depend_on_how_many_there_are(written, tmp_path):
    fewer = write(tmp_path, photos={"train": 3, "validation": 0, "test": 1})
    for number in (1, 2, 3):
        name = f"photos/train/image/{number:06d}.jpg"
        assert (fewer / name).read_bytes() == (written / name).read_bytes()
    first_test = (fewer / "photos/test/image/000004.jpg").read_bytes()
    assert first_test == (written / "photos/test/image/000005.jpg").read_bytes()


def test_streams_of_different_keys_differ():
    draws = {stream(SEED, *key).random() for key in [(0, 0, 0), (0, 0, 1), (0, 1, 0), (1, 0, 0)]}
    assert len(draws) == 4
    assert stream(SEED, 0, 1).random() == stream(SEED, 0, 1).random()


def test_two_of_three_test_people_wear_plain():
    families = [draw_photo(SEED, "test", index, 32)[2] for index in range(9)]
    assert [family == "plain" for family in families] == [True, True, False] * 3


def test_an_answer_pattern_that_nobody_sells_is_a_config_error(tmp_path):
    with pytest.raises(ConfigError, match="tartan") as caught:
        write(tmp_path, answer_patterns=["blue", "tartan"])
    assert "striped" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_no_test_garments_and_no_test_photos_is_fine(tmp_path):
    nothing = {"train": 1, "validation": 0, "test": 0}
    written = write(tmp_path, photos=nothing, garments_per_pattern=nothing)
    assert read_table(written / "pairs" / "pairs.csv", PAIR_COLUMNS) == []


def test_every_family_is_on_sale():
    garments = list(plan_garments(config(), SEED))
    for split in SPLITS:
        assert {garment.family for garment in garments if garment.split == split} == set(FAMILIES)
