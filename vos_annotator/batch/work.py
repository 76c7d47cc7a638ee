"""One piece of a batch: a clip, or a part of a long one, from its inputs to written masks.

For: the workers, in a process of this machine or of another; plain values go in and come out.

A clip is cut into parts at its references only. What lies between two references depends on
nothing that is computed elsewhere, so the parts give, byte for byte, what one run gives.

What is finished is noted in the output, under a key of everything that it depends on: another
run with the same inputs finds it and does nothing.
"""

import hashlib
import json
import os
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import vos_annotator
from vos_annotator.batch.clips import Clip
from vos_annotator.batch.places import Output, stamps
from vos_annotator.batch.source import Source, opened, read_by
from vos_annotator.core.errors import UserError
from vos_annotator.core.translation import tr
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.headless import EngineFailure
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.engine.registry import load_settled
from vos_annotator.engine.unread import PassedOver

NOTES = "batch"  # the folder of the output where it is noted what is finished


# Of the environment: what runs an engine's network, where nobody asks otherwise.
RUNTIME = "VOS_ANNOTATOR_RUNTIME"


@dataclass(frozen=True)
class Settings:
    """How masks are computed; see the options of `batch`."""

    engine: EngineChoice
    size: int
    learns: bool
    refines: bool
    part: int  # frames, above which a clip is cut at its references
    runtime: str = ""  # as `RUNTIME` says it; empty leaves it to the machine


@dataclass(frozen=True)
class Task:
    """What a worker is to do.

    Attributes:
        clip: Which clip.
        settings: How.
        out: Where to, a folder or a URL.
        part: First frame and end of a part; None for a clip that nobody has opened yet.
        key: Of what the masks depend on, once it is known.
    """

    clip: Clip
    settings: Settings
    out: str
    part: tuple[int, int] | None = None
    key: str = ""


@dataclass(frozen=True)
class Done:
    """What became of a task.

    Attributes:
        frames: That are in the output now.
        written: Of them, those that were not there before.
        seconds: That it took, opening and writing included.
        is_new: Whether it was computed, not found finished.
        error: Why it failed, in one sentence; empty if it did not.
        report: Where in the program it failed, if that was not the user's mistake.
        ends_clip: Whether other parts of a clip are in vain after this error.
    """

    frames: int = 0
    written: int = 0
    seconds: float = 0.0
    is_new: bool = True
    error: str = ""
    report: str = ""
    ends_clip: bool = True


@dataclass(frozen=True)
class Divided:
    """A clip that turned out to be long: the tasks that it is made of."""

    tasks: tuple[Task, ...]


Engines = dict[tuple[EngineChoice, int], SegmentationEngine]  # that a process has loaded


def work(
    task: Task, engines: Engines, progress: Callable[[int, int], None] = lambda done, total: None
) -> Done | Divided:
    """Do a task; whatever goes wrong is told by what is returned.

    Args:
        task: What is to be done.
        engines: Of this process, from task to task.
        progress: Called with the frames done and their number.
    """
    try:
        return _work(task, engines, progress)
    except PassedOver as error:
        return Done(error=str(error), ends_clip=False)
    except UserError as error:
        return Done(error=str(error))
    except EngineFailure as failure:
        engines.clear()  # who knows what is left of them
        lines = str(failure).strip().splitlines() or [tr("The engine failed.")]
        return Done(error=lines[-1], report=str(failure))
    except Exception as error:  # one clip's fault must not end the others
        engines.clear()
        return Done(error=f"{type(error).__name__}: {error}", report=traceback.format_exc())


def parts(references: Sequence[int], frame_count: int, least: int) -> list[tuple[int, int]]:
    """Cut the frames of a clip at references into parts of at least so many frames, if it can be.

    Returns:
        The first frame and the end of each, in order; each but the first begins at a reference.
    """
    starts = [0]
    for frame in references:
        if frame - starts[-1] >= least and frame_count - frame >= least:
            starts.append(frame)
    return list(zip(starts, [*starts[1:], frame_count], strict=True))


def note_of(clip: Clip, part: tuple[int, int] | None = None) -> str:
    """Return the name of the file where it is noted that a clip, or a part of it, is finished."""
    if part is None:
        return f"{NOTES}/{clip.name}.json"
    return f"{NOTES}/{clip.name}/{part[0]:05d}-{part[1] - 1:05d}.json"


