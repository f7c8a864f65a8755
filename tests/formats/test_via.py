"""VIA: all three forms come back as they were, shapes become polygons, garments pass through, faults are named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.formats.annotation_strategies import annotations, extras, photo, whole
from tryon.errors import DataError
from tryon.formats import via, via_garments
from tryon.formats.deepfashion2 import annotation_to_dict, parse_annotation
from tryon.formats.json_files import Place
from tryon.geometry.masks import from_polygons, iou

length = st.integers(0, 30) | st.floats(0, 30)
polygon = st.lists(st.tuples(whole, whole), min_size=3, max_size=6).map(
    lambda points: {"all_points_x": [x for x, _ in points], "all_points_y": [y for _, y in points]}
)
SHAPES = st.one_of(
    polygon.map(lambda shape: {"name": "polygon", **shape}),
    polygon.map(lambda shape: {"name": "polyline", **shape}),
    st.fixed_dictionaries({"name": st.just("rect"), "x": whole, "y": whole, "width": length, "height": length}),
    st.fixed_dictionaries({"name": st.just("circle"), "cx": whole, "cy": whole, "r": length}),
    st.fixed_dictionaries(
        {"name": st.just("ellipse"), "cx": whole, "cy": whole, "rx": length, "ry": length},
        optional={"theta": st.floats(-3, 3)},
    ),
    st.fixed_dictionaries({"name": st.just("point"), "cx": whole, "cy": whole}),
)
REGIONS = st.fixed_dictionaries({"shape_attributes": SHAPES}, optional={"region_attributes": extras})


@st.composite
def via_files(draw: st.DrawFn) -> dict[str, Any]:
    """A VIA file's JSON value in one of the three forms."""
    entries = {}
    for name in draw(st.lists(st.sampled_from(["a.jpg", "b £.png", "ä/c.jpg"]), unique=True)):
        size = draw(st.integers(-1, 10**7) | st.integers(1, 10**7).map(str))
        regions = draw(st.lists(REGIONS, max_size=3))
        entry: dict[str, Any] = {"filename": name, "size": size, "regions": regions}
        if draw(st.booleans()):
            entry["regions"] = {str(number): region for number, region in enumerate(regions)}
            entry |= {"fileref": "", "base64_img_data": ""}
        if draw(st.booleans()):
            entry["file_attributes"] = draw(extras)
        entries[f"{name}{size}"] = entry
    if draw(st.booleans()):
        return entries
    return {"_via_settings": {"ui": {}}, "_via_img_metadata": entries, "_via_attributes": {"region": {}, "file": {}}}


@given(via_files())
@settings(max_examples=100, deadline=None)
def test_reading_and_writing_loses_nothing(content: dict[str, Any]) -> None:
    project = via.parse_via(content, "via.json")
    assert json.loads(json.dumps(via.via_to_dict(project))) == content
    assert list(via.via_to_dict(project)) == list(content)
    for entry in project.files.values():
        for region in entry.regions:
            assert via.region_polygon(region).shape[1] == 2


@given(st.lists(annotations(), max_size=2))
@settings(max_examples=50, deadline=None)
def test_garments_pass_through_without_loss(contents: list[dict[str, Any]]) -> None:
    pictures = [(f"{n:06d}.jpg", 1000 + n, parse_annotation(content, "a")) for n, content in enumerate(contents)]
    written = json.loads(json.dumps(via.via_to_dict(via_garments.to_via(pictures))))
    back = via_garments.from_via(via.parse_via(written, "via.json"))
    assert [picture[:2] for picture in back] == [picture[:2] for picture in pictures]
    for (*_, annotation), content in zip(back, contents, strict=True):
        assert annotation_to_dict(annotation) == content


def region(name: str, **numbers: Any) -> via.ViaRegion:
    return via.ViaRegion({"name": name, **numbers}, {})


def filled(one: via.ViaRegion) -> np.ndarray:
    return from_polygons([via.region_polygon(one)], 60, 60)


