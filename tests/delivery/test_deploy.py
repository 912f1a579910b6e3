"""deploy, rollback and status, over real SSH: what the server is told, and what becomes of its answer."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.delivery.conftest import IMAGE, line, script
from tests.delivery.server import Server
from tests.edge.stack import ROOT, free_port, run, wait_until

TOKEN = "ghs_the-registrys-token"
Settings = dict[str, str]


def test_the_server_is_told_the_image_and_which_files_go_with_it(
    server: Server, settings: Settings
) -> None:
    done = script("deploy", IMAGE, **settings)
    assert done.returncode == 0, done.stderr
    assert server.heard("command") == f"deploy {IMAGE} {run('infra/host/files').strip()}"
    assert server.heard("input") == ""


def test_what_the_server_says_is_shown_and_the_release_goes_to_the_next_step(
    server: Server, settings: Settings, tmp_path: Path
) -> None:
    outputs = {"GITHUB_OUTPUT": f"{tmp_path}/output", "GITHUB_STEP_SUMMARY": f"{tmp_path}/summary"}
    done = script("deploy", IMAGE, **settings, **outputs)
    assert "done: v2 serves as green" in done.stdout
    assert line(done) == "deploy: deployed: v2 serves"
    assert (tmp_path / "output").read_text() == "release=v2\n"
    assert (tmp_path / "summary").read_text() == "- notice: deployed: v2 serves\n"


def test_the_token_goes_by_standard_input_and_is_on_no_command_line(
    server: Server, settings: Settings
) -> None:
    done = script("deploy", IMAGE, **settings, REGISTRY_USER="you", REGISTRY_TOKEN=TOKEN)
    assert done.returncode == 0, done.stderr
    assert server.heard("input") == f"you {TOKEN}\n"
    processes = server.heard("processes")
    assert processes and "StrictHostKeyChecking=yes" in processes  # ssh itself is in it
    assert TOKEN not in processes and TOKEN not in done.stdout + done.stderr


@pytest.mark.parametrize(("registry", "sent"), [("ghcr.io", True), ("docker.io", False)])
def test_the_jobs_own_token_goes_to_nobody_but_githubs_registry(
    server: Server, settings: Settings, registry: str, sent: bool
) -> None:
    github = {"GITHUB_TOKEN": TOKEN, "GITHUB_ACTOR": "octocat"}
    assert script("deploy", IMAGE, **settings, **github, REGISTRY=registry).returncode == 0
    assert server.heard("input") == (f"octocat {TOKEN}\n" if sent else "")


def test_the_key_is_nobody_elses_while_it_is_used_and_gone_afterwards(
    server: Server, settings: Settings, private: Path
) -> None:
    for code in (0, 1):
        server.answer("failed: x", code)
        script("deploy", IMAGE, **settings)
        assert server.heard("mode") == "600"
        assert not list(private.iterdir())


def test_the_key_is_gone_if_the_deployment_is_stopped(
    server: Server, settings: Settings, private: Path
) -> None:
    (server.folder / "says").unlink()
    run("mkfifo", f"{server.folder}/says")  # it will say something when somebody does
    process = subprocess.Popen(
        [ROOT / "infra/delivery/deploy", IMAGE],
        env={"PATH": "/usr/bin:/bin", **settings},
        start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        wait_until(lambda: server.heard("mode") == "600", "the server is asked", 10)
        run("kill", f"-{signal.SIGINT.value}", "--", f"-{process.pid}")  # as a runner cancels
        assert process.wait(10) != 0
        assert not list(private.iterdir())
    finally:
        process.kill()
        # Its reader there waits for somebody who speaks: one who says nothing ends it.
        os.close(os.open(server.folder / "says", os.O_RDWR | os.O_NONBLOCK))
        (server.folder / "says").unlink()


@pytest.mark.parametrize(
    ("code", "says", "means"),
    [(1, "failed: green crashed (exit code 1); blue still serves", "the old one serves as before"),
     (2, "refused: cannot pull it: not found", "nothing was changed"),
     (3, "rolled back: green ran out of memory; blue serves again", "the old one serves again"),
     (4, "failed: line 7 went wrong", "see what serves: infra/delivery/status"),
     (7, "who knows", "the server's gate ended with 7")],
)  # fmt: skip
@pytest.mark.parametrize("name", ["deploy", "rollback"])
def test_the_servers_exit_code_is_ours_and_one_line_says_why(
    server: Server, settings: Settings, name: str, code: int, says: str, means: str
) -> None:
    server.answer(f"==>    0.1 s  preflight\n{says}", code)
    done = script(name, *([IMAGE] if name == "deploy" else []), **settings)
    assert done.returncode == code
    assert line(done).startswith(f"{name}: ") and f"{means}: {says}" in line(done)


def test_in_actions_a_failure_is_an_annotation(server: Server, settings: Settings) -> None:
    server.answer("refused: disk: 100% is used", 2)
    done = script("deploy", IMAGE, **settings, GITHUB_ACTIONS="true")
    assert obeyed(done) == [
        "::error::the server refused, and nothing was changed: refused: disk: 100%25 is used"
    ]


@pytest.mark.parametrize(
    ("name", "code", "ours"),
    [("deploy", 0, ["::notice::deployed: v2 serves"]), ("rollback", 0, ["::warning::gone back: v2 serves again"]),
     ("status", 0, []), ("deploy", 2, ["::error::the server refused, and nothing was changed: ::warning::theirs"])],
)  # fmt: skip
def test_actions_obeys_us_and_not_the_server(
    server: Server, settings: Settings, name: str, code: int, ours: list[str]
) -> None:
    says = ["done: v2 serves as green", "::add-mask::v2", "::stop-commands::theirs", "::theirs::"]
    server.answer("", code)
    (server.folder / "says").write_text("\n".join([*says, "::warning::theirs"]))  # a line unended
    runs = [
        script(name, *([IMAGE] if name == "deploy" else []), **settings, GITHUB_ACTIONS="true")
        for _ in range(2)
    ]
    assert [obeyed(done) for done in runs] == [ours, ours]
    assert all(line in runs[0].stderr.splitlines() for line in says)
    first, second = (word(done) for done in runs)
    assert first != second and second not in (server.heard("processes") or second)


def test_a_warning_of_the_servers_stands_above_the_log_as_well(
    server: Server, settings: Settings, tmp_path: Path
) -> None:
    server.answer("warning: git pull there: 100%\n==>   31.4 s  done: v2 serves as green")
    summary = tmp_path / "summary"
    told = {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)}
    done = script("deploy", IMAGE, **settings, **told)
    assert obeyed(done) == ["::warning::git pull there: 100%25", "::notice::deployed: v2 serves"]
    assert summary.read_text().splitlines()[0] == "- warning: git pull there: 100%"


def test_the_gate_compares_all_that_a_host_runs_besides_the_image() -> None:
    listed = (ROOT / "infra/host/files").read_text().split()
    files = sorted(path.name for path in ROOT.glob("docker-compose.*.yml"))
    mounts = {
        path for name in files for path in re.findall(r"- \./(.+?):", (ROOT / name).read_text())
    }
    assert len(mounts) > 8
    for path in [*files, *mounts, "monitoring/logs/local.yml", "deploy-blue-green.sh"]:
        assert any(path == each or path.startswith(f"{each}/") for each in listed), path


def test_outside_of_actions_what_the_server_says_is_shown_as_it_is(
    server: Server, settings: Settings
) -> None:
    assert script("deploy", IMAGE, **settings).stdout == "==>   31.4 s  done: v2 serves as green\n"


def test_a_server_with_another_host_key_is_refused_in_one_line(
    server: Server, settings: Settings
) -> None:
    settings["DEPLOY_KNOWN_HOSTS"] = server.line("other_key")
    done = script("deploy", IMAGE, **settings, REGISTRY_USER="you", REGISTRY_TOKEN=TOKEN)
    assert done.returncode == 255
    assert line(done).startswith("deploy: DEPLOY_KNOWN_HOSTS: the server shows another host key")
    assert server.heard("command") is None and server.heard("input") is None


def test_a_key_that_the_server_does_not_know_is_named(server: Server, settings: Settings) -> None:
    done = script("deploy", IMAGE, **settings | {"DEPLOY_KEY": server.other_key})
    assert done.returncode == 255
    assert line(done).startswith("deploy: DEPLOY_KEY: the server does not take this key")


def test_a_server_that_is_not_there_is_told_in_one_line(server: Server, settings: Settings) -> None:
    port = str(free_port())
    settings["DEPLOY_KNOWN_HOSTS"] = settings["DEPLOY_KNOWN_HOSTS"].replace(str(server.port), port)
    done = script("deploy", IMAGE, **settings | {"DEPLOY_PORT": port})
    assert done.returncode == 255
    assert line(done).startswith("deploy: DEPLOY_HOST: the server cannot be reached: ")
    assert line(done).endswith("Connection refused")


def test_a_connection_that_breaks_is_told_apart_from_one_that_never_was(
    server: Server, settings: Settings
) -> None:
    gate = server.folder / "gate"
    whole = gate.read_text()
    gate.write_text("#!/bin/sh\necho '==> preflight'\nkill -9 $PPID\n")  # sshd's own child
    try:
        done = script("deploy", IMAGE, **settings)
    finally:
        gate.write_text(whole)
    assert done.returncode == 255
    assert line(done).startswith("deploy: the connection to the server broke: ")
    assert line(done).endswith("before trying again: infra/delivery/status")


def test_a_well_deployment_that_does_not_name_its_release_is_not_taken_for_one(
    server: Server, settings: Settings, tmp_path: Path
) -> None:
    server.answer("hello")
    done = script("deploy", IMAGE, **settings, GITHUB_OUTPUT=f"{tmp_path}/output")
    assert done.returncode == 1 and not (tmp_path / "output").exists()
    assert line(done).startswith("deploy: the server did not say which release serves")


@pytest.mark.parametrize(("arguments", "asked"), [((), "rollback 1"), (("3",), "rollback 3")])
def test_going_back_is_asked_for_by_number(
    server: Server, settings: Settings, arguments: tuple[str, ...], asked: str, tmp_path: Path
) -> None:
    server.answer("==>   12.0 s  done: v1 serves as blue")
    done = script("rollback", *arguments, **settings, GITHUB_OUTPUT=f"{tmp_path}/output")
    assert done.returncode == 0 and server.heard("command") == asked
    assert line(done) == "rollback: gone back: v1 serves again"
    assert (tmp_path / "output").read_text() == "release=v1\n"


def test_the_status_is_asked_for_and_shown(server: Server, settings: Settings) -> None:
    server.answer("blue   running, release v1  <- serves")
    done = script("status", **settings, IMAGE="of before", BACK="of before")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "blue   running, release v1  <- serves\n"
    assert (server.heard("command"), server.heard("input")) == ("status", "")


@pytest.mark.parametrize("code", [1, 2, 7])
def test_a_status_that_is_not_told_ends_as_it_did_there(
    server: Server, settings: Settings, code: int
) -> None:
    server.answer("refused: the edge does not run", code)
    done = script("status", **settings)
    assert done.returncode == code
    assert line(done) == (
        "status: the server does not tell its status: refused: the edge does not run"
    )


@pytest.mark.parametrize(
    ("name", "arguments", "named"),
    [("deploy", (), "IMAGE: missing"), ("deploy", ("ghcr.io/you/kaira:latest",), "IMAGE: takes"),
     ("rollback", ("0",), "BACK: takes"), ("rollback", ("1; reboot",), "BACK: takes")],
)  # fmt: skip
def test_nobody_is_asked_if_what_to_do_is_malformed(
    server: Server, settings: Settings, name: str, arguments: tuple[str, ...], named: str
) -> None:
    done = script(name, *arguments, **settings)
    assert done.returncode == 2 and named in line(done)
    assert server.heard("command") is None


# Private


def word(done: subprocess.CompletedProcess[str]) -> str:
    """By which Actions was told to obey nothing for a while."""
    return done.stderr.split("::stop-commands::")[1].split("\n")[0]


def obeyed(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The commands that Actions takes from this log. There is one stream: of two it would see the
    lines in any order."""
    assert done.stdout == ""
    until, commands = None, []
    for each in done.stderr.splitlines():
        if until:
            until = None if each == f"::{until}::" else until
        elif each.startswith("::stop-commands::"):
            until = each.removeprefix("::stop-commands::")
        elif each.startswith("::"):
            commands.append(each)
    assert until is None
    return commands
