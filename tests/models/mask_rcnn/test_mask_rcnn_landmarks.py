"""The landmark head: targets against a loop, losses by hand, places finer than a cell, and mirrors."""

import math
from typing import Any

import numpy as np
import pytest

from tests.models.mask_rcnn.mask_rcnn_cases import ellipse_batch, rim_landmarks, tiny
from tryon.geometry.landmarks import UNKNOWN

pytestmark = pytest.mark.slow


def to_numpy(tensor: object) -> np.ndarray:
    from keras import ops

    return np.asarray(ops.convert_to_numpy(tensor))


def shirt(seed: int) -> np.ndarray:
    """Landmarks (25, 3) in and round a region of 10 to 50, some hidden, some absent."""
    random = np.random.default_rng(seed)
    points = np.concatenate([random.uniform(4, 56, (25, 2)), random.integers(0, 3, (25, 1))], axis=1)
    return np.where(points[:, 2:] > 0, points, 0).astype(np.float32)


def slow_targets(landmarks: np.ndarray, region: np.ndarray, side: int) -> list[tuple[Any, float, float]]:
    """Place or None, whether it is located and whether its visibility is known, for each landmark."""
    targets = []
    annotated = any(visibility > 0 for *_, visibility in landmarks)
    for x, y, visibility in landmarks:
        column = (x + 0.5 - region[0]) / (region[2] - region[0]) * side - 0.5
        row = (y + 0.5 - region[1]) / (region[3] - region[1]) * side - 0.5
        within = -0.5 <= column < side - 0.5 and -0.5 <= row < side - 0.5
        located = visibility > 0 and within
        known = annotated and (located or visibility == 0)
        place = (min(max(column, 0), side - 1), min(max(row, 0), side - 1)) if located else None
        targets.append((place, float(located), float(known)))
    return targets


def test_targets_equal_the_loop() -> None:
    from tryon.models.mask_rcnn.landmarks import landmark_targets

    landmarks = np.stack([shirt(1), shirt(2), np.zeros((25, 3), np.float32)])[None]
    regions = np.array([[[10, 10, 50, 50], [5.5, 12, 30, 58.5], [0, 0, 64, 64]]], np.float32)
    targets = landmark_targets(landmarks, regions, 7)
    for q in range(3):
        expected = slow_targets(landmarks[0, q], regions[0, q], 7)
        for point, (place, located, known) in enumerate(expected):
            assert float(to_numpy(targets.located)[0, q, point]) == located
            assert float(to_numpy(targets.known)[0, q, point]) == known
            if place is not None:
                assert np.allclose(to_numpy(targets.places)[0, q, point], place, atol=1e-4)
    located = to_numpy(targets.located)[0]
    assert 0 < located[0].sum() < 25 and not located[2].any() and not to_numpy(targets.known)[0, 2].any()


def test_own_landmarks_are_those_of_the_rois_object() -> None:
    from keras import ops

    from tryon.models.mask_rcnn.landmarks import own_landmarks
    from tryon.models.mask_rcnn.targets import RoITargets

    gt = np.stack([shirt(1), shirt(2)])[None]
    nothing = ops.zeros((1, 3))
    targets = RoITargets(
        rois=nothing, weights=nothing, class_ids=nothing, deltas=nothing, masks=nothing,
        positive=ops.convert_to_tensor([[1.0, 1.0, 0.0]]), owners=ops.convert_to_tensor([[1, 0, 1]]),
    )  # fmt: skip
    own = to_numpy(own_landmarks(gt, targets))[0]
    assert np.array_equal(own[0], gt[0, 1]) and np.array_equal(own[1], gt[0, 0]) and (own[2, :, 2] == UNKNOWN).all()


