"""HTTP by RFC 9110 and 9111 as a table: what is asked of a small site, and what must come back.

The same cases hold for the application alone and for the edge in front of it. In what is
sent, "{etag}" stands for the entity tag that the same request without its conditions gets,
"{etag:br}" for that of the variant in a coding, and "{modified}" for `Last-Modified`.
"""

from __future__ import annotations

import gzip
import re
import sys
import unicodedata
from dataclasses import dataclass, field
from email.utils import formatdate
from pathlib import Path
from urllib.parse import quote

from tests.app.running import Answer, Client

UVICORN = [
    str(Path(sys.executable).with_name("uvicorn")),
    "kaira_fastapi_poetry.main:app",
    "--port={port}",
    "--no-access-log",
    "--no-server-header",  # the operator's own choice there
]
MODIFIED = 1_700_000_000  # of every file
BEFORE, AT, AFTER = (formatdate(MODIFIED + shift, usegmt=True) for shift in (-60, 0, 60))

TEXT = b"".join(b"p { margin: %dpx }\n" % number for number in range(400))
PAGE = b"<!doctype html><title>x</title><p>" + b"A page of words. " * 100
LARGE = bytes(range(256)) * 1200  # more than is held in memory
SITE: dict[str, bytes] = {
    "index.html": b"<!doctype html><title>home</title>" + b"<p>home</p>" * 50,
    "404.html": b"<!doctype html><title>lost</title>" + b"<p>lost</p>" * 50,
    "shop/index.html": b"<!doctype html><title>shop</title>" + b"<p>shop</p>" * 50,
    "shop/404.html": b"<!doctype html><title>lost in the shop</title>",
    "shop/deep/er/index.html": b"<!doctype html><title>deep</title>",
    "evil.com/index.html": b"<!doctype html><title>a folder</title>",
    "without/page.html": PAGE,
    "page.html": PAGE,
    "uses.html": b'<!doctype html><title>x</title><link rel="stylesheet" href="style.css">',
    "style.css": TEXT,
    # As macOS and its archives spell names: decomposed.
    unicodedata.normalize(
        "NFD", "신상/여름 치마.html"
    ): b"<!doctype html><title>\xec\xb9\x98</title>",
    "digits.txt": b"0123456789",
    "empty.txt": b"",
    "large.bin": LARGE,
    "large.txt": b"a line of a large file\n" * 15_000,
    "신상/봄 코트.html": "<!doctype html><meta charset=utf-8><title>봄 코트</title>".encode(),
    "신상/index.html": b"<!doctype html><title>new</title>",
    'a b/it\'s+good & "new".txt': b"quoted",
    "100%.txt": b"percent",
    "a;b=c,d.txt": b"reserved",
    ".well-known/security.txt": b"Contact: mailto:x@example.com\n",
    ".git/config": b"secret",
    ".env": b"secret",
    "shop/.htpasswd": b"secret",
    "a.avif": b"avif",
    "a.webp": b"webp",
    "a.woff2": b"woff2",
    "a.wasm": b"\0asm",
    "a.mjs": b"export {}",
    "a.js": b"0",
    "a.webmanifest": b'{"name": "x"}',
    "a.svg": b'<svg xmlns="http://www.w3.org/2000/svg"/>',
    "a.json": b"{}",
    "a.ico": b"icon",
    "a.unheard-of": b"?",
    "noending": b"?",
    "latin1.html": b"<!doctype html><meta charset=iso-8859-1><title>caf\xe9</title>",
    "a.tar.gz": gzip.compress(b"archive", mtime=0),
}

PRESSED, PLAIN = "pressed", "plain"
BOTH = (PLAIN, PRESSED)
Expected = str | re.Pattern[str] | None  # None: the header is absent


@dataclass(frozen=True)
class Case:
    """One request and what must come back.

    has: response headers by name in lower case, whole value, pattern or None for absent.
    body: exactly, decoded from its content coding; None for "whatever".
    sites: whether it is asked of the pressed folder, of the plain one, or of both.
    """

    name: str
    target: str | bytes
    status: int
    sends: dict[str, str] = field(default_factory=dict)
    has: dict[str, Expected] = field(default_factory=dict)
    body: bytes | None = None
    method: str = "GET"
    sites: tuple[str, ...] = BOTH
    coding: str | None = None  # that the body must be in; "identity" for none


