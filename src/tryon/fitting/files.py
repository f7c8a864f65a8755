"""Files in, file out: what `tryon fit` and the fitting stage share."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tryon.fitting.fitter import Fitter, FittingResult
from tryon.images.decoding import read_untrusted
from tryon.images.files import write_png

DISCLOSURE = "AI-generated composite"


def fit_files(
    photo_path: Path,
    garment_path: Path,
    out_path: Path,
    fitter: Fitter,
    *,
    pattern: str | None = None,
    run_key: str = "",
) -> FittingResult:
    """Fit the garment of one picture file to the person of another and write the result as PNG.

    Both files are taken as untrusted and decoded in a guarded child process.

    Args:
        photo_path: JPEG, PNG or WebP of a person.
        garment_path: the same of a garment.
        out_path: PNG to write; its text names the run and says what the picture is.
        fitter: with loaded models.
        pattern: draw this pattern; None recognises it.
        run_key: of the run that made the models.

    Raises:
        DataError: a file is missing, not a picture, or too large.
        FittingRefusal: the pictures were read, but cannot be fitted.
    """
    result = fitter.fit(read_untrusted(photo_path), read_untrusted(garment_path), pattern)
    write_png(out_path, result.image, result_text(result.pattern, run_key))
    return result


def result_text(pattern: str, run_key: str) -> dict[str, str]:
    """The text entries of a result's PNG file."""
    return {"Comment": DISCLOSURE, "Software": "tryon", "pattern": pattern, "run_key": run_key}


def alpha_to_u8(alpha: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Alpha as 8 bits; only untouched pixels have 0."""
    return np.asarray(np.where(alpha > 0, np.maximum(np.rint(np.clip(alpha, 0, 1) * 255), 1), 0), np.uint8)
