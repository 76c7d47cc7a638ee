"""Opening a file with FFmpeg: finds the moving picture in it, or says why there is none.

For: the index and the decoder of `video_file`. Knows PyAV.
"""

from pathlib import Path

import av
from av.container import Flags, InputContainer
from av.stream import Discard, Disposition
from av.video.stream import VideoStream

from vos_annotator.core.errors import UserError, unreadable
from vos_annotator.core.translation import tr

_TEXT_FORMATS = frozenset({"tty", "bin", "xbin", "adf", "idf"})  # character art, not video
# In these, which frame is shown when cannot be told from the decoding times and the picture
# types, from which FFmpeg makes up what presentation times a file lacks.
_FREELY_ORDERED = frozenset({"h264", "hevc", "vvc", "evc"})


def open_container(path: Path) -> tuple[InputContainer, VideoStream]:
    """Open a file and its main video stream; the caller closes the container.

    Raises:
        UserError: FFmpeg cannot read it, or it holds no moving picture.
    """
    try:
        # "file:" keeps names with a colon from being taken for protocols, and the whitelist
        # keeps playlists from fetching anything.
        container = av.open(
            f"file:{path}",
            container_options={"protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except (FileNotFoundError, PermissionError) as error:
        raise unreadable(path, error) from error
    except (av.FFmpegError, OSError, ValueError) as error:
        raise UserError(
            "{path} is not a video that FFmpeg can read, or it is cut off or damaged; copy or "
            "record it again, or convert it to MP4.",
            path=path,
        ) from error
    try:
        return container, _main_stream(container, path)
    except BaseException:
        container.close()
        raise


def _main_stream(container: InputContainer, path: Path) -> VideoStream:
    """Return the stream to show, having told the demuxer to skip all others."""
    stills = Disposition.attached_pic | Disposition.timed_thumbnails
    moving = [s for s in container.streams.video if not s.disposition & stills]
    if container.format.name in _TEXT_FORMATS:
        raise UserError("{path} is a text file; open a video or a folder of pictures.", path=path)
    if container.format.name == "image2" or container.format.name.endswith("_pipe"):
        raise UserError(
            "{path} is a single picture; open a video or a folder of pictures.", path=path
        )
    if not moving:
        what = tr("only sound") if container.streams.audio else tr("no moving picture")
        raise UserError(
            "{path} holds {what}; open a video or a folder of pictures.", path=path, what=what
        )
    best = container.streams.best("video")
    stream = best if best in moving else moving[0]
    if stream.codec_context is None:
        raise UserError(
            "{path} is coded in a way FFmpeg cannot decode; convert it to MP4.", path=path
        )
    for other in container.streams:
        if other is not stream:
            other.discard = Discard.all
    if stream.codec_context.name in _FREELY_ORDERED:
        container.flags &= ~Flags.gen_pts.value
    return stream
