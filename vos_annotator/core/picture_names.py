"""Whether names of masks are those of a folder's pictures, or tell the numbers of frames.

For: whatever reads masks, by files or by what a file tells. Knows folders of pictures.
"""

from collections.abc import Mapping
from pathlib import Path

from vos_annotator.core.image_folder import ImageFolder
from vos_annotator.core.video import Video


def frames_by_picture(numbers: Mapping[str, int | None], video: Video) -> dict[str, int] | None:
    """Return the frame of each picture by its name, if masks are named so.

    They are if any of them has the name of a picture: a picture may have been taken away since.
    But a whole set of masks that are numbered as the frames are, from 0, is no matter of chance,
    even where some pictures have such a name, as those have that are numbered from 1.

    Args:
        numbers: The names of masks, without their ending -> the number in each, if there is one.
        video: Where they belong.

    Returns:
        The name of each picture, without its ending -> its frame; None if masks go by number.
    """
    if not isinstance(video, ImageFolder):
        return None
    frame_of = {Path(name).stem: frame for frame, name in enumerate(video.files)}
    known = numbers.keys() & frame_of.keys()
    is_every_frame = set(numbers.values()) == set(range(video.frame_count))
    if not known or (len(known) < len(numbers) and is_every_frame):
        return None
    return frame_of
