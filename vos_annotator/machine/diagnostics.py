"""What can be told of a failure afterwards: a log that turns over, and the last words of a crash.

For: the application, which begins both; Help > Copy diagnostics; the recovery card; the `doctor`
command. Knows the file system, and nothing of widgets. Nothing in here may fail the program:
where no log can be written, there is none.

The interpreter writes to a process's crash report only when it dies of a fault, in whatever
thread or library. So an empty one says that nothing happened, or that it was killed from outside.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Iterator
from logging.handlers import RotatingFileHandler
from pathlib import Path

import platformdirs
import psutil

import vos_annotator
from vos_annotator.machine.facts import facts, line

log = logging.getLogger(__name__)

LOG_SIZE = 500_000  # bytes, after which a new file is begun; there are four at most
_TOLD = 20_000  # bytes of the log and of a report that are copied
_REPORTS = 5  # that are kept
_LAYOUT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def folder() -> Path:
    """Return where the log and the crash reports lie."""
    return Path(platformdirs.user_log_dir("vos-annotator", appauthor=False))


@contextlib.contextmanager
def kept(where: Path | None = None) -> Iterator[None]:
    """Keep a log, and have a crash leave its report, in `folder()` or another one."""
    where = folder() if where is None else where
    ours = logging.getLogger(vos_annotator.__name__)
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(OSError):
            where.mkdir(parents=True, exist_ok=True)
            _sweep(where)
            handler = RotatingFileHandler(where / "log.txt", "a", LOG_SIZE, 3, "utf-8")
            handler.setFormatter(logging.Formatter(_LAYOUT))
            stack.callback(handler.close)
            ours.addHandler(handler)
            stack.callback(ours.removeHandler, handler)
            ours.setLevel(logging.INFO)
            stack.enter_context(_crash_report(where / f"crash-{os.getpid()}.txt"))
        threading.excepthook = _log_thread
        log.info("begun: version %s", vos_annotator.__version__)
        yield
        log.info("ended")


def crash_since(seconds: float, where: Path | None = None) -> Path | None:
    """Return the newest crash report, if it was written after `seconds` since the epoch."""
    reports = _reports(folder() if where is None else where)
    return reports[0] if reports and reports[0].stat().st_mtime >= seconds else None


def last_crash(where: Path | None = None) -> str:
    """Return the newest crash report, with its name; empty if there is none."""
    reports = _reports(folder() if where is None else where)
    return f"{reports[0].name}\n{_end_of(reports[0])}" if reports else ""


def told(where: Path | None = None) -> list[str]:
    """Return lines that tell of the program, the machine, the last crash and the log."""
    where = folder() if where is None else where
    lines = [line(fact) for fact in facts()]
    if crash := last_crash(where):
        lines += ["", crash]
    if (where / "log.txt").is_file():
        lines += ["", "log.txt", _end_of(where / "log.txt")]
    return lines


@contextlib.contextmanager
def _crash_report(path: Path) -> Iterator[None]:
    with path.open("w", encoding="utf-8") as file:
        faulthandler.enable(file)
        try:
            yield
        finally:
            faulthandler.disable()
    path.unlink(missing_ok=True)


def _sweep(where: Path) -> None:
    """Take away the empty reports of programs that have gone, and all but the newest others."""
    for empty in (each for each in where.glob("crash-*.txt") if not each.stat().st_size):
        pid = empty.stem.removeprefix("crash-")
        if not (pid.isdecimal() and psutil.pid_exists(int(pid))):
            empty.unlink(missing_ok=True)
    for old in _reports(where)[_REPORTS:]:
        old.unlink(missing_ok=True)


def _reports(where: Path) -> list[Path]:
    """Return the reports that say something, the newest first."""
    written = [each for each in where.glob("crash-*.txt") if each.stat().st_size]
    return sorted(written, key=lambda each: each.stat().st_mtime, reverse=True)


def _end_of(file: Path) -> str:
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - _TOLD))
        return stream.read().decode("utf-8", errors="replace").rstrip()


def _log_thread(failure: threading.ExceptHookArgs) -> None:
    name = failure.thread.name if failure.thread else "a thread"
    error = failure.exc_type, failure.exc_value, failure.exc_traceback
    log.error("%s ended", name, exc_info=error)
    sys.__excepthook__(*error)
