"""docs/deploy*.md: all that can be run is told, in both languages alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.delivery.test_workflows import steps
from tests.edge.stack import ROOT

PAGES = [ROOT / "docs/deploy.md", ROOT / "docs/deploy.ko.md"]
SCRIPTS = [path for path in (ROOT / "infra/delivery").iterdir() if path.stat().st_mode & 0o100]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_script_can_be_run_by_what_stands_there(page: Path) -> None:
    missing = {f"infra/delivery/{path.name}" for path in SCRIPTS} - set(commands(page).split())
    assert SCRIPTS and not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_whatever_a_deployment_runs_is_in_the_table_of_what_red_means(page: Path) -> None:
    run = {
        step["run"].split()[0] for file, _, step in steps() if file == "deploy" and "run" in step
    }
    (table,) = re.findall(r"^\| ---: \|.*\n((?:\|.*\n)+)", page.read_text(), re.M)
    first = " ".join(row.split("|")[1] for row in table.splitlines())
    told = set(re.findall("`(.+?)`", first))
    assert run and {name.removeprefix("infra/delivery/") for name in run} <= told


def test_the_commands_are_the_same_in_both_languages() -> None:
    one, other = map(commands, PAGES)
    assert one == other and "apt-get install -y git\ngit clone " in one
    assert "make requirements" in one


def test_every_script_is_linted() -> None:
    (linted,) = re.findall(
        r"addprefix infra/delivery/,([a-z ]+)\)", (ROOT / "Makefile").read_text()
    )
    assert sorted(linted.split()) == sorted(path.name for path in SCRIPTS)


# Private


def commands(page: Path) -> str:
    """All that stands between fences, without comments."""
    blocks = re.findall(r"^```\n(.*?)^```$", page.read_text(), re.M | re.S)
    return re.sub(" +# .*", "", "".join(blocks))
