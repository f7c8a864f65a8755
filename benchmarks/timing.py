"""What the speed benchmarks share: cases in processes of their own, beside the rate of a matrix product.

Imported by `python benchmarks/mask_rcnn.py` and `python benchmarks/cyclegan.py`.
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
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

Call = Callable[[], Any]
CEILING_SIDE = 2048


class Anatomy(NamedTuple):
    """A call's floating-point operations, parts of it to be timed by themselves, and further facts."""

    operations: float
    parts: dict[str, Call]
    facts: dict[str, int]


class Case(NamedTuple):
    """What is timed, and what it is made of: asked for after the calls, as that takes memory of its own."""

    call: Call
    anatomy: Callable[[], Anatomy]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options that every speed benchmark has."""
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--inter-threads", type=int, help="operations side by side; default: as --threads")
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--warm-up", type=int, default=2, help="calls before the measured ones")
    parser.add_argument("--out", type=Path, help="also write the JSON to this file")
    parser.add_argument("--only", help=argparse.SUPPRESS)


def run(
    program: str,
    arguments: argparse.Namespace,
    wanted: Sequence[tuple[str, int]],
    settings: Sequence[str],
    build: Callable[[argparse.Namespace, str, int], Case],
) -> None:
    """Measure every case and batch size in a child process and print all as JSON; as a child, measure that one.

    Args:
        program: file of the benchmark.
        wanted: cases with their batch sizes.
        settings: options that the report repeats.
        build: makes a case.
    """
    if arguments.only:
        print(json.dumps(measure(arguments, build, *json.loads(arguments.only))))
        return
    cases = []
    for case, batch in wanted:
        print(f"{case}, batch {batch} ...", file=sys.stderr)
        command = [sys.executable, program, *sys.argv[1:], "--only", json.dumps([case, batch])]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment(arguments))
        cases.append(json.loads(done.stdout.splitlines()[-1]))
    given = {name: getattr(arguments, name) for name in settings}
    report = json.dumps({"machine": platform.processor() or platform.machine(), **given, "cases": cases}, indent=2)
    print(report)
    if arguments.out:
        arguments.out.write_text(report + "\n", encoding="utf-8")


def environment(arguments: argparse.Namespace) -> dict[str, str]:
    """This process's environment with the wished number of threads, which must stand before libraries are loaded."""
    threads, beside = str(arguments.threads), str(arguments.inter_threads or arguments.threads)
    wished = {"TF_NUM_INTRAOP_THREADS": threads, "TF_NUM_INTEROP_THREADS": beside, "OMP_NUM_THREADS": threads}
    return {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **wished}


def measure(
    arguments: argparse.Namespace, build: Callable[[argparse.Namespace, str, int], Case], case: str, batch: int
) -> dict[str, Any]:
    """One case in this process."""
    todo = build(arguments, case, batch)
    seconds = timed(todo.call, arguments.warm_up, arguments.repeats)
    median = statistics.median(seconds)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    ceiling = matrix_product_rate()
    operations, named, facts = todo.anatomy()
    parts = {name: statistics.median(timed(part, 1, 5)) for name, part in named.items()}
    return {
        "case": case,
        "batch": batch,
        "median_ms": round(median * 1000, 1),
        "least_ms": round(min(seconds) * 1000, 1),
        "peak_memory_mib": round(peak / 1024),
        "gflop": round(operations / 1e9, 2),
        "gflop_per_s": round(operations / median / 1e9, 1),
        "ceiling_gflop_per_s": round(ceiling / 1e9, 1),
        "fraction_of_ceiling": round(operations / median / ceiling, 3),
        "parts_ms": {name: round(value * 1000, 1) for name, value in parts.items()},
        **facts,
    }


def matrix_product_rate() -> float:
    """Floating-point operations a second of a large matrix product; the best of ten."""
    from keras import ops

    left = ops.convert_to_tensor(np.random.default_rng(0).random((CEILING_SIDE, CEILING_SIDE), np.float32))
    seconds = timed(lambda: ops.convert_to_numpy(ops.matmul(left, left)), 2, 10)
    return 2 * CEILING_SIDE**3 / min(seconds)


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
        return 2.0 * float(np.prod(operation.outputs[0].shape.as_list())) * int(inner)
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
