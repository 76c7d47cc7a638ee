"""A rendered clip: a scene drawn by chance, its pictures and masks, its folder.

For: the `render-clips` command. Knows the renderer, OpenCV and the file system.

Clip n of a seed depends on the seed, n, the settings and the models and pictures alone: not
on the processes, nor on what was rendered before.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from vos_annotator.core.atomic import beside, writing
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.rendering.library import Library
from vos_annotator.rendering.pictures import draw_picture
from vos_annotator.rendering.renderer import Renderer
from vos_annotator.rendering.scenes import Choice, draw_scene

PARTS = ".parts"  # folder in which clips are written
_MOST_OBJECTS = 3
_SMALLEST, _LARGEST = 0.003, 0.5  # share of the picture that makes an object worth an id
_ATTEMPTS = 30
_QUALITY = 90  # of JPEG


@dataclass(frozen=True)
class Clip:
    """What is written.

    Attributes:
        pictures: (T, H, W, 3) uint8 RGB.
        label_maps: (T, H, W) uint8, ids 1 to 3.
    """

    pictures: NDArray[np.uint8]
    label_maps: NDArray[np.uint8]


def clip_folder(root: Path, seed: int, number: int) -> Path:
    """Return where a clip lies in a data folder."""
    return root / "videos" / "rendered" / f"{seed}-{number:05d}"


def render_clip(
    renderer: Renderer,
    library: Library,
    photographs: tuple[Path, ...],
    frames: int,
    seed: int,
    number: int,
) -> Clip:
    """Return clip `number` of `seed`.

    A scene in which nothing can be followed is drawn again.

    Raises:
        UserError: Scene after scene shows nothing worth an id.
    """
    rng = np.random.default_rng((seed, number))
    choice = Choice(len(library.paths), library.thin, library.solid)
    for _ in range(_ATTEMPTS):
        scene = draw_scene(rng, choice, frames, renderer.width / renderer.height)
        meshes = [library.mesh(body.model) for body in scene.bodies]
        pictures = [draw_picture(rng, photographs) for _ in range(scene.pictures)]
        with renderer.stage(scene, meshes, pictures) as stage:
            seen = np.stack([stage.ids(time) for time in range(frames)])
            table = choose_objects(rng, seen, len(scene.bodies))
            if table.any():
                return Clip(np.stack([stage.picture(time) for time in range(frames)]), table[seen])
    raise UserError("No clip shows an object large enough: give other models or a larger --size.")


def choose_objects(
    rng: np.random.Generator, seen: NDArray[np.uint8], count: int
) -> NDArray[np.uint8]:
    """Return (256) which number of a body becomes which id, 0 for none.

    One to three bodies of fair size in at least a third of the frames get ids, one of them
    in the first frame; nobody does if there is none such.

    Args:
        rng: Where chance comes from.
        seen: (T, H, W) numbers of bodies, from 1.
        count: Of bodies.
    """
    shares = np.stack([(seen == k + 1).mean(axis=(1, 2)) for k in range(count)])  # (N, T)
    is_fair = ((shares > _SMALLEST).mean(axis=1) >= 1 / 3) & (shares.max(axis=1) < _LARGEST)
    table = np.zeros(256, np.uint8)
    at_once = np.flatnonzero(is_fair & (shares[:, 0] > _SMALLEST))
    if len(at_once) == 0:
        return table
    first = rng.choice(at_once)
    others = np.setdiff1d(np.flatnonzero(is_fair), first)
    more = min(int(rng.integers(_MOST_OBJECTS)), len(others))
    chosen = rng.permutation([first, *rng.choice(others, more, replace=False)])
    table[chosen.astype(int) + 1] = np.arange(1, len(chosen) + 1)
    return table


def write_clip(clip: Clip, root: Path, seed: int, number: int) -> None:
    """Write a clip's folder, which appears only when it is whole.

    Whoever else writes the same clip meanwhile, one of the two, which are alike, stays.

    Raises:
        UserError: It cannot be written.
    """
    folder = clip_folder(root, seed, number)
    part = beside(root / PARTS / folder.name)
    try:
        with writing(folder):
            _write(clip, part)
            folder.parent.mkdir(parents=True, exist_ok=True)
            try:
                part.rename(folder)
            except OSError:
                if not folder.is_dir():
                    raise
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _write(clip: Clip, part: Path) -> None:
    for name in ("images", "masks"):
        (part / name).mkdir(parents=True)
    for frame, (picture, labels) in enumerate(zip(clip.pictures, clip.label_maps, strict=True)):
        bgr = cv2.cvtColor(picture, cv2.COLOR_RGB2BGR)
        _, data = cv2.imencode(".jpg", bgr, (cv2.IMWRITE_JPEG_QUALITY, _QUALITY))
        (part / "images" / f"{frame:05d}.jpg").write_bytes(data.tobytes())
        (part / "masks" / f"{frame:05d}.png").write_bytes(encode_png(labels))
