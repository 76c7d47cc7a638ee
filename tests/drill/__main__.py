"""Kills sessions at random moments and reports what was lost: `python -m tests.drill --help`."""

import argparse
import os
import sys
import time

from tests.drill import sessions
from tests.drill.drill import Tally, drill

SESSIONS = {"project": sessions.without_window, "window": sessions.with_window}


def main() -> int:
    """Run the drill that the command line asks for; 1 if anything was wrong."""
    parser = argparse.ArgumentParser(prog="tests.drill", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--session", choices=SESSIONS, default="project")
    parser.add_argument("--engine", default="hold", help="of the window's session")
    parser.add_argument("--seconds", type=float, default=1.0, help="that a session may live")
    options = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    more = (options.engine,) if options.session == "window" else ()

    def show(tally: Tally) -> None:
        if sys.stderr.isatty() or tally.kills % 50 == 0:
            print(f"{tally.kills} kills, {tally.lost} lost", file=sys.stderr, end="\r")

    started = time.monotonic()
    tally = drill(
        SESSIONS[options.session],
        options.kills,
        options.seed,
        options.seconds,
        more=more,
        progress=show,
    )
    minutes = (time.monotonic() - started) / 60
    print(f"{tally.kills} kills in {minutes:.1f} min, {tally.within} of them within a transaction")
    print(f"{tally.commits} transactions told of, {tally.lost} of them lost")
    for moment, count in tally.moments.most_common(12):
        print(f"  {count:5}  {moment}")
    for problem in tally.problems:
        print(f"WRONG  {problem}")
    return 1 if tally.problems else 0


if __name__ == "__main__":
    sys.exit(main())
