"""A simulated annotator who scribbles: how good a mask is after one, two and three strokes.

For: the `evaluate` command. Runs any engine of the registry that scribbles, on single
frames. Knows numpy, OpenCV and, when it draws, scikit-image's skeletons.

The annotator is deterministic: its first stroke runs along the longest path in the
object's skeleton, each one after it along that of the largest error of the mask it got,
as in the interactive challenge of DAVIS.

Source:
    Caelles et al., "The 2018 DAVIS Challenge on Video Object Segmentation", 2018, sec. 3.
"""

import time
from collections import deque
from collections.abc import Iterator
from collections.abc import Sequence as Many
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.video import open_video
from vos_annotator.engine.protocol import ScribbleEngine
from vos_annotator.evaluation.metrics import region_similarity
from vos_annotator.evaluation.sequences import Sequence, frame_positions

INSIDE, OUTSIDE = 1, 2  # the values of strokes
STROKES = 3

_WIDTH = 1 / 120  # of a stroke, as a share of the frame's short side: 4 px at 480
_CACHE_BYTES = 32 << 20  # of pictures, which are read once
_LONGEST = 0.6  # of a stroke, as a share of the frame's short side


@dataclass(frozen=True, slots=True)
class ScribbleScore:
    """How one object went on the frame where it first appears.

    Attributes:
        sequence: Its name; "all" for the mean over objects.
        object_id: None for the mean.
        ious: Intersection over union after each stroke.
        ms_first: Time of the first stroke, which has the frame to look at as well.
        ms_next: Mean time of the others.
    """

    sequence: str
    object_id: int | None
    ious: tuple[float, ...]
    ms_first: float
    ms_next: float


def score_sequence(engine: ScribbleEngine, sequence: Sequence) -> Iterator[ScribbleScore]:
    """Yield a score for each object of a sequence, on the frame where it first appears."""
    with open_video(sequence.images, _CACHE_BYTES) as video:
        frames = {position: frame for frame, position in frame_positions(sequence, video).items()}
        for object_id, position in sequence.first_seen.items():
            frame, wanted = frames[position], sequence.truth(position) == object_id
            ious, ms = score_object(engine, frame, video[frame], wanted)
            yield ScribbleScore(sequence.name, object_id, ious, ms[0], float(np.mean(ms[1:])))


def score_object(
    engine: ScribbleEngine,
    frame: int,
    image: NDArray[np.uint8],
    wanted: NDArray[np.bool_],
    count: int = STROKES,
    current: NDArray[np.bool_] | None = None,
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the IoU, and the time in ms, of the mask after each of `count` strokes.

    Args:
        engine: What makes the masks.
        frame: Index of the frame.
        image: (H, W, 3) RGB.
        wanted: (H, W) the true mask.
        count: How many strokes are drawn.
        current: (H, W) mask to correct; None has the object drawn from nothing.
    """
    strokes, ious, ms = np.zeros(wanted.shape, np.uint8), [], []
    image = image.copy()  # or an engine may know it from the object before
    for _ in range(count):
        draw_next(strokes, wanted, current)
        began = time.perf_counter()
        current = engine.scribble(frame, image, strokes.copy(), current)
        ms.append(1000 * (time.perf_counter() - began))
        ious.append(region_similarity(wanted, current))
    return tuple(ious), tuple(ms)


def mean_scribbles(scores: Many[ScribbleScore]) -> ScribbleScore:
    """Return the mean over objects."""
    ious = np.mean([score.ious for score in scores], axis=0)
    ms = np.mean([(score.ms_first, score.ms_next) for score in scores], axis=0)
    return ScribbleScore("all", None, tuple(ious.tolist()), *ms.tolist())


def draw_next(
    strokes: NDArray[np.uint8], wanted: NDArray[np.bool_], current: NDArray[np.bool_] | None
) -> None:
    """Draw the annotator's next stroke into `strokes`; nothing where the mask is right.

    Args:
        strokes: (H, W) of the strokes so far: 1 inside, 2 outside, 0 elsewhere.
        wanted: (H, W) the true mask.
        current: (H, W) the mask that the strokes so far gave; None before the first.
    """
    missed = wanted if current is None else wanted & ~current
    wrong = np.zeros_like(wanted) if current is None else current & ~wanted
    regions = (_largest(missed), INSIDE), (_largest(wrong), OUTSIDE)
    region, value = max(regions, key=lambda pair: pair[0].sum())
    if not region.any():
        return
    width = max(2, round(_WIDTH * min(wanted.shape)))
    path = _shorten(longest_path(region), _LONGEST * min(wanted.shape))
    line = np.zeros(wanted.shape, np.uint8)
    points = np.vstack([path, path[-1:]])[:, ::-1]  # a disk's skeleton is a point: draw a dot
    cv2.polylines(line, [points.astype(np.int32)], False, 1, thickness=width)
    strokes[(line > 0) & region] = value


def longest_path(region: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the (row, column) points of the longest path in the skeleton of a region."""
    from skimage.morphology import skeletonize  # slow to import

    points = set(map(tuple, np.argwhere(skeletonize(region)).tolist()))
    farthest = next(iter(sorted(points)))
    for _ in range(2):  # twice over gives the ends of the longest path of a tree
        farthest, path = _farthest(farthest, points)
    return np.array(path)


def _largest(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest connected part of a region."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(region.astype(np.uint8))
    if count < 2:
        return region
    return labels == 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())


def _farthest(
    start: tuple[int, int], points: set[tuple[int, int]]
) -> tuple[tuple[int, int], list[tuple[int, int]]]:
    """Return the point farthest from `start` through neighbouring points, and the way."""
    came_from = {start: start}
    queue = deque([start])
    while queue:
        last = queue.popleft()
        row, column = last
        for point in ((row + i, column + j) for i in (-1, 0, 1) for j in (-1, 0, 1)):
            if point in points and point not in came_from:
                came_from[point] = last
                queue.append(point)
    path = [last]
    while path[-1] != start:
        path.append(came_from[path[-1]])
    return last, path


def _shorten(path: NDArray[np.intp], longest: float) -> NDArray[np.intp]:
    """Return the middle of a path that is longer than a hand draws, in px."""
    spare = max(0, len(path) - round(longest)) // 2
    return path[spare : len(path) - spare]