def ask(case: Case, base: str, client: Client) -> Answer:
    """Send the request of a case on a connection to `base`."""
    return client.ask(case.target, case.method, _filled(case, base))


def check(case: Case, answer: Answer) -> None:
    """Hold an answer against its case, and against what every answer must be."""
    assert answer.status == case.status, f"{answer.status} {answer.headers}"
    for name, expected in case.has.items():
        value = answer.headers.get(name)
        if isinstance(expected, re.Pattern):
            assert value is not None and expected.fullmatch(value), f"{name}: {value}"
        else:
            assert value == expected, f"{name}: {value!r} and not {expected!r}"
    coding = answer.headers.get("content-encoding", "identity")
    if case.coding is not None:
        assert coding == case.coding
    if case.body is not None:
        assert decoded(answer.body, coding) == case.body
    _check_always(case, answer)


def decoded(body: bytes, coding: str) -> bytes:
    """The bytes without their content coding."""
    if not body or coding == "identity":
        return body
    if coding == "gzip":
        return gzip.decompress(body)
    if coding == "br":
        import brotli

        return bytes(brotli.decompress(body))
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj().decompress(body)


def _check_always(case: Case, answer: Answer) -> None:
    if answer.body:  # without content there is nothing to sniff at
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert re.fullmatch(r"[A-Za-z0-9_-]{8,64}", answer.headers["x-request-id"])
    assert not re.search(r"uvicorn|gunicorn|python", str(answer.headers), re.IGNORECASE)
    assert "date" in answer.headers
    assert not set(answer.headers) & {"transfer-encoding"} or case.status >= 400
    for name, value in answer.headers.items():
        if name in ("etag", "content-type", "content-length", "vary", "last-modified", "date"):
            assert ", " not in value or name in ("last-modified", "date"), f"{name} twice: {value}"
    if case.method == "HEAD" or case.status in (304, 308, 416):
        assert answer.body == b""
    if case.status in (200, 206, 304):
        assert re.fullmatch(r'"[^"]+"', answer.headers["etag"]), "a strong entity tag"
        assert answer.headers["last-modified"] == AT
        assert "cache-control" in answer.headers
    if case.status == 200 and case.method == "GET":
        assert answer.headers["content-length"] == str(len(answer.body))
    if case.status == 304:
        assert not set(answer.headers) & {"content-type", "content-length", "content-encoding"}
    if case.status == 404:
        assert "etag" not in answer.headers and "last-modified" not in answer.headers


def _filled(case: Case, base: str) -> dict[str, str]:
    sends = dict(case.sends)
    plain = {
        name: value
        for name, value in sends.items()
        if not name.lower().startswith("if-") and name.lower() != "range"
    }
    for name, value in sends.items():
        for placeholder in re.findall(r"\{(?:etag(?::\w+)?|modified)\}", value):
            coding = placeholder[6:-1] if ":" in placeholder else None
            asked = {**plain, "Accept-Encoding": coding} if coding else plain
            with Client(base) as client:
                found = client.ask(case.target, "HEAD", asked).headers
            header = "last-modified" if placeholder == "{modified}" else "etag"
            sends[name] = sends[name].replace(placeholder, found[header])
    return sends


# The table

_COMPRESSED = (PRESSED,)
_HTML = "text/html; charset=utf-8"
_NFC = "/신상/봄 코트.html"
_COAT = SITE["신상/봄 코트.html"]


def _encoding(name: str, value: str, coding: str | None, target: str = "/style.css") -> Case:
    """Of TEXT, which compresses well, to a client that sends this Accept-Encoding."""
    if coding is None:
        return Case(name, target, 406, {"Accept-Encoding": value}, sites=_COMPRESSED,
                    has={"vary": "accept-encoding"})  # fmt: skip
    return Case(name, target, 200, {"Accept-Encoding": value}, body=TEXT, coding=coding,
                has={"vary": "accept-encoding"}, sites=_COMPRESSED)  # fmt: skip


