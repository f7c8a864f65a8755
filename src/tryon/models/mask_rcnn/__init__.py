"""Mask R-CNN on Keras 3: network, targets and decoding."""