def finished(task: Task, output: Output, part: tuple[int, int] | None) -> Done | None:
    """Return what is noted of a clip or a part that was finished before; None if it was not.

    Nor is it where some of the masks have gone.
    """
    note = output.get_json(note_of(task.clip, part))
    if note.get("key") != task.key:
        return None
    first = part[0] if part else 0
    masks = {f"{frame:05d}.png" for frame in range(first, first + int(note["frames"]))}
    if not masks <= set(output.names(_folder(task.clip))):
        return None
    return Done(int(note["frames"]), 0, float(note["seconds"]), is_new=False)


def note(task: Task, output: Output, part: tuple[int, int] | None, done: Done) -> None:
    """Note that a clip or a part is finished."""
    value = {"key": task.key, "frames": done.frames, "seconds": round(done.seconds, 3)}
    output.put_json(note_of(task.clip, part), value)


def _work(task: Task, engines: Engines, progress: Callable[[int, int], None]) -> Done | Divided:
    started, output = time.perf_counter(), Output(task.out)
    if not task.key:
        task = replace(task, key=_key(task))
    if known := finished(task, output, task.part):
        return known
    with opened(task.clip) as source:
        part = task.part
        if part is None:
            _claim(task, output, source)
            cut = parts(source.references, source.video.frame_count, task.settings.part)
            # What is learnt, is learnt from all references: once for a clip.
            if len(cut) > 1 and not task.settings.learns:
                return Divided(tuple(replace(task, part=each) for each in cut))
            part = (0, source.video.frame_count)
        else:
            _begin(task, output)
        output.sweep(_folder(task.clip))
        frames, written = _compute(task, output, source, range(*part), engines, progress)
    done = Done(frames, written, time.perf_counter() - started)
    note(task, output, task.part, done)
    return done


def _compute(
    task: Task,
    output: Output,
    source: Source,
    frames: range,
    engines: Engines,
    progress: Callable[[int, int], None],
) -> tuple[int, int]:
    """Write the masks of some frames; return how many there are, and how many are new."""
    settings, done, written = task.settings, 0, 0
    which = settings.engine, settings.size
    if settings.runtime:
        os.environ[RUNTIME] = settings.runtime
    if which not in engines:
        name, options = settings.engine.name, settings.engine.options
        engines[which] = load_settled(name, settings.size, **options)
    found = source.masks(engines[which], frames, settings.learns, settings.refines)
    for frame, png in found:
        written += output.put(f"{_folder(task.clip)}/{frame:05d}.png", png)
        done += 1
        progress(done, len(frames))
    return done, written


def _folder(clip: Clip) -> str:
    return f"Annotations/480p/{clip.name}"


def _is_mask(name: str) -> bool:
    return name.lower().endswith(".png") and not name.startswith(".")


def _key(task: Task) -> str:
    """Return a key of everything that the masks depend on."""
    settings = asdict(task.settings)
    del settings["part"]  # it changes nothing
    weights = task.settings.engine.checkpoint
    files = [weights] if weights is not None and Path(weights).is_file() else []
    inputs = [stamps(path) for path in (*read_by(task.clip), *files)]
    known = json.dumps([vos_annotator.__version__, settings, inputs])
    return hashlib.sha256(known.encode()).hexdigest()


def _begin(task: Task, output: Output) -> None:
    """Note that a clip or a part is worked on: that its masks are a batch's, and not finished."""
    output.put_json(note_of(task.clip, task.part), {"begun": task.key})


def _claim(task: Task, output: Output, source: Source) -> None:
    """Take a folder of the output for a clip, or refuse one with masks that are not its batch's.

    Those of frames which the clip has not would pass for its own; others would be written over.
    """
    folder, count = _folder(task.clip), source.video.frame_count
    where = f"{output.root}/{folder}"
    if output.has(folder, str(source.video.path / "a picture")):
        raise UserError(
            "{folder} is the video of {clip} itself: choose another folder for the masks.",
            folder=where,
            clip=task.clip.name,
        )
    for given in source.given:
        if output.has(folder, given):
            raise UserError(
                "{mask} is given, and lies where the masks of {clip} are to go: choose another "
                "folder for these.",
                mask=given,
                clip=task.clip.name,
            )
    names = [name for name in output.names(folder) if _is_mask(name)]
    expected = {f"{frame:05d}.png" for frame in range(count)}
    for name in names:
        if name not in expected:
            raise UserError(
                "{folder} also holds {name}, which is no frame of {clip}: take it away or choose "
                "another folder for the masks.",
                folder=where,
                name=name,
                clip=task.clip.name,
            )
    if names and not output.get_json(note_of(task.clip)):
        raise UserError(
            "{folder} holds masks that no batch left there, {name} the first of them: choose "
            "another folder for the masks, or take these away.",
            folder=where,
            name=names[0],
        )
    _begin(task, output)
