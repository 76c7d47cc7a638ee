"""The `evaluate` command: J and F of an engine, or of masks on disk, on DAVIS sequences.

For: the command line. Runs any engine of the registry, by name.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

from vos_annotator.core.errors import UserError
from vos_annotator.core.given_numbers import add_number
from vos_annotator.core.mask_reading import read_label_map
from vos_annotator.core.masks import LabelMap
from vos_annotator.core.outputs import check_outputs, file_to_write, folder_to_write
from vos_annotator.core.tables import write_csv
from vos_annotator.engine.choice import add_engine_options, chosen_engine
from vos_annotator.engine.protocol import ScribbleEngine, SegmentationEngine
from vos_annotator.engine.registry import load_settled
from vos_annotator.evaluation import doubt_report, robot_report
from vos_annotator.evaluation.first_masks import evaluate_sequence
from vos_annotator.evaluation.scores import Score, mean_score, score_masks
from vos_annotator.evaluation.scribbles import ScribbleScore, mean_scribbles, score_sequence
from vos_annotator.evaluation.sequences import (
    Sequence,
    find_folder,
    find_sequences,
    read_set,
)

COLUMNS = [
    "sequence",
    "object",
    "frames",
    "J_mean",
    "J_recall",
    "J_decay",
    "F_mean",
    "F_recall",
    "F_decay",
    "JF_mean",
    "ms_per_frame",
]  # of the CSV; `_cells` has the same order
_MOST_FRAMES = 1_000_000
SCRIBBLE_COLUMNS = [
    *("sequence", "object", "IoU_1", "IoU_2", "IoU_3"),
    *("ms_first", "ms_next"),
]  # of the table of --scribbles; `_scribble_cells` has the same order


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `evaluate`."""
    parser.add_argument("--davis", type=Path, required=True, metavar="ROOT", help="dataset root")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--set", metavar="FILE", help="list of sequences; dev, val or all if absent")
    which.add_argument("--sequences", metavar="A,B", help="names of sequences")
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--results", type=Path, metavar="DIR", help="score the PNGs in DIR, and run no engine"
    )
    how.add_argument(
        "--scribbles",
        action="store_true",
        help="score masks of single frames after one, two and three simulated strokes instead",
    )
    how.add_argument(
        "--doubt", action="store_true", help="score how well the engine knows where it is wrong"
    )
    robot_report.add_arguments(parser, how)
    add_engine_options(parser)
    parser.add_argument(
        "--runtime",
        metavar="NAME",
        help="what runs the network: torch, bfloat16, compiled, onnxruntime, int8, openvino "
        "or auto, the quickest here",
    )
    memory = "frames of a pass that it reads; 0 for all"
    add_number(parser, "--memory", 0, _MOST_FRAMES, metavar="N", help=memory)
    every = "of N frames of a pass it remembers one"
    add_number(parser, "--every", 1, _MOST_FRAMES, metavar="N", help=every)
    parser.add_argument(
        "--coarse", action="store_true", help="do not look at objects of large frames from near"
    )
    parser.add_argument(
        "--csv", type=file_to_write, metavar="FILE", help="write the table there too"
    )
    parser.add_argument(
        "--save", type=folder_to_write, metavar="DIR", help="keep the engine's masks there"
    )


def run(args: argparse.Namespace) -> int:
    """Run `evaluate`: a line per object as its sequence is done, then the mean; 0 when done.

    Raises:
        UserError: The dataset, the results or an option is not as it must be.
    """
    names = None
    if args.set is not None:
        names = read_set(args.davis, args.set)
    elif args.sequences is not None:
        names = [name.strip() for name in args.sequences.split(",") if name.strip()]
        if not names:
            raise UserError("--sequences names none: give names with commas between them.")
    _check(args)
    sequences = find_sequences(args.davis, names)
    _check_files(args, sequences)
    if args.doubt:
        return doubt_report.run(args, sequences, _engine(args))
    if args.robot:
        return robot_report.run(args, sequences, _engine(args))
    if args.scribbles:
        return _run_scribbles(args, sequences)
    if sum(len(sequence.scored) for sequence in sequences) == 0:  # reads all truth: fails early
        raise UserError(f"{args.davis} has no frames to score: objects appear at the end only.")
    engine = None if args.results else _engine(args)

    print(_line(COLUMNS))
    scores: list[Score] = []
    for sequence in sequences:
        if engine is None:
            done = score_masks(sequence, stored_masks(sequence, args.results))
        else:
            done = evaluate_sequence(engine, sequence, args.save, not args.coarse)
        for score in done:
            print(_line(_cells(score, digits=3)), flush=True)
        scores += done
    scores.append(mean_score(scores))
    print(_line(_cells(scores[-1], digits=3)))
    for sequence in sequences:
        if absent := sequence.scored.keys() - sequence.first_seen.keys():
            ids = ", ".join(map(str, sorted(absent)))
            print(
                f"{sequence.name}: no annotation shows object {ids}; as in the official code it "
                "counts as found wherever the result does not show it either.",
                file=sys.stderr,
            )
    if args.csv is not None:
        write_csv(args.csv, COLUMNS, (_cells(score, digits=9) for score in scores))
    return 0


