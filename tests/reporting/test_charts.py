"""Inline SVG charts: well-formed, inside their frame, with round ticks, and escaped."""

import math
import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tryon.reporting import charts
from tryon.reporting.charts import Axis, Line

finite = st.floats(-1e6, 1e6, allow_nan=False)


def points_of(svg: str) -> list[tuple[float, float]]:
    tree = ElementTree.fromstring(svg)
    texts = [element.attrib["points"] for element in tree.iter("polyline")]
    return [(float(x), float(y)) for text in texts for x, y in (pair.split(",") for pair in text.split())]


@given(st.lists(st.tuples(finite, finite), min_size=2, max_size=20))
def test_every_point_lies_inside_the_plot(points: list[tuple[float, float]]) -> None:
    svg = charts.line_chart("loss", [Line("training", points)], Axis("epoch"), Axis("loss"), width=320, height=200)
    drawn = points_of(svg)
    assert len(drawn) == len(points)
    assert all(45 <= x <= 311 and 9 <= y <= 167 for x, y in drawn)


def test_a_larger_value_stands_higher_and_a_later_one_further_right() -> None:
    svg = charts.line_chart("loss", [Line("training", [(1, 2.0), (2, 1.0)])], Axis("epoch"), Axis("loss"))
    (x1, y1), (x2, y2) = points_of(svg)
    assert x1 < x2
    assert y1 < y2  # SVG counts downwards


def test_values_that_are_not_finite_are_left_out() -> None:
    svg = charts.line_chart(
        "loss", [Line("a", [(1, math.nan), (2, 1.0), (3, math.inf), (4, 2.0)])], Axis("x"), Axis("y")
    )
    assert len(points_of(svg)) == 2


def test_nothing_to_show_is_said_in_the_chart() -> None:
    svg = charts.line_chart("loss", [Line("training", [])], Axis("epoch"), Axis("loss"))
    assert "no values" in svg
    assert ElementTree.fromstring(svg).attrib["role"] == "img"


def test_one_point_is_a_dot_and_a_constant_line_is_drawn() -> None:
    assert "<circle" in charts.line_chart("loss", [Line("a", [(1, 0.5)])], Axis("epoch"), Axis("loss"))
    assert len(points_of(charts.line_chart("loss", [Line("a", [(1, 0.5), (2, 0.5)])], Axis("x"), Axis("y")))) == 2


def test_names_are_escaped() -> None:
    svg = charts.line_chart("<b>&", [Line('"<script>', [(0, 0), (1, 1)])], Axis("<x>"), Axis("y"))
    assert "<script>" not in svg
    assert ElementTree.fromstring(svg).find("title").text == "<b>&"


def test_several_lines_have_a_legend_one_has_none() -> None:
    lines = [Line("training", [(0, 1), (1, 0)]), Line("validation", [(0, 1), (1, 1)], colour=1, dashed=True)]
    both = charts.line_chart("loss", lines, Axis("epoch"), Axis("loss"))
    assert both.count("stroke-dasharray") == 2  # the line and its entry in the legend
    assert ">validation</text>" in both
    assert ">training</text>" not in charts.line_chart("loss", lines[:1], Axis("epoch"), Axis("loss"))


@pytest.mark.parametrize(
    ("low", "high", "count", "expected"),
    [
        (0, 1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 14, 4, [0, 5, 10, 15]),
        (-3, 3, 3, [-4, -2, 0, 2, 4]),
        (7, 8, 2, [7, 7.5, 8]),
    ],
)
def test_ticks_are_round_and_enclose_the_data(low: float, high: float, count: int, expected: list[float]) -> None:
    assert charts._ticks(low, high, count) == pytest.approx(expected)


def test_bars_are_as_long_as_their_values_and_keep_their_order() -> None:
    svg = charts.bar_chart("Time", [("train", 100.0), ("render", 25.0)], "s")
    widths = [float(bar.attrib["width"]) for bar in ElementTree.fromstring(svg).iter("rect")]
    assert widths[0] == pytest.approx(4 * widths[1], abs=0.3)
    assert svg.index("train") < svg.index("render")
    assert "25 s" in svg


def test_a_chart_of_no_bars_and_of_zeros_is_valid() -> None:
    assert ElementTree.fromstring(charts.bar_chart("Time", [], "s")) is not None
    assert "0 s" in charts.bar_chart("Time", [("a", 0.0)], "s")


def test_ticks_have_as_many_digits_as_tell_them_apart() -> None:
    shown = [[charts._tick(value, ticks) for value in ticks] for ticks in ([0, 0.5, 1], [0.997, 0.9975], [0, 5, 2000])]
    assert shown == [["0", "0.5", "1.0"], ["0.9970", "0.9975"], ["0", "5", "2,000"]]


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0"), (0.5, "0.5"), (12345.6, "12,346"), (0.00012, "1.2e-04"), (141.2, "141")]
)
def test_short_numbers(value: float, shown: str) -> None:
    assert charts._short(value) == shown
