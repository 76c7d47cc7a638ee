"""Whether the objects that a run finds are still those that people showed; frame by frame.

For: the worker. Knows identities, shots and what a segmentation is; belongs to the worker's thread.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from vos_annotator.core.glitches import small
from vos_annotator.core.identities import Look, look_exchanged, looks, moved_oddly
from vos_annotator.core.masks import LabelMap, object_ids
from vos_annotator.core.shots import Shots
from vos_annotator.core.video import Video
from vos_annotator.engine.protocol import Segmentation

AT_MOST = 0.3  # confidence of an object that may be another one: its doubt is red

Suspects = Mapping[int, int | None]  # object -> the one that it may be; None: it jumped


class IdentityWatch:
    """Follows the final masks of one run."""

    def __init__(
        self, video: Video, shots: Shots, known: Callable[[int], Mapping[int, Sequence[Look]]]
    ) -> None:
        """Begin; `known` gives what objects look like in the references around a frame."""
        self._video, self._shots, self._known = video, shots, known
        self._last: tuple[int, LabelMap] | None = None  # a frame and its small label map

    def judge(
        self, frame: int, segmentation: Segmentation, label_map: LabelMap, final: bool
    ) -> tuple[dict[int, float], Suspects]:
        """Return the confidence in each object, and those against which something speaks.

        Args:
            frame: Which frame.
            segmentation: What was found.
            label_map: What comes of it.
            final: Whether it stays; previews are not looked at.
        """
        suspects = self._suspects(frame, label_map) if final else {}
        if suspects:
            at_most = {**segmentation.at_most, **dict.fromkeys(suspects, AT_MOST)}
            segmentation = replace(segmentation, at_most=at_most)
        return segmentation.confidence, suspects

    def _suspects(self, frame: int, label_map: LabelMap) -> dict[int, int | None]:
        labels, found = small(label_map), dict[int, int | None]()
        if self._last is not None:
            before, last = self._last
            if abs(frame - before) == 1 and not self._shots.starts(max(frame, before)):
                found |= moved_oddly(last, labels)
        self._last = frame, labels
        if len(object_ids(labels)) > 1:
            found |= look_exchanged(looks(self._video[frame], label_map), self._known(frame))
        return found
