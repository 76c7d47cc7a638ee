"""How fast masks and pictures are written as a DAVIS sequence.

For: the registry of measures.
"""

import tempfile
import time
from pathlib import Path

from vos_annotator.core.davis import export
from vos_annotator.core.masks import encode_png
from vos_annotator.core.video import open_video
from vos_annotator.evaluation.bench.outcome import Outcome, Table
from vos_annotator.evaluation.bench.scene import SHAPES, Scene
from vos_annotator.evaluation.bench.setting import Setting

_SIZE = "1080p"
_OBJECTS = 3


def measure(setting: Setting) -> Outcome:
    """Export a clip with the masks of each frame: masks alone, and with the pictures."""
    scene = Scene(SHAPES[_SIZE], _OBJECTS, setting.extent.exported)
    clip = setting.clip(scene)
    pngs = [encode_png(scene.label_map(frame)) for frame in range(scene.frame_count)]
    figures = {}
    for words, with_images in (("masks alone", False), ("masks and pictures", True)):
        with tempfile.TemporaryDirectory(dir=setting.folder) as root:
            figures[words] = export_rate(clip, pngs, Path(root), with_images)
    rows = [(words, [f"{rate:.0f}"]) for words, rate in figures.items()]
    return Outcome(
        figures,
        {"export_fps": figures["masks and pictures"]},
        [Table(f"export, {_SIZE}, {_OBJECTS} objects", ["frames a second"], rows)],
    )


def export_rate(clip: Path, pngs: list[bytes], root: Path, with_images: bool) -> float:
    """Return how many frames a second are written, read back and compared."""
    with open_video(clip) as video:
        started = time.perf_counter()
        report = export(video, pngs.__getitem__, root, with_images=with_images)
        return report.frames_done / (time.perf_counter() - started)
