"""Annotations as a hurried annotator draws them: one polygon through the landmarks instead of the true outline."""

import dataclasses

from tryon.formats.deepfashion2 import Annotation
from tryon.geometry import landmarks


def outlined_by_landmarks(annotation: Annotation) -> Annotation:
    """The annotation with one polygon through each top's landmarks; a garment with fewer than three is left out."""
    polygons = {
        name: landmarks.outline(item.landmarks)
        for name, item in annotation.items.items()
        if len(item.landmarks) == len(landmarks.SHORT_SLEEVE_TOP)
    }
    items = {
        name: dataclasses.replace(annotation.items[name], polygons=(polygon,))
        for name, polygon in polygons.items()
        if polygon is not None
    }
    return dataclasses.replace(annotation, items=items)