def _check(args: argparse.Namespace) -> None:
    """Refuse options that make no sense, or that would be left aside without a word."""
    for_engine = ("engine", "checkpoint", "runtime", "memory", "every", "save")
    for name in for_engine if args.results is not None else ():
        if getattr(args, name) is not None:
            raise UserError(f"--results scores masks that there are: leave out --{name}.")
    if args.save is not None and (args.scribbles or args.doubt or args.robot):
        raise UserError("--save keeps masks that are made from the first ones alone: leave it out.")
    if args.plot is not None and not args.robot:
        raise UserError("--plot draws what --robot reaches: give that too.")


def _check_files(args: argparse.Namespace, sequences: list[Sequence]) -> None:
    """Refuse to write over the data set, or anything else that is read."""
    read: list[Path | str | None] = [args.checkpoint, args.set]
    for sequence in sequences:
        stored = None if args.results is None else _results_of(sequence, args.results)
        read += [sequence.images, sequence.files[0].parent, stored]
    kept = [] if args.save is None else [args.save / s.name / s.files[0].name for s in sequences]
    check_outputs((args.csv, args.plot, *kept), read)


def _engine(args: argparse.Namespace) -> SegmentationEngine:
    choice = chosen_engine(args)
    own = {"memory": args.memory, "every": args.every, "runtime": args.runtime}
    options = {**own, **choice.options}
    return load_settled(choice.name, size=args.size, **options)


def _run_scribbles(args: argparse.Namespace, sequences: list[Sequence]) -> int:
    """Score scribbles on each object where it first appears; a line per object, then the mean."""
    engine = _engine(args)
    if not isinstance(engine, ScribbleEngine):
        raise UserError(f"The engine {engine.name} cannot scribble: name another one.")
    print(_line(SCRIBBLE_COLUMNS))
    scores: list[ScribbleScore] = []
    for sequence in sequences:
        for score in score_sequence(engine, sequence):
            print(_line(_scribble_cells(score, digits=3)), flush=True)
            scores.append(score)
    scores.append(mean_scribbles(scores))
    print(_line(_scribble_cells(scores[-1], digits=3)))
    if args.csv is not None:
        rows = (_scribble_cells(score, digits=9) for score in scores)
        write_csv(args.csv, SCRIBBLE_COLUMNS, rows)
    return 0


def stored_masks(sequence: Sequence, folder: Path) -> Iterator[tuple[int, LabelMap]]:
    """Yield (position, label map) from FOLDER/NAME/00000.png or the layout of DAVIS.

    Raises:
        UserError: The sequence or a frame that is scored is not there.
    """
    found = _results_of(sequence, folder)
    if found is None:
        raise UserError(
            f"{folder} has no results for {sequence.name}: give them in a folder of it."
        )
    for position in sorted(set().union(*sequence.scored.values())):
        yield position, read_label_map(found / sequence.files[position].name)


def _results_of(sequence: Sequence, folder: Path) -> Path | None:
    return find_folder(folder, sequence.name) or find_folder(folder / "Annotations", sequence.name)


def _cells(score: Score, digits: int) -> list[str]:
    """Return a score as the cells of a line, in the order of COLUMNS."""
    figures = [*astuple(score.j), *astuple(score.f), score.jf_mean]
    return [
        score.sequence,
        "" if score.object_id is None else str(score.object_id),
        str(score.frames),
        *(f"{figure:.{digits}f}" for figure in figures),
        "" if score.ms_per_frame is None else f"{score.ms_per_frame:.1f}",
    ]


def _scribble_cells(score: ScribbleScore, digits: int) -> list[str]:
    """Return a score as the cells of a line, in the order of SCRIBBLE_COLUMNS."""
    return [
        score.sequence,
        "" if score.object_id is None else str(score.object_id),
        *(f"{iou:.{digits}f}" for iou in score.ious),
        f"{score.ms_first:.0f}",
        f"{score.ms_next:.0f}",
    ]


def _line(cells: list[str] | tuple[str, ...]) -> str:
    """Return the cells as a line of the table on screen."""
    name, *rest = cells
    return f"{name:<20}" + "".join(f"{cell:>9}" for cell in rest[:-1]) + f"{rest[-1]:>13}"
