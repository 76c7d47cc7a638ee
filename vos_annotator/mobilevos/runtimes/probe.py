"""Measuring which runtime is quickest here, in a process of its own.

For: the engine: tracing graphs keeps Python busy, and a library that does not fit the processor
may end the process. Beside a window it is started when nobody waits for anything, and yields to
everything else that runs; a command waits for it, once. `python -m` with the path of a checkpoint
runs it.
"""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from vos_annotator.core.errors import UserError
from vos_annotator.engine.processes import die_with_parent
from vos_annotator.mobilevos.boxes import Box, scaled, whole
from vos_annotator.mobilevos.checkpoint import load_checkpoint
from vos_annotator.mobilevos.crops import cut
from vos_annotator.mobilevos.heads import STRIDE, Look
from vos_annotator.mobilevos.network import Network
from vos_annotator.mobilevos.runtimes.choice import IN_TORCH, installed, load_runtime, noted, settle
from vos_annotator.mobilevos.runtimes.graphs import cache_folder, make_graphs
from vos_annotator.mobilevos.runtimes.on_graphs import INT8
from vos_annotator.mobilevos.runtimes.runtime import Runtime, TorchRuntime
from vos_annotator.mobilevos.vision import grid_of

log = logging.getLogger(__name__)

SHAPE = 288, 448  # of what is looked at around the objects of a frame at 480p
TOLERANCE = 1e-2  # of logits, from torch; a library that is further off is broken
ROUGH_TOLERANCE = 0.25  # of logits made in 8-bit integers, as a share of their size
REFERENCE = TorchRuntime.name
_TURNS = 4
_GAIN = 0.95  # of torch's time: more is not worth leaving the reference for
_PATIENCE = 180.0  # s that a command waits for it
_UNKEPT = 75  # how it ends where nothing can be written, as sysexits.h has it: not now
_ENDED = (signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGKILL", signal.SIGTERM))


def start_probe(checkpoint: Path, yields: bool = True) -> subprocess.Popen:
    """Start measuring, with as many threads as here; whoever holds the process may end it.

    Args:
        checkpoint: Whose graphs are made, too.
        yields: Whether it lets everything else that runs go first.
    """
    surroundings = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    return subprocess.Popen(
        [sys.executable, "-m", __name__, str(checkpoint), *(["--yield"] if yields else [])],
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL if yields else subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def wait_for_probe(network: Network, checkpoint: Path) -> None:
    """Have it measured; what was chosen is said in a line, by the one process that chose it.

    A library that ends the process is not tried again: torch is chosen then.
    """
    try:
        cache_folder().mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # it would be measured in vain each time
    process = start_probe(checkpoint, yields=False)
    try:
        told, _ = process.communicate(timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        log.warning("What runs the network quickest took too long to find out: torch runs it.")
        return
    if told:
        log.warning("%s", told.strip())
    if process.returncode == _UNKEPT:  # which passes: it is no reason to choose torch for good
        log.warning(
            "What runs the network quickest cannot be kept in %s: torch runs it until there is "
            "room and leave to write there.",
            cache_folder(),
        )
        return
    if process.returncode and -process.returncode not in _ENDED and noted(network) is None:
        log.warning("What runs the network quickest could not be found out: torch runs it.")
        with suppress(OSError):
            settle(network, REFERENCE, {})


def prepare(checkpoint: Path, shape: tuple[int, int] = SHAPE) -> str:
    """Make a checkpoint ready for what runs it quickest here; return a line if that is new.

    Raises:
        UserError: There is no such checkpoint.
        OSError: Nothing can be kept.
    """
    network, _ = load_checkpoint(checkpoint)
    if noted(network) is not None:
        make_graphs(network, checkpoint)
        return ""
    chosen, spent = probe(network, checkpoint, shape)
    if not settle(network, chosen, spent):
        return ""
    times = ", ".join(f"{name} {took:.0f}" for name, took in spent.items())
    return (
        f"From now on {chosen} runs the network on this machine (ms a frame of three objects: "
        f"{times}); VOS_ANNOTATOR_RUNTIME=torch keeps torch."
    )


def probe(
    network: Network, checkpoint: Path, shape: tuple[int, int] = SHAPE
) -> tuple[str, dict[str, float]]:
    """Return the runtime that runs frames of three objects quickest, and the ms of all of them.

    They take turns, so that whatever else runs slows all of them, and the best turn counts.

    Raises:
        OSError: Graphs cannot be kept.
    """
    network = network.to(memory_format=torch.channels_last)
    runtimes = []
    for name in installed():
        try:
            runtimes.append(load_runtime(name, network, checkpoint))
        except UserError as error:
            if isinstance(error.__cause__, OSError):
                raise error.__cause__ from None
            log.warning("%s", error)
    picture = torch.rand(1, 3, *shape, generator=torch.Generator().manual_seed(0))
    boxes = _boxes(grid_of(shape)) if network.is_local else [whole(grid_of(shape))] * 3
    spent: dict[str, float] = {}
    with torch.inference_mode():
        expected = _frame(runtimes[0], picture, boxes)()
        for runtime in [each for each in runtimes if each.name not in IN_TORCH]:
            difference = _frame(runtime, picture, boxes)() - expected
            if not _is_small(difference, expected, runtime.name):
                furthest = difference.abs().max().item()
                log.warning("%s is off by %s: it is not used.", runtime.name, furthest)
                runtimes = [each for each in runtimes if each is not runtime]
        for _ in range(_TURNS):
            for runtime in runtimes:
                frame = _frame(runtime, picture, boxes)
                started = time.perf_counter()
                frame()
                took = 1000 * (time.perf_counter() - started)
                spent[runtime.name] = min(took, spent.get(runtime.name, took))
    quickest = min(spent, key=spent.__getitem__)
    return quickest if spent[quickest] < _GAIN * spent[REFERENCE] else REFERENCE, spent


def _is_small(difference: Tensor, expected: Tensor, name: str) -> bool:
    """Return whether a runtime's logits differ from torch's as little as they may."""
    if name == INT8:  # all are off a little
        return bool(difference.norm() < ROUGH_TOLERANCE * expected.norm())
    return bool(difference.abs().max() < TOLERANCE)  # False also where it is no number


def _boxes(size: tuple[int, int]) -> list[Box]:
    """Return where three objects of different sizes are computed in a grid of that `size`."""
    height, width = size
    return [
        (slice(0, height // 2), slice(0, width // 3)),
        (slice(height // 4, height), slice(width // 3, 2 * width // 3)),
        (slice(0, 2 * height // 3), slice(width // 2, width)),
    ]


def _frame(runtime: Runtime, picture: Tensor, boxes: Sequence[Box]) -> Callable[[], Tensor]:
    """Return what computes the parts of a frame, of an object in each box, and gives logits."""
    parts = [picture[:, :, *scaled(box, STRIDE)] for box in boxes]
    masks = [torch.zeros(1, 2, *part.shape[2:]) for part in parts]
    for mask in masks:
        mask[:, :, : mask.shape[2] // 2, : mask.shape[3] // 2] = 1

    def logits(look: Look, part: Tensor, mask: Tensor) -> Tensor:
        value = runtime.memorize(mask, runtime.for_values(look, part))
        return runtime.decode(value, runtime.for_masks(look)).flatten()

    def run() -> Tensor:
        look = runtime.look(picture)
        looks = [Look(*cut(look, picture.shape[3], [box])) for box in boxes]
        return torch.cat(runtime.each(logits, looks, parts, masks))

    return run


if __name__ == "__main__":
    die_with_parent()
    if "--yield" in sys.argv and hasattr(os, "nice"):
        os.nice(19)
    try:
        print(prepare(Path(sys.argv[1])), end="")
    except OSError:
        sys.exit(_UNKEPT)