def test_shapes_cover_what_they_say() -> None:
    rect = filled(region("rect", x=10, y=20, width=5, height=8))
    assert rect.sum() == 40 and rect[20:28, 10:15].all()
    rows, columns = np.indices((60, 60))
    disc = np.hypot(columns - 30, rows - 25) <= 12
    assert iou(filled(region("circle", cx=30, cy=25, r=12)), disc) > 0.88  # half a pixel along the edge
    oval = ((columns - 30) / 20) ** 2 + ((rows - 25) / 8) ** 2 <= 1
    assert iou(filled(region("ellipse", cx=30, cy=25, rx=20, ry=8)), oval) > 0.88
    turned = filled(region("ellipse", cx=30, cy=25, rx=20, ry=8, theta=np.pi / 2))
    assert iou(turned, ((columns - 30) / 8) ** 2 + ((rows - 25) / 20) ** 2 <= 1) > 0.88
    slanted = filled(region("ellipse", cx=30, cy=30, rx=20, ry=4, theta=np.pi / 4))
    assert slanted[40, 40] and not slanted[20, 40]  # theta turns from x towards y, clockwise in the picture
    line = region("polyline", all_points_x=[5, 20, 20], all_points_y=[5, 5, 20])
    np.testing.assert_array_equal(
        filled(line), filled(region("polygon", **dict(list(line.shape_attributes.items())[1:])))
    )
    np.testing.assert_array_equal(via.region_polygon(region("point", cx=3, cy=4)), [[3, 4]])


def test_points_enclose_nothing_and_regions_without_item_stand_alone() -> None:
    entry = via.ViaFile(
        "a.jpg",
        5,
        (
            region("point", cx=1, cy=1),
            via.ViaRegion({"name": "circle", "cx": 1, "cy": 1, "r": 1}, {"item": "item1"}),
            via.ViaRegion({"name": "circle", "cx": 3, "cy": 1, "r": 1}, {"item": "item1"}),
            via.ViaRegion({"name": "circle", "cx": 5, "cy": 1, "r": 1}, None),
        ),
    )
    items = via_garments.group_items(entry)
    assert {name: len(regions) for name, regions in items.items()} == {"region1": 1, "item1": 2, "region4": 1}
    assert [len(via_garments.item_polygons(regions)) for regions in items.values()] == [0, 2, 1]


def test_regions_carry_name_item_source_and_slices() -> None:
    project = via_garments.to_via([("000001.jpg", 59410, parse_annotation(photo(), "a"))])
    entry = project.files["000001.jpg59410"]
    assert [one.attribute("item") for one in entry.regions] == ["item1", "item1"]
    attributes = entry.regions[0].region_attributes
    assert attributes is not None and all(isinstance(value, str) for value in attributes.values())
    assert (attributes["name"], attributes["source"], attributes["scale"]) == ("short sleeve top", "user", "3")
    assert attributes["landmarks"].startswith("5,5,2 5,5,2 ")


def regions_of(**changes: str) -> list[via.ViaRegion]:
    """The regions of one short sleeve top, with changes of their attributes."""
    entry = via_garments.to_via([("1.jpg", 5, parse_annotation(photo(), "a"))]).files["1.jpg5"]
    return [via.ViaRegion(one.shape_attributes, {**(one.region_attributes or {}), **changes}) for one in entry.regions]


def test_landmarks_of_a_short_sleeve_top_come_back() -> None:
    points = [[1.5 * place, 80.25 - place, place % 3] for place in range(25)]
    text = " ".join(f"{x},{y},{v}" for x, y, v in points)
    read = via_garments.short_sleeve_landmarks(regions_of(landmarks=text), Place("a"))
    expected = np.array([point if point[2] else [0, 0, 0] for point in points])
    np.testing.assert_array_equal(read, expected)


@pytest.mark.parametrize("changes", [{"landmarks": ""}, {"landmarks": " "}, {"name": "vest", "landmarks": "1,2,2"}])
def test_landmarks_that_nobody_placed_are_absent(changes: dict[str, str]) -> None:
    read = via_garments.short_sleeve_landmarks(regions_of(**changes), Place("a"))
    assert read.shape == (25, 3) and not read.any()


@pytest.mark.parametrize("text", ["1,2,2", "a,b,c", " ".join(["1,2,3"] * 25)])
def test_faulty_landmarks_are_named(text: str) -> None:
    with pytest.raises(DataError, match=r"here: item1.landmarks"):
        via_garments.short_sleeve_landmarks(regions_of(landmarks=text), Place("here").at("item1"))


def test_project_declares_every_attribute(tmp_path: Path) -> None:
    project = via.as_project(via_garments.to_via([("1.jpg", 5, parse_annotation(photo(), "a"))]), "tops")
    via.write_via(tmp_path / "project.json", project)
    content = json.loads((tmp_path / "project.json").read_text())
    assert content["_via_image_id_list"] == ["1.jpg5"] and content["_via_settings"]["project"]["name"] == "tops"
    assert {"name", "item", "landmarks"} <= set(content["_via_attributes"]["region"])
    assert via.via_to_dict(via.read_via(tmp_path / "project.json")) == content


