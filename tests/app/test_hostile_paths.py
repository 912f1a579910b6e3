"""No path leads out of the folder, whatever it says and however it is sent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.app.running import Server, kaira, serving, write
from tests.http_table import UVICORN

SECRET = b"nobody may see this"
SITE = {
    "index.html": b"<!doctype html><title>home</title>",
    "a/b/page.html": b"<!doctype html><title>page</title>",
    ".env": SECRET,
    ".git/config": SECRET,
    "a/.secret/page.html": SECRET,
    "a/.well-known/page.html": SECRET,
    ".well-known/.secret": SECRET,
}


def _site(folder: Path) -> Path:
    """A site with links in all directions, and secrets all around it."""
    site = write(folder / "site", SITE)
    write(folder, {"outside.html": SECRET, "out/index.html": SECRET, "site.txt": SECRET})
    for name, target in {
        "out-file.html": folder / "outside.html",
        "out-folder": folder / "out",
        "out-relative.html": Path("../outside.html"),
        "out-root": Path("/"),
        "a/to-dotfile.html": site / ".env",
        "a/to-dotfolder": site / ".git",
        "loop": site / "loop",
        "a/up": site,
        "a/b/here": Path(),
        "to-nothing.html": folder / "nothing",
        "inside.html": site / "a/b/page.html",
        "a/chain.html": site / "out-file.html",
        "neighbour.txt": Path("../site.txt"),  # its path begins like the folder's
    }.items():
        (site / name).symlink_to(target)
    return site


@pytest.fixture(scope="module", params=["plain", "pressed"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The site as it lies there, and pressed."""
    folder = tmp_path_factory.mktemp("hostile")
    _site(folder)
    command = UVICORN
    if request.param == "pressed":
        done = kaira("press", folder=folder, SITE_DIR="site")
        assert done.returncode == 0, done.stderr
        command = None
    with serving(folder, command, SITE_DIR="site") as server:
        yield server


def ask(server: Server, target: bytes) -> bytes:
    return server.exchange(
        b"GET " + target + b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )


# The reason is what the log gives; None: the server's parser refuses it, or nothing is there.
HOSTILE = {
    b"/..": "dot segment",
    b"/../outside.html": "dot segment",
    b"/a/../../outside.html": "dot segment",
    b"/./index.html": "dot segment",
    b"/%2e%2e/outside.html": "dot segment",
    b"/.%2E/outside.html": "dot segment",
    b"/%2e/index.html": "dot segment",
    b"/%252e%252e/outside.html": "dot segment",
    b"/%252e%252e%252foutside.html": "dot segment",
    b"/..%2foutside.html": "backslash or encoded slash",
    b"/%2e%2e%2foutside.html": "backslash or encoded slash",
    b"/a%2fb%2fpage.html": "backslash or encoded slash",
    b"/..\\outside.html": "backslash or encoded slash",
    b"/..%5coutside.html": "backslash or encoded slash",
    b"/%5c%5chost%5cshare": "backslash or encoded slash",
    b"/index.html%00": "control character",
    b"/%00": "control character",
    b"/index.html%00.png": "control character",
    b"/%0d%0aSet-Cookie:%20a=b": "control character",
    b"/%0a": "control character",
    b"/%c0%ae%c0%ae/outside.html": "not UTF-8",
    b"/%c0%af": "not UTF-8",
    b"/%e0%80%ae%e0%80%ae/outside.html": "not UTF-8",
    b"/%ed%a0%80": "not UTF-8",
    b"/%ff%fe": "not UTF-8",
    b"/.env": "dotfile",
    b"/%2eenv": "dotfile",
    b"/.git/config": "dotfile",
    b"/.git": "dotfile",
    b"/a/.secret/page.html": "dotfile",
    b"/.well-known/.secret": "dotfile",
    b"/static/.env": "dotfile",
    b"/static/../outside.html": "dot segment",
    b"/static/%2e%2e/outside.html": "dot segment",
}
NOTHING_THERE = [
    b"//etc/passwd", b"/etc/passwd", b"///", b"/outside.html", b"/site.txt",
    b"/out-file.html", b"/out-folder/", b"/out-folder", b"/out-folder/index.html",
    b"/out-relative.html", b"/out-root/etc/passwd", b"/a/to-dotfile.html", b"/a/to-dotfolder/config",
    b"/loop", b"/loop/", b"/a/up/index.html", b"/a/b/here/page.html", b"/to-nothing.html",
    b"/a/chain.html", b"/neighbour.txt", b"/C:/Windows/win.ini", b"/file:///etc/passwd",
    b"/~root/", b"/%", b"/%zz", b"/%u002e%u002e/", b"/index.html::$DATA", b"/index.html/",
    b"/index.html/..;/outside.html", b"/index.html.", b"/site.bundle/manifest.json", b"/manifest.json",
    b"/static/static/index.html", b"/a/.well-known/page.html",
]  # fmt: skip


