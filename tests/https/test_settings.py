"""Every variable of HTTPS: what is not good ends the start with one line, which names it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.edge.stack import ROOT, Stack, run
from tests.https.stack import IMAGE

GOOD = {"DOMAIN": "shop.example", "HTTPS_PORT": "443", "RATE_LIMIT": "100"}


def start(command: list[str], **env: str) -> subprocess.CompletedProcess[str]:
    """Run a start script of a container as it stands here."""
    env = {"PATH": os.environ["PATH"], **GOOD, **env}
    return subprocess.run(
        command, cwd=ROOT / "certbot", env=env, capture_output=True, text=True, check=False
    )


READ = [sys.executable, "-B", "-c", "import settings; print(settings.read())"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("DOMAIN", "https://shop.example"), ("DOMAIN", "a.example, b.example"), ("DOMAIN", "localhost"),
     ("DOMAIN", ""), ("ACME_EMAIL", "nobody"), ("ACME_EMAIL", "a@b.example c@d.example"),
     ("ACME_SERVER", "staging"), ("ACME_SERVER", "http://ca.example/dir"), ("ACME_PROFILE", "--help"),
     ("ACME_PROFILE", "a b"), ("HTTPS_PORT", "https"), ("HTTPS_PORT", "0")],
)  # fmt: skip
def test_certbot_refuses_a_bad_value_with_one_line(name: str, value: str) -> None:
    done = start(READ, **{name: value})
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith(f"kaira: {name}: got {value!r}, takes ")


@pytest.mark.parametrize("value", ["", "https", "0", "1.5", "1000000"])
def test_the_edge_refuses_a_bad_port_with_one_line(value: str) -> None:
    done = start(["sh", str(ROOT / "nginx/start/10-check.sh")], HTTPS_PORT=value)
    (line,) = done.stderr.splitlines()
    assert done.returncode == 1 and line.startswith(f"kaira: HTTPS_PORT: got '{value}', takes ")


def test_nothing_but_the_domain_is_needed_and_capitals_do_not_matter() -> None:
    done = start(READ, DOMAIN="Shop.Example")
    assert (
        "domain='shop.example', email='', server='https://acme-v02.api.letsencrypt.org/"
        in done.stdout
    )


def test_each_authority_and_profile_has_a_certificate_of_its_own() -> None:
    code = "import settings; print(settings.read().lineage)"
    command = [sys.executable, "-B", "-c", code]
    wishes = [
        {}, {"ACME_SERVER": "https://ca.example/dir"}, {"ACME_SERVER": "https://ca.example:14000/dir"},
        {"ACME_PROFILE": "shortlived"}, {"DOMAIN": "other.example"},
    ]  # fmt: skip
    names = [start(command, **wish).stdout.strip() for wish in wishes]
    assert len(set(names)) == len(wishes)
    assert names[0] == "shop.example--acme-v02.api.letsencrypt.org"


def test_the_example_file_has_every_variable_of_https() -> None:
    text = (ROOT / ".env.example").read_text()
    for name in ("DOMAIN", "HTTPS_PORT", "ACME_EMAIL", "ACME_SERVER", "ACME_PROFILE"):
        assert f"\n#{name}=" in text, name


# Without a domain


@pytest.mark.docker
def test_without_a_domain_there_is_plain_http_and_nothing_else(https_image: str) -> None:
    stack = Stack("kaira-https-plain", KAIRA_IMAGE=IMAGE, HTTPS_PORT="443")
    stack.down()
    try:
        stack.up()
        assert stack.compose("ps", "--services").split() == ["app", "nginx"]
        with stack.client() as client:
            answer = client.get("/")
            assert answer.status_code == 200
            assert not {"alt-svc", "strict-transport-security"} & answer.headers.keys()
            assert "certificate" not in client.get("/health").json()
        listening = stack.execute("nginx", "cat", "/proc/net/tcp", "/proc/net/udp")
        assert ":01BB" not in listening  # 443
        # What an earlier domain has left behind redirects nobody.
        volume = f"{stack.project}_tls:/tls"
        run("docker", "run", "--rm", "-v", volume, "--entrypoint", "sh", "nginx:1.30", "-c",
            "mkdir -p /tls/https && touch /tls/https/shop.example")  # fmt: skip
        with stack.client(host="shop.example") as client:
            assert client.get("/").status_code == 200
    finally:
        stack.down()
