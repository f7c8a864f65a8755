"""The stage that sorts cut-outs into the two sides of a CycleGAN."""

import pytest

from stages import prepare_domains
from tests.stages.cyclegan_data import use_tiny_parameters, write_cutouts
from tryon.console import run_stage
from tryon.datasets.domains import SIDES, load_domain

ARGUMENTS = [
    "--pattern",
    "blue",
    "--cutouts",
    "data/cutouts",
    "--garments",
    "data/garments",
    "--out",
    "data/domains/blue",
]


@pytest.fixture
def prepared(workspace):
    write_cutouts(workspace)
    use_tiny_parameters(workspace)
    return workspace


def test_it_writes_both_sides(prepared):
    assert run_stage("prepare_domains", prepare_domains.main, ARGUMENTS) == 0
    counts = {side: len(load_domain(prepared / "data/domains/blue" / side, 32).names) for side in SIDES}
    assert counts == {"trainA": 6, "trainB": 6, "valA": 2, "valB": 2, "testA": 5, "testB": 5}
    assert (prepared / "data/domains/blue/look.json").is_file()
    assert not (prepared / "data/domains/blue.tmp").exists()


def test_too_few_pictures_are_one_message_and_leave_nothing(prepared, capsys):
    params = (prepared / "params.yaml").read_text().replace("min_pictures: 2", "min_pictures: 50")
    (prepared / "params.yaml").write_text(params)
    assert run_stage("prepare_domains", prepare_domains.main, ARGUMENTS) == 1
    message = capsys.readouterr().err
    assert "side trainA (plain) of pattern blue has too few pictures" in message
    assert "remedy" in message
    assert "Traceback" not in message
    assert not (prepared / "data/domains").exists() or not list((prepared / "data/domains").iterdir())


def test_missing_cutouts_name_the_stage_to_run(prepared, capsys):
    (prepared / "data/cutouts/worn_test.npz").unlink()
    assert run_stage("prepare_domains", prepare_domains.main, ARGUMENTS) == 1
    assert "dvc repro segment_garments" in capsys.readouterr().err
