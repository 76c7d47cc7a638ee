"""The demo clip that comes with the program.

For: the application, which opens it at first when nothing else is asked for, and the hints,
which talk about what is in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from vos_annotator.core.video import Video
from vos_annotator.paths import resources_folder


def demo_clip() -> Path | None:
    """Return the demo clip; None where it was not installed."""
    found = sorted((resources_folder() / "demo").glob("*.mp4"))
    return found[0] if found else None


def first_clip(recent: Iterable[Path]) -> Path | None:
    """Return what is opened where nothing is asked for: the demo clip, until one has own projects.

    Args:
        recent: The projects that were open of late.

    Returns:
        None for who has some: the page that lists them is of more use then.
    """
    clip = demo_clip()
    has_own = clip is None or any(not path.name.startswith(clip.name) for path in recent)
    return None if has_own else clip


def is_demo(video: Video) -> bool:
    """Return whether `video` is the demo clip."""
    clip = demo_clip()
    return clip is not None and Path(video.path).resolve() == clip.resolve()
