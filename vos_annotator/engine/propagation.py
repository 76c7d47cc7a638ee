"""Which frames are segmented, from which reference and in which order; blending in between.

For: the worker and the headless commands, which give the same masks because both go through
here. Knows the engine protocol; no Qt, no torch.

A *pass* runs from a reference frame in one direction and stops before the next one. A *span*
is what lies between two neighbouring references: it gets a pass from either side, and the
second is blended with the first, by how near each reference is and how well each pass fared
so far. Before the first reference and after the last there is one pass only. No pass carries
masks over a cut into another scene.
"""

import tempfile
import zlib
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.errors import UserError
from vos_annotator.core.putting_aside import putting_aside
from vos_annotator.core.shots import Shots
from vos_annotator.core.video import Video
from vos_annotator.engine.blending import blend
from vos_annotator.engine.protocol import Segmentation, SegmentationEngine
from vos_annotator.engine.scene import Scene, not_carried


@dataclass(frozen=True)
class Pass:
    """One propagation over an ordered list of frames.

    Attributes:
        source: The reference frame that it runs from.
        frames: In running order; the source and the neighbour are not among them.
        until: The neighbouring reference, None at an open end.
        blended: Whether this is the second pass of a span, whose frames are blended with
            those of the first.
        earliest: The first reference of all, which is read everywhere.
    """

    source: int
    frames: range
    until: int | None
    blended: bool
    earliest: int

    @property
    def is_final(self) -> bool:
        """Whether its segmentations stay; those of a span's first pass are previews."""
        return self.until is None or self.blended

    @property
    def direction(self) -> int:
        """1 towards the end of the video, -1 towards its beginning."""
        return self.frames.step


def plan(references: Sequence[int], first: int, last: int, origin: int | None = None) -> list[Pass]:
    """Return the passes that segment the frames `first` to `last` (inclusive).

    Every frame of the range that is no reference becomes final exactly once. References
    outside the range count: a pass whose source lies there starts at the edge of the range.

    Args:
        references: Reference frames, in any order.
        first: First frame of the range.
        last: Last frame of the range.
        origin: A frame that was just corrected or released: only the spans that touch it are
            run, those passes first that run outwards from it. None runs every span.

    Raises:
        UserError: There is no reference to start from.
    """
    references = sorted(set(references))
    if not references:
        raise UserError(
            "There is no reference frame to propagate from: paint an object on a frame first."
        )
    spans = list(zip([None, *references], [*references, None], strict=True))
    if origin is not None:
        # A reference ends one span and starts the next; another frame lies within one.
        spans = spans[bisect_left(references, origin) : bisect_right(references, origin) + 1]
    passes = [p for span in spans for p in _of_span(*span, first, last, references[0])]
    if origin in references:
        outwards = [p for p in passes if p.source == origin]
        inwards = [p for p in passes if p.source != origin]
        passes = [*reversed(outwards), *reversed(inwards)]  # what is later in the video first
    return _with_second_passes_blended(passes)


def propagate(
    engine: SegmentationEngine,
    video: Video,
    passes: Iterable[Pass],
    cancelled: Callable[[], bool] = lambda: False,
    shots: Shots | None = None,
    absent: Callable[[int], Collection[int]] = lambda frame: (),
    unread: dict[int, str] | None = None,
) -> Iterator[tuple[int, Segmentation, bool]]:
    """Segment the frames of `passes` by an engine that has memorized the references.

    A frame of a span is yielded twice: a preview by the first pass, later the blend. What
    the first pass found waits in a temporary file, so memory does not grow with the span.

    Args:
        engine: Its memory holds exactly the references that the passes were planned for.
        video: Belongs to the calling thread.
        passes: As `plan` gives them.
        cancelled: Asked before each frame; True ends it there.
        shots: Of `video`, to keep what is found of its cuts from call to call.
        absent: Gives the objects that a person says are not on a frame.
        unread: Takes the frames that cannot be decoded, and why; they are passed over. If None,
            the first of them ends it.

    Yields:
        frame, segmentation, whether it is final.

    Raises:
        UserError: The temporary file cannot be written, or a frame cannot be decoded.
    """
    shots = Shots(video) if shots is None else shots
    ids: tuple[int, ...] | None = None  # the objects that the engine knows
    with _Spill() as spill:
        for one in passes:
            engine.begin_pass()
            video.expect(one.frames)
            scene = Scene(shots, one.frames, one.source, one.earliest)
            at_worst: dict[int, float] = {}
            for frame in one.frames:
                if cancelled():
                    return
                scene.reach(frame)
                away = absent(frame)
                other = spill.take(frame) if one.blended else None
                if scene.is_known or ids is None:
                    try:
                        image = video[frame]
                    except UserError as error:
                        if unread is None:
                            raise
                        unread[frame] = str(error)
                        continue
                    segmentation = engine.segment(frame, image, away).without(away)
                    ids = segmentation.ids
                    if not scene.is_known:
                        engine.begin_pass()  # which was asked for its objects alone
                if not scene.is_known:
                    segmentation = not_carried(ids, video.shape, shots.starts(frame))
                if one.until is not None:
                    at_worst = _least(at_worst, segmentation.confidence)
                    segmentation = replace(segmentation, at_worst=at_worst)
                if other is not None:
                    segmentation = _blend_in_time(one, frame, segmentation, other)
                elif not one.is_final:
                    spill.put(frame, segmentation)
                yield frame, segmentation, one.is_final


