"""The `rescue` command: what can be read of a damaged project, as a new project.

For: the command line.
"""

import argparse
from functools import partial
from pathlib import Path

from vos_annotator.core.formats.opening import show_progress
from vos_annotator.core.rescue import rescue
from vos_annotator.core.video import open_video


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `rescue`."""
    parser.add_argument(
        "project", type=Path, metavar="DAMAGED.vos", help="a damaged project; it is not touched"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="NEW.vos", help="the new one")
    parser.add_argument(
        "--video", type=Path, help="that it is of, where it does not say so any more"
    )


def run(args: argparse.Namespace) -> int:
    """Rescue; 0 when the new project is written.

    Raises:
        UserError: Nothing can be read, the video is missing, or something is at the new place.
    """
    progress = partial(show_progress, "rescue")
    if args.video is None:
        rescued = rescue(args.project, args.out, progress=progress)
    else:
        with open_video(args.video) as video:
            rescued = rescue(args.project, args.out, video, progress)
    print(f"{rescued}\n{args.out}")
    return 0
