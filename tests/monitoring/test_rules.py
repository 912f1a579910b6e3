"""The alerts: that each says what it must, fires when it should and not when it should not, and
that Alertmanager takes what its start writes."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import require

ROOT = Path(__file__).parents[2]
RULES = sorted((ROOT / "monitoring/prometheus/rules").glob("*.yml"))
CASES = sorted((ROOT / "monitoring/prometheus/tests").glob("*.yml"))
RUNBOOKS = ROOT / "docs/runbooks.md", ROOT / "docs/runbooks.ko.md"
START = ROOT / "monitoring/alertmanager/start"

EMAIL = {
    "ALERT_EMAIL_TO": "owner@example.com, partner@example.co.kr",
    "ALERT_EMAIL_FROM": "Kaira's alerts <alerts@example.com>",
    "SMTP_HOST": "smtp.example.com:587",
    "SMTP_USER": "o'neil",
    "SMTP_PASSWORD": "hu'sh: $(1) {{ x }} hush",
}
SLACK = {"ALERT_SLACK_URL": "https://hooks.slack.com/services/hush"}
WEBHOOK = {"ALERT_WEBHOOK_URL": "https://example.com/hook?token=hush&x='y'"}
HEARTBEAT = {"ALERT_HEARTBEAT_URL": "https://hc.example.com/hush"}
RUNBOOKS_URL = {"ALERT_RUNBOOKS_URL": "https://github.com/you/kaira/blob/main"}
ENVIRONMENTS = {
    "nothing": {},
    "e-mail": EMAIL,
    "e-mail by a relay that knows us": {
        "ALERT_EMAIL_TO": "owner@example.com",
        "ALERT_EMAIL_FROM": "alerts@example.com",
        "SMTP_HOST": "relay:25",
    },
    "Slack": SLACK,
    "webhook": WEBHOOK,
    "heartbeat alone": HEARTBEAT,
    "everything": EMAIL | SLACK | WEBHOOK | HEARTBEAT | RUNBOOKS_URL,
}


def load(path: Path) -> Any:
    """A YAML file."""
    return YAML(typ="safe", pure=True).load(path)


def alerts() -> dict[str, dict[str, Any]]:
    """Every alert by its name."""
    return {
        rule["alert"]: rule
        for path in RULES
        for group in load(path)["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }


ALERTS = alerts()


def tool(name: str) -> str:
    """The path of a tool."""
    path = shutil.which(name)
    package = {"promtool": "promtool or prometheus", "amtool": "prometheus-alertmanager"}[name]
    require(path, f"{name} is not on PATH (Debian's package {package})")
    return str(path)


def run(*command: str) -> str:
    """What a command prints; fails the test if it fails."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


# Prometheus


def test_prometheus_takes_the_rules() -> None:
    run(tool("promtool"), "check", "rules", *map(str, RULES))


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path: Path) -> None:
    run(tool("promtool"), "test", "rules", str(path))


@pytest.mark.parametrize("name", ALERTS)
def test_an_alert_says_what_a_tired_person_needs(name: str) -> None:
    labels, told = ALERTS[name]["labels"], ALERTS[name]["annotations"]
    assert labels["severity"] in ("page", "ticket") or name == "Watchdog"
    assert labels["concern"]
    assert 10 < len(told["summary"]) < 100
    assert re.search("[가-힣]", told["summary_ko"])
    assert told["description"].endswith((".", "?"))
    assert told["runbook_url"] == f"docs/runbooks.md#{name.lower()}"


@pytest.mark.parametrize("path", RUNBOOKS, ids=lambda path: path.name)
def test_a_runbook_has_two_commands_for_each_alert(path: Path) -> None:
    sections = dict(re.findall(r"^## (\w+)\n(.*?)(?=^## |\Z)", path.read_text(), re.M | re.S))
    assert sorted(sections) == sorted(ALERTS)
    for name, text in sections.items():
        commands = re.search(r"^```\n(.*?)^```$", text, re.M | re.S)
        assert commands and len(commands[1].splitlines()) == 2, name
        assert re.search("^- ", text, re.M), f"{name}: no cause"
        for link in re.findall(r"\]\(#(\w+)\)", text):
            assert link in {alert.lower() for alert in ALERTS}, f"{name}: {link}"


