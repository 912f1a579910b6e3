"""The logs of infra/aws/kaira.yaml, made on moto; what moto cannot make is made by calls of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

from infra.aws import prices
from monitoring.logs_page import FIELDS
from tests.aws.conftest import NEEDED, plain, resources
from tests.edge.stack import ROOT
from tests.logs.cloud import Cloud


@pytest.fixture(scope="module")
def made(cloud: Cloud) -> Iterator[Cloud]:
    """The cloud with the stack in it."""
    values = {
        **NEEDED, "Image": "ghcr.io/you/kaira", "VisitorDays": "7",
        "CloudInit": (ROOT / "infra/aws/cloud-init.yaml").read_text(),
    }  # fmt: skip
    cloud.ask(
        "cloudformation", "create_stack", StackName="kaira", Capabilities=["CAPABILITY_IAM"],
        TemplateBody=(ROOT / "infra/aws/kaira.yaml").read_text(),
        Parameters=[{"ParameterKey": name, "ParameterValue": each} for name, each in values.items()],
    )  # fmt: skip
    yield cloud


def test_groups_forget_and_visitors_sooner(made: Cloud) -> None:
    groups = made.ask("logs", "describe_log_groups")["logGroups"]
    assert {each["logGroupName"]: each["retentionInDays"] for each in groups} == {
        "/kaira/edge": 7, "/kaira/app": 30, "/kaira/certbot": 30, "/kaira/monitoring": 30,
    }  # fmt: skip


def test_the_machine_may_write_to_these_groups_and_no_others() -> None:
    (policy,) = resources()["MachineRole"]["Properties"]["Policies"]
    (statement,) = [
        each for each in policy["PolicyDocument"]["Statement"]
        if any(action.startswith("logs:") for action in each["Action"])
    ]  # fmt: skip
    assert sorted(statement["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    groups = [name for name, each in resources().items() if each["Type"] == "AWS::Logs::LogGroup"]
    assert len(groups) == 4
    assert statement["Resource"] == [{"Fn::GetAtt": [name, "Arn"]} for name in groups]


def test_alarms_ask_for_what_is_counted(made: Cloud) -> None:
    counted = set()
    filters = _of("AWS::Logs::MetricFilter")
    for each in filters:
        (told,) = each["MetricTransformations"]
        counted.add((told["MetricNamespace"], told["MetricName"]))
        made.ask(
            "logs", "put_metric_filter", logGroupName=each["LogGroupName"],
            filterName=told["MetricName"], filterPattern=each["FilterPattern"],
            metricTransformations=[
                {name[0].lower() + name[1:]: value for name, value in told.items()}
            ],
        )  # fmt: skip
    assert len(made.ask("logs", "describe_metric_filters")["metricFilters"]) == len(filters)
    alarms = {
        (each["Namespace"], each["MetricName"])
        for each in _of("AWS::CloudWatch::Alarm")
        if each["AlarmName"].removeprefix("kaira-") in
        ("edge-errors", "slow-requests", "app-errors", "certificate-failures", "deployment-failures")
    }  # fmt: skip
    assert alarms == counted and len(counted) == prices.LOG_METRICS


def test_filters_ask_for_names_that_are_written() -> None:
    writes = {"/kaira/edge": "edge deploy", "/kaira/app": "app", "/kaira/certbot": "certbot"}
    source = "".join(
        path.read_text()
        for pattern in ("kaira_fastapi_poetry/**/*.py", "certbot/*.py", "deploy-blue-green.sh",
                        "nginx/edge/log.conf")
        for path in ROOT.glob(pattern)
    )  # fmt: skip
    for each in _of("AWS::Logs::MetricFilter"):
        who = set(writes[each["LogGroupName"]].split())
        names = re.findall(r"\$\.(\w+)", each["FilterPattern"])
        assert names
        for name in names:
            assert who & set(FIELDS[name].who.split()), each
        for value in re.findall(r'\$\.(?:event|outcome) = "([^"]+)"', each["FilterPattern"]):
            assert re.search(rf"""["' ]{value}["' ]""", source), value


def test_what_the_edge_refuses_is_no_error_of_ours() -> None:
    (errors,) = [
        each["FilterPattern"] for each in _of("AWS::Logs::MetricFilter")
        if each["MetricTransformations"][0]["MetricName"] == "EdgeErrors"
    ]  # fmt: skip
    assert errors == '{ ($.event = "request") && ($.level = "error") }'
    (levels,) = re.findall(
        r"map \$status \$level \{(.*?)\}", (ROOT / "nginx/edge/log.conf").read_text(), re.S
    )
    assert re.findall(r"(\S+) +error;", levels) == ["500", "502", "503", "504"]


# Private


def _of(kind: str) -> list[dict[str, Any]]:
    """The properties of the resources of a kind, as CloudFormation would hand them on."""
    known = {
        "AWS::StackName": "kaira", "AWS::Region": "eu-west-1", "AWS::Partition": "aws",
        "Machine": "i-0123456789abcdef0", "ErrorsIn5Minutes": 10, "SlowIn5Minutes": 20,
        "Topic": "arn:aws:sns:eu-west-1:123456789012:kaira",
        **{f"{each}Log": f"/kaira/{each.lower()}" for each in ("Edge", "App", "Certbot")},
    }  # fmt: skip
    return [
        plain(each["Properties"], known) for each in resources().values() if each["Type"] == kind
    ]
