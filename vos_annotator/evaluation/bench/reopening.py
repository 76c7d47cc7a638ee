"""How long a project that is opened again waits until its references are in memory.

For: the registry of measures. The worker is the one of the window: told of all references, it
looks at each, or finds on the shelf what was remembered when they were made.
"""

import shutil
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.core.video import open_video
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import Failed, Finished, Propagate, SetReference
from vos_annotator.engine.memory_shelf import MemoryShelf
from vos_annotator.engine.worker import InferenceWorker
from vos_annotator.evaluation.bench.outcome import Outcome, Table, counted
from vos_annotator.evaluation.bench.scene import SHAPES, Scene
from vos_annotator.evaluation.bench.setting import MIB, Setting

_SIZE = "480p"
_APART = 4  # frames between two references
_OBJECTS = 3


def measure(setting: Setting) -> Outcome:
    """Open a project with nothing on the shelf, and again."""
    count = setting.extent.reopened
    scene = Scene(SHAPES[_SIZE], _OBJECTS, 1 + _APART * count)
    clip, folder = setting.clip(scene), setting.folder / "shelf"
    frames = range(0, _APART * count, _APART)
    pngs = {frame: encode_png(scene.label_map(frame)) for frame in frames}
    shutil.rmtree(folder, ignore_errors=True)
    first = until_in_memory(setting.choice, clip, pngs, folder)
    again = until_in_memory(setting.choice, clip, pngs, folder)
    size = sum(file.stat().st_size for file in folder.glob("*/*")) / MIB
    shutil.rmtree(folder, ignore_errors=True)
    figures = {"references": count, "first_s": first, "again_s": again, "shelf_mib": size}
    words = f"{counted(count, 'reference')}, {counted(_OBJECTS, 'object')}, {_SIZE}"
    cells = [f"{first:.2f}", f"{again:.2f}", f"{size:.0f}"]
    table = Table(
        "until all are in memory", ("first, s", "again, s", "shelf, MiB"), [(words, cells)]
    )
    return Outcome(figures, {"reopening_s": again}, [table])


def until_in_memory(
    engine: EngineChoice, clip: Path, pngs: Mapping[int, bytes], shelf: Path
) -> float:
    """Return seconds from when the engine is loaded until it remembers all references."""
    with open_video(clip) as video:
        worker = InferenceWorker(engine, video.fork(), shelf=MemoryShelf(shelf, video.fingerprint))
    worker.start()
    with closing(worker):
        worker.submit(Propagate((), revision=0))  # over at once, but it loads the engine
        _wait(worker)
        started = time.perf_counter()
        for frame, png in pngs.items():
            worker.submit(SetReference(frame, png))
        worker.submit(Propagate((), revision=1))
        _wait(worker)
        return time.perf_counter() - started


def _wait(worker: InferenceWorker) -> None:
    """Wait until the worker has done what it was told; UserError where it failed."""
    while not isinstance(result := worker.results.take(), Finished):
        if isinstance(result, Failed):
            raise UserError("{message}", message=result.message)