def entry_of(**changes: Any) -> dict[str, Any]:
    entry: dict[str, Any] = {"filename": "a.jpg", "size": 7, "regions": [], **changes}
    return {"a.jpg7": entry}


def with_shape(**shape: Any) -> dict[str, Any]:
    return entry_of(regions=[{"shape_attributes": shape, "region_attributes": {}}])


FAULTS = [
    (entry_of(size=8), "a.jpg7"),
    (entry_of(size="big"), "size"),
    (entry_of(size=7.0), "size"),
    (entry_of(size=True), "size"),
    (entry_of(regions=None), "regions"),
    (entry_of(regions=[5]), r"regions\[0\]"),
    (entry_of(filename="../a.jpg"), "filename"),
    (entry_of(filename=3), "filename"),
    (entry_of(file_attributes=[]), "file_attributes"),
    ({"a.jpg7": {"filename": "a.jpg", "size": 7}}, "has no `regions`"),
    ({"a.jpg7": {"filename": "a.jpg", "regions": []}}, "has no `size`"),
    ({"_via_img_metadata": []}, "_via_img_metadata"),
    ([], "an object"),
    (entry_of(regions=[{}]), "has no `shape_attributes`"),
    (with_shape(), "has no `name`"),
    (with_shape(name="star"), "shape_attributes.name"),
    (with_shape(name="polygon", all_points_x=[1, 2, 3], all_points_y=[1, 2]), "all_points_y"),
    (with_shape(name="polygon", all_points_x=[1, 2], all_points_y=[1, 2]), "all_points_x"),
    (with_shape(name="polygon", all_points_x=[1, 2, "3"], all_points_y=[1, 2, 3]), r"all_points_x\[2\]"),
    (with_shape(name="polygon", all_points_x=[1, 2, 3]), "has no `all_points_y`"),
    (with_shape(name="circle", cx=1, cy=1, r=-1), "shape_attributes.r"),
    (with_shape(name="rect", x=1, y=1, width=4), "has no `height`"),
    (with_shape(name="ellipse", cx=1, cy=1, rx=1, ry=1, theta="0"), "theta"),
]


@pytest.mark.parametrize(("content", "words"), FAULTS)
def test_faults_are_named(content: Any, words: str) -> None:
    with pytest.raises(DataError, match=words) as caught:
        via.parse_via(content, "via.json")
    assert "via.json" in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("name", "hat", r"item1.name"),
        ("name", None, "item1.name is missing"),
        ("scale", None, "item1.scale is missing"),
        ("landmarks", "1,2", "item1.landmarks"),
        ("landmarks", "a,b,c", "item1.landmarks"),
        ("scale", "", "item1.scale"),
        ("scale", "9", "item1.scale"),
        ("bounding_box", "1,2,3", "item1.bounding_box"),
    ],
)
def test_faulty_attributes_are_named(key: str, value: str | None, words: str) -> None:
    content = via.via_to_dict(via_garments.to_via([("1.jpg", 5, parse_annotation(photo(), "a"))]))
    for one in content["1.jpg5"]["regions"]:
        one["region_attributes"].pop(key)
        if value is not None:
            one["region_attributes"][key] = value
    with pytest.raises(DataError, match=words):
        via_garments.from_via(via.parse_via(content, "via.json"))


@pytest.mark.parametrize("name", ["via_list.json", "via_dict.json"])
def test_golden_files_give_the_same_regions(shared_data: Path, name: str, tmp_path: Path) -> None:
    path = shared_data.parent / "goldens" / "mask_rcnn" / name
    project = via.read_via(path)
    assert [len(entry.regions) for entry in project.files.values()] == [3, 1, 0]
    np.testing.assert_array_equal(via.region_polygon(project.files["a.png1000"].regions[2])[0], [50.4, 40.2])
    via.write_via(tmp_path / name, project)
    assert json.loads((tmp_path / name).read_text()) == json.loads(path.read_text())


def test_annotators_own_file_comes_back(shared_data: Path) -> None:
    path = shared_data / "annotation_samples" / "via1.json"
    project = via.read_via(path)
    assert [len(entry.regions) for entry in project.files.values()][:2] == [8, 1]
    assert via.via_to_dict(project) == json.loads(path.read_text())
