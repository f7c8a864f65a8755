"""The automatic filters: on the annotated items of a picture, and on the picture itself."""

from collections.abc import Mapping, Sequence

from tryon.config import PhotosConfig
from tryon.curating.measuring import Measurement
from tryon.formats.deepfashion2 import Item


def passing_items(items: Mapping[str, Item], photos: PhotosConfig, *, shop: bool) -> tuple[dict[str, Item], str]:
    """The items that pass all filters, and the reason if there is none: the first filter that leaves nothing.

    Viewpoint, scale and occlusion describe how somebody wears a garment; shop pictures are filtered by category only.
    """
    rules: list[tuple[str, str, Sequence[int]]] = [("category", "category_id", photos.categories)]
    if not shop:
        rules += [
            ("viewpoint", "viewpoint", photos.viewpoints),
            ("scale", "scale", photos.scales),
            ("occlusion", "occlusion", photos.occlusions),
        ]
    passing = dict(items)
    for kind, field, accepted in rules:
        met = sorted({getattr(item, field) for item in passing.values()})
        passing = {key: item for key, item in passing.items() if getattr(item, field) in accepted}
        if not passing:
            return {}, f"{kind}: {' '.join(map(str, met)) or 'no item'}"
    return passing, ""


def picture_reason(measured: Measurement, photos: PhotosConfig) -> str:
    """Why the picture itself is unfit, or an empty text."""
    darkest, brightest = photos.exposure
    if measured.fault:
        return measured.fault
    if small := size_reason(measured, photos.min_side_px):
        return small
    if measured.sharpness < photos.min_sharpness:
        return f"blurred: {measured.sharpness:.1f}"
    if not darkest <= measured.luminance <= brightest:
        return f"exposure: {measured.luminance:.3f}"
    return ""


def size_reason(measured: Measurement, min_side_px: int) -> str:
    """Why the picture is too small, or an empty text."""
    small = min(measured.width, measured.height) < min_side_px
    return f"too small: {measured.width} x {measured.height}" if small else ""


def main_item(items: Mapping[str, Item]) -> Item | None:
    """The item with the largest bounding box: the one whose slice attributes speak for the picture."""

    def box_area(item: Item) -> float:
        x1, y1, x2, y2 = item.bounding_box
        return float((x2 - x1) * (y2 - y1))

    return max(items.values(), key=box_area, default=None)
