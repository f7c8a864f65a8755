"""Mask R-CNN in Keras 3: network, targets, losses and decoding, each by itself.

Shapes: `B` pictures, `S` side of the square input, `A` anchors, `P` proposals, `R` RoIs, `G` annotated instances (padded),
`D` detections (padded), `K` classes, `M` side of a mask. Boxes are `xyxy` pixels of the square input.
"""
