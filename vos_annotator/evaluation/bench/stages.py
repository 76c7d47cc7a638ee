"""What a frame costs, stage by stage: at several sizes, with several numbers of objects.

For: the registry of measures. Engines come by name and are timed from outside; one that keeps
`timings` of its own stages has them told.
"""

import time
from collections import defaultdict
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from vos_annotator.core.masks import encode_png, object_ids
from vos_annotator.core.video import Video, open_video
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.evaluation.bench.outcome import Chart, Outcome, Table, counted, in_ms
from vos_annotator.evaluation.bench.scene import SHAPES, Scene
from vos_annotator.evaluation.bench.setting import Setting

_WARM_UP = 3  # frames at the start, whose time does not count
_FEWEST = 3  # frames that are timed, however long they take
_CACHE_BYTES = 32 << 20  # of decoded pictures


@dataclass(frozen=True)
class Stages:
    """Milliseconds a frame takes.

    Attributes:
        total: All in, median.
        least: The quickest frame: what the machine can do when nobody else uses it.
        cpu: Time of all cores together, mean.
        by_stage: Medians of the stages.
    """

    total: float
    least: float
    cpu: float
    by_stage: dict[str, float]


def measure(setting: Setting) -> Outcome:
    """Time frames from a file to their PNG, in each case for as long as the extent says."""
    extent, tables = setting.extent, []
    found: dict[str, dict[int, Stages]] = {}
    for size in extent.sizes:
        engine, found[size] = setting.load(SHAPES[size][0]), {}
        for objects in extent.objects:
            scene = Scene(SHAPES[size], objects, extent.frames + _WARM_UP + 1)
            clip = setting.clip(scene)
            found[size][objects] = time_stages(engine, clip, scene, extent.frames, extent.seconds)
        cases = list(found[size].values())
        rows = [(name, in_ms(case.by_stage[name] for case in cases)) for name in cases[0].by_stage]
        for label, part in (("all in", "total"), ("quickest frame", "least"), ("CPU", "cpu")):
            rows.append((label, in_ms(getattr(case, part) for case in cases)))
        rows.append(("frames a second", [f"{1000 / case.total:.1f}" for case in cases]))
        words = [counted(n, "object") for n in extent.objects]
        tables.append(Table(f"ms a frame, {size}, {setting.engine}", words, rows))
    first = extent.objects[0]
    lines = {size: [(n, case.total) for n, case in found[size].items()] for size in found}
    return Outcome(
        {size: {str(n): asdict(case) for n, case in found[size].items()} for size in found},
        {"ms_per_frame": {size: found[size][first].total for size in found}},
        tables,
        [Chart("objects", "What more objects cost", "objects", "ms a frame", lines, False)],
    )


def time_stages(
    engine: SegmentationEngine, clip: Path, scene: Scene, frames: int, seconds: float = 60.0
) -> Stages:
    """Time up to `frames` frames of a clip of `scene` from its file to their PNG, for `seconds`."""
    spent: dict[str, list[float]] = defaultdict(list)
    with open_video(clip, _CACHE_BYTES) as video:
        engine.memorize(0, video[0], scene.label_map(0))
        engine.begin_pass()
        for frame in range(1, _WARM_UP + frames + 1):
            stages = _time_frame(engine, video, frame)
            if frame > _WARM_UP:
                for stage, each in stages.items():
                    spent[stage].append(each)
            if len(spent["total"]) >= _FEWEST and sum(spent["total"]) > seconds:
                break
        engine.forget(0)
    cpu, total = spent.pop("cpu"), spent.pop("total")
    by_stage = {stage: 1000 * median(each) for stage, each in spent.items()}
    return Stages(1000 * median(total), 1000 * min(total), 1000 * sum(cpu) / len(cpu), by_stage)


def _time_frame(engine: SegmentationEngine, video: Video, frame: int) -> dict[str, float]:
    """Return the seconds of each stage of a frame, and of all together as "total" and "cpu"."""
    stages: dict[str, float] = {}
    cpu, began = time.process_time(), time.perf_counter()
    started = began

    def lap(stage: str) -> None:
        nonlocal started
        now = time.perf_counter()
        stages[stage], started = now - started, now

    image = video[frame]
    lap("decode video")
    segmentation = engine.segment(frame, image)
    lap("segment")
    label_map = segmentation.label_map()
    lap("label map")
    encode_png(label_map)
    object_ids(label_map)
    lap("PNG")
    stages["total"], stages["cpu"] = time.perf_counter() - began, time.process_time() - cpu
    if timings := timings_of(engine):
        whole = stages.pop("segment")
        named = {_NAMES.get(stage, stage): spent for stage, spent in timings.items()}
        stages = {"decode video": stages.pop("decode video"), **named, **stages}
        stages["other"] = max(whole - sum(timings.values()), 0.0)
    return stages


def timings_of(engine: SegmentationEngine) -> dict[str, float]:
    """Return the seconds that each of an engine's own stages took last; empty if it says none."""
    return dict(getattr(engine, "timings", {}))


_NAMES = {
    "encode": "resize, encode key",
    "read": "read memory",
    "decode": "decode mask",
    "memorize": "memorise",
}
