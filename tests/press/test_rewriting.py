"""What the press changes in files, and what it must not."""

from __future__ import annotations

import base64
import hashlib
import html
import io
import json
import os
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from kaira_fastapi_poetry.press.report import show
from kaira_fastapi_poetry.site import bundle
from tests.press.folder import Folder

Press = Callable[..., Folder]

PNG = b"\x89PNG one"
INSERTED = re.compile(r"\.[0-9a-f]{8}(?=\.|$|[?#])")


def page(body: str) -> str:
    return f"<!doctype html><title>x</title>\n{body}\n"


def name_of(folder: Folder, path: str) -> str:
    return folder.second(path).rpartition("/")[2]


@pytest.mark.parametrize(
    "markup",
    [
        '<img src="{}">',
        "<img src={}>",
        "<IMG SRC='{}'>",
        "<image src={}>",
        '<img srcset="x:y 1x, {} 2x">',
        "<picture><source srcset='{} 100w'></picture>",
        '<link rel=preload as=image imagesrcset="{} 1x">',
        '<video poster="{}"></video>',
        '<video src="{}"></video>',
        "<audio><source src={}></audio>",
        "<video><track src={}></video>",
        "<object data='{}'></object>",
        "<embed src={}>",
        "<input type=IMAGE src={}>",
        "<body background={}>",
        "<table><tr><td background={}></table>",
        "<svg><image href={} /></svg>",
        "<svg><image xlink:href='{}'/></svg>",
        '<svg><use href="{}#part"/></svg>',
        "<svg><filter><feImage href={} /></filter></svg>",
        '<link rel="icon" href="{}">',
        '<link rel="shortcut icon" href="{}">',
        "<link rel=apple-touch-icon href={}>",
        "<link rel=mask-icon href={}>",
        "<link rel='PRELOAD' as=image href={}>",
        "<link rel=prefetch href={}>",
        '<meta property="og:image" content="{}">',
        "<meta name=twitter:image content={}>",
        "<p style='background:url({})'>",
        '<p style="background:url(&quot;{}&quot;)">',
        "<style>p{{background:url({})}}</style>",
        "<svg><style>p{{fill:url({}#a)}}</style></svg>",
        "<noscript><img src={}></noscript>",
        "<template><img src={}></template>",
        '<img src=" {}\n">',
        "<img src='{}?v=3'>",
        "<img src='{}#x'>",
        "<img src='./{}'>",
        "<img src='/{}'>",
        "<img src='/static/{}'>",
        "<img src='../../{}'>",
        "<img src='nowhere/../{}'>",
        "<img src='nowhere/%2e%2E/{}'>",
        "<img src='.\\{}'>",
        '<script src="{}" defer></script>',
    ],
)
def test_a_resource_is_referred_to_by_its_fingerprinted_name(pressed: Press, markup: str) -> None:
    original = page(markup.format("pic.png"))
    site = pressed({"index.html": original, "pic.png": PNG})
    assert site.has_second("/pic.png")
    assert site.text("/index.html") == page(markup.format(name_of(site, "/pic.png")))
    assert site.file(site.second("/pic.png")).immutable
    assert not site.file("/pic.png").immutable
    assert site.bytes(site.second("/pic.png")) == PNG
    assert site.report.warnings == []


