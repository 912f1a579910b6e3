"""The pictures of the dashboards: values as Grafana writes them, and one picture of each."""

from __future__ import annotations

import pytest

from monitoring.grafana.dashboards import files
from monitoring.grafana.pictures.charts import _runs as runs
from monitoring.grafana.pictures.charts import _spells as spells
from monitoring.grafana.pictures.units import ticks, written
from tests.edge.stack import ROOT


@pytest.mark.parametrize(
    "value, unit, decimals, said",
    [
        (25.04, "reqps", None, "25 req/s"),
        (0.000812, "percentunit", None, "0.0812%"),
        (0.99941, "percentunit", 3, "99.941%"),
        (0.0189, "s", None, "18.9 ms"),
        (321, "s", None, "5.35 mins"),
        (28700, "s", None, "7.97 hours"),
        (0, "s", 0, "0 s"),
        (64 * 2**20, "bytes", None, "64 MiB"),
        (250_000, "Bps", None, "250 kB/s"),
        (1400, "short", None, "1.4 K"),
        (-0.5, "short", None, "-0.5"),
        (89.97, "suffix: d", 1, "90.0 d"),
        (0.031, "suffix: cores", None, "0.031 cores"),
        (940_000, "dateTimeFromNow", None, "1 minute ago"),
        (0, "dateTimeAsIso", None, "1970-01-01 00:00:00"),
    ],
)
def test_values_are_written_as_grafana_writes_them(
    value: float, unit: str, decimals: int | None, said: str
) -> None:
    assert "".join(written(value, unit, 1000, decimals)) == said


@pytest.mark.parametrize(
    "high, unit, expected",
    [
        (37, "reqps", [0, 10, 20, 30]),
        (1, "percentunit", [0, 0.25, 0.5, 0.75, 1]),
        (23 * 2**30, "bytes", [0, 10 * 2**30, 20 * 2**30]),
    ],
)
def test_what_stands_at_an_axis_is_round(high: float, unit: str, expected: list[float]) -> None:
    assert ticks(0, high, unit, 4) == pytest.approx(expected)


def test_a_line_ends_where_nothing_is_known() -> None:
    assert runs([(0, 1), (15, 1), (60, 2)], 15) == [[(0, 1), (15, 1)], [(60, 2)]]


def test_a_state_lasts_until_the_next_one() -> None:
    assert spells([(0, 1), (15, 1), (30, 2)], 15) == [(0, 30, 1), (30, 45, 2)]


@pytest.mark.parametrize("page", ["dashboards.md", "dashboards.ko.md"])
def test_there_is_a_modest_picture_of_each_dashboard_and_the_page_shows_it(page: str) -> None:
    text = (ROOT / "docs" / page).read_text()
    for path in files():
        picture = ROOT / "docs/dashboards" / f"{path.stem}.png"
        assert picture.stat().st_size < 300_000
        assert f"(dashboards/{picture.name})" in text
    assert {each.stem for each in (ROOT / "docs/dashboards").iterdir()} == {p.stem for p in files()}
