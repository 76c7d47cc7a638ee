"""MobileVOS Annotator: interactive annotation of video object masks.

The names of the Python API are those of `vos_annotator.api`, imported when they are used.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vos_annotator.api import (
        Project,
        UserError,
        export_davis,
        export_project,
        formats,
        import_masks,
        load_engine,
        look_through,
        open_video,
        propagate,
        propagated,
    )

__version__ = "0.1.0"
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

# Threads of torch that spin for long while they wait for each other make a frame ten times as
# slow beside another busy process. Read when torch is loaded; a setting of the user's own stays.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")

# Nothing goes over the net: ONNX Runtime would tell its maker what it runs, and keep a number of
# this machine for that, unless it is told not to before it is loaded.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


def __getattr__(name: str) -> object:
    """Give a name of the API; `import vos_annotator` alone loads none of it."""
    if name in __all__:
        return getattr(import_module("vos_annotator.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
