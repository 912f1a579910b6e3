"""Grafana's dashboards: they are what their source says, whole, and ask for what there is."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from monitoring.containers import tell
from monitoring.grafana.dashboards import FOLDER, Expression, expressions, files, marks
from monitoring.grafana.dashboards.edge import CERTIFICATE_TOLD
from monitoring.metrics_page import application, edge
from tests.app.running import ROOT
from tests.monitoring.test_rules import ALERTS, RULES, load

GRAFANA = ROOT / "monitoring/grafana"
BOARDS: dict[str, dict[str, Any]] = {path.stem: json.loads(text) for path, text in files().items()}
STATED = [rule for path in RULES for group in load(path)["groups"] for rule in group["rules"]]
PANELS = [
    pytest.param(panel, id=f"{name}: {panel['title']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    if panel["type"] != "row"
]

# What the exporters and Prometheus tell, of that which is asked; each has a documentation of its own.
EXPORTERS = {
    "ALERTS",
    "ALERTS_FOR_STATE",
    "up",
    "nginx_connections_accepted",
    "nginx_connections_active",
    "nginx_connections_handled",
    "nginx_connections_reading",
    "nginx_connections_waiting",
    "nginx_connections_writing",
    "nginx_up",
    "node_boot_time_seconds",
    "node_cpu_seconds_total",
    "node_disk_io_time_seconds_total",
    "node_disk_read_bytes_total",
    "node_disk_written_bytes_total",
    "node_filesystem_avail_bytes",
    "node_filesystem_files",
    "node_filesystem_files_free",
    "node_filesystem_size_bytes",
    "node_load1",
    "node_load5",
    "node_load15",
    "node_memory_MemAvailable_bytes",
    "node_memory_MemFree_bytes",
    "node_memory_MemTotal_bytes",
    "node_memory_SwapFree_bytes",
    "node_memory_SwapTotal_bytes",
    "node_pressure_cpu_waiting_seconds_total",
    "node_pressure_io_waiting_seconds_total",
    "node_pressure_memory_waiting_seconds_total",
    "node_time_seconds",
    "node_timex_maxerror_seconds",
    "node_timex_offset_seconds",
    "node_timex_sync_status",
    "node_vmstat_oom_kill",
    "node_vmstat_pgmajfault",
    "node_vmstat_pswpin",
    "node_vmstat_pswpout",
    "probe_duration_seconds",
    "probe_http_status_code",
    "probe_ssl_earliest_cert_expiry",
    "probe_success",
}
SERIES = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
RECORDED = [rule["record"] for rule in STATED if "record" in rule]
HANGUL = re.compile(r"[가-힣]")


def everything_asked() -> list[Expression]:
    """By panels and by annotations."""
    return [*expressions(), *marks()]


def metrics_in(expr: str) -> set[str]:
    """The names of the metrics: what is neither a function, a keyword, a label nor a string."""
    bare = re.sub(r'"[^"]*"', "", expr)
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]", " ", bare)
    bare = re.sub(r"\b(by|on|ignoring|without|group_left|group_right) *\([^)]*\)", " ", bare)
    bare = re.sub(r"\boffset +\w+", " ", bare)
    words = re.findall(r"\b[a-zA-Z_:][\w:]*\b(?! *\()", bare)
    return set(words) - {"and", "or", "unless", "bool", "by", "sum", "max", "min", "count"}


def asked_by(dashboard: str, title: str) -> str:
    """The only expression of a panel."""
    (found,) = [e for e in everything_asked() if e[:2] == (BOARDS[dashboard]["title"], title)]
    return found.expr


@pytest.fixture(scope="module")
def promtool() -> str:
    """Where it is. Missing in CI is a failure: it has to come with what CI installs."""
    found = shutil.which("promtool")
    if found is None:
        reason = "promtool is not in PATH (Debian: prometheus)"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def run(*command: str, folder: Path) -> None:
    """Run it; what it says is the reason of the failure."""
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_what_is_committed_is_what_the_source_says() -> None:
    found = {path: path.read_text() for path in FOLDER.glob("*.json")}
    assert found == files(), "make dashboards"


def test_there_are_five_and_no_two_are_confused() -> None:
    assert set(BOARDS) == {"visitors", "edge", "application", "host", "deployments"}
    assert all(board["uid"] == name for name, board in BOARDS.items())
    assert len({board["title"] for board in BOARDS.values()}) == len(BOARDS)
    for board in BOARDS.values():
        identifiers = [panel["id"] for panel in board["panels"]]
        assert len(set(identifiers)) == len(identifiers), board["title"]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows(panel: dict[str, Any]) -> None:
    assert panel["title"]
    assert panel["fieldConfig"]["defaults"]["unit"]
    en, ko = panel["description"].removeprefix("en ").split(" / ko ")
    assert en and not HANGUL.search(en)
    assert HANGUL.search(ko)
    assert max(len(en), len(ko)) < 300
    assert panel["targets"]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_tells_its_series_apart(panel: dict[str, Any]) -> None:
    # Several series and no name for them: Grafana would print all of their labels.
    if panel["type"] in {"timeseries", "state-timeline"}:
        legends = [target["legendFormat"] for target in panel["targets"]]
        assert "__auto" not in legends
        assert len(set(legends)) == len(legends)
    for target in panel["targets"]:
        if "{{" in target["legendFormat"]:
            labels = re.findall(r"{{(\w+)}}", target["legendFormat"])
            grouped = re.search(r"\b(?:by|count by) \(([^)]*)\)", target["expr"])
            kept = set(re.findall(r"\w+", grouped.group(1))) if grouped else set(labels)
            assert set(labels) <= kept | {"class"}, target["expr"]


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_asks_the_datasource_that_is_provisioned(panel: dict[str, Any]) -> None:
    provisioned = (GRAFANA / "provisioning/datasources/prometheus.yml").read_text()
    uids = {each["datasource"]["uid"] for each in (panel, *panel["targets"])}
    assert uids == set(re.findall(r"uid: (\w+)", provisioned))


@pytest.mark.parametrize("name", BOARDS)
def test_panels_do_not_overlap_and_fill_the_width(name: str) -> None:
    places = [panel["gridPos"] for panel in BOARDS[name]["panels"]]
    cells: set[tuple[int, int]] = set()
    for place in places:
        columns = range(place["x"], place["x"] + place["w"])
        new = set(itertools.product(columns, range(place["y"], place["y"] + place["h"])))
        assert not cells & new, place
        cells |= new
    assert cells == set(itertools.product(range(24), range(max(y for _, y in cells) + 1)))


@pytest.mark.parametrize("name", BOARDS)
def test_deployments_are_on_every_dashboard_and_so_are_the_ways_to_the_others(name: str) -> None:
    board = BOARDS[name]
    deployments, switches = board["annotations"]["list"]
    assert "kaira_deployment_timestamp_seconds" in deployments["target"]["expr"]
    assert "kaira_edge_live" in switches["target"]["expr"]
    dashboards, runbooks = board["links"]
    assert set(dashboards["tags"]) <= set(board["tags"])
    assert runbooks["url"].endswith("/runbooks.md")


@pytest.mark.parametrize(
    ("dashboard", "title", "colour", "limit", "alert", "stated"),
    [
        ("host", "Memory available", "green", 160 * 2**20, "HostMemoryLow", "< 160 * 1024 * 1024"),
        ("host", "Fullest disk", "orange", 1 - 0.15, "DiskLow", "< 0.15"),
        ("host", "Fullest disk", "red", 1 - 0.05, "DiskAlmostFull", "< 0.05"),
        ("host", "Inodes free", "orange", 0.1, "InodesLow", "< 0.1"),
        ("host", "Memory of its limit", "orange", 0.9, "ContainerMemoryNearLimit", "> 0.9"),
        ("host", "Clock off by", "orange", 0.1, "ClockSkew", "> 0.1"),
        ("edge", "Counted", "orange", 60, "EdgeCountingStopped", "> 60"),
        ("visitors", "Burn rate", "red", 14.4, "ErrorBudgetBurn1h", "> 14.4 * 0.001"),
        ("visitors", "Burn rate", "orange", 6, "ErrorBudgetBurn6h", "> 6 * 0.001"),
    ],
)
def test_a_colour_begins_where_its_alert_does(
    dashboard: str, title: str, colour: str, limit: float, alert: str, stated: str
) -> None:
    assert stated in ALERTS[alert]["expr"]
    (panel,) = (each for each in BOARDS[dashboard]["panels"] if each["title"] == title)
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert (colour, limit) in {(each["color"], each["value"]) for each in steps}


@pytest.mark.parametrize(("name", "part", "days"), CERTIFICATE_TOLD)
def test_the_certificate_is_told_where_its_lines_are(name: str, part: float, days: int) -> None:
    alert = {"ticket": "CertificateRenewalOverdue", "page": "CertificateExpiresSoon"}[name]
    assert ALERTS[alert]["labels"]["severity"] == name
    assert f"< {days} * 86400" in ALERTS[alert]["expr"]
    assert f"< {part} * kaira:certificate_life:seconds" in ALERTS[alert]["expr"]


def test_what_is_asked_for_is_told() -> None:
    told = EXPORTERS | set(RECORDED)
    for name, (kind, _) in (application() | edge() | tell.METRICS).items():
        told |= {name + end for end in SERIES.get(kind, ("",))}
    asked = set()
    for each in everything_asked():
        assert metrics_in(each.expr), each
        assert metrics_in(each.expr) <= told, each
        asked |= metrics_in(each.expr)
    assert asked >= EXPORTERS, "listed here, and not asked for any more"


def test_no_expression_keeps_a_variable_of_grafanas() -> None:
    assert len(list(expressions())) > 100
    for each in expressions():
        assert "$__" not in each.expr, each


def test_rates_are_taken_over_what_prometheus_has() -> None:
    scraped = re.search(
        r"scrape_interval: (\w+)", (ROOT / "monitoring/prometheus/prometheus.yml").read_text()
    )
    told = re.search(
        r"timeInterval: (\w+)", (GRAFANA / "provisioning/datasources/prometheus.yml").read_text()
    )
    assert scraped and told and scraped.group(1) == told.group(1)


def test_expressions_are_promql(promtool: str, tmp_path: Path) -> None:
    rules = [
        {"record": f"asked:{number}", "expr": each.expr}
        for number, each in enumerate(everything_asked())
    ]
    text = json.dumps({"groups": [{"name": "dashboards", "rules": rules}]})
    (tmp_path / "rules.yml").write_text(text)  # JSON is YAML
    run(promtool, "check", "rules", "rules.yml", folder=tmp_path)


# What an expression gives for series of known values: (what is asked, when, what it gives).
Sample = tuple[str, float]
EDGE = 'job="edge",instance="edge"'


def given(promtool: str, folder: Path, series: dict[str, str], *asked: tuple[str, str, list[Sample]], every: str = "1m") -> None:  # fmt: skip
    """Compare by promtool; values to a thousandth."""
    test = {
        "interval": every,
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": f"round({expr}, 0.001)",
                "eval_time": moment,
                "exp_samples": [{"labels": labels, "value": value} for labels, value in samples],
            }
            for expr, moment, samples in asked
        ],
    }
    (folder / "test.yml").write_text(json.dumps({"rule_files": [], "tests": [test]}))
    run(promtool, "test", "rules", "test.yml", folder=folder)


@pytest.mark.parametrize("failed, left, available", [(0, 1, 1), (50, 0.5, 1), (200, -1, 0.998)])
def test_the_budget_is_what_the_objective_allows(
    promtool: str, tmp_path: Path, failed: int, left: float, available: float
) -> None:
    given(
        promtool,
        tmp_path,
        {
            f'kaira_edge_request_duration_seconds_count{{kind="page",{EDGE}}}': "0+60000x720",
            f'kaira_edge_request_duration_seconds_count{{kind="api",{EDGE}}}': "0+40000x720",
            f'kaira_edge_requests_total{{code="503",colour="blue",{EDGE}}}': f"0+{failed}x720",
        },
        (asked_by("visitors", "Error budget left, 30 days"), "30d", [("{}", left)]),
        (asked_by("visitors", "Availability, 30 days"), "30d", [("{}", available)]),
        every="1h",
    )


def test_where_nobody_asks_nothing_fails(promtool: str, tmp_path: Path) -> None:
    given(
        promtool,
        tmp_path,
        {
            f'kaira_edge_request_duration_seconds_count{{kind="page",{EDGE}}}': "7x60",
            f'kaira_edge_requests_total{{code="503",colour="blue",{EDGE}}}': "0x60",
        },
        (asked_by("visitors", "Failing"), "1h", []),
        (asked_by("visitors", "Share that fails"), "1h", []),
        (asked_by("deployments", "Share that fails, by colour"), "1h", []),
    )


def test_a_deployment_is_told_once_at_its_very_moment(promtool: str, tmp_path: Path) -> None:
    expr = asked_by("visitors", "Deployments")
    labels = f"{{{EDGE}}}"
    given(
        promtool,
        tmp_path,
        {f"kaira_deployment_timestamp_seconds{labels}": "_x2 100x2 305x5"},
        (expr, "1m", []),
        (expr, "2m", [(labels, 100_000)]),  # the first one of all
        (expr, "3m", []),
        (expr, "5m", [(labels, 305_000)]),
        (expr, "6m", []),
    )


def test_a_switch_of_colours_is_told_and_a_start_of_the_edge_is_not(
    promtool: str, tmp_path: Path
) -> None:
    expr = asked_by("visitors", "Colour switches")
    blue, green = (f'kaira_edge_live{{colour="{each}",{EDGE}}}' for each in ("blue", "green"))
    given(
        promtool,
        tmp_path,
        {blue: "_x2 1x2 stale _x5", green: "_x5 1x5"},
        (expr, "2m", []),
        (expr, "5m", [(green.replace("kaira_edge_live", ""), 1)]),
        (expr, "6m", []),
    )


@pytest.mark.parametrize(
    "colour, stale, value", [("blue", 0, 1), ("green", 0, 2), ("blue", 1, 3), ("green", 1, 4)]
)
def test_who_serves_is_one_of_four(
    promtool: str, tmp_path: Path, colour: str, stale: int, value: int
) -> None:
    given(
        promtool,
        tmp_path,
        {
            f'kaira_edge_live{{colour="{colour}",{EDGE}}}': "1",
            f"kaira_edge_stale{{{EDGE}}}": str(stale),
        },
        (asked_by("visitors", "Who serves"), "0", [("{}", value)]),
    )


def test_the_release_is_that_of_the_colour_that_is_live(promtool: str, tmp_path: Path) -> None:
    release = 'job="app",release="{0}",version="1",instance="{1}"'
    blue, green = release.format("old", "blue"), release.format("new", "green")
    given(
        promtool,
        tmp_path,
        {
            f"kaira_release_info{{{blue}}}": "1",
            f"kaira_release_info{{{green}}}": "1",
            f'kaira_edge_live{{colour="green",{EDGE}}}': "1",
        },
        (asked_by("deployments", "Release"), "0", [(f"{{{green}}}", 1)]),
    )


def test_a_container_is_healthy_runs_is_stopped_or_unhealthy(promtool: str, tmp_path: Path) -> None:
    state = {"well": (1, 1, 2), "plain": (1, None, 1), "stopped": (0, None, 0), "ill": (1, 0, -1)}
    series = {}
    for name, (running, healthy, _) in state.items():
        series[f'kaira_container_running{{job="node",name="{name}"}}'] = str(running)
        if healthy is not None:
            series[f'kaira_container_healthy{{job="node",name="{name}"}}'] = str(healthy)
    samples = [(f'{{name="{name}"}}', value) for name, (*_, value) in state.items()]
    given(promtool, tmp_path, series, (asked_by("host", "How the containers fare"), "0", samples))
