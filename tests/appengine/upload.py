"""The upload: what `make appengine` prepares, as `gcloud app deploy` takes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
VENV = Path(sys.executable).parents[1]


def checkout(to: Path) -> Path:
    """A copy of this checkout: what Git knows, or would take, and the bundle if there is one."""
    told = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    for name in filter(None, told.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("imagery/", "docs/")):
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    if (ROOT / "kaira-1.0.0.bundle").is_dir():  # what is pressed already need not be again
        shutil.copytree(ROOT / "kaira-1.0.0.bundle", to / "kaira-1.0.0.bundle")
    return to


def make(folder: Path, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `make` in a checkout, with the environment of these tests."""
    ready = ["-o", f"{VENV}/installed", f"VENV={VENV}"]
    return subprocess.run(
        ["make", "--no-print-directory", *ready, *arguments],
        cwd=folder,
        env={
            **{name: value for name, value in os.environ.items() if name != "SITE_DIR"},
            **variables,
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def uploaded(folder: Path, scratch: Path) -> set[str]:
    """The files that .gcloudignore lets through: its syntax is Git's, and so Git is asked."""
    git = ["git", f"--git-dir={scratch}/git", f"--work-tree={folder}"]
    subprocess.run(["git", "init", "-q", "--bare", f"{scratch}/git"], check=True)
    listed = [*git, "ls-files", "-z", "--others", f"--exclude-from={folder}/.gcloudignore"]
    done = subprocess.run(listed, cwd=folder, capture_output=True, text=True, check=True)
    return set(filter(None, done.stdout.split("\0")))
