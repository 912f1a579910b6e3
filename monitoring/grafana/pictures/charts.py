"""Graphs as SVG: lines over time, and bars of states."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from html import escape
from typing import Any

from monitoring.grafana.pictures import colours
from monitoring.grafana.pictures.answers import Answers, Series
from monitoring.grafana.pictures.units import ticks, written

Panel = dict[str, Any]
Size = tuple[float, float]
FOOT = 22  # pixels below the graph, for the time
LETTER = 6.0  # pixels, on average


@dataclass(frozen=True)
class Marks:
    """Moments that go across every graph, of one kind."""

    name: str
    colour: str
    moments: list[float]


@dataclass(frozen=True)
class Frame:
    """A graph's place among the pixels, and the time that it shows."""

    width: float
    height: float
    left: float
    start: float
    end: float

    def x(self, moment: float) -> float:
        """Where a moment is."""
        return self.left + (moment - self.start) / (self.end - self.start) * self.inner

    @property
    def inner(self) -> float:
        """How wide the graph itself is."""
        return self.width - self.left - 6

    @property
    def foot(self) -> float:
        """Where its lower edge is."""
        return self.height - FOOT


def lines(
    panel: Panel, found: list[Series], marks: list[Marks], answers: Answers, size: Size
) -> str:
    """A time series panel's graph, `size` wide and high."""
    field = panel["fieldConfig"]["defaults"]
    stacked = field["custom"].get("stacking", {}).get("mode") == "normal"
    drawn = _stack(found) if stacked else [(each.points, None) for each in found]
    low, high = _bounds(field, [value for points, _ in drawn for _, value in points])
    unit = field["unit"]
    steps = ticks(low, high, unit, max(2, int((size[1] - FOOT) / 34)))
    words = ["".join(written(each, unit, answers.end)) for each in steps]
    left = max(map(len, words), default=1) * LETTER + 12
    frame = Frame(*size, left, answers.start, answers.end)

    def y(value: float) -> float:
        return frame.foot - (value - low) / (high - low) * (frame.foot - 6)

    parts = [_times(frame)]
    for step, word in zip(steps, words, strict=True):
        parts.append(_line(left, y(step), frame.width - 6, y(step), "grid"))
        parts.append(_text(left - 8, y(step) + 4, word, "end"))
    parts += _marks(frame, marks)
    hues = colours.of_series(panel, [each.name for each in found])
    opacity = field["custom"]["fillOpacity"] / 100
    for (points, below), hue in reversed(list(zip(drawn, hues, strict=True))):
        for run in _runs(points, answers.step):
            path = _path([(frame.x(at), y(value)) for at, value in run])
            under = dict(below or ())
            back = [(frame.x(at), y(under.get(at, max(low, 0)))) for at, _ in reversed(run)]
            parts.append(f'<path d="{path}L{_path(back)[1:]}Z" fill="{hue}" opacity="{opacity}"/>')
            parts.append(f'<path d="{path}" stroke="{hue}" class="line"/>')
    for limit in field.get("thresholds", {}).get("steps", ()):
        if limit["value"] is not None and low < limit["value"] <= high:
            at = y(limit["value"])
            style = f'class="limit" stroke="{colours.NAMED[limit["color"]]}"'
            parts.append(f'<path d="M{left} {at:.1f}H{frame.width - 6}" {style}/>')
    return _svg(frame, parts)


