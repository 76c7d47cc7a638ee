"""What the robot annotator reached: lines as it works, a summary, a CSV and a plot.

For: the `evaluate` command. Knows the robot; matplotlib when it plots.
"""

import argparse
import io
from collections.abc import Sequence as Many
from pathlib import Path

from vos_annotator.core.atomic import put_report
from vos_annotator.core.errors import UserError
from vos_annotator.core.given_numbers import add_number
from vos_annotator.core.outputs import file_to_write
from vos_annotator.core.tables import write_csv
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.evaluation.continuity import mean_continuity
from vos_annotator.evaluation.robot import (
    Corrections,
    Habits,
    Order,
    Round,
    mean_rounds,
    rounds_to,
    run_sequence,
)
from vos_annotator.evaluation.sequences import Sequence

COLUMNS = ["sequence", "round", "frame_corrected", "JF_mean", "strokes", "seconds"]
GOALS = (0.90, 0.95)
_MOST_ROUNDS = 10_000


def add_arguments(
    parser: argparse.ArgumentParser, instead: argparse._MutuallyExclusiveGroup
) -> None:
    """Declare the options of `evaluate --robot`; the robot itself is one thing to do of several."""
    instead.add_argument(
        "--robot", action="store_true", help="correct frame by frame like a person, score each"
    )
    group = parser.add_argument_group("with --robot")
    rounds = "corrections after the first frame (%(default)s)"
    add_number(group, "--rounds", 0, _MOST_ROUNDS, default=8, help=rounds)
    how = group.add_mutually_exclusive_group()
    how.add_argument("--strokes", action="store_true", help="correct by simulated strokes")
    how.add_argument("--masks", action="store_true", help="correct by the true mask (default)")
    group.add_argument(
        "--order", type=Order, choices=list(Order), default=Order.DOUBT, help="which frame is next"
    )
    group.add_argument(
        "--corrections",
        type=Corrections,
        choices=list(Corrections),
        default=Corrections.BOTH,
        help="what a correction does to other frames",
    )
    group.add_argument("--learn", action="store_true", help="learn the video at each correction")
    group.add_argument("--plot", type=file_to_write, metavar="FILE", help="draw the curves as PNG")


def run(args: argparse.Namespace, sequences: Many[Sequence], engine: SegmentationEngine) -> int:
    """Run `evaluate --robot`; 0 when done.

    Raises:
        UserError: An option is not as it must be, or a file cannot be written.
    """
    if args.learn and args.corrections is not Corrections.BOTH:
        raise UserError("--learn makes no sense unless corrections are remembered both ways.")
    habits = Habits(
        args.rounds, args.strokes, args.order, args.corrections, args.learn, not args.coarse
    )
    print("".join(f"{column:>16}" for column in COLUMNS))
    rounds: list[Round] = []
    for sequence in sequences:
        for each in run_sequence(engine, sequence, habits):
            print("".join(f"{cell:>16}" for cell in _cells(each, 3)), flush=True)
            rounds.append(each)
    means = mean_rounds(rounds, args.rounds)
    for each in means:
        print("".join(f"{cell:>16}" for cell in _cells(each, 3)))
    print(_summary(rounds, means))
    if args.csv is not None:
        write_csv(args.csv, COLUMNS, (_cells(each, 6) for each in [*rounds, *means]))
    if args.plot is not None:
        _plot(rounds, means, args.plot)
    return 0


def _summary(rounds: Many[Round], means: Many[Round]) -> str:
    area = sum(each.jf for each in means) / len(means)
    lines = [f"area under the mean curve: {area:.3f}"]
    for goal in GOALS:
        reached = rounds_to(rounds, goal)
        there = [number for number in reached.values() if number is not None]
        text = f"J&F {goal:.2f}: {len(there)} of {len(reached)} sequences"
        if there:
            strokes = [
                next(r.strokes for r in rounds if r.sequence == name and r.number == number)
                for name, number in reached.items()
                if number is not None
            ]
            text += (
                f", after {sum(there) / len(there):.1f} corrected frames and "
                f"{sum(strokes) / len(there):.1f} strokes in the mean of these"
            )
        lines.append(text)
    last = {each.sequence: each.continuity for each in rounds}
    lines.append(f"after the last round: {mean_continuity(list(last.values()))}")
    return "\n".join(lines)


def _plot(rounds: Many[Round], means: Many[Round], path: Path) -> None:
    from matplotlib.figure import Figure  # slow to import, and not everyone plots

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    for name in dict.fromkeys(each.sequence for each in rounds):
        line = [(each.number, each.jf) for each in rounds if each.sequence == name]
        axes.plot(*zip(*line, strict=True), linewidth=1, alpha=0.6, label=name)
    line = [(each.number, each.jf) for each in means]
    axes.plot(*zip(*line, strict=True), "k", linewidth=2.5, marker="o", label="mean")
    axes.set_xlabel("corrected frames")
    axes.set_ylabel("J&F of all frames")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    put_report(path, picture.getvalue())


def _cells(each: Round, digits: int) -> list[str]:
    """Return a round as the cells of a line, in the order of COLUMNS."""
    return [
        each.sequence,
        str(each.number),
        "" if each.frame is None else str(each.frame),
        f"{each.jf:.{digits}f}",
        f"{each.strokes:g}",
        f"{each.seconds:.1f}",
    ]
