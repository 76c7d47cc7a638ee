"""What can be told of the program and the machine at once: no library is loaded for it.

For: the `doctor` command, and the diagnostics that the window copies. Knows the system, nothing
of Qt, torch or FFmpeg.

What is told goes to strangers: no name of a person, a machine or a file of theirs is in it, and
the person's own folder is written as ~.
"""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import platformdirs
import psutil

import vos_annotator
from vos_annotator.paths import models_folder, resources_folder

PACKAGES = (
    "PySide6",
    "pyqtgraph",
    "superqt",
    "numpy",
    "scipy",
    "scikit-image",
    "opencv-python",
    "av",
    "Pillow",
    "torch",
    "safetensors",
)
_WIDTH, _INDENT = 100, 12  # columns
_LITTLE = 1e9  # bytes of a disk or of memory, below which something will not fit
_SHOWN = ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY", "XDG_SESSION_TYPE")
_SHOWN += ("OMP_NUM_THREADS", "CUDA_VISIBLE_DEVICES")


@dataclass(frozen=True)
class Fact:
    """One line of a report.

    Attributes:
        name: What it is about, in a word.
        text: What is known.
        problem: What to do about it, in one sentence; empty where all is well.
    """

    name: str
    text: str
    problem: str = ""


def facts() -> Iterator[Fact]:
    """Give what is known of the program, the machine and its folders."""
    yield Fact("program", f"MobileVOS Annotator {vos_annotator.__version__}")
    yield Fact("Python", f"{platform.python_version()}, {platform.architecture()[0]}")
    yield _packages()
    yield Fact("system", platform.platform())
    yield Fact("processor", _processor())
    yield _memory()
    given = [f"{name}={os.environ[name]}" for name in _SHOWN if name in os.environ]
    yield Fact("variables", ", ".join(given) or "none that matter")
    yield _own_files()
    for name, folder in _folders().items():
        yield _folder(name, folder)


def line(fact: Fact) -> str:
    """Return a fact as a screen shows it, in more than one line where it is long."""
    return textwrap.fill(
        f"{fact.name:{_INDENT}}{fact.text}",
        _WIDTH,
        subsequent_indent=" " * _INDENT,
        break_long_words=False,
        break_on_hyphens=False,
    )


def without_home(text: str) -> str:
    """Return `text` with the person's own folder written as ~."""
    home = str(Path.home())
    return text if home in ("", "/") else text.replace(home, "~")


def _packages() -> Fact:
    versions = {name: _version(name) for name in PACKAGES}
    missing = [name for name, version in versions.items() if version is None]
    text = ", ".join(f"{name} {version or 'missing'}" for name, version in versions.items())
    problem = f"Install what is missing: pip install {' '.join(missing)}" if missing else ""
    return Fact("packages", text, problem)


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _processor() -> str:
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/cpuinfo").read_text("utf-8", errors="replace").splitlines()
        line = next(line for line in lines if line.startswith("model name"))
        name = line.partition(":")[2].strip()
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {usable} of {os.cpu_count()} cores may be used"


def _memory() -> Fact:
    memory = psutil.virtual_memory()
    text = f"{memory.total / 1e9:.1f} GB, {memory.available / 1e9:.1f} GB free"
    lacks = memory.available < _LITTLE
    return Fact("memory", text, "Memory is short: close other programs." if lacks else "")


def _own_files() -> Fact:
    checkpoints = sorted(models_folder().glob("*.safetensors"))
    has_demo = any((resources_folder() / "demo").glob("*.mp4"))
    text = f"networks {', '.join(path.stem for path in checkpoints) or 'none'}"
    text += ", the demo clip" if has_demo else ", no demo clip"
    whole = checkpoints and has_demo
    return Fact("its files", text, "" if whole else "Files are missing: install the program again.")


def _folders() -> dict[str, Path]:
    """Return the folders that the program writes to, beside those of videos."""
    of_app = {"appname": "vos-annotator", "appauthor": False}
    return {
        "settings": Path(platformdirs.user_config_dir(**of_app)),
        "projects": Path(platformdirs.user_data_dir(**of_app)),
        "log": Path(platformdirs.user_log_dir(**of_app)),
        "temporary": Path(tempfile.gettempdir()),
    }


def _folder(name: str, folder: Path) -> Fact:
    told = without_home(str(folder))
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
        free = shutil.disk_usage(there).free
    except OSError as error:
        problem = f"{told} cannot be written ({error.strerror}): change its permissions."
        return Fact(name, f"{told}, not writable", problem)
    problem = f"The disk of {told} is almost full: free some space." if free < _LITTLE else ""
    return Fact(name, f"{told}, writable, {free / 1e9:.0f} GB free", problem)
