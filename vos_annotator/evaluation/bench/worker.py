"""How fast the worker carries a mask through a clip, everything in: from the file to the PNGs.

For: the registry of measures. The worker is the one of the window and of the command line;
decoding ahead and encoding behind are part of it, so it may be faster than its stages add up to.
"""

import time
from contextlib import closing
from pathlib import Path

from vos_annotator.core.masks import encode_png
from vos_annotator.core.video import open_video
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.commands import Failed, Finished, Load, Propagate, Segmented, SetReference
from vos_annotator.engine.propagation import plan
from vos_annotator.engine.registry import DEFAULT_SIZE
from vos_annotator.engine.worker import InferenceWorker
from vos_annotator.evaluation.bench.outcome import Outcome, Table
from vos_annotator.evaluation.bench.scene import SHAPES, Scene
from vos_annotator.evaluation.bench.setting import Setting

_WARM_UP = 3  # frames


def measure(setting: Setting) -> Outcome:
    """Carry one mask forwards and backwards through clips of several sizes."""
    extent, figures, rows = setting.extent, {}, []
    for size in extent.carried:
        scene = Scene(SHAPES[size], frame_count=extent.frames + _WARM_UP + 1)
        clip = setting.clip(scene)
        found = {}
        for words, reference in (("forwards", 0), ("backwards", scene.frame_count - 1)):
            png = encode_png(scene.label_map(reference))
            found[words] = ms_a_frame(setting.choice, clip, reference, png, extent.seconds)
        figures[size] = found
        rows.append((size, [f"{ms:.1f}" for ms in found.values()]))
    title = f"ms a frame of the worker, at {DEFAULT_SIZE}p"
    headline = {"worker_ms": {size: found["forwards"] for size, found in figures.items()}}
    return Outcome(figures, headline, [Table(title, ("forwards", "backwards"), rows)])


def ms_a_frame(
    engine: EngineChoice, clip: Path, reference: int, png: bytes, seconds: float
) -> float:
    """Return what a frame takes in a pass away from a reference, watched for some seconds."""
    with open_video(clip) as video:
        passes = tuple(plan([reference], 0, video.frame_count - 1))
        worker = InferenceWorker(engine, video.fork())
    worker.start()
    with closing(worker):
        for command in (Load(), SetReference(reference, png), Propagate(passes, revision=0)):
            worker.submit(command)
        done, started = 0, 0.0
        while not isinstance(result := worker.results.take(), Finished | Failed):
            if isinstance(result, Segmented):
                done += 1
                if done == _WARM_UP:
                    started = time.perf_counter()
                spent = time.perf_counter() - started
                if done > 2 * _WARM_UP and spent > seconds:
                    break
    return 1000 * spent / (done - _WARM_UP)
