"""What `make appengine` prepares, and what of a checkout `gcloud app deploy` uploads."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.running import environment, write
from tests.appengine.conftest import Upload
from tests.appengine.upload import ROOT, make, uploaded

# The SDK, where it is: nothing that a test may ask for.
GCLOUD = shutil.which("gcloud")
SDK = Path(os.path.realpath(GCLOUD)).parents[1] / "lib" if GCLOUD else None
ELSEWHERE = [
    ".env",
    ".git/config",
    "docs/app.yaml",
    "kaira-1.0.0.bundle/manifest.json",
    "kaira-1.0.0/_catalogue.toml",
    "kaira_fastapi_poetry/__pycache__/app.cpython-311.pyc",
    "kaira_fastapi_poetry/press/__pycache__/css.cpython-314.pyc",
    "my-site/index.html",
    "nginx/appengine/x",
    "notes.txt",
    "poetry.lock",
    "pyproject.toml",
    "tests/x.py",
]
needs_gcloud = pytest.mark.skipif(GCLOUD is None, reason="needs gcloud")


def gcloud(folder: Path, scratch: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["gcloud", "meta", "list-files-for-upload", str(folder)],
        env={**os.environ, "CLOUDSDK_CONFIG": str(scratch), "CLOUDSDK_CORE_DISABLE_PROMPTS": "1"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_nothing_is_uploaded_but_what_runs(upload: Upload) -> None:
    allowed = ("kaira_fastapi_poetry/", "appengine/site.bundle/", "appengine/static/")
    others = {name for name in upload.files if not name.startswith(allowed)}
    assert others == {"app.yaml", "requirements.txt"}
    code = {name for name in upload.files if name.startswith("kaira_fastapi_poetry/")}
    assert not {name for name in code if not name.endswith((".py", ".cpython-314.pyc"))}
    assert not {name for name in code if name.startswith("kaira_fastapi_poetry/press/")}


def test_all_that_runs_is_uploaded(upload: Upload) -> None:
    sources = {
        str(path.relative_to(upload.folder))
        for path in (upload.folder / "kaira_fastapi_poetry").rglob("*.py")
        if "press" not in path.parts
    }
    assert len(sources) > 25
    assert sources <= upload.files
    assert "appengine/site.bundle/manifest.json" in upload.files
    blobs = list((upload.folder / "appengine/site.bundle/blobs").iterdir())
    assert {f"appengine/site.bundle/blobs/{blob.name}" for blob in blobs} <= upload.files


def test_the_upload_is_small(upload: Upload) -> None:
    size = sum((upload.folder / name).stat().st_size for name in upload.files)
    print(f"{size / 1e6:.1f} MB in {len(upload.files)} files")
    assert size < 25e6
    assert len(upload.files) < 10_000  # App Engine's own limit


def test_whatever_else_lies_in_the_checkout_stays_there(upload: Upload, tmp_path: Path) -> None:
    shutil.copy(upload.folder / ".gcloudignore", tmp_path)
    write(tmp_path, dict.fromkeys([*ELSEWHERE, "app.yaml", "appengine/static/a.css"], "x"))
    assert uploaded(tmp_path, tmp_path / "scratch") == {"app.yaml", "appengine/static/a.css"}


@needs_gcloud
def test_gcloud_takes_the_same_files(upload: Upload, tmp_path: Path) -> None:
    done = gcloud(upload.folder, tmp_path)
    assert set(done.stdout.splitlines()) == upload.files, done.stderr


@needs_gcloud
def test_gcloud_stops_before_anything_is_prepared_and_says_what_to_do(tmp_path: Path) -> None:
    for name in ("app.yaml", ".gcloudignore", "requirements.txt"):
        shutil.copy(ROOT / name, tmp_path)
    done = gcloud(tmp_path, tmp_path / "scratch")
    assert done.returncode == 1
    assert "run-make-appengine-first" in done.stderr


@needs_gcloud
def test_gcloud_reads_app_yaml_as_it_is_meant() -> None:
    # Its own parser, which refuses what it does not know.
    code = f"""
import sys
sys.path[:0] = [{str(SDK)!r}, {f"{SDK}/third_party"!r}]
from googlecloudsdk.appengine.api import appinfo
app = appinfo.LoadSingleAppInfo(open({str(ROOT / "app.yaml")!r}))
print(app.runtime, app.handlers[0].require_matching_file)
"""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["python314", "True"]


def test_it_says_what_was_made_and_the_one_command_to_run(upload: Upload) -> None:
    lines = upload.said.splitlines()
    assert lines[0].startswith("Prepared appengine/: ")
    assert lines[-1] == "Now: gcloud app deploy"


def test_once_more_it_makes_the_same(upload: Upload) -> None:
    def content() -> dict[str, bytes]:
        return {name: (upload.folder / name).read_bytes() for name in upload.files}

    before = content()
    (upload.folder / "appengine/static/left-over.css").write_text("of another site")
    done = make(upload.folder, "appengine")
    assert (done.returncode, done.stdout) == (0, upload.said)
    assert not (upload.folder / "appengine/static/left-over.css").exists()
    assert content() == before


def stopped(done: subprocess.CompletedProcess[str]) -> str:
    """The one line that a failed `make` says, besides make's own."""
    assert done.returncode != 0
    lines = [
        line for line in done.stderr.splitlines() if not re.match(r"make(\[\d+\])?: \*\*\*", line)
    ]
    assert len(lines) == 1, done.stderr
    return lines[0]


@pytest.mark.parametrize(
    ("files", "site", "says"),
    [
        ({}, "nowhere", "SITE_DIR: no such folder"),
        ({"site/site.toml": "languages = ["}, "site", "site.toml"),
        (
            {"site/site.toml": 'languages = ["en"]', "site/index.html": "{% if"},
            "site",
            "index.html",
        ),
    ],
    ids=["no folder", "no TOML", "no template"],
)
def test_a_site_that_cannot_be_pressed_stops_it_with_one_line(
    tmp_path: Path, files: dict[str, str], site: str, says: str
) -> None:
    write(tmp_path, files)
    subprocess.run(["git", "init", "-q", tmp_path], check=True)  # the Makefile asks Git
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copy(ROOT / "app.yaml", tmp_path)
    done = make(tmp_path, "appengine", SITE_DIR=site, PYTHONPATH=environment()["PYTHONPATH"])
    line = stopped(done)
    assert line.startswith("kaira: ") and says in line
    assert not (tmp_path / "appengine").exists()
    assert not (tmp_path / ".run-make-appengine-first").exists()