def states(
    panel: Panel, found: list[Series], marks: list[Marks], answers: Answers, size: Size
) -> str:
    """A state timeline's graph: a row for each series, a bar for as long as a value held."""
    field = panel["fieldConfig"]["defaults"]
    left = max((len(each.name) for each in found), default=0) * LETTER + 12
    frame = Frame(*size, left, answers.start, answers.end)
    row = frame.foot / max(1, len(found))
    parts = [_times(frame)]
    for place, series in enumerate(found):
        middle, tall = place * row + row / 2, min(row * 0.9, 60)
        parts.append(_text(left - 8, middle + 4, series.name, "end"))
        for begin, end, value in _spells(series.points, answers.step):
            word, hue = colours.meaning(field, value) or (f"{value:g}", colours.NAMED["text"])
            x, wide = frame.x(begin), frame.x(min(end, frame.end)) - frame.x(begin)
            parts.append(
                f'<rect x="{x:.1f}" y="{middle - tall / 2:.1f}" width="{max(wide - 1, 1):.1f}" '
                f'height="{tall:.1f}" fill="{hue}" class="spell"/>'
            )
            if wide > len(word) * LETTER + 8 and tall > 11:
                parts.append(_text(x + 5, middle + 4, word, "start", "word"))
    return _svg(frame, [*parts, *_marks(frame, marks)])


# Private


def _bounds(field: Panel, values: list[float]) -> tuple[float, float]:
    low = field.get("min", min([0.0, *values]))
    high = field.get("max", max(values, default=1) * 1.05)
    return low, high if high > low else low + 1


def _stack(found: list[Series]) -> list[tuple[list[tuple[float, float]], Any]]:
    below: dict[float, float] = {}
    drawn = []
    for series in found:
        points = [(at, below.get(at, 0) + value) for at, value in series.points]
        drawn.append((points, dict(below)))
        below |= dict(points)
    return drawn


def _runs(points: list[tuple[float, float]], step: float) -> list[list[tuple[float, float]]]:
    """Cut where nothing was known."""
    runs: list[list[tuple[float, float]]] = []
    for point in points:
        if not runs or point[0] - runs[-1][-1][0] > step * 1.5:
            runs.append([])
        runs[-1].append(point)
    return runs


def _spells(points: list[tuple[float, float]], step: float) -> list[tuple[float, float, float]]:
    """From when to when a value held."""
    spells: list[tuple[float, float, float]] = []
    for at, value in points:
        if spells and spells[-1][2] == value and at - spells[-1][1] < step * 0.5:
            spells[-1] = (spells[-1][0], at + step, value)
        else:
            spells.append((at, at + step, value))
    return spells


def _times(frame: Frame) -> str:
    most = max(2, int(frame.inner / 70))
    step = next(
        each for each in (60, 120, 180, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 86400)
        if (frame.end - frame.start) / each <= most
    )  # fmt: skip
    parts = []
    for number in range(math.ceil(frame.start / step), int(frame.end // step) + 1):
        x = frame.x(number * step)
        if x < frame.width - 18:
            parts.append(_line(x, 6, x, frame.foot, "grid"))
            word = time.strftime("%H:%M", time.gmtime(number * step))
            parts.append(_text(x, frame.height - 5, word, "middle"))
    return "".join(parts)


def _marks(frame: Frame, marks: list[Marks]) -> list[str]:
    parts = []
    for kind in marks:
        hue = colours.NAMED[kind.colour]
        for at in (each for each in kind.moments if frame.start < each < frame.end):
            x = frame.x(at)
            parts.append(f'<path d="M{x:.1f} 6V{frame.foot}" class="mark" stroke="{hue}"/>')
            tip = (
                f"M{x - 4:.1f} {frame.foot + 6}L{x + 4:.1f} {frame.foot + 6}L{x:.1f} {frame.foot}Z"
            )
            parts.append(f'<path d="{tip}" fill="{hue}"/>')
    return parts


def _path(points: list[tuple[float, float]]) -> str:
    if len(points) == 1:  # a lone value is a dot, as wide as a line
        points = [*points, (points[0][0] + 1.5, points[0][1])]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _line(x: float, y: float, x2: float, y2: float, kind: str) -> str:
    return f'<path d="M{x:.1f} {y:.1f}L{x2:.1f} {y2:.1f}" class="{kind}"/>'


def _text(x: float, y: float, text: str, anchor: str, kind: str = "tick") -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}"'
    return f"<text {place}>{escape(text)}</text>"


def _svg(frame: Frame, parts: list[str]) -> str:
    return f'<svg width="{frame.width:.0f}" height="{frame.height:.0f}">{"".join(parts)}</svg>'
