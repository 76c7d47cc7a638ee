"""The Python API: what `from vos_annotator import ...` gives, in one place.

For: scripts and notebooks; docs/api.md shows it at work. These are the functions and classes
that the window and the commands use themselves. No Qt, and torch only once an engine is loaded.
"""

from vos_annotator.core.davis import export as export_davis
from vos_annotator.core.errors import UserError
from vos_annotator.core.formats.exporting import export_project
from vos_annotator.core.formats.importing import import_masks, look_through
from vos_annotator.core.formats.registry import formats
from vos_annotator.core.project import Project
from vos_annotator.core.video import open_video
from vos_annotator.engine.headless import propagate, propagated
from vos_annotator.engine.registry import load_settled as load_engine

__all__ = [
    "Project",
    "UserError",
    "export_davis",
    "export_project",
    "formats",
    "import_masks",
    "load_engine",
    "look_through",
    "open_video",
    "propagate",
    "propagated",
]
