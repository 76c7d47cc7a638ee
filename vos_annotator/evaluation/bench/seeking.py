"""How long one waits for a video to open, for a frame somewhere in it, and for the one before.

For: the registry of measures.
"""

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vos_annotator.core.video import Video, open_video
from vos_annotator.evaluation.bench.clips import CODINGS, GROUP, repeat_group, write_group
from vos_annotator.evaluation.bench.outcome import Outcome, Table
from vos_annotator.evaluation.bench.scene import SHAPES
from vos_annotator.evaluation.bench.setting import Setting

_STEPS = 30  # frames stepped back


@dataclass(frozen=True)
class Wait:
    """What one waits for in a clip.

    Attributes:
        open_ms: Until its first picture is there.
        seek_ms, seek_p95_ms: Until a frame somewhere in it is: median and 95th percentile.
        back_ms, back_p95_ms: Until the frame before is, stepping backwards.
    """

    open_ms: float
    seek_ms: float
    seek_p95_ms: float
    back_ms: float
    back_p95_ms: float


def measure(setting: Setting) -> Outcome:
    """Open and look through clips of each size, length, coding and kind of rate."""
    extent = setting.extent
    waits: dict[str, Wait] = {}
    tables = []
    for size in extent.clip_sizes:
        rows = []
        for coding in CODINGS:
            for seconds in extent.clip_seconds:
                for is_variable in (False, True):
                    words = f"{coding}, {_length(seconds)}, {_RATES[is_variable]}"
                    clip = long_clip(setting, size, coding, seconds, is_variable)
                    wait = time_video(clip, extent.seeks, extent.seconds)
                    waits[f"{size}, {words}"] = wait
                    rows.append((words, [f"{value:.0f}" for value in asdict(wait).values()]))
        columns = ("open", "seek", "p95", "step back", "p95")
        title = f"ms, {size}, groups of {GROUP}"
        tables.append(Table(title, columns, rows))
    longest = f"{extent.clip_sizes[0]}, H.264, {_length(extent.clip_seconds[-1])}, {_RATES[False]}"
    return Outcome(
        {name: asdict(wait) for name, wait in waits.items()},
        {"open_ms": waits[longest].open_ms, "seek_p95_ms": waits[longest].seek_p95_ms},
        tables,
    )


def long_clip(setting: Setting, size: str, coding: str, seconds: int, is_variable: bool) -> Path:
    """Return the file of a clip as it is described."""
    how = CODINGS[coding]
    stem = f"group-{size}-{how.encoder}"
    group = setting.made(stem + how.suffix, lambda path: write_group(path, SHAPES[size], how))
    name = f"{stem}-{seconds}-{_RATES[is_variable]}{how.suffix}"
    return setting.made(name, lambda path: repeat_group(group, path, seconds, is_variable))


def time_video(clip: Path, seeks: int, seconds: float) -> Wait:
    """Time a clip; `seconds` bound each kind of looking."""
    started = time.perf_counter()
    with open_video(clip) as video:
        _ = video[0]
        opened = time.perf_counter() - started
        rng = np.random.default_rng(0)
        found = _times(video, rng.integers(0, video.frame_count, seeks), seconds)
        last = video.frame_count - 1
        back = _times(video, range(last, max(last - _STEPS, 0), -1), seconds)[1:]  # the first jumps
    return Wait(1000 * opened, *_median_and_p95(found), *_median_and_p95(back))


def _times(video: Video, frames: Iterable[int], seconds: float) -> list[float]:
    """Return how long each frame took, s; ends early once all took `seconds`."""
    times: list[float] = []
    for frame in frames:
        started = time.perf_counter()
        _ = video[int(frame)]
        times.append(time.perf_counter() - started)
        if sum(times) > seconds and len(times) > 2:
            break
    return times


def _median_and_p95(seconds: list[float]) -> tuple[float, float]:
    median, p95 = 1000 * np.quantile(seconds, (0.5, 0.95))
    return float(median), float(p95)


def _length(seconds: int) -> str:
    return f"{seconds // 3600} h" if seconds >= 3600 else f"{seconds} s"


_RATES = {False: "constant", True: "variable"}
