"""The run: what is written, what is done again, and what happens when it is disturbed."""

from __future__ import annotations

import gzip
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import brotli
import pytest
import zstandard

from kaira_fastapi_poetry.press import encodings
from kaira_fastapi_poetry.press.press import PressError, press
from kaira_fastapi_poetry.site import bundle
from tests.press.folder import Folder, sent
from tests.press.generate import generate

Press = Callable[..., Folder]

TEXT = "linen and wool, pressed and folded. " * 200
OTHER_PRESS = (
    "import sys; from pathlib import Path; "
    "from kaira_fastapi_poetry.press.press import press; "
    "report = press(Path(sys.argv[1]), Path(sys.argv[2])); "
    "print(report.unchanged)"
)


def tree(directory: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


def blobs(site: Folder) -> list[str]:
    return [path.name for path in (site.directory / "blobs").iterdir()]


def decoded(site: Folder, path: str, coding: str) -> bytes:
    content = site.bytes(path, coding)
    if coding == "gzip":
        return gzip.decompress(content)
    if coding == "br":
        result: bytes = brotli.decompress(content)
        return result
    return zstandard.ZstdDecompressor().decompress(content)


def noise(size: int) -> bytes:
    return random.Random(1).randbytes(size)


def test_every_file_of_a_plain_folder_is_served_as_it_is(pressed: Press) -> None:
    files = {
        "index.html": "<p>hello</p>",
        "_next/static/a.js": "1",
        "_texts/x.toml": "a = 1",
        "{{ x }}.html": "{{ broken {% template",
        "봄/코트 1.txt": "옷",
        "empty": b"",
        ".well-known/security.txt": "x",
        ".secret": "no",
        "noending": noise(100),
        "a.tar.gz": gzip.compress(b"x"),
    }
    site = pressed(files)
    shown = {name: content for name, content in files.items() if name != ".secret"}
    assert set(site.bundle.files) == {bundle.url_path(name) for name in shown}
    for name, content in shown.items():
        expected = content.encode() if isinstance(content, str) else content
        assert site.bytes(bundle.url_path(name)) == expected
    plain = bundle.of_folder(site.site_dir).files
    for path, file in site.bundle.files.items():
        assert file.media_type == plain[path].media_type
        assert file.modified == plain[path].modified


def test_the_content_type_of_a_rewritten_file_is_that_of_its_text(pressed: Press) -> None:
    site = pressed(
        {"index.html": "옷<img src=a.png>", "old.html": "옷".encode("euc-kr"), "a.png": ""}
    )
    assert site.file("/index.html").media_type == "text/html; charset=utf-8"
    assert site.file("/old.html").media_type == "text/html"


# Variants


@pytest.mark.parametrize(
    "name", ["a.html", "a.css", "a.js", "a.svg", "a.wasm", "a.ttf", "a", "a.x"]
)
def test_what_shrinks_has_all_variants_smallest_first(pressed: Press, name: str) -> None:
    site = pressed({name: TEXT})
    variants = site.file(f"/{name}").variants
    assert {each.coding for each in variants} == {"identity", "gzip", "br", "zstd"}
    assert [each.size for each in variants] == sorted(each.size for each in variants)
    for each in variants:
        content = site.bytes(f"/{name}", each.coding)
        assert len(content) == each.size
        assert hashlib.blake2b(content, digest_size=16).hexdigest() == each.digest
        if each.coding != "identity":
            assert decoded(site, f"/{name}", each.coding) == TEXT.encode()
            assert each.size <= len(TEXT) - encodings.HEADER_COST


@pytest.mark.parametrize(
    "content", [b"", b"a" * 50, noise(1000), noise(200_000), TEXT[:70].encode()]
)
def test_what_does_not_shrink_has_none(pressed: Press, content: bytes) -> None:
    site = pressed({"a.bin": content})
    assert [each.coding for each in site.file("/a.bin").variants] == ["identity"]
    assert len(blobs(site)) == 1


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.woff2", "a.mp4", "a.wav", "a.gz", "a.zip"])
def test_compressed_formats_and_media_are_not_tried(pressed: Press, name: str) -> None:
    assert len(pressed({name: TEXT}).file(f"/{name}").variants) == 1


def test_gzip_states_no_time_and_no_name(pressed: Press) -> None:
    header = pressed({"a.txt": TEXT}).bytes("/a.txt", "gzip")[:10]
    assert header[:8] == b"\x1f\x8b\x08\x00\x00\x00\x00\x00"


def test_zstd_states_its_size_and_no_window_above_8_mb(pressed: Press) -> None:
    size = 20 * 2**20
    site = pressed({"small.txt": TEXT, "large.txt": (TEXT * (size // len(TEXT) + 1))[:size]})
    for path, length in (("/small.txt", len(TEXT)), ("/large.txt", size)):
        parameters = zstandard.get_frame_parameters(site.bytes(path, "zstd"))
        assert parameters.content_size == length
        assert parameters.window_size <= 8 * 2**20


def test_a_large_file_is_read_in_chunks_and_comes_out_whole(pressed: Press) -> None:
    content = (TEXT * 2000)[: encodings.HIGHEST_EFFORT + 12345].encode() + noise(999)
    site = pressed({"a.json": content, "b.bin": noise(encodings.HIGHEST_EFFORT + 1)})
    assert site.bytes("/a.json") == content
    assert site.file("/a.json").media_type == "application/json"
    for coding in ("gzip", "br", "zstd"):
        assert decoded(site, "/a.json", coding) == content
    assert len(site.file("/b.bin").variants) == 1
    assert not any("partial" in name for name in blobs(site))


def test_a_large_page_is_rewritten_as_well(pressed: Press) -> None:
    content = "<img src=a.png>" + TEXT * (encodings.HIGHEST_EFFORT // len(TEXT) + 1)
    site = pressed({"index.html": content, "a.png": noise(10)})
    assert site.second("/a.png")[1:] in site.text("/index.html")[:40]
    assert decoded(site, "/index.html", "br") == site.bytes("/index.html")


# The same again


@pytest.fixture
def generated(folder: Folder) -> Folder:
    generate(folder.site_dir, texts=40, pictures=6, large=0)
    folder.write({"site.css": "@import 'assets/0/style.css';", "옷/index.html": "<img src=/gone>"})
    return folder


def test_two_presses_give_the_same_bytes_whatever_the_circumstances(
    generated: Folder, tmp_path: Path
) -> None:
    generated.press(jobs=1)
    copy = tmp_path / "copy"
    names = sorted(tree(generated.site_dir), reverse=True)
    for name in names:  # another order in the file system
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(generated.site_dir / name, copy / name)
    environment = {**os.environ, "PYTHONHASHSEED": "7", "TZ": "Asia/Seoul", "LC_ALL": "C"}
    command = [sys.executable, "-c", OTHER_PRESS, str(copy), str(tmp_path / "other")]
    subprocess.run(command, env=environment, check=True, capture_output=True)
    assert tree(tmp_path / "other") == tree(generated.directory)


def test_a_press_over_a_former_one_gives_the_same_bytes_as_a_fresh_one(
    generated: Folder, tmp_path: Path
) -> None:
    generated.press()
    generated.press({"assets/0/style.css": "p{}" * 50, "옷/index.html": "new"})
    press(generated.site_dir, tmp_path / "fresh")
    assert tree(tmp_path / "fresh") == tree(generated.directory)


def test_what_is_there_is_not_done_again(generated: Folder) -> None:
    total = generated.press().report.total
    assert (total.reused, total.done) == (0, total.files)
    before = {path: path.stat().st_mtime_ns for path in generated.directory.rglob("*")}
    again = generated.press().report
    assert again.unchanged
    assert again.total.files == total.files
    assert before == {path: path.stat().st_mtime_ns for path in generated.directory.rglob("*")}
    changed = generated.press({"new.txt": TEXT}).report
    assert (changed.unchanged, changed.total.done) == (False, 1)


def test_a_file_that_was_only_touched_is_not_encoded_again(pressed: Press) -> None:
    site = pressed({"a.txt": TEXT, "b.png": noise(10)})
    os.utime(site.site_dir / "a.txt", (1, 1))
    site.press()
    assert site.report.total.done == 0
    assert site.file("/a.txt").modified == 1


def test_a_blob_that_was_lost_or_cut_is_written_again(pressed: Press) -> None:
    large = noise(bundle.SMALL_FILE + 1)
    site = pressed({"a.txt": TEXT, "lost.png": large, "cut.png": large[::-1]})
    lost, cut = site.variant("/lost.png").digest, site.variant("/cut.png").digest
    (site.directory / "blobs" / lost).unlink()
    (site.directory / "blobs" / cut).write_bytes(b"cut")
    assert site.bundle.bodies is not None
    site.bundle.bodies.write_bytes(b"cut")
    with pytest.raises(bundle.BundleError, match="run `kaira press`"):
        site.bundle.preload()
    site.press()
    assert site.bytes("/lost.png") == large
    assert site.bytes("/cut.png") == large[::-1]
    assert decoded(site, "/a.txt", "br") == TEXT.encode()


def test_what_is_small_is_kept_together_and_once(pressed: Press) -> None:
    site = pressed({"a.txt": TEXT, "b.png": noise(10), "large.png": noise(bundle.SMALL_FILE + 1)})
    assert site.bundle.bodies is not None
    large = site.variant("/large.png").digest
    assert sorted(blobs(site)) == sorted([site.bundle.bodies.name, large])
    bodies = site.bundle.preload()
    assert site.variant("/a.txt", "br").digest in bodies and large not in bodies
    assert all(bundle.digest_of(body) == digest for digest, body in bodies.items())


def test_what_is_no_longer_held_in_memory_gets_a_blob(
    pressed: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = pressed({"a.txt": TEXT})
    monkeypatch.setattr(bundle, "MEMORY_BUDGET", 10)
    site.press({"new.txt": "new"})
    assert list(site.bundle.preload().values()) == [b"new"]
    assert site.text("/a.txt") == TEXT
    assert decoded(site, "/a.txt", "br") == TEXT.encode()


def test_a_film_and_a_text_of_the_same_bytes_are_encoded_each_in_its_way(pressed: Press) -> None:
    site = pressed({"a.mp4": TEXT})
    site.press({"a.txt": TEXT})
    assert len(site.file("/a.txt").variants) == 4
    site.press({"b.mp4": TEXT})
    assert len(site.file("/b.mp4").variants) == 1


def test_blobs_that_nothing_refers_to_are_removed(pressed: Press) -> None:
    site = pressed({"a.txt": TEXT, "b.txt": "b"})
    (site.directory / "blobs" / ".partial.1.0").write_bytes(b"left by a press that was killed")
    (site.site_dir / "a.txt").unlink()
    site.press()
    assert blobs(site) == [site.variant("/b.txt").digest]


def test_a_bundle_of_another_version_is_replaced(pressed: Press) -> None:
    site = pressed({"a.txt": TEXT})
    (site.directory / "pressed-with").write_text("another encoder")
    assert site.press().report.total.done == 1
    (site.directory / "manifest.json").write_text("broken")
    assert site.press().text("/a.txt") == TEXT


# Times


def test_last_modified_is_the_time_of_the_file_and_of_what_it_names(pressed: Press) -> None:
    files = {"index.html": "<link rel=stylesheet href=a.css>", "a.css": "p{background:url(a.png)}"}
    site = pressed({})
    site.write({**files, "a.png": "x", "b.html": "x"})
    for name, seconds in (("index.html", 100), ("a.css", 200), ("a.png", 300), ("b.html", 50)):
        os.utime(site.site_dir / name, (seconds, seconds))
    site.press()
    times = {path: site.file(path).modified for path in ("/index.html", "/a.css", "/b.html")}
    assert times == {"/index.html": 300, "/a.css": 300, "/b.html": 50}


def test_source_date_epoch_is_the_latest_time(
    pressed: Press, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = pressed({"a.txt": "a", "b.txt": "b"})
    os.utime(site.site_dir / "a.txt", (500, 500))
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1000")
    site.press()
    assert (site.file("/a.txt").modified, site.file("/b.txt").modified) == (500, 1000)
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "yesterday")
    with pytest.raises(PressError, match="SOURCE_DATE_EPOCH"):
        site.press()


# Disturbances


def test_an_interrupted_press_leaves_the_former_bundle_whole(generated: Folder) -> None:
    generated.press()
    before = bundle.load(generated.directory)
    generate(generated.site_dir, texts=400, pictures=10, large=0)
    command = [sys.executable, "-c", OTHER_PRESS]
    run = subprocess.Popen([*command, str(generated.site_dir), str(generated.directory)])
    deadline = time.monotonic() + 60
    while len(blobs(generated)) < 300 and time.monotonic() < deadline:
        time.sleep(0.01)
    run.send_signal(signal.SIGKILL)
    run.wait()
    after = bundle.load(generated.directory)
    assert after == before
    for file in after.files.values():
        for variant in file.variants:
            assert bundle.digest_of(sent(after, file, variant)) == variant.digest
    assert not generated.press().report.unchanged
    assert not any("partial" in name for name in blobs(generated))


def test_of_two_presses_at_once_the_second_finds_nothing_to_do(generated: Folder) -> None:
    command = [sys.executable, "-c", OTHER_PRESS]
    command += [str(generated.site_dir), str(generated.directory)]
    runs = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    outputs = [run.communicate(timeout=120)[0].strip() for run in runs]
    assert sorted(outputs) == ["False", "True", "True"]
    generated.press()
    for path in generated.bundle.files:
        assert bundle.digest_of(generated.bytes(path)) == generated.variant(path).digest


def test_a_folder_that_is_not_there_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(PressError, match="no such folder"):
        press(tmp_path / "none", tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_that_cannot_be_written_is_an_error(folder: Folder) -> None:
    folder.directory.write_text("a file stands where the bundle should be")
    with pytest.raises(PressError, match=r"site\.bundle"):
        folder.press({"a.txt": "a"})


def test_every_reference_of_a_generated_site_is_an_entry(generated: Folder) -> None:
    generated.press()
    assert generated.report.warnings == ["옷/index.html refers to /gone, which is not there"]
    assert generated.report.fingerprinted > 6
    page = generated.text("/pages/0/0/index.html")
    names = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(names) == 10
    for name in names:
        assert generated.file(name).immutable
