"""The `kaira` command.

Exit codes: 0 done, 1 failed, 2 wrong usage or a setting that cannot be.
"""

from __future__ import annotations

import argparse
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kaira_fastapi_poetry import __version__

if TYPE_CHECKING:
    from kaira_fastapi_poetry.settings import Settings
    from kaira_fastapi_poetry.site.bundle import Bundle

# Imports stand inside the functions: a server that starts should read only what it needs.


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the exit code."""
    gc.disable()  # what is made at the start stays: looking for garbage in it takes a fifth of it
    from kaira_fastapi_poetry.settings import SettingsError, load_settings
    from kaira_fastapi_poetry.site.bundle import BundleError

    options = _parser().parse_args(arguments)
    try:
        site_dir = {"site_dir": options.site} if getattr(options, "site", None) else {}
        settings = load_settings(**site_dir)
        code: int = options.run(settings, options)
    except SettingsError as error:
        print(f"kaira: {error}", file=sys.stderr)
        return 2
    except BundleError as error:
        print(f"kaira: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return code


def serve(settings: Settings, options: argparse.Namespace) -> int:
    """`kaira serve`: press what has changed, then serve."""
    if options.reload:
        return _serve_live(settings)
    import structlog

    from kaira_fastapi_poetry.capacity import worker_count
    from kaira_fastapi_poetry.telemetry.workers import SharedMetrics

    workers = settings.web_concurrency or worker_count()
    shared, shortage = None, None
    try:
        shared = SharedMetrics(workers)
    except OSError as error:
        shortage = str(error)
    os.environ.pop("WEB_CONCURRENCY", None)  # gunicorn would read it too, and fall over ""
    # Now that it is arranged where metrics live, whatever makes one may be imported.
    from kaira_fastapi_poetry.app import create_app
    from kaira_fastapi_poetry.serve import Gunicorn
    from kaira_fastapi_poetry.telemetry import logs

    logs.configure(settings)
    if shortage is not None:
        structlog.get_logger().warning("each worker counts for itself", reason=shortage)
    try:
        site = _up_to_date(settings.site_dir)
        Gunicorn(settings, workers, shared, lambda: create_app(settings, lambda: site)).run()
    finally:
        if shared is not None:
            shared.remove()
    return 0


def press(settings: Settings, _: argparse.Namespace) -> int:
    """`kaira press`: make the bundle of `SITE_DIR`."""
    from kaira_fastapi_poetry.press.press import PressError

    try:
        _press(settings.site_dir)
    except PressError as error:
        print(f"kaira: {error}", file=sys.stderr)
        return 1
    return 0


def logs(_: Settings, options: argparse.Namespace) -> int:
    """`kaira logs`: read JSON lines, and write them for people."""
    from kaira_fastapi_poetry.logview import read_filter, show

    gc.enable()
    try:
        wanted = read_filter(options.request_id, options.status, options.slower, options.level)
    except ValueError as error:
        print(f"kaira: {error}", file=sys.stderr)
        return 2
    return show(options.file, wanted)


# Private


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kaira", description="Serves a site, and prepares it for that."
    )
    parser.add_argument("--version", action="version", version=f"kaira {__version__}")
    commands = parser.add_subparsers(required=True, metavar="command")
    command = commands.add_parser("serve", help="press what has changed, then serve SITE_DIR")
    command.add_argument("--reload", action="store_true", help="show changes as they are made")
    command.set_defaults(run=serve)
    command = commands.add_parser("press", help="make the bundle that is served")
    command.add_argument("site", nargs="?", type=Path, help="the folder (default: SITE_DIR)")
    command.set_defaults(run=press)
    command = commands.add_parser("logs", help="show JSON log lines as people read them")
    command.add_argument("file", nargs="?", type=Path, help="(default: standard input)")
    command.add_argument("--request-id", metavar="ID", help="of one request; its beginning will do")
    command.add_argument("--status", help="of answers with 404, 5xx or 500-599")
    command.add_argument("--slower", type=float, metavar="SECONDS", help="of slower answers")
    command.add_argument("--level", metavar="LEVEL", help="of this level and worse")
    command.set_defaults(run=logs)
    return parser


def _press(site_dir: Path) -> None:
    from rich.console import Console

    from kaira_fastapi_poetry.press.press import press
    from kaira_fastapi_poetry.press.report import show
    from kaira_fastapi_poetry.site.bundle import bundle_dir

    gc.enable()
    console = Console(stderr=True)
    show(press(site_dir, bundle_dir(site_dir), console=console), console)


def _up_to_date(site_dir: Path) -> Bundle:
    """The bundle of the folder as it is now: pressed first if it has changed."""
    import structlog

    from kaira_fastapi_poetry.site import bundle

    directory = bundle.bundle_dir(site_dir)
    if not site_dir.exists():  # an image carries the bundle alone
        return bundle.open_site(site_dir)
    try:
        found = bundle.load(directory)
        if found.source == bundle.signature(site_dir):
            return found
    except bundle.BundleError:
        pass
    try:
        from kaira_fastapi_poetry.press.press import PressError

        _press(site_dir)
        return bundle.load(directory)
    except ImportError:
        reason = "the press is not installed here; `poetry install --with press`"
    except PressError as error:
        raise bundle.BundleError(str(error)) from None
    except OSError as error:
        reason = str(error)
    structlog.get_logger().warning("site served as it lies, uncompressed", reason=reason)
    return bundle.of_folder(site_dir)


def _serve_live(settings: Settings) -> int:
    gc.enable()
    import uvicorn

    from kaira_fastapi_poetry.protocol import GuardedProtocol

    print(f"Kaira on http://localhost:{settings.port}, Ctrl-C ends it", file=sys.stderr)
    uvicorn.run(
        "kaira_fastapi_poetry.live:create_live_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        http=GuardedProtocol,
        ws="none",
        proxy_headers=False,
        server_header=False,
        log_config=None,
        reload=True,
        reload_dirs=[str(Path(__file__).parent)],
    )
    return 0