def test_both_runbooks_have_the_same_order() -> None:
    english, korean = (re.findall(r"^## .*$", path.read_text(), re.M) for path in RUNBOOKS)
    assert english == korean


def test_each_alert_has_a_case_that_fires_and_one_that_does_not() -> None:
    fired: set[str] = set()
    silent: set[str] = set()
    for path in CASES:
        for group in load(path)["tests"]:
            for case in group.get("alert_rule_test", []):
                (fired if case["exp_alerts"] else silent).add(case["alertname"])
                for expected in case["exp_alerts"]:
                    assert expected["exp_labels"]["severity"]
                    assert expected["exp_annotations"]["summary"]
    assert fired == set(ALERTS)
    assert silent == set(ALERTS) - {"Watchdog"}


# Alertmanager


class Written:
    """What the start writes and says for an environment; Alertmanager itself is not started."""

    def __init__(self, folder: Path, variables: dict[str, str]) -> None:
        self.folder = folder
        bin_ = folder / "bin"
        bin_.mkdir()
        stand_in = bin_ / "alertmanager"
        stand_in.write_text('#!/bin/sh\necho "started $*"\nenv\n')
        stand_in.chmod(0o755)
        done = subprocess.run(
            ["sh", str(START), str(folder)],
            env={"PATH": f"{bin_}:{os.environ['PATH']}"} | variables,
            capture_output=True, text=True, check=False, timeout=30,
        )  # fmt: skip
        self.code = done.returncode
        self.said = done.stdout
        self.error = done.stderr
        self.config = folder / "alertmanager.yml"


@pytest.fixture(params=ENVIRONMENTS)
def variables(request: pytest.FixtureRequest) -> dict[str, str]:
    """One environment after the other."""
    return ENVIRONMENTS[request.param]


def test_alertmanager_takes_its_settings(tmp_path: Path, variables: dict[str, str]) -> None:
    amtool = tool("amtool")
    version = re.search(r"version (\d+)\.(\d+)", run(amtool, "--version"))
    if "WEBHOOK" in " ".join(variables) or "HEARTBEAT" in " ".join(variables):
        old = version is not None and (int(version[1]), int(version[2])) < (0, 26)
        if old:
            pytest.skip("amtool is older than 0.26, and knows no url_file of a webhook")
    written = Written(tmp_path, variables)
    assert written.code == 0, written.error
    run(amtool, "check-config", str(written.config))


def test_a_channel_is_there_if_its_variable_is(tmp_path: Path, variables: dict[str, str]) -> None:
    written = Written(tmp_path, variables)
    people, heartbeat = load(written.config)["receivers"]
    assert ("email_configs" in people) == ("ALERT_EMAIL_TO" in variables)
    assert ("slack_configs" in people) == ("ALERT_SLACK_URL" in variables)
    assert ("webhook_configs" in people) == ("ALERT_WEBHOOK_URL" in variables)
    assert ("webhook_configs" in heartbeat) == ("ALERT_HEARTBEAT_URL" in variables)
    said, started = written.said.split("started ")
    assert said.startswith("kaira: alerts go to:" if len(people) > 1 else "kaira: alerts are shown")
    assert ("ALERT_RUNBOOKS_URL is not set" in said) == ("ALERT_RUNBOOKS_URL" not in variables)
    assert started.startswith(
        f"--config.file={written.config} --storage.path=/alertmanager "
        "--cluster.listen-address= --web.external-url=http://localhost:9093/\n"
    )


