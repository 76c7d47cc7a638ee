"""The `compare` command: how far two projects of one video agree, by object and frame.

For: the command line. Knows projects and the measures; objects are the same if their names are.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vos_annotator.core.edits import Status
from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.evaluation.metrics import contour_accuracy, region_similarity
from vos_annotator.evaluation.tables import write_csv

COLUMNS = ["object", "frame", "J", "F", "A", "B"]


@dataclass(frozen=True)
class Agreement:
    """How far two projects agree on an object in a frame.

    Attributes:
        name: The object's.
        frame: Which frame.
        j, f: Region similarity and contour accuracy, 0..1.
        status: What the frame is in each project.
    """

    name: str
    frame: int
    j: float
    f: float
    status: tuple[Status, Status]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `compare`."""
    parser.add_argument("first", type=Path, metavar="A.vos", help="a project")
    parser.add_argument("second", type=Path, metavar="B.vos", help="another of the same video")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every frame there")


def run(args: argparse.Namespace) -> int:
    """Compare; 0 when done, whatever came of it.

    Raises:
        UserError: A project cannot be opened, they are not of one video, or share no object.
    """
    with (
        Project.open(args.first) as first,
        Project.open(args.second, first.video.fork()) as second,
    ):
        names = [each.name for each in first.objects]
        shared = [name for name in names if name in {each.name for each in second.objects}]
        if not shared:
            raise UserError(
                "{first} and {second} have no object of the same name: rename what is the same.",
                first=args.first,
                second=args.second,
            )
        found = list(agreements(first, second, shared))
        for project, other in ((first, second), (second, first)):
            known = {each.name for each in other.objects}
            if alone := [each.name for each in project.objects if each.name not in known]:
                print(f"only in {project.path}: {', '.join(alone)}")
    print(f"{'object':24}{'frames':>8}{'J':>8}{'F':>8}   least agreement")
    for name in shared:
        print(_line(name, [each for each in found if each.name == name]))
    if args.csv is not None:
        write_csv(args.csv, COLUMNS, (_cells(each) for each in found))
    return 0


def agreements(first: Project, second: Project, names: list[str]) -> Iterator[Agreement]:
    """Yield how far two projects agree, on every frame of which both say something.

    Args:
        first, second: Of one video.
        names: The objects, which both know.
    """
    ids = [{each.name: each.id for each in project.objects} for project in (first, second)]
    for frame in range(first.video.frame_count):
        status = first.annotations.status(frame), second.annotations.status(frame)
        if Status.EMPTY in status:
            continue
        maps = first.annotations[frame], second.annotations[frame]
        for name in names:
            a, b = (labels == known[name] for labels, known in zip(maps, ids, strict=True))
            if a.any() or b.any():
                j, f = region_similarity(a, b), contour_accuracy(a, b)
                yield Agreement(name, frame, float(j), float(f), status)


def _line(name: str, found: list[Agreement]) -> str:
    if not found:
        return f"{name:24}{0:8}"
    j, f = (sum(each) / len(found) for each in zip(*((a.j, a.f) for a in found), strict=True))
    worst = min(found, key=lambda each: each.j)
    return f"{name:24}{len(found):8}{j:8.3f}{f:8.3f}   frame {worst.frame}: J {worst.j:.3f}"


def _cells(each: Agreement) -> list[str]:
    made = [status.name.lower() for status in each.status]
    return [each.name, str(each.frame), f"{each.j:.6f}", f"{each.f:.6f}", *made]
