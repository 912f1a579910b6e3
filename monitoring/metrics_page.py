"""The page that says what each metric means: `make metrics` writes docs/metrics.md.

English comes from the code that tells the metric, so the two cannot disagree; Korean is here.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from fastapi import FastAPI

from kaira_fastapi_poetry.telemetry import certificate, metrics
from monitoring.containers import tell

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "metrics.md"

KOREAN = {
    "kaira_edge_live": "방문자가 가는 색.",
    "kaira_edge_stale": "그 색이 죽어 nginx가 캐시만으로 답하는지(1이면 그렇다).",
    "kaira_edge_counted_timestamp_seconds": "요청을 마지막으로 센 때(에포크 초).",
    "kaira_edge_requests_total": (
        "nginx가 답한 방문자 요청. "
        "경로 종류, 상태 코드, 캐시가 한 일, 그때 서비스하던 색으로 나눈다."
    ),
    "kaira_edge_response_bytes_total": "nginx가 보낸 본문 바이트. 콘텐츠 코딩별.",
    "kaira_edge_request_duration_seconds": (
        "요청의 첫 바이트부터 응답의 마지막 바이트까지. 방문자의 회선 속도가 들어 있다."
    ),
    "kaira_edge_upstream_duration_seconds": (
        "nginx가 애플리케이션에 물어 답을 얻기까지 걸린 시간. 다시 물은 것까지 더한다."
    ),
    "kaira_deployments_total": "배포 횟수, 결과별. 손으로 되돌린 것은 returned.",
    "kaira_deployment_timestamp_seconds": "마지막 배포가 끝난 때(에포크 초).",
    "kaira_site_responses_total": "사이트 파일로 답한 응답. 상태 코드와 콘텐츠 코딩별.",
    "kaira_site_response_bytes_total": "사이트 파일로 답한 본문 바이트. 콘텐츠 코딩별.",
    "kaira_requests_refused_total": "받아 주지 않은 요청. 이유별.",
    "kaira_log_lines_dropped_total": "로그를 읽는 쪽이 멈추거나 디스크가 차서 버린 로그 줄.",
    "kaira_worker_restarts_total": "이유를 막론하고 끝난 워커. gunicorn이 그 자리에 새로 띄운다.",
    "kaira_process_resident_memory_bytes": (
        "프로세스 메모리. 다른 프로세스와 함께 쓰는 부분도 센다."
    ),
    "kaira_process_private_memory_bytes": "그 프로세스만 쓰는 메모리. 끝나면 돌려받을 양.",
    "kaira_process_cpu_seconds_total": "프로세스가 쓴 CPU 시간.",
    "kaira_process_start_time_seconds": "프로세스가 시작한 때(에포크 초).",
    "kaira_process_open_fds": "프로세스가 연 파일 디스크립터.",
    "kaira_release_info": "지금 도는 릴리스와 그 안의 Kaira 버전.",
    "kaira_certificate_expiry_timestamp_seconds": (
        "nginx가 보여 주는 인증서가 끝나는 때(에포크 초)."
    ),
    "kaira_certificate_issued_timestamp_seconds": "그 인증서가 유효해진 때(에포크 초).",
    "http_requests_total": "라우트 요청 수. 메서드, 상태, 라우트별.",
    "http_request_size_bytes": "라우트에 온 요청의 본문 크기.",
    "http_response_size_bytes": "라우트가 보낸 응답의 본문 크기.",
    "http_request_duration_highr_seconds": "모든 라우트의 응답 시간, 촘촘한 구간.",
    "http_request_duration_seconds": "라우트별 응답 시간, 성긴 구간.",
    "kaira_container_running": "컨테이너가 도는지.",
    "kaira_container_healthy": "컨테이너의 상태 검사 결과. 검사가 없으면 없다.",
    "kaira_container_start_time_seconds": "컨테이너가 시작한 때(에포크 초).",
    "kaira_container_memory_bytes": "쓰고 있는 메모리. 버려도 되는 파일 캐시는 뺀다.",
    "kaira_container_memory_limit_bytes": "쓸 수 있는 메모리.",
    "kaira_container_cpu_seconds_total": "컨테이너가 쓴 CPU 시간.",
    "kaira_container_restarts_total": "Docker가 다시 시작한 횟수.",
    "kaira_container_oom_kills_total": "메모리가 모자라 죽은 프로세스.",
    "kaira_host_network_receive_bytes_total": "이 서버가 받은 바이트.",
    "kaira_host_network_transmit_bytes_total": "이 서버가 보낸 바이트.",
}

HEAD = """\
# Metrics · 지표

`make metrics` writes this page from the code. Node exporter, the nginx exporter and the blackbox \
exporter describe theirs themselves.

`make metrics`가 코드에서 이 페이지를 씁니다. node exporter, nginx exporter, blackbox exporter의 \
지표는 각자의 문서에 있습니다.
"""

Told = dict[str, tuple[str, str]]  # name -> (type, help)


def application() -> Told:
    """What the application tells at `/metrics`."""
    app = FastAPI()
    metrics.instrument(app)
    app.build_middleware_stack()  # it is then that they are made
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        times = '"issued": "2026-01-01T00:00:00Z", "expires": "2026-04-01T00:00:00Z"'
        file.write(f'{{"names": [], {times}}}')
        file.flush()
        certificate.FILE = Path(file.name)  # where there is one, it is told of
        text = metrics.exposition("", "").decode()
    told = re.findall(r"# HELP (\S+) (.*)\n# TYPE \S+ (\w+)", text)
    return {
        name: (kind, help_.strip())
        for name, help_, kind in told
        # Without workers Python's client tells these of itself; `kaira_process_…` is of all.
        if not name.startswith(("process_", "python_")) and not name.endswith("_created")
    }


def edge() -> Told:
    """What nginx/start/count.awk tells."""
    source = (ROOT / "nginx/start/count.awk").read_text()
    told = re.findall(r'tell\("(\w+)", "(\w+)", "([^"]+)"', source)
    return {name: (kind, help_) for name, kind, help_ in told}


def page() -> str:
    """The whole of it. Raises LookupError if a metric has no Korean."""
    parts = {
        "What the edge tells · nginx": edge(),
        "What the application tells · 애플리케이션": application(),
        "What is told of the containers and the host · 컨테이너와 서버": tell.METRICS,
    }
    text = HEAD
    for title, told in parts.items():
        text += f"\n## {title}\n\n| metric | type | meaning | 뜻 |\n| --- | --- | --- | --- |\n"
        for name, (kind, help_) in sorted(told.items()):
            text += f"| `{name}` | {kind} | {help_} | {KOREAN[name]} |\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page())
