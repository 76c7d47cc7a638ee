"""Torch is loaded while other threads run."""

import subprocess
import sys

import pytest

LOAD = """
import sys, threading
from importlib.util import module_from_spec, spec_from_file_location

spec = spec_from_file_location("loading", sys.argv[1])
loading = module_from_spec(spec)
spec.loader.exec_module(loading)  # by its file: the package would load torch
begun, found = threading.Event(), []

def load():
    begun.set()
    found.append(loading.preload())

thread = threading.Thread(target=load)
thread.start()
begun.wait()
steps = 0
while thread.is_alive():
    steps += 1
print(found[0], steps, "torch" in sys.modules, "libtorch_cpu" in open("/proc/self/maps").read())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the linker is asked as on Linux")
def test_other_threads_run_while_the_largest_library_is_linked():
    import vos_annotator.mobilevos.loading as loading

    words = [sys.executable, "-c", LOAD, loading.__file__]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    found, steps, has_torch, has_library = done.stdout.split()
    assert (found, has_torch, has_library) == ("True", "False", "True")
    assert int(steps) > 1000
