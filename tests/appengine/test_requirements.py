"""requirements.txt, which App Engine installs, says what poetry.lock says of the run time."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path

from tests.appengine.upload import ROOT, VENV, make
from tests.conftest import require

REQUIREMENTS = ROOT / "requirements.txt"


def pinned(text: str) -> dict[str, set[str]]:
    """Hashes by `name==version`; fails on anything else in the file."""
    found = {}
    for entry in text.replace("\\\n", " ").splitlines():
        pin, *rest = entry.split()
        assert re.fullmatch(r"[a-z0-9-]+==[\w.]+", pin), entry
        found[pin] = {each.removeprefix("--hash=") for each in rest if each.startswith("--hash=")}
    return found


def test_it_has_what_runs_in_the_versions_and_with_the_hashes_of_the_lock() -> None:
    lock = tomllib.loads((ROOT / "poetry.lock").read_text())
    main = [each for each in lock["package"] if "main" in each["groups"]]
    markers = [str(each.get("markers", "")) for each in main]
    elsewhere = [each["name"] for each, marker in zip(main, markers, strict=True)
                 if 'sys_platform == "win32"' in marker or 'platform_system == "Windows"' in marker]  # fmt: skip
    expected = {
        f"{each['name']}=={each['version']}": {file["hash"] for file in each["files"]}
        for each in main
        if each["name"] not in elsewhere
    }
    found = pinned(REQUIREMENTS.read_text())
    assert {pin: found[pin] for pin in expected} == expected
    assert {pin.split("==")[0] for pin in found} <= {each["name"] for each in main}


def test_nothing_that_only_presses_or_tests_is_in_it() -> None:
    names = {pin.split("==")[0] for pin in pinned(REQUIREMENTS.read_text())}
    assert {"fastapi", "gunicorn", "uvloop"} <= names
    assert not names & {"jinja2", "brotli", "zstandard", "rich", "pytest", "kaira-fastapi-poetry"}


def test_make_requirements_makes_it_again(tmp_path: Path) -> None:
    cache = Path.home() / ".cache/kaira"
    require(list(cache.glob("poetry-*")), "needs Poetry: `make install`")
    for name in ("Makefile", "pyproject.toml", "poetry.lock"):
        shutil.copy(ROOT / name, tmp_path)
    done = make(tmp_path, "requirements", VENV=str(VENV))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "requirements.txt").read_text() == REQUIREMENTS.read_text()
