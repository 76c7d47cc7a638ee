"""How long the window lets a person wait: to come up, to paint, while much goes on at once.

For: the registry of measures. The window runs in a process of its own (`ui.probe`); nothing
of Qt is imported here.
"""

import time
from statistics import median

from vos_annotator.evaluation.bench.outcome import Outcome, Table
from vos_annotator.evaluation.bench.scene import SHAPES, Scene
from vos_annotator.evaluation.bench.setting import Setting, run_module

_PROBE = "vos_annotator.ui.probe"
_FIGURES = ("median_ms", "p95_ms", "longest_ms")
_COLUMNS = ("median", "p95", "longest")


def measure_start(setting: Setting) -> Outcome:
    """Start the application some times; the first start warms the disk and does not count."""
    clip = setting.clip(_scene(setting, "480p"))
    starts = []
    for _ in range(setting.extent.starts + 1):
        found = run_module(f"{_PROBE}.start", clip, time.time(), folder=setting.folder)
        starts.append(found)
    starts = starts[1:]
    keys = ("window_ms", "window_cpu_ms", "picture_ms")
    figures: dict[str, object] = {
        key: {"median": median(s[key] for s in starts), "least": min(s[key] for s in starts)}
        for key in keys
    }
    figures["has_torch"] = any(start["has_torch"] for start in starts)
    figures["frozen"] = min(start["frozen"] for start in starts)  # objects no garbage is sought in
    words = ("window is up", "  CPU until then", "picture is there")
    rows = [
        (label, [f"{value:.0f}" for value in figures[key].values()])
        for label, key in zip(words, keys, strict=True)
    ]
    return Outcome(
        figures,
        {"start_ms": figures["window_ms"]["median"]},
        [Table("start of the window, ms", ("median", "least"), rows)],
    )


def measure_strokes(setting: Setting) -> Outcome:
    """Paint on large frames, at rest and while the worker propagates."""
    figures, rows = {}, []
    for size in setting.extent.painted:
        scene = _scene(setting, size)
        clip, mask = setting.clip(scene), setting.mask(scene)
        for words, also in ((size, ()), (f"{size}, propagating", (mask,))):
            found = _probe(setting, "strokes", clip, *also, count=setting.extent.moves)
            figures[words] = found
            rows.append((words, _cells(found)))
            rows.append(("  CPU of letting go", _cells(found["ending"])))
    return Outcome(
        figures,
        {"stroke_ms": {size: figures[size]["p95_ms"] for size in setting.extent.painted}},
        [Table("stroke to pixel, ms", _COLUMNS, rows)],
    )


def measure_gaps(setting: Setting) -> Outcome:
    """Watch the event loop while the worker propagates, and while everything goes on at once."""
    extent, figures = setting.extent, {}
    scene = _scene(setting, "480p")
    found = _probe(
        setting, "gaps", setting.clip(scene), setting.mask(scene), count=extent.gui_frames
    )
    figures["propagating"], figures["loading the engine"] = found, found["loading"]
    scene = _scene(setting, "1080p")
    found = _probe(setting, "all", setting.clip(scene), setting.mask(scene), count=extent.moves)
    figures["propagating, exporting, painting"] = found
    rows = [(words, _cells(each)) for words, each in figures.items()]
    return Outcome(
        figures,
        {
            "gui_gap_ms": figures["propagating"]["longest_ms"],
            "gui_gap_all_ms": found["longest_ms"],
        },
        [Table("gap of the event loop, ms", _COLUMNS, rows)],
    )


def _scene(setting: Setting, size: str) -> Scene:
    # A frame of 4K is slow to make, and the strokes are all on the first.
    count = setting.extent.gui_frames + 2
    return Scene(SHAPES[size], frame_count=min(count, 40) if size == "2160p" else count)


def _probe(setting: Setting, what: str, *files: object, count: int) -> dict:
    choice = setting.choice
    words = (what, *files, "--count", count, "--engine", choice.name)
    if choice.checkpoint is not None:
        words += ("--checkpoint", choice.checkpoint)
    return run_module(_PROBE, *words, folder=setting.folder)


def _cells(found: dict) -> list[str]:
    return [f"{found[each]:.1f}" for each in _FIGURES]
