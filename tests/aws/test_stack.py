"""The stack's life by the very command: made, changed, taken down."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from infra.aws.__main__ import main
from infra.aws.machine import zone
from infra.aws.stack import Change, _change, loses
from tests.aws.conftest import HOST_KEY, KEY, NEEDED, Command, calls, words
from tests.edge.stack import ROOT
from tests.logs.cloud import KEYS, Cloud

CHANGES = {"CreateChangeSet", "ExecuteChangeSet", "DeleteStack", "DeleteChangeSet"}


def test_it_is_made_changed_and_taken_down(cloud: Cloud, command: Command) -> None:
    # Not without a yes
    done = command("create", *words(NEEDED), said="n\n")
    assert (done.code, done.error) == (2, "infra.aws: nothing was changed\n")
    assert not _stacks(cloud) and not _machines(cloud)

    # Made
    done = command("create", *words(NEEDED), said="y\n")
    assert done.code == 0, done.error
    assert "Account 123456789012, eu-west-1, stack kaira" in done.out
    assert "  + Machine (EC2::Instance)" in done.out and "CREATE_COMPLETE" in done.out
    (stack,) = _stacks(cloud)
    (machine,) = _machines(cloud)
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    assert outputs["Machine"] == machine["InstanceId"]
    tunnel = (
        f"get in    aws ssm start-session --region eu-west-1 --target {machine['InstanceId']}\n",
        "variable DEPLOY_HOST          127.0.0.1\n",
        "variable DEPLOY_PORT          2222\n",
        f"variable SITE_URL             http://{outputs['Address']}\n",
        f"variable AWS_ROLE             {outputs['DeployRole']}\n",
        f"variable AWS_MACHINE          {machine['InstanceId']}\n",
        "variable AWS_TUNNEL           kaira-ssh",
        f"secret   DEPLOY_KNOWN_HOSTS   [127.0.0.1]:2222 {HOST_KEY}\n",
    )
    for told in tunnel:
        assert told in done.out
    assert "own computer" not in done.out
    assert _open(cloud) == {("tcp", 80), ("tcp", 443), ("udp", 443)}

    # Nothing to change
    calls(cloud)
    done = command("create", "--yes")
    assert done.code == 0 and "there is nothing to change" in done.out, done.error
    assert "ExecuteChangeSet" not in calls(cloud)

    # Changed: the machine stays, and is made of the image that it is made of
    done = command("create", "--yes", "SshFrom=203.0.113.7/32", "MonthlyBudget=40")
    assert done.code == 0 and "UPDATE_COMPLETE" in done.out, done.error
    for told in tunnel:
        assert told in done.out, "GitHub's machines do not come from SshFrom"
    address = outputs["Address"]
    own = f"DEPLOY_HOST={address} DEPLOY_KNOWN_HOSTS='{address} {HOST_KEY}'\n"
    assert done.out.endswith(f"To deploy from your own computer: {own}")
    assert ("tcp", 22) in _open(cloud)
    assert [each["InstanceId"] for each in _machines(cloud)] == [machine["InstanceId"]]
    assert _parameters(cloud)["ImageId"] == machine["ImageId"] and machine["ImageId"]
    assert _parameters(cloud)["Zone"] == "eu-west-1a"
    assert _parameters(cloud)["Email"] == NEEDED["Email"]

    # What the first start has read
    calls(cloud)
    for bad in (
        "Logs=cloudwatch",
        "DiskGB=60",
        "Ubuntu=/aws/service/x",
        f"DeployKey={KEY}x",
        "Image=ghcr.io/you/other",
    ):
        done = command("create", "--yes", bad)
        assert (
            done.code == 2 and f"{bad.split('=')[0]} counts when the machine is made" in done.error
        )
    assert not calls(cloud) & CHANGES

    # Taken down
    for said in ("", "yes\n", "kair\n"):
        done = command("delete", said=said)
        assert done.code == 2 and "nothing was changed" in done.error
    assert command("delete", "--yes", "other").code == 2
    assert not calls(cloud) & CHANGES and len(_machines(cloud)) == 1
    done = command("delete", said="kaira\n")
    assert done.code == 0 and "DELETE_COMPLETE" in done.out and "kaira is gone." in done.out
    for loss in ("disk", "certificates", "journal of deployments", "address", "snapshots"):
        assert loss in done.out
    assert not _stacks(cloud) and not _machines(cloud)
    done = command("delete", "--yes", "kaira")
    assert done.code == 2 and "there is no stack kaira in eu-west-1" in done.error


def test_the_zone_is_one_of_the_regions_own() -> None:
    class Region:
        region_name = "us-west-2"

        def client(self, _: str) -> Region:
            return self

        def describe_instance_type_offerings(self, **_: object) -> dict[str, Any]:
            return {"InstanceTypeOfferings": [{"Location": each} for each in zones]}

    zones = ["us-west-2-lax-1a", "us-west-2c", "us-west-2b", "us-west-2-wl1-las-wlz-1"]
    assert zone(Region(), "t3.micro") == "us-west-2b"
    zones = zones[:1]
    assert zone(Region(), "t3.micro") == ""


def test_what_the_region_has_not_is_refused(cloud: Cloud, command: Command) -> None:
    done = command("create", "--yes", *words({**NEEDED, "Ubuntu": "/aws/service/nothing"}))
    assert (done.code, done.error) == (
        2, "infra.aws: Ubuntu: there is no /aws/service/nothing in eu-west-1\n",
    )  # fmt: skip
    assert not _stacks(cloud)


def test_snapshots_stay_unless_they_shall_go(cloud: Cloud, command: Command) -> None:
    for options, left in (((), 2), (("--snapshots",), 0)):
        name = f"shop{left}"
        assert command("create", "--yes", "--stack", name, *words(NEEDED)).code == 0
        volume = cloud.ask("ec2", "create_volume", AvailabilityZone="eu-west-1a", Size=1)
        for owner in (name, name, "another"):
            tags = [{"Key": "Snapshots", "Value": owner}]
            cloud.ask("ec2", "create_snapshot", VolumeId=volume["VolumeId"],
                      TagSpecifications=[{"ResourceType": "snapshot", "Tags": tags}])  # fmt: skip
        done = command("delete", "--stack", name, "--yes", name, *options)
        assert done.code == 0 and "2 snapshots of its disk" in done.out, done.error
        assert len(_snapshots(cloud, name)) == left
        assert len(_snapshots(cloud, "another")) >= 1


def test_a_change_that_would_lose_the_disk_is_seen() -> None:
    harmless = [
        Change("Modify", "Machine", "AWS::EC2::Instance", "Conditional"),
        Change("Modify", "Doors", "AWS::EC2::SecurityGroup", "True"),
        Change("Add", "Address", "AWS::EC2::EIP", ""),
    ]
    assert loses(harmless) is None
    assert "restarted" in str(harmless[0]) and "made anew" in str(harmless[1])
    for lost in (
        Change("Modify", "Machine", "AWS::EC2::Instance", "True"),
        Change("Remove", "Address", "AWS::EC2::EIP", ""),
    ):
        assert loses([*harmless, lost]) == lost


@pytest.mark.parametrize(
    ("names", "lost"),
    [
        (["InstanceType"], False),
        (["UserData", "InstanceType"], False),
        (["BlockDeviceMappings"], True),
        (["UserData", "BlockDeviceMappings"], True),
    ],
)
def test_of_what_aws_calls_conditional_only_a_restart_is_let_pass(
    names: list[str], lost: bool
) -> None:
    targets = [{"Attribute": "Properties", "Name": each, "RequiresRecreation": "Conditionally"}
               for each in names]  # fmt: skip
    targets += [
        {"Attribute": "Properties", "Name": "CreditSpecification", "RequiresRecreation": "Never"},
        {"Attribute": "Tags", "RequiresRecreation": "Never"},
    ]
    change = _change({
        "Action": "Modify", "LogicalResourceId": "Machine", "ResourceType": "AWS::EC2::Instance",
        "Replacement": "Conditional", "Details": [{"Target": each} for each in targets],
    })  # fmt: skip
    assert (loses([change]) == change) is lost


def test_ctrl_c_at_the_question_leaves_nothing_behind(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": cloud.url}.items():
        monkeypatch.setenv(name, value)

    def interrupt(question: str) -> str:
        (shell,) = _stacks(cloud)
        assert question.startswith("Go on?") and shell["StackStatus"] == "REVIEW_IN_PROGRESS"
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupt)
    assert main(["create", *words(NEEDED)]) == 2
    assert capsys.readouterr().err == "infra.aws: nothing was changed\n"
    assert not _stacks(cloud)


def test_what_was_left_behind_is_not_in_the_way(cloud: Cloud, command: Command) -> None:
    cloud.ask("cloudformation", "create_change_set", StackName="kaira", ChangeSetName="kaira",
              ChangeSetType="CREATE", TemplateBody='{"Resources": {}}')  # fmt: skip
    assert [each["StackStatus"] for each in _stacks(cloud)] == ["REVIEW_IN_PROGRESS"]
    try:
        done = command("create", "--yes", *words(NEEDED))
        assert done.code == 0, done.error
        assert [each["StackStatus"] for each in _stacks(cloud)] == ["CREATE_COMPLETE"]
    finally:
        command("delete", "--yes", "kaira")


def test_a_second_stack_uses_the_provider_that_is_there(cloud: Cloud, command: Command) -> None:
    assert command("create", "--yes", *words(NEEDED)).code == 0
    assert _parameters(cloud)["GitHubProvider"] == "make"
    url = "https://token.actions.githubusercontent.com"
    made = cloud.ask("iam", "create_open_id_connect_provider", Url=url,
                     ClientIDList=["sts.amazonaws.com"])  # fmt: skip
    try:
        # The first one keeps its own, or the next change would remove it.
        assert command("create", "--yes", "MonthlyBudget=40").code == 0
        assert _parameters(cloud)["GitHubProvider"] == "make"
        done = command("delete", "--yes", "kaira")
        assert done.code == 0 and "the account trusts GitHub stays" in done.out
        assert command("create", "--yes", *words(NEEDED)).code == 0
        assert _parameters(cloud)["GitHubProvider"] == "exists"
    finally:
        command("delete", "--yes", "kaira")
        cloud.ask("iam", "delete_open_id_connect_provider",
                  OpenIDConnectProviderArn=made["OpenIDConnectProviderArn"])  # fmt: skip


@pytest.mark.parametrize("token", ["", "github_pat_1A"])
def test_user_data_is_the_file_and_its_values(cloud: Cloud, command: Command, token: str) -> None:
    values = {**NEEDED, "Domain": "shop.example", "Logs": "cloudwatch", "Token": token}
    assert command("create", "--yes", *words(values)).code == 0
    try:
        (machine,) = _machines(cloud)
        told = cloud.ask("ec2", "describe_instance_attribute", Attribute="userData",
                         InstanceId=machine["InstanceId"])["UserData"]["Value"]  # fmt: skip
    finally:
        command("delete", "--yes", "kaira")
    text = base64.b64decode(told).decode()
    file = (ROOT / "infra/aws/cloud-init.yaml").read_text()
    assert text.startswith(file)
    lines = [line for line in text.removeprefix(file).splitlines() if line]
    assert all(line.startswith(" " * 6) for line in lines), "they go on with the file's last block"
    appended = dict(re.findall(r"^ {6}(\w+)='(.*)'$", "\n".join(lines), re.MULTILINE))
    ready = appended.pop("READY")
    assert ready == "${Ready}"  # moto has no handles; AWS puts its address there
    assert appended == {
        "REPOSITORY": "https://github.com/You/kaira.git", "REF": "main", "TOKEN": token, "DEPLOY_KEY": KEY,
        "IMAGE_REPOSITORY": "ghcr.io/you/kaira", "DOMAIN": "shop.example", "ACME_EMAIL": "",
        "LOGS": "cloudwatch", "LOGS_GROUP": "kaira",
    }  # fmt: skip
    assert set(re.findall(r"^ {6}([A-Z_]+)='", file, re.MULTILINE)) == {*appended, "READY"}


# Private


def _stacks(cloud: Cloud) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = cloud.ask("cloudformation", "describe_stacks")["Stacks"]
    return found


def _parameters(cloud: Cloud) -> dict[str, str]:
    (stack,) = _stacks(cloud)
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def _machines(cloud: Cloud) -> list[dict[str, Any]]:
    answer = cloud.ask("ec2", "describe_instances", Filters=[
        {"Name": "instance-state-name", "Values": ["running"]},
    ])  # fmt: skip
    return [machine for each in answer["Reservations"] for machine in each["Instances"]]


def _open(cloud: Cloud) -> set[tuple[str, int]]:
    answer = cloud.ask("ec2", "describe_security_groups", Filters=[
        {"Name": "description", "Values": ["Visitors come in*"]},
    ])  # fmt: skip
    (group,) = answer["SecurityGroups"]
    return {(each["IpProtocol"], each["FromPort"]) for each in group["IpPermissions"]}


def _snapshots(cloud: Cloud, owner: str) -> list[Any]:
    answer = cloud.ask("ec2", "describe_snapshots", OwnerIds=["self"], Filters=[
        {"Name": "tag:Snapshots", "Values": [owner]},
    ])  # fmt: skip
    return list(answer["Snapshots"])