GET_AND_HEAD = [
    Case("the home page", "/", 200, body=SITE["index.html"], has={"content-type": _HTML}),
    Case("the home page by its file", "/index.html", 200, body=SITE["index.html"]),
    Case("a file", "/digits.txt", 200, body=b"0123456789",
         has={"content-length": "10", "accept-ranges": "bytes"}),
    Case("HEAD of a file", "/digits.txt", 200, method="HEAD", body=b"",
         has={"content-length": "10", "accept-ranges": "bytes"}),
    Case("HEAD of a compressed file", "/style.css", 200, {"Accept-Encoding": "br"}, method="HEAD",
         body=b"", coding="br", sites=_COMPRESSED),
    Case("HEAD of a large file", "/large.bin", 200, method="HEAD", body=b"",
         has={"content-length": str(len(LARGE))}),
    Case("HEAD of what is not there", "/nothing", 404, method="HEAD", body=b""),
    Case("a large file", "/large.bin", 200, body=LARGE),
    Case("an empty file", "/empty.txt", 200, body=b"", has={"content-length": "0"}),
    Case("an empty file for one who would like it compressed", "/empty.txt", 200,
         {"Accept-Encoding": "br, gzip"}, body=b"", coding="identity"),
    Case("the same tree below /static/", "/static/digits.txt", 200, body=b"0123456789"),
    Case("the home page below /static/", "/static/", 200, body=SITE["index.html"]),
    Case("an extra header of the request changes nothing", "/digits.txt", 200,
         {"X-Any": "thing", "Cookie": "a=b"}, body=b"0123456789", has={"set-cookie": None}),
    Case("a query changes nothing", "/digits.txt?v=2&x=%2F..%2F", 200, body=b"0123456789"),
]  # fmt: skip

NEGOTIATION = [
    Case("no Accept-Encoding gets the file as it is", "/style.css", 200, coding="identity",
         body=TEXT),
    Case("Vary also on what is sent as it is", "/style.css", 200, coding="identity",
         has={"vary": "accept-encoding"}, sites=_COMPRESSED),
    Case("what has one variant does not vary", "/digits.txt", 200, {"Accept-Encoding": "br"},
         coding="identity", has={"vary": None}),
    _encoding("empty", "", "identity"),
    _encoding("gzip", "gzip", "gzip"),
    _encoding("x-gzip is gzip", "x-gzip", "gzip"),
    _encoding("upper case", "GZIP", "gzip"),
    _encoding("br", "br", "br"),
    _encoding("zstd", "zstd", "zstd"),
    _encoding("br is refused", "br;q=0, gzip", "gzip"),
    _encoding("br is refused with decimals", "br;q=0.000, gzip", "gzip"),
    _encoding("all but identity are refused", "br;q=0, gzip;q=0, zstd;q=0", "identity"),
    _encoding("the better quality wins", "br;q=0.5, gzip;q=0.9", "gzip"),
    _encoding("spaces around everything", " br ; q=0.1 ,\tgzip ; q=0.2 ", "gzip"),
    _encoding("identity is wished for most", "gzip;q=0.5, identity;q=0.9", "identity"),
    _encoding("identity is refused, gzip is there", "gzip, identity;q=0", "gzip"),
    _encoding("identity is refused by the star", "gzip, *;q=0", "gzip"),
    _encoding("nothing is left", "*;q=0", None),
    _encoding("nothing is left but identity", "identity, *;q=0", "identity"),
    _encoding("only what we do not have", "compress, identity;q=0", None),
    _encoding("unknown codings are passed over", "compress, deflate", "identity"),
    _encoding("a malformed quality takes its coding out", "br;q=high, gzip", "gzip"),
    _encoding("a quality above one takes its coding out", "br;q=1.5, gzip", "gzip"),
    _encoding("a list of commas", ",,,gzip,,", "gzip"),
    _encoding("nothing but rubbish", ";;;=,\"", "identity"),
    Case("the star takes any", "/style.css", 200, {"Accept-Encoding": "*"}, body=TEXT,
         has={"content-encoding": re.compile("br|zstd|gzip")}, sites=_COMPRESSED),
    Case("what a browser sends gets the smallest", "/style.css", 200,
         {"Accept-Encoding": "gzip, deflate, br, zstd"}, body=TEXT,
         has={"content-encoding": re.compile("br|zstd|gzip")}, sites=_COMPRESSED),
    Case("a plain folder has identity only", "/style.css", 200, {"Accept-Encoding": "br"},
         coding="identity", body=TEXT, sites=(PLAIN,)),
    Case("a plain folder has nothing for who refuses identity", "/style.css", 406,
         {"Accept-Encoding": "identity;q=0"}, sites=(PLAIN,)),
    Case("whoever refuses identity and names nothing else gets none", "/style.css", 406,
         {"Accept-Encoding": "identity;q=0"}, sites=_COMPRESSED),
    Case("an error page comes even to who refuses it", "/nothing", 404,
         {"Accept-Encoding": "*;q=0"}),
    Case("an error page is negotiated", "/nothing", 404, {"Accept-Encoding": "gzip"},
         coding="gzip", has={"vary": "accept-encoding"}, sites=_COMPRESSED),
    Case("large text is compressed", "/large.txt", 200, {"Accept-Encoding": "gzip"},
         coding="gzip", body=SITE["large.txt"], sites=_COMPRESSED),
]  # fmt: skip

