"""Tables, verdicts and the files that are written."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench import coldstart, report
from bench.memory import megabytes
from bench.report import FAIL, PASS, UNMEASURED, Findings
from bench.runner import Result
from tests.conftest import require

RAW = Result("raw ASGI", [100, 100, 100], 13_700)
KAIRA = Result("kaira, as shipped", [80, 90, 100], 5_000)


def marks(findings: Findings) -> dict[str, str]:
    return {words.partition(":")[0]: mark for mark, words in report.verdicts(findings)}


def starts(kaira: float, empty: float) -> Findings:
    return Findings(
        starts=[
            Result("kaira serve", [1 / kaira]),
            Result("empty FastAPI, gunicorn", [1 / empty]),
        ]
    )


def test_the_table_has_the_fastest_first_and_ratios_to_raw_asgi() -> None:
    assert report.table([KAIRA, RAW]).splitlines()[2:] == [
        "| raw ASGI | 100 | 1.00 | 1.00 to 1.00 | 13,700 |",
        "| kaira, as shipped | 90 | 0.90 | 0.80 to 1.00 | 5,000 |",
    ]


def test_without_raw_asgi_there_are_no_ratios() -> None:
    assert report.table([KAIRA]).splitlines()[2] == "| kaira, as shipped | 90 |  |  | 5,000 |"


@pytest.mark.parametrize(("requests", "mark"), [(85, PASS), (84.9, FAIL)])
def test_a_ratio_on_its_target_passes_and_one_below_fails(requests: float, mark: str) -> None:
    small = [Result("kaira, as shipped", [requests]), Result("raw ASGI", [100])]
    assert report.verdicts(Findings(throughput={"small.html": small}))[0][0] == mark


@pytest.mark.parametrize(("seconds", "mark"), [(0.65, PASS), (0.66, FAIL)])
def test_a_start_may_take_thirteen_tenths_of_the_empty_one(seconds: float, mark: str) -> None:
    found = [each for each in report.verdicts(starts(seconds, 0.5)) if "kaira serve" in each[1]]
    assert [each[0] for each in found] == [mark]


def test_starts_are_compared_with_their_neighbours_and_not_with_a_busier_minute() -> None:
    kaira = Result("kaira serve", [1 / 1.2, 1 / 2.4, 1 / 2.4])
    empty = Result("empty FastAPI, gunicorn", [1 / 1.0, 1 / 1.0, 1 / 2.0])
    found = [
        mark
        for mark, words in report.verdicts(Findings(starts=[kaira, empty]))
        if "kaira serve" in words
    ]
    assert found == [PASS]


def test_starts_go_forwards_and_backwards(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    def start(command: Callable[[int], list[str]], *_: object) -> float:
        started.append(int(command(0)[0]))
        return 1 / started[-1]

    monkeypatch.setattr(coldstart, "_start", start)
    contestants = {"one": lambda _: ["1"], "two": lambda _: ["2"]}
    assert coldstart.measure(contestants, Path(), 2, {}) == {"one": [1, 1], "two": [2, 2]}
    assert started == [1, 2, 2, 1, 1, 2]


@pytest.mark.parametrize(("used", "mark"), [(199, PASS), (201, FAIL)])
def test_the_containers_together_have_a_limit(used: float, mark: str) -> None:
    assert report.verdicts(Findings(memory={"app": used - 10, "nginx": 10}))[-2][0] == mark


@pytest.mark.parametrize(("used", "mark"), [(131, PASS), (133, FAIL)])
def test_so_has_the_monitoring_which_leaves_room_for_grafana(used: float, mark: str) -> None:
    assert report.verdicts(Findings(watchers={"prometheus": used}))[-1][0] == mark


@pytest.mark.parametrize(("requests", "mark"), [(97, PASS), (96.9, FAIL)])
def test_being_watched_may_cost_three_in_a_hundred(requests: float, mark: str) -> None:
    watched = [Result("with monitoring", [requests]), Result("without", [100])]
    found = report.verdicts(Findings(watched=watched))
    assert [each[0] for each in found if "with monitoring" in each[1]] == [mark]


def test_what_was_not_measured_is_said_to_be_not_measured() -> None:
    assert set(marks(Findings()).values()) == {UNMEASURED}


@pytest.mark.parametrize(
    ("usage", "expected"),
    [("12.5MiB / 128MiB", 13.1072), ("1GiB / 2GiB", 1073.741824), ("0B / 0B", 0)],
)
def test_memory_is_read_from_what_docker_prints(usage: str, expected: float) -> None:
    assert megabytes(usage) == pytest.approx(expected)


@pytest.fixture
def matplotlib() -> None:
    require(find_spec("matplotlib"), "matplotlib: make .venv/bench")


def test_the_report_and_its_plot_are_written_and_are_the_same_each_time(
    matplotlib: None, tmp_path: Path
) -> None:
    findings = Findings(throughput={"small.html": [KAIRA, RAW]}, memory={"app": 70.0})
    for folder in ("one", "two"):
        report.write(findings, {"nginx": "1.30"}, "Measured like this.", tmp_path / folder)
    for name in ("README.md", "throughput.svg"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()
    text = (tmp_path / "one/README.md").read_text()
    assert "Measured like this." in text
    assert "| kaira, as shipped | 90 | 0.90 |" in text
    assert "![" in text
    assert "<dc:date>" not in (tmp_path / "one/throughput.svg").read_text()


def test_without_raw_asgi_there_is_no_plot(matplotlib: None, tmp_path: Path) -> None:
    report.write(Findings(throughput={"small.html": [KAIRA]}), {}, "", tmp_path)
    assert not (tmp_path / "throughput.svg").exists()
    assert "![" not in (tmp_path / "README.md").read_text()
