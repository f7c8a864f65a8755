"""What the thresholds of the measured slices are read from: outlines close to their background, and longer sleeves.

python benchmarks/slices.py [--photos 520] [--size-px 256]
"""

import argparse
from collections.abc import Sequence

import numpy as np

from tryon.evaluation.slices import CLOSE_SHARE, LONG_SLEEVE, close_share, sleeve_ratio
from tryon.images.files import decode_own, encode_jpeg
from tryon.rendering.annotation import annotate_photo, visible_mask
from tryon.rendering.dataset import draw_photo
from tryon.rendering.photo import wear

HALF_SLEEVE_CM = 23.0  # tryon.rendering.cut draws sleeves of 15 to 21 cm and of 25 to 30 cm
QUANTILES = (0, 5, 25, 50, 75, 95, 100)


def main() -> None:
    """Draw photos as the renderer writes them and print the distributions of both measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=520)
    parser.add_argument("--size-px", type=int, default=256)
    arguments = parser.parse_args()
    ratios: dict[bool, list[float]] = {False: [], True: []}
    shares = []
    for index in range(arguments.photos):
        drawn, look, _ = draw_photo(20261122, "train", index, arguments.size_px)
        photo = decode_own(encode_jpeg(wear(drawn, look).image), str(index))
        landmarks = annotate_photo(drawn).items["item1"].landmarks.astype(np.float64)
        ratios[drawn.scene.shirt.cut.sleeve > HALF_SLEEVE_CM].append(sleeve_ratio(landmarks))
        shares.append(close_share(photo, visible_mask(drawn.alpha)))
    print("quantiles in % " + " ".join(f"{each:>6}" for each in QUANTILES))
    report("short sleeves", ratios[False], LONG_SLEEVE)
    report("half sleeves", ratios[True], LONG_SLEEVE)
    report("close outline", shares, CLOSE_SHARE)


def report(name: str, values: Sequence[float], threshold: float) -> None:
    """One line of quantiles, and how many values reach the threshold."""
    quantiles = " ".join(f"{each:6.2f}" for each in np.percentile(values, QUANTILES))
    reached = int(np.count_nonzero(np.array(values) >= threshold))
    print(f"{name:14} {quantiles}  {reached} of {len(values)} reach {threshold}")


if __name__ == "__main__":
    main()