CONDITIONS = [
    Case("the tag that it has", "/style.css", 304, {"If-None-Match": "{etag}"}, body=b"",
         has={"etag": re.compile('".+"'), "cache-control": "no-cache"}),
    Case("304 says Vary", "/style.css", 304, {"If-None-Match": "{etag}"},
         has={"vary": "accept-encoding"}, sites=_COMPRESSED),
    Case("HEAD with the tag that it has", "/style.css", 304, {"If-None-Match": "{etag}"},
         method="HEAD"),
    Case("another tag", "/digits.txt", 200, {"If-None-Match": '"another"'}, body=b"0123456789"),
    Case("a list with its tag", "/digits.txt", 304, {"If-None-Match": '"a", {etag}, "b"'}),
    Case("a list without blanks", "/digits.txt", 304, {"If-None-Match": '"a",{etag},"b"'}),
    Case("a list without its tag", "/digits.txt", 200, {"If-None-Match": '"a", "b"'}),
    Case("the weak form of its tag", "/digits.txt", 304, {"If-None-Match": "W/{etag}"}),
    Case("any tag", "/digits.txt", 304, {"If-None-Match": "*"}),
    Case("any tag of what is not there", "/nothing", 404, {"If-None-Match": "*"}),
    Case("a tag without quotes", "/digits.txt", 200, {"If-None-Match": "abc"}),
    Case("the tag of the variant that would be sent", "/style.css", 304,
         {"If-None-Match": "{etag:br}", "Accept-Encoding": "br"}, sites=_COMPRESSED),
    Case("the tag of another variant", "/style.css", 200,
         {"If-None-Match": "{etag:br}", "Accept-Encoding": "gzip"}, body=TEXT, coding="gzip",
         sites=_COMPRESSED),
    Case("the tags of all variants", "/style.css", 304,
         {"If-None-Match": "{etag:br}, {etag:gzip}, {etag:zstd}", "Accept-Encoding": "zstd"},
         sites=_COMPRESSED),
    Case("its date", "/digits.txt", 304, {"If-Modified-Since": "{modified}"}),
    Case("a later date", "/digits.txt", 304, {"If-Modified-Since": AFTER}),
    Case("an earlier date", "/digits.txt", 200, {"If-Modified-Since": BEFORE},
         body=b"0123456789"),
    Case("no date at all", "/digits.txt", 200, {"If-Modified-Since": "yesterday"}),
    Case("a date that cannot be", "/digits.txt", 200,
         {"If-Modified-Since": "Mon, 99 Foo 99999 99:99:99 GMT"}),
    Case("an empty date", "/digits.txt", 200, {"If-Modified-Since": ""}),
    Case("a date of 1994 in RFC 850's form", "/digits.txt", 200,
         {"If-Modified-Since": "Sunday, 06-Nov-94 08:49:37 GMT"}),
    Case("the tag stands above the date: another tag", "/digits.txt", 200,
         {"If-None-Match": '"another"', "If-Modified-Since": AFTER}),
    Case("the tag stands above the date: its tag", "/digits.txt", 304,
         {"If-None-Match": "{etag}", "If-Modified-Since": BEFORE}),
    Case("conditions come before ranges", "/digits.txt", 304,
         {"If-None-Match": "{etag}", "Range": "bytes=0-1"}),
    Case("a large file that it has", "/large.bin", 304, {"If-None-Match": "{etag}"}, body=b""),
]  # fmt: skip


