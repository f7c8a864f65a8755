"""Hypothesis strategies for DeepFashion2 annotations: what a real file may hold, unknown keys included."""

from typing import Any

from hypothesis import strategies as st

from tryon.formats.deepfashion2 import ATTRIBUTES, CATEGORIES, LANDMARK_COUNTS

SIDE = 40

whole = st.integers(-3, SIDE + 2)
fraction = st.floats(-3, SIDE + 2, allow_nan=False, width=64)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e9, 1e9) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
extras = st.dictionaries(st.sampled_from(["note", "brand", "£", "größe", 'quote"d', "track"]), json_values, max_size=2)


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    """One item's JSON value."""
    number = draw(st.sampled_from([whole, fraction]))
    category_id = draw(st.integers(1, 13))
    x1, y1 = draw(number), draw(number)
    points = st.one_of(st.tuples(number, number, st.integers(1, 2)), st.just((0, 0, 0)))
    count = LANDMARK_COUNTS[category_id]
    landmarks = draw(st.lists(points, min_size=count, max_size=count))
    polygons = draw(st.lists(st.lists(st.tuples(number, number), min_size=3, max_size=6), min_size=1, max_size=3))
    return {
        "segmentation": [[value for point in polygon for value in point] for polygon in polygons],
        "landmarks": [value for point in landmarks for value in point],
        "bounding_box": [x1, y1, x1 + draw(st.integers(1, 30)), y1 + draw(st.integers(1, 30))],
        "category_id": category_id,
        "category_name": CATEGORIES[category_id],
        "style": draw(st.integers(0, 5)),
        **{key: draw(st.integers(1, 3)) for key in ATTRIBUTES},
        **draw(extras),
    }


@st.composite
def annotations(draw: st.DrawFn) -> dict[str, Any]:
    """One file's JSON value, its keys in any order."""
    names = draw(st.lists(st.integers(1, 12).map("item{}".format), max_size=3, unique=True))
    content = {name: draw(items()) for name in names}
    content |= {"source": draw(st.sampled_from(["user", "shop"])), "pair_id": draw(st.integers(0, 2**31))}
    content |= draw(extras)
    return {key: content[key] for key in draw(st.permutations(list(content)))}


def top(**changes: Any) -> dict[str, Any]:
    """A plain short sleeve top, with changes."""
    return {
        "segmentation": [[2, 2, 30, 2, 30, 30, 2, 30], [2, 2, 10, 2, 10, 10]],
        "landmarks": [5, 5, 2] * 24 + [0, 0, 0],
        "bounding_box": [1, 1, 31, 32],
        "category_id": 1,
        "category_name": "short sleeve top",
        "style": 0,
        "scale": 3,
        "occlusion": 1,
        "zoom_in": 1,
        "viewpoint": 2,
        **changes,
    }


def photo(**changes: Any) -> dict[str, Any]:
    """A photo with one plain top, with changes."""
    return {"source": "user", "pair_id": 7, "item1": top(), **changes}
