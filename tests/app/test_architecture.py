"""Who may import whom. Floors: see the modules' names; nothing below knows what is above."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.running import ROOT, environment, write

PACKAGE = "kaira_fastapi_poetry"
GROUND = {"telemetry", "guards", "settings", "problems", "lifecycle", "capacity"}
PRESS_ONLY = {"jinja2", "brotli", "zstandard"}
# rich is one as well, but structlog imports it by itself wherever it is installed.


def _modules() -> dict[str, Path]:
    found = {}
    for path in sorted((ROOT / PACKAGE).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = _modules()


def imports(name: str, *, anywhere: bool = True) -> set[str]:
    """The modules of the package that a module imports; `anywhere`: inside functions too."""
    tree = ast.parse(MODULES[name].read_text())
    nodes: list[ast.AST] = list(ast.walk(tree)) if anywhere else list(tree.body)
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: relative import"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in MODULES else str(node.module))
    return {each for each in found if each.split(".")[0] == PACKAGE and each != PACKAGE}


def room(name: str) -> str:
    """The first part of a module's name below the package."""
    return name.split(".")[1]


def test_the_press_knows_bundle_media_and_catalogue_and_nothing_else_of_the_run_time() -> None:
    allowed = {f"{PACKAGE}.site.bundle", f"{PACKAGE}.site.media", f"{PACKAGE}.catalogue"}
    for name in MODULES:
        if name.startswith(f"{PACKAGE}.press."):
            others = {each for each in imports(name) if room(each) != "press"}
            assert others <= allowed, name


def test_only_the_command_and_development_know_the_press() -> None:
    users = {
        name
        for name in MODULES
        if name.count(".") and room(name) != "press"
        and any(room(each) == "press" for each in imports(name))
    }  # fmt: skip
    assert users <= {f"{PACKAGE}.cli", f"{PACKAGE}.live"}
    at_the_top = imports(f"{PACKAGE}.cli", anywhere=False)
    assert not {each for each in at_the_top if room(each) == "press"}


def test_the_ground_floor_knows_nothing_above() -> None:
    for name in MODULES:
        if name.count(".") and room(name) in GROUND:
            assert {room(each) for each in imports(name)} <= GROUND, name


def test_rooms_do_not_know_the_composition() -> None:
    for name in MODULES:
        if name.count(".") and room(name) in {"api", "site", "press", "serve"}:
            above = {each for each in imports(name) if room(each) in {"app", "cli", "main", "live"}}
            assert not above, name


def test_nothing_imports_in_a_circle() -> None:
    done: set[str] = set()

    def visit(name: str, way: tuple[str, ...]) -> None:
        assert name not in way, " -> ".join((*way, name))
        if name in done or name not in MODULES:
            return
        for each in sorted(imports(name)):
            visit(each, (*way, name))
        done.add(name)

    for name in MODULES:
        visit(name, ())


def _loaded(code: str, folder: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", code + "\nimport json, sys; print(json.dumps(list(sys.modules)))"],
        cwd=folder, env=environment(SITE_DIR="site"), capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.parametrize(
    "code",
    ["import kaira_fastapi_poetry.main",
     "from kaira_fastapi_poetry import cli, app, serve, capacity\n"
     "from kaira_fastapi_poetry.settings import load_settings\n"
     "cli._up_to_date(load_settings().site_dir)"],
    ids=["main:app", "serve"],
)  # fmt: skip
def test_the_run_time_loads_nothing_of_the_press(tmp_path: Path, code: str) -> None:
    from tests.app.running import kaira

    write(tmp_path / "site", {"index.html": "x"})
    assert kaira("press", folder=tmp_path, SITE_DIR="site").returncode == 0
    loaded = _loaded(code, tmp_path)
    assert f"{PACKAGE}.site.bundle" in loaded
    assert not {name for name in loaded if name.startswith(f"{PACKAGE}.press")}
    assert not {name.split(".")[0] for name in loaded} & PRESS_ONLY


@pytest.mark.parametrize("command", ["main:app", "kaira serve"])
def test_it_serves_where_the_press_s_libraries_are_not_installed(
    tmp_path: Path, command: str
) -> None:
    from tests.app.running import Server
    from tests.http_table import UVICORN

    # Whatever imports one of them fails, as in the image.
    for name in ("jinja2", "brotli", "zstandard"):
        write(tmp_path / "away", {f"{name}.py": "raise ImportError('not here')"})
    write(tmp_path / "site", {"index.html": "served"})
    path = f"{tmp_path / 'away'}:{ROOT}"
    server = Server(tmp_path, UVICORN if command == "main:app" else None, SITE_DIR="site",
                    PYTHONPATH=path)  # fmt: skip
    try:
        assert server.wait().ask("/").body == b"served"
    finally:
        server.stop()
