"""Builds the demo clip and its true masks: python resources/demo/build.py [folder].

For: whoever changes the clip; the program itself only reads what this wrote. The pictures
ship with scikit-image (astronaut and rocket: NASA and SpaceX, public domain; coffee: Rachel
Michetti, CC0), so nothing is downloaded.

A cup on its saucer (object 1) flies over a launch site at dusk, away from the camera and
behind an astronaut (object 2). Everything is composed in linear light at twice the size, with
motion blur; a mask is what covers more than half a pixel in the middle of the exposure.
"""

import sys
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from cutouts import PICTURES, Cutout, astronaut, cup
from numpy.typing import NDArray

from vos_annotator.core.masks import encode_png

WIDTH, HEIGHT, FRAMES, FPS = 854, 480, 80, 25
ABOVE = 2  # rendered at this many times the size, then averaged down
EXPOSURES = (-0.2, -0.1, 0.0, 0.1, 0.2)  # of a frame: the shutter is open for four tenths
GAMMA = 2.2

# time 0..1, x, y of the centre in pixels, scale, angle in degrees
CUP_PATH = """
    0.00  640 178  0.62  -7
    0.17  662 122  0.55   4
    0.36  545 108  0.45  13
    0.55  395 178  0.36   6
    0.74  228 205  0.32  -9
    0.90   92 150  0.35 -14
    1.00   84 112  0.36  -6
"""
ASTRONAUT_PATH = """
    0.00  262 318  0.82  1.2
    0.30  250 314  0.83 -1.0
    0.65  236 320  0.84 -2.0
    1.00  252 322  0.85  0.6
"""
CAMERA_PATH = """
    0.00  342 243  1.51  0.0
    0.50  320 239  1.54  0.4
    1.00  303 242  1.57  0.0
"""
CUP_LIGHT = (0.80, 0.80, 0.92)
ASTRONAUT_LIGHT = (0.84, 0.86, 1.0)


@dataclass(frozen=True)
class Pose:
    """Where something is: the place of its centre, its scale and its angle."""

    x: float
    y: float
    scale: float
    angle: float


class Way:
    """A smooth way through poses (cubic Hermite through all points, clamped at the ends)."""

    def __init__(self, text: str) -> None:
        table = np.array(text.split(), float).reshape(-1, 5)
        self._times, self._values = table[:, 0], table[:, 1:]
        self._slopes = np.gradient(self._values, self._times, axis=0)

    def __call__(self, time: float) -> Pose:
        time = min(max(time, 0.0), 1.0)
        i = min(int(np.searchsorted(self._times, time, "right")) - 1, len(self._times) - 2)
        span = self._times[i + 1] - self._times[i]
        u = (time - self._times[i]) / span
        value = (
            (2 * u**3 - 3 * u**2 + 1) * self._values[i]
            + (u**3 - 2 * u**2 + u) * span * self._slopes[i]
            + (3 * u**2 - 2 * u**3) * self._values[i + 1]
            + (u**3 - u**2) * span * self._slopes[i + 1]
        )
        return Pose(*value)


