"""The dashboards of Grafana. `make dashboards` writes each as JSON beside its source."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard

from monitoring.grafana.dashboards import application, deployments, edge, host, visitors

FOLDER = Path(__file__).parent

# What Grafana puts in for its variables, for a range of six hours.
VARIABLES = {"$__rate_interval": "1m", "$__interval": "1m", "$__range": "6h"}


class Expression(NamedTuple):
    """What a panel asks of Prometheus."""

    dashboard: str
    panel: str
    expr: str


def files() -> dict[Path, str]:
    """Every dashboard as JSON, by where it belongs."""
    boards = (visitors, edge, application, host, deployments)
    made = [_as_json(module.dashboard()) for module in boards]
    return {
        FOLDER / f"{each['uid']}.json": json.dumps(each, indent=2, ensure_ascii=False) + "\n"
        for each in made
    }


def expressions() -> Iterator[Expression]:
    """What all panels ask, with values for Grafana's variables."""
    for text in files().values():
        board: dict[str, Any] = json.loads(text)
        for panel in board["panels"]:
            for target in panel.get("targets", ()):
                yield Expression(board["title"], panel["title"], filled(target["expr"]))


def marks() -> Iterator[Expression]:
    """What is marked across all graphs of each dashboard, likewise."""
    for text in files().values():
        board: dict[str, Any] = json.loads(text)
        for each in board["annotations"]["list"]:
            yield Expression(board["title"], each["name"], filled(each["target"]["expr"]))


def filled(expr: str) -> str:
    """An expression with values for Grafana's variables. Raises KeyError at an unknown one."""
    return re.sub(r"\$__\w+", lambda found: VARIABLES[found.group()], expr)


# Private


def _as_json(board: Dashboard) -> dict[str, Any]:
    """Without what the SDK adds and Grafana 12 does not know."""
    made: dict[str, Any] = json.loads(json.dumps(board, cls=JSONEncoder))
    for each in (*made["links"], *made["annotations"]["list"]):
        del each["placement"]  # later ones would put it out of sight
    for panel in made["panels"]:
        panel.get("options", {}).pop("footer", None)
    return made
