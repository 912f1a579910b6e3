"""What a press did, as numbers and as a table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from kaira_fastapi_poetry.site.bundle import IDENTITY, Bundle, File

Progress = Callable[[int], None]

CODINGS = ("gzip", "br", "zstd")
KINDS = ("pages", "styles", "scripts", "pictures", "fonts", "sound and film", "other")

# Of the files that keep a single name, and of the warnings, so many are shown.
_SHOWN = 20


@dataclass
class Totals:
    """The files of one kind.

    before: bytes in the folder.
    after: bytes of the files as they are served without a coding.
    sent: bytes by coding, as sent to a client that takes only this coding.
    smallest: bytes as sent to a client that takes all of them.
    reused: how many were in the former bundle.
    """

    files: int = 0
    reused: int = 0
    before: int = 0
    after: int = 0
    sent: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CODINGS, 0))
    smallest: int = 0

    @property
    def done(self) -> int:
        """How many were encoded."""
        return self.files - self.reused

    @property
    def saved(self) -> float:
        """The part that need not be sent, from 0 to 1."""
        return 1 - self.smallest / self.after if self.after else 0.0

    def add(self, file: File, before: int, *, reused: bool) -> None:
        """Count one more file."""
        sizes = {variant.coding: variant.size for variant in file.variants}
        self.files += 1
        self.reused += reused
        self.before += before
        self.after += sizes[IDENTITY]
        self.smallest += min(sizes.values())
        for coding in CODINGS:
            self.sent[coding] += sizes.get(coding, sizes[IDENTITY])


@dataclass
class Report:
    """What a press did.

    kinds: totals by kind of file, in the order of `KINDS`; only kinds that there are.
    fingerprinted: how many files got a second name that can be cached for ever.
    kept: files that did not, although pages refer to them, because scripts name them.
    warnings: one line each.
    unchanged: nothing had to be done.
    """

    kinds: dict[str, Totals] = field(default_factory=dict)
    fingerprinted: int = 0
    kept: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    unchanged: bool = False

    @property
    def total(self) -> Totals:
        """All kinds together."""
        total = Totals()
        for each in self.kinds.values():
            for name in ("files", "reused", "before", "after", "smallest"):
                setattr(total, name, getattr(total, name) + getattr(each, name))
            for coding in CODINGS:
                total.sent[coding] += each.sent[coding]
        return total

    def count(self, file: File, before: int, *, reused: bool) -> None:
        """Count one more file, of `before` bytes in the folder."""
        self.kinds.setdefault(_kind(file.media_type), Totals()).add(file, before, reused=reused)

    def summary(self) -> str:
        """One line."""
        total = self.total
        if self.unchanged:
            return f"Nothing has changed: {total.files} files are pressed already."
        reused = f", {total.reused} of them from before" if total.reused else ""
        return (
            f"Pressed {total.files} files{reused}, in {self.seconds:.1f} s: "
            f"{size(total.after)} are sent as {size(total.smallest)} ({total.saved:.0%} saved)."
        )


def of_bundle(bundle: Bundle) -> Report:
    """The report of a press that found everything done."""
    report = Report(unchanged=True)
    for file in bundle.files.values():
        if file.immutable:
            report.fingerprinted += 1
        else:
            identity = next(each for each in file.variants if each.coding == IDENTITY)
            report.count(file, identity.size, reused=True)
    return report


def show(report: Report, console: Console | None = None) -> None:
    """Print the report: a table where there is a terminal, and a line anywhere.

    console: standard error by default.
    """
    console = console or Console(stderr=True)
    if console.is_terminal and not report.unchanged:
        console.print(_table(report))
        if report.kept:
            names = _shortened(report.kept, ", ").encode("utf-8", "replace").decode()
            line = f"Not fingerprinted, because a script names them: {names}"
            console.print(line, markup=False, highlight=False)
    if report.warnings:
        lines = _shortened([f"warning: {line}" for line in report.warnings], "\n")
        console.print(lines, markup=False, highlight=False, soft_wrap=True)
    console.print(report.summary(), markup=False, highlight=False, soft_wrap=True)


@contextmanager
def progress(console: Console | None, total: int) -> Iterator[Progress]:
    """A bar that `total` bytes fill; nothing is shown where there is no terminal."""
    if console is None or not console.is_terminal:
        yield lambda _: None
        return
    columns = (TextColumn("Pressing"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Bar(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total)
        yield lambda size: bar.update(task, advance=size)


def size(count: float) -> str:
    """A number of bytes for people.

    >>> size(14_230)
    '13.9 KiB'
    """
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


# Private


def _kind(media_type: str) -> str:
    kind = media_type.partition(";")[0]
    if kind in ("text/html", "application/xhtml+xml"):
        return "pages"
    if kind in ("text/css", "text/javascript"):
        return "styles" if kind == "text/css" else "scripts"
    names = {"image": "pictures", "font": "fonts", "audio": KINDS[5], "video": KINDS[5]}
    return names.get(kind.partition("/")[0], "other")


def _table(report: Report) -> Table:
    table = Table(header_style="bold")
    table.add_column("")
    for title in ("files", "done", "before", *CODINGS, "saved"):
        table.add_column(title, justify="right")
    kinds = [(kind, report.kinds[kind]) for kind in KINDS if kind in report.kinds]
    for kind, totals in kinds:
        table.add_row(*_row(kind, totals))
    table.add_section()
    table.add_row(*_row("all", report.total), style="bold")
    return table


def _row(kind: str, totals: Totals) -> list[str]:
    sent = [size(totals.sent[coding]) for coding in CODINGS]
    counts = [str(totals.files), str(totals.done), size(totals.before)]
    return [kind, *counts, *sent, f"{totals.saved:.0%}"]


def _shortened(items: list[str], separator: str) -> str:
    more = len(items) - _SHOWN
    return separator.join([*items[:_SHOWN], *([f"and {more} more"] if more > 0 else [])])
