"""What is missing or malformed is refused in one line, before anything is changed."""

from __future__ import annotations

import pytest

from infra.aws.__main__ import main
from infra.aws.template import OWN, BadParameter, completed, given, parameters
from tests.aws.conftest import KEY, NEEDED, calls, words
from tests.logs.cloud import KEYS, Cloud

BAD = {
    "Email": "owner", "Repository": "kaira", "DeployKey": "-----BEGIN OPENSSH PRIVATE KEY-----",
    "Image": "ghcr.io/You/kaira:latest", "Ref": "main; reboot", "Token": "secret'secret",
    "Domain": "https://shop.example", "AcmeEmail": "x'; reboot #@a.b", "HostedZone": "shop.example",
    "InstanceType": "p5.48xlarge", "DiskGB": "8", "Ubuntu": "24.04", "SshFrom": "203.0.113.0/24",
    "GitHubProvider": "yes", "MonthlyBudget": "25.50", "Logs": "true", "VisitorDays": "2",
    "Days": "forever", "ErrorsIn5Minutes": "0", "SlowIn5Minutes": "-1",
}  # fmt: skip
GOOD = {
    "Email": ["a@b.example"], "Repository": ["you/kaira", "A-1/x.y_z"],
    "DeployKey": [KEY, KEY.removesuffix(" deploy"), f"ssh-rsa AAAA{'B' * 500} me@home"],
    "Image": ["ghcr.io/you/kaira", "registry.example:5000/kaira"], "Ref": ["v1.2.3", "0f3a" * 10],
    "Token": ["", "github_pat_11AA_bb"], "Domain": ["", "shop.example", "a-b.c.example"],
    "AcmeEmail": ["", "a@b.example"], "HostedZone": ["", "Z0123456789ABCDEFGHIJ"],
    "InstanceType": ["t3.micro", "t3.medium"], "DiskGB": ["16", "200"],
    "Ubuntu": ["/aws/service/canonical/ubuntu/server/26.04/stable/current/amd64/hvm/ebs-gp3/ami-id"],
    "SshFrom": ["", "203.0.113.7/32"], "GitHubProvider": ["make", "exists"],
    "MonthlyBudget": ["1"], "Logs": ["cloudwatch"], "VisitorDays": ["90"], "Days": ["365"],
    "ErrorsIn5Minutes": ["1"], "SlowIn5Minutes": ["1000"],
}  # fmt: skip
ASKED = {"GetCallerIdentity", "DescribeStacks"}  # and nothing is changed by these


@pytest.fixture
def refused(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> object:
    """Types `create`, which must refuse it; returns the one line."""
    for name, value in {**KEYS, "AWS_ENDPOINT_URL": cloud.url}.items():
        monkeypatch.setenv(name, value)
    calls(cloud)

    def create(*arguments: str) -> str:
        code = main(["create", "--yes", *arguments])
        error = capsys.readouterr().err
        assert code == 2 and error.count("\n") == 1, error
        assert calls(cloud) <= ASKED
        return error

    return create


@pytest.mark.parametrize("name", BAD)
def test_a_malformed_one_is_named(name: str, refused) -> None:
    error = refused(*words({**NEEDED, name: BAD[name]}))
    assert error.startswith(f"infra.aws: {name}:") and parameters()[name].takes in error
    assert (BAD[name] in error) is (name != "Token")


@pytest.mark.parametrize(
    "value",
    [
        "0.0.0.0/0",
        "10.0.0.0/8",
        "203.0.113.6/31",
        "203.0.113.7",
        "203.0.113.256/32",
        "::1/128",
    ],
)
def test_ssh_is_open_to_one_address_or_to_none(value: str) -> None:
    with pytest.raises(BadParameter, match=r"^SshFrom: .* takes one address"):
        given([f"SshFrom={value}"])


@pytest.mark.parametrize("name", NEEDED)
def test_a_missing_one_is_named(name: str, refused) -> None:
    left = {each: value for each, value in NEEDED.items() if each != name}
    assert refused(*words(left)).startswith(f"infra.aws: {name} is missing: it takes")
    assert refused(*words({**NEEDED, name: ""})).startswith(f"infra.aws: {name}:")


@pytest.mark.parametrize("name", GOOD)
def test_good_ones_are_taken(name: str) -> None:
    for value in GOOD[name]:
        assert given([f"{name}={value}"]) == {name: value}


def test_the_tables_have_every_parameter() -> None:
    assert set(BAD) == set(GOOD) == set(parameters()) - set(OWN)
    for each in parameters().values():
        assert each.pattern or each.allowed or each.least is not None, each.name
        assert each.takes.startswith("takes "), each.name


def test_what_is_no_parameter_is_refused(refused) -> None:
    assert "Emial: there is no such parameter; there are Email" in refused("Emial=a@b.example")
    assert "CloudInit: there is no such" in refused("CloudInit=#cloud-config")
    assert "Email: give it a value as Email=…" in refused("Email")
    zone = refused(*words({**NEEDED, "HostedZone": "Z0123456789ABCDEFGHIJ"}))
    assert "Domain is missing, which HostedZone needs" in zone


def test_where_and_who_are_checked(refused, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = words(NEEDED)
    assert "--region: got 'seoul'" in refused("--region", "seoul", *needed)
    assert "--stack: got 'My Shop'" in refused("--stack", "My Shop", *needed)
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    assert "the region is missing" in refused(*needed)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "AWS cannot be asked: Unable to locate credentials" in refused(
        "--region", "eu-west-1", *needed
    )


def test_the_image_follows_from_the_repository() -> None:
    assert completed(dict(NEEDED), {})["Image"] == "ghcr.io/you/kaira"
    assert completed({**NEEDED, "Image": "r.example/x"}, {})["Image"] == "r.example/x"
