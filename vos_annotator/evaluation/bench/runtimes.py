"""What a frame costs by each runtime of the network, side by side.

For: the registry of measures. Runtimes come by the names that the engine's option `runtime`
takes; one that is not installed is left out.
"""

import time
from statistics import median

from vos_annotator.core.errors import UserError
from vos_annotator.core.video import Image
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.evaluation.bench.outcome import Outcome, Table, counted, in_ms
from vos_annotator.evaluation.bench.scene import SHAPES, Scene
from vos_annotator.evaluation.bench.setting import Setting
from vos_annotator.evaluation.bench.stages import timings_of

_RUNTIMES = ("torch", "bfloat16", "onnxruntime", "int8", "openvino")
_WARM_UP = 2  # frames
_FEWEST = 3  # frames that are timed, however long they take
_STAGES = ("encode", "read", "decode", "memorize")


def measure(setting: Setting) -> Outcome:
    """Time the engine by each runtime on the same frames; they take turns, a frame each."""
    extent, tables = setting.extent, []
    figures: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for size in extent.sizes:
        engines = _engines(setting, SHAPES[size][0])
        figures[size], rows = {}, []
        for objects in extent.objects:
            scene = Scene(SHAPES[size], objects, extent.frames + _WARM_UP + 1)
            found = _timed(engines, scene, extent.frames, extent.seconds)
            figures[size][str(objects)] = found
            for name, stages in found.items():
                cells = [*in_ms(stages.values()), f"{1000 / stages['all in']:.1f}"]
                rows.append((f"{counted(objects, 'object')}, {name}", cells))
        columns = [*_STAGES, "all in", "CPU", "quickest", "frames/s"]
        tables.append(Table(f"ms a frame, {size}, {setting.engine}", columns, rows))
    return Outcome(figures, tables=tables)


def _engines(setting: Setting, size: int) -> dict[str, SegmentationEngine]:
    """Return an engine for each runtime that there is; the engine alone if it has none."""
    engines = {}
    for name in _RUNTIMES:
        try:
            engines[name] = setting.load(size, runtime=name)
        except UserError:
            continue
    return engines or {setting.engine: setting.load(size)}


def _timed(
    engines: dict[str, SegmentationEngine], scene: Scene, frames: int, seconds: float
) -> dict[str, dict[str, float]]:
    """Return medians of the stages of frames and of all of a frame, and the quickest, ms.

    Each engine has some seconds, and a few frames however long they take.
    """
    spent: dict[str, list[dict[str, float]]] = {name: [] for name in engines}
    for engine in engines.values():
        engine.memorize(0, scene[0], scene.label_map(0))
        engine.begin_pass()
    started = time.perf_counter()
    for frame in range(1, _WARM_UP + frames + 1):
        spent_all = time.perf_counter() - started
        if frame > _WARM_UP + _FEWEST and spent_all > seconds * len(engines):
            break
        image = scene[frame]
        for name, engine in engines.items():
            took = _time(engine, frame, image)
            if frame > _WARM_UP:
                spent[name].append(took)
    for engine in engines.values():
        engine.forget(0)
        engine.begin_pass()
    return {
        name: {stage: 1000 * median(each[stage] for each in all_spent) for stage in all_spent[0]}
        | {"quickest": 1000 * min(each["all in"] for each in all_spent)}
        for name, all_spent in spent.items()
    }


def _time(engine: SegmentationEngine, frame: int, image: Image) -> dict[str, float]:
    """Return the seconds of each stage of a frame, of all of it, and of all cores together."""
    cpu, started = time.process_time(), time.perf_counter()
    engine.segment(frame, image)
    whole = {"all in": time.perf_counter() - started, "CPU": time.process_time() - cpu}
    timings = timings_of(engine)
    return {stage: timings.get(stage, 0.0) for stage in _STAGES} | whole
