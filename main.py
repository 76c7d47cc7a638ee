"""Open the window: python main.py [video, folder of frames or .vos project]."""

import sys

from vos_annotator.cli import main

if __name__ == "__main__":
    sys.exit(main(["gui", *sys.argv[1:]]))