@pytest.mark.parametrize(
    "markup",
    [
        "<a href=pic.png>x</a>",
        "<map><area href=pic.png></map>",
        "<form action=pic.png></form>",
        "<button formaction=pic.png></button>",
        "<iframe src=pic.png></iframe>",
        "<frameset><frame src=pic.png></frameset>",
        "<iframe srcdoc='<img src=pic.png>'></iframe>",
        "<link rel=canonical href=pic.png>",
        "<link rel=alternate href=pic.png>",
        "<link rel=next href=pic.png>",
        "<link rel=license href=pic.png>",
        "<link href=pic.png>",
        "<blockquote cite=pic.png>",
        "<img longdesc=pic.png>",
        "<img data-src=pic.png>",
        "<input src=pic.png>",
        "<meta name=description content=pic.png>",
        "<meta http-equiv=refresh content='0;url=pic.png'>",
        "<svg><a href=pic.png></a></svg>",
        "<img src=https://example.org/pic.png>",
        "<img src=//example.org/pic.png>",
        r"<img src='\\example.org\pic.png'>",
        "<img src=data:image/png;base64,pic.png>",
        "<img src=blob:pic.png>",
        "<!-- <img src=pic.png> -->",
        "<title><img src=pic.png></title>",
        "<textarea><img src=pic.png></textarea>",
        "<script type=application/ld+json>{'image':'pic.png'}</script>",
        "<p style='content:\"url(pic.png)\"'>",
        "<style>/* url(pic.png) */</style>",
        "<style>@namespace url(pic.png);</style>",
        "<svg><style>a{}<!-- url(pic.png) --></style></svg>",
        "<img alt=pic.png>",
        "<p>url(pic.png)</p>",
        "<img src='pic.png' ",
        "<base href=https://example.org/><img src=pic.png>",
        "<base href=//example.org/><img src=pic.png>",
        "<base href=/elsewhere/><img alt src=pic.jpg>",
        "<img src='?pic.png'><img src='#pic.png'><img src=''>",
        "<img src='pic%2Epng'>",
        "<img src=pic.png><base href=/x/>",
        "<template><base href=/x/></template><img src=pic.png>",
        "<script>document.write('<base href=/x/>')</script><img src=pic.png>",
    ],
)
def test_what_is_no_resource_of_the_site_stays_byte_for_byte(pressed: Press, markup: str) -> None:
    site = pressed({"index.html": page(markup), "pic.png": PNG})
    assert site.text("/index.html") == page(markup)
    assert not site.has_second("/pic.png")


def test_a_base_is_what_references_are_resolved_against(pressed: Press) -> None:
    site = pressed(
        {
            "a/index.html": page("<base href='../pictures/x?y'><img src=pic.png>"),
            "b/index.html": page("<base href='/pictures/'><base href='/a/'><img src=pic.png>"),
            "c/index.html": page("<base href='?x'><img src=pic.png>"),
            "pictures/pic.png": PNG,
            "c/pic.png": PNG + b"2",
        }
    )
    assert name_of(site, "/pictures/pic.png") in site.text("/a/index.html")
    assert name_of(site, "/pictures/pic.png") in site.text("/b/index.html")
    assert name_of(site, "/c/pic.png") in site.text("/c/index.html")


def test_references_never_leave_the_site(pressed: Press, folder: Folder) -> None:
    (folder.site_dir.parent / "secret.png").write_bytes(PNG)
    markup = page("<img src='../../secret.png'><img src='..%2fsecret.png'><img src='%00.png'>")
    site = pressed({"a/index.html": markup})
    assert site.text("/a/index.html") == markup
    assert list(site.bundle.files) == ["/a/index.html"]


def test_an_encoded_slash_is_no_slash(pressed: Press) -> None:
    markup = page("<img src='a%2Fpic.png'><img src='a%5cpic.png'>")
    site = pressed({"index.html": markup, "a/pic.png": PNG})
    assert site.text("/index.html") == markup


def test_a_missing_file_is_a_warning_and_stays(pressed: Press) -> None:
    markup = page("<img src=gone.png><link rel=prefetch href=about><link rel=prefetch href=/>")
    site = pressed({"index.html": markup, "about/index.html": "x"})
    assert site.text("/index.html") == markup
    assert site.report.warnings == ["index.html refers to /gone.png, which is not there"]


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("봄 코트.png", "봄 코트.png"),
        ("봄 코트.png", "%EB%B4%84%20%EC%BD%94%ED%8A%B8.png"),
        ("봄 코트.png", "%eb%b4%84 코트.png"),
        (unicodedata.normalize("NFD", "봄 코트.png"), "봄 코트.png"),
        (unicodedata.normalize("NFD", "봄/코트.png"), "%EB%B4%84/코트.png"),
        ("a&b.png", "a&amp;b.png"),
        ("a&b.png", "a&b.png"),
        ("a.png", "&#97;&period;png"),
        ("a.png", "a&#x2e;png"),
        ("a+b.png", "a+b.png"),
        ("100%.png", "100%25.png"),
        ("100%.png", "100%.png"),
        ("a#b.png", "a%23b.png"),
        ("a'b.png", "a'b.png"),
        ("a.min.png", "a.min.png"),
        ("noending", "noending"),
        ("a..png", "a..png"),
        ("a,b.png", "a,b.png"),
        ("a.png", "a\n.png"),
        ("folder.d/noending", "folder.d/noending"),
        ("folder.d/noending", "folder.d/noending?x.y#a.b"),
    ],
)
def test_names_are_found_however_they_are_written(pressed: Press, name: str, written: str) -> None:
    site = pressed({"index.html": page(f'<img src="{written}">'), name: PNG})
    second = [path for path, file in site.bundle.files.items() if file.immutable]
    before = Parsed.of(f'<img src="{written}">').sources
    after = Parsed.of(site.text("/index.html")).sources
    assert [resolved("/index.html", url) for url in after] == second
    assert [INSERTED.sub("", url, count=1) for url in after] == before
    assert len(site.text("/index.html")) == len(page(f'<img src="{written}">')) + 9


