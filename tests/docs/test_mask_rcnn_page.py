"""The example of docs/reference/mask_rcnn.md runs, and gives what its table says: 81 classes, ResNet-101, a wide
picture."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.slow
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "mask_rcnn.md").read_text()


@pytest.fixture(scope="module")
def ran() -> dict[str, Any]:
    """The names that the example leaves."""
    (example,) = re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(example, "docs/reference/mask_rcnn.md", "exec"), names)
    return names


def test_the_example_gives_every_key_of_the_table(ran: dict[str, Any]) -> None:
    table = PAGE.split("| key | shape | what |")[1].split("\n\n")[0]
    named = set(re.findall(r"`(\w+)`", "".join(row.split("|")[1] for row in table.splitlines()[2:])))
    named = (named - {"C1", "C5", "P2", "P6"}) | {f"C{n}" for n in range(1, 6)} | {f"P{n}" for n in range(2, 7)}
    assert named == set(ran["found"])


def test_its_shapes_are_those_of_its_configuration(ran: dict[str, Any]) -> None:
    found = {name: value.shape for name, value in ran["found"].items()}
    assert found["square"] == (128, 128, 3) and ran["found"]["window"].tolist() == [28, 0, 100, 128]
    cells = [32, 16, 8, 4, 2]
    assert [found[f"P{level}"] for level in range(2, 7)] == [(1, side, side, 256) for side in cells]
    channels = zip((1, 2, 3, 4, 5), (32, 32, 16, 8, 4), (64, 256, 512, 1024, 2048), strict=True)
    assert all(found[f"C{stage}"] == (1, side, side, width) for stage, side, width in channels)
    anchors = 3 * sum(side**2 for side in cells)
    assert found["anchors"] == (anchors, 4) and found["rpn_class"] == (1, anchors, 2)
    assert found["rpn_rois"] == (1, 60, 4) and found["mrcnn_class"] == (1, 60, 81)
    assert found["mrcnn_bbox"] == (1, 60, 81, 4)
    assert found["detections"] == (1, 20, 6) and found["mrcnn_mask"] == (1, 20, 28, 28, 81)
    assert found["masks"] == (90, 160, len(ran["found"]["rois"]))


def test_what_it_finds_is_in_order(ran: dict[str, Any]) -> None:
    found = ran["found"]
    assert all(np.isfinite(value).all() for value in found.values())
    assert np.allclose(found["mrcnn_class"].sum(axis=-1), 1, atol=1e-5)
    ids, scores = found["detections"][0, :, 4], found["detections"][0, :, 5]
    assert ids.max() <= 80 and np.all(np.diff(scores) <= 0) and scores[0] > 0
    low, high = 28 / 127, 99 / 127
    ys = found["detections"][0, scores > 0][:, [0, 2]]
    assert ys.min() >= low - 1e-6 and ys.max() <= high + 1e-6


def test_every_module_that_is_named_exists() -> None:
    """`reference.NAME` and the functions named with it."""
    import importlib

    for row in PAGE.split("## Moving over")[1].splitlines():
        for module, names in re.findall(r"`reference\.(\w+)`: ([^|]*)", row):
            functions = re.findall(r"`(\w+)`", names.replace("(`square`, `pad64`, `crop`, `none`)", ""))
            loaded = importlib.import_module(f"tryon.models.mask_rcnn.reference.{module}")
            assert functions and [name for name in functions if not hasattr(loaded, name)] == []
