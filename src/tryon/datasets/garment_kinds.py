"""What beside the shirts a photo shows: each pixel's kind of garment, from the annotations of all garments.

Colour and cloth tell a shirt from what is worn over, under and below it no better than chance: an open jacket lies
beside the shirt on both sides, a skirt may be cut from the same cloth. Only its outline says that it is one.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.config import GARMENT_KINDS
from tryon.errors import DataError
from tryon.formats.deepfashion2 import read_annotation

# Categories of DeepFashion2 by where they are worn: 138 photos show too few of each to tell them apart further.
OTHER_KINDS = {"upper": (2, 3, 4, 5, 6), "lower": (7, 8, 9), "dress": (10, 11, 12, 13)}
NOTHING, SHIRT = GARMENT_KINDS.index("nothing"), GARMENT_KINDS.index("shirt")
_KIND_OF = {category: GARMENT_KINDS.index(kind) for kind, categories in OTHER_KINDS.items() for category in categories}


def read_other_garments(picture: Path, height: int, width: int) -> NDArray[np.uint8]:
    """The kind (H, W) of other garment that each pixel of a photo shows, `NOTHING` where there is none.

    Args:
        picture: its annotation is `annos/NAME.json` beside the picture's folder.
        height: of the photo.
        width: of the photo.

    Raises:
        DataError: there is no such annotation, or it is faulty.
    """
    path = picture.parent.parent / "annos" / f"{picture.stem}.json"
    if not path.is_file():
        raise DataError(
            f"{picture} has no annotation of other garments",
            needed=str(path),
            remedy="run the stage curate_photos, or set mask_rcnn.other_garments: false",
        )
    kinds = np.zeros((height, width), np.uint8)
    for item in read_annotation(path).items.values():
        if item.category_id in _KIND_OF:
            kinds[item.mask(height, width)] = _KIND_OF[item.category_id]
    return kinds
