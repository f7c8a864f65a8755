"""`tryon clean`: exact output and exit codes."""

from pathlib import Path

import pytest

from tests.cleaning.collected import shirt, write_collection
from tests.cli.test_cli import Outcome


@pytest.fixture
def collection(workspace: Path) -> Path:
    text = (workspace / "params.yaml").read_text()
    (workspace / "params.yaml").write_text(text.replace("max_blur: ", "max_blur: 0.95  # was "))
    (workspace / "decisions").mkdir()
    (workspace / "decisions/garments.csv").write_text("sha256,verdict,reason,person\n")
    return write_collection(workspace / "data/collected/blue_t_shirt", {"a": shirt(0), "b": shirt(1)}).folder


def test_what_was_kept_is_said_with_the_page(collection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(capsys, "clean", "data/collected/blue_t_shirt", "--without-model")
    assert outcome.code == 0
    assert outcome.out == "blue_t_shirt: kept 2 of 2\nreports/cleaning/blue_t_shirt/index.html\n"
    assert (collection / "labels.csv").is_file() and Path("reports/cleaning/blue_t_shirt/index.html").is_file()


def test_without_models_the_way_out_is_named(collection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(capsys, "clean", "data/collected/blue_t_shirt")
    assert outcome.code == 1
    assert "models/mask_rcnn/model.json is missing" in outcome.err and "--without-model" in outcome.err
    assert not (collection / "cleaning.csv").exists()


def test_a_folder_that_params_does_not_know_is_refused(collection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outcome = Outcome(capsys, "clean", "data/collected/green", "--without-model")
    assert outcome.code == 1
    assert "collecting.queries.NAME.labels; there are: blue_t_shirt, plain_t_shirt, striped_t_shirt" in outcome.err
