"""Speed and memory of Mask R-CNN: inference and training steps, beside the machine's ceiling.

python benchmarks/mask_rcnn.py [--backbone resnet50] [--size-px 256] [--batch 1 2] [--threads 2] [--repeats 10]
                               [--cases inference inference-full heads 3+ all] [--proposals 1000]
                               [--train-proposals 2000] [--detections 1] [--out FILE]

Prints JSON: for each case and batch size the median and the least time of a call in milliseconds after a warm-up, the
process's peak memory in MiB, its floating-point operations (multiply and add count as two), the rate, and that rate as
a fraction of the ceiling: the rate of a large matrix product of the same precision on as many threads. `parts` says
where an inference spends its time. `resnet50` and `resnet101` have the 2017 implementation's sizes and conventions;
`light` those of params.yaml. Every case runs in a process of its own. An inference begins with pictures and ends with
masks at their size; a training step begins with a batch in memory and ends with updated weights. Weights are fresh, and
every detection counts, however doubtful. `inference` finds `--detections` shirts and draws their masks, by default the
one of a shopper's photo; `inference-full` finds and draws the 100 that the 2017 implementation always computes.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from timing import Anatomy, Call, Case, add_options, graph_operations, run

from tryon.geometry.landmarks import VISIBLE

FULL_DETECTIONS = 100
CASES = ("inference", "inference-full", "heads", "3+", "4+", "5+", "all")


def main() -> None:
    """Measure every case in a child process and print all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", choices=("light", "resnet50", "resnet101"), default="resnet50")
    parser.add_argument("--size-px", type=int, default=256, help="side of the square picture")
    parser.add_argument("--classes", type=int, default=1, help="of a ResNet, without the background")
    parser.add_argument("--batch", type=int, nargs="+", help="pictures a call; default 1 for inference, 2 for training")
    parser.add_argument(
        "--proposals", type=int, help="inference; default: the reference's 1000, or that of params.yaml"
    )
    parser.add_argument(
        "--train-proposals", type=int, help="steps; default: the reference's 2000, or that of params.yaml"
    )
    parser.add_argument("--detections", type=int, default=1, help="shirts that `inference` finds in a picture")
    default = ["inference", "inference-full", "heads", "3+", "all"]
    parser.add_argument("--cases", nargs="+", choices=CASES, default=default)
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16", "mixed_float16"), default="float32")
    add_options(parser)
    arguments = parser.parse_args()
    wanted = [(case, n) for case in arguments.cases for n in arguments.batch or [1 if is_inference(case) else 2]]
    run(__file__, arguments, wanted, ("backbone", "size_px", "classes", "threads", "precision"), build_case)


def build_case(arguments: argparse.Namespace, case: str, batch: int) -> Case:
    """A network with fresh weights, and what is timed of it."""
    network = build(arguments, case)
    return inference(network, batch) if is_inference(case) else training_step(network, batch)


def is_inference(case: str) -> bool:
    """Whether a case is not a training step."""
    return case.startswith("inference")


def build(arguments: argparse.Namespace, case: str) -> Any:
    """A network with fresh weights."""
    from tryon.config import load_params
    from tryon.models.mask_rcnn.network import build_mask_rcnn
    from tryon.models.mask_rcnn.reference.building import reference_config

    side = arguments.size_px
    if arguments.backbone == "light":
        config = replace(load_params().mask_rcnn, image_size_px=side)
    else:
        names = [f"class {number}" for number in range(1, arguments.classes + 1)]
        scales = [side / 32 * 2**level for level in range(5)]
        config = reference_config(
            arguments.backbone,
            class_names=names,
            image_size_px=side,
            image_min_px=side,
            anchor_scales=scales,
            weights="coco",  # for frozen statistics alone: nothing is loaded
        )
    wished = {name: getattr(arguments, name) for name in ("proposals", "train_proposals")}
    changes = {name: value for name, value in wished.items() if value is not None}
    changes["detections"] = FULL_DETECTIONS if case == "inference-full" else arguments.detections
    changes["layers"] = "all" if is_inference(case) else case
    config = replace(config, precision=arguments.precision, **changes)
    network = build_mask_rcnn(config)
    network.choose_layers(config.layers)
    return network


