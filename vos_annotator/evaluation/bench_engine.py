"""How fast an engine is, stage by stage, and what a pass and its memory cost.

For: the `bench` command. Engines come by name through the registry and are timed from
outside; one that keeps `timings` of its own stages has them told.
"""

import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import psutil

from vos_annotator.core.masks import encode_png, object_ids
from vos_annotator.core.video import Video, open_video
from vos_annotator.engine.propagation import plan, propagate
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.evaluation.bench_scene import Scene

_WARM_UP = 3  # frames at the start, whose time does not count
_PLACES = 10  # of a scene where reading is timed
_CACHE_BYTES = 32 << 20  # of decoded pictures
_AROUND = 20  # frames before a place in a pass that its figures are taken over
MIB = 1 << 20


@dataclass(frozen=True)
class Stages:
    """Milliseconds a frame takes, medians: all in, and by stage."""

    total: float
    by_stage: dict[str, float]


@dataclass(frozen=True)
class Read:
    """What one frame costs with so many references in memory, medians.

    Attributes:
        references: How many.
        fetch_ms: To read the first frame of a pass: what was put aside has to be fetched.
        read_ms: To read the next one.
        total_ms: The whole of that frame, in the engine.
        rss_mib: What the process holds.
    """

    references: int
    fetch_ms: float
    read_ms: float
    total_ms: float
    rss_mib: float


@dataclass(frozen=True)
class Place:
    """What a frame costs, and what the process holds, at a place along a pass."""

    frame: int
    ms: float
    rss_mib: float


def time_stages(engine: SegmentationEngine, clip: Path, scene: Scene, frames: int) -> Stages:
    """Time `frames` frames of a clip of `scene`, from its file to their PNG."""
    seconds: dict[str, list[float]] = defaultdict(list)
    with open_video(clip, _CACHE_BYTES) as video:
        engine.memorize(0, video[0], scene.label_map(0))
        engine.begin_pass()
        for frame in range(1, _WARM_UP + frames + 1):
            stages = _time_frame(engine, video, frame)
            if frame > _WARM_UP:
                for stage, spent in stages.items():
                    seconds[stage].append(spent)
        engine.forget(0)
    by_stage = {stage: 1000 * median(spent) for stage, spent in seconds.items()}
    return Stages(by_stage.pop("total"), by_stage)


def time_read(engine: SegmentationEngine, scene: Scene, counts: Sequence[int]) -> list[Read]:
    """Time frames of a scene with more and more references in memory.

    References are spread over the whole scene, and the frames that are timed lie between
    different pairs of them, so what an engine put aside has to be fetched.
    """
    results, memorized = [], set()
    for count in counts:
        for n in range(count):
            frame = n * scene.frame_count // count
            if frame not in memorized:
                engine.memorize(frame, scene[frame], scene.label_map(frame))
                memorized.add(frame)
        spent = [_time_read(engine, scene, n) for n in range(_PLACES + 1)][1:]
        fetch, read, total = (1000 * median(column) for column in zip(*spent, strict=True))
        results.append(Read(len(memorized), fetch, read, total, rss_mib()))
    for frame in memorized:
        engine.forget(frame)
    return results


def run_pass(
    engine: SegmentationEngine, clip: Path, scene: Scene, at: Sequence[int]
) -> list[Place]:
    """Propagate over a clip from its first frame; tell time and memory `at` frames."""
    places, spent, held = [], [], []
    with open_video(clip, _CACHE_BYTES) as video:
        engine.memorize(0, video[0], scene.label_map(0))
        started = time.perf_counter()
        passes = plan([0], 0, min(max(at), video.frame_count - 1))
        for frame, segmentation, _ in propagate(engine, video, passes):
            encode_png(segmentation.label_map())
            spent.append(time.perf_counter() - started)
            held.append(rss_mib())
            if frame in at:
                ms = 1000 * median(spent[-_AROUND:])
                places.append(Place(frame, ms, median(held[-_AROUND:])))
            started = time.perf_counter()
        engine.forget(0)
    return places


def rss_mib() -> float:
    """Return what this process holds in memory."""
    return psutil.Process().memory_info().rss / MIB


def _time_frame(engine: SegmentationEngine, video: Video, frame: int) -> dict[str, float]:
    """Return the seconds of each stage of a frame, and of all together as "total"."""
    stages: dict[str, float] = {}
    began = started = time.perf_counter()

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
    stages["total"] = time.perf_counter() - began
    if timings := _timings(engine):
        whole = stages.pop("segment")
        named = {_NAMES.get(stage, stage): spent for stage, spent in timings.items()}
        stages = {"decode video": stages.pop("decode video"), **named, **stages}
        stages["other"] = max(whole - sum(timings.values()), 0.0)
    return stages


_NAMES = {
    "encode": "resize, encode key",
    "read": "read memory",
    "decode": "decode mask",
    "memorize": "memorise",
}


def _time_read(engine: SegmentationEngine, scene: Scene, place: int) -> tuple[float, float, float]:
    """Return seconds: to read a pass's first frame and the next one, and all of the next."""
    frame = place * (scene.frame_count - 2) // _PLACES
    pictures = scene[frame], scene[frame + 1]
    engine.begin_pass()
    spent, reads = [], []
    for n, picture in enumerate(pictures):
        started = time.perf_counter()
        engine.segment(frame + n, picture)
        spent.append(time.perf_counter() - started)
        reads.append(_timings(engine).get("read", spent[-1]))
    return *reads, spent[-1]


def _timings(engine: SegmentationEngine) -> dict[str, float]:
    return dict(getattr(engine, "timings", {}))
