"""The `models` command: the networks, what they cost, and the checkpoints found.

For: the command line. Knows the networks, checkpoints and the models folder.
"""

import argparse
import hashlib

from vos_annotator.mobilevos.backbones import count_parameters
from vos_annotator.mobilevos.checkpoint import SUFFIX, load_checkpoint
from vos_annotator.mobilevos.cost import SHAPES, milliseconds, operations
from vos_annotator.mobilevos.network import NETWORKS, Network
from vos_annotator.paths import models_folder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `models`."""
    parser.add_argument(
        "--time", action="store_true", help="measure what each stage of a frame takes here"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the tables; 0."""
    sizes = " ".join(f"{f'at {size}p':>8}" for size in SHAPES)
    print(f"{'network':32}{'parameters':>12} {sizes}  backbone           value encoder   ASPP")
    for name, config in NETWORKS.items():
        parameters = count_parameters(Network(config)) / 1e6
        cost = " ".join(f"{sum(operations(config, s).values()):>6.1f} G" for s in SHAPES.values())
        value = "shared" if config.shared_value else "own backbone"
        aspp = "yes" if config.aspp else "no"
        print(f"{name:32}{parameters:>10.2f} M {cost}  {config.backbone:19}{value:16}{aspp}")
    print("G: 10^9 operations a frame, for one object and two frames in memory")
    if arguments.time:
        _print_times()
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


def _print_times() -> None:
    print("\nms a frame, for one object and two frames in memory")
    for name, config in NETWORKS.items():
        for size, shape in SHAPES.items():
            stages = milliseconds(config, shape)
            told = ", ".join(f"{stage} {spent:.1f}" for stage, spent in stages.items())
            print(f"{name:32}{size}p {sum(stages.values()):8.1f}: {told}", flush=True)
