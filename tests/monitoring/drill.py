"""`make drill`: what breaks, who is told of what and after how long; into docs/drill.md.

Each fault has a site and a monitoring of its own, all at once, with the rules and the settings
that operators have. The right alert must arrive, no other, and its end after the recovery.
"""

from __future__ import annotations

import os
import ssl
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx

from tests.deploy.conftest import Host
from tests.deploy.site import faulty, release
from tests.edge.stack import ROOT, Stack, run, wait_until
from tests.https.stack import SecureStack
from tests.https.stack import build_image as build_secure_image
from tests.monitoring.history import past
from tests.monitoring.stack import Monitoring, Receiver, visitors

HERE = Path(__file__).parent
PAGE = ROOT / "docs/drill.md"
TOLD, OVER = 25 * 60, 65 * 60  # seconds: longer than any alert here may take
LATECOMERS = 360  # seconds in which nothing else may be told: longer than errors are looked back at
DAY = 86400


class Fault(NamedTuple):
    """What was done, which alert has to tell of it, and when that was, in seconds."""

    what: str
    what_ko: str
    alert: str
    told: float  # after it broke
    over: float  # after it was mended
    others: frozenset[str]  # that were told as well, and should not have been


Deed = Callable[[], object]


def main() -> int:
    """Run all, print, write the page. Exit codes: 0 as it should be, 1 not, 2 not measured."""
    # Deployments take turns, as the script wants it: the images are there beforehand.
    build_secure_image()
    for name in ("v1", "v2"):
        release(name)
    release("errs", *faulty("route"))
    release("errs-later", *faulty("route"), "ENV LATER=90")
    drills = (_application, _colours, _rolled_back, _one_page, _certificate, _disk)
    found: list[Fault] = []
    with ThreadPoolExecutor(len(drills)) as pool:
        for future in as_completed([pool.submit(drill) for drill in drills]):
            try:
                found += future.result()
            except Exception as error:  # the others go on
                _say(f"not measured: {error}")
    found.sort(key=lambda fault: fault.told)
    page = _page(found)
    print(page)
    if len(found) < len(drills) + 1:
        return 2
    PAGE.write_text(page)
    return 1 if any(fault.others for fault in found) else 0


# The faults


def _application() -> list[Fault]:
    site = Stack("kaira-drill-application")
    with _watched(site) as receiver, visitors(site):
        app = site.container("app")
        return [
            _drill(receiver, "SiteServedFromCache",
                   "the application is stopped", "애플리케이션이 멈췄습니다",
                   lambda: run("docker", "stop", "--time", "0", app),
                   lambda: run("docker", "start", app))
        ]  # fmt: skip


def _colours() -> list[Fault]:
    site = Host("kaira-drill-colours")
    with _watched(site) as receiver, visitors(site):
        with _turn:
            site.deploy(release("v2"))
        live = site.container(site.live())
        other = site.container({"blue": "green", "green": "blue"}[site.live()])
        # As while a deployment is watched: the version from before still runs.
        run("docker", "start", other)
        one = _drill(receiver, "LiveColourDown",
                     "the live colour dies, and the other steps in",
                     "서비스 중인 색이 죽고 다른 색이 대신합니다",
                     lambda: run("docker", "kill", live),
                     lambda: run("docker", "start", live))  # fmt: skip
        both = _drill(receiver, "SiteServedFromCache",
                      "both colours die", "두 색이 모두 죽었습니다",
                      lambda: run("docker", "kill", live, other),
                      lambda: run("docker", "start", live))  # fmt: skip
        return [one, both]


def _rolled_back() -> list[Fault]:
    site = Host("kaira-drill-watch")
    with _watched(site) as receiver, visitors(site):

        def release_badly() -> None:
            with _turn:
                site.deploy(release("errs", *faulty("route")), code=3, WATCH_SECONDS="30")

        return [
            _drill(receiver, "DeploymentRolledBack",
                   "a release errs on one page while it is watched, and is rolled back by itself",
                   "새 릴리스의 한 페이지가 관찰 중에 오류를 내어 자동으로 되돌아갑니다",
                   release_badly, lambda: None)
        ]  # fmt: skip


def _one_page() -> list[Fault]:
    site = Host("kaira-drill-page")
    now = time.time()
    # Three days of visitors, one in ten thousand of whom met an error.
    history = {
        "kaira:edge_requests:sum": lambda at: 10 * (at - now + 3 * DAY),
        "kaira:edge_errors:sum": lambda at: 0.001 * (at - now + 3 * DAY),
    }
    with _watched(site, history) as receiver, visitors(site):

        def release_badly() -> None:
            with _turn:
                site.deploy(release("errs-later", *faulty("route"), "ENV LATER=90"))
            wait_until(lambda: httpx.get(f"{site.url}/api/info").is_error, "it errs", 120)

        def roll_back() -> None:
            with _turn:
                site.deploy("--rollback")

        return [
            _drill(receiver, "ErrorBudgetBurn1h",
                   "a release errs on one page after it was watched: a quarter of the answers",
                   "새 릴리스의 한 페이지가 관찰이 끝난 뒤 오류를 냅니다. 응답의 4분의 1입니다",
                   release_badly, roll_back)
        ]  # fmt: skip


