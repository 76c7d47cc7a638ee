"""What a frame costs, and what the process holds, early in a clip and late in a long one.

For: the registry of measures.
"""

import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from vos_annotator.core.masks import encode_png
from vos_annotator.core.video import open_video
from vos_annotator.engine.propagation import plan, propagate
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.evaluation.bench.outcome import Chart, Outcome, Table, in_ms
from vos_annotator.evaluation.bench.scene import SHAPES, Scene
from vos_annotator.evaluation.bench.setting import Setting, rss_mib

_SIZE = "144p"  # what grows with a clip grows at any size, and ten thousand frames take minutes
_CACHE_BYTES = 8 << 20  # of decoded pictures; full long before the first place
_AROUND = 40  # frames before a place that its figures are taken over


@dataclass(frozen=True)
class Place:
    """What a frame costs, and what the process holds, at a place along a pass."""

    frame: int
    ms: float
    rss_mib: float


def measure(setting: Setting) -> Outcome:
    """Propagate over one long clip."""
    at = setting.extent.places
    scene = Scene(SHAPES[_SIZE], frame_count=max(at) + 1)
    places = run_pass(setting.load(SHAPES[_SIZE][0]), setting.clip(scene), scene, at)
    early, late = places[1], places[-1]
    growth = {
        "ms_growth": late.ms / early.ms - 1,
        "rss_growth": late.rss_mib / early.rss_mib - 1,
    }
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
    engine: SegmentationEngine, clip: Path, scene: Scene, at: Sequence[int]
) -> list[Place]:
    """Propagate over a clip from its first frame; tell time and memory `at` frames."""
    places = []
    spent, held = deque(maxlen=_AROUND), deque(maxlen=_AROUND)
    with open_video(clip, _CACHE_BYTES) as video:
        engine.memorize(0, video[0], scene.label_map(0))
        started = time.perf_counter()
        passes = plan([0], 0, min(max(at), video.frame_count - 1))
        for frame, segmentation, _ in propagate(engine, video, passes):
            encode_png(segmentation.label_map())
            spent.append(time.perf_counter() - started)
            held.append(rss_mib())
            if frame in at:
                places.append(Place(frame, 1000 * median(spent), median(held)))
            started = time.perf_counter()
        engine.forget(0)
    return places
