"""The `batch` command: many clips and projects carried through, unattended.

For: the command line. Whoever interrupts it, or kills it, finds whole files only, and the same
command goes on from there.
"""

import argparse
import os
import time
from contextlib import closing
from pathlib import Path

from vos_annotator.batch.clips import read_clips
from vos_annotator.batch.places import Output, is_url
from vos_annotator.batch.processes import Processes, usual_workers
from vos_annotator.batch.report import Report
from vos_annotator.batch.run import Entry, Pool
from vos_annotator.batch.run import run as run_all
from vos_annotator.batch.table import view
from vos_annotator.batch.work import NOTES, RUNTIME, Settings
from vos_annotator.core.errors import UserError
from vos_annotator.core.given_numbers import add_number
from vos_annotator.core.outputs import folder_to_write
from vos_annotator.engine.choice import add_engine_options, chosen_engine
from vos_annotator.engine.registry import engine_names

_PART = 300  # frames: to open a clip again costs little beside so many
_LONGEST_PART = 100_000_000  # frames
_MOST_WORKERS = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `batch`."""
    parser.add_argument(
        "clips",
        type=Path,
        metavar="JOBS.toml|FOLDER",
        help="a list of clips, or a folder of projects and of videos with masks beside them",
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="masks go to DIR/Annotations/480p/NAME"
    )
    add_number(
        parser,
        "--workers",
        *(1, _MOST_WORKERS),
        default=usual_workers(),
        help="processes of one thread each (here %(default)s)",
    )
    parser.add_argument(
        "--ray",
        metavar="ADDRESS|local",
        help="run on a Ray cluster, whose machines reach the same paths or URLs",
    )
    cpus = "cores for each clip, on a cluster (%(default)s)"
    add_number(parser, "--cpus", 0.001, _MOST_WORKERS, float, default=1, help=cpus)
    gpus = "GPUs, or a share of one, likewise (%(default)s)"
    add_number(parser, "--gpus", 0, _MOST_WORKERS, float, default=0, help=gpus)
    add_number(
        parser,
        "--part",
        *(1, _LONGEST_PART),
        default=_PART,
        metavar="FRAMES",
        help="cut longer clips at their references into parts of so many at least (%(default)s)",
    )
    parser.add_argument(
        "--json", action="store_true", help="print a line of JSON for every change, for a program"
    )
    add_engine_options(parser)
    parser.add_argument(
        "--learn", action="store_true", help="learn each video from its references first"
    )
    parser.add_argument(
        "--coarse", action="store_true", help="do not look at objects of large frames from near"
    )


def run(args: argparse.Namespace) -> int:
    """Run `batch`; 0 when every clip is done, 1 when one failed.

    Raises:
        UserError: The clips cannot be read, or an option is not as it must be.
    """
    choice = chosen_engine(args)
    if choice.name not in engine_names():
        names = ", ".join(engine_names())
        raise UserError(
            "There is no engine {name}: choose one of {names}.", name=choice.name, names=names
        )
    out = args.out if is_url(args.out) else str(folder_to_write(args.out).absolute())
    clips, left_out = read_clips(args.clips)
    # Machines that differ would choose different runtimes, whose masks are not the same bytes.
    runtime = os.environ.get(RUNTIME, "torch" if args.ray else "")
    settings = Settings(choice, args.size, args.learn, not args.coarse, args.part, runtime)
    entries = {clip.name: Entry(clip) for clip in clips}
    started = time.monotonic()

    def report() -> Report:
        seconds = time.monotonic() - started
        return Report(list(entries.values()), settings, _who(args), seconds, left_out)

    try:
        with closing(_pool(args)) as pool, view(len(clips), for_program=args.json) as shown:

            def changed(entry: Entry) -> None:
                entries[entry.clip.name] = entry
                shown.show(entry)

            run_all(clips, settings, out, pool, changed)
    finally:  # an interrupted batch tells too what is done
        whole = report()
        output = Output(out)
        output.put_json(f"{NOTES}/report.json", whole.as_json())
        output.put(f"{NOTES}/report.txt", (whole.as_text() + "\n").encode())
    print(*(f"{name} has no masks beside it: left out." for name in left_out), sep="\n", end="")
    print(f"{whole.summary()}; {out}/{NOTES}/report.txt")
    return 0 if whole.is_complete else 1


def _pool(args: argparse.Namespace) -> Pool:
    if args.ray is None:
        return Processes(args.workers)
    from vos_annotator.batch.cluster import Cluster

    return Cluster(args.ray, args.cpus, args.gpus)


def _who(args: argparse.Namespace) -> str:
    if args.ray is not None:
        return f"Ray at {args.ray}"
    return "1 worker" if args.workers == 1 else f"{args.workers} workers"
