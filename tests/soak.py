"""What `make soak` saw, as a table: docs/soak.md."""

from __future__ import annotations

from pathlib import Path
from statistics import median
from typing import NamedTuple

PAGE = Path(__file__).parents[1] / "docs/soak.md"

HEAD = """\
# Deployment after deployment · 배포에 이은 배포

`make soak` prints and writes this again: versions follow each other under visitors who keep their
connections alive and never ask twice. Each of their answers is read to its end; failed is every
one that is not whole, or not the status that it should be. Over plain HTTP there are slow downloads
and slow uploads under way all the time.

`make soak`이 다시 만드는 표입니다. 연결을 유지하고 같은 요청을 두 번 하지 않는 방문자가 있는 동안 버전을
잇달아 배포합니다. 모든 응답을 끝까지 읽으며, 온전하지 않거나 상태 코드가 다르면 실패로 셉니다. HTTP에서는
느린 내려받기와 올리기가 내내 함께 돌아갑니다.

| visitors · 방문자 | deployments · 배포 | rollbacks · 되돌리기 | requests · 요청 | failed · 실패 | seconds to the switch, median and most · 전환까지 초, 중앙값과 최대 |
| --- | ---: | ---: | ---: | ---: | ---: |
"""
FOOT = """
Seconds: from the command, with the image there, to the moment all visitors are sent to it; 10 at
most are wanted.

초: 이미지가 있는 상태에서 명령을 내린 때부터 모든 방문자가 새 버전으로 가기까지이며, 10초 이내가 목표입니다.
"""


class Row(NamedTuple):
    """One test's load. times: seconds to each switch."""

    visitors: str
    deployments: int
    rollbacks: int
    requests: int
    failed: int
    times: list[float]


def write(rows: list[Row]) -> str:
    """Write the page; returns it."""
    page = HEAD + "".join(map(_line, rows)) + FOOT
    PAGE.write_text(page)
    return page


# Private


def _line(row: Row) -> str:
    return (
        f"| {row.visitors} | {row.deployments} | {row.rollbacks} | {row.requests:,} | {row.failed} |"
        f" {median(row.times):.1f}, {max(row.times):.1f} |\n"
    )
