"""The judge: what it looks at, and what it says of generators that do nothing, or the right thing."""

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from tests.training.test_cyclegan import PATTERN, PLAIN, domain
from tryon.evaluation.picking import KERNEL_DISTANCE, RATING
from tryon.images.colour import to_u8
from tryon.images.patterns import measure_look
from tryon.models.cyclegan.storage import TO_PATTERN, TO_PLAIN

TARGET = measure_look(to_u8(PATTERN.pictures[0]), PATTERN.masks[0] > 0.5)


def paint(colour):
    """A generator that paints all of the picture in one colour of [0, 1]."""

    def network(inputs, training):
        assert training is False
        return np.broadcast_to(np.array(colour, np.float32) * 2 - 1, (*inputs.shape[:3], 3))

    return network


def networks(colour, way_back: bool = True):
    from tryon.models.cyclegan.networks import Architecture

    architecture = Architecture(32, 4, 1, 4, mask_input=True, mask_composite=True, way_back=way_back)
    generators = {TO_PATTERN: paint(colour)} | ({TO_PLAIN: paint((0.8, 0.8, 0.8))} if way_back else {})
    return SimpleNamespace(architecture=architecture, generators=generators)


class Remembered:
    def __init__(self) -> None:
        self.metrics: dict[int, dict[str, float]] = {}

    def log_metrics(self, metrics, step=None) -> None:
        self.metrics[step] = dict(metrics)

    def log_picture(self, name, rgb, step=None) -> None:
        raise AssertionError("a judge draws nothing")


def judge(recorder=None, plain=PLAIN):
    from tryon.training.cyclegan_judging import Judge

    return Judge(plain, (PATTERN, PATTERN), TARGET, recorder or Remembered())


def test_the_right_colour_is_rated_better_and_everything_is_recorded():
    recorder = Remembered()
    scores = [
        judge(recorder)(epoch, networks(colour)) for epoch, colour in enumerate([(0.8, 0.2, 0.1), (0.1, 0.2, 0.7)])
    ]
    assert scores[1][RATING] < scores[0][RATING]
    assert scores[1][KERNEL_DISTANCE] < scores[0][KERNEL_DISTANCE]
    assert scores[1]["ciede2000_to_target"] < 3 < scores[0]["ciede2000_to_target"]
    assert recorder.metrics[1] == {f"validation/{name}": value for name, value in scores[1].items()}
    assert {"silhouette_iou", "fold_correlation", "background_change", "cycle_ssim"} <= set(scores[0])
    assert all(np.isfinite(value) for value in scores[0].values())


def test_without_a_way_back_there_is_no_cycle_to_score():
    assert "cycle_ssim" not in judge()(1, networks((0.1, 0.2, 0.7), way_back=False))


def test_the_same_networks_get_the_same_scores():
    assert judge()(1, networks((0.3, 0.2, 0.7))) == judge()(5, networks((0.3, 0.2, 0.7)))


@pytest.mark.parametrize(("count", "seen"), [(3, 3), (40, 8)])
def test_only_so_many_pictures_are_redrawn_evenly_spread(count, seen):
    from tryon.training.cyclegan_judging import _spread

    assert len(judge(plain=domain((0.8, 0.8, 0.8), count))._pictures) == seen
    chosen = _spread(count, 8)
    assert chosen[0] == 0 and chosen[-1] == count - 1 and len(set(chosen)) == seen


def test_the_model_of_all_patterns_is_judged_by_the_garments_that_it_is_given():
    from tryon.models.cyclegan.networks import Architecture
    from tryon.training.cyclegan_judging import Judge

    def show_garment(inputs, training):
        return inputs[..., -3:]

    architecture = Architecture(32, 4, 1, 4, mask_composite=True, way_back=False, garment_input=True, conditional=True)
    two = domain((0.1, 0.2, 0.7), count=1, seed=1), domain((0.7, 0.1, 0.2), count=1, seed=2)
    both = dataclasses.replace(
        two[0], pictures=np.concatenate([d.pictures for d in two]), masks=np.concatenate([d.masks for d in two])
    )
    judged = Judge(PLAIN, (both, both), TARGET, Remembered())
    right = judged(1, SimpleNamespace(architecture=architecture, generators={TO_PATTERN: show_garment}))
    always_blue = judged(2, SimpleNamespace(architecture=architecture, generators={TO_PATTERN: paint((0.1, 0.2, 0.7))}))
    assert right["ciede2000_to_target"] < 2
    assert always_blue["ciede2000_to_target"] > 10
    assert right[RATING] < always_blue[RATING]
