"""infra/aws/kaira.yaml: every resource is counted, and what moto cannot make is held against AWS."""

from __future__ import annotations

import fnmatch
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.validate import ParamValidator
from ruamel.yaml import YAML

from infra.aws import prices
from tests.aws.conftest import NEEDED, plain, resources, template
from tests.conftest import require
from tests.edge.stack import ROOT
from tests.logs.cloud import Cloud

FILE = ROOT / "infra/aws/kaira.yaml"
MADE = {
    "AWS::EC2::Instance": 1, "AWS::EC2::VPC": 1, "AWS::EC2::Subnet": 1,
    "AWS::EC2::InternetGateway": 1, "AWS::EC2::VPCGatewayAttachment": 1,
    "AWS::EC2::RouteTable": 1, "AWS::EC2::Route": 1, "AWS::EC2::SubnetRouteTableAssociation": 1,
    "AWS::EC2::NetworkInterface": 1, "AWS::EC2::EIP": 1, "AWS::EC2::SecurityGroup": 1,
    "AWS::EC2::SecurityGroupIngress": 1, "AWS::Route53::RecordSet": 2, "AWS::IAM::Role": 3,
    "AWS::IAM::InstanceProfile": 1, "AWS::SSM::Parameter": 1, "AWS::SSM::Document": 1, "AWS::SNS::Topic": 1,
    "AWS::Logs::LogGroup": 4,
}  # fmt: skip
NOT_ON_MOTO = {
    "AWS::CloudFormation::WaitConditionHandle": 1, "AWS::CloudFormation::WaitCondition": 1,
    "AWS::EC2::EIPAssociation": 1, "AWS::IAM::OIDCProvider": 1, "AWS::SSM::Association": 2,
    "AWS::CloudWatch::Alarm": 10, "AWS::Logs::MetricFilter": 5, "AWS::Budgets::Budget": 1,
    "AWS::DLM::LifecyclePolicy": 1,
}  # fmt: skip
KNOWN = {
    "AWS::StackName": "kaira", "AWS::Region": "eu-west-1", "AWS::Partition": "aws",
    "AWS::AccountId": "123456789012", "Machine": "i-0123456789abcdef0", "Email": NEEDED["Email"],
    "Topic": "arn:aws:sns:eu-west-1:123456789012:kaira", "MonthlyBudget": "25",
    "ErrorsIn5Minutes": 10, "SlowIn5Minutes": 20, "AgentSettings": "/kaira/agent", "Tunnel": "kaira-ssh",
    "SnapshotRole.Arn": "arn:aws:iam::123456789012:role/snapshots", "Repository": "You/kaira",
}  # fmt: skip


@pytest.fixture(scope="module")
def made(cloud: Cloud) -> Iterator[Cloud]:
    """The cloud with a stack in it that has everything."""
    zone = cloud.ask("route53", "create_hosted_zone", Name="shop.example", CallerReference="1")
    values = {
        **NEEDED, "Image": "ghcr.io/you/kaira", "Domain": "shop.example", "SshFrom": "203.0.113.7/32",
        "HostedZone": zone["HostedZone"]["Id"].rsplit("/", 1)[-1],
        "CloudInit": (ROOT / "infra/aws/cloud-init.yaml").read_text(),
    }  # fmt: skip
    cloud.ask(
        "cloudformation", "create_stack", StackName="kaira", TemplateBody=FILE.read_text(),
        Capabilities=["CAPABILITY_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": each} for name, each in values.items()],
    )  # fmt: skip
    yield cloud


# The linters


