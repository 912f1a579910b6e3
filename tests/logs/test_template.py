"""infra/aws/logs.yaml, made on moto; what moto cannot make is made by calls of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from monitoring.logs_page import FIELDS
from tests.conftest import require
from tests.edge.stack import ROOT, free_port
from tests.logs.cloud import Cloud

TEMPLATE = ROOT / "infra/aws/logs.yaml"
EMAIL = "owner@shop.example"
MADE = {"AWS::Logs::LogGroup": 4, "AWS::SNS::Topic": 1, "AWS::IAM::ManagedPolicy": 1}
BY_CALL = {"AWS::Logs::MetricFilter": 5, "AWS::CloudWatch::Alarm": 5}  # moto's stacks have none


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A cloud with the stack in it."""
    pytest.importorskip("moto", reason="moto needs a Python below 3.15")
    cloud = Cloud(tmp_path_factory.mktemp("cloud") / "log", free_port())
    try:
        cloud.ask("iam", "create_role", RoleName="machine", AssumeRolePolicyDocument="{}")
        cloud.ask(
            "cloudformation", "create_stack", StackName="logs", TemplateBody=TEMPLATE.read_text(),
            Capabilities=["CAPABILITY_IAM"], Parameters=[
                {"ParameterKey": "Email", "ParameterValue": EMAIL},
                {"ParameterKey": "VisitorDays", "ParameterValue": "7"},
                {"ParameterKey": "InstanceRole", "ParameterValue": "machine"},
            ],
        )  # fmt: skip
        yield cloud
    finally:
        cloud.end()


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    """The template's resources, its short forms written out."""
    yaml = pytest.importorskip("cfnlint.decode.cfn_yaml")
    found: dict[str, Any] = yaml.loads(TEMPLATE.read_text())["Resources"]
    return found


def test_cfn_lint_has_nothing_to_say() -> None:
    lint = Path(sys.executable).with_name("cfn-lint")
    require(lint.exists(), "needs cfn-lint, which needs a Python below 3.15")
    done = subprocess.run([lint, TEMPLATE], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stdout, done.stdout


def test_every_resource_is_made_or_known_not_to_be(cloud: Cloud, resources: dict[str, Any]) -> None:
    assert Counter(each["Type"] for each in resources.values()) == {**MADE, **BY_CALL}
    (stack,) = cloud.ask("cloudformation", "describe_stacks")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    # moto warns of what it does not know, a misspelled type say, and calls the stack complete.
    warned = set(re.findall(r"(?:parse|support for) (AWS::\w+::\w+)", cloud.log.read_text()))
    assert warned == set(BY_CALL)


def test_groups_forget_and_visitors_sooner(cloud: Cloud) -> None:
    groups = cloud.ask("logs", "describe_log_groups")["logGroups"]
    assert {each["logGroupName"]: each["retentionInDays"] for each in groups} == {
        "/kaira/edge": 7, "/kaira/app": 30, "/kaira/certbot": 30, "/kaira/monitoring": 30,
    }  # fmt: skip


def test_the_machine_may_write_to_these_groups_and_nothing_else(cloud: Cloud) -> None:
    (policy,) = cloud.ask("iam", "list_policies", Scope="Local")["Policies"]
    version = cloud.ask("iam", "get_policy_version", PolicyArn=policy["Arn"], VersionId="v1")
    (statement,) = version["PolicyVersion"]["Document"]["Statement"]
    assert sorted(statement["Action"]) == ["logs:CreateLogStream", "logs:PutLogEvents"]
    groups = cloud.ask("logs", "describe_log_groups")["logGroups"]
    assert len(statement["Resource"]) == len(groups) == 4
    for group in groups:
        arn = group["arn"].removesuffix(":*")
        assert [each for each in statement["Resource"] if each.removesuffix(":*") == arn]
    attached = cloud.ask("iam", "list_attached_role_policies", RoleName="machine")
    assert [each["PolicyArn"] for each in attached["AttachedPolicies"]] == [policy["Arn"]]


def test_alarms_go_to_the_one_address(cloud: Cloud, resources: dict[str, Any]) -> None:
    (subscription,) = cloud.ask("sns", "list_subscriptions")["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", EMAIL)
    counted = set()
    for each in _of(resources, "AWS::Logs::MetricFilter"):
        (told,) = each.pop("MetricTransformations")
        told = {name[0].lower() + name[1:]: value for name, value in told.items()}
        counted.add((told["metricNamespace"], told["metricName"]))
        cloud.ask(
            "logs", "put_metric_filter", logGroupName=each["LogGroupName"],
            filterName=told["metricName"], filterPattern=each["FilterPattern"],
            metricTransformations=[told],
        )  # fmt: skip
    for each in _of(resources, "AWS::CloudWatch::Alarm"):
        assert (each["Namespace"], each["MetricName"]) in counted
        assert each["AlarmActions"] == [subscription["TopicArn"]]
        cloud.ask("cloudwatch", "put_metric_alarm", **each)
    assert len(cloud.ask("cloudwatch", "describe_alarms")["MetricAlarms"]) == 5
    assert len(cloud.ask("logs", "describe_metric_filters")["metricFilters"]) == 5


def test_filters_ask_for_names_that_are_written(resources: dict[str, Any]) -> None:
    writes = {"/kaira/edge": "edge deploy", "/kaira/app": "app", "/kaira/certbot": "certbot"}
    source = "".join(
        path.read_text()
        for pattern in ("kaira_fastapi_poetry/**/*.py", "certbot/*.py", "deploy-blue-green.sh",
                        "nginx/edge/log.conf")
        for path in ROOT.glob(pattern)
    )  # fmt: skip
    for each in _of(resources, "AWS::Logs::MetricFilter"):
        who = set(writes[each["LogGroupName"]].split())
        names = re.findall(r"\$\.(\w+)", each["FilterPattern"])
        assert names
        for name in names:
            assert who & set(FIELDS[name].who.split()), each
        for value in re.findall(r'\$\.(?:event|outcome) = "([^"]+)"', each["FilterPattern"]):
            assert re.search(rf"""["' ]{value}["' ]""", source), value


# Private


def _of(resources: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The properties of the resources of a kind, as CloudFormation would hand them on."""
    return [_plain(each["Properties"]) for each in resources.values() if each["Type"] == kind]


def _plain(value: Any) -> Any:
    known = {
        "Name": "kaira", "ErrorsIn5Minutes": 10, "SlowIn5Minutes": 20,
        "Topic": "arn:aws:sns:eu-west-1:123456789012:kaira-logs",
        **{f"{each}Log": f"/kaira/{each.lower()}" for each in ("Edge", "App", "Certbot")},
    }  # fmt: skip
    if isinstance(value, dict):
        if "Ref" in value:
            return known[value["Ref"]]
        if "Fn::Sub" in value:
            return value["Fn::Sub"].replace("${Name}", "kaira")
        return {name: _plain(each) for name, each in value.items()}
    return [_plain(each) for each in value] if isinstance(value, list) else value