def test_a_face_counts_only_where_somebody_said_whether_it_is_there() -> None:
    """Within the region, beyond it, not in the picture; and unknown, which is no statement."""
    from tryon.models.mask_rcnn.landmarks import landmark_targets

    face = np.array([[20, 20, 2], [90, 20, 2], [0, 0, 0], [0, 0, UNKNOWN], [30, 30, 1]], np.float32)
    points = np.concatenate([np.zeros((25, 3), np.float32), face])[None, None]
    targets = landmark_targets(points, np.array([[[0, 0, 64, 64]]], np.float32), 28)
    located, known, visibility = (to_numpy(of)[0, 0] for of in (targets.located, targets.known, targets.visibility))
    assert located[25:].tolist() == [1, 0, 0, 0, 1] and known[25:].tolist() == [1, 0, 1, 0, 1]
    assert visibility[25:].tolist() == [2, 2, 0, 0, 1]
    assert not known[:25].any(), "a shirt without any landmark says nothing of them, its wearer's face or not"


def test_regions_reach_above_the_neck_for_a_face() -> None:
    from tryon.models.mask_rcnn.landmarks import landmark_regions

    rois = np.array([[[10, 20, 50, 120]]], np.float32)
    assert np.allclose(to_numpy(landmark_regions(rois, face=False)), [[[4, 5, 56, 135]]])
    assert np.allclose(to_numpy(landmark_regions(rois, face=True)), [[[4, -20, 56, 135]]])


def targets_at(places: Any, **changes: Any) -> Any:
    """Targets of one region whose first landmarks lie at these places; the others count nowhere."""
    from keras import ops

    from tryon.models.mask_rcnn.landmarks import LandmarkTargets

    values = {"places": np.zeros((1, 1, 25, 2)), "located": np.zeros((1, 1, 25))}
    values |= {"visibility": np.zeros((1, 1, 25)), "known": np.zeros((1, 1, 25))}
    values["places"][0, 0, : len(places)], values["located"][0, 0, : len(places)] = places, 1
    for name, value in changes.items():
        values[name][0, 0, : len(value)] = value
    return LandmarkTargets(**{name: ops.convert_to_tensor(value, "float32") for name, value in values.items()})


def test_maps_that_know_nothing_have_loss_one() -> None:
    from tryon.models.mask_rcnn.landmarks import landmark_loss

    logits = np.full((1, 1, 6, 6, 25), 3.0, np.float32)
    assert float(landmark_loss(targets_at([(2.3, 1.0), (5, 5)]), logits)) == pytest.approx(1.0, rel=1e-6)


def test_landmark_loss_by_hand() -> None:
    """Place (0.25, 1) of two by two cells: three quarters of the target lie below left, a quarter below right."""
    from tryon.models.mask_rcnn.landmarks import landmark_loss

    logits = np.full((1, 1, 2, 2, 25), 77.0, np.float32)
    logits[0, 0, :, :, 0] = [[0.0, 0.0], [2.0, 1.0]]
    total = math.log(2 + math.exp(2) + math.exp(1))
    expected = (total - 0.75 * 2 - 0.25 * 1) / math.log(4)
    assert float(landmark_loss(targets_at([(0.25, 1.0)]), logits)) == pytest.approx(expected, rel=1e-5)


def test_visibility_loss_by_hand() -> None:
    from tryon.models.mask_rcnn.landmarks import visibility_loss

    logits = np.full((1, 1, 25, 3), -50.0, np.float32)
    logits[0, 0, :3] = [[0, 0, 0], [0, 0, 1], [9, -9, 0]]
    targets = targets_at(np.zeros((0, 2)), visibility=[0, 2, 1], known=[1, 1, 0])
    expected = (math.log(3) + math.log(2 + math.e) - 1) / 2
    assert float(visibility_loss(targets, logits)) == pytest.approx(expected, rel=1e-6)


def test_a_batch_without_landmarks_teaches_nothing() -> None:
    import tensorflow as tf

    from tryon.models.mask_rcnn.landmarks import landmark_loss, landmark_targets, visibility_loss

    heat, visibility = tf.random.normal((1, 2, 5, 5, 25)), tf.random.normal((1, 2, 25, 3))
    regions = np.array([[[3, 4, 30, 40], [0, 0, 0, 0]]], np.float32)  # the second is padding
    targets = landmark_targets(np.zeros((1, 2, 25, 3), np.float32), regions, 5)
    with tf.GradientTape() as tape:
        tape.watch([heat, visibility])
        losses = [landmark_loss(targets, heat), visibility_loss(targets, visibility)]
        total = tf.add_n(losses)
    assert [float(loss) for loss in losses] == [0.0, 0.0]
    assert all(not gradient.numpy().any() for gradient in tape.gradient(total, [heat, visibility]))