def test_cfn_lint_has_nothing_to_say() -> None:
    lint = Path(sys.executable).with_name("cfn-lint")
    require(lint.exists(), "needs cfn-lint, which needs a Python below 3.15")
    done = subprocess.run([lint, FILE], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and not done.stdout, done.stdout


def test_each_exception_from_checkov_says_why() -> None:
    for name, each in resources().items():
        for skip in each.get("Metadata", {}).get("checkov", {}).get("skip", ()):
            assert re.fullmatch(r"CKV2?_AWS_\d+", skip["id"]) and len(skip["comment"]) > 20, name


# What is made


def test_every_resource_is_made_or_known_not_to_be(made: Cloud) -> None:
    assert Counter(each["Type"] for each in resources().values()) == {**MADE, **NOT_ON_MOTO}
    (stack,) = made.ask("cloudformation", "describe_stacks")["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert {each["OutputKey"] for each in stack["Outputs"]} == set(template()["Outputs"])
    there = made.ask("cloudformation", "describe_stack_resources", StackName="kaira")
    # Of what it cannot make moto tells neither name nor type.
    counted = Counter(each.get("ResourceType") for each in there["StackResources"])
    assert counted == {**MADE, None: sum(NOT_ON_MOTO.values())}
    # moto warns of what it does not know, a misspelled type say, and calls the stack complete.
    log = made.log.read_text()
    warned = set(re.findall(r"(?:parse|support for) (AWS::\w+::\w+)", log))
    assert warned == set(NOT_ON_MOTO)
    others = [
        line for line in log.splitlines() if "Warning" in line and "Tried to parse" not in line
    ]
    assert not others


def test_the_parts_are_there_and_belong_together(made: Cloud) -> None:
    ask = made.ask
    (interface,) = _found(
        ask("ec2", "describe_network_interfaces"), "NetworkInterfaces", "reached by"
    )
    (group,) = _found(ask("ec2", "describe_security_groups"), "SecurityGroups", "Visitors come in")
    assert interface["VpcId"] == group["VpcId"]
    # moto gives the interface no group, and the group no way out but every one.
    assert resources()["Interface"]["Properties"]["GroupSet"] == [
        {"Fn::GetAtt": ["Doors", "GroupId"]}
    ]
    tables = str(ask("ec2", "describe_route_tables")["RouteTables"])
    assert re.search(r"'DestinationCidrBlock': '0\.0\.0\.0/0', 'GatewayId': 'igw-", tables)
    assert len(ask("ec2", "describe_addresses")["Addresses"]) == 1
    zone = ask("route53", "list_hosted_zones")["HostedZones"][0]["Id"]
    records = ask("route53", "list_resource_record_sets", HostedZoneId=zone)["ResourceRecordSets"]
    assert {each["Name"] for each in records if each["Type"] == "A"} == {
        "shop.example.", "www.shop.example.",
    }  # fmt: skip
    (subscription,) = ask("sns", "list_subscriptions")["Subscriptions"]
    assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", NEEDED["Email"])


def test_visitors_come_in_and_ssh_from_one_place(made: Cloud) -> None:
    (group,) = _found(
        made.ask("ec2", "describe_security_groups"), "SecurityGroups", "Visitors come in"
    )
    opened = {
        (each["IpProtocol"], each["FromPort"], each["ToPort"], each["IpRanges"][0]["CidrIp"])
        for each in group["IpPermissions"]
    }
    assert opened == {
        ("tcp", 80, 80, "0.0.0.0/0"), ("tcp", 443, 443, "0.0.0.0/0"),
        ("udp", 443, 443, "0.0.0.0/0"), ("tcp", 22, 22, "203.0.113.7/32"),
    }  # fmt: skip
    out = resources()["Doors"]["Properties"]["SecurityGroupEgress"]
    assert {(each["IpProtocol"], each["FromPort"], each["ToPort"]) for each in out} == {
        ("tcp", 80, 80), ("tcp", 443, 443), ("tcp", 587, 587), ("udp", 123, 123),
    }  # fmt: skip


def test_the_machine_is_closed_and_its_disk_encrypted() -> None:
    machine = resources()["Machine"]["Properties"]
    assert machine["MetadataOptions"] == {
        "HttpTokens": "required", "HttpPutResponseHopLimit": 1, "HttpEndpoint": "enabled",
    }  # fmt: skip
    (disk,) = machine["BlockDeviceMappings"]
    assert disk["Ebs"]["Encrypted"] is True and disk["Ebs"]["VolumeType"] == "gp3"
    assert machine["InstanceInitiatedShutdownBehavior"] == "stop"
    defaults = {name: each.get("Default") for name, each in template()["Parameters"].items()}
    assert (defaults["InstanceType"], defaults["DiskGB"]) == ("t3.micro", 30)
    assert not defaults["SshFrom"] and "/canonical/ubuntu/" in defaults["Ubuntu"]


# Who may do what


def test_no_policy_has_an_open_action_or_resource_but_where_aws_takes_no_other() -> None:
    open_resources = set()
    for role, statement in _statements():
        for action in _list(statement["Action"]):
            assert "*" not in action, (role, action)
            if "*" in _list(statement.get("Resource", ())):
                open_resources.add((role, action))
    assert open_resources == {("MachineRole", "cloudwatch:PutMetricData")}
    (put,) = [each for _, each in _statements() if "cloudwatch:PutMetricData" in each["Action"]]
    assert plain(put["Condition"], KNOWN) == {"StringEquals": {"cloudwatch:namespace": "kaira"}}


def test_the_machine_reads_one_parameter_of_the_account(made: Cloud) -> None:
    (deny,) = [each for _, each in _statements() if each["Effect"] == "Deny"]
    assert plain(deny["NotResource"], KNOWN).endswith(":parameter/kaira/agent")
    assert made.ask("ssm", "get_parameter", Name="/kaira/agent")["Parameter"]["Type"] == "String"


def test_a_deployment_opens_a_tunnel_and_no_shell() -> None:
    start, channel = [each for role, each in _statements() if role == "DeployRole"]
    assert start["Action"] == "ssm:StartSession"
    assert [plain(each, KNOWN) for each in start["Resource"]] == [
        "arn:aws:ec2:eu-west-1:123456789012:instance/i-0123456789abcdef0",
        "arn:aws:ssm:eu-west-1:123456789012:document/kaira-ssh",
    ]
    assert start["Condition"] == {"BoolIfExists": {"ssm:SessionDocumentAccessCheck": "true"}}
    assert channel["Action"] == "ssmmessages:OpenDataChannel"
    tunnel = resources()["Tunnel"]["Properties"]
    assert tunnel["DocumentType"] == "Session" and tunnel["Content"]["sessionType"] == "Port"
    assert tunnel["Content"]["properties"]["portNumber"] == "22"
    named = set(tunnel["Content"]["parameters"])
    assert named == {"localPortNumber"}, "nobody names another port of the machine"


@pytest.mark.parametrize(
    ("subject", "trusted"),
    [
        ("repo:You/kaira:environment:production", True),
        ("repo:You/kaira:environment:staging", True),
        ("repo:You@12/kaira@345:environment:production", True),
        ("repo:You@12/kaira@345:environment:staging", True),
        ("repo:You/kaira:ref:refs/heads/main", False),
        ("repo:You/kaira:pull_request", False),
        ("repo:You/kaira:environment:preview", False),
        ("repo:You/kaira-2:environment:production", False),
        ("repo:You@12/kaira-2@345:environment:production", False),
        ("repo:You@12/other@345:environment:production", False),
        ("repo:Youth/kaira:environment:production", False),
        ("repo:Youth@12/kaira@345:environment:production", False),
        ("repo:You@12/kaira@345:ref:refs/heads/main", False),
    ],
)
def test_two_environments_of_one_repository_are_trusted(subject: str, trusted: bool) -> None:
    role = resources()["DeployRole"]["Properties"]["AssumeRolePolicyDocument"]
    (statement,) = role["Statement"]
    condition = statement["Condition"]
    prefix = "token.actions.githubusercontent.com"
    assert condition["StringEquals"] == {f"{prefix}:aud": "sts.amazonaws.com"}
    patterns = plain(condition["StringLike"][f"{prefix}:sub"], KNOWN)
    assert any(fnmatch.fnmatchcase(subject, each) for each in patterns) is trusted


# What moto's stacks have none of


def test_alarms_are_taken_by_cloudwatch_and_as_many_as_are_reckoned(cloud: Cloud) -> None:
    alarms = _of("AWS::CloudWatch::Alarm")
    assert len(alarms) == prices.ALARMS
    for each in alarms:
        assert KNOWN["Topic"] in each["AlarmActions"]
        cloud.ask("cloudwatch", "put_metric_alarm", **each)
    found = {
        each["MetricName"]: each
        for each in cloud.ask("cloudwatch", "describe_alarms")["MetricAlarms"]
    }
    assert len(found) == prices.ALARMS
    cpu = found["CPUUtilization"]
    assert (cpu["Threshold"], cpu["ComparisonOperator"]) == (80, "GreaterThanThreshold")
    assert (
        found["StatusCheckFailed_System"]["AlarmActions"][0]
        == "arn:aws:automate:eu-west-1:ec2:recover"
    )
    assert (
        found["StatusCheckFailed_Instance"]["AlarmActions"][0]
        == "arn:aws:automate:eu-west-1:ec2:reboot"
    )


def test_the_agent_tells_what_the_alarms_ask_for(made: Cloud) -> None:
    text = made.ask("ssm", "get_parameter", Name="/kaira/agent")["Parameter"]["Value"]
    metrics = json.loads(text)["metrics"]
    assert metrics["namespace"] == "kaira"
    assert metrics["append_dimensions"] == {"InstanceId": "${aws:InstanceId}"}
    told = {
        measurement if measurement.startswith(kind) else f"{kind}_{measurement}"
        for kind, each in metrics["metrics_collected"].items()
        for measurement in each["measurement"]
    }
    asked = {
        each["MetricName"] for each in _of("AWS::CloudWatch::Alarm") if each["MetricName"].islower()
    }
    assert told == asked == {"mem_used_percent", "disk_used_percent"}
    assert len(told) == prices.METRICS
    disk = metrics["metrics_collected"]["disk"]
    assert disk["resources"] == ["/"] and disk["drop_device"] is True


def test_budget_and_provider_are_taken(cloud: Cloud) -> None:
    (budget,) = _of("AWS::Budgets::Budget")
    cloud.ask("budgets", "create_budget", AccountId="123456789012", **budget)
    (found,) = cloud.ask("budgets", "describe_budgets", AccountId="123456789012")["Budgets"]
    assert found["BudgetLimit"] == {"Amount": "25", "Unit": "USD"}
    (provider,) = _of("AWS::IAM::OIDCProvider")
    cloud.ask("iam", "create_open_id_connect_provider", Url=provider["Url"],
              ClientIDList=provider["ClientIdList"])  # fmt: skip


def test_the_provider_outlives_its_stack() -> None:
    provider = resources()["GitHub"]
    assert provider["DeletionPolicy"] == provider["UpdateReplacePolicy"] == "Retain"


def test_what_alarms_and_pages_tell_to_type_works_on_the_machine() -> None:
    compose = "".join(each.read_text() for each in ROOT.glob("docker-compose.*.yml"))
    services = YAML().load(ROOT / "docker-compose.blue-green.yml")["services"]
    told = [each["AlarmDescription"] for each in _of("AWS::CloudWatch::Alarm")]
    for text in told:
        for name in re.findall(r"kaira-[a-z0-9-]+", text):
            short = name.removeprefix("kaira-")
            named = f"container_name: ${{COMPOSE_PROJECT_NAME}}-{short}" in compose
            assert named or short.removesuffix("-1") in services, name
        for file in re.findall(r"[\w./-]+\.(?:sh|md)\b", text):
            assert (ROOT / file).exists(), file
        assert "kaira logs" not in text, "there is none outside the image"
    assert sum("sudo docker logs " in each for each in told) == 4
    pages = [(ROOT / f"docs/{each}").read_text() for each in ("aws.md", "aws.ko.md")]
    for text in (*told, *pages):
        for docker in re.findall(r".{5}\bdocker (?:logs|stats|system|image|compose)", text):
            assert docker.startswith("sudo "), docker


def test_snapshots_and_associations_are_as_aws_describes_the_calls() -> None:
    (policy,) = _of("AWS::DLM::LifecyclePolicy")
    _hold("dlm", "CreateLifecyclePolicy", policy)
    (schedule,) = policy["PolicyDetails"]["Schedules"]
    assert (schedule["CreateRule"]["Interval"], schedule["RetainRule"]["Count"]) == (24, 7)
    (target,) = policy["PolicyDetails"]["TargetTags"]
    assert target in plain(resources()["Machine"]["Properties"]["Tags"], KNOWN)
    for each in _of("AWS::SSM::Association"):
        del each["WaitForSuccessTimeoutSeconds"]  # CloudFormation's own
        _hold("ssm", "CreateAssociation", each)


def test_the_agent_waits_for_the_machine_and_the_machine_for_its_address() -> None:
    after = {name: each.get("DependsOn") for name, each in resources().items()}
    assert after["AgentSet"] == "AgentInstalled" and after["AgentInstalled"] == "MachineReady"
    assert after["MachineReady"] == "Machine" and "AddressOfMachine" in after["Machine"]


# Private


def _found(answer: dict[str, Any], kind: str, description: str) -> list[dict[str, Any]]:
    return [each for each in answer[kind] if description in each["Description"]]


def _of(kind: str) -> list[dict[str, Any]]:
    """The properties of the resources of a kind, as CloudFormation would hand them on."""
    return [
        plain(each["Properties"], KNOWN) for each in resources().values() if each["Type"] == kind
    ]


def _statements() -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, statement)
        for name, each in resources().items()
        if each["Type"] == "AWS::IAM::Role"
        for policy in each["Properties"].get("Policies", ())
        for statement in policy["PolicyDocument"]["Statement"]
    ]


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _hold(service: str, call: str, arguments: dict[str, Any]) -> None:
    """Against the description that AWS gives boto3 of the call."""
    client = boto3.client(service, region_name="eu-west-1")
    shape = client.meta.service_model.operation_model(call).input_shape
    report = ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), report.generate_report()
