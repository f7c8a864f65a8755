"""The 2017 implementation's own ways, for those who move over from it: docs/reference/mask_rcnn.md.

Arrays in, arrays out, in its forms: boxes are `y1, x1, y2, x2`, masks (H, W, N), normalised boxes fractions of the
picture with both ends included. Our pipeline uses of it only what `mask_rcnn.conventions: reference` asks for.
"""
