"""The kill drill: sessions end by SIGKILL at any moment, and what is left is looked over.

For: the command beside this (`python -m tests.drill`) and the test suite, which runs a few.

A session tells what a project will hold before each transaction, and that it is written after.
So after a kill it must hold what was written last, or what was being written, and nothing else.
"""

import multiprocessing
import random
import shutil
import signal
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from tests.core.edit_stream import FRAMES, SHAPE, make_pictures, redo, undo
from tests.drill import sessions
from tests.drill.witness import digest
from vos_annotator.core.davis import export
from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video

_LIVES = 6  # kills that one project goes through
_PATIENCE = 120  # s, for a session to say its first word

_processes = multiprocessing.get_context("spawn")
if "forkserver" in multiprocessing.get_all_start_methods():  # everything is imported once
    _processes = multiprocessing.get_context("forkserver")
    _processes.set_forkserver_preload([sessions.__name__])


@dataclass
class Tally:
    """What came of a drill.

    Attributes:
        kills: Sessions that were killed.
        commits: Transactions that they had told of.
        lost: Transactions told of that were not there afterwards.
        moments: What was being done when they were killed, and how often.
        within: Kills between the beginning and the end of a transaction.
        problems: What was wrong, a sentence each; those of `lost` too.
    """

    kills: int = 0
    commits: int = 0
    lost: int = 0
    within: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


@dataclass
class Told:
    """What a session told before it was killed.

    Attributes:
        written: What the project held after the last transaction; None if it was not open yet.
        writing: What it was to hold after the one that was going on; None between two.
        commits: How many transactions were told of.
        doing: What was being done.
        error: What went wrong in it, or nothing.
    """

    written: str | None = None
    writing: str | None = None
    commits: int = 0
    doing: str = "start"
    error: str = ""

    def hear(self, message: str) -> None:
        """Take a message of the session."""
        word, _, rest = message.partition(" ")
        match word:
            case "open":
                self.written = rest
            case "writing":
                self.writing = rest
            case "written":
                self.written, self.writing = self.writing, None
                self.commits += 1
            case "doing":
                self.doing = rest
            case "error":
                self.error = rest


def drill(
    session: Callable[..., None],
    kills: int,
    seed: int = 0,
    seconds: float = 1.0,
    least: int = 0,
    more: tuple[object, ...] = (),
    progress: Callable[[Tally], None] = lambda tally: None,
) -> Tally:
    """Kill sessions, each at a moment drawn evenly from its first `seconds`.

    Args:
        session: One of `sessions`.
        kills: How many.
        seed: Of the moments and of what the sessions do.
        seconds: How long a session may live.
        least: Transactions that it tells of first; its seconds begin after these.
        more: Further arguments of the session.
        progress: Called after each kill.
    """
    rng, tally = random.Random(seed), Tally()
    while tally.kills < kills:
        with tempfile.TemporaryDirectory(prefix="drill-") as name:
            folder, held = Path(name), None
            make_pictures(folder / sessions.CLIP)
            for _ in range(min(_LIVES, kills - tally.kills)):
                arguments = folder, rng.randrange(10**6), *more
                told = _live(session, arguments, rng.uniform(0, seconds), least)
                tally.kills += 1
                tally.commits += told.commits
                tally.moments[told.doing] += 1
                tally.within += told.writing is not None
                if told.error:
                    tally.problems.append(f"the session failed: {told.error}")
                may_hold = [held if told.written is None else told.written, told.writing]
                try:
                    found = _found(folder)
                except Exception as error:
                    tally.problems.append(f"{told.doing}: the project does not open: {error!r}")
                    tally.lost += told.commits
                    break
                if found not in may_hold and (found is None or may_hold != [None, None]):
                    tally.problems.append(f"{told.doing}: the last transaction is missing")
                    tally.lost += 1
                tally.problems += [f"{told.doing}: {each}" for each in _wrong(folder)]
                held = found
                progress(tally)
    return tally


