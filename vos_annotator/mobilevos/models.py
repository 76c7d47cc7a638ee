"""The `models` command: the networks, their sizes, and the checkpoints found.

For: the command line. Knows the networks, checkpoints and the models folder.
"""

import argparse
import hashlib

from vos_annotator.mobilevos.backbones import count_parameters
from vos_annotator.mobilevos.checkpoint import SUFFIX, load_checkpoint
from vos_annotator.mobilevos.network import NETWORKS, Network
from vos_annotator.paths import models_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `models`: there are none."""


def run(arguments: argparse.Namespace) -> int:
    """Print the table; 0."""
    print(f"{'network':32}{'parameters':>12}  backbone      value encoder   ASPP")
    for name, config in NETWORKS.items():
        parameters = count_parameters(Network(config)) / 1e6
        value = "shared" if config.shared_value else "own backbone"
        aspp = "yes" if config.aspp else "no"
        print(f"{name:32}{parameters:>10.2f} M  {config.backbone:14}{value:16}{aspp}")
    folder = models_folder()
    checkpoints = sorted(folder.glob(f"*{SUFFIX}"))
    print(f"\nCheckpoints in {folder}: {'none' if not checkpoints else ''}")
    for path in checkpoints:
        _, notes = load_checkpoint(path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        print(f"\n{path.stem}  {path.stat().st_size / 1e6:.1f} MB  sha256 {digest[:16]}…  {notes}")
        card = path.with_suffix(".md")
        print(card.read_text(encoding="utf-8") if card.is_file() else "(no card)")
    return 0