def _certificate() -> list[Fault]:
    site = SecureStack("drill", HERE / "named.yml", HERE / "short.yml", ACME_PROFILE="shortlived")
    site.trust.chmod(0o755)  # the prober is another user
    try:
        site.down()
        site.start_authority()
        site.start()
        wait_until(site.has_https, "HTTPS has come", 90)
        end = _expiry(site)
        # Only one thing is made up: that it was issued 88 days ago, and not just now.
        issued = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(end - 90 * DAY))
        said = f's/"issued": "[^"]*"/"issued": "{issued}"/'
        site.execute("certbot", "sed", "-i", said, "/run/kaira/certificate.json")
        with _watched(site, None, HERE / "secure.yml", up=False) as receiver:

            def renew() -> None:
                site.start("certbot", ACME_PROFILE="default")
                site.renew()

            return [
                _drill(receiver, "CertificateExpiresSoon",
                       "the certificate has two of its 90 days left and is not renewed",
                       "인증서 수명 90일 가운데 이틀이 남았는데 갱신되지 않았습니다",
                       lambda: None, renew)
            ]  # fmt: skip
    finally:
        site.down()


def _disk() -> list[Fault]:
    # Where / is not shared, those that have started do not see what is mounted now.
    time.sleep(90)
    with _mounted(megabytes=1024) as disk:
        site = Stack("kaira-drill-disk", HERE / "disk.yml", DISK=str(disk))
        filling = disk / "filling"
        with _watched(site) as receiver:
            return [
                _drill(receiver, "DiskAlmostFull",
                       "the disk of the cache's volume is filled", "캐시 볼륨의 디스크가 찼습니다",
                       lambda: _fill(filling),
                       filling.unlink)
            ]  # fmt: skip


# Private

_turn = threading.Lock()


def _drill(
    receiver: Receiver, alert: str, what: str, what_ko: str, harm: Deed, mend: Deed
) -> Fault:
    """Break it, wait until somebody is told, mend it, wait until they are told that it is over."""
    began = time.time()
    harm()
    broken = time.time()
    told = receiver.wait(alert, "firing", began, TOLD) - broken
    _say(f"{alert} after {told:.0f} s: {what}")
    mend()
    mended = time.time()
    over = receiver.wait(alert, "resolved", mended, OVER) - mended
    time.sleep(LATECOMERS)
    others = receiver.names("firing", began) - {alert}
    _say(
        f"{alert} over {over:.0f} s after it was mended; told besides: {sorted(others) or 'nothing'}"
    )
    return Fault(what, what_ko, alert, told, over, frozenset(others))


@contextmanager
def _watched(
    site: Stack,
    history: dict[str, Callable[[float], float]] | None = None,
    *overrides: Path,
    up: bool = True,
) -> Iterator[Receiver]:
    """Who is told, of the site and its monitoring, all well and known to be for a minute."""
    with ExitStack() as stack:
        receiver = Receiver()
        stack.callback(receiver.close)
        if up:
            site.down()
            stack.callback(site.down)
            if isinstance(site, Host):
                with _turn:
                    site.deploy(release("v1"))
            else:
                site.up()
            site.wait_until_warm()
        monitoring = Monitoring(site, receiver, *overrides, **_secure(site))
        monitoring.down()
        stack.callback(monitoring.down)
        if history:
            past(monitoring, history)
        monitoring.up()
        if up:
            time.sleep(60)
        yield receiver


def _secure(site: Stack) -> dict[str, str]:
    return {key: site.env[key] for key in ("DOMAIN", "HTTPS_PORT", "TRUST") if "TRUST" in site.env}


@contextmanager
def _mounted(megabytes: int) -> Iterator[Path]:
    """A folder that is a disk of its own."""
    with tempfile.TemporaryDirectory(prefix="kaira-drill-") as folder:
        image, disk = Path(folder) / "image", Path(folder) / "disk"
        disk.mkdir()
        Path(folder).chmod(0o755)  # node exporter is another user
        run("truncate", "-s", f"{megabytes}M", str(image))
        run("mkfs.ext4", "-q", "-m", "0", str(image))
        run("mount", "-o", "loop", str(image), str(disk))
        try:
            yield disk
        finally:
            run("umount", str(disk))


def _fill(file: Path) -> None:
    """Leave 2 % of the disk."""
    disk = os.statvfs(file.parent)
    left = disk.f_bavail - disk.f_blocks // 50
    run("fallocate", "-l", str(left * disk.f_frsize), str(file))


def _expiry(site: SecureStack) -> float:
    return float(ssl.cert_time_to_seconds(str(site.certificate()["notAfter"])))


def _page(found: list[Fault]) -> str:
    lines = [
        "# Who is told, and when · 누가 언제 알림을 받는가",
        "",
        "`make drill` prints and writes this again: each fault in a stack of its own, with the rules",
        "and the settings that operators have, and a webhook that is told.",
        "",
        "`make drill`이 다시 만드는 표입니다. 고장마다 스택을 따로 띄우고, 운영자가 쓰는 규칙과 설정",
        "그대로 웹훅으로 알림을 받습니다.",
        "",
        "| what broke · 고장 | alert · 알림 | told after · 알림까지 | over, after it was mended ·"
        " 복구 후 해제까지 | any other · 다른 알림 |",
        "| --- | --- | ---: | ---: | --- |",
    ]
    lines += map(_row, found)
    return "\n".join(lines) + "\n"


def _row(fault: Fault) -> str:
    alert = f"[{fault.alert}](runbooks.md#{fault.alert.lower()})"
    times = f"{_minutes(fault.told)} | {_minutes(fault.over)}"
    others = ", ".join(sorted(fault.others)) or "–"
    return f"| {fault.what}<br>{fault.what_ko} | {alert} | {times} | {others} |"


def _minutes(seconds: float) -> str:
    return f"{seconds / 60:.1f} min"


def _say(line: str) -> None:
    print(f"==> {time.strftime('%H:%M:%S')}  {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
