"""What the edge keeps, and how it answers from it."""

from __future__ import annotations

import gzip
import re

import brotli
import pytest
import zstandard

from tests.edge.stack import BROWSER, CLASSES, ROOT, Stack

DECODE = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
    "": lambda body: body,
}


def fetch(
    stack: Stack, path: str, accept: str, **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and the body as it came over the wire."""
    with stack.client() as client:
        request = client.build_request("GET", path, headers={"accept-encoding": accept, **headers})
        if not accept:
            del request.headers["accept-encoding"]
        answer = client.send(request, stream=True)
        body = b"".join(answer.iter_raw())
        return answer.status_code, dict(answer.headers), body


@pytest.mark.parametrize("accept", CLASSES)
def test_every_page_is_the_same_page_in_every_coding_and_comes_from_the_cache(
    stack: Stack, accept: str
) -> None:
    for path in stack.paths():
        plain = fetch(stack, path, "identity;q=1")[2]
        status, headers, body = fetch(stack, path, accept)
        coding = headers.get("content-encoding", "")
        assert status == 200
        assert coding in accept
        assert DECODE[coding](body) == plain
        assert "hit" in headers["cache-status"], path


def test_codings_that_are_weighed_are_honoured(stack: Stack) -> None:
    for accept, expected in {
        "br;q=0, gzip": "gzip",
        "zstd;q=0.1, br;q=0.2, gzip;q=0.3": "gzip",
        "*;q=0.5, gzip;q=0": ("br", "zstd"),
        "br;q=0, gzip;q=0, zstd;q=0": "",
    }.items():
        _, headers, _ = fetch(stack, "/", accept)
        assert headers.get("content-encoding", "") in expected, accept
    assert fetch(stack, "/", "identity;q=0, unknown")[0] == 406


def test_a_query_does_not_make_another_entry(stack: Stack) -> None:
    fetch(stack, "/about/", BROWSER)
    for query in range(5):
        _, headers, _ = fetch(stack, f"/about/?x={query}", BROWSER)
        assert "hit" in headers["cache-status"]


def test_what_is_compressed_in_itself_is_kept_once_for_everybody(stack: Stack) -> None:
    picture = next(path for path in stack.paths() if path.endswith(".avif"))
    for accept in (BROWSER, "br", "zstd", "gzip, unknown", "identity;q=1, *;q=0", ""):
        _, headers, _ = fetch(stack, picture, accept)
        assert "hit" in headers["cache-status"], accept


def test_the_edge_and_what_fills_it_agree_on_what_is_compressed_in_itself() -> None:
    edge = re.findall(r'"~\*(.*)" "packed ";', (ROOT / "nginx/edge/cache.conf").read_text())
    crawl = re.findall(r"PACKED='(.*)'", (ROOT / "nginx/start/crawl").read_text())
    assert len(edge) == 1 and edge == crawl


def test_a_redirect_keeps_its_own_query(stack: Stack) -> None:
    for query in ("a=1", "b=2"):
        status, headers, _ = fetch(stack, f"/about?{query}", "")
        assert (status, headers["location"]) == (308, f"/about/?{query}")


def test_an_encoded_slash_does_not_take_the_place_of_a_page(stack: Stack) -> None:
    assert fetch(stack, "/ko%2Fabout/", "")[0] == 404
    assert fetch(stack, "/ko/about/", "")[0] == 200


def test_a_page_is_asked_for_again_and_an_asset_is_not(stack: Stack) -> None:
    _, page, _ = fetch(stack, "/", BROWSER)
    assert page["cache-control"] == "no-cache"
    assert "x-accel-expires" not in page
    assert page["vary"].lower() == "accept-encoding"
    asset = next(path for path in stack.paths() if path.endswith(".css") and path.count(".") == 2)
    _, headers, _ = fetch(stack, asset, BROWSER)
    assert headers["cache-control"] == "public, max-age=31536000, immutable"


def test_what_has_not_changed_is_not_sent_again(stack: Stack) -> None:
    _, headers, _ = fetch(stack, "/", BROWSER)
    status, again, body = fetch(stack, "/", BROWSER, **{"if-none-match": headers["etag"]})
    assert (status, body, again["etag"]) == (304, b"", headers["etag"])
    other = fetch(stack, "/", "gzip", **{"if-none-match": headers["etag"]})
    assert other[0] == 200  # another coding is another representation


def test_part_of_a_file_is_cut_from_the_whole(stack: Stack) -> None:
    path = next(path for path in stack.paths() if path.endswith(".avif"))
    whole = fetch(stack, path, "")[2]
    status, headers, body = fetch(stack, path, "", range="bytes=10-19")
    assert (status, body) == (206, whole[10:20])
    assert headers["content-range"] == f"bytes 10-19/{len(whole)}"
    assert fetch(stack, path, "", range=f"bytes={len(whole)}-")[0] == 416


def test_every_answer_has_an_id_of_its_own_and_the_client_s_is_not_taken(stack: Stack) -> None:
    given = "0123456789abcdef"
    seen = {
        fetch(stack, "/", BROWSER, **{"x-request-id": given})[1]["x-request-id"] for _ in range(5)
    }
    assert len(seen) == 5 and given not in seen


def test_the_api_is_never_kept(stack: Stack) -> None:
    for _ in range(2):
        _, headers, _ = fetch(stack, "/api/info", "")
        assert headers["cache-status"] == "kaira; fwd=uri-miss"
