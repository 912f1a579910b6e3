"""What the rehearsal found, as a table: docs/rehearsal.md."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from tests.edge.stack import ROOT

PAGE = ROOT / "docs/rehearsal.md"
SECONDS_AT_MOST = 30  # from the start of a deployment's job until visitors are sent to it

HEAD = """\
# From git push to the server, rehearsed · git push부터 서버까지 예행연습

`make rehearsal` prints and writes this again: the very steps of `deploy.yml`, on a bare Debian
server with 1 GiB and 2 CPUs that `prepare.sh` has made ready, over real SSH, with a real registry
and Let's Encrypt's own test authority. Visitors come over HTTP/1.1 and HTTP/2 and never ask twice.

`make rehearsal`이 다시 만드는 표입니다. `prepare.sh`로 준비한 1 GiB, CPU 2개의 데비안 서버에서
`deploy.yml`의 단계를 그대로 실행합니다. SSH와 레지스트리, Let's Encrypt의 시험용 인증 기관 모두
실제로 동작합니다. 방문자는 HTTP/1.1과 HTTP/2로 오며 같은 요청을 두 번 하지 않습니다.

| what · 무엇을 | the workflow · 워크플로 | then · 그 뒤 | seconds · 초 | requests, failed · 요청, 실패 |
| --- | --- | --- | ---: | ---: |
"""
FOOT = f"""
Seconds: of a deployment from the start of its job to the moment visitors were sent to it, the image
being in the registry ({SECONDS_AT_MOST} at most); of a server from its start until it serves.

초: 배포는 작업을 시작하고 방문자가 새 릴리스로 가기까지(이미지는 레지스트리에 있으며 {SECONDS_AT_MOST}초
이내), 서버는 켜지고 다시 서비스하기까지의 시간입니다.
"""


class Row(NamedTuple):
    """One thing that happened; `then`: what visitors have after it."""

    what: str
    what_ko: str
    red: bool | None  # None: no workflow ran
    then: str
    then_ko: str
    seconds: float | None = None
    visitors: dict[str, int] | None = None


def late(rows: list[Row]) -> list[Row]:
    """The deployments that took too long; a measuring machine asks, not every test run."""
    return [row for row in rows if row.red is not None and (row.seconds or 0) > SECONDS_AT_MOST]


def write(rows: list[Row], path: Path = PAGE) -> str:
    """Write the page; returns it."""
    page = HEAD + "".join(map(_line, rows)) + FOOT
    path.write_text(page)
    return page


# Private


def _line(row: Row) -> str:
    seconds = "–" if row.seconds is None else f"{row.seconds:.1f}"
    seen = row.visitors
    requests = "–" if seen is None else f"{seen['requests']:,}, {seen['failed']}"
    job = {True: "red · 실패", False: "green · 성공", None: "–"}[row.red]
    return (
        f"| {row.what}<br>{row.what_ko} | {job} | {row.then}<br>{row.then_ko} |"
        f" {seconds} | {requests} |\n"
    )
