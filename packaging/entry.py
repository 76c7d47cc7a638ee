"""What the bundle starts: the window, a command, or a module of the program as Python would.

The program starts processes of its own as `sys.executable -m MODULE`; in a bundle that is this.
"""

import multiprocessing
import runpy
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()
    if sys.argv[1:2] == ["-m"]:
        sys.argv = sys.argv[2:]
        runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    else:
        from vos_annotator.cli import main

        sys.exit(main(sys.argv[1:] or ["gui"]))
