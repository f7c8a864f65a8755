"""Charts as inline SVG: no script, no fonts, colours from the page's style sheet, so that they follow light and dark.

Every chart has a title and a description for screen readers; lines differ in dash as well as in colour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from markupsafe import Markup

LINE_COLOURS = 6
# Values that differ by less are drawn as one: ticks are rounded to 12 decimals.
_EQUAL = 1e-9
_MOST_DECIMALS = 5  # of a tick; smaller steps are written with an exponent
_LEFT, _RIGHT, _TOP, _BOTTOM = 46, 10, 10, 34


@dataclass(frozen=True)
class Line:
    """One line of a chart; points whose value is not finite are left out."""

    name: str
    points: Sequence[tuple[float, float]]
    colour: int = 0
    dashed: bool = False


@dataclass(frozen=True)
class Axis:
    """A linear axis; without limits it covers the data, from zero where zero is near."""

    label: str
    low: float | None = None
    high: float | None = None


def line_chart(title: str, lines: Sequence[Line], x: Axis, y: Axis, *, width: int = 320, height: int = 200) -> Markup:
    """An SVG line chart with grid, ticks and a legend below the plot; without points it says so."""
    finite = [
        Line(
            line.name,
            [(a, b) for a, b in line.points if math.isfinite(a) and math.isfinite(b)],
            line.colour,
            line.dashed,
        )
        for line in lines
    ]
    drawn = [line for line in finite if line.points]
    if not drawn:
        return _frame(
            title, f"{title}: no values", width, 40, f'<text x="{width / 2}" y="24" class="tick mid">no values</text>'
        )
    legend_rows = math.ceil(len(drawn) / _legend_columns(width)) if len(drawn) > 1 else 0
    x_ticks = _ticks(*_limits([p[0] for line in drawn for p in line.points], x), count=max(2, width // 70))
    y_ticks = _ticks(*_limits([p[1] for line in drawn for p in line.points], y), count=max(2, height // 45))
    scale = _Scale((x_ticks[0], x_ticks[-1]), (y_ticks[0], y_ticks[-1]), width, height)
    body = _grid(scale, x_ticks, y_ticks, x.label)
    body += "".join(_polyline(line, scale) for line in drawn)
    if legend_rows:
        body += _legend(drawn, width, height)
    last = "; ".join(f"{line.name} ends at {_short(line.points[-1][1])}" for line in drawn)
    return _frame(title, f"{title}. {y.label} by {x.label}: {last}", width, height + 18 * legend_rows, body)


def bar_chart(title: str, bars: Sequence[tuple[str, float]], unit: str, *, width: int = 640) -> Markup:
    """An SVG chart of horizontal bars, each with its value; the order is kept."""
    row, label_width = 24, 200
    largest = max((value for _, value in bars), default=0.0) or 1.0
    body = ""
    for position, (label, value) in enumerate(bars):
        length = max(1.0, value / largest * (width - label_width - 80))
        middle = position * row + row / 2
        body += f'<text x="{label_width - 8}" y="{middle + 4:.0f}" class="tick end">{escape(label)}</text>'
        body += f'<rect class="bar" x="{label_width}" y="{middle - 8:.0f}" width="{length:.1f}" height="16" rx="2"/>'
        said = f"{_short(value)} {escape(unit)}"
        body += f'<text x="{label_width + length + 6:.1f}" y="{middle + 4:.0f}" class="tick">{said}</text>'
    spoken = "; ".join(f"{label} {_short(value)} {unit}" for label, value in bars)
    return _frame(title, f"{title}: {spoken}", width, max(1, len(bars)) * row, body)


@dataclass(frozen=True)
class _Scale:
    """Data to SVG units."""

    x_limits: tuple[float, float]
    y_limits: tuple[float, float]
    width: int
    height: int

    def x(self, value: float) -> float:
        low, high = self.x_limits
        return _LEFT + (value - low) / (high - low) * (self.width - _LEFT - _RIGHT)

    def y(self, value: float) -> float:
        low, high = self.y_limits
        return self.height - _BOTTOM - (value - low) / (high - low) * (self.height - _TOP - _BOTTOM)


def _limits(values: Sequence[float], axis: Axis) -> tuple[float, float]:
    low = min(values) if axis.low is None else axis.low
    high = max(values) if axis.high is None else axis.high
    if axis.low is None and 0 < low < 0.5 * high:
        low = 0.0
    if high - low <= _EQUAL * max(1.0, abs(low), abs(high)):
        margin = max(abs(low), abs(high)) * 0.1
        margin = margin if margin > _EQUAL else 1.0
        low, high = low - (margin if axis.low is None else 0.0), low + margin
    return low, high


def _ticks(low: float, high: float, count: int) -> list[float]:
    """Round numbers (1, 2 or 5 times a power of ten apart) that enclose the interval."""
    rough = (high - low) / count
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(index * step, 12) for index in range(first, last + 1)]


def _grid(scale: _Scale, x_ticks: list[float], y_ticks: list[float], x_label: str) -> str:
    right, bottom = scale.width - _RIGHT, scale.height - _BOTTOM
    body = ""
    for tick in y_ticks:
        y = scale.y(tick)
        body += f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>'
        body += f'<text x="{_LEFT - 5}" y="{y + 4:.1f}" class="tick end">{_tick(tick, y_ticks)}</text>'
    for tick in x_ticks:
        body += f'<text x="{scale.x(tick):.1f}" y="{bottom + 14}" class="tick mid">{_tick(tick, x_ticks)}</text>'
    body += f'<line class="axis" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{bottom}"/>'
    return body + f'<text x="{(_LEFT + right) / 2:.0f}" y="{bottom + 29}" class="tick mid">{escape(x_label)}</text>'


def _polyline(line: Line, scale: _Scale) -> str:
    points = [f"{scale.x(a):.1f},{scale.y(b):.1f}" for a, b in line.points]
    colour, dash = f"c{line.colour % LINE_COLOURS}", ' stroke-dasharray="5 3"' if line.dashed else ""
    title = f"<title>{escape(line.name)}</title>"
    if len(points) == 1:
        x, y = points[0].split(",")
        return f'<circle class="dot {colour}" cx="{x}" cy="{y}" r="3">{title}</circle>'
    return f'<polyline class="line {colour}"{dash} points="{" ".join(points)}">{title}</polyline>'


def _legend_columns(width: int) -> int:
    return max(1, (width - _LEFT) // 130)


def _legend(lines: Sequence[Line], width: int, height: int) -> str:
    columns = _legend_columns(width)
    step = (width - _LEFT) / columns
    body = ""
    for position, line in enumerate(lines):
        x, y = _LEFT + (position % columns) * step, height + 10 + 18 * (position // columns)
        dash = ' stroke-dasharray="5 3"' if line.dashed else ""
        body += (
            f'<line class="line c{line.colour % LINE_COLOURS}"{dash} x1="{x:.0f}" x2="{x + 20:.0f}" y1="{y}" y2="{y}"/>'
        )
        body += f'<text x="{x + 25:.0f}" y="{y + 4}" class="tick">{escape(line.name)}</text>'
    return body


def _frame(title: str, description: str, width: int, height: int, body: str) -> Markup:
    return Markup(  # noqa: S704 - every text in it is escaped where it is put in
        f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(description)}">'
        f"<title>{escape(title)}</title>{body}</svg>"
    )


def _tick(value: float, ticks: Sequence[float]) -> str:
    """A tick with as many digits as tell it from the next one."""
    step = ticks[1] - ticks[0]
    decimals = math.ceil(-math.log10(step) - 1e-9)
    return f"{value:.{decimals}f}" if value and 0 < decimals <= _MOST_DECIMALS else _short(value)


def _short(value: float) -> str:
    """Three significant digits, without an exponent for everyday sizes."""
    if value == 0:
        return "0"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 0.001:
        return f"{value:.1e}"
    return f"{value:.3g}"
