"""Nothing outside of the folder can be had, whatever the path says."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kaira_fastapi_poetry.site.paths import Hostile, canonical
from tests.app.conftest import FILES
from tests.app.server import Server, wait_until

SECRETS = (b"OUTSIDE", b"SECRET=1", b"[secret]", b"root:x:")


def get(server: Server, target: bytes) -> bytes:
    return server.raw(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % target)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        (b"/../outside.txt", "dot segment"),
        (b"/%2e%2e/outside.txt", "dot segment"),
        (b"/.%2e/outside.txt", "dot segment"),
        (b"/static/../../outside.txt", "dot segment"),
        (b"/%252e%252e/outside.txt", "dot segment"),
        (b"/shop/./index.html", "dot segment"),
        (b"/..%2foutside.txt", "backslash or encoded slash"),
        (b"/..%5coutside.txt", "backslash or encoded slash"),
        (b"/..\\outside.txt", "backslash or encoded slash"),
        (b"/shop%2findex.html", "backslash or encoded slash"),
        (b"/index.html%00.txt", "control character"),
        (b"/%0d%0aX-A:b", "control character"),
        (b"/%c0%ae%c0%ae/outside.txt", "not UTF-8"),
        (b"/%ff", "not UTF-8"),
        (b"/.env", "dotfile"),
        (b"/.git/config", "dotfile"),
        (b"/static/.env", "dotfile"),
        (b"/.well-known/../.env", "dot segment"),
    ],
)
def test_a_hostile_path_is_404_and_the_log_says_why(
    server: Server, target: bytes, reason: str
) -> None:
    before = len(server.lines())
    answer = get(server, target)
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert not any(secret in answer for secret in SECRETS)
    wait_until(
        lambda: any(line.get("reason") == reason for line in server.lines()[before:]),
        "the log says why",
    )


@pytest.mark.parametrize(
    "target",
    [b"/link.txt", b"/hidden.txt", b"/loop/index.html", b"/etc/passwd", b"//etc/passwd", b"/%zz",
     b"/" + b"a/" * 3000, b"/%", b"/index.html/", b"/index.html/x", b"/empty.txt/"],
)  # fmt: skip
def test_what_is_not_there_is_404(server: Server, target: bytes) -> None:
    assert get(server, target).startswith(b"HTTP/1.1 404 ")


segment = st.one_of(
    st.sampled_from(["..", ".", "%2e%2e", "%252e", "", "static", "shop", "outside.txt", ".env"]),
    st.text(
        st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="?#"), max_size=8
    ),
    st.binary(max_size=4).map(lambda raw: "".join(f"%{byte:02x}" for byte in raw)),
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(segment, max_size=6))
def test_no_path_whatever_leaves_the_folder(server: Server, segments: list[str]) -> None:
    answer = get(server, ("/" + "/".join(segments)).encode())
    assert not any(secret in answer for secret in SECRETS)
    assert answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 308", b"HTTP/1.1 400", b"HTTP/1.1 404"))


@given(st.sampled_from(sorted(FILES)), st.data())
def test_however_a_name_is_encoded_it_is_the_same_name(name: str, data: st.DataObject) -> None:
    if name.startswith((".env", ".git")):
        return
    encoded = b"".join(
        b"/" if byte == ord("/")
        else b"%%%02x" % byte if byte > 126 or byte < 33 or data.draw(st.booleans()) or byte == 37
        else bytes([byte])
        for byte in name.encode()
    )  # fmt: skip
    assert canonical(b"/" + encoded) == canonical(canonical(b"/" + encoded).encode())


@given(st.binary(max_size=40))
def test_a_path_is_canonical_or_hostile_and_nothing_else(raw: bytes) -> None:
    try:
        path = canonical(b"/" + raw)
    except Hostile as reason:
        assert str(reason)
    else:
        assert path.isascii() and path.startswith("/") and "/../" not in path + "/"
