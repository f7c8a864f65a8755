"""Boxes, masks, polygons and landmarks: arrays in, arrays out."""
