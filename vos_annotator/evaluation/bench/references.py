"""What a frame costs with few and with many references in memory.

For: the registry of measures.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.evaluation.bench.outcome import Chart, Outcome, Table, in_ms
from vos_annotator.evaluation.bench.scene import SHAPES, Scene
from vos_annotator.evaluation.bench.setting import Setting, rss_mib
from vos_annotator.evaluation.bench.stages import timings_of

_SIZE = "288p"  # hundreds of references take a minute even so
_PLACES = 10  # of a scene where reading is timed


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


def measure(setting: Setting) -> Outcome:
    """Fill the memory step by step, and time frames between the references."""
    counts = setting.extent.references
    scene = Scene(SHAPES[_SIZE], frame_count=2 * max(counts))
    reads = time_read(setting.load(SHAPES[_SIZE][0]), scene, counts)
    rows = [
        ("first read of a pass, ms", in_ms(each.fetch_ms for each in reads)),
        ("read, ms", in_ms(each.read_ms for each in reads)),
        ("frame, ms", in_ms(each.total_ms for each in reads)),
        ("resident, MiB", [f"{each.rss_mib:.0f}" for each in reads]),
    ]
    columns = [f"{count:,}" for count in counts]
    points = [(each.references, each.total_ms) for each in reads]
    return Outcome(
        {"size": _SIZE, "reads": [asdict(each) for each in reads]},
        {"references_growth": reads[-1].total_ms / reads[0].total_ms - 1},
        [Table(f"references in memory ({_SIZE})", columns, rows)],
        [
            Chart(
                "references",
                f"What references cost, {_SIZE}",
                "references in memory",
                "ms a frame",
                {setting.engine: points},
            )
        ],
    )


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
        reads.append(timings_of(engine).get("read", spent[-1]))
    return *reads, spent[-1]
