"""The machine and its containers."""

from __future__ import annotations

from grafana_foundation_sdk.models import dashboard as model

from monitoring.grafana.dashboards.board import Board
from monitoring.grafana.dashboards.panels import (
    About,
    Column,
    Query,
    grid,
    number,
    painted,
    series,
    states,
)

# What is on a disk, and neither read-only nor the firmware's.
FILESYSTEMS = '{fstype!~"tmpfs|ramfs|vfat|squashfs"}'
CPUS = 'count(node_cpu_seconds_total{mode="idle"})'

PRESSURE = About(
    "Pressure",
    "Share of the time in which something waited for CPU, memory or disk: it rises before "
    "anything is full.",
    "CPU·메모리·디스크를 기다린 시간의 비율. 무엇이 가득 차기 전에 먼저 오릅니다.",
)
PRESSURE_EXPR = tuple(
    Query(f"rate(node_pressure_{what}_waiting_seconds_total[$__rate_interval])", name)
    for what, name in (("cpu", "CPU"), ("memory", "memory"), ("io", "disk"))
)

CONTAINER = (
    "max by (name) (kaira_container_running)"
    " + max by (name) (3 * kaira_container_healthy - 2)"
    " or max by (name) (kaira_container_running)"
)
CONTAINER_MEANS = {
    2: ("healthy", "green"),
    1: ("runs", "light-green"),
    0: ("stopped", "text"),
    -1: ("unhealthy", "red"),
}
CPU_COLOURS = {
    "user": "blue",
    "system": "purple",
    "iowait": "orange",
    "steal": "red",
    "nice": "light-blue",
    "irq": "yellow",
    "softirq": "dark-yellow",
}


def dashboard() -> model.Dashboard:
    """The one machine that there is."""
    board = Board(
        "host",
        About("Host", "The machine and its containers.", "서버와 컨테이너."),
        hours=24,
    )
    _now(board)
    _cpu(board)
    _memory(board)
    _disk(board)
    _network_and_clock(board)
    _containers(board)
    return board.build()


# Private


def _or_none(expr: str) -> str:
    """Those that are more than nothing, or a line at 0 if none is."""
    return f"{expr} > 0 or on () vector(0)"


def _now(board: Board) -> None:
    board.row("Now")
    board.line(
        4,
        number(
            About("Up for", "Since the machine was started.", "서버가 시작한 뒤로."),
            "s",
            Query("node_time_seconds - node_boot_time_seconds"),
        ),
        number(
            About(
                "CPU in use",
                "Of all cores, over 5 minutes; time that the cloud took away (steal) counts.",
                "모든 코어, 5분. 클라우드가 가져간 시간(steal)도 셉니다.",
            ),
            "percentunit",
            Query('1 - avg(rate(node_cpu_seconds_total{mode="idle"}[5m]))'),
            steps=((None, "green"), (0.7, "orange"), (0.9, "red")),
        ),
        number(
            About(
                "Memory available",
                "Without swapping: what is free, and what can be dropped.",
                "스왑 없이 쓸 수 있는 메모리: 빈 것과 버려도 되는 것.",
            ),
            "bytes",
            Query("node_memory_MemAvailable_bytes"),
            steps=((None, "orange"), (160 * 2**20, "green")),
        ),
        number(
            About(
                "Fullest disk",
                "Share in use. Full, nothing is deployed and nothing is measured.",
                "쓰고 있는 비율. 가득 차면 배포도 측정도 멈춥니다.",
            ),
            "percentunit",
            Query(
                f"max(1 - node_filesystem_avail_bytes{FILESYSTEMS}"
                f" / node_filesystem_size_bytes{FILESYSTEMS})"
            ),
            steps=((None, "green"), (0.85, "orange"), (0.95, "red")),
        ),
        number(
            About(
                "Swap in use",
                "What has been put aside. That it lies there costs nothing; moving it does.",
                "밀어 둔 메모리. 있는 것은 괜찮고, 오가면 느려집니다.",
            ),
            "bytes",
            Query("node_memory_SwapTotal_bytes - node_memory_SwapFree_bytes"),
        ),
        number(
            About(
                "Clock off by",
                "Against the time servers. Certificates and logs need it right.",
                "시간 서버와의 차이. 인증서와 로그는 시계가 맞아야 합니다.",
            ),
            "s",
            Query("abs(node_timex_offset_seconds)"),
            steps=((None, "green"), (0.1, "orange")),
        ),
    )


