"""`make appengine`: lays out a pressed site as App Engine takes it.

In appengine/, which `gcloud app deploy` uploads with app.yaml:

    site.bundle/    what the application serves
    static/         what Google itself sends, see the handlers in app.yaml: files of these types
                    that have a fingerprint in their names

`python -m infra.appengine`; exit codes as those of `kaira`.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote

from kaira_fastapi_poetry.settings import SettingsError, load_settings
from kaira_fastapi_poetry.site.bundle import (
    BLOBS,
    IDENTITY,
    MANIFEST,
    Bundle,
    BundleError,
    bundle_dir,
    load,
)

# A handler states one type for all of its files; what is sent as another is the application's.
TYPES = {
    "avif": "image/avif",
    "css": "text/css; charset=utf-8",
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "mjs": "text/javascript; charset=utf-8",
    "png": "image/png",
    "webmanifest": "application/manifest+json",
    "webp": "image/webp",
    "woff2": "font/woff2",
}
PREPARED = Path("appengine")
SENTINEL = Path(".run-make-appengine-first")  # see .gcloudignore


def main() -> int:
    """Prepare everything here; returns the exit code."""
    try:
        pressed = bundle_dir(load_settings().site_dir)
        site = load(pressed)
        SENTINEL.unlink(missing_ok=True)
        shutil.rmtree(PREPARED, ignore_errors=True)
        _copy(pressed, PREPARED / "site.bundle")
        count = _lay_out(site, PREPARED / "static")
    except SettingsError as error:
        print(f"kaira: {error}", file=sys.stderr)
        return 2
    except (BundleError, OSError) as error:
        print(f"kaira: {error}", file=sys.stderr)
        return 1
    compiled = _compile(_runtime())
    SENTINEL.write_text("# Written by `make appengine`: there is something to deploy.\n")
    size = sum(path.stat().st_size for path in PREPARED.rglob("*") if path.is_file())
    print(f"Prepared {PREPARED}/: {size / 1e6:.1f} MB, {count} files of it sent by Google itself.")
    if not compiled:
        print(f"No {_runtime()} here to compile the application: it will start a little later.")
    print("Now: gcloud app deploy")
    return 0


# Private


def _copy(pressed: Path, to: Path) -> None:
    """The bundle, without what only the next press needs."""
    shutil.copytree(pressed / BLOBS, to / BLOBS)
    shutil.copy(pressed / MANIFEST, to)


def _lay_out(site: Bundle, folder: Path) -> int:
    """Write the files that Google sends; returns how many."""
    bodies = site.preload()
    count = 0
    for path, file in site.files.items():
        if not file.immutable or TYPES.get(path.rpartition(".")[2]) != file.media_type:
            continue
        plain = next(each for each in file.variants if each.coding == IDENTITY)
        target = folder / unquote(path[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        if (body := bodies.get(plain.digest)) is not None:
            target.write_bytes(body)
        else:
            shutil.copy(site.location(file, plain), target)
        count += 1
    return count


def _runtime() -> str:
    """The Python of app.yaml, as its command is called: python3.14."""
    found = re.search(r"(?m)^runtime: python3(\d+)$", Path("app.yaml").read_text())
    assert found is not None
    return f"python3.{found[1]}"


def _compile(python: str) -> bool:
    """Compile the application for App Engine, which does so only for libraries.

    Bytecode that goes by the content of its source: uploaded files have other times.
    """
    here = f"python3.{sys.version_info.minor}" == python
    command = sys.executable if here else shutil.which(python)
    if command is None:
        return False
    mode = ["-q", "-f", "--invalidation-mode", "checked-hash"]
    compiler = [command, "-m", "compileall", *mode, "kaira_fastapi_poetry"]
    done = subprocess.run(compiler, check=False)  # noqa: S603  # a Python of this machine
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
