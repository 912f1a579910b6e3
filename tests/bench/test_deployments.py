"""What a deployment has lost, read, counted and judged."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path

import pytest

from bench import report
from bench.contestants import FailedError
from bench.deployments import Deployment, Record, outcome
from bench.report import FAIL, PASS, UNMEASURED, Findings
from tests.conftest import require

PRINTED = json.dumps(
    {
        "sent": {"page": 100, "route": 90},
        "lost": {"page": {}, "route": {"503": 4, "refused": 1}},
        "releases": {"one": 7.0, "two": 12.5},
    }
)


def record(*lost: int, name: str = report.DEPLOYMENT, seconds: float = 5) -> Record:
    return Record(
        name,
        [
            Deployment(
                {"page": 1000, "route": 1000}, {"page": each, "route": 0}, {"503": each}, seconds
            )
            for each in lost
        ],
    )


def marks(*records: Record) -> list[str]:
    verdicts = report.verdicts(Findings(deployments=list(records)))
    return [mark for mark, words in verdicts if "deployment" in words or "new version" in words]


def test_the_visitors_word_is_taken() -> None:
    found = outcome(PRINTED, "two", 10.0)
    assert found.lost == {"page": 0, "route": 5}
    assert (found.all_lost, found.seconds) == (5, 2.5)
    assert found.why == {"503": 4, "refused": 1}


def test_a_release_that_nobody_has_seen_ends_the_run() -> None:
    with pytest.raises(FailedError, match="three"):
        outcome(PRINTED, "three", 10.0)


def test_one_request_lost_in_one_round_is_one_too_many() -> None:
    assert marks(record(0, 0, 0)) == [PASS, PASS]
    assert marks(record(0, 0, 1)) == [FAIL, PASS]


@pytest.mark.parametrize(("seconds", "mark"), [(10, PASS), (10.1, FAIL)])
def test_the_new_version_must_be_there_in_time(seconds: float, mark: str) -> None:
    assert marks(record(0, seconds=seconds)) == [PASS, mark]


def test_the_others_have_no_target_and_do_not_stand_for_ours() -> None:
    assert marks(record(7, name="nginx -s reload")) == [UNMEASURED, UNMEASURED]


def test_the_table_has_medians_and_the_range() -> None:
    row = report.deployment_table([record(3, 1, 8)]).splitlines()[2]
    assert row == f"| {report.DEPLOYMENT} | 2,000 | 3 | 1 to 8 | 3, 0 | 5.0 | 5.0 to 5.0 |"


def test_the_reasons_are_told_of_who_lost_any() -> None:
    told = report.reasons([record(0), record(2, 3, name="nginx -s reload")])
    assert told == "- nginx -s reload: 5 503"


def test_the_report_has_the_table_and_a_plot_the_same_each_time(tmp_path: Path) -> None:
    require(find_spec("matplotlib"), "matplotlib: make .venv/bench")
    findings = Findings(deployments=[record(0, 0), record(700, 900, name="nginx -s reload")])
    for folder in ("one", "two"):
        report.write(findings, {}, "", tmp_path / folder)
    plots = [(tmp_path / folder / "losses.svg").read_bytes() for folder in ("one", "two")]
    assert plots[0] == plots[1]
    assert (
        "![Requests lost in one deployment](losses.svg)" in (tmp_path / "one/README.md").read_text()
    )
