"""The `gui` command: what the window is opened with.

For: the command line. Imports Qt only once the window is asked for.
"""

import argparse

from vos_annotator.engine.registry import DEFAULT_ENGINE, DEFAULT_SIZE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `gui`."""
    parser.add_argument(
        "path", nargs="?", help="video, folder of frames or .vos project; the demo clip without"
    )
    parser.add_argument("--engine", default=DEFAULT_ENGINE, help="engine (%(default)s)")
    parser.add_argument(
        "--size", type=int, default=DEFAULT_SIZE, help="short side to work at, px (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Show the window until it is closed."""
    from vos_annotator.ui.app import run as show

    return show(arguments.path, arguments.engine, arguments.size)