def _live(
    session: Callable[..., None], arguments: tuple[object, ...], seconds: float, least: int
) -> Told:
    """Run a session, kill it `seconds` after its first word, and return what it told.

    If it is to tell of some transactions at least, the seconds begin after these.
    """
    ear, mouth = _processes.Pipe(duplex=False)
    process = _processes.Process(target=sessions.run, args=(session, mouth, *arguments))
    process.start()
    mouth.close()
    told = Told()
    try:
        if ear.poll(_PATIENCE):
            told.hear(ear.recv())
        while told.commits < least and ear.poll(_PATIENCE):
            told.hear(ear.recv())
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and ear.poll(left):
            told.hear(ear.recv())
        process.kill()
        while True:
            told.hear(ear.recv())
    except EOFError:
        process.join()
    if process.exitcode != -signal.SIGKILL and not told.error:
        told.error = f"it ended by itself with {process.exitcode}"
    return told


def _found(folder: Path) -> str | None:
    """Return what the project holds; None where none was made yet."""
    path = folder / sessions.PROJECT
    if not path.exists():
        return None
    with Project.open(path) as project:
        return digest(project)


def _wrong(folder: Path) -> Iterator[str]:
    """Give a sentence for each thing that is not as it should be after a kill."""
    project, copy = folder / sessions.PROJECT, folder / sessions.COPY
    for file in (project, copy):
        if file.exists():
            yield from _wrong_in(file, folder)
    yield from _wrong_export(folder / sessions.EXPORT)
    if project.exists():
        yield from _hindrances(project, folder)


def _wrong_in(file: Path, folder: Path) -> Iterator[str]:
    """Look into a project file, and take all its steps back and make them again, in a copy."""
    scratch = Path(shutil.copy(file, folder / "scratch.vos"))
    with closing(sqlite3.connect(file)) as database:
        if (found := database.execute("PRAGMA integrity_check").fetchall()) != [("ok",)]:
            yield f"{file.name} is damaged: {found}"
    with Project.open(scratch, open_video(folder / sessions.CLIP)) as project, project.together():
        while project.history.can_redo:
            redo(project)
        before = _masks(project)
        while project.history.can_undo:
            undo(project)
        while project.history.can_redo:
            redo(project)
        if _masks(project) != before:
            yield f"undoing and redoing everything in {file.name} changes it"
    scratch.unlink()


def _masks(project: Project) -> list[object]:
    masks = [(project.annotations.status(f), project.annotations[f].tobytes()) for f in _FRAMES]
    return [*masks, tuple(project.objects)]


def _wrong_export(root: Path) -> Iterator[str]:
    """Open every file that was exported; what is listed as complete must be."""
    for file in root.rglob("[!.]*.png"):
        if read_label_map(file).shape != SHAPE:
            yield f"{file.name} was exported in another size"
    for file in root.rglob("[!.]*.jpg"):
        with Image.open(file) as picture:
            picture.load()
    if (root / "ImageSets").is_dir() and any((root / "ImageSets").rglob("[!.]*.txt")):
        for kind, suffix in (("Annotations", "png"), ("JPEGImages", "jpg")):
            if len(list((root / kind).rglob(f"[!.]*.{suffix}"))) != FRAMES:
                yield f"an export that is listed lacks some of its {kind}"


def _hindrances(path: Path, folder: Path) -> Iterator[str]:
    """Do what was cut off to the end: nothing that was left may stand in the way, or stay."""
    with Project.open(path) as project:
        if not export(project.video, project.annotations.png, folder / "davis").is_complete:
            yield "an export could not be finished"
        project.save_copy(folder / sessions.COPY)
        held = digest(project)
    with Project.open(folder / sessions.COPY, open_video(folder / sessions.CLIP)) as copy:
        if digest(copy) != held:
            yield "a copy differs from its project"
    for left in (each for each in folder.rglob(".*") if each.is_file()):
        yield f"{left.name} was left behind"
        left.unlink()


_FRAMES = range(FRAMES)
