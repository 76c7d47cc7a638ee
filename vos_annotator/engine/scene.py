"""How far the masks of a pass are carried: through its scene, and not over a cut into another.

For: propagation. Knows the video's shots and what a segmentation is; no engine.

Beyond a cut an engine finds something in almost every picture, and is sure of it. So in a scene
unlike the one that a pass comes from, objects are nowhere until a person says otherwise; that
such a shot waits for a person is shown by the doubt of its first frame. A scene that is cut
back to is known again.
"""

from collections.abc import Sequence

import numpy as np

from vos_annotator.core.shots import Shots
from vos_annotator.engine.protocol import ABSENT, Segmentation

UNASKED = 0.5  # confidence that an object is absent from a shot that nobody has looked at
_LOOKS_BACK = 100  # frames between a reference and a range far from it, where cuts are looked for


class Scene:
    """Follows a pass from shot to shot.

    Attributes:
        is_known: Whether the frame that was reached is in a scene that the pass knows.
    """

    def __init__(self, shots: Shots, frames: Sequence[int], source: int, earliest: int) -> None:
        """Stand before the first of the `frames` of a pass from the reference `source`.

        What the reference `earliest` shows is known too.
        """
        self._shots, self._references = shots, (source, earliest)
        self._left = source  # the last known frame before a cut
        self.is_known = True
        on_the_way = range(source, frames[0], 1 if frames[0] > source else -1)[-_LOOKS_BACK:]
        self._frame = on_the_way[0]
        for frame in on_the_way[1:]:
            self.reach(frame)

    def reach(self, frame: int) -> None:
        """Go on to the next frame of the pass."""
        if self._shots.starts(max(frame, self._frame)):
            if self.is_known:
                self._left = self._frame
            known = (self._left, *self._references)
            self.is_known = any(self._shots.alike(frame, each) for each in known)
        self._frame = frame


def not_carried(ids: tuple[int, ...], shape: tuple[int, int], starts_shot: bool) -> Segmentation:
    """Return that no object is in a frame, which is doubtful where a shot starts."""
    logits = np.full((len(ids), 1, 1), ABSENT, np.float32)
    at_most = dict.fromkeys(ids, UNASKED) if starts_shot else {}
    return Segmentation(ids, logits, shape, is_carried=False, at_most=at_most)
