"""The 2017 Mask R-CNN's part of `benchmarks/side_by_side.py`; runs under an interpreter of its own (Python 3.7).

python mask_rcnn_reference_child.py CASE SIDE BATCH REPEATS THREADS

Weights are He-normal, statistics those of fresh layers; the batch is that of our benchmark: noise with one square
object. Prints one JSON object as its last line.
"""

import json
import re
import resource
import statistics
import sys
import time

import keras.backend
import numpy as np
import tensorflow as tf
from mrcnn import model as reference
from mrcnn import utils
from mrcnn.config import Config

HEADS = r"(mrcnn_.*)|(rpn_.*)|(fpn_.*)"
LAYERS = {"heads": HEADS, "3+": r"(res[345].*)|(bn[345].*)|" + HEADS, "all": ".*"}


def main():
    """Measure one case."""
    case, side, batch, repeats, threads = sys.argv[1], *map(int, sys.argv[2:])
    options = tf.ConfigProto(intra_op_parallelism_threads=threads, inter_op_parallelism_threads=threads)
    keras.backend.set_session(tf.Session(config=options))
    config = configuration(side, batch)
    call = inference(config) if case.startswith("inference") else training_step(config, LAYERS[case])
    call()
    seconds = []
    for _ in range(repeats):
        started = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - started)
    report = {
        "median_ms": 1000 * statistics.median(seconds),
        "least_ms": 1000 * min(seconds),
        "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps(report))


def configuration(side, batch):
    """ResNet-50, one class beside the background, anchors that fit the side, every detection counts."""

    class Sizes(Config):
        NAME = "benchmark"
        BACKBONE = "resnet50"
        NUM_CLASSES = 2
        IMAGE_MIN_DIM = IMAGE_MAX_DIM = side
        IMAGES_PER_GPU = batch
        RPN_ANCHOR_SCALES = tuple(side // 32 * 2**level for level in range(5))
        DETECTION_MIN_CONFIDENCE = 0.0

    return Sizes()


def inference(config):
    """Pictures to masks."""
    network = reference.MaskRCNN("inference", config, "logs")
    fill(network.keras_model)
    shape = (*config.IMAGE_SHAPE[:2], 3)
    pictures = [np.random.RandomState(1).randint(0, 256, shape).astype(np.uint8) for _ in range(config.BATCH_SIZE)]
    return lambda: network.detect(pictures)


def training_step(config, layers):
    """A step on a batch in memory, whose anchor targets are made already."""
    network = reference.MaskRCNN("training", config, "logs")
    fill(network.keras_model)
    network.set_trainable(layers, verbose=0)
    network.compile(config.LEARNING_RATE, config.LEARNING_MOMENTUM)
    given = fixed_batch(config)
    return lambda: network.keras_model.train_on_batch(given, [])


def fixed_batch(config):
    """Noise with one square object in the middle of each picture."""
    shape, places, batch = tuple(config.IMAGE_SHAPE), config.MAX_GT_INSTANCES, config.BATCH_SIZE
    side = int(shape[0])
    low, high = side // 4, 3 * side // 4
    images = np.random.RandomState(2).randint(0, 256, (batch, side, side, 3)).astype(np.float32) - config.MEAN_PIXEL
    meta = reference.compose_image_meta(0, shape, shape, (0, 0, side, side), 1.0, np.ones(2, np.int32))
    class_ids = np.zeros((batch, places), np.int32)
    class_ids[:, 0] = 1
    boxes = np.zeros((batch, places, 4), np.int32)
    boxes[:, 0] = (low, low, high, high)
    masks = np.zeros((batch, *config.MINI_MASK_SHAPE, places), bool)
    masks[..., 0] = True
    cells = reference.compute_backbone_shapes(config, shape)
    anchors = utils.generate_pyramid_anchors(
        config.RPN_ANCHOR_SCALES, config.RPN_ANCHOR_RATIOS, cells, config.BACKBONE_STRIDES, config.RPN_ANCHOR_STRIDE
    )
    labels, deltas = reference.build_rpn_targets(shape, anchors, class_ids[0, :1], boxes[0, :1], config)
    labels, deltas = (np.stack([value] * batch) for value in (labels[:, None], deltas))
    return [images, np.stack([meta] * batch), labels, deltas, class_ids, boxes, masks]


# What a layer's kernel is multiplied by, so that nothing overflows: its input are pixels, its sum grows from block to
# block, or its output is an exponent.
GAINS = ((r"conv1", 1 / 64), (r"res.*_branch2c", 0.3), (r"rpn_bbox_pred|mrcnn_bbox_fc|.*class_(raw|logits)", 0.01))


def fill(model):
    """He-normal kernels times gains; with Keras' own draws a network without statistics overflows."""
    draws = np.random.RandomState(0)
    for layer in model.layers:
        if hasattr(layer, "layers"):
            fill(layer)
            continue
        values = layer.get_weights()
        if values and values[0].ndim > 1:
            gain = next((gain for name, gain in GAINS if re.match(name + "$", layer.name)), 1.0)
            spread = gain * np.sqrt(2.0 / np.prod(values[0].shape[:-1]))
            values[0] = (draws.standard_normal(values[0].shape) * spread).astype(np.float32)
            layer.set_weights(values)


if __name__ == "__main__":
    main()