class Layer:
    """A cutout in linear light, with colours multiplied by alpha."""

    def __init__(self, cutout: Cutout, light: tuple[float, float, float]) -> None:
        color = np.clip(cutout.color, 0, 1) ** GAMMA * np.float32(light)
        self._pixels = np.dstack([color * cutout.alpha[..., None], cutout.alpha])

    def at(self, pose: Pose) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return colour (multiplied by alpha) and alpha of the whole picture."""
        height, width = self._pixels.shape[:2]
        matrix = _matrix(pose, width / 2, height / 2)
        size = (WIDTH * ABOVE, HEIGHT * ABOVE)
        out = cv2.warpAffine(self._pixels, matrix, size, flags=cv2.INTER_LINEAR)
        return out[..., :3], out[..., 3:]


def build(folder: Path) -> None:
    """Write `demo.mp4` and `masks/` into `folder`."""
    masks = folder / "masks"
    masks.mkdir(parents=True, exist_ok=True)
    scene = Scene()
    grain = np.random.default_rng(1)
    with av.open(str(folder / "demo.mp4"), "w", options={"movflags": "+faststart"}) as container:
        stream = container.add_stream("libx264", rate=FPS)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "20", "preset": "veryslow", "g": "20", "threads": "1"}
        for frame in range(FRAMES):
            color = scene.picture(frame) * 255 + grain.normal(0, 0.8, (HEIGHT, WIDTH, 1))
            picture = np.clip(np.rint(color), 0, 255).astype(np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
            (masks / f"{frame:05d}.png").write_bytes(encode_png(scene.label_map(frame)))
        container.mux(stream.encode())


class Scene:
    """The launch site, the cup and the astronaut at every time."""

    def __init__(self) -> None:
        site = cv2.cvtColor(cv2.imread(str(PICTURES / "rocket.jpg")), cv2.COLOR_BGR2RGB)
        site = cv2.resize(site, None, fx=2, fy=2, interpolation=cv2.INTER_LANCZOS4)
        self._site = (site.astype(np.float32) / 255) ** GAMMA
        self._cup = Layer(cup(), CUP_LIGHT)
        self._astronaut = Layer(astronaut(), ASTRONAUT_LIGHT)
        self._paths = Way(CAMERA_PATH), Way(CUP_PATH), Way(ASTRONAUT_PATH)
        y, x = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j].astype(np.float32)
        self._vignette = (1 - 0.22 * (0.7 * x * x + 0.5 * y * y) ** 1.5)[..., None]

    def picture(self, frame: int) -> NDArray[np.float32]:
        """Return the (H, W, 3) picture, 0..1, as a screen shows it."""
        linear = sum(self._exposure(frame + offset) for offset in EXPOSURES) / len(EXPOSURES)
        return np.clip(linear * self._vignette, 0, 1) ** (1 / GAMMA)

    def label_map(self, frame: int) -> NDArray[np.uint8]:
        """Return which object covers most of each pixel."""
        _, cup_pose, astronaut_pose = self._poses(frame)
        cup_alpha = _down(self._cup.at(cup_pose)[1])
        astronaut_alpha = _down(self._astronaut.at(astronaut_pose)[1])
        labels = np.where(cup_alpha > 0.5, 1, 0)
        return np.where(astronaut_alpha > 0.5, 2, labels).astype(np.uint8)

    def _poses(self, frame: float) -> tuple[Pose, Pose, Pose]:
        camera, cup_path, astronaut_path = self._paths
        time = frame / (FRAMES - 1)
        return camera(time), cup_path(time), astronaut_path(time)

    def _exposure(self, frame: float) -> NDArray[np.float32]:
        camera, cup_pose, astronaut_pose = self._poses(frame)
        view = Pose(WIDTH / 2, HEIGHT / 2, camera.scale / 2, camera.angle)
        size = (WIDTH * ABOVE, HEIGHT * ABOVE)
        canvas = cv2.warpAffine(
            self._site,
            _matrix(view, camera.x * 2, camera.y * 2),
            size,
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REFLECT,
        )
        color, alpha = self._cup.at(cup_pose)
        canvas = color + canvas * (1 - alpha)
        color, alpha = self._astronaut.at(astronaut_pose)
        shade = cv2.GaussianBlur(np.roll(alpha, 6 * ABOVE, 0), (0, 0), 9 * ABOVE)[..., None]
        canvas = color + canvas * (1 - 0.35 * shade) * (1 - alpha)
        return _down(canvas)


def _matrix(pose: Pose, x: float, y: float) -> NDArray[np.float64]:
    """Return the transform that puts the point (x, y) of a picture where `pose` says."""
    matrix = cv2.getRotationMatrix2D((x, y), pose.angle, pose.scale * ABOVE)
    matrix[:, 2] += pose.x * ABOVE - x, pose.y * ABOVE - y
    return matrix


def _down(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    return cv2.resize(pixels, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
