"""Sleeve retention by ground, and the agreement of a picked epoch with the truth: what they count."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from benchmarks import cyclegan_picking, sleeve_retention
from tests.stages.cyclegan_data import BLUE, MASK, PLAIN, detector_by_colour, shirt, use_tiny_parameters, write_cutouts
from tryon.evaluation.picking import RATING

SHIRT = MASK > 0


def before_black(_folder: Any = None) -> SimpleNamespace:
    """A detector that finds everything that is not black."""
    found = lambda picture: SimpleNamespace(masks=(picture.sum(axis=2) > 60)[None])  # noqa: E731
    return SimpleNamespace(
        predict=lambda pictures: [found(picture) for picture in pictures], config=SimpleNamespace(image_size_px=128)
    )


@pytest.mark.parametrize(("part", "left"), [(0.0, 960), (0.5, 480), (1.0, 0)])
def test_sleeves_are_taken_from_the_cuff_on(part: float, left: int) -> None:
    painted, mask = sleeve_retention.without(shirt(BLUE, 1), SHIRT, part, (0, 255, 0))
    gone = (painted == (0, 255, 0)).all(axis=2)
    sleeves = SHIRT.copy()
    sleeves[:, 16:48] = False
    assert not (gone & ~sleeves).any() and mask is SHIRT
    assert np.count_nonzero(sleeves & ~gone) == pytest.approx(left * sleeves.sum() / 960, abs=sleeves.sum() / 6)


def test_missing_sleeves_lower_both_scores_alike() -> None:
    fakes = [(shirt(BLUE, seed), SHIRT) for seed in range(3)]
    whole, bare = (
        sleeve_retention.retention([sleeve_retention.without(*f, part, (128,) * 3) for f in fakes], before_black(), 0)
        for part in (0.0, 1.0)
    )
    assert whole > 0.97 > bare + 0.1
    assert sleeve_retention.agreement(fakes, before_black(), 0) > 0.8


def test_retention_is_printed_for_every_row_and_ground(workspace: Any, monkeypatch: Any, capsys: Any) -> None:
    from stages import prepare_domains
    from tests.stages.test_prepare_domains import ARGUMENTS
    from tryon.datasets.domains import load_domain
    from tryon.training.cyclegan_outputs import read_look

    write_cutouts(workspace)
    use_tiny_parameters(workspace)
    prepare_domains.main(ARGUMENTS)
    look = read_look(workspace / "data/domains/blue/look.json")
    generator = SimpleNamespace(
        config=SimpleNamespace(size_px=32),
        look=look,
        garments_for=lambda masks, garments, garment_masks: None,
        redraw=lambda pictures, masks, garments: pictures,
    )
    monkeypatch.setattr(sleeve_retention, "load_pattern_generator", lambda folder: generator)
    monkeypatch.setattr(sleeve_retention, "load_predictor", detector_by_colour)
    sleeve_retention.main(["--patterns", "blue"])
    out = capsys.readouterr().out
    assert "black*" in out and "white*" not in out
    assert all(name in out for name in ("real garments", "flat fill", "fakes", "sleeves: gone", "tau"))
    assert len(load_domain(workspace / "data/domains/blue/testA").names) == 5


def test_agreement_is_turned_so_that_one_is_full() -> None:
    scores = [{RATING: 3.0, "cycle_ssim": 0.1}, {RATING: 2.0, "cycle_ssim": 0.3}, {RATING: 1.0, "cycle_ssim": 0.2}]
    truths = [{"colour": 9.0, "SSIM": 0.1}, {"colour": 8.0, "SSIM": 0.2}, {"colour": 7.0, "SSIM": 0.3}]
    assert cyclegan_picking.agreement(scores, RATING, truths, "colour") == "1.00 / 1.00"
    assert cyclegan_picking.agreement(scores, RATING, truths, "SSIM") == "1.00 / 1.00"
    assert cyclegan_picking.agreement(scores, "cycle_ssim", truths, "SSIM") == "0.33 / 0.50"
    assert cyclegan_picking.agreement(scores, RATING, [{"colour": 1.0}] * 3, "colour") == "-"


def test_the_report_shows_the_picked_and_the_last_epoch_and_what_was_possible() -> None:
    scores = [{RATING: 2.0}, {RATING: 1.0}, {RATING: 3.0}]
    truths = [{"colour": 9.0, "SSIM": 0.1}, {"colour": 8.0, "SSIM": 0.2}, {"colour": 7.0, "SSIM": 0.15}]
    lines = cyclegan_picking.report("blue", scores, truths)
    assert "| the picked epoch | 2 | 8.000 | 0.200 |" in lines
    assert "| the last epoch | 3 | 7.000 | 0.150 |" in lines
    assert lines[-1] == "| the best epoch of each truth | | 7.000 | 0.200 |"


def test_stripes_that_begin_elsewhere_are_right_when_shifted() -> None:
    answer = shirt(BLUE, 1)
    answer[(np.arange(64) // 4 % 2 == 0)[:, None] & SHIRT] = (235, 235, 230)
    moved = np.roll(answer, 3, axis=0)
    pair = cyclegan_picking.Pair(None, None, answer, SHIRT)
    found = cyclegan_picking.truth(moved, pair)
    assert found["shifted colour"] < 1 < 5 < found["colour"]
    assert found["shifted SSIM"] > 0.9 > found["SSIM"]
    assert found["palette"] < 3
    assert "shifted SSIM" not in cyclegan_picking.truth(
        shirt(PLAIN, 2), cyclegan_picking.Pair(None, None, shirt(PLAIN, 1), SHIRT)
    )


@pytest.mark.parametrize("program", [cyclegan_picking, sleeve_retention])
def test_the_command_line_explains_itself(program: Any, capsys: Any) -> None:
    with pytest.raises(SystemExit) as left:
        program.parse(["--help"])
    assert left.value.code == 0 and "--patterns" in capsys.readouterr().out
