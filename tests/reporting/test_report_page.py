"""The report as a whole: one offline file, robust where parts are optional, plain words where one is missing."""

import importlib.util
import re
import shutil
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest

from tryon.config import load_params
from tryon.errors import DataError
from tryon.reporting import facts, page, reading, sections
from tryon.reporting.reading import Pair

ROOT = Path(__file__).parents[2]
KEY = "0123456789abcdef"

_spec = importlib.util.spec_from_file_location("artifact_tree", Path(__file__).parent / "artifact_tree.py")
artifact_tree = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(artifact_tree)


class Page(HTMLParser):
    """Every tag with its attributes, and whether tags are closed in order."""

    VOID = frozenset({"meta", "img", "input", "br", "link"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An artifact tree that no test changes."""
    root = tmp_path_factory.mktemp("tree")
    artifact_tree.write_tree(root)
    shutil.copy(ROOT / "params.yaml", root)
    return root


@pytest.fixture
def own_tree(tree: Path, tmp_path: Path) -> Path:
    """A copy to take things away from."""
    return Path(shutil.copytree(tree, tmp_path / "run"))


def render(root: Path) -> str:
    return page.render_page(root, load_params(root / "params.yaml"), KEY)


def test_the_page_is_one_well_formed_file_that_loads_nothing(tree: Path) -> None:
    text = render(tree)
    parsed = Page(text)
    assert parsed.open == []
    images = [attributes for tag, attributes in parsed.tags if tag == "img"]
    assert len(images) > 40
    assert all(image["src"].startswith("data:image/webp;base64,") and image["alt"] for image in images)
    assert not [tag for tag, _ in parsed.tags if tag in ("link", "iframe", "object")]
    links = [attributes["href"] for tag, attributes in parsed.tags if tag == "a"]
    assert all(link.startswith("#") or link == "data/index.html" for link in links)
    outside = re.sub(r'src="data:[^"]+"', "", text)
    assert not re.search(r"https?://|@import|url\(", outside)


def test_every_anchor_of_the_navigation_leads_to_a_section(tree: Path) -> None:
    parsed = Page(render(tree))
    anchors = [a["href"][1:] for tag, a in parsed.tags if tag == "a" and a["href"].startswith("#")]
    sections_found = [attributes["id"] for tag, attributes in parsed.tags if tag == "section"]
    assert anchors == sections_found
    assert len(set(sections_found)) == 8


def test_the_same_artifacts_give_the_same_bytes(tree: Path) -> None:
    assert render(tree) == render(tree)


def test_the_page_shows_figures_targets_baselines_and_facts(tree: Path) -> None:
    text = render(tree)
    for expected in (
        KEY,
        "0.979",
        "at least 0.970",
        "not met",
        "Recoloured by luminance",
        "Flat fill",
        "Photo left as it is",
    ):
        assert expected in text
    assert "The networks give the best value in 2 of 3 measures" in text
    assert "0123456789abcdef.dir" in text
    assert "mask_rcnn.learning_rate" in text
    assert "refused, no_shirt_in_photo" in text
    assert '<code>background_close</code></th><td class="number">3</td>' in text
    assert "0.777" in text and "Precision by recall: mask" in text and "Precision by recall: box" in text
    assert "000001.jpg: IoU 0.10, boundary IoU 0.05; scale_1, long_sleeves" in text
    assert "000000.jpg: IoU 0.00, boundary IoU 0.00; no slice" in text
    assert "epoch 16" in text
    assert "Pairs with a garment of pattern blue" in text
    assert "0.790" in text
    assert "Pairs with a garment of pattern striped" not in text


def test_headings_descend_one_level_at_a_time(tree: Path) -> None:
    levels = [int(tag[1]) for tag, _ in Page(render(tree)).tags if re.fullmatch(r"h[1-6]", tag)]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_names_from_files_are_escaped(own_tree: Path) -> None:
    metrics = reading.read_json(own_tree / "metrics/data.json", "validate_data")
    metrics |= {"expectations_failed": 1, "failed": ["<script>alert(1)</script>"]}
    artifact_tree.write_json(own_tree / "metrics/data.json", metrics)
    text = render(own_tree)
    assert "&lt;script&gt;alert(1)" in text
    assert "<script>alert" not in text
    assert "1 expectations not met" in text


def test_scores_are_drawn_by_epoch_with_a_dot_at_the_kept_one(own_tree: Path) -> None:
    drawn = sections.cyclegan(own_tree, "blue", 2).scores
    assert ["Cycle SSIM ↑" in chart for chart in drawn] == [True, False]
    assert all(chart.count('<circle class="dot') == 1 and "kept ends at 0.0833" in chart for chart in drawn)
    path = own_tree / "models/cyclegan/blue/scores.csv"
    path.write_text(path.read_text().replace("3,rating,", "3,rating,bad"))
    with pytest.raises(DataError, match="a score is not a number"):
        render(own_tree)
    artifact_tree.write_json(own_tree / "models/cyclegan/blue/model.json", {"facts": {}})
    with pytest.raises(DataError, match="which epoch was kept"):
        reading.read_kept_epoch(own_tree / "models/cyclegan/blue/model.json", "train_cyclegan@blue")


def test_without_answers_and_timing_the_report_is_still_written(tmp_path: Path) -> None:
    artifact_tree.write_tree(tmp_path, photos=2, answers=False)
    shutil.copy(ROOT / "params.yaml", tmp_path)
    for optional in ("metrics/timing.json", "dvc.lock"):
        (tmp_path / optional).unlink()
    shutil.rmtree(tmp_path / "reports/mask_rcnn/worst")
    text = render(tmp_path)
    assert "Nobody knows the exact answer" in text
    assert "No stage was timed" in text
    assert "Worst cases" not in text


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("metrics/data.json", "validate_data"),
        ("metrics/mask_rcnn.json", "evaluate_mask_rcnn"),
        ("metrics/fitting.json", "evaluate_fitting"),
        ("metrics/cyclegan/blue.json", "evaluate_cyclegan@blue"),
        ("models/mask_rcnn/losses.csv", "train_mask_rcnn"),
        ("models/cyclegan/striped/losses.csv", "train_cyclegan@striped"),
        ("models/cyclegan/striped/scores.csv", "train_cyclegan@striped"),
        ("models/cyclegan/striped/model.json", "train_cyclegan@striped"),
        ("reports/mask_rcnn/pr_curve.csv", "evaluate_mask_rcnn"),
        ("reports/mask_rcnn/slices.csv", "evaluate_mask_rcnn"),
        ("reports/mask_rcnn/worst.csv", "evaluate_mask_rcnn"),
        ("data/results/results.csv", "fit_pairs"),
        ("data/results/000001__000800.png", "fit_pairs"),
        ("data/rendered/pairs/answers/000001__000800.png", "render_dataset"),
        ("data/photos/test/image/000001.jpg", "curate_photos"),
        ("data/garments/blue/000800.jpg", "curate_garments"),
    ],
)
def test_a_missing_artifact_is_named_with_its_stage(own_tree: Path, path: str, stage: str) -> None:
    (own_tree / path).unlink()
    out = own_tree / "reports/index.html"
    with pytest.raises(DataError) as caught:
        page.write_report(own_tree, out, load_params(own_tree / "params.yaml"), KEY)
    assert path in str(caught.value)
    assert f"dvc repro {stage}" in caught.value.remedy
    assert not out.exists()


def test_a_damaged_metrics_file_is_named(own_tree: Path) -> None:
    (own_tree / "metrics/fitting.json").write_text("{")
    with pytest.raises(DataError, match=r"fitting\.json is not JSON"):
        render(own_tree)


def test_a_loss_that_is_no_number_is_named(own_tree: Path) -> None:
    (own_tree / "models/mask_rcnn/losses.csv").write_text("epoch,component,train,validation\n1,total,much,\n")
    with pytest.raises(DataError, match="a loss is not a number"):
        render(own_tree)


def test_a_page_that_is_too_large_is_refused(own_tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="larger than a page should be"):
        page.write_report(own_tree, own_tree / "r.html", load_params(own_tree / "params.yaml"), KEY)
    assert not (own_tree / "r.html").exists()


def test_many_pairs_stay_within_the_budget(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sections, "GALLERY_BYTES", 5000)
    shown = sections.try_ons(tree, tree / "data/rendered/pairs")
    assert shown.count == 10
    assert shown.refused == 1
    assert len(shown.gallery.pictures) + shown.gallery.left_out == 10
    assert sum(item.byte_count for item in shown.gallery.pictures) <= 5000
    assert "more pairs are on disk" in render(tree)


def pair(photo: str, garment: str, pattern: str) -> Pair:
    here = Path("x.png")
    return Pair(photo, garment, pattern, here, here, here, None, "")


def test_large_rows_take_photos_and_patterns_in_turn() -> None:
    pairs = [pair(photo, garment, garment[0]) for photo in ("1", "2", "3") for garment in ("b1", "s1", "b2")]
    chosen = [(one.photo, one.garment) for one in sections.spread(pairs, 4)]
    assert chosen == [("1", "b1"), ("2", "s1"), ("3", "b2"), ("1", "s1")]
    assert len(sections.spread(pairs, 100)) == 9
    assert sections.spread([], 8) == []


def test_losses_become_one_chart_a_component_in_the_files_order() -> None:
    rows = [
        reading.LossRow(1, "total", 2.0, 2.5),
        reading.LossRow(1, "mask", 1.0, None),
        reading.LossRow(2, "total", 1.0, 2.0),
    ]
    first, second = sections.loss_charts(rows)
    assert "<figcaption>total</figcaption>" in first
    assert "validation" in first
    assert "validation" not in second


def test_metrics_are_flat_numbers_without_timing_text_and_truth(tmp_path: Path) -> None:
    artifact_tree.write_json(tmp_path / "metrics/fitting.json", {"pairs": 3, "note": "x", "done": True, "psnr": None})
    artifact_tree.write_json(tmp_path / "metrics/cyclegan/blue.json", {"cycle_ssim": 0.5})
    artifact_tree.write_json(tmp_path / "metrics/timing.json", {"seconds": 3})
    assert reading.read_metrics(tmp_path) == {"cyclegan/blue/cycle_ssim": 0.5, "fitting/pairs": 3}
    assert reading.read_metrics(tmp_path / "nowhere") == {}


def test_facts_outside_of_git_and_nested_parameters(tmp_path: Path) -> None:
    assert facts.git_commit(tmp_path) == ""
    assert len(facts.git_commit(ROOT)) in (0, 40)
    assert facts.flatten({"a": {"b": {"c": 1}}, "d": [1], "e": {}}) == [("a.b.c", "1"), ("d", "[1]"), ("e", "{}")]
