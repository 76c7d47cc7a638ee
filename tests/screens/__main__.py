"""Photographs the real window in every state of the guide: `python -m tests.screens --help`."""

import argparse
import sys
from pathlib import Path

from tests.screens.states import STATES
from tests.screens.studio import Studio

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"


def main() -> int:
    """Walk through the states in their order and keep a picture of each."""
    parser = argparse.ArgumentParser(prog="tests.screens", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the pictures")
    parser.add_argument("--only", default=",".join(STATES), help="of " + ", ".join(STATES))
    options = parser.parse_args()
    wanted = options.only.split(",")
    unknown = [name for name in wanted if name not in STATES]
    if unknown:
        print(f"There is no state {', '.join(unknown)}.", file=sys.stderr)
        return 2
    options.out.mkdir(parents=True, exist_ok=True)
    with Studio() as studio:
        for name, reach in STATES.items():  # each begins where the one before ended
            reach(studio)
            if name in wanted:
                studio.photograph(options.out / f"{name}.webp")
                print(name)
            studio.clear()
    return 0


if __name__ == "__main__":
    sys.exit(main())
