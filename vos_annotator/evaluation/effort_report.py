"""The `effort` command: what annotating a video took, as a table and a picture.

For: the command line. Knows projects; matplotlib only where a picture is asked for.
"""

import argparse
import io
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from vos_annotator.core.atomic import put_file
from vos_annotator.core.effort import REST, Effort
from vos_annotator.core.project import Project
from vos_annotator.evaluation.tables import write_csv

COLUMNS = ["step", "what", "at", "seconds", "frames", "first_frame", "last_frame"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `effort`."""
    parser.add_argument("project", type=Path, metavar="PROJECT.vos", help="a project")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write every step there")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw steps over frames there")


def run(args: argparse.Namespace) -> int:
    """Tell the effort; 0 when done.

    Raises:
        UserError: The project cannot be opened, or a file not written.
    """
    with Project.open(args.project) as project:
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
        write_csv(args.csv, COLUMNS, (_cells(effort, n) for n in range(len(effort.steps))))
    if args.png is not None:
        put_file(args.png, _drawn(effort, count))
    return 0


def _cells(effort: Effort, n: int) -> list[str]:
    step = effort.steps[n]
    at = datetime.fromtimestamp(step.at, UTC).isoformat(timespec="seconds") if step.at else ""
    frames = [str(len(step.frames)), str(step.frames[0]), str(step.frames[-1])]
    return [str(n + 1), step.name, at, f"{effort.seconds[n]:.1f}", *frames]


def _drawn(effort: Effort, frame_count: int) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure((8, 5), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    touched = effort.frames
    above.bar(list(touched), list(touched.values()), width=max(1.0, frame_count / 300))
    above.set(title="Where the work went", ylabel="steps")
    minutes, spent = [], 0.0
    for seconds in effort.seconds:
        spent += seconds
        minutes.append(spent / 60)
    points = [
        (frame, at) for step, at in zip(effort.steps, minutes, strict=True) for frame in step.frames
    ]
    below.plot([frame for frame, _ in points], [at for _, at in points], ".")
    below.set(xlabel="frame", ylabel="minutes at work", xlim=(-0.5, frame_count - 0.5))
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=120)
    return file.getvalue()
