"""A cloud to make stacks in, and the command as an operator types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.conftest import need_engine
from tests.edge.stack import ROOT, free_port
from tests.logs.cloud import KEYS, Cloud

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ8sTk1h9mWqk0d5o9o8bG0Lr3m2b1J6l2r9Q3cN4pXy deploy"
HOST_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHostKeyHostKeyHostKeyHostKeyHostKeyHostKey0"
NEEDED = {"Email": "owner@shop.example", "Repository": "You/kaira", "DeployKey": KEY}
CLOUD_INIT_IMAGE = "kaira-lab/cloud-init:latest"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those that are marked need an engine."""
    mine = [item for item in items if "aws" in item.path.parts and "docker" in item.keywords]
    need_engine(mine, CLOUD_INIT_IMAGE)


@dataclass
class Done:
    """How a command ended."""

    code: int
    out: str
    error: str


Command = Callable[..., Done]


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """An empty cloud that writes down what it is asked."""
    pytest.importorskip("moto", reason="moto needs a Python below 3.15")
    folder = tmp_path_factory.mktemp("cloud")
    cloud = Cloud(folder / "log", free_port(), server="tests.aws.server")
    try:
        address = f"{cloud.url}/moto-api/recorder/start-recording"
        urllib.request.urlopen(urllib.request.Request(address, method="POST")).close()
        yield cloud
    finally:
        cloud.end()


@pytest.fixture(scope="module")
def command(cloud: Cloud) -> Command:
    """`python -m infra.aws …` against that cloud."""

    def run(*words: str, said: str = "", **variables: str) -> Done:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        done = subprocess.run(
            [sys.executable, "-m", "infra.aws", *words], input=said,
            cwd=ROOT, env={**clean, **KEYS, "AWS_ENDPOINT_URL": cloud.url, **variables},
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return Done(done.returncode, done.stdout, done.stderr)

    return run


def words(values: dict[str, str]) -> list[str]:
    """Values as one types them."""
    return [f"{name}={value}" for name, value in values.items()]


def calls(cloud: Cloud) -> set[str]:
    """The names of all that the cloud was asked since this was last called."""
    file = cloud.log.with_name("calls")
    lines = file.read_text().splitlines() if file.exists() else []
    file.unlink(missing_ok=True)
    return {name for name in map(_name, map(json.loads, lines)) if name}


def resources() -> dict[str, Any]:
    """The template's resources, its short forms written out."""
    return template()["Resources"]


def template() -> dict[str, Any]:
    """The whole of it."""
    yaml = pytest.importorskip("cfnlint.decode.cfn_yaml")
    found: dict[str, Any] = yaml.loads((ROOT / "infra/aws/kaira.yaml").read_text())
    return found


def plain(value: Any, known: dict[str, Any]) -> Any:
    """A value as CloudFormation would hand it on; `known` has what Ref and GetAtt lead to."""
    if isinstance(value, list):
        return [plain(each, known) for each in value]
    if not isinstance(value, dict):
        return value
    if "Ref" in value:
        return known[value["Ref"]]
    if "Fn::GetAtt" in value:
        return known[".".join(value["Fn::GetAtt"])]
    if "Fn::Sub" in value:
        text = value["Fn::Sub"]
        text, more = text if isinstance(text, list) else (text, {})
        for name, each in {**known, **plain(more, known)}.items():
            text = text.replace(f"${{{name}}}", str(each))
        return text.replace("${!", "${")
    if "Fn::Select" in value:
        index, (_, found) = value["Fn::Select"][0], value["Fn::Select"][1]["Fn::Split"]
        return plain(found, known).split("/")[index]
    return {name: plain(each, known) for name, each in value.items()}


# Private


def _name(call: dict[str, Any]) -> str | None:
    headers = {name.lower(): value for name, value in call["headers"].items()}
    if target := headers.get("x-amz-target"):
        return str(target).split(".")[-1]
    return parse_qs(call.get("body") or "").get("Action", [None])[0]
