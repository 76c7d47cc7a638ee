"""What is seen of a batch while it runs: a table on a terminal, lines elsewhere.

For: the `batch` command. Knows entries; rich only where there is a terminal.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol, TextIO

from vos_annotator.batch.report import milliseconds
from vos_annotator.batch.run import Entry

if TYPE_CHECKING:
    from rich.table import Table

_SHOWN = 12  # clips that have ended, the last ones


class View(Protocol):
    """Whoever shows how a batch goes."""

    def show(self, entry: Entry) -> None:
        """See that an entry has changed."""


@contextmanager
def view(count: int, stream: TextIO | None = None, for_program: bool = False) -> Iterator[View]:
    """Give what fits the stream, stdout if none is given.

    Args:
        count: How many clips there are.
        stream: Where it is shown.
        for_program: Whether a program reads it.
    """
    stream = sys.stdout if stream is None else stream
    if for_program:
        yield Events(stream)
        return
    if not stream.isatty():
        yield Lines(count, stream)
        return
    from rich.console import Console
    from rich.live import Live

    rows = Rows(count)
    with Live(get_renderable=rows.table, console=Console(file=stream), refresh_per_second=4):
        yield rows


class Lines:
    """A line for every clip that has ended."""

    def __init__(self, count: int, stream: TextIO) -> None:
        self._count, self._stream, self._ended = count, stream, 0

    def show(self, entry: Entry) -> None:
        """Write the line, if it has ended."""
        if entry.has_ended:
            self._ended += 1
            print(
                f"{self._ended} of {self._count}  {entry.clip.name}  {'  '.join(cells(entry))}",
                file=self._stream,
                flush=True,
            )


class Events:
    """A line of JSON for every change, for the program that reads it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def show(self, entry: Entry) -> None:
        """Write how the entry stands."""
        running = list(entry.running.values())
        told = {
            "name": entry.clip.name,
            "state": entry.state,
            "done": entry.frames + sum(done for done, _ in running),
            "total": entry.frames + sum(total for _, total in running),
            "error": entry.error,
        }
        print(json.dumps(told), file=self._stream, flush=True)


class Rows:
    """A table of what runs, what ended last, and all failures."""

    def __init__(self, count: int) -> None:
        self._count, self._ended, self._failed = count, 0, 0
        self._running: dict[str, Entry] = {}
        self._last: deque[Entry] = deque(maxlen=_SHOWN)
        self._started = time.monotonic()

    def show(self, entry: Entry) -> None:
        """Note what is to be shown."""
        if not entry.has_ended:
            self._running[entry.clip.name] = entry
            return
        self._running.pop(entry.clip.name, None)
        self._ended += 1
        self._failed += entry.state == "failed"
        self._last.append(entry)

    def table(self) -> Table:
        """Return the table as it stands; called by the thread that draws."""
        from rich.table import Table

        seconds = time.monotonic() - self._started
        title = f"{self._ended} of {self._count} clips, {seconds:.0f} s"
        if self._failed:
            title += f", {self._failed} failed"
        table = Table("clip", "state", "frames", "time", "a frame", title=title, expand=True)
        colours = {"failed": "red", "done": "green", "known": "dim"}
        for entry in [*self._last, *list(self._running.values())]:
            table.add_row(entry.clip.name, *cells(entry), style=colours.get(entry.state))
        return table


def cells(entry: Entry) -> tuple[str, ...]:
    """Return state, frames, seconds and milliseconds a frame, in words."""
    if entry.state == "failed":
        return f"failed: {entry.error}", "", "", ""
    running = list(entry.running.values())
    frames = entry.frames + sum(done for done, _ in running)
    each = milliseconds(entry) if entry.has_ended else None
    return (
        "finished before" if entry.state == "known" else entry.state,
        f"{frames} frames",
        f"{entry.seconds:.1f} s" if entry.seconds else "",
        "" if each is None else f"{each:.0f} ms a frame",
    )
