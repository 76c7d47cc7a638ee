"""The `doctor` command: what of this machine the program can use, in one screen and one file.

For: the command line, and whoever reads the report of a fault. Nothing in it fails because
something is missing: that is what it is to tell.
"""

import argparse
from collections.abc import Iterator

from vos_annotator.core.atomic import put_report
from vos_annotator.core.outputs import file_to_write
from vos_annotator.machine.checks import CHECKS, checked
from vos_annotator.machine.diagnostics import last_crash
from vos_annotator.machine.facts import Fact, facts, line, without_home


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `doctor`."""
    parser.add_argument(
        "--file",
        type=file_to_write,
        metavar="PATH",
        help="also write it there with the last crash, to attach to a report of a fault",
    )


def run(args: argparse.Namespace) -> int:
    """Print the report as it is found; 0, or 1 where something is to be done."""
    lines, problems = [], []
    for fact in _all_facts():
        lines.append(line(fact))
        problems += [fact.problem] if fact.problem else []
        print(lines[-1], flush=True)
    lines.append("")
    lines += [f"To do: {problem}" for problem in problems] or ["Nothing is missing."]
    print(*lines[lines.index("") :], sep="\n")
    if args.file is not None:
        crash = last_crash()
        lines += ["", "The last crash:", crash] if crash else ["", "No crash is known."]
        put_report(args.file, (without_home("\n".join(lines)) + "\n").encode())
        print(f"Written to {args.file}; it names no video and no person.")
    return 1 if problems else 0


def _all_facts() -> Iterator[Fact]:
    yield from facts()
    for name in CHECKS:
        yield from checked(name)
