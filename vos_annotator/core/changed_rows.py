"""What is said of rows of a project that the disk has changed: see `row_sums`.

For: the project and its rescue. Knows nothing of files.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from vos_annotator.core.edits import VideoObject
from vos_annotator.core.formats.report import ranges
from vos_annotator.core.translation import tr

log = logging.getLogger(__name__)


def changed_text(
    path: Path, changed: Mapping[str, Sequence], objects: Iterable[VideoObject]
) -> str:
    """Return what a person should look at in the project at `path`, "" for nothing; log it too."""
    if not changed:
        return ""
    text = tr(
        "The disk has changed what {path} holds of {parts}: look whether it is right. What you "
        "change or confirm there counts again.",
        path=path,
        parts=", ".join(changed_parts(changed, objects)),
    )
    log.warning("%s", text)
    return text


def changed_parts(changed: Mapping[str, Sequence], objects: Iterable[VideoObject]) -> list[str]:
    """Return in words where rows are not as they were written: `changed` has keys by table."""
    ids = changed.get("objects", ())
    names = ", ".join(f"{each.id} ({each.name})" for each in objects if each.id in ids)
    words = {
        "objects": tr("the objects {names}", names=names),
        "frames": tr("frames {frames}", frames=ranges(changed.get("frames", ()))),
        "stale": tr("which masks are to be computed anew"),
        "absent": tr("where objects are absent"),
        "review": tr("the review"),
        "meta": tr("settings"),
    }
    return [words[table] for table in words if table in changed]
