"""Loads the largest library of torch beforehand, without keeping other threads waiting.

For: this package, before anything in it imports torch. Knows where torch lies; imports nothing.

While Python imports an extension module, and even while `ctypes` opens a library, no other thread
runs: the window would stand still for as long as 400 MB take to be linked. A foreign function is
called without the interpreter's lock, and the linker's own `dlopen` is one.
"""

import ctypes
import sys
from importlib.util import find_spec
from pathlib import Path

_RTLD_NOW = 2
_LIBRARY = "libtorch_cpu.so"


def preload() -> bool:
    """Open the library while other threads run; False where there is none to open this way."""
    spec = find_spec("torch") if sys.platform == "linux" else None
    if spec is None or spec.origin is None or "torch" in sys.modules:
        return False
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes, dlopen.restype = [ctypes.c_char_p, ctypes.c_int], ctypes.c_void_p
    library = Path(spec.origin).parent / "lib" / _LIBRARY
    return dlopen(str(library).encode(), _RTLD_NOW) is not None
