"""The demo clip that comes with the program.

For: the application, which opens it when nothing else is asked for, and the hints, which
talk about what is in it.
"""

from __future__ import annotations

from pathlib import Path

from vos_annotator.core.video import Video
from vos_annotator.paths import resources_folder


def demo_clip() -> Path | None:
    """Return the demo clip; None where it was not installed."""
    found = sorted((resources_folder() / "demo").glob("*.mp4"))
    return found[0] if found else None


def is_demo(video: Video) -> bool:
    """Return whether `video` is the demo clip."""
    clip = demo_clip()
    return clip is not None and Path(video.path).resolve() == clip.resolve()