class Parsed(HTMLParser):
    """A page as Python's own parser sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.events: list[object] = []

    @classmethod
    def of(cls, text: str) -> Parsed:
        parser = cls()
        parser.feed(text)
        parser.close()
        return parser

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.events.append((tag, attrs))
        self.sources += [value or "" for name, value in attrs if name == "src"]

    def handle_endtag(self, tag: str) -> None:
        self.events.append(("/", tag))

    def handle_data(self, data: str) -> None:
        self.events.append(("text", data))

    def handle_comment(self, data: str) -> None:
        self.events.append(("comment", data))

    def handle_decl(self, decl: str) -> None:
        self.events.append(("declaration", decl))


def resolved(page_path: str, url: str) -> str:
    """The path of a URL, by another implementation than the press has."""
    address = urlsplit(urljoin(f"http://x{page_path}", url.strip().replace("\n", "")))
    return bundle.url_path(unquote(address.path, errors="surrogateescape")[1:])


# Scripts and selectors that name files


@pytest.mark.parametrize(
    "script",
    [
        "import './a.js'",
        "fetch('/x/a.js?v=1')",
        "new Worker(`a.js`)",
        'load("\\/x\\/a.js")',
        "let u = '\\u0061.js'",
        "/\\/a\\.js$/.test(u)",
        "fetch('%61.js')",
        "import(`./${page}.js`)",
        "load(base + '.js')",
        "s.src = 'x' + '/a.js'",
        "u.replace('.js', '.min.js')",
    ],
)
@pytest.mark.parametrize("where", ["main.js", "inline", "handler", "javascript:"])
def test_what_a_script_names_has_one_name_only(pressed: Press, script: str, where: str) -> None:
    markup = "<script src=a.js></script>"
    if where == "inline":
        markup += f"<script>{script}</script>"
    elif where == "handler":
        markup += f'<p onclick="{html.escape(script)}">'
    elif where == "javascript:":
        markup += f'<a href="javascript:{html.escape(script)}">'
    site = pressed(
        {"index.html": page(markup), "a.js": "1", "main.js": script if where == "main.js" else ""}
    )
    assert site.text("/index.html") == page(markup)
    assert not site.has_second("/a.js")
    assert site.report.kept == ["a.js"]


@pytest.mark.parametrize(
    "script",
    ["// a.json", "//# sourceMappingURL=a.js.map", "b.js", "'.json'", "$(x).js('a')", "'.js-a'"],
)
def test_what_a_script_does_not_name_has_two(pressed: Press, script: str) -> None:
    site = pressed({"index.html": page("<script src=a.js></script>"), "a.js": script})
    assert site.has_second("/a.js")


@pytest.mark.parametrize("script", ["s.replace('_off', '_on')", "s.replace(/_off/, '_on')"])
def test_a_name_that_a_script_makes_of_another_is_found(pressed: Press, script: str) -> None:
    markup = page(f"<img src=x_off.png><img src=y.png><script>{script}</script>")
    site = pressed({"index.html": markup, "x_off.png": PNG, "x_on.png": PNG, "y.png": PNG})
    assert site.text("/index.html") == markup.replace("y.png", name_of(site, "/y.png"))


def test_data_for_search_engines_is_no_script(pressed: Press) -> None:
    data = '<script type="application/ld+json">{"image":"/pic.png"}</script>'
    site = pressed({"index.html": page(f"{data}<img src=pic.png>"), "pic.png": PNG})
    assert site.text("/index.html") == page(f"{data}<img src={name_of(site, '/pic.png')}>")


def test_korean_names_in_a_script_of_an_old_encoding_count(pressed: Press) -> None:
    script = "fetch('상품.json')".encode("cp949")
    markup = page("<link rel=preload as=fetch href=상품.json>")
    site = pressed({"index.html": markup, "상품.json": "{}", "old.js": script})
    assert site.text("/index.html") == markup


def test_korean_names_in_a_page_of_an_old_encoding_count(pressed: Press) -> None:
    old = "<script>fetch('상품.json')</script>".encode("euc-kr")
    markup = page("<link rel=preload as=fetch href=상품.json>")
    site = pressed({"index.html": markup, "상품.json": "{}", "old.html": old})
    assert site.text("/index.html") == markup


def test_a_name_that_is_no_text_is_a_name(pressed: Press, folder: Folder) -> None:
    name = os.fsdecode(b"\xff\xfe.png")
    site = pressed({"index.html": page("<img src=%FF%fe.png>"), name: PNG, "a.js": "'.png'"})
    assert site.report.kept == [name]
    show(site.report, Console(file=io.StringIO(), force_terminal=True))
    site = pressed({"a.js": ""})
    assert site.has_second("/%FF%FE.png")


def test_modules_of_an_import_map_are_left_alone(pressed: Press) -> None:
    markup = page(
        '<script type=importmap>{"imports":{"lib":"/lib/lib.mjs"}}</script>'
        "<link rel=modulepreload href=/lib/lib.mjs>"
    )
    site = pressed({"index.html": markup, "lib/lib.mjs": "1"})
    assert site.text("/index.html") == markup


def test_a_policy_that_names_a_file_still_does(pressed: Press) -> None:
    markup = page(
        '<meta http-equiv="Content-Security-Policy" content="script-src http://x/a.js">'
        "<script src=a.js></script>"
    )
    assert pressed({"index.html": markup, "a.js": "1"}).text("/index.html") == markup


@pytest.mark.parametrize(
    ("selector", "kept"),
    [
        ('img[src="/pic.png"]', True),
        ('img[src$="pic.png"]', True),
        ("img[src$='c.png']", True),
        ('[style*="url(pic.png)"]', True),
        ('img[src$=".png"]', False),
        ('img[src^="/pic"]', False),
        ('a[href="other.png"]', False),
    ],
)
@pytest.mark.parametrize("inline", [True, False])
def test_what_a_selector_asks_for_is_still_there(
    pressed: Press, selector: str, kept: bool, inline: bool
) -> None:
    style = f"{selector}{{color:red}}"
    markup = f"<img src=/pic.png>{f'<style>{style}</style>' if inline else ''}"
    site = pressed({"index.html": page(markup), "pic.png": PNG, "x.css": "" if inline else style})
    assert site.has_second("/pic.png") is not kept


def test_a_script_inside_of_a_picture_or_an_xhtml_page_counts(pressed: Press) -> None:
    markup = page("<img src=a.png><img src=b.png><img src=c.png><img src=d.png>")
    site = pressed(
        {
            "index.html": markup,
            "x.svg": "<svg><script>fetch('a.png')</script></svg>",
            "y.xhtml": "<html><script>fetch('b.png')</script></html>",
            "utf16.js": "fetch('c.png')".encode("utf-16"),
            "z.svg": "<svg><image href='d.png'/></svg>",
            **dict.fromkeys(("a.png", "b.png", "c.png", "d.png"), PNG),
        }
    )
    assert site.text("/index.html") == markup.replace("d.png", name_of(site, "/d.png"))


# Styles


def test_a_style_is_rewritten_before_it_gets_its_own_name(pressed: Press) -> None:
    site = pressed(
        {
            "index.html": page("<link rel=stylesheet href=css/a.css?v=1>"),
            "css/a.css": "@import 'b.css';@import url(\"../c.css\") screen;",
            "css/b.css": "p{background:url( '../pic.png' )}",
            "c.css": "p{background:url(pic\\.png#x)}",
            "pic.png": PNG,
        }
    )
    picture = name_of(site, "/pic.png")
    assert site.text("/css/b.css") == f"p{{background:url( '../{picture}' )}}"
    assert site.text("/c.css") == f"p{{background:url({picture[:-4]}\\.png#x)}}"
    b, c = name_of(site, "/css/b.css"), name_of(site, "/c.css")
    assert site.text("/css/a.css") == f"@import '{b}';@import url(\"../{c}\") screen;"
    assert f"href=css/{name_of(site, '/css/a.css')}?v=1>" in site.text("/index.html")
    assert site.file("/css/a.css").variants == site.file(site.second("/css/a.css")).variants


def test_a_change_of_a_picture_changes_the_names_of_all_that_leads_to_it(pressed: Press) -> None:
    files = {
        "index.html": page("<link rel=stylesheet href=a.css>"),
        "a.css": "@import 'b.css';",
        "b.css": "p{background:url(pic.png)}",
        "pic.png": PNG,
    }
    before = pressed(files).text("/index.html")
    assert pressed({"pic.png": PNG + b"changed"}).text("/index.html") != before


def test_styles_that_import_each_other_keep_their_names(pressed: Press) -> None:
    site = pressed(
        {
            "index.html": page(
                "<link rel=stylesheet href=top.css><link rel=stylesheet href=a.css>"
            ),
            "top.css": "@import 'a.css';",
            "a.css": "@import 'b.css';p{background:url(pic.png)}",
            "b.css": "@import 'a.css';",
            "self.css": "@import 'self.css';@import 'b.css';",
            "pic.png": PNG,
        }
    )
    assert [path for path in ("/a.css", "/b.css", "/self.css") if site.has_second(path)] == []
    assert site.text("/top.css") == "@import 'a.css';"
    assert site.text("/b.css") == "@import 'a.css';"
    picture = name_of(site, "/pic.png")
    assert site.text("/a.css") == f"@import 'b.css';p{{background:url({picture})}}"
    assert name_of(site, "/top.css") in site.text("/index.html")
    assert "href=a.css>" in site.text("/index.html")


def test_a_custom_property_is_rewritten_unless_it_may_mean_another_file(pressed: Press) -> None:
    site = pressed(
        {
            "index.html": page("<p style='--y:url(only.png)'>"),
            "css/a.css": ":root{--x:url(pic.png);--r:url(/pic.png)}",
            "css/pic.png": PNG,
            "pic.png": PNG + b"other",
            "only.png": PNG + b"only",
        }
    )
    root = name_of(site, "/pic.png")
    assert site.text("/css/a.css") == f":root{{--x:url(pic.png);--r:url(/{root})}}"
    assert name_of(site, "/only.png") in site.text("/index.html")


# What someone vouches for


def integrity(content: bytes, name: str = "sha384") -> str:
    return f"{name}-{base64.b64encode(hashlib.new(name, content).digest()).decode()}"


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
@pytest.mark.parametrize("where", ["attribute", "script", "another page"])
def test_a_style_with_integrity_is_not_changed_but_named(
    pressed: Press, name: str, where: str
) -> None:
    style = "p{background:url(pic.png)}"
    stated = integrity(style.encode(), name)
    attribute = f' integrity="sha256-AAAA {stated}"' if where == "attribute" else ""
    site = pressed(
        {
            "index.html": page(f"<link rel=stylesheet href=a.css{attribute}><img src=pic.png>"),
            "other.html": page(f"<p title={stated}>" if where == "another page" else ""),
            "main.js": f"fetch(x, {{integrity: '{stated}'}})" if where == "script" else "",
            "a.css": style,
            "pic.png": PNG,
        }
    )
    assert site.text("/a.css") == style
    assert name_of(site, "/a.css") in site.text("/index.html")
    assert f"<img src={name_of(site, '/pic.png')}>" in site.text("/index.html")


def test_a_script_with_integrity_is_named_too(pressed: Press) -> None:
    markup = page(f"<script src=a.js integrity={integrity(b'1')}></script>")
    site = pressed({"index.html": markup, "a.js": "1"})
    assert site.text("/index.html") == markup.replace("a.js", name_of(site, "/a.js"))


@pytest.mark.parametrize("block", ["p{background:url(pic.png)}", "\r\np{background:url(pic.png)}"])
def test_a_style_block_that_a_policy_vouches_for_is_not_changed(pressed: Press, block: str) -> None:
    hashed = integrity(block.replace("\r\n", "\n").encode(), "sha256")
    markup = page(
        f"<meta http-equiv=Content-Security-Policy content=\"style-src '{hashed}'\">"
        f"<style>{block}</style><style>q{{background:url(pic.png)}}</style>"
    )
    site = pressed({"index.html": markup, "pic.png": PNG})
    assert f"<style>{block}</style>" in site.bytes("/index.html").decode()
    assert f"q{{background:url({name_of(site, '/pic.png')})}}" in site.text("/index.html")


# Names


def test_pages_and_addresses_get_no_second_name(pressed: Press) -> None:
    names = (
        "page.html", "robots.txt", "sitemap.xml", "sitemap-2.xml", "feed.rss", ".well-known/x.txt",
        "page.xhtml",
    )  # fmt: skip
    markup = page("".join(f"<link rel=prefetch href=/{name}>" for name in names))
    site = pressed({"index.html": markup, **dict.fromkeys(names, "x")})
    assert site.text("/index.html") == markup
    assert not any(file.immutable for file in site.bundle.files.values())


def test_a_service_worker_keeps_its_name(pressed: Press) -> None:
    markup = page(
        "<script>navigator.serviceWorker.register('/sw.js')</script>"
        "<link rel=preload as=script href=/sw.js>"
    )
    assert pressed({"index.html": markup, "sw.js": "1"}).text("/index.html") == markup


def test_the_favicon_keeps_its_name_and_may_have_another(pressed: Press) -> None:
    site = pressed({"index.html": page("<link rel=icon href=/favicon.ico>"), "favicon.ico": PNG})
    assert not site.file("/favicon.ico").immutable
    assert site.has_second("/favicon.ico")


def test_a_file_without_references_to_it_has_one_name(pressed: Press) -> None:
    assert list(pressed({"pic.png": PNG}).bundle.files) == ["/pic.png"]


def test_a_second_name_is_never_that_of_another_file(pressed: Press) -> None:
    short = hashlib.blake2b(PNG, digest_size=16).hexdigest()
    taken = f"pic.{short[:8]}.png"
    site = pressed({"index.html": page("<img src=pic.png>"), "pic.png": PNG, taken: b"taken"})
    assert site.bytes(f"/{taken}") == b"taken"
    assert not site.file(f"/{taken}").immutable
    assert site.text("/index.html") == page(f"<img src=pic.{short[:12]}.png>")
    assert site.bytes(f"/pic.{short[:12]}.png") == PNG


# Web app manifests

MANIFEST = """{
  "name": "a.png", "icons": [ {"src":"a.png","sizes":"1x1"},{"src" : "\\/a\\u002epng#x"} ],
  "screenshots":[{"label":"a.png","src":"./a.png"}],"start_url":"a.png",
  "shortcuts":[{"url":"a.png","icons":[{"src":"a.png"}]}], "*": {"src":"a.png"},
  "related":{"icons":[{"src":"a.png"}]}, "icon": [{"src":"a.png"}]
}
"""


@pytest.mark.parametrize("name", ["site.webmanifest", "manifest.json"])
def test_only_the_pictures_of_a_manifest_are_renamed(pressed: Press, name: str) -> None:
    site = pressed(
        {"index.html": page(f"<link rel=manifest href={name}>"), name: MANIFEST, "a.png": PNG}
    )
    new = name_of(site, "/a.png")
    expected = json.loads(MANIFEST)
    expected["icons"][0]["src"] = new
    expected["icons"][1]["src"] = f"/{new}#x"
    expected["screenshots"][0]["src"] = f"./{new}"
    expected["shortcuts"][0]["icons"][0]["src"] = new
    text = site.text(f"/{name}")
    assert json.loads(text) == expected
    assert text.replace(new[1:-4], "") == MANIFEST
    assert name_of(site, f"/{name}") in site.text("/index.html")


def test_a_manifest_that_is_not_json_and_json_that_is_no_manifest_stay(pressed: Press) -> None:
    site = pressed({"x.webmanifest": MANIFEST + "}", "data.json": MANIFEST, "a.png": PNG})
    assert site.text("/x.webmanifest") == MANIFEST + "}"
    assert site.text("/data.json") == MANIFEST


# Encodings of text


def test_a_page_in_an_old_encoding_survives_byte_for_byte(pressed: Press) -> None:
    markup = "<meta charset={}><p>안녕<img src=pic.png alt='옷'><img src=옷.png>"
    for codec in ("euc-kr", "cp949", "johab"):
        original = markup.format(codec).encode(codec)
        site = pressed({"index.html": original, "pic.png": PNG, "옷.png": PNG + b"2"})
        new = name_of(site, "/pic.png").encode()
        assert site.bytes("/index.html") == original.replace(b"src=pic.png", b"src=" + new)
        assert "charset" not in site.file("/index.html").media_type


@pytest.mark.parametrize(
    "original",
    [
        "<img src=pic.png>".encode("utf-16"),
        "<img src=pic.png>".encode("utf-16-be"),
        "\u8868<img src=pic.png>".encode("iso-2022-jp"),
        """<p style='a:"表";b:"url(pic.png)"'>""".encode("shift_jis"),
        """<style>a{a:"功";b:"url(pic.png)"}</style>""".encode("big5"),
        b"<p title='\xff'><meta content='" + integrity(b"x").encode() + b"'><img src=pic.png>",
    ],
)
def test_a_page_that_cannot_be_read_with_certainty_is_left_alone(
    pressed: Press, original: bytes
) -> None:
    site = pressed({"index.html": original, "pic.png": PNG})
    assert site.bytes("/index.html") == original


def test_a_byte_order_mark_and_line_ends_stay(pressed: Press) -> None:
    original = "\ufeff<p>\r\n<img src=pic.png>\r<br>\x0b\u2028\n"
    site = pressed({"index.html": original, "pic.png": PNG})
    assert site.text("/index.html") == original.replace("pic.png", name_of(site, "/pic.png"))


# Properties

TEXTS = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=200)
MARKUP = st.lists(
    st.sampled_from(
        [
            "<p>", "</p>", "<img src='a.png'>", "<img src=b.png alt=x>", '<a href="a.png">', "text",
            "<img srcset='a.png 1x, b.png 2x'>", "<!-- <img src=a.png> -->", "&amp;", "\n",
            "<style>p{background:url(a.png)}</style>", "<p style='background:url(b.png)'>",
            "<script>var x = '<img src=c.png>';</script>", "<link rel=stylesheet href=c.css>",
            "<video poster=a.png src='gone.mp4'></video>", "<IMG SRC = 'a.png?x=1&amp;y=2#z'>",
            "<textarea><img src=a.png></textarea>", "<title>url(a.png)</title>", "옷", "<br/>",
        ]
    ),
    max_size=20,
).map("".join)  # fmt: skip

ALWAYS = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@ALWAYS
@given(TEXTS)
def test_text_without_references_comes_out_identical(folder: Folder, text: str) -> None:
    site = folder.press({"index.html": text, "style.css": text, "x.webmanifest": text})
    for path in ("/index.html", "/style.css", "/x.webmanifest"):
        assert site.bytes(path) == text.encode()


@ALWAYS
@given(MARKUP)
def test_another_parser_sees_the_same_page_with_other_names(folder: Folder, markup: str) -> None:
    site = folder.press({"index.html": markup, "a.png": PNG, "b.png": PNG + b"2", "c.css": "a{}"})
    text = site.text("/index.html")
    names = {name_of(site, f"/{name}"): name for name in ("a.png", "b.png", "c.css")}
    before = repr(Parsed.of(markup).events)
    after = repr(Parsed.of(text).events)
    for new, old in names.items():
        after = after.replace(new, old)
    assert after == before
    for url in Parsed.of(text).sources:
        if "gone" not in url:
            assert resolved("/index.html", url) in site.bundle.files
    # Every name that a reference has got is that of a file that there is.
    for new in re.findall(r"\w+\.[0-9a-f]{8}\.\w+", text):
        assert f"/{new}" in site.bundle.files
