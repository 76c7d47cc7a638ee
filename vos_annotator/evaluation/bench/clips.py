"""Long clips that are quick to make: one group of pictures, coded once and repeated.

For: the measure of opening and seeking. Knows FFmpeg and numpy.

Pictures hold little (slopes of grey and a block that moves), so that an hour of 4K is some
hundred megabytes; a decoder still has every pixel to fill.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

GROUP = 60  # frames: two seconds, as cameras and telephones write
_FPS = 30
_PATTERN = (1, 1, 2, 1, 3, 1, 1, 2)  # of a variable rate: how long each frame is shown
_TICKS = 512  # a second's thirtieth, in units of the time base


@dataclass(frozen=True)
class Coding:
    """How a clip is coded: FFmpeg's encoder, its options, and the container that is usual."""

    encoder: str
    options: dict[str, str]
    suffix: str


CODINGS = {
    "H.264": Coding("libx264", {"preset": "veryfast", "g": str(GROUP)}, ".mp4"),
    "HEVC": Coding(
        "libx265",
        {"preset": "ultrafast", "x265-params": f"keyint={GROUP}:open-gop=0:log-level=none"},
        ".mp4",
    ),
    "VP9": Coding(
        "libvpx-vp9",
        {"deadline": "realtime", "cpu-used": "8", "row-mt": "1", "g": str(GROUP)},
        ".webm",
    ),
}


def write_group(path: Path, shape: tuple[int, int], coding: Coding) -> None:
    """Write a clip of one group of pictures, (H, W) px, both even."""
    height, width = shape
    with av.open(str(path), "w") as container:
        stream = container.add_stream(coding.encoder, rate=_FPS)
        stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
        stream.options = coding.options
        stream.codec_context.thread_type = "AUTO"
        for number, planes in enumerate(_pictures(shape)):
            picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
            picture.pts, picture.time_base = number, Fraction(1, _FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


def repeat_group(group: Path, path: Path, seconds: int, is_variable: bool) -> None:
    """Write a clip that repeats a group for about so many seconds; nothing is coded again.

    Args:
        group: As `write_group` wrote it.
        path: The new clip, with the same suffix.
        seconds: How long it is at 30 frames a second.
        is_variable: Whether frames are shown for times that differ.
    """
    repeats = max(round(seconds * _FPS / GROUP), 1)
    time_base = Fraction(1, _FPS * _TICKS)
    with av.open(str(group)) as source, av.open(str(path), "w") as target:
        stream = source.streams.video[0]
        packets = [packet for packet in source.demux(stream) if packet.size]
        data = [bytes(packet) for packet in packets]
        shown = np.argsort(np.argsort([packet.pts for packet in packets]))  # place in the group
        delay = int((np.arange(len(packets)) - shown).max())  # of decoding behind showing
        out = target.add_stream_from_template(stream)
        for repeat in range(repeats):
            for n, packet in enumerate(packets):
                frame = repeat * GROUP + n
                copy = av.Packet(data[n])
                copy.stream, copy.time_base = out, time_base
                copy.pts = _tick(repeat * GROUP + int(shown[n]), is_variable)
                copy.dts = _tick(frame - delay, is_variable)
                copy.is_keyframe = packet.is_keyframe
                target.mux(copy)


def _tick(frame: int, is_variable: bool) -> int:
    """Return when a frame is shown, in units of the time base."""
    if not is_variable:
        return frame * _TICKS
    rounds, place = divmod(frame, len(_PATTERN))
    return (rounds * sum(_PATTERN) + sum(_PATTERN[:place])) * _TICKS


def _pictures(shape: tuple[int, int]) -> Iterator[np.ndarray]:
    """Yield the planes of the pictures of a group, (3 H / 2, W) uint8."""
    height, width = shape
    rows, columns = np.mgrid[:height, :width]
    ground = ((columns * 200 // width + rows * 100 // height) // 2).astype(np.uint8)
    grey = np.full((height // 2, width), 128, np.uint8)
    for n in range(GROUP):
        light = ground.copy()
        left = n * width // (2 * GROUP)
        light[height // 4 : height // 2, left : left + width // 8] = 220
        yield np.concatenate([light, grey])
