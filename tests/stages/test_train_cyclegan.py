"""The stage that trains one pattern."""

import csv
import json
import os

import pytest

from stages import prepare_domains, train_cyclegan
from tests.stages.cyclegan_data import remember_runs, use_tiny_parameters, write_cutouts
from tryon.console import run_stage

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
ARGUMENTS = ["--pattern", "blue", "--domains", "data/domains/blue", "--model", "models/cyclegan/blue"]


@pytest.mark.slow
def test_it_leaves_a_pattern_that_loads(workspace, monkeypatch):
    from tryon.models.cyclegan import load_pattern_generator
    from tryon.training.cyclegan_losses import COMPONENTS

    write_cutouts(workspace)
    use_tiny_parameters(workspace, keep_weights="best")
    run = remember_runs(monkeypatch)
    prepare_domains.main(PREPARE)
    assert run_stage("train_cyclegan", train_cyclegan.main, ARGUMENTS) == 0

    folder = workspace / "models/cyclegan/blue"
    generator = load_pattern_generator(folder)
    assert generator.facts["pattern"] == "blue"
    assert generator.facts["steps"] == 6
    assert generator.look.to_dict() == json.loads((workspace / "data/domains/blue/look.json").read_text())
    rows = list(csv.DictReader((folder / "losses.csv").read_text().splitlines()))
    assert [(row["epoch"], row["component"]) for row in rows] == [(str(e), c) for e in (1, 2, 3) for c in COMPONENTS]
    scored = list(csv.DictReader((folder / "scores.csv").read_text().splitlines()))
    rated = {int(row["epoch"]): float(row["validation"]) for row in scored if row["component"] == "rating"}
    assert generator.facts["kept_epoch"] == generator.facts["best_epoch"] == min(rated, key=lambda e: (rated[e], e))
    assert generator.facts["kept_weights"] == "best"
    assert len(rated) == 3 and generator.facts["kept_scores"]["rating"] == min(rated.values())
    files = ["epoch_002.png", "epoch_003.png", "epochs.gif"]
    assert sorted(path.name for path in (folder / "grids").iterdir()) == files
    assert [step for step, _ in run.metrics] == [1, 1, 2, 2, 3, 3]
    assert run.metrics[0][1]["validation/rating"] == pytest.approx(rated[1], abs=1e-6)
    assert run.pictures == ["grids/epoch_002.png", "grids/epoch_003.png"]
    assert run.files == ["losses.csv", "scores.csv", "epochs.gif"]
    assert run.stage == "train_cyclegan@blue"
    assert not (workspace / ".tryon/checkpoints/train_cyclegan@blue").exists()


def test_domains_of_another_size_are_refused(workspace, capsys, monkeypatch):
    remember_runs(monkeypatch)
    write_cutouts(workspace)
    use_tiny_parameters(workspace)
    prepare_domains.main(PREPARE)
    use_tiny_parameters(workspace, size_px=64)
    assert run_stage("train_cyclegan", train_cyclegan.main, ARGUMENTS) == 1
    assert "has another size than the domain" in capsys.readouterr().err
    assert not (workspace / "models").exists()


@pytest.mark.parametrize(("threads", "seen"), [(1, "1"), (0, "7")])
def test_the_number_of_threads_is_told_before_anything_is_loaded(workspace, monkeypatch, threads, seen):
    for name in train_cyclegan.THREADS:
        monkeypatch.setenv(name, "7")
    use_tiny_parameters(workspace, threads=threads)
    assert run_stage("train_cyclegan", train_cyclegan.main, ARGUMENTS) == 1, "there are no domains"
    assert {os.environ[name] for name in train_cyclegan.THREADS} == {seen}
