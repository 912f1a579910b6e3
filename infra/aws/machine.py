"""What is asked of AWS besides the stack: a zone, GitHub's provider, the host's key, snapshots."""

from __future__ import annotations

import re
import time
from typing import Any

CONSOLE_SECONDS = 15  # until the console shows what the machine has just written


def zone(session: Any, kind: str) -> str:
    """The first zone of the region that has machines of this type; empty if there is none."""
    answer = session.client("ec2").describe_instance_type_offerings(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [kind]}]
    )
    found = (str(each["Location"]) for each in answer["InstanceTypeOfferings"])
    # Local Zones, us-west-2-lax-1a say, have neither all services nor the same prices.
    return min((each for each in found if each[:-1] == session.region_name), default="")


def image(session: Any, published: str) -> str:
    """The image that a public parameter leads to today; empty if there is no such parameter."""
    answer = session.client("ssm").get_parameters(Names=[published])
    return str(answer["Parameters"][0]["Value"]) if answer["Parameters"] else ""


def trusts_github(session: Any) -> bool:
    """Whether the account has GitHub's provider already: it can have one."""
    answer = session.client("iam").list_open_id_connect_providers()
    return any(
        each["Arn"].endswith("/token.actions.githubusercontent.com")
        for each in answer["OpenIDConnectProviderList"]
    )


def snapshots(session: Any, stack: str) -> list[str]:
    """The ids of the snapshots that were made of the stack's disk."""
    pages = (
        session.client("ec2")
        .get_paginator("describe_snapshots")
        .paginate(OwnerIds=["self"], Filters=[{"Name": "tag:Snapshots", "Values": [stack]}])
    )
    return [each["SnapshotId"] for page in pages for each in page["Snapshots"]]


def remove(session: Any, identities: list[str]) -> None:
    """Removes snapshots."""
    for each in identities:
        session.client("ec2").delete_snapshot(SnapshotId=each)


def next_steps(session: Any, outputs: dict[str, str], values: dict[str, str], *, new: bool) -> str:
    """What to do once the machine is there: how to get in, and what to tell GitHub."""
    address, identity, region = outputs["Address"], outputs["Machine"], session.region_name
    domain = values.get("Domain", "")
    key = _host_key(session, identity, CONSOLE_SECONDS if new else 0)
    if not key:
        key = "and what `cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub` prints in there"
    rows = [
        ("address", address),
        ("get in", f"aws ssm start-session --region {region} --target {identity}"),
        ("mail", f"confirm what AWS has sent to {values.get('Email', 'you')}"),
    ]
    if domain and not values.get("HostedZone"):
        rows.insert(1, ("your DNS", f"{domain} and www.{domain}: A {address}"))
    settings = [
        ("variable SITE_URL", f"https://{domain}" if domain else f"http://{address}"),
        ("secret   DEPLOY_KEY", "the private half of the key that you gave as DeployKey"),
        # By infra/aws/tunnel, SshFrom or not: GitHub's machines have no address to let in.
        ("variable DEPLOY_HOST", "127.0.0.1"),
        ("variable DEPLOY_PORT", "2222"),
        ("secret   DEPLOY_KNOWN_HOSTS", f"[127.0.0.1]:2222 {key}"),
        ("variable AWS_ROLE", outputs["DeployRole"]),
        ("variable AWS_REGION", region),
        ("variable AWS_MACHINE", identity),
        ("variable AWS_TUNNEL", outputs["Tunnel"]),
    ]
    own = f"DEPLOY_HOST={address} DEPLOY_KNOWN_HOSTS='{address} {key}'"
    return "\n".join(
        [
            "\nThe machine is ready; the site comes with the first deployment.",
            *(f"  {name:<10}{value}" for name, value in rows),
            "\nOn GitHub, Settings > Environments > production (docs/deploy.md):",
            *(f"  {name:<30}{value}" for name, value in settings),
            *([f"\nTo deploy from your own computer: {own}"] if values.get("SshFrom") else []),
        ]
    )


# Private


def _host_key(session: Any, identity: str, seconds: float) -> str | None:
    """The machine's own public key, as it wrote it on its console, which only AWS can show."""
    end = time.monotonic() + seconds
    while True:
        answer = session.client("ec2").get_console_output(InstanceId=identity, Latest=True)
        if found := re.search(
            r"kaira: SUCCESS .*(ssh-ed25519 AAAA[A-Za-z0-9+/=]+)", answer.get("Output", "")
        ):
            return found[1]
        if time.monotonic() > end:
            return None
        time.sleep(3)
