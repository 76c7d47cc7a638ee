"""Folders of an export that hold nothing else: what is in the way is named, and stays.

For: exports and `propagate`. Knows videos.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
from PIL import Image

from vos_annotator.core.atomic import writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.video import Video

_ANOTHER_CLIP = 16  # mean difference of grey levels that no two JPEG encoders make


def claim(folder: Path, stems: Collection[str], video: Video) -> None:
    """Make a folder for files of the names `stems`, or check that it holds no other frames.

    Raises:
        UserError: It cannot be made, or has frames that `video` has not, which would pass
            for its own.
    """
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(folder.iterdir()):
            is_picture = file.suffix.lower() in (".png", ".jpg") and not file.name.startswith(".")
            if is_picture and file.stem not in stems:
                raise UserError(
                    "{folder} also holds {name}, which is no frame of {video}: take it away or "
                    "choose another name.",
                    folder=folder,
                    name=file.name,
                    video=video.name,
                )


def refuse_another_clip(picture: Path, frame: int, video: Video) -> None:
    """Refuse to write over pictures that are clearly not this video's; `picture` is one."""
    try:
        with Image.open(picture) as image:
            there = np.asarray(image.convert("RGB"), np.int16)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return  # nothing there, or nothing worth keeping
    ours = video[frame]
    if there.shape != ours.shape or np.abs(there - ours).mean() > _ANOTHER_CLIP:
        raise UserError(
            "{folder} holds another clip: export {name} under another name.",
            folder=picture.parent,
            name=video.name,
        )