def test_gradients_are_finite_for_certain_and_wrong_maps() -> None:
    import tensorflow as tf

    from tryon.models.mask_rcnn.landmarks import landmark_loss

    certain = np.full((1, 1, 4, 4, 25), -1e4, np.float32)
    certain[0, 0, 3, 3] = 1e4
    heat = tf.constant(certain)
    with tf.GradientTape() as tape:
        tape.watch(heat)
        loss = landmark_loss(targets_at([(0, 0), (3, 3)]), heat)
    assert float(loss) == pytest.approx(1e4 / math.log(16), rel=1e-4)
    assert np.isfinite(tape.gradient(loss, heat).numpy()).all()


def maps_of(places: np.ndarray, side: int) -> np.ndarray:
    """Heat logits (1, 1, side, side, 25) that say exactly what the loss asks for."""
    cells = np.arange(side)
    shares = np.maximum(0, 1 - np.abs(places[..., None] - cells))  # (25, 2, side)
    maps = shares[:, 1, :, None] * shares[:, 0, None, :]
    return np.log(np.moveaxis(maps, 0, -1) + 1e-12)[None, None].astype(np.float32)


def test_places_are_found_within_a_cell() -> None:
    """What the loss asks for is decoded to the very place, at borders and half-way between cells too."""
    from tryon.models.mask_rcnn.landmarks import landmark_targets, locate

    region = np.array([[[-3.0, 5.0, 61.0, 45.0]]], np.float32)
    points = np.random.default_rng(3).uniform((1, 9), (56, 40), (25, 2)).astype(np.float32)
    points[:3] = [(-0.75, 7.0), (58.0, 42.0), (28.5, 24.5)]
    landmarks = np.concatenate([points, np.full((25, 1), 2, np.float32)], axis=1)[None, None]
    places = to_numpy(landmark_targets(landmarks, region, 14).places)[0, 0]
    assert np.allclose(to_numpy(locate(maps_of(places, 14), region))[0, 0], points, atol=1e-3)


def test_a_second_peak_far_away_does_not_pull() -> None:
    from tryon.models.mask_rcnn.landmarks import locate

    logits = np.full((1, 1, 9, 9, 25), -30.0, np.float32)
    logits[0, 0, 2, 3], logits[0, 0, 8, 8] = 1.0, 0.9
    found = to_numpy(locate(logits, np.array([[[0, 0, 9, 9]]], np.float32)))
    assert np.allclose(found, [3, 2], atol=1e-4)


def test_mirrored_maps_show_mirrored_points() -> None:
    from tryon.models.mask_rcnn.landmarks import locate

    side, region = 64, np.array([[[8, 10, 50, 60]]], np.float32)
    logits = np.random.default_rng(5).normal(0, 3, (1, 1, 14, 14, 25)).astype(np.float32)
    straight = to_numpy(locate(logits, region))[0, 0]
    mirrored = to_numpy(locate(logits[:, :, :, ::-1], np.array([[[14, 10, 56, 60]]], np.float32)))[0, 0]
    assert np.allclose(mirrored[:, 0], side - 1 - straight[:, 0], atol=1e-3)
    assert np.allclose(mirrored[:, 1], straight[:, 1], atol=1e-3)


def test_probabilities_of_being_there_and_of_being_seen() -> None:
    from tryon.models.mask_rcnn.landmarks import decode_landmarks

    heat = np.zeros((1, 2, 3, 3, 25), np.float32)
    visibility = np.log(np.full((1, 2, 25, 3), [0.1, 0.3, 0.6])).astype(np.float32)
    said = to_numpy(decode_landmarks(heat, visibility, np.ones((1, 2, 4), np.float32), np.array([[True, False]])))
    assert said.shape == (1, 2, 25, 4)
    assert np.allclose(said[0, 0, :, 2:], [0.9, 0.6]) and not said[0, 1, :, 2:].any()


