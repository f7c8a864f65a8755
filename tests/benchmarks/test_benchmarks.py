"""Each benchmark runs at a tiny size and prints its table; what it counts, on cases anyone can check."""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from benchmarks import (
    annotations,
    cloth_frames,
    coverings,
    cyclegan,
    fitting,
    mask_rcnn,
    mask_refinement,
    near_duplicates,
    patterns,
    refusals,
    rendering,
    slices,
    timing,
)
from tests.fitting.stand_ins import BLUE, ColourPredictor, FlatGenerator
from tests.stages.fitting_data import write_folders
from tryon.config import load_params
from tryon.fitting import Fitter, Segment
from tryon.formats.deepfashion2 import write_annotation
from tryon.images.files import read_image, write_jpeg
from tryon.images.patterns import Look
from tryon.rendering.annotation import annotate_garment, annotate_photo
from tryon.rendering.dataset import draw_photo, plan_garments
from tryon.rendering.photo import wear
from tryon.rendering.shop import render_garment

SMALL_RENDER = """\
  size_px: 64
  photos: {train: 4, validation: 0, test: 0}
  garments_per_pattern: {train: 4, validation: 0, test: 0}"""


@pytest.fixture
def small(workspace: Path) -> Iterator[Path]:
    """A workspace whose parameter file renders small pictures, and few of them; OpenCV's threads are put back."""
    text = (workspace / "params.yaml").read_text()
    start, end = text.index("  size_px: 256"), text.index("\n  answer_patterns")
    (workspace / "params.yaml").write_text(text[:start] + SMALL_RENDER + text[end:])
    threads = cv2.getNumThreads()
    yield workspace
    cv2.setNumThreads(threads)


