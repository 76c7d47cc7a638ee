"""What every measure is given: which engine, how much of everything, and where clips may lie.

For: the measures. Knows engines by name, processes and the folder; nothing of what is measured.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil

from vos_annotator.core.atomic import put_file
from vos_annotator.core.errors import UserError
from vos_annotator.core.masks import encode_png
from vos_annotator.engine.choice import EngineChoice
from vos_annotator.engine.protocol import SegmentationEngine
from vos_annotator.engine.registry import load_settled
from vos_annotator.evaluation.bench.extent import Extent
from vos_annotator.evaluation.bench.scene import Scene, write_clip

MIB = 1 << 20


@dataclass(frozen=True)
class Setting:
    """What is measured, how much, and where.

    Attributes:
        choice: The engine that is measured.
        extent: How much is measured.
        folder: Where clips lie; what is there already is used again.
    """

    choice: EngineChoice
    extent: Extent
    folder: Path

    def load(self, size: int, **options: object) -> SegmentationEngine:
        """Return a new engine that works at a short side of `size` px; see `load_settled`."""
        return load_settled(self.choice.name, size=size, **(self.choice.options | options))

    @property
    def engine(self) -> str:
        """What the engine is called in tables."""
        return str(self.choice)

    def clip(self, scene: Scene) -> Path:
        """Return the file of a scene."""
        return self.made(f"{scene.name}.mp4", lambda path: write_clip(path, scene))

    def mask(self, scene: Scene) -> Path:
        """Return the PNG of the masks on a scene's first frame."""
        return self.made(
            f"{scene.name}.png", lambda path: put_file(path, encode_png(scene.label_map(0)))
        )

    def made(self, name: str, make: Callable[[Path], object]) -> Path:
        """Return the file of that name; `make` writes it where it is not there yet."""
        path = self.folder / name
        if not path.is_file():
            part = path.with_name(f"part-{name}")
            make(part)
            part.replace(path)
        return path


def rss_mib() -> float:
    """Return what this process holds in memory."""
    return psutil.Process().memory_info().rss / MIB


def run_module(module: str, *words: object, folder: Path) -> dict:
    """Return the JSON that a module prints last, run in a process of its own, without a display.

    Args:
        module: Its dotted name.
        words: What it is called with.
        folder: Where it may keep settings: nobody's own are read or written.

    Raises:
        UserError: It did not come to an end.
    """
    command = [sys.executable, "-m", module, *map(str, words)]
    home = {name: str(folder / "home") for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME")}
    surroundings = os.environ | home | {"QT_QPA_PLATFORM": "offscreen"}
    # Where containers set it, every start would compile the program anew, as no user's does.
    surroundings.pop("PYTHONDONTWRITEBYTECODE", None)
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        print(done.stderr, file=sys.stderr)
        raise UserError("The window cannot be measured: see above for what it says.")
    return json.loads(done.stdout.splitlines()[-1])
