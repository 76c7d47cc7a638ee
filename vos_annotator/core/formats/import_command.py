"""The `import` command: masks in any format into a project, without the window.

For: the command line.
"""

import argparse
import re
import sys
from functools import partial
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.importing import Masks, import_masks, look_through
from vos_annotator.core.formats.opening import opened_project, show_progress
from vos_annotator.core.formats.registry import FORMATS
from vos_annotator.core.formats.report import ranges
from vos_annotator.core.objects import MOST

_MOST_PROBLEMS = 20  # are printed


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `import`."""
    readable = ", ".join(each.name for each in FORMATS.values() if each.reads)
    parser.add_argument(
        "project",
        type=Path,
        metavar="PROJECT",
        help="a project (.vos), or a video, whose project is made if it has none",
    )
    parser.add_argument("masks", type=Path, metavar="PATH", help="a file or folder of masks")
    parser.add_argument(
        "--format", metavar="NAME", help=f"one of {readable}; what it looks like if absent"
    )
    parser.add_argument("--name", help="of the sequence, where there are several")
    parser.add_argument(
        "--as",
        dest="kind",
        choices=("references", "predictions"),
        default="references",
        help="references are never replaced by what is computed, predictions are",
    )
    parser.add_argument(
        "--ids", metavar="LIST", help="what numbers become, as 7=1,9=0; 0 leaves an object out"
    )
    parser.add_argument(
        "--skip", action="store_true", help="take what fits although some masks do not"
    )
    parser.add_argument(
        "--check", action="store_true", help="say what there is and what fits; change nothing"
    )


def run(args: argparse.Namespace) -> int:
    """Run `import`; 0 when all masks were taken, or all that fit if others may be skipped.

    Raises:
        UserError: Masks do not fit, cannot be read, or the disk does not take them; the project
            is as it was.
    """
    with opened_project(args.project, may_create=not args.check) as project:
        found = look_through(
            args.masks,
            project.video,
            args.format,
            args.name,
            known=project.objects,
            progress=partial(show_progress, "import"),
        )
        masks = found.renumbered(_numbers(args.ids) if args.ids else {})
        print("\n".join(told(masks)))
        for problem in masks.problems[:_MOST_PROBLEMS]:
            print(problem, file=sys.stderr)
        if masks.problems and not args.skip:
            raise UserError(
                "Nothing was imported: {count} masks of {path} do not fit; mend them, or take the "
                "others alone with --skip.",
                count=len(masks.problems),
                path=args.masks,
            )
        count = 0 if args.check else import_masks(project, masks, args.kind == "predictions")
    if not args.check:  # now they are on disk
        print(f"{count} masks imported as {args.kind}, in {project.path}")
    return 0


def told(masks: Masks) -> list[str]:
    """Return what was found, in lines."""
    lines = [f"{masks.path}: {masks.format.title}, {len(masks.pngs)} masks"]
    for object_id, frames in masks.frames_of.items():
        name = masks.names.get(object_id, "")
        lines.append(f"  object {object_id} {name}".rstrip() + f": frames {ranges(frames)}")
    return [*lines, *(f"  {note}" for note in masks.notes)]


def _numbers(text: str) -> dict[int, int]:
    pairs = [re.fullmatch(r"\s*(\d{1,3})=(\d{1,3})\s*", p, re.ASCII) for p in text.split(",")]
    numbers = {int(pair[1]): int(pair[2]) for pair in pairs if pair}
    if not all(pairs) or not all(0 < old <= MOST >= new for old, new in numbers.items()):
        raise UserError("{text} does not tell numbers of objects: write 7=1,9=0.", text=text)
    return numbers