def _cpu(board: Board) -> None:
    board.row("CPU")
    board.line(
        8,
        painted(
            series(
                About(
                    "What the CPU does",
                    "Of all cores. steal: the cloud took it away; on a small instance that means "
                    "its credits are used up. iowait: it waits for the disk.",
                    "모든 코어. steal은 클라우드가 가져간 것: 작은 인스턴스에서는 크레딧이 "
                    "바닥난 것. iowait는 디스크를 기다림.",
                ),
                "percentunit",
                Query(
                    "sum by (mode) (rate("
                    'node_cpu_seconds_total{mode!="idle"}[$__rate_interval]))'
                    f" / scalar({CPUS})",
                    "{{mode}}",
                ),
                stacked=True,
                top=1,
            ),
            CPU_COLOURS,
        ),
        series(
            About(
                "Load for each core",
                "Processes that run or wait to, averaged over 1, 5 and 15 minutes; above 1 some "
                "wait.",
                "돌거나 기다리는 프로세스, 1·5·15분 평균. 1을 넘으면 기다리는 것이 있습니다.",
            ),
            "short",
            *(
                Query(f"node_load{minutes} / scalar({CPUS})", f"{minutes} min")
                for minutes in (1, 5, 15)
            ),
            limits=((1, "orange"), (2, "red")),
        ),
        series(PRESSURE, "percentunit", *PRESSURE_EXPR),
    )


def _memory(board: Board) -> None:
    board.row("Memory")
    board.line(
        8,
        painted(
            series(
                About(
                    "Memory",
                    "used: by processes; droppable: files that can be read again; free.",
                    "used는 프로세스, droppable은 다시 읽을 수 있는 파일, free는 빈 것.",
                ),
                "bytes",
                Query("node_memory_MemTotal_bytes - node_memory_MemAvailable_bytes", "used"),
                Query("node_memory_MemAvailable_bytes - node_memory_MemFree_bytes", "droppable"),
                Query("node_memory_MemFree_bytes", "free"),
                stacked=True,
            ),
            {"used": "orange", "droppable": "blue", "free": "green"},
        ),
        series(
            About(
                "Swap",
                "How much lies there, and how much there could.",
                "쓰고 있는 스왑과 쓸 수 있는 스왑.",
            ),
            "bytes",
            Query("node_memory_SwapTotal_bytes - node_memory_SwapFree_bytes", "used"),
            Query("node_memory_SwapTotal_bytes", "there is"),
        ),
        series(
            About(
                "Pages moved",
                "From and to swap, and read again from files that had been dropped. Much of it for "
                "minutes: too little memory.",
                "스왑으로 오간 페이지와, 버린 파일을 다시 읽은 것. "
                "몇 분 동안 많으면 메모리가 모자랍니다.",
            ),
            "suffix: /s",
            Query("rate(node_vmstat_pswpin[$__rate_interval])", "from swap"),
            Query("rate(node_vmstat_pswpout[$__rate_interval])", "to swap"),
            Query("rate(node_vmstat_pgmajfault[$__rate_interval])", "read again"),
        ),
    )


def _disk(board: Board) -> None:
    board.row("Disk")
    board.line(
        8,
        series(
            About(
                "Free, and in four days",
                "What there is, and what there would be in four days if it went on as over the "
                "last six hours. At 0 the disk is full by then.",
                "지금 빈 공간과, 지난 6시간처럼 이어질 때 나흘 뒤의 공간. 0이면 그때 가득 찹니다.",
            ),
            "bytes",
            Query(f"node_filesystem_avail_bytes{FILESYSTEMS}", "{{mountpoint}}"),
            Query(
                "clamp_min(predict_linear("
                f"node_filesystem_avail_bytes{FILESYSTEMS}[6h], 4 * 86400), 0)",
                "{{mountpoint}} in 4 days",
            ),
        ),
        series(
            About(
                "Inodes free",
                "Many small files use these up before the space.",
                "작은 파일이 많으면 공간보다 이것이 먼저 바닥납니다.",
            ),
            "percentunit",
            Query(
                f"node_filesystem_files_free{FILESYSTEMS}"
                f" / (node_filesystem_files{FILESYSTEMS} > 0)",
                "{{mountpoint}}",
            ),
            limits=((0.1, "orange"),),
            top=1,
        ),
        series(
            About("Read and written", "Bytes, by device.", "장치별로 읽고 쓴 바이트."),
            "Bps",
            Query("rate(node_disk_read_bytes_total[$__rate_interval])", "{{device}} read"),
            Query("rate(node_disk_written_bytes_total[$__rate_interval])", "{{device}} written"),
        ),
        series(
            About(
                "Busy",
                "Share of the time in which the device had something to do.",
                "장치가 일하고 있던 시간의 비율.",
            ),
            "percentunit",
            Query("rate(node_disk_io_time_seconds_total[$__rate_interval])", "{{device}}"),
            limits=((0.8, "orange"),),
            top=1,
        ),
    )


