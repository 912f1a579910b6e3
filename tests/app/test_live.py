"""`kaira serve --reload`: what was saved is what is seen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.app.running import KAIRA, Server, write

COMMAND = [KAIRA, "serve", "--reload"]


def test_a_change_is_seen_by_the_next_request(start: Callable[..., Server], tmp_path: Path) -> None:
    site = write(
        tmp_path / "site", {"index.html": '<link rel="stylesheet" href="a.css">', "a.css": "a{}"}
    )
    server = start(COMMAND, SITE_DIR="site")
    before = server.ask("/")
    for number in range(3):
        write(site, {"index.html": f"<p>version {number}</p>"})
        assert server.ask("/").body == b"<p>version %d</p>" % number
    assert server.ask("/", headers={"If-None-Match": before.headers["etag"]}).status == 200
    assert server.ask("/new/").status == 404
    write(site, {"new/index.html": "new"})
    assert server.ask("/new/").body == b"new"
    (site / "new/index.html").unlink()
    assert server.ask("/new/").status == 404


def test_a_broken_template_is_shown_where_it_is_looked_at_and_mended_by_mending_it(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    site = write(tmp_path / "site", {"site.toml": 'languages = ["en"]', "index.html": "good"})
    server = start(COMMAND, SITE_DIR="site")
    assert server.ask("/").body == b"good"
    write(site, {"index.html": "<p>\n{{ broken"})
    for _ in range(2):
        answer = server.ask("/")
        assert answer.status == 500
        assert answer.headers["content-type"].startswith("text/plain")
        assert b"index.html:2" in answer.body and b"Traceback" not in answer.body
    write(site, {"index.html": "mended"})
    assert (server.ask("/").status, server.ask("/").body) == (200, b"mended")


def test_a_folder_that_is_broken_at_the_start_is_shown_and_then_mended(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    site = write(tmp_path / "site", {"site.toml": 'languages = ["en"]', "index.html": "{{ x"})
    server = start(COMMAND, wait=False, SITE_DIR="site")
    from tests.app.running import wait_until

    def answers() -> bool:
        try:
            return server.ask("/").status == 500
        except OSError:
            return False

    wait_until(answers, "the mistake is shown")
    write(site, {"index.html": "mended"})
    assert server.ask("/").body == b"mended"
