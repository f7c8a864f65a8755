"""The stage that scores one pattern on its test side."""

import json

import pytest

from stages import evaluate_cyclegan, prepare_domains, train_cyclegan
from tests.stages.cyclegan_data import (
    detector_by_colour,
    remember_runs,
    use_tiny_parameters,
    write_cutouts,
)
from tryon.console import run_stage
from tryon.evaluation.cyclegan_pages import CELL_PX

PREPARE = [
    "--pattern",
    "blue",
    "--cutouts",
    "data/cutouts",
    "--garments",
    "data/garments",
    "--out",
    "data/domains/blue",
]
TRAIN = ["--pattern", "blue", "--domains", "data/domains/blue", "--model", "models/cyclegan/blue"]
ARGUMENTS = [
    "--pattern",
    "blue",
    "--domains",
    "data/domains/blue",
    "--model",
    "models/cyclegan/blue",
    "--mask-rcnn",
    "models/mask_rcnn",
    "--metrics",
    "metrics/cyclegan/blue.json",
    "--report",
    "reports/cyclegan/blue",
]


@pytest.fixture
def trained(workspace, monkeypatch):
    """Domains, and a pattern with fresh weights."""
    return with_pattern(workspace, monkeypatch, ("plain_to_pattern", "pattern_to_plain"))


def with_pattern(workspace, monkeypatch, names):
    from tryon.models.cyclegan import Architecture, build_generator, save_pattern_generator
    from tryon.training.cyclegan_outputs import read_look

    write_cutouts(workspace)
    use_tiny_parameters(workspace)
    prepare_domains.main(PREPARE)
    architecture = Architecture(32, 4, 1, 4, mask_input=True, mask_composite=True, way_back=len(names) == 2)
    networks = {name: build_generator(architecture, name) for name in names}
    folder = workspace / "models/cyclegan/blue"
    look = read_look(workspace / "data/domains/blue/look.json")
    save_pattern_generator(folder, networks, architecture, look, {"pattern": "blue"})
    monkeypatch.setattr("tryon.models.mask_rcnn.load_predictor", detector_by_colour)
    return workspace


def test_it_writes_the_named_scores_and_grids(trained, monkeypatch):
    run = remember_runs(monkeypatch)
    assert run_stage("evaluate_cyclegan", evaluate_cyclegan.main, ARGUMENTS) == 0
    scores = json.loads((trained / "metrics/cyclegan/blue.json").read_text())
    wanted = {"sleeve_retention", "ciede2000_to_target", "fold_correlation", "cycle_ssim", "background_change"}
    assert wanted <= set(scores)
    assert {"ciede2000_to_target_flat_fill", "ciede2000_to_target_luminance"} <= set(scores)
    assert "stripe_frequency_error" not in scores  # blue has no stripes
    assert 0 <= scores["sleeve_retention"] <= 1
    assert scores["background_change"] < 1
    assert scores["ciede2000_to_target_flat_fill"] < scores["ciede2000_to_target"]
    assert [path.name for path in (trained / "reports/cyclegan/blue").iterdir()] == ["test_1.png"]
    assert run.pictures == ["test/test_1.png"]
    assert run.metrics[0][1]["cyclegan/cycle_ssim"] == pytest.approx(scores["cycle_ssim"], abs=1e-4)


def test_without_a_way_back_there_is_no_cycle_to_score_or_show(workspace, monkeypatch):
    import cv2

    remember_runs(monkeypatch)
    with_pattern(workspace, monkeypatch, ("plain_to_pattern",))
    evaluate_cyclegan.main(ARGUMENTS)
    scores = json.loads((workspace / "metrics/cyclegan/blue.json").read_text())
    assert "cycle_ssim" not in scores
    assert "sleeve_retention" in scores
    page = cv2.imread(str(workspace / "reports/cyclegan/blue/test_1.png"))
    assert page.shape[1] == 4 + 4 * (CELL_PX + 4)  # plain, redrawn and the two without a network


def test_the_same_again_gives_the_same_bytes(trained, monkeypatch):
    remember_runs(monkeypatch)
    files = [trained / "metrics/cyclegan/blue.json", trained / "reports/cyclegan/blue/test_1.png"]
    content = []
    for _ in range(2):
        evaluate_cyclegan.main(ARGUMENTS)
        content.append([file.read_bytes() for file in files])
    assert content[0] == content[1]


def test_a_damaged_pattern_is_one_message(trained, capsys):
    (trained / "models/cyclegan/blue/weights.h5").write_bytes(b"cut")
    assert run_stage("evaluate_cyclegan", evaluate_cyclegan.main, ARGUMENTS) == 1
    message = capsys.readouterr().err
    assert "weights.h5 is not the file that model.json describes" in message
    assert "Traceback" not in message
    assert not (trained / "metrics/cyclegan").exists()


@pytest.mark.slow
def test_one_model_for_all_patterns_from_cut_outs_to_scores(workspace, monkeypatch):
    """Plain and blue are seen; the way goes through all three stages with the pattern `all`."""
    from tryon.models.cyclegan import load_pattern_generator

    run = remember_runs(monkeypatch)
    write_cutouts(workspace)
    use_tiny_parameters(
        workspace, mode="conditional", unseen_patterns=["blue"], garment_input=True, garment_code=3, pool_size=2
    )
    monkeypatch.setattr("tryon.models.mask_rcnn.load_predictor", detector_by_colour)
    for main, arguments in (
        (prepare_domains.main, PREPARE),
        (train_cyclegan.main, TRAIN),
        (evaluate_cyclegan.main, ARGUMENTS),
    ):
        main([argument.replace("blue", "all") for argument in arguments])
    scores = json.loads((workspace / "metrics/cyclegan/all.json").read_text())
    for name in ("ciede2000_to_target", "fold_correlation", "ciede2000_to_target_luminance"):
        assert scores[f"{name}/blue"] == scores[f"{name}/unseen"]
        assert scores[name] == scores[f"{name}/plain"]
    assert 0 <= scores["sleeve_retention"] <= 1
    assert load_pattern_generator(workspace / "models/cyclegan/all").config.conditional
    assert run.pictures[-1] == "test/test_1.png"
