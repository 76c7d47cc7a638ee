"""The command line: parsing only, each command in its own module.

For: the shell. Imports a command's module when that command is asked for, so that help is
quick, the window needs no torch and headless commands no Qt.

Exit codes: 0 when everything was done, 2 for a mistake that the user can mend, 130 when
interrupted, 141 when whoever read the output ended first.
"""

import argparse
import errno
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from vos_annotator import __version__
from vos_annotator.core.errors import UserError
from vos_annotator.machine.display import missing_library

COMMANDS = {  # name: module with add_arguments and run, what it does
    "gui": ("vos_annotator.ui.command", "open the window"),
    "propagate": (
        "vos_annotator.engine.command",
        "carry masks through a video",
    ),
    "export": (
        "vos_annotator.core.formats.export_command",
        "write a project's masks in a format of data sets",
    ),
    "import": (
        "vos_annotator.core.formats.import_command",
        "take masks in such a format into a project",
    ),
    "batch": ("vos_annotator.batch.command", "carry masks through many videos, unattended"),
    "merge": ("vos_annotator.core.merge_command", "make two projects of one video one"),
    "rescue": ("vos_annotator.core.rescue_command", "save what can be read of a damaged project"),
    "compare": ("vos_annotator.evaluation.agreement", "tell how far two projects agree"),
    "effort": ("vos_annotator.evaluation.effort_report", "tell what annotating a video took"),
    "evaluate": ("vos_annotator.evaluation.davis", "score masks as DAVIS does"),
    "bench": ("vos_annotator.evaluation.bench.command", "measure speed and memory on this machine"),
    "models": ("vos_annotator.mobilevos.models", "list networks and checkpoints"),
    "export-onnx": ("vos_annotator.mobilevos.export", "write a network as checked ONNX graphs"),
    "doctor": ("vos_annotator.machine.doctor", "tell what of this machine can be used"),
    "desktop": ("vos_annotator.machine.desktop", "add the program to the menus of Linux, or not"),
    "train": ("vos_annotator.training.command", "train a network by a recipe"),
    "show-clips": ("vos_annotator.training.contact_sheet", "draw what the network sees"),
    "ablate": ("vos_annotator.training.ablation", "train variants of a recipe and compare them"),
    "render-clips": ("vos_annotator.rendering.command", "render training clips from 3-D models"),
}

EXTRAS = {  # a package that not everyone needs: the extra that brings it
    "matplotlib": "train",
    "moderngl": "render",
    "msgspec": "train",
    "onnxscript": "onnx",
    "ray": "ray",
    "tqdm": "train",
    "trimesh": "render",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command that `arguments` name; return the exit code."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names of files may be any bytes
    try:
        code = _run(words)
        print(end="", flush=True)
        return code
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for the flush at the end
        return 141
    except OSError as error:
        if error.errno != errno.ENAMETOOLONG:
            raise
        print(f"{error.filename} is too long for a name: choose a shorter one.", file=sys.stderr)
        return 2
    except ImportError as error:
        sentence = _missing_package(error) or missing_library(error)
        if sentence is None:
            raise
        print(sentence, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def _missing_package(error: ImportError) -> str | None:
    """Return in one sentence how to install a package that an extra brings; None for others."""
    package = (error.name or "").partition(".")[0]
    if package not in EXTRAS:
        return None
    extra = EXTRAS[package]
    return f"This needs the Python package {package}: run pip install 'vos-annotator[{extra}]'."


def _run(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="vos-annotator", description=__doc__.split(":")[0])
    parser.add_argument("--version", action="version", version=__version__)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    chosen = next((word for word in words if not word.startswith("-")), None)
    run = None
    for name, (module_name, summary) in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=summary, description=summary)
        if name == chosen:
            module = import_module(module_name)
            module.add_arguments(subparser)
            run = module.run
    parsed = parser.parse_args(words)
    return run(parsed)
