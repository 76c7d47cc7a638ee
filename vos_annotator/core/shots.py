"""Where the shots of a video begin: cuts, found in small pictures of the frames.

For: propagation, which does not carry masks over a cut, and the timeline, which shows cuts.
Knows videos and OpenCV.

A *shot* is what was taken in one go; its first frame follows a *cut*. Two frames are as far
apart as their colours and their blurred pictures differ. At a cut every frame before it is far
from every frame after it. So a flash, after which the picture comes back, is no cut, and
neither is fast motion, by which a frame is about as far from its neighbours on either side.

Thread rule: as of the video.
"""

from collections import OrderedDict
from collections.abc import Iterable
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.colors import histogram
from vos_annotator.core.errors import UserError
from vos_annotator.core.shrinking import shrunk
from vos_annotator.core.video import Image, Video

REACH = 3  # frames on either side of a cut that are compared: a longer insert is a shot
FAR = 0.42  # how far apart frames of different scenes are at least; chosen on training clips
MOTION = 0.5  # share of the distance within the two shots that does not count
_SIZE = (36, 64)  # height and width that a frame is looked at in, px
_KEPT = 64  # glances; a pass needs the latest few

_Glance = tuple[NDArray[np.float32], NDArray[np.float32]]  # colours, picture


class Shots:
    """The shots of one video, found where somebody asks."""

    def __init__(self, video: Video) -> None:
        self._video = video
        self._starts: dict[int, bool] = {0: True}
        self._glances: OrderedDict[int, _Glance] = OrderedDict()

    def starts(self, frame: int) -> bool:
        """Return whether a frame is the first one of its shot.

        Decodes up to `REACH` frames on either side of the cut; the answer is kept.
        """
        if frame not in self._starts:
            self._starts[frame] = self._is_cut(frame)
        return self._starts[frame]

    def alike(self, a: int, b: int) -> bool:
        """Return whether two frames look like one scene, as a shot does that is cut back to.

        One that cannot be decoded looks like none.
        """
        return len(self._seen((a, b))) == 2 and self._distance(a, b) < FAR

    def _is_cut(self, frame: int) -> bool:
        before = self._seen(range(frame - 1, max(frame - REACH, 0) - 1, -1))
        after = self._seen(range(frame, min(frame + REACH, self._video.frame_count)))
        if not (before and after):
            return False
        if any(self._distance(a, b) < FAR for a in before for b in after):  # as nearly always
            return False
        across = min(self._distance(a, b) for a in before for b in after)
        within = [self._distance(a, b) for side in (before, after) for a, b in pairwise(side)]
        return across - MOTION * max(within, default=0.0) >= FAR

    def _seen(self, frames: Iterable[int]) -> list[int]:
        """Return the frames up to one that cannot be decoded: it is for others to complain."""
        seen = []
        for frame in frames:
            try:
                self._glance(frame)
            except UserError:
                break
            seen.append(frame)
        return seen

    def _distance(self, a: int, b: int) -> float:
        """Return how far apart two frames are: 0 to 1 for the colours, 0 to 2 for the picture."""
        (colors_a, picture_a), (colors_b, picture_b) = self._glance(a), self._glance(b)
        colors = 0.5 * float(np.abs(colors_a - colors_b).sum())
        return colors + 2 * float(np.abs(picture_a - picture_b).mean())

    def _glance(self, frame: int) -> _Glance:
        if frame in self._glances:
            self._glances.move_to_end(frame)
        else:
            self._glances[frame] = glance(self._video[frame])
            if len(self._glances) > _KEPT:
                self._glances.popitem(last=False)
        return self._glances[frame]


def glance(image: Image) -> _Glance:
    """Return what a frame looks like at a glance.

    Returns:
        The histogram of its colours, and its (36, 64, 3) blurred picture, 0..1.
    """
    small = shrunk(image, _SIZE)
    colors = histogram(cv2.cvtColor(small, cv2.COLOR_RGB2Lab).reshape(-1, 3))
    picture = cv2.GaussianBlur(small, (0, 0), 2).astype(np.float32) / 255
    return colors, picture
