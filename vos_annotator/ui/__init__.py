"""The window: Qt's side of the program. May import core and engine, never torch.

PySide6 6.12 drops a reference to None in every call of a method that returns nothing, and to
True and False in others. From Python 3.12 on that is harmless, because these cannot die; on
3.11 the interpreter aborts after some thousand calls. So there they get references that
nobody can use up.
"""

import ctypes
import sys

if sys.version_info < (3, 12) and sys.implementation.name == "cpython":
    for immortal in (None, True, False):
        ctypes.c_ssize_t.from_address(id(immortal)).value += 1 << 60
