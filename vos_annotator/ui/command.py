"""The `gui` command: what the window is opened with.

For: the command line. Imports Qt only once the window is asked for.
"""

import argparse

from vos_annotator.engine.choice import add_engine_options, chosen_engine


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `gui`."""
    parser.add_argument(
        "path",
        nargs="?",
        help="video, folder of frames or .vos project; without, the demo clip at first, and the "
        "latest projects once there are some",
    )
    add_engine_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Show the window until it is closed."""
    from vos_annotator.ui.app import run as show

    is_said = arguments.engine or arguments.checkpoint
    return show(arguments.path, chosen_engine(arguments) if is_said else None, arguments.size)
