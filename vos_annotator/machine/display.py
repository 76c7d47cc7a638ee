"""Whether this machine can show a window at all; asked before Qt is imported.

For: the application and the command line. Qt ends the process without a word a user could
act on when the display or a system library is missing; this says which, and how to install
it. Imports the standard library only.
"""

from __future__ import annotations

import ctypes
import os
import re
import sys

# What Qt's own libraries load, and the package of Debian and Ubuntu that has it.
_LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libgthread-2.0.so.0": "libglib2.0-0",
}
_X11_LIBRARIES = {
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}


def problem() -> str | None:
    """Return in one sentence why no window can be shown; None when one can."""
    if not sys.platform.startswith("linux"):
        return None
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    is_hidden = platform in ("offscreen", "minimal", "vnc")
    has_x11, has_wayland = os.environ.get("DISPLAY"), os.environ.get("WAYLAND_DISPLAY")
    wanted = dict(_LIBRARIES)
    if not is_hidden and has_x11 and not has_wayland:
        wanted |= _X11_LIBRARIES
    missing = [name for name in wanted if not _loads(name)]
    if missing:
        return _sentence(missing)
    if is_hidden or has_wayland:
        return None
    if not has_x11:
        return (
            "There is no display (neither DISPLAY nor WAYLAND_DISPLAY is set); run this in a "
            "desktop session, or without one: sudo apt-get install -y xvfb && xvfb-run -a "
            "python main.py"
        )
    if not _x11_answers():
        return (
            f"The display {has_x11} does not answer; check DISPLAY, or run without one: "
            "sudo apt-get install -y xvfb && xvfb-run -a python main.py"
        )
    return None


def forget_foreign_plugins() -> None:
    """Undo what OpenCV's wheel does when it is imported: point Qt to plugins of its own Qt."""
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in os.environ.get(name, ""):
            del os.environ[name]


def missing_library(error: ImportError) -> str | None:
    """Return in one sentence which system library an import lacked; None for other errors."""
    found = re.match(r"(lib\S+\.so\S*): cannot open shared object file", str(error))
    return _sentence([found[1]]) if found else None


def _sentence(missing: list[str]) -> str:
    known = _LIBRARIES | _X11_LIBRARIES
    packages = " ".join(known.get(name, name.partition(".so")[0]) for name in missing)
    libraries = "library is" if len(missing) == 1 else "libraries are"
    return (
        f"The system {libraries} missing that the program needs ({', '.join(missing)}); "
        f"install with: sudo apt-get install -y {packages}"
    )


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _x11_answers() -> bool:
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False
    xcb.xcb_connect.restype = ctypes.c_void_p
    connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
    answers = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return answers
