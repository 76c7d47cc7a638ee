"""`python -m vos_annotator`: the command line."""

import sys

from vos_annotator.cli import main

if __name__ == "__main__":
    sys.exit(main())
