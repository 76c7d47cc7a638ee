"""How long the window lets a person wait: measured on the real one, in a process of its own.

    python -m vos_annotator.ui.probe gaps CLIP MASK     while the real worker propagates
    python -m vos_annotator.ui.probe strokes CLIP       from a move of the mouse to its pixels;
                                                        with a MASK, while it propagates too
    python -m vos_annotator.ui.probe all CLIP MASK      while it propagates, exports and paints

For: the `bench` command, which runs it as a subprocess and reads one line of JSON.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QSettings, QTimer
from PySide6.QtWidgets import QApplication

from vos_annotator.core.errors import UserError
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.engine.choice import add_engine_options, chosen_engine
from vos_annotator.engine.remote import load_remote
from vos_annotator.ui.app import make_application, seek_no_garbage_in_what_is_there
from vos_annotator.ui.main_window import MainWindow
from vos_annotator.ui.probe.watches import watch_everything, watch_gaps, watch_strokes

_HEAVY = ("torch", "openvino", "onnxruntime")  # libraries that have no place in this process
_LONGEST = 180_000  # ms; then the measurement is given up


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what `arguments` say and print it as JSON; return the exit code."""
    parser = argparse.ArgumentParser(prog="vos_annotator.ui.probe")
    parser.add_argument("what", choices=("gaps", "strokes", "all"))
    parser.add_argument("clip", type=Path)
    parser.add_argument("mask", type=Path, nargs="?")
    parser.add_argument("--count", type=int, default=60, help="frames, or moves of the mouse")
    add_engine_options(parser)
    args = parser.parse_args(arguments)
    if args.what != "strokes" and args.mask is None:
        parser.error(f"{args.what} needs a mask of the first frame")
    app = make_application()
    app.setApplicationName("vos-annotator-probe")  # nobody's own settings are read or written
    QTimer.singleShot(_LONGEST, lambda: _fail("It took too long."))
    try:
        with tempfile.TemporaryDirectory() as folder:
            project = Project.create(Path(folder) / "probe.vos", open_video(args.clip))
            window = MainWindow(project, chosen_engine(args), args.size, load_remote)
            window.bridge.failed.connect(_fail)
            window.show()
            seek_no_garbage_in_what_is_there()
            try:
                found = _watch(window, args, Path(folder))
            finally:
                window.close()
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        QSettings().clear()
    if failures:
        print(*failures, sep="\n", file=sys.stderr)
        return 1
    print(json.dumps({**found, "loaded": [each for each in _HEAVY if each in sys.modules]}))
    return 0


def _watch(window: MainWindow, args: argparse.Namespace, folder: Path) -> dict[str, object]:
    match args.what:
        case "gaps":
            return watch_gaps(window, args.mask, args.count)
        case "strokes":
            return watch_strokes(window, args.count, args.mask)
        case _:
            return watch_everything(window, args.count, args.mask, folder / "export")


failures: list[str] = []  # what went wrong while the event loop ran


def _fail(text: str, report: str = "") -> None:
    failures.append(f"{text}\n{report}".strip())
    QApplication.exit(1)


if __name__ == "__main__":
    sys.exit(main())
