"""The packets of a video stream as columns: times, places and what can be started from.

For: `packet_index`. Knows PyAV and numpy; `mp4_table` reads the same table of most MP4 files
without going through all of them.
"""

from array import array
from dataclasses import dataclass

import av
import numpy as np
from av.container import InputContainer
from av.video.stream import VideoStream
from numpy.typing import NDArray

NO_VALUE = np.iinfo(np.int64).min  # a timestamp or position that the file does not give


@dataclass(frozen=True, eq=False)
class PacketTable:
    """P packets in decoding order.

    Attributes:
        pts, dts, pos: (P,) int64 presentation and decoding times in units of the stream's
            time base, and bytes from the file's start; NO_VALUE where unknown.
        is_key: (P,) bool, decoding can start here.
        is_shown: (P,) bool, becomes a frame: edit lists hide some, VP8 hides others.
        is_cut_short: The file ends, or is damaged, before all of it could be read.
    """

    pts: NDArray[np.int64]
    dts: NDArray[np.int64]
    pos: NDArray[np.int64]
    is_key: NDArray[np.bool_]
    is_shown: NDArray[np.bool_]
    is_cut_short: bool = False


def read_packet_table(container: InputContainer, stream: VideoStream) -> PacketTable:
    """Read through the whole file, or as far as it can be read."""
    columns = [array("q"), array("q"), array("q"), array("b"), array("b")]
    pts, dts, pos, is_key, is_shown = columns
    is_last_broken = is_cut_short = False
    is_vp8 = stream.codec_context.name in ("vp8", "libvpx")
    try:
        for packet in container.demux(stream):
            if not packet.size:
                continue
            pts.append(NO_VALUE if packet.pts is None else packet.pts)
            dts.append(NO_VALUE if packet.dts is None else packet.dts)
            pos.append(NO_VALUE if packet.pos is None else packet.pos)
            is_key.append(packet.is_keyframe)
            is_hidden = is_vp8 and not bytes(packet)[0] >> 4 & 1  # RFC 6386, section 9.1
            is_shown.append(not packet.is_discard and not is_hidden)
            is_last_broken = packet.is_corrupt
    except (av.FFmpegError, OSError):
        is_cut_short = True
    if is_last_broken and len(pts) > 1:
        is_cut_short = True
        for column in columns:
            column.pop()
    return PacketTable(
        *(np.array(column, np.int64) for column in (pts, dts, pos)),
        is_key=np.array(is_key, bool),
        is_shown=np.array(is_shown, bool),
        is_cut_short=is_cut_short or len(pts) < stream.frames,
    )
