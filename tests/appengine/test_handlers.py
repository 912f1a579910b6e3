"""Every URL of the site, on App Engine and from the application."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.appengine import TYPES
from kaira_fastapi_poetry.site import bundle as bundles
from tests.app.running import Server, environment, write
from tests.appengine.conftest import Upload
from tests.appengine.handlers import Handlers
from tests.appengine.upload import make, uploaded

# What Google's frontend sets for a static file itself, or the application for itself alone.
NOT_COMPARED = {
    "date": "the frontend's",
    "etag": "the frontend makes its own of the content",
    "last-modified": "the frontend sends none: it goes by the ETag",
    "accept-ranges": "the frontend's, as are ranges",
    "x-request-id": "names a line in the application's log, and it has not been asked",
}
SERVER = [sys.executable, "-m", "kaira_fastapi_poetry", "serve"]


@pytest.fixture(scope="module")
def handlers(upload: Upload) -> Handlers:
    return Handlers(upload.folder / "app.yaml", upload.files)


@pytest.fixture(scope="module")
def server(upload: Upload) -> Iterator[Server]:
    """The application on the prepared site."""
    where = {"SITE_DIR": "appengine/site", "PYTHONPATH": str(upload.folder)}
    running = Server(upload.folder, SERVER, **where)
    try:
        yield running.wait()
    finally:
        running.stop()


def test_each_url_is_answered_with_the_bytes_and_headers_of_the_application(
    upload: Upload, handlers: Handlers, server: Server
) -> None:
    site = bundles.load(upload.folder / "appengine/site.bundle")
    paths = server.ask("/_paths").body.decode().split()
    assert len(paths) > 1000
    by_google, by_application = 0, 0
    with server.client() as client:
        for path in [*paths, *(f"/static{path}" for path in paths)]:
            reply = handlers.reply(path)
            file = site.files.get(path.removeprefix("/static"))
            expected = (
                file is not None
                and file.immutable
                and TYPES.get(path.rpartition(".")[2]) == file.media_type
            )
            assert (reply.status == 200) is expected, path
            if reply.status is None:
                by_application += 1
                continue
            answer = client.ask(path)  # for identity, as nothing is said of encodings
            assert (answer.status, answer.body) == (200, reply.body), path
            compared = {
                name: value for name, value in answer.headers.items() if name not in NOT_COMPARED
            }
            assert compared == reply.headers, path
            by_google += 1
    print(f"{by_google} URLs by Google, {by_application} by the application")
    assert by_google > 500


def test_each_handler_of_a_type_is_the_one_that_the_preparation_knows(handlers: Handlers) -> None:
    found = {}
    for ending in TYPES:
        name = f"appengine/static/a.0123abcd.{ending}"
        hit = next(each for each in handlers.handlers if "upload" in each
                   and re.fullmatch(each["upload"], name)
                   and re.fullmatch(each["url"], f"/a.0123abcd.{ending}"))  # fmt: skip
        found[ending] = hit["mime_type"]
    assert found == TYPES
    assert len({each["mime_type"] for each in handlers.handlers if "mime_type" in each}) == len(
        set(TYPES.values())
    )


@pytest.mark.parametrize(
    "path",
    ["/", "/ko/", "/shop", "/health", "/api/products?lang=ko", "/no/such/page",
     "/assets/none.0123abcd.avif", "/static/none.0123abcd.css", "/a.0123abcd.svg", "/x.0123abcd",
     "/../app.yaml", "/app.yaml", "/appengine/static/assets/", "/%2e%2e/app.yaml"],
)  # fmt: skip
def test_everything_else_is_the_application_s(handlers: Handlers, path: str) -> None:
    assert handlers.reply(path).status is None


@pytest.mark.parametrize("path", ["/metrics", "/_paths"])
def test_what_is_not_for_visitors_is_not_there(handlers: Handlers, path: str) -> None:
    assert handlers.reply(path).status == 404


@pytest.mark.parametrize("path", ["/", "/ko/", "/api/info", "/health"])
def test_plain_http_is_sent_to_https_for_good(handlers: Handlers, path: str) -> None:
    assert handlers.reply(path, "http").status == 301


def test_plain_http_is_sent_to_https_for_files_too(upload: Upload, handlers: Handlers) -> None:
    name = next(each for each in sorted(upload.files) if each.startswith("appengine/static/"))
    path = name.removeprefix("appengine/static")
    assert (handlers.reply(path).status, handlers.reply(path, "http").status) == (200, 301)


def test_a_new_instance_is_warmed_up_without_tls(handlers: Handlers, server: Server) -> None:
    assert handlers.configuration["inbound_services"] == ["warmup"]
    assert handlers.reply("/_ah/warmup", "http").status is None
    assert server.ask("/_ah/warmup").status == 200


def test_the_settings_of_app_yaml_are_settings(handlers: Handlers) -> None:
    from kaira_fastapi_poetry.settings import Settings

    variables = handlers.configuration["env_variables"]
    assert all(isinstance(value, str) for value in variables.values()), "App Engine takes strings"
    assert {name.lower() for name in variables} <= set(Settings.model_fields)
    assert "PORT" not in variables, "App Engine sets it"


def test_a_file_of_another_type_or_charset_than_its_handler_s_is_the_application_s(
    upload: Upload, tmp_path: Path
) -> None:
    links = "".join(f'<link rel="stylesheet" href="{name}.css">' for name in ("utf", "latin"))
    write(tmp_path / "other", {
        "index.html": f'<!doctype html><title>x</title>{links}<img src="own.0123abcd.png">',
        "utf.css": "p::after { content: '카' }",
        "latin.css": b"p::after { content: '\xe9' }",
        "own.0123abcd.png": b"png",
        "lone.0123abcd.png": b"a name like a fingerprint's",
    })  # fmt: skip
    for name in ("app.yaml", ".gcloudignore", "Makefile"):
        (tmp_path / name).write_bytes((upload.folder / name).read_bytes())
    done = make(tmp_path, "appengine", SITE_DIR="other", PYTHONPATH=environment()["PYTHONPATH"])
    assert done.returncode == 0, done.stderr
    site = bundles.load(tmp_path / "appengine/site.bundle")
    handlers = Handlers(tmp_path / "app.yaml", uploaded(tmp_path, tmp_path / "scratch"))
    second = {path.split(".")[0]: path for path, file in site.files.items() if file.immutable}
    assert handlers.reply(second["/utf"]).status == 200
    assert handlers.reply(second["/latin"]).status is None
    assert handlers.reply("/lone.0123abcd.png").status is None
    assert handlers.reply(second["/own"]).status == 200
