"""Clips at a glance: a row of frames for each, objects outlined in their colours.

For: the `render-clips` command. Knows OpenCV and the layout of a clip's folder.
"""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.atomic import put_file
from vos_annotator.core.masks import PALETTE, decode_png, object_ids

_FRAMES = 8  # of each clip
_WIDTH = 240  # px of a frame
_GAP = 4  # px


def write_sheet(folders: Sequence[Path], path: Path) -> None:
    """Write the sheet of some clips as a PNG, a clip a row.

    Raises:
        UserError: It cannot be written.
    """
    rows = [_row(folder) for folder in folders]
    width = max(row.shape[1] for row in rows)
    padded = [np.pad(row, ((0, _GAP), (0, width - row.shape[1]), (0, 0))) for row in rows]
    _, data = cv2.imencode(".png", np.concatenate(padded)[..., ::-1])
    put_file(path, data.tobytes())


def _row(folder: Path) -> NDArray[np.uint8]:
    pictures = sorted((folder / "images").iterdir())
    chosen = np.unique(np.linspace(0, len(pictures) - 1, _FRAMES).round().astype(int))
    cells = []
    for index in chosen:
        picture = cv2.imdecode(np.fromfile(pictures[index], np.uint8), cv2.IMREAD_COLOR)
        labels = decode_png((folder / "masks" / f"{pictures[index].stem}.png").read_bytes())
        size = (_WIDTH, round(_WIDTH * labels.shape[0] / labels.shape[1]))
        cell = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)[..., ::-1].copy()
        small = cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
        for number in object_ids(small):
            outline, _ = cv2.findContours(
                (small == number).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
            )
            cv2.drawContours(cell, outline, -1, PALETTE[number].tolist(), 1)
        cells.append(np.pad(cell, ((0, 0), (0, _GAP), (0, 0))))
    return np.concatenate(cells, axis=1)
