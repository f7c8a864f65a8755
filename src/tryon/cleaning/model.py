"""Mask R-CNN as cleaning uses it. Keras is imported when one is loaded, not before."""

import hashlib
from pathlib import Path

from tryon.cleaning.measuring import Model

# Below any limit on a score: how little the model thinks of a second find is a measurement, too.
_MIN_CONFIDENCE = 0.05


def load_model(folder: Path) -> Model:
    """A trained Mask R-CNN that tells its doubtful finds as well, without the last work on outlines.

    Raises:
        ModelError: there is none in the folder, or it is damaged.
    """
    from tryon.models.mask_rcnn import load_predictor

    predictor = load_predictor(folder, _MIN_CONFIDENCE)
    predictor.refinement = "none"  # half of the time, and of no weight for symmetry and area
    files = sorted(path for path in folder.iterdir() if path.suffix in (".json", ".h5"))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()
    return Model(predictor.predict, predictor.glance, digest[:16])
