"""Soft edges and composites: what lies outside of the soft mask stays byte for byte what it was."""

import cv2
import numpy as np
from numpy.typing import NDArray

from tryon.errors import DataError
from tryon.geometry.masks import signed_distance


def edge_alpha(mask: NDArray[np.bool_], border_px: float) -> NDArray[np.float32]:
    """Opacity (H, W): 0 from `border_px` outside of the mask's edge, 1 from `border_px` inside, without its stairs.

    The distance to a mask of whole pixels jumps from step to step of a slanted edge; a blur of one pixel evens it out.
    The picture's rim is no edge. Values are whole 255ths, so that an 8-bit file holds exactly what was laid over.
    """
    distance = cv2.GaussianBlur(signed_distance(mask), (0, 0), 1.0, borderType=cv2.BORDER_REPLICATE)
    t = np.clip(0.5 + distance / (2 * border_px), 0, 1)
    return np.asarray(np.rint(t * t * (3 - 2 * t) * 255) / 255, np.float32)


def composite(photo: NDArray[np.uint8], layer: NDArray[np.uint8], alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The layer laid over the photo; byte-identical to the photo where `alpha` is 0 and to the layer where it is 1.

    Args:
        photo: (H, W, 3).
        layer: (H, W, 3).
        alpha: (H, W), [0, 1].
    """
    if photo.shape != layer.shape or alpha.shape != photo.shape[:2]:
        raise DataError(
            "pictures of different sizes cannot be laid over each other",
            received=f"photo {photo.shape}, layer {layer.shape}, alpha {alpha.shape}",
            needed="photo and layer (H, W, 3), alpha (H, W)",
        )
    weight = np.asarray(alpha, np.float32)[..., None]
    mixed = photo.astype(np.float32) * (1 - weight) + layer.astype(np.float32) * weight
    return np.asarray(np.clip(np.rint(mixed), 0, 255), np.uint8)
