"""A small site and the images that carry it, one a release, well or broken."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from tests.edge.stack import ROOT, run

BASE = "kaira-server:test"

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{release}</title>
<link rel="stylesheet" href="/style.css"></head><body><h1>{release}</h1></body></html>
"""


FAULTY = (
    "COPY faulty.py /srv/faulty.py",
    "ENV PYTHONPATH=/srv",
    'CMD ["uvicorn", "faulty:app", "--host", "0.0.0.0", "--port", "80", "--log-level", "warning"]',
)


def release(name: str, *lines: str, pages: dict[str, str] | None = None) -> str:
    """Build the image of a release; returns its tag.

    lines: added to its Dockerfile, to break it say; pages: further files of its site by name.
    """
    tag = f"kaira-server:{name}"
    with tempfile.TemporaryDirectory() as context:
        site = Path(context) / "site"
        (site / "about").mkdir(parents=True)
        (site / "index.html").write_text(PAGE.format(release=name))
        (site / "about/index.html").write_text(PAGE.format(release=name))
        (site / "style.css").write_text(
            f"/* {name} */ h1 {{ color: #{hashlib.md5(name.encode()).hexdigest()[:6]} }}\n"
        )
        (site / "large.bin").write_bytes(hashlib.shake_128(b"large").digest(5 * 1024 * 1024))
        for path, text in (pages or {}).items():
            (site / path).parent.mkdir(parents=True, exist_ok=True)
            (site / path).write_text(text)
        run(str(ROOT / ".venv/bin/kaira"), "press", str(site))
        (Path(context) / "Dockerfile").write_text(
            "\n".join(
                [
                    f"FROM {BASE}",
                    "COPY site.bundle /srv/site.bundle",
                    f"ENV RELEASE={name}",
                    f"LABEL org.opencontainers.image.version={name}",
                    *lines,
                    "",
                ]
            )
        )
        for extra in Path(__file__).parent.glob("broken/*"):
            (Path(context) / extra.name).write_bytes(extra.read_bytes())
        run("docker", "build", "-q", "-t", tag, context)
    return tag


def faulty(fault: str) -> tuple[str, ...]:
    """The lines of a Dockerfile that give a release this fault (broken/faulty.py)."""
    return (*FAULTY, f'ENV FAULT="{fault}"')
