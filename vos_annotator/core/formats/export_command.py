"""The `export` command: the masks of a project in any format, without the window.

For: the command line.
"""

import argparse
import re
from functools import partial
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.exporting import export
from vos_annotator.core.formats.format import Options
from vos_annotator.core.formats.opening import opened_project, show_progress
from vos_annotator.core.formats.preflight import Facts, preflight
from vos_annotator.core.formats.registry import FORMATS, format_named
from vos_annotator.core.formats.sources import picture_names, source_of
from vos_annotator.core.formats.youtube_vos import requested_frames
from vos_annotator.core.given_numbers import add_number
from vos_annotator.core.objects import MOST
from vos_annotator.core.outputs import folder_to_write
from vos_annotator.core.project import Project

_WIDEST = 1000  # px of a soft border


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `export`."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = "formats:\n" + "".join(
        f"  {each.name:14} {each.about}\n" for each in FORMATS.values()
    )
    parser.add_argument(
        "project", type=Path, metavar="PROJECT", help="a project (.vos), or the video it belongs to"
    )
    parser.add_argument(
        "--format", required=True, metavar="NAME", help="what is written; see below"
    )
    parser.add_argument(
        "--out", type=folder_to_write, required=True, metavar="DIR", help="where it goes"
    )
    parser.add_argument("--name", help="of the sequence; the video's own if absent")
    parser.add_argument(
        "--frames",
        metavar="LIST",
        help="only these, as 0,5,10-20 or 0-100:5; or a meta.json of YouTube-VOS, for what it asks",
    )
    parser.add_argument("--objects", metavar="LIST", help="only these numbers, as 1,3")
    parser.add_argument(
        "--check", action="store_true", help="say what to know before, and write nothing"
    )
    parser.add_argument(
        "--replace",
        action="store_true",
        help="also replace files that are not as an export left them",
    )
    add_number(
        parser,
        "--feather",
        *(0, _WIDEST, float),
        default=0.0,
        metavar="PX",
        help="width of soft borders, of cut-outs, mattes and soft masks",
    )
    parser.add_argument("--no-images", action="store_true", help="leave the pictures out")


def run(args: argparse.Namespace) -> int:
    """Run `export`; 0 when everything was written.

    Raises:
        UserError: Something is not as it must be; each file that is there is whole.
    """
    format_named(args.format)
    with opened_project(args.project, may_create=False) as project:
        options, source = _options(args, project), source_of(project)
        facts = Facts.of(project.annotations, source.names)
        kind = format_named(args.format)
        for finding in preflight(facts, source, kind, args.out, args.name, options):
            print(finding.text)
        if args.check:
            return 0
        report = export(
            source,
            args.format,
            args.out,
            args.name,
            options=options,
            progress=partial(show_progress, "export"),
        )
    print(f"{report}\n{report.annotations}")
    return 0


def numbers(text: str, most: int) -> tuple[int, ...]:
    """Return what a list such as 0,5,10-20 or 0-100:5 names, in order.

    Of what is beyond `most` the first of each part, for whoever refuses it.

    Raises:
        UserError: It is no such list.
    """
    found: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,9})(?:-(\d{1,9})(?::([1-9]\d{0,8}))?)?\s*", part, re.ASCII)
        if match is None:
            raise UserError("{text} is no list of numbers: write 0,5,10-20 or 0-100:5.", text=text)
        first, step = int(match[1]), int(match[3] or 1)
        named = range(first, int(match[2] or first) + 1, step)
        found.update(named[: max(most - first, -1) // step + 2])
    return tuple(sorted(found))


def _options(args: argparse.Namespace, project: Project) -> Options:
    frames = None
    if args.frames is not None and Path(args.frames).suffix.lower() == ".json":
        name = args.name or project.video.name
        frames = requested_frames(Path(args.frames), name, picture_names(project.video))
    elif args.frames is not None:
        frames = numbers(args.frames, project.video.frame_count - 1)
    objects = None if args.objects is None else frozenset(numbers(args.objects, MOST))
    return Options(
        frames,
        objects,
        with_images=not args.no_images,
        feather=args.feather,
        replace=args.replace,
    )
