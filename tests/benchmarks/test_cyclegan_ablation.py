"""The ablation of the CycleGAN at a tiny size: its tables, what it keeps, and its own score."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import cyclegan_ablation as ablation
from stages import prepare_domains
from tests.stages.cyclegan_data import detector_by_colour, use_tiny_parameters, write_cutouts
from tryon.config import load_params
from tryon.evaluation.cyclegan import Sample
from tryon.images.files import read_image
from tryon.images.patterns import measure_look

PREPARE = ["--pattern", "blue", "--cutouts", "data/cutouts", "--garments", "data/garments", "--out"]
ARGUMENTS = ["--patterns", "blue", "--variants", "default", "contrastive", "--steps", "4", "--out", "ablation"]


@pytest.fixture
def domains(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with tiny domains of one pattern, and a stand-in for the trained Mask R-CNN."""
    write_cutouts(workspace)
    use_tiny_parameters(workspace)
    prepare_domains.main([*PREPARE, "data/domains/blue"])
    monkeypatch.setattr(ablation, "load_predictor", detector_by_colour)
    return workspace


@pytest.mark.slow
def test_it_trains_scores_and_draws_and_keeps_what_is_finished(
    domains: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    ablation.main([*ARGUMENTS, "--seeds", "2"])
    first = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in first.strip().splitlines()]
    assert rows[0] == ["blue", "sleeves", "colour", "folds", "border", "cycle", "CPU s"], "no stripes in blue"
    assert [row[0] for row in rows[2:]] == ["flat_fill", "luminance", "default", "contrastive"]
    assert [row[5] == "-" for row in rows[2:]] == [True, True, False, True], "only a cycle has a cycle's score"
    assert [("±" in row[1]) for row in rows[2:]] == [False, False, True, True]
    assert (domains / "ablation/table.md").read_text() == first.rstrip("\n") + "\n"
    kept = json.loads((domains / "ablation/results.json").read_text())
    assert (kept["steps"], len(kept["runs"])) == (3, 6)
    assert kept["runs"][2]["scores"]["cpu_s"] > 0
    page = read_image(domains / "ablation/blue.png")
    assert page.shape[1] == 4 + 5 * (ablation.CELL_PX + 4), "put in, two without a network, two variants"
    assert not any((domains / "ablation/checkpoints").iterdir())

    monkeypatch.setattr(ablation, "train_cyclegan", lambda *_: pytest.fail("it was trained again"))
    ablation.main([*ARGUMENTS, "--seeds", "2"])
    assert capsys.readouterr().out == first


@pytest.mark.slow
def test_a_training_that_goes_on_has_no_seconds(domains: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    train, stopped = ablation.train_cyclegan, ["default"]

    def stop_once(config, plain, target, seed, checkpoints):
        if stopped:
            stopped.pop()
            train(replace(config, decay_epochs=0), plain, target, seed, checkpoints)
            raise KeyboardInterrupt
        return train(config, plain, target, seed, checkpoints)

    monkeypatch.setattr(ablation, "train_cyclegan", stop_once)
    arguments = ["--patterns", "blue", "--variants", "default", "--steps", "3", "--out", "ablation"]
    with pytest.raises(KeyboardInterrupt):
        ablation.main(arguments)
    ablation.main(arguments)
    (run,) = (
        r for r in json.loads((domains / "ablation/results.json").read_text())["runs"] if r["variant"] == "default"
    )
    assert "cpu_s" not in run["scores"]
    assert run["scores"]["cycle_ssim"] > 0


def test_variants_differ_from_the_default_and_from_each_other() -> None:
    config = load_params().cyclegan
    planned = ablation.variants(config, None)
    assert next(iter(planned.values())) == config
    assert len({repr(changed) for changed in planned.values()}) == len(planned) >= 10
    assert list(ablation.variants(config, ["transposed"])) == ["transposed"]
    asked = ablation.variants(replace(config, loss_region="garment"), ["default", "garment losses"])
    assert len(asked) == 2, "what is asked for by name is there, even if it is the same"


def test_steps_keep_the_schedule() -> None:
    config = replace(load_params().cyclegan, constant_epochs=9, decay_epochs=8)
    shorter = ablation.with_steps(config, 100)
    assert ablation.total_steps(shorter) == 102  # 17 epochs of 6 steps
    assert (shorter.constant_epochs, shorter.decay_epochs) == (config.constant_epochs, config.decay_epochs)
    assert ablation.with_steps(config, None) == config


def test_a_halo_and_a_rim_of_another_colour_are_border_errors() -> None:
    mask = np.zeros((32, 32), bool)
    mask[8:24, 8:24] = True
    picture = np.full((32, 32, 3), 128, np.uint8)
    right = np.where(mask[..., None], np.uint8([30, 60, 150]), picture).astype(np.uint8)
    look = measure_look(right, mask)
    halo, rim = right.copy(), right.copy()
    halo[7, 8:24] = 255
    rim[8, 8:24] = 255
    errors = [ablation.border_error(Sample(picture, mask, fake, None), look) for fake in (right, halo, rim)]
    assert errors[0] < 0.5
    assert errors[1] > errors[0] + 1
    assert errors[2] > errors[0] + 1


@pytest.mark.parametrize(
    ("values", "shown"), [([], "-"), ([0.5], "0.50"), ([1.0, 2.0], "1.50 ± 0.50"), ([1.0, 1.0, 4.0], "2.00 ± 2.00")]
)
def test_cells(values: list[float], shown: str) -> None:
    assert ablation.cell(values, 2) == shown
