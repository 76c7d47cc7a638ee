"""The `effort` command: what annotating a video took, as a table and a picture.

For: the command line. Knows projects; matplotlib only where a picture is asked for.
"""

import argparse
import io
from pathlib import Path
from statistics import median

from vos_annotator.core.atomic import put_report
from vos_annotator.core.effort import COLUMNS, REST, Effort
from vos_annotator.core.outputs import check_outputs, file_to_write
from vos_annotator.core.project import Project
from vos_annotator.core.tables import write_csv


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `effort`."""
    parser.add_argument("project", type=Path, metavar="PROJECT.vos", help="a project")
    parser.add_argument("--csv", type=file_to_write, metavar="FILE", help="write every step there")
    parser.add_argument(
        "--png", type=file_to_write, metavar="FILE", help="draw steps over frames there"
    )


def run(args: argparse.Namespace) -> int:
    """Tell the effort; 0 when done.

    Raises:
        UserError: The project cannot be opened, or a file not written.
    """
    with Project.open(args.project) as project:
        check_outputs((args.csv, args.png), (project.path, project.video.path))
        effort, count = Effort.of(project), project.video.frame_count
    touched, distances = effort.frames, effort.distances
    print(f"steps                        {len(effort.steps)}")
    print(f"time at work                 {sum(effort.seconds):.0f} s (pauses count {REST:.0f} s)")
    print(f"frames touched               {len(touched)} of {count}")
    if distances:
        print(f"frames between corrections   median {median(distances):g}")
    unknown = sum(step.at == 0 for step in effort.steps)
    if unknown:
        print(f"of {unknown} steps it is not known when they were made: they count no time")
    if args.csv is not None:
        write_csv(args.csv, COLUMNS, effort.rows)
    if args.png is not None:
        put_report(args.png, _drawn(effort, count))
    return 0


def _drawn(effort: Effort, frame_count: int) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure((8, 5), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    touched = effort.frames
    above.bar(list(touched), list(touched.values()), width=max(1.0, frame_count / 300))
    above.set(title="Where the work went", ylabel="steps")
    points = effort.points
    below.plot([frame for frame, _ in points], [minute for _, minute in points], ".")
    below.set(xlabel="frame", ylabel="minutes at work", xlim=(-0.5, frame_count - 0.5))
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=120)
    return file.getvalue()