def _network_and_clock(board: Board) -> None:
    board.row("Network and clock")
    board.line(
        7,
        series(
            About(
                "Network",
                "What the machine has sent and received, by device; what it sends is billed.",
                "서버가 주고받은 것, 장치별. 보낸 것에는 요금이 붙습니다.",
            ),
            "Bps",
            Query(
                "rate(kaira_host_network_transmit_bytes_total[$__rate_interval])",
                "{{device}} sent",
            ),
            Query(
                "rate(kaira_host_network_receive_bytes_total[$__rate_interval])",
                "{{device}} received",
            ),
        ),
        series(
            About(
                "Clock",
                "How far off it is, and how far it may be at most by its own word.",
                "시계의 차이와, 시계 스스로 밝힌 최대 오차.",
            ),
            "s",
            Query("node_timex_offset_seconds", "off"),
            Query("node_timex_maxerror_seconds", "at most"),
        ),
        states(
            About(
                "Clock kept right",
                "Whether a time server is followed.",
                "시간 서버를 따르고 있는지.",
            ),
            Query("node_timex_sync_status", "clock"),
            {1: ("in step", "green"), 0: ("on its own", "orange")},
        ),
    )


def _containers(board: Board) -> None:
    board.row("Containers")
    board.line(
        12,
        grid(
            About(
                "Each container",
                "One colour is stopped but for deployments: that is well.",
                "배포할 때가 아니면 한 색은 멈춰 있고, 그것이 정상입니다.",
            ),
            {"name": "container"},
            Column("state", CONTAINER, "none", meanings=CONTAINER_MEANS),
            Column("memory", "max by (name) (kaira_container_memory_bytes)", "bytes"),
            Column(
                "of its limit",
                "max by (name) (kaira_container_memory_bytes / kaira_container_memory_limit_bytes)",
                "percentunit",
                ((None, "green"), (0.8, "orange"), (0.95, "red")),
            ),
            Column(
                "CPU, of one core",
                "max by (name) (rate(kaira_container_cpu_seconds_total[5m]))",
                "percentunit",
            ),
            Column(
                "restarts",
                "max by (name) (kaira_container_restarts_total)",
                "none",
                ((None, "text"), (1, "orange")),
            ),
            Column(
                "out of memory",
                "max by (name) (kaira_container_oom_kills_total)",
                "none",
                ((None, "text"), (1, "red")),
            ),
            Column(
                "started",
                "max by (name) (kaira_container_start_time_seconds) * 1000",
                "dateTimeFromNow",
            ),
        ),
    )
    board.line(
        8,
        series(
            About(
                "Memory of its limit",
                "At 100 % the kernel kills a process in it.",
                "100%가 되면 커널이 그 안의 프로세스를 죽입니다.",
            ),
            "percentunit",
            Query(
                "max by (name) (kaira_container_memory_bytes / kaira_container_memory_limit_bytes)",
                "{{name}}",
            ),
            limits=((0.9, "orange"),),
            top=1,
        ),
        series(
            About(
                "CPU",
                "Cores that each container uses.",
                "컨테이너마다 쓰는 코어 수.",
            ),
            "suffix: cores",
            Query(
                "max by (name) (rate(kaira_container_cpu_seconds_total[$__rate_interval]))",
                "{{name}}",
            ),
        ),
        series(
            About(
                "Restarted, out of memory",
                "How often, in the time of one step: started again by Docker, or a process of it "
                "killed because memory ran out.",
                "한 구간 동안 Docker가 다시 시작한 횟수와, 메모리가 모자라 죽은 프로세스.",
            ),
            "short",
            Query(
                _or_none(
                    "max by (name) (increase(kaira_container_restarts_total[$__rate_interval]))"
                ),
                "{{name}} restarted",
            ),
            Query(
                _or_none(
                    "max by (name) (increase(kaira_container_oom_kills_total[$__rate_interval]))"
                ),
                "{{name}} out of memory",
            ),
            Query("increase(node_vmstat_oom_kill[$__rate_interval])", "host out of memory"),
        ),
    )
    board.line(
        9,
        states(
            About(
                "How the containers fare",
                "By their own health checks; some have none and just run.",
                "컨테이너의 상태 검사 결과. 검사가 없으면 도는지만 봅니다.",
            ),
            Query(CONTAINER, "{{name}}"),
            CONTAINER_MEANS,
        ),
        states(
            About(
                "What Prometheus can ask",
                "A line that is red: what the dashboards say of it is old.",
                "빨간 줄이 있으면 대시보드의 그 값은 옛것입니다.",
            ),
            Query("min by (job, instance) (up)", "{{job}} {{instance}}"),
            {1: ("answers", "green"), 0: ("does not", "red")},
        ),
    )
