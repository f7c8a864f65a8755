"""Result files: a picture that says what it is, and its alpha. `tryon fit` and the fitting stage share this."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.fitting.fitter import FittingResult
from tryon.images.files import write_png

DISCLOSURE = "AI-generated composite"


def write_result(path: Path, result: FittingResult, run_key: str) -> None:
    """Write a result as PNG whose text says that it is generated, in which pattern, and by which run's models."""
    text = {"Comment": DISCLOSURE, "Software": "tryon", "pattern": result.pattern, "run_key": run_key}
    write_png(path, result.image, text)


def alpha_to_u8(alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Alpha as 8 bits; only untouched pixels have 0."""
    return np.asarray(np.where(alpha > 0, np.maximum(np.rint(np.clip(alpha, 0, 1) * 255), 1), 0), np.uint8)
