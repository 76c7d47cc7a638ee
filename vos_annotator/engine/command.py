"""The `propagate` command: masks of some frames carried through a video, without the window.

For: the command line. Each mask is written as soon as it is final, so memory does not grow
with the video, and whoever interrupts finds whole files only.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from vos_annotator.core.atomic import put_file
from vos_annotator.core.davis import annotation_path, claim_folder, safe_name
from vos_annotator.core.errors import UserError
from vos_annotator.core.mask_files import mask_files, reference_pngs
from vos_annotator.core.outputs import check_outputs, folder_to_write, lies_in
from vos_annotator.core.video import Video, open_video
from vos_annotator.engine.choice import add_engine_options, chosen_engine
from vos_annotator.engine.headless import EngineFailure, propagated_pngs

_CACHE_BYTES = 64 << 20  # pictures are read in order, or in reverse: few are met again


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `propagate`."""
    parser.add_argument("video", type=Path, metavar="VIDEO_OR_FOLDER", help="what is segmented")
    parser.add_argument(
        "--masks",
        type=Path,
        required=True,
        metavar="PNG_OR_FOLDER",
        help="the first frame's label map, or a folder where a file's number is its frame",
    )
    parser.add_argument(
        "--out",
        type=folder_to_write,
        required=True,
        metavar="DIR",
        help="masks go to DIR/Annotations/480p/NAME, of the video's own size",
    )
    parser.add_argument("--name", help="of the sequence; the video's own if absent")
    parser.add_argument(
        "--replace", action="store_true", help="write over masks that are there already"
    )
    add_engine_options(parser)
    parser.add_argument(
        "--learn", action="store_true", help="learn the video from its references first"
    )
    parser.add_argument(
        "--coarse", action="store_true", help="do not look at objects of large frames from near"
    )


def run(args: argparse.Namespace) -> int:
    """Run `propagate`; 0 when every frame was written, 1 when the engine broke down.

    Raises:
        UserError: A file or an option is not as it must be; each frame that is there is whole.
    """
    with open_video(args.video, _CACHE_BYTES) as video:
        name = safe_name(args.name or video.name)
        first = annotation_path(args.out, name, 0)
        check_outputs([first], [video.path])
        folder = first.parent
        references = _references(args.masks, video, folder)
        claim_folder(folder, video)
        if not args.replace:
            _refuse_masks_in(folder)
        try:
            found = propagated_pngs(
                video, references, chosen_engine(args), args.size, args.learn, not args.coarse
            )
            for frame, png in _with_progress(found, video.frame_count):
                put_file(annotation_path(args.out, name, frame), png)
        except EngineFailure as failure:
            print(failure, file=sys.stderr)
            return 1
    count = "1 reference" if len(references) == 1 else f"{len(references)} references"
    print(f"{video.frame_count} frames from {count}, in {folder}")
    return 0


def _references(path: Path, video: Video, folder: Path) -> dict[int, bytes]:
    """Return frame -> PNG of the masks that were given, for the frames of `video`.

    Raises:
        UserError: They cannot be references, or lie where the results are to go.
    """
    for file in mask_files(path, video).values():
        if lies_in(file, folder):
            raise UserError(
                f"{file} is given, and lies where the results are to go: choose another --out or "
                "--name, or what is computed could not be told from what was given."
            )
    return reference_pngs(path, video)


def _refuse_masks_in(folder: Path) -> None:
    """Refuse to write over masks: nobody can tell whether they are drawn or computed."""
    there = min((each.name for each in folder.glob("[!.]*.png")), default=None)
    if there is not None:
        raise UserError(
            f"{folder} holds masks already, {there} the first of them: choose another --out or "
            "--name, or have them written over with --replace."
        )


def _with_progress(frames: Iterator[tuple[int, bytes]], total: int) -> Iterator[tuple[int, bytes]]:
    """Yield what `frames` yields; on a terminal, keep a line of progress on stderr."""
    if not sys.stderr.isatty():
        yield from frames
        return
    started = time.monotonic()
    try:
        for done, frame in enumerate(frames, 1):
            yield frame
            left = (time.monotonic() - started) / done * (total - done)
            print(f"\r{done} of {total} frames, {left:.0f} s left \033[K", end="", file=sys.stderr)
    finally:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