def _range(name: str, value: str, body: bytes, content_range: str) -> Case:
    return Case(name, "/digits.txt", 206, {"Range": value}, body=body,
                has={"content-range": content_range, "content-length": str(len(body))})  # fmt: skip


def _whole(name: str, value: str, **sends: str) -> Case:
    conditions = {key.replace("_", "-"): each for key, each in sends.items()}
    return Case(name, "/digits.txt", 200, {"Range": value, **conditions}, body=b"0123456789",
                has={"content-range": None})  # fmt: skip


def _past(name: str, value: str, target: str = "/digits.txt", size: int = 10) -> Case:
    return Case(name, target, 416, {"Range": value}, has={"content-range": f"bytes */{size}"})


RANGES = [
    _range("first to last", "bytes=2-4", b"234", "bytes 2-4/10"),
    _range("one byte", "bytes=0-0", b"0", "bytes 0-0/10"),
    _range("from there on", "bytes=7-", b"789", "bytes 7-9/10"),
    _range("the last three", "bytes=-3", b"789", "bytes 7-9/10"),
    _range("all of it", "bytes=0-", b"0123456789", "bytes 0-9/10"),
    _range("the end lies past the end", "bytes=8-99", b"89", "bytes 8-9/10"),
    _range("more last bytes than there are", "bytes=-99", b"0123456789", "bytes 0-9/10"),
    _range("the unit in capitals", "Bytes=2-4", b"234", "bytes 2-4/10"),
    _past("past the end", "bytes=10-"),
    _past("far past the end", "bytes=10-99999999999999999999"),
    _past("no last bytes", "bytes=-0"),
    _past("of an empty file", "bytes=0-", "/empty.txt", 0),
    _whole("several ranges", "bytes=0-1,4-5"),
    _whole("the wrong way round", "bytes=5-2"),
    _whole("another unit", "lines=1-2"),
    _whole("no unit", "1-2"),
    _whole("no numbers", "bytes=-"),
    _whole("words", "bytes=a-b"),
    _whole("signs", "bytes=+1-2"),
    _whole("digits of another script", "bytes=1-\xb2"),
    _whole("no range", "bytes="),
    Case("HEAD has no range", "/digits.txt", 200, {"Range": "bytes=2-4"}, method="HEAD",
         has={"content-length": "10", "content-range": None}),
    Case("of a large file", "/large.bin", 206, {"Range": "bytes=256-1023"}, body=LARGE[256:1024],
         has={"content-range": f"bytes 256-1023/{len(LARGE)}"}),
    Case("the end of a large file", "/large.bin", 206, {"Range": "bytes=-7"}, body=LARGE[-7:]),
    Case("most of a large file", "/large.bin", 206, {"Range": "bytes=1-"}, body=LARGE[1:]),
    Case("of a file that is not there", "/nothing", 404, {"Range": "bytes=0-1"},
         has={"content-range": None}),
    Case("If-Range with its tag", "/digits.txt", 206, {"Range": "bytes=2-4", "If-Range": "{etag}"},
         body=b"234"),
    Case("If-Range with another tag", "/digits.txt", 200,
         {"Range": "bytes=2-4", "If-Range": '"another"'}, body=b"0123456789"),
    Case("If-Range with its weak tag", "/digits.txt", 200,
         {"Range": "bytes=2-4", "If-Range": "W/{etag}"}, body=b"0123456789"),
    Case("If-Range with its date", "/digits.txt", 206,
         {"Range": "bytes=2-4", "If-Range": "{modified}"}, body=b"234"),
    Case("If-Range with a later date", "/digits.txt", 200,
         {"Range": "bytes=2-4", "If-Range": AFTER}, body=b"0123456789"),
    Case("If-Range with an earlier date", "/digits.txt", 200,
         {"Range": "bytes=2-4", "If-Range": BEFORE}, body=b"0123456789"),
    Case("If-Range with rubbish", "/digits.txt", 200,
         {"Range": "bytes=2-4", "If-Range": "rubbish"}, body=b"0123456789"),
    Case("If-Range that fails saves from 416", "/digits.txt", 200,
         {"Range": "bytes=50-", "If-Range": '"another"'}, body=b"0123456789"),
    Case("If-Range with the tag of another variant", "/style.css", 200,
         {"Range": "bytes=0-9", "If-Range": "{etag:gzip}"}, body=TEXT, sites=_COMPRESSED),
]  # fmt: skip

