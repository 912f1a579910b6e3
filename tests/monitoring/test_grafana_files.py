"""Grafana would take its files: by its own types, and by what its documentation says of them."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from monitoring.grafana.dashboards import FOLDER, files
from tests.browser.tools import NODE_MODULES, tool
from tests.conftest import require
from tests.edge.stack import ROOT
from tests.monitoring.stack import COMPOSE
from tests.monitoring.test_rules import load

GRAFANA = load(COMPOSE)["services"]["grafana"]
PROVISIONING = ROOT / "monitoring/grafana/provisioning"
SCHEMA = Path(__file__).parent / "schema"
BOARDS: dict[str, Any] = {path.stem: json.loads(text) for path, text in files().items()}
PANELS = [panel for board in BOARDS.values() for panel in board["panels"] if panel["type"] != "row"]

OPTIONS = """{"compilerOptions": {"noEmit": true, "strict": true, "skipLibCheck": true,
"module": "esnext", "moduleResolution": "bundler", "target": "es2022", "types": []}}"""

# https://grafana.com/docs/grafana/latest/administration/provisioning/
DATASOURCE = {"name", "uid", "type", "access", "url", "isDefault", "editable", "jsonData"}
PROVIDER = {
    "name", "folder", "folderUid", "type", "disableDeletion", "allowUiUpdates",
    "updateIntervalSeconds", "options",
}  # fmt: skip


def complaints(folder: Path, boards: dict[str, Any]) -> list[str]:
    """What the TypeScript compiler says of dashboards."""
    compiler = tool("typescript/bin/tsc")
    tool("@grafana/schema/package.json")
    require(shutil.which("node"), "needs node")
    (folder / "node_modules").symlink_to(NODE_MODULES)
    (folder / "tsconfig.json").write_text(OPTIONS)
    shutil.copy(SCHEMA / "dashboard.ts", folder)
    for name, board in boards.items():
        text = json.dumps(board)
        source = f'import type {{ File }} from "./dashboard";\nexport const it: File = {text};\n'
        (folder / f"{name}.ts").write_text(source)
    done = subprocess.run(
        ["node", compiler, "-p", folder], capture_output=True, text=True, check=False, timeout=120
    )
    assert bool(done.returncode) == bool(done.stdout), done.stderr
    return done.stdout.splitlines()


def test_dashboards_are_of_grafanas_own_types(tmp_path: Path) -> None:
    assert complaints(tmp_path, BOARDS) == []


def test_what_grafana_does_not_know_is_found(tmp_path: Path) -> None:
    def spoilt(**changes: Any) -> dict[str, Any]:
        board = json.loads(json.dumps(BOARDS["edge"]))
        panel = next(each for each in board["panels"] if each["type"] == "timeseries")
        panel["fieldConfig"]["defaults"]["custom"] |= changes
        return board

    boards = {
        "word": spoilt(stacking={"mode": "nromal"}),
        "name": spoilt(linewidth=1),
        "kind": spoilt(lineWidth="1"),
    }
    assert {line.partition(".ts")[0].rpartition("/")[2] for line in complaints(tmp_path, boards)} >= set(boards)  # fmt: skip


def test_the_types_are_of_the_version_that_runs() -> None:
    judges = json.loads((ROOT / "tests/browser/package.json").read_text())["dependencies"]
    assert GRAFANA["image"] == f"grafana/grafana:{judges['@grafana/schema']}"


def test_every_panel_asks_the_datasource_that_is_provisioned() -> None:
    stated = load(PROVISIONING / "datasources/prometheus.yml")
    assert stated["apiVersion"] == 1
    (datasource,) = stated["datasources"]
    assert set(datasource) <= DATASOURCE
    assert (datasource["type"], datasource["access"]) == ("prometheus", "proxy")
    for panel in PANELS:
        for asks in (panel, *panel["targets"]):
            assert asks["datasource"] == {"type": "prometheus", "uid": datasource["uid"]}


def test_where_prometheus_is_can_be_told() -> None:
    (datasource,) = load(PROVISIONING / "datasources/prometheus.yml")["datasources"]
    name = datasource["url"].removeprefix("$")
    assert GRAFANA["environment"][name] == f"${{{name}:-http://prometheus:9090}}"
    assert "host.docker.internal:host-gateway" in GRAFANA["extra_hosts"]


def test_the_provider_reads_the_folder_that_is_mounted() -> None:
    stated = load(PROVISIONING / "dashboards/kaira.yml")
    assert stated["apiVersion"] == 1
    (provider,) = stated["providers"]
    assert set(provider) <= PROVIDER and provider["type"] == "file"
    mounts = dict(reversed(each.removesuffix(":ro").split(":")) for each in GRAFANA["volumes"])
    assert ROOT / mounts[provider["options"]["path"]] == FOLDER
    assert ROOT / mounts["/etc/grafana/provisioning"] == PROVISIONING
    home = Path(GRAFANA["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"])
    assert str(home.parent) == provider["options"]["path"] and (FOLDER / home.name).exists()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_thresholds_rise_and_can_be_reached(panel: dict[str, Any]) -> None:
    field = panel["fieldConfig"]["defaults"]
    first, *rest = field.get("thresholds", {"steps": [{"value": None}]})["steps"]
    assert first["value"] is None
    values = [step["value"] for step in rest]
    assert all(low < high for low, high in itertools.pairwise(values))
    if field["unit"] == "percentunit":
        assert all(0 <= value < 1 for value in values)
    if "max" in field:
        assert all(field["min"] <= value <= field["max"] for value in values)
    # A field of a graph that has limits must also draw them.
    if panel["type"] == "timeseries" and values:
        assert field["custom"]["thresholdsStyle"]["mode"] == "dashed"
