"""Measuring which runtime is quickest here, in a process of its own.

For: the engine, which starts it when nobody waits for anything: tracing graphs keeps Python
busy, and a library that does not fit the processor may end the process. It yields to everything
else that runs. `python -m` with the path of a checkpoint runs it.
"""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from vos_annotator.core.errors import UserError
from vos_annotator.mobilevos.checkpoint import load_checkpoint
from vos_annotator.mobilevos.runtimes.choice import installed, load_runtime, settle
from vos_annotator.mobilevos.runtimes.runtime import Runtime, TorchRuntime

log = logging.getLogger(__name__)

SHAPE = 480, 848  # of the frame that is timed
TOLERANCE = 1e-2  # of logits, from torch; a library that is further off is broken
REFERENCE = TorchRuntime.name
_TURNS = 6
_GAIN = 0.95  # of torch's time: more is not worth leaving the reference for


def start_probe(checkpoint: Path) -> subprocess.Popen:
    """Start measuring, with as many threads as here; whoever holds the process may end it."""
    surroundings = os.environ | {"OMP_NUM_THREADS": str(torch.get_num_threads())}
    return subprocess.Popen(
        [sys.executable, "-m", __name__, str(checkpoint)],
        env=surroundings,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def probe(checkpoint: Path, shape: tuple[int, int] = SHAPE) -> str:
    """Return the runtime that runs frames of one object quickest; it is noted too.

    They take turns, so that whatever else runs slows all of them, and the best turn counts.

    Raises:
        UserError: There is no such checkpoint.
    """
    network, _ = load_checkpoint(checkpoint)
    network = network.to(memory_format=torch.channels_last)
    runtimes = []
    for name in installed():
        try:
            runtimes.append(load_runtime(name, network, checkpoint))
        except UserError as error:
            log.warning("%s", error)
    picture = torch.rand(1, 3, *shape, generator=torch.Generator().manual_seed(0))
    spent: dict[str, float] = {}
    with torch.inference_mode():
        expected = _frame(runtimes[0], picture)()
        for runtime in runtimes[1:]:
            difference = (_frame(runtime, picture)() - expected).abs().max().item()
            if not difference < TOLERANCE:  # also where it is no number
                log.warning("%s is off by %s: it is not used.", runtime.name, difference)
                runtimes = [each for each in runtimes if each is not runtime]
        for _ in range(_TURNS):
            for runtime in runtimes:
                frame = _frame(runtime, picture)
                started = time.perf_counter()
                frame()
                took = 1000 * (time.perf_counter() - started)
                spent[runtime.name] = min(took, spent.get(runtime.name, took))
    quickest = min(spent, key=spent.__getitem__)
    chosen = quickest if spent[quickest] < _GAIN * spent[REFERENCE] else REFERENCE
    settle(checkpoint, chosen, spent)
    return chosen


def _frame(runtime: Runtime, picture: torch.Tensor) -> Callable[[], torch.Tensor]:
    """Return what computes the parts of a frame and gives its logits."""
    masks = torch.zeros(1, 2, *picture.shape[2:])
    masks[:, :, : picture.shape[2] // 2, : picture.shape[3] // 2] = 1

    def run() -> torch.Tensor:
        look = runtime.look(picture)
        return runtime.decode(runtime.memorize(masks, look.for_values), look.for_masks)

    return run


if __name__ == "__main__":
    if hasattr(os, "nice"):
        os.nice(19)
    probe(Path(sys.argv[1]))
