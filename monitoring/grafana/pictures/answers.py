"""What Prometheus answers to what a panel asks, as Grafana would ask it."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import httpx

SCRAPED = 15  # seconds: the least that there is between two values


@dataclass(frozen=True)
class Series:
    """A name, the labels, and moments with their values, none of them NaN.

    ref: the letter of the expression that it answers.
    """

    name: str
    ref: str
    labels: dict[str, str]
    points: list[tuple[float, float]]

    @property
    def last(self) -> float:
        """The newest value."""
        return self.points[-1][1]


class Answers:
    """Of one Prometheus, for one range of time.

    end: seconds since the epoch; seconds: how far back from there.
    keep: containers whose name it does not match are left out.
    """

    def __init__(self, address: str, end: float, seconds: int, keep: str = "") -> None:
        self.end = end // SCRAPED * SCRAPED
        self.start = self.end - seconds
        self.step = max(SCRAPED, seconds // 400 // SCRAPED * SCRAPED)
        self._client = httpx.Client(base_url=f"{address}/api/v1/", timeout=30)
        self._keep = re.compile(keep)

    def to(self, panel: dict[str, Any]) -> list[Series]:
        """What a panel shows. Raises httpx.HTTPError where Prometheus does not answer."""
        found = []
        for target in panel["targets"]:
            for labels, points in self.ask(target["expr"], instant=bool(target.get("instant"))):
                name = _named(target["legendFormat"], labels)
                found.append(Series(name, target["refId"], labels, points))
        return [each for each in found if each.points and self._is_ours(each)]

    def ask(
        self, expr: str, *, instant: bool = False
    ) -> list[tuple[dict[str, str], list[tuple[float, float]]]]:
        """Labels and values of each series, at the end or over the whole range."""
        asked = {"query": self._filled(expr), "time": str(self.end)}
        if not instant:
            asked |= {"start": str(self.start), "end": str(self.end), "step": str(self.step)}
        answer = self._client.get("query" if instant else "query_range", params=asked)
        result = answer.raise_for_status().json()["data"]["result"]
        return [
            (
                {name: value for name, value in each["metric"].items() if name != "__name__"},
                [
                    (float(moment), float(value))
                    for moment, value in (each.get("values") or [each["value"]])
                    if not math.isnan(float(value))
                ],
            )
            for each in result
        ]

    # Private

    def _filled(self, expr: str) -> str:
        known = {
            "$__rate_interval": max(self.step + SCRAPED, 4 * SCRAPED),
            "$__interval": self.step,
            "$__range": int(self.end - self.start),
        }
        return re.sub(r"\$__\w+", lambda found: f"{known[found.group()]}s", expr)

    def _is_ours(self, series: Series) -> bool:
        return "name" not in series.labels or bool(self._keep.search(series.labels["name"]))


def _named(form: str, labels: dict[str, str]) -> str:
    if form == "__auto":
        return ", ".join(labels.values())
    return re.sub(r"{{(\w+)}}", lambda found: labels.get(found.group(1), ""), form).strip()
