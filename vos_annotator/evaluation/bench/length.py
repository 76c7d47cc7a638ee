"""What a frame costs, and what the process holds, early in a clip and late in a long one.

For: the registry of measures.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from vos_annotator.core.masks import encode_png
from vos_annotator.core.video import open_video
from vos_annotator.engine.propagation import plan, propagate
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.evaluation.bench.outcome import Chart, Outcome, Table, in_ms
from vos_annotator.evaluation.bench.scene import SHAPES, TURN, Scene
from vos_annotator.evaluation.bench.setting import Setting, rss_mib

_SIZE = "144p"  # what grows with a clip grows at any size, and ten thousand frames take minutes
_CACHE_BYTES = 8 << 20  # of decoded pictures; full long before the first place
_HELD = 40  # frames before a place that its memory is taken over


@dataclass(frozen=True)
class Place:
    """What a frame costs, and what the process holds, at a place along a pass."""

    frame: int
    ms: float
    rss_mib: float


@dataclass(frozen=True)
class Step:
    """What one frame of a pass cost by the clock and of the processor, s, and what was held."""

    frame: int
    seconds: float
    processor: float
    rss_mib: float


def measure(setting: Setting) -> Outcome:
    """Propagate over one long clip."""
    at = setting.extent.places
    scene = Scene(SHAPES[_SIZE], frame_count=max(at) + at[1] + 1)
    places, ms_growth = run_pass(
        lambda: setting.load(SHAPES[_SIZE][0]), setting.clip(scene), scene, at
    )
    early, late = places[1], places[-1]
    growth = {"ms_growth": ms_growth, "rss_growth": late.rss_mib / early.rss_mib - 1}
    rows = [
        ("frame, ms", in_ms(place.ms for place in places)),
        ("resident, MiB", [f"{place.rss_mib:.0f}" for place in places]),
        (f"time, from frame {early.frame:,}", [f"{growth['ms_growth']:+.1%}"]),
        (f"memory, from frame {early.frame:,}", [f"{growth['rss_growth']:+.1%}"]),
    ]
    return Outcome(
        {"size": _SIZE, "places": [asdict(place) for place in places]},
        growth,
        [Table(f"frame of a pass ({_SIZE})", [f"{place.frame:,}" for place in places], rows)],
        [
            Chart(
                "length",
                f"What a frame costs along a clip, {_SIZE}",
                "frame of the pass",
                "ms a frame",
                {setting.engine: [(place.frame, place.ms) for place in places]},
            ),
            Chart(
                "memory",
                f"What the process holds along a clip, {_SIZE}",
                "frame of the pass",
                "MiB",
                {setting.engine: [(place.frame, place.rss_mib) for place in places]},
            ),
        ],
    )


def run_pass(
    load: Callable[[], SegmentationEngine], clip: Path, scene: Scene, at: Sequence[int]
) -> tuple[list[Place], float]:
    """Propagate over a clip from its first frame.

    Returns:
        Time and memory `at` frames, and by what share a frame after the last of these takes
        more of the processor than one up to the second. Minutes lie between the two, in which a
        machine changes its pace by more than a pass does; so the pass goes on by turns with
        the beginning of another, by an engine of its own.
    """
    places = []
    # What a frame takes depends on where the discs are, so times are of a whole turn of them.
    spent, held = deque(maxlen=TURN), deque(maxlen=_HELD)
    long = _steps(load(), clip, scene, max(at) + at[1])
    for step in long:
        spent.append(step.seconds)
        held.append(step.rss_mib)
        if step.frame in at:
            places.append(Place(step.frame, 1000 * median(spent), median(held)))
        if step.frame == max(at):
            break
    turns = list(zip(_steps(load(), clip, scene, at[1]), long, strict=True))[-TURN:]
    early, late = (median(step.processor for step in steps) for steps in zip(*turns, strict=True))
    return places, late / early - 1


def _steps(engine: SegmentationEngine, clip: Path, scene: Scene, last: int) -> Iterator[Step]:
    """Propagate from the first frame to the `last`."""
    with open_video(clip, _CACHE_BYTES) as video:
        engine.memorize(0, video[0], scene.label_map(0))
        started, spent = time.perf_counter(), time.process_time()
        for frame, segmentation, _ in propagate(engine, video, plan([0], 0, last)):
            encode_png(segmentation.label_map())
            yield Step(
                frame,
                time.perf_counter() - started,
                time.process_time() - spent,
                rss_mib(),
            )
            started, spent = time.perf_counter(), time.process_time()
        engine.forget(0)
