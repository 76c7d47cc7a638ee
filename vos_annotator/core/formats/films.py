"""Films: masks over the picture, what is cut out, and the matte, with the video's own times.

For: the registry. Knows PyAV.

    OUT/NAME.overlay.mp4    H.264, for review: the picture with its objects in colours
    OUT/NAME.cutout.mov     ProRes 4444 with alpha
    OUT/NAME.cutout.mkv     FFV1 with alpha, without loss
    OUT/NAME.matte.mkv      FFV1, grey: white where objects are, without loss

Every frame that is exported is there, at its own time; the encoder is emptied at the end, and the
file is decoded to see. Colours are those of BT.709 where the codec has no RGB, and say so.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace
from numpy.typing import NDArray

from vos_annotator.core.formats.alpha import coverage, cut_out
from vos_annotator.core.formats.format import Film, Sequence
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.objects import screen_color
from vos_annotator.core.video import Image

_TICKS = {"mp4": 90_000, "mov": 90_000, "matroska": 1_000}  # a second, in the container
_BT709 = 1
_RGB, _LIMITED, _FULL = 0, 1, 2  # FFmpeg's numbers for colour spaces and ranges
_STRENGTH = 0.45  # of the objects' colours over the picture


@dataclass(frozen=True, slots=True)
class Codec:
    """How a film is stored.

    Attributes:
        container: As FFmpeg calls it.
        name: Of the encoder.
        pixels: As they are stored.
        given: As they are handed in.
        options: Of the encoder.
        is_exact: Whether what is decoded is what was given.
    """

    container: str
    name: str
    pixels: str
    given: str
    options: dict[str, str]
    is_exact: bool = False


_CODECS = {
    "overlay": (
        "overlay.mp4",
        Codec("mp4", "libx264", "yuv420p", "rgb24", {"crf": "18", "preset": "fast"}),
    ),
    "cutout-prores": (
        "cutout.mov",
        Codec("mov", "prores_ks", "yuva444p10le", "rgba", {"profile": "4444", "vendor": "apl0"}),
    ),
    "cutout-ffv1": (
        "cutout.mkv",
        Codec("matroska", "ffv1", "bgra", "rgba", {"level": "3", "slicecrc": "1"}, True),
    ),
    "matte": (
        "matte.mkv",
        Codec("matroska", "ffv1", "gray", "gray", {"level": "3", "slicecrc": "1"}, True),
    ),
}


def writer(format_name: str, sequence: Sequence) -> Film:
    """Return what makes a film."""
    suffix, codec = _CODECS[format_name]
    return AvFilm(format_name, sequence, f"{sequence.name}.{suffix}", codec)


class AvFilm(Film):
    """Encodes frames as they come."""

    def __init__(self, kind: str, sequence: Sequence, place: str, codec: Codec) -> None:
        super().__init__(sequence)
        self.place, self._kind, self._codec = place, kind, codec

    def encode(self, path: Path, frames: Iterator[tuple[int, Image, LabelMap]]) -> Iterator[int]:
        """Write frames into a file; yield each number once it is on its way."""
        codec, sequence = self._codec, self.sequence
        ticks = Fraction(1, _TICKS[codec.container])
        options = {"fflags": "+bitexact"}
        first = None
        with av.open(str(path), "w", format=codec.container, options=options) as container:
            stream = container.add_stream(codec.name, rate=_rate(sequence), options=codec.options)
            stream.pix_fmt = codec.pixels
            height, width = sequence.shape
            stream.width, stream.height = width + self._pad(width), height + self._pad(height)
            stream.time_base = stream.codec_context.time_base = ticks
            self._tag(stream.codec_context)
            for frame, image, label_map in frames:
                first = sequence.times[frame] if first is None else first
                picture = self._video_frame(self._picture(image, label_map))
                picture.pts = round((sequence.times[frame] - first) / ticks)
                picture.time_base = ticks
                container.mux(stream.encode(picture))
                yield frame
            container.mux(stream.encode(None))

    def check(self, path: Path, frames: Iterator[tuple[int, Image, LabelMap]]) -> str | None:
        """Return what is wrong with a file that has been written; None if nothing is."""
        ticks, sequence = 1 / _TICKS[self._codec.container], self.sequence
        first, count = None, 0
        with av.open(str(path)) as container:
            decoded = container.decode(video=0)
            for frame, image, label_map in frames:
                read = next(decoded, None)
                if read is None:
                    return f"it ends before frame {frame}"
                first = sequence.times[frame] if first is None else first
                if abs(read.time - (sequence.times[frame] - first)) > ticks:
                    return f"frame {frame} is shown at {read.time:.4f} s"
                if self._codec.is_exact:
                    wanted = self._picture(image, label_map)
                    if not np.array_equal(read.to_ndarray(format=self._codec.given), wanted):
                        return f"frame {frame} has other pixels"
                count += 1
            if next(decoded, None) is not None:
                return f"it goes on after {count} frames"
        return None

    def _picture(self, image: Image, label_map: LabelMap) -> NDArray[np.uint8]:
        if self._kind == "overlay":
            return self._overlaid(image, label_map)
        cover = coverage(label_map > 0, self.sequence.options.feather)
        return (cover >> 8).astype(np.uint8) if self._kind == "matte" else cut_out(image, cover)

    def _overlaid(self, image: Image, label_map: LabelMap) -> Image:
        """Return the picture with its objects in their colours, and lines around them."""
        colors = np.zeros((256, 3), np.uint8)
        for object_id in range(1, 256):
            colors[object_id] = self.sequence.colors.get(object_id, screen_color(object_id))
        over, is_object = colors[label_map], label_map > 0
        tinted = cv2.addWeighted(image, 1 - _STRENGTH, over, _STRENGTH, 0)
        is_border = cv2.morphologyEx(label_map, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0
        picture = np.where(is_object[..., None], tinted, image)
        np.copyto(picture, over, where=(is_border & is_object)[..., None])
        return picture

    def _video_frame(self, picture: NDArray[np.uint8]) -> av.VideoFrame:
        codec = self._codec
        height, width = picture.shape[:2]
        if self._pad(width) or self._pad(height):
            edges = ((0, self._pad(height)), (0, self._pad(width)), (0, 0))
            picture = np.pad(picture, edges, mode="edge")
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format=codec.given)
        if codec.is_exact:
            return frame.reformat(format=codec.pixels)
        return frame.reformat(
            format=codec.pixels,
            src_colorspace=Colorspace.ITU709,
            dst_colorspace=Colorspace.ITU709,
            src_color_range=ColorRange.JPEG,
            dst_color_range=ColorRange.MPEG,
        )

    def _pad(self, side: int) -> int:
        """Return by how much a side grows: H.264 with halved colours takes even ones only."""
        return side % 2 if self._codec.pixels == "yuv420p" else 0

    def _tag(self, context: av.VideoCodecContext) -> None:
        context.color_primaries = context.color_trc = _BT709
        context.colorspace = _RGB if self._codec.pixels == "bgra" else _BT709
        context.color_range = _FULL if self._codec.is_exact else _LIMITED


def _rate(sequence: Sequence) -> Fraction:
    """Return the mean rate, for players that ask; each frame has its own time."""
    times = sequence.times
    seconds = times[-1] - times[0] if len(times) > 1 else 0
    rate = (len(times) - 1) / seconds if seconds > 0 else 25
    return Fraction(rate).limit_denominator(1001)
