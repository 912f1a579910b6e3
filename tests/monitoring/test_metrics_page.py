"""Every metric is described, in both languages, by what the code says of it."""

from __future__ import annotations

from monitoring.metrics_page import PAGE, page


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == page(), "make metrics"


def test_names_and_units_follow_the_conventions() -> None:
    # https://prometheus.io/docs/practices/naming/
    for line in page().splitlines():
        if line.startswith("| `"):
            name, kind = (part.strip(" `") for part in line.split("|")[1:3])
            assert (kind == "counter") == name.endswith("_total"), name
            assert not name.endswith(("_ms", "_milliseconds", "_kb", "_mb", "_percent")), name