def inference(network: Any, batch: int) -> Case:
    """Pictures to masks."""
    from tryon.models.mask_rcnn.predictor import Predictor

    side = network.config.image_size_px
    pictures = list(np.random.default_rng(1).integers(0, 256, (batch, side, side, 3), np.uint8))
    predictor = Predictor(network, min_confidence=0.0)
    return Case(lambda: predictor.predict(pictures), lambda: anatomy_of_inference(network, predictor, pictures))


def anatomy_of_inference(network: Any, predictor: Any, pictures: Sequence[NDArray[np.uint8]]) -> Anatomy:
    """The parts of an inference; its operations are those of the graphs that it runs."""
    import tensorflow as tf

    images = tf.constant(np.stack(pictures))
    features, classify, mask = (tf.function(call) for call in (network.features, network.classify, network.mask))
    propose = tf.function(lambda maps: network.propose(*network.objectness(maps)))
    pyramid, mask_maps = features(images)
    rois, _ = propose(pyramid)
    detections = max(len(found) for found in predictor.predict(pictures))
    drawn = rois[:, : min(network.config.detections, 1 << max(0, detections - 1).bit_length())]
    parts: dict[str, Call] = {
        "features": lambda: features(images),
        "proposals": lambda: propose(pyramid),
        "box head": lambda: classify(rois, pyramid),
        "mask head": lambda: mask(drawn, mask_maps),
    }
    given: list[tuple[Any, ...]] = [(network.features, images), (network.objectness, pyramid)]
    given += [(network.classify, rois, pyramid), (network.mask, drawn, mask_maps)]
    return Anatomy(sum(graph_operations(*each) for each in given), parts, {"detections": detections})


def training_step(network: Any, batch: int) -> Case:
    """One step on a fixed batch."""
    from tryon.training.mask_rcnn_optimizer import build_optimizer
    from tryon.training.mask_rcnn_step import MaskRCNNLosses

    model = MaskRCNNLosses(network)
    optimizer = build_optimizer(network.config, 100)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer)
    given = fixed_batch(network, batch)
    return Case(lambda: model.train_on_batch(given), lambda: anatomy_of_step(model, given))


def anatomy_of_step(model: Any, batch: dict[str, Any]) -> Anatomy:
    """The way forwards of a step; its operations are those forwards and backwards."""
    import tensorflow as tf

    from tryon.models.mask_rcnn.losses import total

    def gradients(inputs: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = model(inputs, training=True)
            loss = total(losses)
        return tape.gradient(loss, model.trainable_variables)

    tensors = {name: tf.constant(value) for name, value in batch.items()}
    forward = tf.function(lambda inputs: model(inputs, training=True))
    return Anatomy(graph_operations(gradients, tensors), {"forwards": lambda: forward(tensors)}, {})


def fixed_batch(network: Any, batch: int) -> dict[str, Any]:
    """Noise with one square object in the middle of each picture."""
    from tryon.models.mask_rcnn.landmarks import points_of

    config, random = network.config, np.random.default_rng(2)
    side, places = config.image_size_px, config.max_instances
    given: dict[str, Any] = {
        "images": random.integers(0, 256, (batch, side, side, 3), np.uint8),
        "boxes": np.zeros((batch, places, 4), np.float32),
        "class_ids": np.zeros((batch, places), np.int32),
        "masks": np.zeros((batch, places, side, side), np.uint8),
        "landmarks": np.zeros((batch, places, points_of(config), 3), np.float32),
        "anchor_noise": random.random((batch, len(network.anchors)), np.float32),
        "roi_noise": random.random((batch, config.train_proposals + places), np.float32),
    }
    low, high = side // 4, 3 * side // 4
    given["boxes"][:, 0] = (low, low, high, high)
    given["class_ids"][:, 0] = 1
    if config.other_garments:
        given["kinds"] = np.zeros((batch, side, side), np.uint8)
    given["landmarks"][:, 0] = (side / 2, side / 2, VISIBLE)
    given["masks"][:, 0, low:high, low:high] = 255
    return given


if __name__ == "__main__":
    main()
