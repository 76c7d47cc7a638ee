"""The window: Qt's side of the program. May import core and engine, never torch.

PySide6 6.12 drops a reference to None in every call of a method that returns nothing. From
Python 3.12 on that is harmless, because None cannot die; on 3.11 the interpreter aborts
after some five thousand calls. So there None gets references that nobody can use up.
"""

import ctypes
import sys

if sys.version_info < (3, 12) and sys.implementation.name == "cpython":
    ctypes.c_ssize_t.from_address(id(None)).value += 1 << 60
