"""VIA files of both versions as the 2017 implementation's balloon sample reads them, mask for mask."""

import numpy as np
import pytest

from tests.models.mask_rcnn.reference_cases import FIXTURES, Goldens, goldens
from tryon.formats.via import read_via

pytestmark = pytest.mark.slow
HEIGHT, WIDTH = 120, 160


@pytest.fixture(scope="module")
def golden() -> Goldens:
    return goldens("balloon_via")


@pytest.mark.parametrize("form", ["list", "dict"])
def test_masks_and_classes(golden: Goldens, form: str) -> None:
    from tryon.models.mask_rcnn.reference.via import annotated_files, region_masks

    files = annotated_files(read_via(FIXTURES / f"via_{form}.json"))
    assert [entry.filename for entry in files] == golden[f"{form}/image_ids"].tolist()
    for entry in files:
        masks, class_ids = region_masks(entry, HEIGHT, WIDTH)
        key = f"{form}/{entry.filename}"
        assert np.array_equal(masks, golden.bits(f"{key}/masks_bits", golden[f"{key}/masks_shape"]))
        assert np.array_equal(masks.sum(axis=(0, 1)), golden[f"{key}/area"])
        assert np.array_equal(class_ids, golden[f"{key}/class_ids"])


@pytest.mark.parametrize("form", ["list", "dict"])
def test_what_a_training_picture_brings(golden: Goldens, form: str) -> None:
    """Resized masks, their boxes, mini-masks and the meta vector of the first picture."""
    from tryon.models.mask_rcnn.reference.boxes import boxes_of_masks
    from tryon.models.mask_rcnn.reference.masks import minimise_masks
    from tryon.models.mask_rcnn.reference.meta import PictureMeta
    from tryon.models.mask_rcnn.reference.pictures import resize_masks, resize_picture
    from tryon.models.mask_rcnn.reference.via import annotated_files, region_masks

    entry = annotated_files(read_via(FIXTURES / f"via_{form}.json"))[0]
    masks, class_ids = region_masks(entry, HEIGHT, WIDTH)
    resized = resize_picture(np.zeros((HEIGHT, WIDTH, 3), np.uint8), "square", min_dim=256, max_dim=256)
    square = resize_masks(masks, resized)
    boxes = boxes_of_masks(square)
    key = f"{form}/load_image_gt"
    assert np.array_equal(class_ids, golden[f"{key}/ids"]) and np.array_equal(boxes, golden[f"{key}/bbox"])
    mini = minimise_masks(boxes, square)
    assert np.array_equal(mini, golden.bits(f"{key}/mini_bits", (56, 56, 3)))
    meta = PictureMeta(0, (HEIGHT, WIDTH, 3), (256, 256, 3), resized.window, resized.scale, (1, 1))
    assert np.allclose(meta.to_vector(), golden[f"{key}/meta"])


def test_a_polygon_up_to_the_border_and_one_beyond(golden: Goldens) -> None:
    """Theirs stops at the second one with an IndexError; ours is cut off."""
    from tryon.models.mask_rcnn.reference.via import polygon_mask

    inner = {"all_points_x": [100, 160, 160, 100], "all_points_y": [50, 50, 100, 100]}
    assert polygon_mask(inner, HEIGHT, WIDTH).sum() == golden["on_edge/area"][0]
    outer = {**inner, "all_points_x": [100, 900, 900, 100]}
    assert "out of bounds" in str(golden["beyond_edge/raises"])
    assert np.array_equal(polygon_mask(outer, HEIGHT, WIDTH), polygon_mask(inner, HEIGHT, WIDTH))
