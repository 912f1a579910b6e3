"""What is computed from headers, for any header that there can be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kaira_fastapi_poetry.site.negotiation import (
    Unsatisfiable,
    acceptable,
    choose,
    http_date,
    matches,
    range_applies,
    single_range,
    unmodified_since,
)

CODINGS = ("br", "zstd", "gzip", "identity")
rubbish = st.binary(max_size=600)
quality = st.integers(0, 1000).map(lambda thousandths: f"{thousandths / 1000:.3f}")
named = st.dictionaries(st.sampled_from([*CODINGS, "deflate", "*"]), quality)
tags = st.lists(st.text("abc0123_-", min_size=1), min_size=1, max_size=5)


def header(qualities: dict[str, str]) -> bytes:
    return ", ".join(f"{coding};q={value}" for coding, value in qualities.items()).encode()


@given(rubbish)
def test_any_accept_encoding_has_an_answer(value: bytes) -> None:
    assert choose(CODINGS, value) in (*CODINGS, None)
    assert all(0 <= each <= 1 for each in acceptable(value).values())


@given(named)
def test_what_is_refused_is_never_chosen_and_nothing_better_is_passed_over(
    qualities: dict[str, str],
) -> None:
    given_ = {coding: float(value) for coding, value in qualities.items()}

    def worth(coding: str) -> float:
        if coding in given_:
            return given_[coding]
        return given_.get("*", 0.0001 if coding == "identity" else 0.0)

    chosen = choose(CODINGS, header(qualities))
    best = max(worth(coding) for coding in CODINGS)
    if chosen is None:
        assert best == 0
    else:
        assert worth(chosen) == best > 0


@given(named, st.permutations(range(6)))
def test_the_order_of_a_list_changes_nothing(qualities: dict[str, str], order: list[int]) -> None:
    items = list(qualities.items())
    shuffled = dict(items[number] for number in order if number < len(items))
    assert choose(CODINGS, header(qualities)) == choose(CODINGS, header(shuffled))


@given(named)
def test_capitals_and_blanks_change_nothing(qualities: dict[str, str]) -> None:
    plain = header(qualities)
    spaced = plain.upper().replace(b";", b" ; ").replace(b",", b"\t ,")
    assert choose(CODINGS, plain) == choose(CODINGS, spaced)


def test_without_the_header_a_file_is_sent_as_it_is() -> None:
    assert choose(CODINGS, None) == "identity"


@given(st.integers(0, 10_000), st.binary(max_size=80))
def test_any_range_is_within_the_file_or_none(size: int, value: bytes) -> None:
    try:
        found = single_range(value, size)
    except Unsatisfiable:
        return
    if found is not None:
        start, stop = found
        assert 0 <= start < stop <= size


@given(st.binary(min_size=1, max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_first_and_last_are_both_in_the_range(content: bytes, first: int, last: int) -> None:
    value = f"bytes={first}-{last}".encode()
    if first > last:
        assert single_range(value, len(content)) is None
    elif first >= len(content):
        with pytest.raises(Unsatisfiable):
            single_range(value, len(content))
    else:
        found = single_range(value, len(content))
        assert found is not None
        assert content[slice(*found)] == content[first : last + 1]


@given(st.binary(min_size=1, max_size=50), st.integers(1, 60))
def test_a_suffix_is_the_end_of_the_file(content: bytes, length: int) -> None:
    found = single_range(f"bytes=-{length}".encode(), len(content))
    assert found is not None
    assert content[slice(*found)] == content[-length:]


@given(tags, st.text("abc0123_-", min_size=1), st.booleans())
def test_a_tag_matches_where_it_is_in_the_list(listed: list[str], tag: str, weak: bool) -> None:
    value = ", ".join(f'{"W/" if weak else ""}"{each}"' for each in listed).encode()
    assert matches(value, f'"{tag}"'.encode()) is (tag in listed)


@given(rubbish)
def test_rubbish_matches_nothing(value: bytes) -> None:
    assert matches(value, b'"0123456789abcdef0123456789abcdef"') is (value.strip() == b"*")


@given(st.integers(0, 4_000_000_000), st.integers(0, 4_000_000_000))
def test_dates_compare_as_their_seconds(modified: int, since: int) -> None:
    assert unmodified_since(http_date(since), modified) is (modified <= since)
    assert range_applies(http_date(since), b'"x"', modified) is (modified == since)


@given(rubbish)
def test_a_date_of_rubbish_fails_nothing(value: bytes) -> None:
    assert unmodified_since(value, 4_000_000_000) in (True, False)
    assert range_applies(value, b'"x"', 0) in (True, False)


@given(st.text("abc"))
def test_only_the_strong_tag_itself_applies_to_a_range(tag: str) -> None:
    etag = f'"{tag}"'.encode()
    assert range_applies(etag, etag, 0)
    assert not range_applies(b"W/" + etag, etag, 0)
    assert not range_applies(etag, b'"' + b"other" + etag[1:], 0)
