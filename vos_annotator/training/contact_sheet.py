"""The `show-clips` command: what the network really sees in training, on one sheet.

For: the command line. Knows recipes' data, the clips, the strokes and OpenCV.

A row is a clip, a column a frame. Objects are tinted in the colours of DAVIS with their
outlines; on the first frame the strokes drawn for it are green inside, red outside.
"""

import argparse

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.atomic import put_report
from vos_annotator.core.errors import UserError
from vos_annotator.core.given_numbers import LARGEST_SEED, add_number
from vos_annotator.core.masks import PALETTE
from vos_annotator.core.outputs import check_outputs, file_to_write
from vos_annotator.training.clips import ClipMaker, ClipMix
from vos_annotator.training.command import data_sets
from vos_annotator.training.readers import find_sources
from vos_annotator.training.recipe import read_recipe
from vos_annotator.training.scenes import Clip
from vos_annotator.training.strokes import draw_strokes

_TINT = 0.45
_GAP = 4  # px between frames
_MOST = 100  # clips: all are held in memory
_GREEN, _RED = (60, 255, 60), (255, 40, 40)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `show-clips`."""
    parser.add_argument("recipe", nargs="?", default="student", help="whose clips; see `train`")
    parser.add_argument("--data", metavar="DIR", help="short for --set data.root=DIR")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE")
    add_number(parser, "--stage", 0, 1000, default=0, help="which stage of the recipe")
    add_number(parser, "--count", 1, _MOST, default=16, help=f"clips on the sheet, to {_MOST}")
    add_number(parser, "--columns", 1, 1_000_000, default=2, help="clips beside each other")
    add_number(parser, "--seed", 0, LARGEST_SEED, default=0)
    parser.add_argument("--out", type=file_to_write, required=True, metavar="FILE", help="the PNG")


def run(arguments: argparse.Namespace) -> int:
    """Draw the sheet; 0 when it is written.

    Raises:
        UserError: The recipe, the data or an option is not as it must be.
    """
    changes = [*arguments.set, *([f"data.root={arguments.data}"] if arguments.data else [])]
    recipe = read_recipe(arguments.recipe, changes)
    if arguments.stage >= len(recipe.stages):
        raise UserError(f"The recipe has {len(recipe.stages)} stages: count --stage from 0.")
    stage = recipe.stages[arguments.stage]
    sources = find_sources(data_sets(recipe.data))
    check_outputs([arguments.out], [arguments.recipe, *sources.folders])
    maker = ClipMaker(sources, ClipMix.of(stage, recipe.data))
    rows = []
    for number in range(arguments.count):
        rng = np.random.default_rng((arguments.seed, number))
        rows.append(draw_row(maker.make(rng), rng))
    sheet = _arranged(rows, min(arguments.columns, len(rows)))
    put_report(arguments.out, cv2.imencode(".png", sheet[..., ::-1])[1].tobytes())
    print(f"{arguments.count} clips are on {arguments.out}")
    return 0


def draw_row(clip: Clip, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return the frames of a clip beside each other, (S, T x (S + 4), 3) RGB."""
    frames = []
    for t, (image, masks) in enumerate(zip(clip.images, clip.masks, strict=True)):
        frame = image.copy()
        for number, mask in enumerate(masks, start=1):
            colour = PALETTE[number]
            frame[mask] = ((1 - _TINT) * image[mask] + _TINT * colour).astype(np.uint8)
            outline = mask & ~cv2.erode(mask.view(np.uint8), np.ones((3, 3), np.uint8)).astype(bool)
            frame[outline] = colour
            if t == 0:
                for strokes, shade in zip(draw_strokes(mask, rng), (_GREEN, _RED), strict=True):
                    frame[strokes] = shade
        frames.append(np.pad(frame, ((0, _GAP), (0, _GAP), (0, 0))))
    return np.hstack(frames)


def _arranged(rows: list[NDArray[np.uint8]], columns: int) -> NDArray[np.uint8]:
    """Return the rows under and beside each other, in order from the top left."""
    empty = np.zeros_like(rows[0])
    rows = rows + [empty] * (-len(rows) % columns)
    return np.vstack([np.hstack(rows[n : n + columns]) for n in range(0, len(rows), columns)])
