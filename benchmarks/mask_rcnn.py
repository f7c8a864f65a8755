"""Speed and memory of Mask R-CNN: inference and training steps, beside the machine's ceiling.

python benchmarks/mask_rcnn.py [--backbone resnet50] [--size-px 256] [--batch 1 2] [--threads 2] [--repeats 10]
                               [--cases inference heads 3+ all] [--proposals 1000] [--detections 100] [--out FILE]

Prints JSON: for each case and batch size the median and the least time of a call in milliseconds after a warm-up, the
process's peak memory in MiB, its floating-point operations (multiply and add count as two), the rate, and that rate as
a fraction of the ceiling: the rate of a large matrix product of the same precision on as many threads. `parts` says
where an inference spends its time. `resnet50` and `resnet101` have the 2017 implementation's sizes and conventions;
`light` those of params.yaml. Every case runs in a process of its own. An inference begins with pictures and ends with
masks at their size; a training step begins with a batch in memory and ends with updated weights. Weights are fresh, and
every detection counts, however doubtful: `detections` says how many were found and so had masks drawn. Where few shirts
are expected, `--detections 1` is the usual case and `--detections 100` what the 2017 implementation always computes.
"""

import argparse
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tryon.geometry.landmarks import SHORT_SLEEVE_TOP, VISIBLE

Call = Callable[[], Any]
CASES = ("inference", "heads", "3+", "4+", "5+", "all")
CEILING_SIDE = 2048


class Case(NamedTuple):
    """What is timed, its floating-point operations, parts of it to be timed by themselves, and further facts."""

    call: Call
    operations: float
    parts: dict[str, Call]
    facts: dict[str, int]


def main() -> None:
    """Measure every case in a child process and print all as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backbone", choices=("light", "resnet50", "resnet101"), default="resnet50")
    parser.add_argument("--size-px", type=int, default=256, help="side of the square picture")
    parser.add_argument("--classes", type=int, default=1, help="of a ResNet, without the background")
    parser.add_argument("--batch", type=int, nargs="+", help="pictures a call; default 1 for inference, 2 for training")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=2, help="calls before the measured ones")
    parser.add_argument("--proposals", type=int, help="default: the reference's 1000, or that of params.yaml")
    parser.add_argument("--detections", type=int, help="default: the reference's 100, or that of params.yaml")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=["inference", "heads", "3+", "all"])
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16", "mixed_float16"), default="float32")
    parser.add_argument("--out", type=Path, help="also write the JSON to this file")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.only:
        print(json.dumps(measure(arguments, *json.loads(arguments.only))))
        return
    report = json.dumps(measure_all(arguments), indent=2)
    print(report)
    if arguments.out:
        arguments.out.write_text(report + "\n", encoding="utf-8")


def measure_all(arguments: argparse.Namespace) -> dict[str, Any]:
    """All cases one after the other, each with the ceiling measured in its own process just before."""
    cases = []
    for case in arguments.cases:
        for batch in arguments.batch or [1 if case == "inference" else 2]:
            print(f"{case}, batch {batch} ...", file=sys.stderr)
            command = [sys.executable, __file__, *sys.argv[1:], "--only", json.dumps([case, batch])]
            done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment(arguments))
            cases.append(json.loads(done.stdout.splitlines()[-1]))
    settings = {name: getattr(arguments, name) for name in ("backbone", "size_px", "classes", "threads", "precision")}
    return {"machine": platform.processor() or platform.machine(), **settings, "cases": cases}


def environment(arguments: argparse.Namespace) -> dict[str, str]:
    """This process's environment with the wished number of threads, which must stand before libraries are loaded."""
    threads = str(arguments.threads)
    wished = {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": "1", "OMP_NUM_THREADS": threads}
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **wished}


def measure(arguments: argparse.Namespace, case: str, batch: int) -> dict[str, Any]:
    """One case in this process."""
    ceiling = matrix_product_rate()
    network = build(arguments, case)
    todo = inference(network, batch) if case == "inference" else training_step(network, batch)
    seconds = timed(todo.call, arguments.warm_up, arguments.repeats)
    median = statistics.median(seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    parts = {name: statistics.median(timed(part, 1, 5)) for name, part in todo.parts.items()}
    return {
        "case": case,
        "batch": batch,
        "median_ms": round(median * 1000, 1),
        "least_ms": round(min(seconds) * 1000, 1),
        "peak_memory_mib": round(peak / 1024),
        "gflop": round(todo.operations / 1e9, 2),
        "gflop_per_s": round(todo.operations / median / 1e9, 1),
        "ceiling_gflop_per_s": round(ceiling / 1e9, 1),
        "fraction_of_ceiling": round(todo.operations / median / ceiling, 3),
        "parts_ms": {name: round(value * 1000, 1) for name, value in parts.items()},
        **todo.facts,
    }


def matrix_product_rate() -> float:
    """Floating-point operations a second of a large matrix product; the best of ten."""
    from keras import ops

    left = ops.convert_to_tensor(np.random.default_rng(0).random((CEILING_SIDE, CEILING_SIDE), np.float32))
    seconds = timed(lambda: ops.convert_to_numpy(ops.matmul(left, left)), 2, 10)
    return 2 * CEILING_SIDE**3 / min(seconds)


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
            arguments.backbone, class_names=names, image_size_px=side, image_min_px=side, anchor_scales=scales
        )
    wished = {"proposals": arguments.proposals, "detections": arguments.detections}
    changes = {name: value for name, value in wished.items() if value is not None}
    config = replace(config, layers="all" if case == "inference" else case, precision=arguments.precision, **changes)
    network = build_mask_rcnn(config)
    network.choose_layers(config.layers)
    return network


