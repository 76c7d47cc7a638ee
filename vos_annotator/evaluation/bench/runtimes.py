"""What a frame costs by each runtime of the network, side by side.

For: the registry of measures. Runtimes come by the names that the engine's option `runtime`
takes; one that is not installed is left out. One that takes many times as long as the quickest,
as where a processor has no instructions for its numbers, is told of after its warm-up and then
left out: it would take most of the time to say the same.
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
_MANY_TIMES = 10  # as long as the quickest: who takes that is left out
_FEWEST = 3  # frames that are timed, however long they take
_STAGES = ("encode", "read", "decode", "memorize")


def measure(setting: Setting) -> Outcome:
    """Time the engine by each runtime on the same frames; they take turns, a frame each."""
    extent, tables = setting.extent, []
    columns = [*_STAGES, "all in", "CPU", "quickest", "frames/s"]
    figures: dict[str, dict[str, dict[str, dict[str, float]]]] = {}
    for size in extent.sizes:
        engines = _engines(setting, SHAPES[size][0])
        figures[size], rows = {}, []
        for objects in extent.objects:
            scene = Scene(SHAPES[size], objects, extent.frames + _WARM_UP + 1)
            words = counted(objects, "object")
            slow = _begin(engines, scene)
            for name, times in slow.items():
                del engines[name]  # with more objects it is no better
                told = f"{words}, {name}: left out, {times:.0f} times as long as the quickest"
                rows.append((told, [""] * len(columns)))
            found = _timed(engines, scene, extent.frames, extent.seconds)
            left_out = {name: {"times_as_long": times} for name, times in slow.items()}
            figures[size][str(objects)] = found | left_out
            for name, stages in found.items():
                cells = [*in_ms(stages.values()), f"{1000 / stages['all in']:.1f}"]
                rows.append((f"{words}, {name}", cells))
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


def _begin(engines: dict[str, SegmentationEngine], scene: Scene) -> dict[str, float]:
    """Warm up; return who takes many times as long as the quickest, and how many times."""
    took = {}
    for name, engine in engines.items():
        engine.memorize(0, scene[0], scene.label_map(0))
        engine.begin_pass()
        frames = range(1, _WARM_UP + 1)
        took[name] = min(_time(engine, frame, scene[frame])["all in"] for frame in frames)
    quickest = min(took.values())
    slow = {name: t / quickest for name, t in took.items() if t > _MANY_TIMES * quickest}
    for name in slow:
        engines[name].forget(0)
        engines[name].begin_pass()
    return slow


def _timed(
    engines: dict[str, SegmentationEngine], scene: Scene, frames: int, seconds: float
) -> dict[str, dict[str, float]]:
    """Return medians of the stages of frames and of all of a frame, and the quickest, ms.

    Each engine has begun, and has some seconds, and a few frames however long they take.
    """
    spent: dict[str, list[dict[str, float]]] = {name: [] for name in engines}
    started = time.perf_counter()
    for frame in range(_WARM_UP + 1, _WARM_UP + frames + 1):
        spent_all = time.perf_counter() - started
        if frame > _WARM_UP + _FEWEST and spent_all > seconds * len(engines):
            break
        image = scene[frame]
        for name, engine in engines.items():
            spent[name].append(_time(engine, frame, image))
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
