"""Mask R-CNN in Keras 3: network, targets, losses and decoding, each by itself.

Shapes: `B` pictures, `S` side of the square input, `A` anchors, `P` proposals, `R` RoIs, `Q` RoIs that may be
positive, `G`
annotated instances (padded), `D` detections (padded), `K` classes, `M` side of a mask. Boxes are `xyxy` pixels of the
square input, half-open.
"""

from tryon.models.mask_rcnn.network import MaskRCNN, build_mask_rcnn
from tryon.models.mask_rcnn.predictor import Detections, Predictor, load_predictor
from tryon.models.mask_rcnn.storage import save_model

__all__ = ["Detections", "MaskRCNN", "Predictor", "build_mask_rcnn", "load_predictor", "save_model"]
