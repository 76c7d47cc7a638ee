"""Makes the clips of the video tests: each frame shows its own number, as black and white bars.

The number survives any codec, so a test reads off a decoded picture which frame it really is.
"""

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

BITS = 12
SIZE = (64, 96)  # H, W: a bar of each bit is 8 columns wide


def picture_of(number: int, size: tuple[int, int] = SIZE, channels: int = 3) -> np.ndarray:
    """Return an RGB picture whose BITS bars, low bit left, spell `number`."""
    height, width = size
    bits = (number >> (np.arange(width) * BITS // width)) & 1
    row = np.where(bits, 235, 20).astype(np.uint8)
    return np.broadcast_to(row[None, :, None], (height, width, channels)).copy()


def number_in(image: np.ndarray) -> int:
    """Read the number off a picture of any size."""
    columns = image.mean(axis=(0, 2))
    bars = [bar.mean() > 128 for bar in np.array_split(columns, BITS)]
    return int(sum(1 << i for i, bar in enumerate(bars) if bar))


def numbers_in(video, frames) -> list[int]:
    """Return the number shown by each of the frames."""
    return [number_in(video[frame]) for frame in frames]


def write_clip(
    path: Path,
    frames: int = 30,
    *,
    codec: str = "libx264",
    size: tuple[int, int] = SIZE,
    pix_fmt: str = "yuv420p",
    gop: int = 12,
    b_frames: int = 2,
    pts: Sequence[int] | None = None,
    time_base: Fraction = Fraction(1, 25),
    options: dict[str, str] | None = None,
    format: str | None = None,
    container_options: dict[str, str] | None = None,
    rotation: tuple[float, bool] | None = None,
    sound: bool = False,
) -> Path:
    """Write a clip; `pts` in units of `time_base` make its frame rate vary."""
    pts = range(frames) if pts is None else pts
    with av.open(str(path), "w", format=format, options=container_options or {}) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width = size
        stream.pix_fmt = pix_fmt
        stream.codec_context.time_base = time_base
        stream.codec_context.gop_size = gop
        stream.options = {"bf": str(b_frames), "threads": "1"} | (options or {})
        if rotation:
            stream.set_display_rotation(rotation[0], hflip=rotation[1])
        if sound:
            _add_sound(container)
        for number, time in enumerate(pts):
            picture = av.VideoFrame.from_ndarray(picture_of(number, size), "rgb24")
            picture = picture.reformat(format=pix_fmt)
            picture.pts, picture.time_base = time, time_base
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return path


def write_sound(path: Path) -> Path:
    """Write a file that holds sound only."""
    with av.open(str(path), "w") as container:
        _add_sound(container)
    return path


def _add_sound(container: av.container.OutputContainer) -> None:
    stream = container.add_stream("aac", rate=16000, layout="mono")
    for start in range(0, 16384, 1024):
        sound = av.AudioFrame.from_ndarray(
            np.zeros((1, 1024), np.float32), format="fltp", layout="mono"
        )
        sound.sample_rate, sound.pts = 16000, start
        container.mux(stream.encode(sound))
    container.mux(stream.encode())
