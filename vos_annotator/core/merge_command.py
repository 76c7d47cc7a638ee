"""The `merge` command: two projects of one video into a third.

For: the command line. Neither project is changed, and nothing is written while they disagree
and nobody said which one counts.
"""

import argparse
from pathlib import Path

from vos_annotator.core.database_place import check_place
from vos_annotator.core.errors import UserError
from vos_annotator.core.merging_projects import Conflict, Merge, Preference
from vos_annotator.core.two_projects import open_two

_SHOWN = 40  # conflicts; the rest is counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `merge`."""
    parser.add_argument("first", type=Path, metavar="A.vos", help="a project")
    parser.add_argument("second", type=Path, metavar="B.vos", help="another of the same video")
    parser.add_argument("--out", type=Path, required=True, metavar="C.vos", help="the new project")
    parser.add_argument("--prefer", choices=("A", "B"), help="which one counts where they disagree")


def run(args: argparse.Namespace) -> int:
    """Merge; 0 when the project is written.

    Raises:
        UserError: A project cannot be opened, they are not of one video, something is at the new
            place, or they disagree and none is preferred.
    """
    check_place(args.out)
    with open_two(args.first, args.second) as (first, second):
        merge = Merge(first, second)
        conflicts = list(merge.conflicts())
        _show(conflicts)
        if conflicts and args.prefer is None:
            raise UserError(
                "{first} and {second} disagree: nothing is written; change one of them, or say "
                "with --prefer A or B which one counts.",
                first=args.first,
                second=args.second,
            )
        every = range(first.video.frame_count) if args.prefer == "B" else ()
        count = merge.save(args.out, Preference(every, every))
    resolved = f", {len(conflicts)} conflicts decided by {args.prefer}" if conflicts else ""
    print(f"{len(merge.objects)} objects, {count} references{resolved}: {args.out}")
    return 0


def _show(conflicts: list[Conflict]) -> None:
    for conflict in conflicts[:_SHOWN]:
        print(conflict)
    if len(conflicts) > _SHOWN:
        print(f"... and {len(conflicts) - _SHOWN} conflicts more")