def printed(program: Any, capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """What a benchmark prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [program.__name__, *map(str, arguments)])
        program.main()
    return capsys.readouterr().out


def test_rendering(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "photos/s drawn" in printed(rendering, capsys, "--photos", 1, "--size-px", 64)


def test_slices(capsys: pytest.CaptureFixture[str]) -> None:
    lines = printed(slices, capsys, "--photos", 8, "--size-px", 128).splitlines()
    assert [line[:13] for line in lines] == ["quantiles in ", "short sleeves", "half sleeves ", "close outline"]
    counts = [re.search(r"(\d+) of (\d+) reach", line).groups() for line in lines[1:]]
    assert counts[0][0] == "0" and counts[1][0] == counts[1][1] != "0", "the lengths tell the two apart"
    assert int(counts[0][1]) + int(counts[1][1]) == int(counts[2][1]) == 8


def test_near_duplicates(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "pictures").mkdir()
    grey = np.tile(np.arange(64, dtype=np.uint8)[None, :, None] * 3, (64, 1, 3))
    write_jpeg(small / "pictures/a.jpg", grey)
    write_jpeg(small / "pictures/b.jpg", np.ascontiguousarray(grey[:, ::-1]))
    out = printed(near_duplicates, capsys, "--count", 2, "--pictures", "pictures")
    assert [f"2 {name}" in out for name in ("rendered photos", "rendered garments", "pictures")] == [True] * 3
    assert out.rstrip().endswith("0 bits")  # each of the two is the other's mirror image


def test_distance_takes_the_better_side_and_limits_count_what_lies_on_them() -> None:
    assert near_duplicates.distance((0b1111, 0b0001), (0b0000, 0b1111)) == 1
    assert near_duplicates.shares([0, 2, 3, 11]) == ["25%", "50%", "75%", "75%", "75%"]


@pytest.mark.parametrize("share, size", [(0.01, (98, 196)), (0.001, (98, 198)), (0.03, (94, 188))])
def test_cropping_takes_its_share_of_each_side(share: float, size: tuple[int, int]) -> None:
    assert near_duplicates.cropped(np.zeros((100, 200, 3), np.uint8), share).shape[:2] == size


def test_patterns_of_drawn_and_of_listed_garments(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (small / "experiments").mkdir()
    (small / "experiments/real.yaml").write_text(
        "garments: {select: {blue: {pattern: [plain], colour: [blue]}, striped: {pattern: [striped]}}}"
    )
    write_collection(small / "collection")
    out = printed(patterns, capsys, "--worn", 12, "--garments", "collection")
    assert [title in out for title in ("real garments, 128 px", "worn, to blue")] == [True, True]
    (line,) = (line for line in out.splitlines() if line.startswith(" real garments  "))
    assert line.split()[2:5] == ["8", "/", "5"]  # four plain, four blue; four navy stripes, one of another colour


def test_patterns_of_too_few_shirts_say_so(small: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="among 1 drawn worn shirts"):
        printed(patterns, capsys, "--worn", 1)


def write_collection(folder: Path) -> None:
    """The garments of the parameter file, as a collection, and a plain one with a logo."""
    (folder / "images").mkdir(parents=True)
    (folder / "annos").mkdir()
    params = load_params()
    rows = ["file,pattern,colour,small_logo"]
    for entry in plan_garments(params.render, params.seed):
        garment = render_garment(entry.layout, entry.look)
        write_jpeg(folder / "images" / entry.file_name, garment.image)
        write_annotation(folder / f"annos/{entry.number:06d}.json", annotate_garment(garment, entry.layout.frame))
        rows.append(f"{entry.file_name},{entry.look.pattern},{entry.look.colour},0")
    (folder / "annos/000001.json").write_text("this one is not read")
    (folder / "labels.csv").write_text("\n".join([*rows, "000001.jpg,plain,blue,1"]) + "\n")


def test_spread_of_distances() -> None:
    assert patterns.spread([0.6, 0.9]) == ["2", "0.60", "0.75", "0.87", "50%", "50%", "100%", "100%"]
    assert patterns.spread([])[:2] == ["0", "-"]


def test_belongs_needs_every_column() -> None:
    look = Look((0, 0, 0), (0, 0, 0), (0, 0, 0), 0.0, 0.0, 0.0)
    blue = patterns.Sample({"pattern": "plain", "colour": "blue"}, look, 0.0)
    assert patterns.belongs(blue, {"pattern": ["plain", "striped"], "colour": ["blue"]})
    assert not patterns.belongs(blue, {"pattern": ["plain"], "colour": ["navy"]})


def write_one_photo(folder: Path) -> None:
    """A drawn photo in DeepFashion2's layout."""
    drawn, look, _ = draw_photo(1, "test", 0, 64)
    write_jpeg(folder / "image/000001.jpg", wear(drawn, look).image)
    (folder / "annos").mkdir()
    write_annotation(folder / "annos/000001.json", annotate_photo(drawn))


def test_refusals_of_a_model(small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(refusals, "load_predictor", {Path("models/mask_rcnn"): FindsLeftHalf()}.__getitem__)
    write_one_photo(small / "photos")
    out = printed(refusals, capsys, "--count", 1, "--photos", "photos")
    rows = [re.split(r"\s{2,}", line.strip())[:3] for line in out.splitlines()[2:]]
    kinds = [f"backdrop: {kind}" for kind in ("plain", "gradient", "room", "street")]
    kinds += ["blobs of colour", "noise", "rendered test photos", "photos"]
    assert rows == [[kind, "1", "1"] for kind in kinds]


def test_coverings(small: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverings, "load_predictor", {Path("models/mask_rcnn"): FindsLeftHalf()}.__getitem__)
    write_one_photo(small / "photos")
    lines = printed(coverings, capsys, "--count", 2, "--photos", "photos").splitlines()[2:]
    (shirts, wrong, *_), (own_shirts, own_wrong, *_) = ([int(one) for one in line.split()[-5:]] for line in lines)
    assert shirts == 2 and wrong > 64 * 8, "half of the picture is no shirt"
    assert (own_shirts, own_wrong) == (1, 0)


def test_pixels_left_out_are_the_shirts_or_not() -> None:
    picture = np.full((100, 100, 3), (230, 200, 60), np.uint8)
    mask = np.zeros((100, 100), bool)
    mask[20:80, 20:80] = True
    picture[~mask] = (150, 160, 150)
    picture[:, 48:52] = 20
    truth = mask & (picture[..., 0] != 20)
    assert coverings.row("a strap", [(picture, mask, truth)]) == ("a strap", "1", "240", "240", "0", "0")
    assert coverings.row("a stripe", [(picture, mask, mask)]) == ("a stripe", "1", "0", "0", "240", "1")


@dataclass
class Found:
    """What a predictor said of one picture."""

    scores: np.ndarray
    mask_probs: np.ndarray
    landmarks: None = None
    face: None = None


class FindsLeftHalf:
    """Finds a shirt in the left half of every picture that is not black."""

    def predict(self, images: list[np.ndarray]) -> list[Found]:
        return [self._look_at(image) for image in images]

    def _look_at(self, image: np.ndarray) -> Found:
        count = int(image.any())
        probs = np.zeros((count, *image.shape[:2]), np.float32)
        probs[:, :, : image.shape[1] // 2] = 1
        return Found(np.full(count, 0.9), probs)


def test_a_shirt_is_found_where_it_is_and_refused_where_nothing_is_said() -> None:
    black, grey = np.zeros((32, 32, 3), np.uint8), np.full((32, 32, 3), 99, np.uint8)
    left, right = (np.tile(np.arange(32) < 16, (32, 1)) == side for side in (True, False))
    fitting = load_params().fitting
    people = [(grey, [left]), (grey, [right]), (grey, [right, left]), (black, [left])]
    assert refusals.row("people", people, FindsLeftHalf(), fitting) == ("people", "4", "3", "2", "0.90")
    assert refusals.row("walls", [(black, None)], FindsLeftHalf(), fitting) == ("walls", "1", "0", "-", "-")


def test_boxes_beside_their_outlines_and_outlines_of_fewer_points(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn, _, _ = draw_photo(1, "test", 0, 64)
    write_annotation(tmp_path / "a.json", annotate_photo(drawn))
    out = printed(annotations, capsys, tmp_path / "a.json", "--points", "12", "999").splitlines()
    assert out[2].split()[:4] == ["a.json", "item1", "3", "0"]  # three pixels beyond the last one
    assert 0.7 < float(out[2].split()[4]) < 1 and out[2].split()[5] == "0"
    assert [line.split()[:2] for line in out[-2:]] == [["12", "1"], ["999", "1"]]
    assert 0.7 < float(out[-2].split()[2]) < float(out[-1].split()[2]) <= 1


def test_mask_refinement_scores_every_method_on_the_photo_and_its_mirror_image() -> None:
    truth = np.zeros((60, 60), bool)
    truth[20:40, 10:30] = True
    photo = np.where(truth[..., None], np.uint8(200), np.uint8(40)) * np.ones(3, np.uint8)
    probs = cv2.GaussianBlur(np.roll(truth, 3, axis=1).astype(np.float32), (0, 0), 3)
    shirt = mask_refinement.Shirt(photo, truth, probs, probs)
    rows = {method: mask_refinement.score([shirt], method) for method in ("none", "graph_cut")}
    plain, mended = (list(map(float, rows[method][1:])) for method in ("none", "graph_cut"))
    assert mended[0] > plain[0] and mended[1] > plain[1] and mended[2] < plain[2]
    assert plain[3] == 1 and mended[3] > 0.9


def test_the_nearest_mask_is_the_one_that_overlaps_most() -> None:
    truth = np.tile(np.arange(8) < 4, (8, 1))
    masks = np.stack([~truth, np.tile(np.arange(8) < 3, (8, 1))]).astype(np.float32)
    assert np.array_equal(mask_refinement.nearest(masks, truth), masks[1])
    assert mask_refinement.nearest(masks[:1], truth) is None


@pytest.mark.slow
@pytest.mark.parametrize("case", ["inference", "heads"])
def test_mask_rcnn_is_timed_in_a_process_of_its_own(case: str, workspace: Path, capfd: Any) -> None:
    size = ("--size-px", "64", "--threads", "1", "--repeats", "1", "--warm-up", "1", "--batch", "1")
    printed(mask_rcnn, capfd, "--backbone", "light", *size, "--cases", case, "--out", "speed.json")
    report = json.loads((workspace / "speed.json").read_text())
    assert (report["backbone"], report["size_px"], report["threads"]) == ("light", 64, 1)
    (measured,) = report["cases"]
    assert (measured["case"], measured["batch"]) == (case, 1)
    assert 0 < measured["least_ms"] <= measured["median_ms"] and measured["peak_memory_mib"] > 100
    assert 0 < measured["fraction_of_ceiling"] < 1.5 and all(spent > 0 for spent in measured["parts_ms"].values())


@pytest.mark.slow
def test_a_step_of_cyclegan_is_timed_in_a_process_of_its_own(workspace: Path, capfd: Any) -> None:
    size = ("--size-px", "32", "--blocks", "2", "--filters", "4", "--critic-filters", "4", "--batch", "2")
    printed(cyclegan, capfd, *size, "--threads", "1", "--repeats", "1", "--cases", "step", "--out", "speed.json")
    report = json.loads((workspace / "speed.json").read_text())
    assert (report["networks"], report["size_px"], report["generator_blocks"], report["threads"]) == ("paper", 32, 2, 1)
    (measured,) = report["cases"]
    assert (measured["case"], measured["batch"]) == ("step", 2)
    assert 0 < measured["least_ms"] <= measured["median_ms"] and measured["peak_memory_mib"] > 100


@pytest.mark.slow
def test_operations_of_a_generator_are_those_of_its_plain_convolutions() -> None:
    from tryon.models.cyclegan import Architecture, build_generator

    cells = 32 * 32
    expected = cells * 2 * (49 * 3 * 4) + cells / 4 * 2 * (9 * 4 * 8) + cells / 16 * 2 * (9 * 8 * 16)
    expected += 2 * cells / 16 * 2 * (9 * 16 * 16)
    expected += cells / 16 * 2 * (9 * 16 * 8) + cells / 4 * 2 * (9 * 8 * 4) + cells * 2 * (49 * 4 * 3)
    assert cyclegan.operations(build_generator(Architecture(32, 4, 1, 4))) == expected


@pytest.mark.slow
def test_operations_of_convolutions_and_products_are_counted_by_hand() -> None:
    import tensorflow as tf

    image, kernel = tf.zeros((2, 8, 8, 3)), tf.zeros((3, 3, 3, 5))

    def both(picture: Any) -> Any:
        cells = tf.nn.conv2d(picture, kernel, strides=2, padding="SAME")  # (2, 4, 4, 5)
        return tf.matmul(tf.reshape(cells, (2, 80)), tf.zeros((80, 7)))

    def backwards(picture: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch([picture, kernel])
            out = tf.nn.conv2d(picture, kernel, strides=2, padding="SAME")
        return tape.gradient(out, [picture, kernel])

    forwards = 2 * (2 * 4 * 4 * 5) * 27
    assert timing.graph_operations(both, image) == forwards + 2 * 2 * 80 * 7
    assert timing.graph_operations(backwards, image) == 3 * forwards


def test_every_way_of_fitting_is_scored_against_the_exact_answers(
    workspace: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_folders(workspace)
    lying = Path("data/rendered/garments/annos")
    lying.mkdir(parents=True)
    shutil.copy(Path("data/photos/test/annos/000001.json"), lying / "000010.json")
    generators = {"blue": FlatGenerator(BLUE), "striped": FlatGenerator(BLUE, striped=True)}
    monkeypatch.setattr(
        Fitter, "load", lambda _, __, config, margin: Fitter(ColourPredictor(), generators, config, margin)
    )
    out = printed(fitting, capsys, "--sheet", "sheet.png")
    rows = {line.split("  ")[0].strip(): line.split() for line in out.splitlines() if " blue " in line}
    assert len(rows) == 17
    assert float(rows["as in params.yaml"][-6]) < float(rows["flat fill"][-6]) < float(rows["detail: 0"][-6]) + 5
    assert read_image(Path("sheet.png")).shape[1] > 17 * 192


def test_cloth_frames_of_true_landmarks_are_the_renderers_own() -> None:
    """A network that is always right sees the neck's corners where all cuts have them: 3.6 cm above its hollow."""
    photos = cloth_frames.photos(3, 20, 256)
    drawn = next(each for each in photos if (each.landmarks > 5).all() and (each.landmarks < 250).all())
    mask = drawn.canvas.alpha[1::2, 1::2] > 0.5
    look = Look((0, 0, 0), (0, 0, 0), (0, 0, 0), 0.0, 0.0, 0.0)
    landmarks = np.concatenate([drawn.landmarks, np.ones((25, 1))], axis=1).astype(np.float32)
    found = Segment(mask, 1.0, look, np.zeros((1, 3), np.float32), drawn.picture, landmarks)
    places = dict(cloth_frames.sightings(drawn, found))
    assert places["neck"][1] == pytest.approx(-3.6, abs=0.8) and 6 < places["neck"][0] < 10
    assert places["hem"][1] == pytest.approx(places["lower end"][1], abs=4) and places["hem"][1] > 48
    sleeves = list(cloth_frames.sleeves(drawn, found, "worn"))
    assert sleeves and all(each.cuff[1] > each.places[:, 1].min() and (each.own_y > 0).mean() > 0.9 for each in sleeves)


def test_cloth_frames_find_the_joint_that_sleeves_turn_about() -> None:
    rng = np.random.default_rng(0)
    joint, at_joint, seen = np.array([16.0, 5.0]), 3.0, []
    for angle in np.linspace(0, 1.2, 12):
        along, across = np.array([np.sin(angle), np.cos(angle)]), np.array([np.cos(angle), -np.sin(angle)])
        y = rng.uniform(0, 20, 50)
        places = joint + y[:, None] * along + rng.uniform(-7, 7, 50)[:, None] * across
        seen.append(cloth_frames.Sleeve(places, y + at_joint, joint + 20 * along))
    rows = {row[0]: row for row in cloth_frames.sleeve_rows(seen)}
    assert rows["joint"][2:5] == ("16.0", "5.0", "1.00") and rows["joint, on the sleeve"][3] == "3.0"
