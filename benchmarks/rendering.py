"""Photos rendered per second on one core, by the processor time of this process (the machine may be shared).

python benchmarks/rendering.py [--photos 60] [--size-px 256]
"""

import argparse
import time

import cv2

from tryon.images.files import encode_jpeg
from tryon.rendering.annotation import annotate_photo
from tryon.rendering.dataset import draw_photo
from tryon.rendering.photo import wear


def main() -> None:
    """Draw, annotate and encode photos one after the other and print the rate."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=int, default=60)
    parser.add_argument("--size-px", type=int, default=256)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    drawing = everything = 0.0
    for index in range(-5, arguments.photos):  # the first five warm up
        started = time.process_time()
        drawn, look, _ = draw_photo(20261122, "train", index + 5, arguments.size_px)
        image = wear(drawn, look).image
        drawn_at = time.process_time()
        annotate_photo(drawn)
        encode_jpeg(image)
        if index >= 0:
            drawing += drawn_at - started
            everything += time.process_time() - started
    print(
        f"{arguments.photos / drawing:.1f} photos/s drawn, {arguments.photos / everything:.1f} with annotation and JPEG"
    )


if __name__ == "__main__":
    main()