def _of_span(
    left: int | None, right: int | None, first: int, last: int, earliest: int
) -> Iterator[Pass]:
    """Yield the passes between two neighbouring references, within the range."""
    start = first if left is None else max(first, left + 1)
    stop = last + 1 if right is None else min(last + 1, right)
    if start >= stop:
        return
    if left is not None:
        yield Pass(left, range(start, stop), right, False, earliest)
    if right is not None:
        yield Pass(right, range(stop - 1, start - 1, -1), left, False, earliest)


def _with_second_passes_blended(passes: Sequence[Pass]) -> list[Pass]:
    """Return the passes, in order, the second one of each span blended with the first."""
    seen: set[tuple[int, int | None]] = set()
    marked = []
    for one in passes:
        marked.append(replace(one, blended=(one.until, one.source) in seen))
        seen.add((one.source, one.until))
    return marked


def _least(before: Mapping[int, float], now: Mapping[int, float]) -> dict[int, float]:
    return {object_id: min(before.get(object_id, 1.0), now[object_id]) for object_id in now}


def _blend_in_time(
    one: Pass, frame: int, segmentation: Segmentation, other: Segmentation
) -> Segmentation:
    """Return the blend of what a pass found with what the other pass of its span found.

    Exactly the same whichever of the two passes ran first.
    """
    earlier, later = _rounded(segmentation), other
    if one.direction < 0:
        earlier, later = later, earlier
    left, right = sorted((one.source, one.until))
    return blend(earlier, later, weight_b=(frame - left) / (right - left))


_STEPS = 8  # log-odds are put aside in eighths, clipped to +-15.875: finer than moves a border


_NO_LOGITS = np.empty((0, 1, 1), np.float32)


def _to_steps(logits: NDArray[np.float32]) -> NDArray[np.int8]:
    return np.rint(logits * _STEPS).clip(-127, 127).astype(np.int8)


def _from_steps(steps: NDArray[np.int8]) -> NDArray[np.float32]:
    return steps.astype(np.float32) / _STEPS


def _rounded(segmentation: Segmentation) -> Segmentation:
    return replace(segmentation, logits=_from_steps(_to_steps(segmentation.logits)))


class _Spill:
    """Segmentations that wait for the second pass of their span, in a temporary file.

    The file has no name, so it goes with the process whatever happens.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - closed by __exit__
        self._where: dict[int, tuple[int, int, tuple[int, ...], Segmentation]] = {}
        self._end = 0

    def __enter__(self) -> "_Spill":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def put(self, frame: int, segmentation: Segmentation) -> None:
        """Keep the segmentation of a frame."""
        steps = _to_steps(segmentation.logits)
        data = zlib.compress(steps.tobytes(), 1)
        with putting_aside():
            self._file.seek(self._end)
            self._file.write(data)
            self._file.flush()
        shell = replace(segmentation, logits=_NO_LOGITS)
        self._where[frame] = self._end, len(data), steps.shape, shell
        self._end += len(data)

    def take(self, frame: int) -> Segmentation | None:
        """Return what was kept for a frame, which is then dropped; None if it was passed over."""
        if frame not in self._where:
            return None
        start, length, size, shell = self._where.pop(frame)
        self._file.seek(start)
        steps = np.frombuffer(zlib.decompress(self._file.read(length)), np.int8).reshape(size)
        if not self._where:
            self._end = 0  # every span is closed: the next one overwrites the file
        return replace(shell, logits=_from_steps(steps))