METHODS = [
    *(Case(f"{method} of a file", "/digits.txt", 405, method=method,
           has={"allow": "GET, HEAD"})
      for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")),
    Case("POST of a folder", "/shop/", 405, method="POST", has={"allow": "GET, HEAD"}),
]  # fmt: skip


def _slash(name: str, target: str | bytes, location: str, method: str = "GET") -> Case:
    return Case(name, target, 308, method=method, has={"location": location})


FOLDERS = [
    Case("a folder's page", "/shop/", 200, body=SITE["shop/index.html"]),
    Case("a folder's page by its file", "/shop/index.html", 200, body=SITE["shop/index.html"]),
    _slash("the slash is missing", "/shop", "/shop/"),
    _slash("the slash is missing, HEAD", "/shop", "/shop/", "HEAD"),
    _slash("the slash is missing, further down", "/shop/deep/er", "/shop/deep/er/"),
    _slash("the query is kept", "/shop?a=b&c=%2F", "/shop/?a=b&c=%2F"),
    _slash("a query with a question mark", "/shop?a?b", "/shop/?a?b"),
    _slash("below /static/", "/static/shop?x=1", "/static/shop/?x=1"),
    _slash("in Korean", "/%EC%8B%A0%EC%83%81", "/%EC%8B%A0%EC%83%81/"),
    _slash("a folder that is called like a host", "/evil.com", "/evil.com/"),
    Case("a folder without a page", "/without/", 404),
    Case("a folder without a page, slash missing", "/without", 404, has={"location": None}),
    Case("a folder in between", "/shop/deep/", 404),
    Case("a file with a slash behind it", "/digits.txt/", 404),
    Case("never to another host", "//evil.com", 404, has={"location": None}),
    Case("never to another host with a path", "//evil.com/", 404, has={"location": None}),
    Case("never to another host below /static/", "/static//evil.com", 404,
         has={"location": None}),
    Case("never to another host by backslash", "/\\evil.com", 404, has={"location": None}),
    Case("never to another host by encoded slash", "/%2Fevil.com", 404, has={"location": None}),
    Case("never to another host from a folder", "//shop", 404, has={"location": None}),
    Case("a slash too much", "/shop//", 404),
    Case("/static without a slash", "/static", 308, has={"location": "/static/"}),
    Case("/static twice", "/static/static/digits.txt", 404),
]  # fmt: skip

_NFD = unicodedata.normalize("NFD", _NFC)
_SKIRT = "/신상/여름 치마.html"  # decomposed on the disk
NAMES = [
    Case("Korean, encoded", quote(_NFC), 200, body=_COAT, has={"content-type": _HTML}),
    Case("Korean, encoded in lower case", re.sub("%..", lambda m: m[0].lower(), quote(_NFC)), 200,
         body=_COAT),
    Case("Korean, decomposed and encoded", quote(_NFD), 200, body=_COAT),
    Case("decomposed on the disk", quote(_SKIRT), 200, has={"content-type": _HTML}),
    Case("decomposed on the disk and in the request",
         quote(unicodedata.normalize("NFD", _SKIRT)), 200, has={"content-type": _HTML}),
    Case("Korean below /static/", "/static" + quote(_NFC), 200, body=_COAT),
    Case("every letter encoded", "/" + "".join(f"%{ord(c):02x}" for c in "digits") + ".txt", 200,
         body=b"0123456789"),
    Case("blanks, quotes, plus and ampersand", quote("/a b/it's+good & \"new\".txt"), 200,
         body=b"quoted"),
    Case("plus as it is", "/a%20b/it's+good%20&%20%22new%22.txt", 200, body=b"quoted"),
    Case("plus is no blank", "/a+b/it's+good%20&%20%22new%22.txt", 404),
    Case("a percent sign", "/100%25.txt", 200, body=b"percent"),
    Case("reserved characters, encoded", quote("/a;b=c,d.txt", safe="/"), 200, body=b"reserved"),
    Case("reserved characters, as they are", "/a;b=c,d.txt", 200, body=b"reserved"),
    Case("a name in other capitals is another name", "/Digits.txt", 404),
    Case("/.well-known/ is served", "/.well-known/security.txt", 200),
    Case("a file that begins with a dot is not", "/.env", 404),
    Case("a folder that begins with a dot is not", "/.git/config", 404),
    Case("a dotfile further down is not", "/shop/.htpasswd", 404),
    Case("a dotfile below /static/ is not", "/static/.env", 404),
]  # fmt: skip

TYPES = [
    Case(f"the type of {target}", target, 200, has={"content-type": kind})
    for target, kind in {
        "/a.avif": "image/avif",
        "/a.webp": "image/webp",
        "/a.woff2": "font/woff2",
        "/a.wasm": "application/wasm",
        "/a.mjs": "text/javascript; charset=utf-8",
        "/a.js": "text/javascript; charset=utf-8",
        "/a.webmanifest": "application/manifest+json",
        "/a.svg": "image/svg+xml",
        "/a.json": "application/json",
        "/a.ico": "image/vnd.microsoft.icon",
        "/a.unheard-of": "application/octet-stream",
        "/noending": "application/octet-stream",
        "/style.css": "text/css; charset=utf-8",
        "/latin1.html": "text/html",  # it states its charset itself, and another one
        "/digits.txt": "text/plain; charset=utf-8",
        "/a.tar.gz": "application/gzip",
    }.items()
] + [
    Case("an archive is not a coding", "/a.tar.gz", 200, {"Accept-Encoding": "gzip"},
         body=SITE["a.tar.gz"], coding="identity"),
]  # fmt: skip

ERRORS = [
    Case("the site's own page", "/nothing", 404, body=SITE["404.html"],
         has={"content-type": _HTML, "cache-control": "no-cache", "accept-ranges": None}),
    Case("the nearest page", "/shop/nothing", 404, body=SITE["shop/404.html"]),
    Case("the nearest page above", "/shop/deep/er/nothing", 404, body=SITE["shop/404.html"]),
    Case("the nearest page below /static/", "/static/shop/nothing", 404,
         body=SITE["shop/404.html"]),
    Case("the page of the top, from elsewhere", "/without/nothing/at/all", 404,
         body=SITE["404.html"]),
    Case("the page itself is a page", "/404.html", 200, body=SITE["404.html"]),
    Case("below /api/ it is a problem", "/api/nothing", 404,
         has={"content-type": "application/problem+json"}),
]  # fmt: skip

CACHING = [
    Case("a page is asked for again each time", "/", 200, has={"cache-control": "no-cache"}),
    Case("a file by its own name as well", "/style.css", 200,
         has={"cache-control": "no-cache"}),
]  # fmt: skip

CASES = [
    *GET_AND_HEAD, *NEGOTIATION, *CONDITIONS, *RANGES, *METHODS, *FOLDERS, *NAMES, *TYPES,
    *ERRORS, *CACHING,
]  # fmt: skip


def fingerprinted(base: str) -> str:
    """The path under which the pressed page refers to its stylesheet."""
    with Client(base) as client:
        page = client.ask("/uses.html").body.decode()
    found = re.search(r'href="([^"]+)"', page)
    assert found
    return "/" + found[1].lstrip("/")
