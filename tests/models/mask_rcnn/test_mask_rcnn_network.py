"""The network: names and shapes of the 2017 implementation, layer choices, anchors, heads, and a batch that it
can learn by heart."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.models.mask_rcnn.mask_rcnn_cases import ellipse_batch, tiny

pytestmark = pytest.mark.slow

LAYERS = json.loads((Path(__file__).parent / "fixtures" / "layers_resnet50.json").read_text())
# Parameters that each choice of layers trains in the 2017 implementation, ResNet-50 with two classes.
TRAINABLE = {"heads": 21069086, "3+": 44376862, "4+": 43153694, "5+": 36045086, "all": 44603678}


@pytest.fixture(scope="module")
def resnet50() -> Any:
    from tryon.models.mask_rcnn.network import MaskRCNN
    from tryon.models.mask_rcnn.reference.building import reference_config

    return MaskRCNN(reference_config("resnet50", class_names=["shirt"], image_size_px=64, weights="given.h5"))


def test_resnet50_has_the_reference_layers_and_shapes(resnet50: Any) -> None:
    ours = {layer.name: [list(weight.shape) for weight in layer.weights] for layer in resnet50.named_layers()}
    assert ours == LAYERS


def test_the_trunk_keeps_the_reference_order(resnet50: Any) -> None:
    trunk = [
        layer.name for layer in resnet50.trunk.layers if layer.weights and layer.name.startswith(("res", "bn", "conv"))
    ]
    assert trunk == [name for name in LAYERS if name.startswith(("res", "bn", "conv"))]


@pytest.mark.parametrize("choice", TRAINABLE)
def test_choices_train_as_many_parameters_as_the_reference(resnet50: Any, choice: str) -> None:
    resnet50.choose_layers(choice)
    trained = sum(int(np.prod(weight.shape)) for layer in resnet50.named_layers() for weight in layer.trainable_weights)
    assert trained == TRAINABLE[choice]
    resnet50.choose_layers("all")


@pytest.mark.parametrize("place", range(5), ids=list(TRAINABLE))
def test_choices_train_exactly_the_weights_of_the_reference(resnet50: Any, place: int) -> None:
    """The fixture has a 1 for each choice (heads, 3+, 4+, 5+, all) that trains a weight, weight by weight."""
    expected = json.loads((Path(__file__).parent / "fixtures" / "trained_resnet50.json").read_text())
    resnet50.choose_layers(list(TRAINABLE)[place])
    trained = {
        layer.name: [any(weight is own for own in layer.trainable_weights) for weight in layer.weights]
        for layer in resnet50.named_layers()
    }
    assert trained == {name: [flags[place] == "1" for flags in weights] for name, weights in expected.items()}
    resnet50.choose_layers("all")


def test_resnet101_differs_in_its_fourth_stage_only() -> None:
    import keras

    from tryon.models.mask_rcnn.backbones import resnet

    image = keras.Input((64, 64, 3))
    names = {layer.name for layer in keras.Model(image, resnet(image, "resnet101", True)).layers if layer.weights}
    fourth = {name for name in names if re.match("(res|bn)4", name)}
    assert names - fourth == {name for name in LAYERS if re.match("(res|bn|conv)(?!4)", name)}
    assert {name[4] for name in fourth if name.startswith("res")} == set("abcdefghijklmnopqrstuvw")


def test_anchors_by_hand() -> None:
    from tryon.models.mask_rcnn.anchors import level_anchors, pyramid_anchors

    boxes = level_anchors((2, 2), 8, 16.0, [0.25, 1.0], 0.5)
    assert boxes.shape == (8, 4)
    assert boxes[0].tolist() == [0, -12, 8, 20]  # round (4, 4), 8 wide and 32 high ... its area is that of 16 x 16
    assert boxes[3].tolist() == [4, -4, 20, 12]  # the second cell of the first row, square
    assert boxes[4].tolist() == [0, -4, 8, 28]
    assert len(pyramid_anchors(64, [2, 6], [16, 64], [1.0], 0.0)) == 16 * 16 + 1


def test_our_anchors_are_symmetric() -> None:
    from tryon.models.mask_rcnn.anchors import pyramid_anchors

    boxes = pyramid_anchors(64, [3, 4], [20, 32], [0.7, 1.4], 0.5)
    mirrored = boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [64, 0, 64, 0]
    assert {tuple(np.round(box, 3)) for box in boxes.tolist()} == {tuple(np.round(box, 3)) for box in mirrored.tolist()}


@pytest.mark.parametrize("mask_features", ["fine", "pyramid"])
def test_shapes_of_every_part(mask_features: str) -> None:
    from tryon.models.mask_rcnn import build_mask_rcnn

    network = build_mask_rcnn(tiny(mask_features=mask_features, mask_upsamplings=2), 1)
    pyramid, mask_maps = network.features(np.zeros((2, 64, 64, 3), np.uint8))
    assert [tuple(level.shape) for level in pyramid] == [(2, s, s, 16) for s in (16, 8, 4, 2, 1)]
    assert [level.shape[1] for level in mask_maps] == [16, 8, 4, 2, *([32] if mask_features == "fine" else [])]
    logits, deltas = network.objectness(pyramid)
    assert logits.shape == (2, len(network.anchors), 2) and deltas.shape == (2, len(network.anchors), 4)
    rois = np.array([[[0, 0, 30, 30]] * 5] * 2, np.float32)
    logits, deltas = network.classify(rois, pyramid)
    assert logits.shape == (2, 5, 2) and deltas.shape == (2, 5, 2, 4)
    assert network.mask(rois, mask_maps).shape == (2, 5, 56, 56, 2)


def test_fresh_weights_depend_on_the_seed_alone() -> None:
    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.models.mask_rcnn.weight_files import weights_to_bytes

    first, again, other = (weights_to_bytes(build_mask_rcnn(tiny(), seed)) for seed in (1, 1, 2))
    assert first == again and first != other


def test_one_batch_is_learnt_by_heart() -> None:
    import keras

    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.training.mask_rcnn_step import MaskRCNNLosses

    network = build_mask_rcnn(tiny(), 1)
    model = MaskRCNNLosses(network)
    optimizer = keras.optimizers.Adam(0.005)
    optimizer.build(model.trainable_variables)  # else the first step is traced twice
    model.compile(optimizer=optimizer)
    batch = ellipse_batch(tiny(), 2, len(network.anchors))
    losses = [model.train_on_batch(batch, return_dict=True) for _ in range(25)]
    first, last = (sum(float(value) for value in step.values()) for step in (losses[0], losses[-1]))
    assert last < 0.5 * first
    assert set(losses[0]) == {"rpn_class", "rpn_bbox", "mrcnn_class", "mrcnn_bbox", "mrcnn_mask"}


def test_kinds_of_other_garments_have_a_head_and_change_nothing_else() -> None:
    from tryon.models.mask_rcnn.network import build_mask_rcnn

    plain, network = (build_mask_rcnn(tiny(other_garments=flag), seed=1) for flag in (False, True))
    own = network.weights_by_layer()
    assert set(own) - set(plain.weights_by_layer()) == {"mrcnn_kind"} and plain.kind_head is None
    for name, values in plain.weights_by_layer().items():
        assert all(np.array_equal(*pair) for pair in zip(values, own[name], strict=True))
    pictures = ellipse_batch(network.config, 2, len(network.anchors))["images"]
    pyramid, mask_maps = network.features(pictures)
    logits = np.asarray(network.garment_kinds(mask_maps))
    assert logits.shape == (2, 32, 32, 5) and logits.dtype == np.float32 and logits.std() > 0
    assert np.array_equal(np.asarray(pyramid[0]), np.asarray(plain.features(pictures)[0][0]))


def test_a_step_by_the_references_conventions_is_finite() -> None:
    """With padded RoIs that count as background, and without annotated boxes among them."""
    import keras

    from tryon.models.mask_rcnn import build_mask_rcnn
    from tryon.training.mask_rcnn_step import MaskRCNNLosses

    network = build_mask_rcnn(tiny(conventions="reference", mask_margin=0.0), 1)
    model = MaskRCNNLosses(network)
    model.compile(optimizer=keras.optimizers.SGD(0.01), run_eagerly=True)
    batch = ellipse_batch(tiny(), 2, len(network.anchors))
    steps = [model.train_on_batch(batch, return_dict=True) for _ in range(2)]
    assert all(np.isfinite(float(value)) for step in steps for value in step.values())
    assert all(np.isfinite(weight.numpy()).all() for weight in network.weights)


def test_the_reference_has_no_margin_round_its_masks() -> None:
    with pytest.raises(ValueError, match="mask_margin is of our conventions"):
        tiny(conventions="reference", mask_margin=0.15)
