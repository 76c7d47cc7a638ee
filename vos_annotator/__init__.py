"""MobileVOS Annotator: interactive annotation of video object masks."""

import os

__version__ = "0.1.0"

# Threads of torch that spin for long while they wait for each other make a frame ten times as
# slow beside another busy process. Read when torch is loaded; a setting of the user's own stays.
if "OMP_WAIT_POLICY" not in os.environ:
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