@pytest.mark.parametrize("target", HOSTILE, ids=repr)
def test_a_hostile_path_is_refused_and_the_log_says_why(server: Server, target: bytes) -> None:
    answer = ask(server, target)
    assert re.match(rb"HTTP/1\.1 (404|400) ", answer), answer[:200]
    assert SECRET not in answer and b"et-Cookie" not in answer
    entry = server.wait_for_entry(path=target.decode("latin-1"), reason=HOSTILE[target])
    assert entry["level"] == "warning" and entry["event"] == "path refused"
    assert entry["request_id"].encode() in answer


@pytest.mark.parametrize("target", NOTHING_THERE, ids=repr)
def test_nothing_is_there(server: Server, target: bytes) -> None:
    answer = ask(server, target)
    assert re.match(rb"HTTP/1\.1 (404|400) ", answer), answer[:200]
    assert SECRET not in answer


@pytest.mark.parametrize(
    "target",
    [b"..", b"../outside.html", b"outside.html", b"/a b", b"/\x00", b"/\x7f", b"/\xc0\xae", b"",
     b"/" + "신상".encode()],
    ids=repr,
)  # fmt: skip
def test_what_is_no_target_is_refused(server: Server, target: bytes) -> None:
    assert re.match(rb"HTTP/1\.1 (404|400) ", ask(server, target))


def test_a_link_inside_of_the_folder_is_followed(server: Server) -> None:
    assert ask(server, b"/inside.html").endswith(SITE["a/b/page.html"])


segments = st.one_of(
    st.sampled_from(["..", ".", "", "~", "site", "outside.html", ".env", ".git", "config", "a",
                     "out-folder", "static", "index.html", "%", "..;", "...", "C:", "\\", "b",
                     "\0", "here", "up", ".well-known", ".secret"]),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)  # fmt: skip


@st.composite
def targets(draw: st.DrawFn) -> bytes:
    """Paths that climb, each of their characters sent as it is, encoded once, or twice."""
    path = "/" + "/".join(draw(st.lists(segments, max_size=6)))
    out = ""
    for character in path:
        way = draw(st.sampled_from("00012"))
        once = "".join(f"%{byte:02x}" for byte in character.encode())
        if way == "1" or not 33 <= ord(character) < 127:
            out += once
        else:
            out += once.replace("%", "%25") if way == "2" else character
    return out.encode()


@settings(max_examples=150, deadline=None)
@given(targets())
def test_no_path_whatever_shows_what_is_outside(server: Server, target: bytes) -> None:
    answer = ask(server, target)
    assert re.match(rb"HTTP/1\.1 (200|308|400|404) ", answer), (target, answer[:200])
    assert SECRET not in answer
    if answer.startswith(b"HTTP/1.1 308"):
        assert re.search(rb"\r\nlocation: /[^/]", answer)


def test_no_refusal_left_a_traceback(server: Server) -> None:
    ask(server, b"/" + quote("/../").encode())
    assert "Traceback" not in server.tail
    assert not [entry for entry in server.entries() if entry["level"] in ("error", "critical")]
