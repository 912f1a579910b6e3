"""Every setting of a deployment, missing or malformed: one line that names it, and nothing done."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.delivery.conftest import IMAGE, line, script
from tests.delivery.server import Server, ssh_keygen

Settings = dict[str, str]
SECRETS = ("DEPLOY_KEY", "DEPLOY_KNOWN_HOSTS", "REGISTRY_TOKEN")
EVERYTHING = {
    "REGISTRY": "docker.io", "REGISTRY_USER": "you", "REGISTRY_TOKEN": "dckr_pat_secret",
    "IMAGE": IMAGE, "STAGING": "true", "REVIEWED": "true", "SBOM": "false",
}  # fmt: skip

REFUSED: list[tuple[str, str, str]] = [
    *((name, "", "missing") for name in ("DEPLOY_HOST", "DEPLOY_KEY", "DEPLOY_KNOWN_HOSTS", "SITE_URL")),
    *(("DEPLOY_HOST", value, "takes the server's name")
      for value in ("https://shop.example.com", "deploy@shop.example.com", "-oProxyCommand=reboot", "a b",
                    "shop.example.com:22", "shop.example.com.", "a\nb", "$(reboot)", "a..b")),
    *(("DEPLOY_PORT", value, "takes a number") for value in ("ssh", "0", "65536", "22 ", "-1", "022", "1e3")),
    *(("DEPLOY_KEY", value, "is no private key")
      for value in ("secret", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3X you@laptop",
                    "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\n-----END OPENSSH PRIVATE KEY-----")),
    *(("DEPLOY_KNOWN_HOSTS", value, "has no line for the server")
      for value in ("secret", "other.example.com ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3X",
                    "127.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3X")),  # of port 22
    *(("SITE_URL", value, "takes https://")
      for value in ("shop.example.com", "ftp://shop.example.com", "https://shop.example.com/", "https://a b",
                    "https://shop.example.com/health", "https://you:secret@shop.example.com")),
    *(("REGISTRY", value, "takes a registry's name")
      for value in ("https://ghcr.io", "ghcr.io/you", "GHCR.io", "ghcr.io:port")),
    ("REGISTRY_USER", "", "missing"), ("REGISTRY_TOKEN", "", "missing"),
    ("REGISTRY_USER", "you there", "has a space"), ("REGISTRY_TOKEN", "secret\nline", "has a space"),
    *(("IMAGE", value, "takes an image by its digest")
      for value in ("ghcr.io/you/kaira", "ghcr.io/you/kaira:v1", IMAGE[:-1], IMAGE + "0", IMAGE.upper(),
                    f"{IMAGE}; reboot", "sha256:" + "5e" * 32)),
    *(("BACK", value, "takes how many") for value in ("0", "-1", "100", "one", "1 2")),
    ("BACK", "1", "is set, and so is IMAGE"),
    *((name, value, "takes true") for name in ("STAGING", "REVIEWED") for value in ("yes", "TRUE", "1")),
    *(("SBOM", value, "takes false") for value in ("no", "FALSE", "0")),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "says"), REFUSED)
def test_the_first_fault_is_named_in_one_line_and_no_secret_is_shown(
    settings: Settings, private: Path, name: str, value: str, says: str
) -> None:
    given = {**settings, **EVERYTHING, name: value}
    done = script("settings", **given)
    assert done.returncode == 2 and done.stdout == ""
    assert line(done).startswith(f"settings: {name}: {says}"), done.stderr
    secrets = [part for each in SECRETS for part in given[each].split("\n") if len(part) > 5]
    assert not any(secret in done.stderr for secret in [*secrets, "secret"]), done.stderr
    assert not list(private.iterdir())


def test_a_setting_that_is_not_there_at_all_is_as_one_that_is_empty(settings: Settings) -> None:
    for name in ("DEPLOY_HOST", "DEPLOY_KEY", "DEPLOY_KNOWN_HOSTS", "SITE_URL"):
        done = script("settings", **{key: value for key, value in settings.items() if key != name})
        assert done.returncode == 2 and line(done).startswith(f"settings: {name}: missing")


def test_a_key_with_a_passphrase_is_told_from_one_that_is_none(
    settings: Settings, tmp_path: Path
) -> None:
    ssh_keygen("-q", "-t", "ed25519", "-N", "secret", "-f", str(tmp_path / "key"))
    done = script("settings", **settings | {"DEPLOY_KEY": (tmp_path / "key").read_text()})
    assert done.returncode == 2 and "DEPLOY_KEY: has a passphrase" in line(done)


def test_a_line_of_known_hosts_that_was_cut_is_found(server: Server, settings: Settings) -> None:
    done = script("settings", **settings | {"DEPLOY_KNOWN_HOSTS": server.known_hosts[:-20]})
    assert done.returncode == 2 and "DEPLOY_KNOWN_HOSTS: the server's line has no key" in line(done)


AS_PASTED: dict[str, Callable[[str], str]] = {
    "the last line without its end": str.strip,
    "lines that end as on Windows": lambda text: text.replace("\n", "\r\n"),
    "an empty line too many": lambda text: text + "\n",
}


@pytest.mark.parametrize("how", AS_PASTED)
def test_what_a_text_field_does_to_a_key_does_no_harm(settings: Settings, how: str) -> None:
    for name in ("DEPLOY_KEY", "DEPLOY_KNOWN_HOSTS"):
        settings[name] = AS_PASTED[how](settings[name])
    done = script("settings", **settings)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("host", "port", "name"),
    [("shop.example.com", "", "shop.example.com"), ("shop.example.com", "22", "shop.example.com"),
     ("localhost", "2222", "[localhost]:2222"), ("2001:db8::1", "", "2001:db8::1"),
     ("2001:db8::1", "2222", "[2001:db8::1]:2222"), ("192.0.2.7", "", "192.0.2.7")],
)  # fmt: skip
def test_a_server_may_have_a_name_or_an_address_and_a_port(
    server: Server, settings: Settings, host: str, port: str, name: str
) -> None:
    settings["DEPLOY_KNOWN_HOSTS"] = server.known_hosts.replace(f"[127.0.0.1]:{server.port}", name)
    done = script("settings", **settings | {"DEPLOY_HOST": host, "DEPLOY_PORT": port})
    assert (done.returncode, done.stderr) == (0, "")


def test_a_hashed_line_of_known_hosts_is_good(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "known_hosts").write_text(settings["DEPLOY_KNOWN_HOSTS"] + "\n")
    ssh_keygen("-H", "-f", str(tmp_path / "known_hosts"))
    hashed = (tmp_path / "known_hosts").read_text()
    assert hashed.startswith("|1|")
    done = script("settings", **settings | {"DEPLOY_KNOWN_HOSTS": hashed})
    assert (done.returncode, done.stderr) == (0, "")


def test_all_that_can_be_set_may_be_set(settings: Settings) -> None:
    done = script("settings", **settings, **EVERYTHING)
    assert (done.returncode, done.stderr, done.stdout) == (0, "", "")


def test_in_actions_it_is_an_annotation_and_on_the_summary(
    settings: Settings, tmp_path: Path
) -> None:
    summary = tmp_path / "summary"
    given = {
        **settings,
        "SITE_URL": "x",
        "GITHUB_ACTIONS": "true",
        "GITHUB_STEP_SUMMARY": str(summary),
    }
    said = line(script("settings", **given))
    assert said.startswith("::error::SITE_URL: takes https://")
    assert summary.read_text() == said.replace("::error::", "- error: ") + "\n"