@pytest.fixture(scope="module")
def networks() -> tuple[Any, Any]:
    """The same network without and with a landmark head."""
    from tryon.models.mask_rcnn import build_mask_rcnn

    return build_mask_rcnn(tiny(), 1), build_mask_rcnn(tiny(landmarks=True), 1)


def test_the_head_changes_nothing_beside_it(networks: tuple[Any, Any]) -> None:
    without, with_head = (network.weights_by_layer() for network in networks)
    added = [name for name in with_head if name not in without]
    assert added == [name for name in with_head if name.startswith("mrcnn_landmark")] and len(added) == 5
    for name, values in without.items():
        assert all(np.array_equal(one, other) for one, other in zip(values, with_head[name], strict=True))


def test_the_choice_of_heads_trains_the_landmark_head(networks: tuple[Any, Any]) -> None:
    _, network = networks
    network.choose_layers("heads")
    trained = {layer.name for layer in network.named_layers() if layer.trainable_weights}
    network.choose_layers("all")
    assert {layer.name for layer in network.landmark_head.layers if layer.weights} <= trained


@pytest.mark.parametrize(("face", "points"), [(False, 25), (True, 30)])
def test_shapes_of_the_head(face: bool, points: int) -> None:
    from tryon.models.mask_rcnn import build_mask_rcnn

    network = build_mask_rcnn(tiny(landmarks=True, face=face), 1)
    side = network.mask_side
    _, maps = network.features(np.zeros((2, 64, 64, 3), np.uint8))
    rois = np.array([[[0, 0, 30, 30]] * 3] * 2, np.float32)
    said = network.mask_and_landmarks(rois, maps)
    assert said["mask_logits"].shape == (2, 3, side, side, 2)
    assert said["heat_logits"].shape == (2, 3, 28, 28, points)
    assert said["visibility_logits"].shape == (2, 3, points, 3)
    assert np.allclose(to_numpy(said["mask_logits"]), to_numpy(network.mask(rois, maps)), atol=1e-5)


def test_one_batch_of_landmarks_is_learnt_by_heart() -> None:
    """Losses fall, and what is decoded for the true boxes lies where the landmarks are."""
    import keras

    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.models.mask_rcnn.landmarks import decode_landmarks
    from tryon.models.mask_rcnn.losses import components_of
    from tryon.training.mask_rcnn_step import MaskRCNNLosses

    network = build_mask_rcnn(tiny(landmarks=True, landmark_channels=16), 1)
    model = MaskRCNNLosses(network)
    optimizer = keras.optimizers.Adam(0.005)
    optimizer.build(model.trainable_variables)  # else the first step is traced twice
    model.compile(optimizer=optimizer)
    batch = ellipse_batch(network.config, 2, len(network.anchors))
    losses = [model.train_on_batch(batch, return_dict=True) for _ in range(40)]
    assert set(losses[0]) == set(components_of(network.config)) and len(losses[0]) == 7
    assert float(losses[-1]["mrcnn_landmark"]) < 0.55 * float(losses[0]["mrcnn_landmark"])
    assert float(losses[-1]["mrcnn_visibility"]) < 0.3 * float(losses[0]["mrcnn_visibility"])

    boxes = batch["boxes"][:, :1]
    said = network.mask_and_landmarks(boxes, network.features(batch["images"])[1])
    regions = network.landmark_regions(boxes)
    found = to_numpy(decode_landmarks(said["heat_logits"], said["visibility_logits"], regions, np.ones((2, 1), bool)))
    for picture in range(2):
        truth = rim_landmarks(batch["boxes"][picture, 0])
        assert np.median(np.linalg.norm(found[picture, 0, :, :2] - truth[:, :2], axis=1)) < 2.0
        assert np.array_equal(found[picture, 0, :, 3] > 0.5, truth[:, 2] == 2)
