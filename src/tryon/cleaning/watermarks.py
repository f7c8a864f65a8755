"""Marks that a shop draws into all its pictures: what pictures of one host have in common in the same place.

One picture does not tell a mark from a print or a carpet. In the mean of a host's pictures the garments fade and the
mark stays; each picture is compared with the mean of the others. Reference: Dekel, Rubinstein, Liu and Freeman, On the
Effectiveness of Visible Watermarks, CVPR 2017, section 3.1.
"""

from collections import defaultdict
from collections.abc import Mapping
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

MIN_PICTURES = 8  # of a host: fewer have chance edges in common
MAX_PICTURES = 512  # of a host in memory at a time: more make its mean no better


def host_of(address: str) -> str:
    """The host of a picture's address; empty for a file."""
    return urlsplit(address).hostname or ""


def watermarks(overlays: Mapping[str, NDArray[np.int8]], hosts: Mapping[str, str]) -> dict[str, float]:
    """For each picture how much its fine structure agrees with that of the others of its host, -1 to 1.

    It is 0 for pictures without a host and of hosts with few pictures.

    Args:
        overlays: fine structure (S, S) by picture.
        hosts: host by picture.
    """
    groups = defaultdict(list)
    for picture in sorted(overlays):
        if hosts[picture]:
            groups[hosts[picture]].append(picture)
    found = dict.fromkeys(overlays, 0.0)
    for members in groups.values():
        for start in range(0, len(members), MAX_PICTURES):
            part = members[start : start + MAX_PICTURES]
            if len(part) >= MIN_PICTURES:
                values = agreement(np.stack([overlays[picture] for picture in part]))
                found |= dict(zip(part, values.tolist(), strict=True))
    return found


def agreement(overlays: NDArray[np.int8]) -> NDArray[np.float64]:
    """The cosine (N,) between each of the fine structures (N, S, S) and the mean of the others."""
    flat = overlays.reshape(len(overlays), -1).astype(np.float64)
    others = flat.sum(axis=0) - flat
    norms = np.linalg.norm(flat, axis=1) * np.linalg.norm(others, axis=1)
    products = (flat * others).sum(axis=1)
    return np.asarray(np.divide(products, norms, out=np.zeros(len(flat)), where=norms > 0))
