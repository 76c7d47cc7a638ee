"""The `compare` command: how far two projects of one video agree, by object and frame.

For: the command line. Knows projects; objects are the same if their names are.
"""

import argparse
from pathlib import Path

from vos_annotator.core.agreement import COLUMNS, Agreement, agreements, shared_names
from vos_annotator.core.outputs import check_outputs, file_to_write
from vos_annotator.core.tables import write_csv
from vos_annotator.core.two_projects import open_two


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `compare`."""
    parser.add_argument("first", type=Path, metavar="A.vos", help="a project")
    parser.add_argument("second", type=Path, metavar="B.vos", help="another of the same video")
    parser.add_argument("--csv", type=file_to_write, metavar="FILE", help="write every frame there")


def run(args: argparse.Namespace) -> int:
    """Compare; 0 when done, whatever came of it.

    Raises:
        UserError: A project cannot be opened, they are not of one video, or share no object.
    """
    with open_two(args.first, args.second) as (first, second):
        check_outputs([args.csv], (first.path, second.path, first.video.path))
        shared = shared_names(first, second)
        found = list(agreements(first, second, shared))
        for project, other in ((first, second), (second, first)):
            known = {each.name for each in other.objects}
            if alone := [each.name for each in project.objects if each.name not in known]:
                print(f"only in {project.path}: {', '.join(alone)}")
    print(f"{'object':24}{'frames':>8}{'J':>8}{'F':>8}   least agreement")
    for name in shared:
        print(_line(name, [each for each in found if each.name == name]))
    if args.csv is not None:
        write_csv(args.csv, COLUMNS, (each.cells for each in found))
    return 0


def _line(name: str, found: list[Agreement]) -> str:
    if not found:
        return f"{name:24}{0:8}"
    j, f = (sum(each) / len(found) for each in zip(*((a.j, a.f) for a in found), strict=True))
    worst = min(found, key=lambda each: each.j)
    return f"{name:24}{len(found):8}{j:8.3f}{f:8.3f}   frame {worst.frame}: J {worst.j:.3f}"
