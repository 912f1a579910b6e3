"""Which colour a series, a value or a word has: Grafana's own, on dark."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

NAMED = {
    "text": "#ccccdc",
    "transparent": "transparent",
    "green": "#73bf69", "dark-green": "#37872d", "semi-dark-green": "#56a64b",
    "light-green": "#96d98d", "super-light-green": "#c8f2c2",
    "yellow": "#fade2a", "dark-yellow": "#e0b400", "light-yellow": "#ffee52",
    "red": "#f2495c", "dark-red": "#c4162a", "light-red": "#ff7383",
    "blue": "#5794f2", "dark-blue": "#1f60c4", "semi-dark-blue": "#3274d9",
    "light-blue": "#8ab8ff", "super-light-blue": "#c0d8ff",
    "orange": "#ff9830", "dark-orange": "#fa6400", "light-orange": "#ffb357",
    "purple": "#b877d9", "dark-purple": "#8f3bb8", "light-purple": "#ca95e5",
}  # fmt: skip
CLASSIC = [
    "#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#705da0",
    "#37872d", "#fade2a", "#447ebc", "#c15c17", "#a352cc", "#56a64b", "#ffb357", "#c0d8ff",
]  # fmt: skip
SHADES = ("", "light-", "semi-dark-", "super-light-", "dark-")

Panel = dict[str, Any]


def of_series(panel: Panel, names: Sequence[str]) -> list[str]:
    """A colour for each series, by the overrides of the panel and else by its place."""
    taken: dict[str, int] = {}
    found = []
    for place, name in enumerate(names):
        colour = CLASSIC[place % len(CLASSIC)]
        for override in panel["fieldConfig"]["overrides"]:
            if not _fits(override["matcher"], name):
                continue
            for told in (each for each in override["properties"] if each["id"] == "color"):
                fixed = told["value"]["fixedColor"]
                shade = taken.get(fixed, 0) if told["value"]["mode"] == "shades" else 0
                taken[fixed] = taken.get(fixed, 0) + 1
                colour = NAMED.get(SHADES[shade % len(SHADES)] + fixed, NAMED[fixed])
        found.append(colour)
    return found


def of_value(field: Panel, value: float) -> str:
    """By the thresholds of a field."""
    colour = "text"
    for step in field.get("thresholds", {}).get("steps", ()):
        if step["value"] is None or value >= step["value"]:
            colour = step["color"]
    return NAMED[colour]


def meaning(field: Panel, value: float) -> tuple[str, str] | None:
    """The word that a field has for a value, and its colour."""
    for mapping in field.get("mappings", ()):
        if found := mapping["options"].get(f"{value:g}"):
            return found["text"], NAMED[found["color"]]
    return None


# Private


def _fits(matcher: dict[str, str], name: str) -> bool:
    if matcher["id"] == "byRegexp":
        return bool(re.search(matcher["options"].strip("/"), name))
    return matcher["options"] == name
