"""Whatever a panel or an alert asks has an answer, beside a real site on which all of it happened."""

from __future__ import annotations

import importlib.util
import json
import math
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from monitoring.grafana.dashboards import Expression, expressions, files, marks
from tests.conftest import require
from tests.edge.stack import wait_until
from tests.monitoring.scene import Scene
from tests.monitoring.test_rules import RULES, load

pytestmark = [pytest.mark.docker, pytest.mark.timeout(600)]

STATED = [rule for path in RULES for group in load(path)["groups"] for rule in group["rules"]]
RECORDED = [rule["record"] for rule in STATED if "record" in rule]
ALERTS = {rule["alert"]: rule["expr"] for rule in STATED if "alert" in rule}


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    """After two deployments, one that failed, one that was rolled back, and an outage."""
    with Scene("expressions") as scene:
        scene.happen(pause=0)
        # Series that have just begun need two values before they have a rate.
        began = time.time()
        seen = "min(count_over_time(kaira_process_cpu_seconds_total[1m]))"
        wait_until(lambda: scene.monitoring.value(seen) >= 3, "all was asked three times", 90)
        print(f"settled after {time.time() - began:.0f} s; answers: {scene.visitors.answers}")
        yield scene


@pytest.mark.parametrize(
    "asked", list(expressions()), ids=lambda each: f"{each.dashboard}: {each.panel}"
)
def test_a_panel_has_data(scene: Scene, asked: Expression) -> None:
    assert numbers(scene.monitoring.ask(asked.expr)), asked.expr


@pytest.mark.parametrize("asked", list(marks()), ids=lambda each: f"{each.dashboard}: {each.panel}")
def test_what_happened_is_marked_on_every_dashboard(scene: Scene, asked: Expression) -> None:
    # A colour that was live for seconds may fall between two looks; the last one stays.
    wait_until(lambda: len(over_time(scene, asked.expr)) >= 2, asked.expr, 60)


@pytest.mark.parametrize("name", RECORDED)
def test_what_is_recorded_is_there(scene: Scene, name: str) -> None:
    assert numbers(scene.monitoring.ask(name))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_looks_at_what_is_there(scene: Scene, name: str) -> None:
    for selector in selectors(scene, ALERTS[name]):
        assert scene.monitoring.ask(f"count({selector})"), selector


def test_no_rule_fails(scene: Scene) -> None:
    groups = get(scene, "rules")["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len(rules) == len(STATED)
    assert [rule for rule in rules if rule["health"] != "ok"] == []


def test_the_figures_are_those_of_what_happened(scene: Scene) -> None:
    outcomes = {
        each["metric"]["outcome"]: float(each["value"][1])
        for each in scene.monitoring.ask("kaira_deployments_total")
    }
    assert outcomes == {
        "found": 1, "deployed": 2, "failed": 1, "rolled back": 1, "returned": 0,
    }  # fmt: skip
    visible = 'sum(kaira_edge_requests_total{code=~"500|502|503|504"})'
    assert scene.monitoring.value(visible) >= sum(
        count for code, count in scene.visitors.answers.items() if code in (500, 502, 503, 504)
    ) > 0  # fmt: skip


def test_every_dashboard_can_be_drawn(scene: Scene, tmp_path: Path) -> None:
    require(shutil.which("chromium"), "needs chromium")
    require(importlib.util.find_spec("PIL"), "needs `make .venv/bench`")
    from monitoring.grafana.pictures.answers import Answers
    from monitoring.grafana.pictures.page import draw

    draw(Answers(scene.monitoring.prometheus, time.time(), 180), tmp_path)
    assert {path.stem for path in tmp_path.glob("*.png")} == {path.stem for path in files()}


# Private


def numbers(answer: list[dict[str, Any]]) -> list[float]:
    """The values that are numbers."""
    values = [float(each["value"][1]) for each in answer]
    return [value for value in values if not math.isnan(value)]


def over_time(scene: Scene, expr: str) -> list[float]:
    """All values since an hour ago, as far apart as Prometheus asks."""
    now = time.time()
    found = get(scene, "query_range", query=expr, start=now - 3600, end=now, step=15)["result"]
    return [float(value) for each in found for _, value in each["values"]]


def selectors(scene: Scene, expr: str) -> list[str]:
    """The series that an expression looks at, as Prometheus itself takes it apart."""
    found: list[str] = []

    def look(node: Any) -> None:
        if isinstance(node, list):
            for each in node:
                look(each)
        elif isinstance(node, dict):
            if node.get("type") in ("vectorSelector", "matrixSelector"):
                matchers = (
                    f"{each['name']}{each['type']}{json.dumps(each['value'])}"
                    for each in node["matchers"]
                )
                found.append(f"{{{','.join(matchers)}}}")
            for each in node.values():
                look(each)

    look(get(scene, "parse_query", query=expr))
    return found


def get(scene: Scene, what: str, **asked: Any) -> Any:
    """An answer of Prometheus' API."""
    answer = httpx.get(f"{scene.monitoring.prometheus}/api/v1/{what}", params=asked)
    return answer.raise_for_status().json()["data"]