def inference(network: Any, batch: int) -> Case:
    """Pictures to masks; the operations are those of the graphs that were run."""
    import tensorflow as tf

    from tryon.models.mask_rcnn.predictor import Predictor

    side = network.config.image_size_px
    pictures = list(np.random.default_rng(1).integers(0, 256, (batch, side, side, 3), np.uint8))
    predictor = Predictor(network, min_confidence=0.0)
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
    given = ((network.features, images), (network.objectness, pyramid))
    given += ((network.classify, rois, pyramid), (network.mask, drawn, mask_maps))
    operations = sum(graph_operations(*each) for each in given)
    return Case(lambda: predictor.predict(pictures), operations, parts, {"detections": detections})


def training_step(network: Any, batch: int) -> Case:
    """One step on a fixed batch; the operations are those forwards and backwards."""
    import tensorflow as tf

    from tryon.training.mask_rcnn_optimizer import build_optimizer
    from tryon.training.mask_rcnn_step import MaskRCNNLosses

    model = MaskRCNNLosses(network)
    optimizer = build_optimizer(network.config, 100)
    optimizer.build(model.trainable_variables)
    model.compile(optimizer=optimizer)
    given = fixed_batch(network, batch)

    def gradients(inputs: Any) -> Any:
        with tf.GradientTape() as tape:
            losses = model(inputs, training=True)
            total = sum(losses.values())
        return tape.gradient(total, model.trainable_variables)

    tensors = {name: tf.constant(value) for name, value in given.items()}
    forward = tf.function(lambda inputs: model(inputs, training=True))
    operations = graph_operations(gradients, tensors)
    return Case(lambda: model.train_on_batch(given), operations, {"forwards": lambda: forward(tensors)}, {})


def fixed_batch(network: Any, batch: int) -> dict[str, Any]:
    """Noise with one square object in the middle of each picture."""
    config, random = network.config, np.random.default_rng(2)
    side, places = config.image_size_px, config.max_instances
    given: dict[str, Any] = {
        "images": random.integers(0, 256, (batch, side, side, 3), np.uint8),
        "boxes": np.zeros((batch, places, 4), np.float32),
        "class_ids": np.zeros((batch, places), np.int32),
        "masks": np.zeros((batch, places, side, side), np.uint8),
        "landmarks": np.zeros((batch, places, len(SHORT_SLEEVE_TOP), 3), np.float32),
        "anchor_noise": random.random((batch, len(network.anchors)), np.float32),
        "roi_noise": random.random((batch, config.proposals + places), np.float32),
    }
    low, high = side // 4, 3 * side // 4
    given["boxes"][:, 0] = (low, low, high, high)
    given["class_ids"][:, 0] = 1
    given["landmarks"][:, 0] = (side / 2, side / 2, VISIBLE)
    given["masks"][:, 0, low:high, low:high] = 255
    return given


def graph_operations(function: Callable[..., Any], *given: Any) -> float:
    """Floating-point operations of the convolutions and matrix products in a function's graph."""
    import tensorflow as tf

    graph = tf.function(function).get_concrete_function(*given).graph
    counted = ("Conv2D", "Conv2DBackpropInput", "Conv2DBackpropFilter", "MatMul", "BatchMatMulV2")
    return sum(operations_of(operation) for operation in graph.get_operations() if operation.type in counted)


def operations_of(operation: Any) -> float:
    """Two for each multiply and add: places of the result times values that each is summed from."""
    if operation.type in ("MatMul", "BatchMatMulV2"):
        transposed = operation.get_attr("transpose_a" if operation.type == "MatMul" else "adj_x")
        inner = operation.inputs[0].shape[-2 if transposed else -1]
        return 2.0 * float(np.prod(operation.outputs[0].shape.as_list())) * inner
    if operation.type == "Conv2D":
        kernel, result = operation.inputs[1].shape, operation.outputs[0].shape
    elif operation.type == "Conv2DBackpropInput":  # its result lies where the convolution's input lay
        kernel, result = operation.inputs[1].shape, operation.inputs[2].shape
    else:
        kernel, result = operation.outputs[0].shape, operation.inputs[2].shape
    return 2.0 * float(np.prod(kernel.as_list())) * float(np.prod(result.as_list()[:3]))


def timed(call: Call, warm_up: int, repeats: int) -> list[float]:
    """Seconds of each repeat."""
    for _ in range(warm_up):
        call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    main()
