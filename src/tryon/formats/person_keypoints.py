"""The wearer of a garment in its annotation: the 17 keypoints of COCO under a key of their own, which is optional.

`item1.person_keypoints` is a flat list of x, y, visibility as COCO writes it, in pixels of the picture: 0 not in the
picture, 1 covered, 2 seen. DeepFashion2 has no such key and readers of it pass over it; what has none says nothing of
the wearer.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tryon.formats.deepfashion2 import Item, parse_landmarks
from tryon.formats.json_files import Place
from tryon.geometry.landmarks import PERSON

KEY = "person_keypoints"
Numbers = NDArray[np.number]


def read_keypoints(extra: Mapping[str, Any], place: Place) -> Numbers | None:
    """The keypoints (17, 3) among a garment's further keys; None where nobody placed them.

    Raises:
        DataError: they are no 17 points with visibilities of 0, 1 or 2; names `place`.
    """
    return parse_landmarks(extra[KEY], place.at(KEY), len(PERSON)) if KEY in extra else None


def with_keypoints(item: Item, keypoints: ArrayLike) -> Item:
    """The garment worn by a person with these keypoints (17, 3)."""
    return replace(item, extra={**item.extra, KEY: np.asarray(keypoints).reshape(-1).tolist()})
