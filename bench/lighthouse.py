"""Lighthouse over one page of each kind, as on a phone over slow 4G: `make lighthouse`.

Writes docs/lighthouse.md: of each page the median of the runs, and what its first visit weighs.
Exits with 1 if a target is missed.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.app.running import Server, kaira, serving
from tests.browser.conftest import FLAGS
from tests.browser.tools import NODE_MODULES, TEMPLATES

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "docs" / "lighthouse.md"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
# Pages that are not to be found, and say so.
UNLISTED = ("/404.html", "/offline/", "/maintenance/")


RUNS = 3
HEAD = f"""\
# What Lighthouse says

`make lighthouse` prints and writes this again: the mobile run (slow 4G and a slow processor, both \
simulated), median of {RUNS}, of the pressed site behind `kaira serve`.

| page | performance | accessibility | best practices | SEO | LCP, s | TBT, ms | CLS | KiB |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"""


def judge(url: str, tries: int = 3) -> dict[str, Any]:
    """One run: scores, LCP and TBT in ms, CLS, bytes of the whole page.

    A run that the browser breaks off (it crashes, or never gets still) is made again.
    Raises subprocess.CalledProcessError if it breaks off `tries` times.
    """
    command = [
        "node",
        str(NODE_MODULES / "lighthouse" / "cli" / "index.js"),
        url,
        "--quiet",
        "--disable-full-page-screenshot",
        "--output=json",
        f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags="
        + " ".join(
            ["--headless=new", *FLAGS, "--host-resolver-rules='MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'"]
        ),
    ]
    path = shutil.which("chromium") or "chromium"
    # Into a file: of what it writes to a pipe, the end may be missing.
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        done = subprocess.run(
            [*command, f"--output-path={file.name}"],
            capture_output=True,
            timeout=180,
            check=tries == 1,
            env={**os.environ, "CHROME_PATH": path},
        )
        if done.returncode:
            return judge(url, tries - 1)
        report = json.load(file)
    audits = report["audits"]
    missed = [
        name
        for category in CATEGORIES
        for name in (
            each["id"] for each in report["categories"][category]["auditRefs"] if each["weight"]
        )
        if audits[name]["score"] is not None and audits[name]["score"] < 0.9
    ]
    return {
        **{name: round(100 * report["categories"][name]["score"]) for name in CATEGORIES},
        "lcp": audits["largest-contentful-paint"]["numericValue"],
        "tbt": audits["total-blocking-time"]["numericValue"],
        "cls": audits["cumulative-layout-shift"]["numericValue"],
        "bytes": audits["total-byte-weight"]["numericValue"],
        "missed": missed,
    }


@contextmanager
def _shop(folder: Path) -> Iterator[Server]:
    """The site, pressed and served."""
    shutil.copytree(ROOT / "kaira-1.0.0", folder / "site")
    done = kaira("press", folder=folder, SITE_DIR="site")
    if done.returncode:
        sys.exit(done.stderr)
    with serving(folder, SITE_DIR="site", WEB_CONCURRENCY="1") as server:
        yield server


def _rows() -> dict[str, str]:
    """The rows of the document as it stands, by page."""
    lines = TARGET.read_text().splitlines() if TARGET.exists() else []
    return {line.split()[1]: line for line in lines if line.startswith("| /")}


def main(arguments: list[str]) -> int:
    """Judge all pages, or those that are named after the number of runs.

    The document holds medians of `RUNS` runs; those of another number are only printed.
    """
    runs = int(arguments[0]) if arguments else RUNS
    paths = arguments[1:] or [
        path for path in TEMPLATES if path.removeprefix("/ko") not in UNLISTED
    ]
    rows = _rows() if len(arguments) > 1 else {}
    failed = []
    with tempfile.TemporaryDirectory() as name, _shop(Path(name)) as server:
        for number, path in enumerate(paths, 1):
            found = [judge(server.base + path) for _ in range(runs)]
            row = {
                key: statistics.median(each[key] for each in found)
                for key in (*CATEGORIES, "lcp", "tbt", "cls", "bytes")
            }
            home = path in ("/", "/ko/")
            limit = 100 if home else 250
            good = (
                all(row[name] == 100 for name in CATEGORIES)
                and row["cls"] == 0
                and row["bytes"] <= limit * 1024
                and (not home or (row["lcp"] <= 1300 and row["tbt"] < 50))
            )
            if not good:
                failed.append(path)
            missed = sorted({name for each in found for name in each["missed"]})
            print(f"{number}/{len(paths)} {path}: {row} {missed}", file=sys.stderr, flush=True)
            rows[path] = (
                f"| {path} | {' | '.join(f'{row[name]:.0f}' for name in CATEGORIES)} | "
                f"{row['lcp'] / 1000:.2f} | {row['tbt']:.0f} | {row['cls']:.3f} | "
                f"{row['bytes'] / 1024:.0f} |"
            )
    if runs == RUNS:
        TARGET.write_text(HEAD + "\n".join(rows.values()) + "\n")
    if failed:
        print(f"missed on {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