def test_no_secret_is_shown(tmp_path: Path) -> None:
    written = Written(tmp_path, ENVIRONMENTS["everything"])
    assert "hush" not in written.config.read_text() + written.said + written.error
    kept = {path.name: path for path in tmp_path.iterdir() if path.is_file()}
    for path in kept.values():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert kept["smtp-password"].read_text() == EMAIL["SMTP_PASSWORD"]
    assert kept["slack-url"].read_text() == SLACK["ALERT_SLACK_URL"]
    assert kept["webhook-url"].read_text() == WEBHOOK["ALERT_WEBHOOK_URL"]
    assert kept["heartbeat-url"].read_text() == HEARTBEAT["ALERT_HEARTBEAT_URL"]


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        (EMAIL | {"ALERT_EMAIL_TO": "nobody"}, "ALERT_EMAIL_TO"),
        (EMAIL | {"ALERT_EMAIL_TO": "a@b.com\nc@d.com"}, "ALERT_EMAIL_TO"),
        (EMAIL | {"ALERT_EMAIL_TO": "{{ x }}@b.com"}, "ALERT_EMAIL_TO"),
        (EMAIL | {"ALERT_EMAIL_FROM": "alerts"}, "ALERT_EMAIL_FROM"),
        (EMAIL | {"ALERT_EMAIL_FROM": ""}, "ALERT_EMAIL_FROM"),  # SMTP_USER is no address
        (EMAIL | {"SMTP_HOST": ""}, "SMTP_HOST"),
        (EMAIL | {"SMTP_HOST": "smtp.example.com"}, "SMTP_HOST"),
        (EMAIL | {"SMTP_HOST": "smtp.example.com:65536"}, "SMTP_HOST"),
        (EMAIL | {"SMTP_USER": ""}, "SMTP_USER"),
        (EMAIL | {"SMTP_PASSWORD": ""}, "SMTP_PASSWORD"),
        (EMAIL | {"SMTP_PASSWORD": "hush\nhush"}, "SMTP_PASSWORD"),
        ({"ALERT_SLACK_URL": "hooks.slack.com/hush"}, "ALERT_SLACK_URL"),
        ({"ALERT_SLACK_URL": "https://hooks.slack.com/ hush"}, "ALERT_SLACK_URL"),
        ({"ALERT_WEBHOOK_URL": "https:///hush"}, "ALERT_WEBHOOK_URL"),
        ({"ALERT_HEARTBEAT_URL": "ftp://hush"}, "ALERT_HEARTBEAT_URL"),
        ({"ALERT_RUNBOOKS_URL": "https://example.com/{{ x }}"}, "ALERT_RUNBOOKS_URL"),
    ],
)
def test_what_makes_no_sense_stops_the_start_with_one_line(
    tmp_path: Path, variables: dict[str, str], name: str
) -> None:
    written = Written(tmp_path, variables)
    assert written.code == 1
    assert re.fullmatch(f"kaira: {name}: .+\n", written.error)
    assert "hush" not in written.error
    assert "started" not in written.said


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        ("alertname=Watchdog severity=none", "heartbeat"),
        ("alertname=EdgeDown severity=page", "people"),
        ("alertname=DiskLow severity=ticket", "people"),
    ],
)
def test_watchdog_goes_to_the_heartbeat_and_all_else_to_people(
    tmp_path: Path, labels: str, receiver: str
) -> None:
    written = Written(tmp_path, SLACK)
    run(
        tool("amtool"), "config", "routes", "test", f"--config.file={written.config}",
        f"--verify.receivers={receiver}", *labels.split(),
    )  # fmt: skip


def test_what_silences_and_what_is_silenced_exists(tmp_path: Path) -> None:
    written = Written(tmp_path, {})
    for rule in load(written.config)["inhibit_rules"]:
        for matcher in rule["source_matchers"] + rule["target_matchers"]:
            for name in re.findall(r'alertname!?=~?"(.+)"', matcher):
                for part in name.split("|"):
                    assert any(re.fullmatch(part, alert) for alert in ALERTS), part


def test_only_a_page_silences_others(tmp_path: Path) -> None:
    written = Written(tmp_path, {})
    for rule in load(written.config)["inhibit_rules"]:
        (source,) = rule["source_matchers"]
        for name in re.findall(r'alertname="(.+)"', source):
            assert ALERTS[name]["labels"]["severity"] == "page"
